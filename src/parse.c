/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.c - the texts of options into values. Whoever mistypes a filter must not be shown rows
 * of something else: so every text is taken literally and wholly, or refused in one sentence
 * that names it and says what would do.
 */
#include "parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <mntent.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "name.h"
#include "suggest.h"
#include "util.h"

static const __u64 second = 1000000000;
static const __u64 ten_years = 315576000; /* in seconds */
static const __u64 last_pid = 0x7fffffff;
static const __u64 last_uid = 0xfffffffe; /* the next is "no user" */

/* Longest item of a list: an IPv6 address with its prefix is 49. */
enum { ITEM_LEN = 64 };

/* One sentence about TEXT, of which a slip of the mouse may have pasted a whole file. */
static int bad(const char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(const char *text, const char *fmt, ...)
{
	size_t len = strlen(text), most = 64;
	char why[320]; /* longer than any below */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	fail(0, "'%.*s%s' %s", (int)(len > most ? most : len), text, len > most ? "..." : "",
	     why);
	return -EINVAL;
}

/* Decimal digits and nothing else: strtoull() takes blanks, signs and the locale's ideas. */
static int number(const char *s, __u64 *v)
{
	__u64 n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(n, (__u64)10, &n) ||
		    __builtin_add_overflow(n, (__u64)(*s - '0'), &n))
			return -ERANGE;
	}
	*v = n;
	return 0;
}

static int number_between(const char *s, __u64 min, __u64 max, __u64 *v)
{
	__u64 n;
	int err = number(s, &n);

	if (err)
		return err;
	if (n < min || n > max)
		return -ERANGE;
	*v = n;
	return 0;
}

int parse_u64(const char *s, __u64 min, __u64 max, __u64 *v)
{
	if (number_between(s, min, max, v))
		return bad(s, "is not a whole number from %llu to %llu",
			   (unsigned long long)min, (unsigned long long)max);
	return 0;
}

int parse_seconds(const char *s, __u64 *ns)
{
	static const char *const what =
		"is not a number of seconds, such as 2 or 0.5, more than 0 "
		"and at most ten years";
	__u64 whole = 0, part = 0, unit = second;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++) {
		whole = whole * 10 + (*p - '0');
		if (whole > ten_years)
			return bad(s, "%s", what);
	}
	if (*p == '.') {
		if (p[1] < '0' || p[1] > '9')
			return bad(s, "%s", what);
		for (p++; *p >= '0' && *p <= '9'; p++) {
			unit /= 10;
			if (!unit)
				return bad(
					s,
					"is finer than a nanosecond: at most nine digits may "
					"follow the point");
			part += (*p - '0') * unit;
		}
	}
	if (*p || p == s)
		return bad(s, "%s", what);
	*ns = whole * second + part;
	if (!*ns || *ns > ten_years * second)
		return bad(s, "%s", what);
	return 0;
}

/*
 * Copies the item that *S points at and moves *S past it, to NULL after the last. WHAT says
 * what the list is made of, should the item be empty or absurdly long.
 */
static int next_item(const char *text, const char **s, char item[ITEM_LEN], const char *what)
{
	size_t len = strcspn(*s, ",");

	if (!*text)
		return bad(text, "is empty, but should be %s, separated by commas", what);
	if (!len)
		return bad(text, "has an empty item, but should be %s, separated by commas",
			   what);
	if (len >= ITEM_LEN)
		return bad(text, "has an item of %zu characters, but should be %s", len, what);
	memcpy(item, *s, len);
	item[len] = '\0';
	*s = (*s)[len] ? *s + len + 1 : NULL;
	return 0;
}

static int too_many(const char *text, unsigned max)
{
	return bad(text, "has more than %u items, which is the most this option takes", max);
}

int parse_pids(const char *s, __u32 *list, __u32 *n, __u32 max)
{
	const char *rest = s;
	char item[ITEM_LEN];
	__u32 got = 0, i;
	__u64 pid;

	while (rest) {
		if (next_item(s, &rest, item, "process or thread ids"))
			return -EINVAL;
		if (number_between(item, 1, last_pid, &pid))
			return bad(item,
				   "is not a process or thread id, a number from 1 to %llu",
				   (unsigned long long)last_pid);
		for (i = 0; i < got && list[i] != pid; i++)
			;
		if (i < got)
			continue;
		if (got == max)
			return too_many(s, max);
		list[got++] = pid;
	}
	*n = got;
	return 0;
}

int parse_comm(const char *s, char comm[COMM_LEN], bool *is_glob)
{
	size_t len = strlen(s);

	if (!len)
		return bad(s, "is empty, but a process name has 1 to %d bytes", COMM_LEN - 1);
	if (len >= COMM_LEN)
		return bad(s,
			   "is %zu bytes long, but the kernel keeps only the first %d of a "
			   "process "
			   "name: give those",
			   len, COMM_LEN - 1);
	memset(comm, 0, COMM_LEN);
	memcpy(comm, s, len);
	*is_glob = strpbrk(s, "*?") != NULL;
	return 0;
}

void parse_glob(const char comm[COMM_LEN], struct glob *glob)
{
	int place = 0;

	memset(glob, 0, sizeof(*glob));
	for (int i = 0; i < COMM_LEN && comm[i]; i++) {
		if (comm[i] == '*') {
			/* several are as good as one */
			if (i && comm[i - 1] == '*')
				continue;
			glob->star |= 1 << place;
		} else if (comm[i] == '?') {
			for (int c = 1; c < 256; c++)
				glob->at[c] |= 1 << place;
		} else {
			glob->at[(unsigned char)comm[i]] |= 1 << place;
		}
		place++;
	}
	glob->end = 1 << place;
}

/* The line of /etc/passwd with this name, or if that is NULL, with this number. */
static int find_user(const char *name, uid_t uid, struct user *user)
{
	struct passwd *entry;
	FILE *f;

	/* Lines that begin with + or - are NIS's, and of no user: fgetpwent() makes them uid 0. */
	if (name && (!*name || *name == '+' || *name == '-'))
		return -ENOENT;
	f = open_text("/etc/passwd");
	if (!f)
		return -errno;
	do
		entry = fgetpwent(f);
	while (entry && (name ? strcmp(entry->pw_name, name) :
				entry->pw_uid != uid || *entry->pw_name == '+' ||
					*entry->pw_name == '-'));
	if (entry)
		*user = (struct user){ entry->pw_uid, entry->pw_gid };
	fclose(f);
	return entry ? 0 : -ENOENT;
}

int user_named(const char *name, struct user *user)
{
	return find_user(name, 0, user);
}

/* For a NAME that no user has: the end of a sentence. */
static const char *user_meant(struct suggestion *s, const char *name)
{
	FILE *f = open_text("/etc/passwd");
	struct passwd *entry;

	suggest_for(s, name, strlen(name));
	while (f && (entry = fgetpwent(f)))
		suggest_word(s, entry->pw_name);
	if (f)
		fclose(f);
	return suggest_end(s, "");
}

int parse_account(const char *s, struct user *user)
{
	struct suggestion near;
	__u64 n;
	int err = number_between(s, 0, last_uid, &n);

	if (!err) {
		*user = (struct user){ n, NOBODY };
		find_user(NULL, n, user);
		return 0;
	}
	if (err == -ERANGE)
		return bad(s, "is not a user id, a number from 0 to %llu",
			   (unsigned long long)last_uid);
	err = user_named(s, user);
	if (err == -ENOENT)
		return bad(s, "is neither a user's number nor a name in /etc/passwd%s",
			   user_meant(&near, s));
	if (err)
		return bad(s,
			   "cannot be looked up, since /etc/passwd cannot be read (%s): "
			   "give the user's number",
			   strerror(-err));
	return 0;
}

int parse_user(const char *s, __u32 *uid)
{
	struct user user = {};
	int err = parse_account(s, &user);

	if (!err)
		*uid = user.uid;
	return err;
}

/* For an ITEM that isn't among the names that WORD lists: the end of a sentence. */
static const char *meant(struct suggestion *s, const char *item,
			 bool (*word)(size_t n, char word[NAME_WORD]))
{
	char known[NAME_WORD];

	suggest_for(s, item, strlen(item));
	for (size_t n = 0; word(n, known); n++)
		suggest_word(s, known);
	return suggest_end(s, "");
}

int parse_families(const char *s, __u64 *bits)
{
	const char *rest = s;
	char item[ITEM_LEN];
	struct suggestion near;
	__u64 got = 0;
	int family;

	while (rest) {
		if (next_item(s, &rest, item, "address families"))
			return -EINVAL;
		if (!strcasecmp(item, "all")) {
			got = ~(__u64)0;
			continue;
		}
		family = family_number(item);
		if (family < 0 || family >= 64)
			return bad(item, "is not an address family: inet, inet6, unix, vsock, "
					 "netlink, packet, ..., all, or a number from 0 to 63%s",
				   meant(&near, item, family_word));
		got |= (__u64)1 << family;
	}
	*bits = got;
	return 0;
}

int parse_protocols(const char *s, __u16 list[CONF_PROTOCOLS], __u32 *n)
{
	const char *rest = s;
	char item[ITEM_LEN];
	struct suggestion near;
	__u32 got = 0, i;
	int protocol;

	while (rest) {
		if (next_item(s, &rest, item, "protocols"))
			return -EINVAL;
		protocol = protocol_number(item);
		if (protocol < 0)
			return bad(item, "is not a protocol: tcp, udp, mptcp, sctp, icmp, ..., "
					 "or a number from 0 to 65535%s",
				   meant(&near, item, protocol_word));
		for (i = 0; i < got && list[i] != protocol; i++)
			;
		if (i < got)
			continue;
		if (got == CONF_PROTOCOLS)
			return too_many(s, CONF_PROTOCOLS);
		list[got++] = protocol;
	}
	*n = got;
	return 0;
}

int parse_ports(const char *s, struct port_range list[CONF_PORTS], __u32 *n)
{
	const char *rest = s;
	char item[ITEM_LEN];
	__u32 got = 0, i;
	__u64 lo = 0, hi;

	while (rest) {
		char *dash;
		int wrong;

		if (next_item(s, &rest, item, "ports and ranges of ports"))
			return -EINVAL;
		dash = strchr(item, '-');
		if (dash)
			*dash = '\0';
		wrong = number_between(item, 0, 65535, &lo);
		hi = lo;
		if (!wrong && dash)
			wrong = number_between(dash + 1, 0, 65535, &hi);
		if (dash)
			*dash = '-';
		if (wrong)
			return bad(
				item,
				"is neither a port, a number from 0 to 65535, nor a range of "
				"them, such as 8000-8999");
		if (lo > hi)
			return bad(item, "is a range that ends before it begins");
		for (i = 0; i < got && (list[i].lo != lo || list[i].hi != hi); i++)
			;
		if (i < got)
			continue;
		if (got == CONF_PORTS)
			return too_many(s, CONF_PORTS);
		list[got++] = (struct port_range){ .lo = lo, .hi = hi };
	}
	*n = got;
	return 0;
}

/* ITEM is the address of ADDR in text, with its /PREFIX if it has one. */
static int parse_cidr(char *item, struct cidr *cidr)
{
	char *slash = strchr(item, '/');
	__u64 most = 128, prefix;
	int wrong, known;

	memset(cidr, 0, sizeof(*cidr));
	if (slash)
		*slash = '\0';
	known = inet_pton(AF_INET6, item, cidr->addr.b);
	if (known != 1) {
		cidr->addr = (struct ip){ .b = { [10] = 0xff, 0xff } };
		known = inet_pton(AF_INET, item, cidr->addr.b + 12);
		most = 32;
	}
	if (slash)
		*slash = '/';
	if (known != 1)
		return bad(item, "is not an address or network: 10.1.2.3, 10.0.0.0/8, ::1 or "
				 "2001:db8::/32 would be");

	prefix = most;
	wrong = slash ? number_between(slash + 1, 0, most, &prefix) : 0;
	if (wrong)
		return bad(item,
			   "does not end in the length of a prefix, a number from 0 to %llu",
			   (unsigned long long)most);
	prefix += 128 - most;
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = prefix > i * 8 ? prefix - i * 8 : 0;

		cidr->mask.b[i] = bits >= 8 ? 0xff : 0xff00 >> bits;
		cidr->addr.b[i] &= cidr->mask.b[i];
	}
	return 0;
}

int parse_addrs(const char *s, struct cidr list[CONF_ADDRS], __u32 *n)
{
	const char *rest = s;
	char item[ITEM_LEN];
	__u32 got = 0, i;
	struct cidr cidr;

	while (rest) {
		if (next_item(s, &rest, item, "addresses and networks") ||
		    parse_cidr(item, &cidr))
			return -EINVAL;
		for (i = 0; i < got && memcmp(&list[i], &cidr, sizeof(cidr)); i++)
			;
		if (i < got)
			continue;
		if (got == CONF_ADDRS)
			return too_many(s, CONF_ADDRS);
		list[got++] = cidr;
	}
	*n = got;
	return 0;
}

int parse_errnos(const char *s, __u64 bits[CONF_ERRNOS])
{
	const int last = CONF_ERRNOS * 64 - 1;
	__u64 got[CONF_ERRNOS] = { 0 };
	const char *rest = s;
	struct suggestion near;
	char item[ITEM_LEN];

	while (rest) {
		int e;

		if (next_item(s, &rest, item, "names of errors"))
			return -EINVAL;
		e = errno_number(item);
		if (e < 1 || e > last)
			return bad(item,
				   "is not an error: ECONNREFUSED, ETIMEDOUT, ..., or a number "
				   "from 1 to %d%s",
				   last, meant(&near, item, errno_word));
		got[e / 64] |= (__u64)1 << e % 64;
	}
	memcpy(bits, got, sizeof(got));
	return 0;
}

/* 0 if PATH is a cgroup; -ENOTDIR if it is something else. */
static int cgroup_id(const char *path, __u64 *id)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) || statfs(path, &fs))
		return -errno;
	if (!S_ISDIR(st.st_mode) || (__u32)fs.f_type != CGROUP2_SUPER_MAGIC)
		return -ENOTDIR;
	*id = st.st_ino;
	return 0;
}

/*
 * PATH below a mount of cgroup2: below any, as there may be several, of which one shows only a
 * part or is hidden by another. -ENOENT: not there; -ENODEV: no mount at all.
 */
static int cgroup_below(const char *path, __u64 *id)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	int err = -ENODEV;
	struct mntent *m;

	if (!f)
		return -errno;
	while (err && (m = getmntent(f))) {
		struct buf full = { 0 };

		if (strcmp(m->mnt_type, "cgroup2"))
			continue;
		buf_str(&full, m->mnt_dir);
		buf_char(&full, '/');
		buf_str(&full, path);
		buf_char(&full, '\0');
		err = cgroup_id(full.p, id);
		buf_free(&full);
	}
	endmntent(f);
	return err;
}

int parse_cgroup(const char *s, __u64 *id)
{
	int err = number(s, id);

	if (err == -ERANGE || (!err && !*id))
		return bad(s, "is not the id of a cgroup, a number from 1 to %llu",
			   (unsigned long long)~(__u64)0);
	if (!err)
		return 0;
	if (!*s)
		return bad(s, "is empty, but should be the id or the path of a cgroup");

	/* /proc/PID/cgroup and ps(1) write a slash in front of what is below the mount, too. */
	err = *s == '/' ? cgroup_id(s, id) : -ENOENT;
	if (err == -ENOENT)
		err = cgroup_below(s, id);
	switch (err) {
	case 0:
		return 0;
	case -ENOTDIR:
		return bad(s, "is not a cgroup: give its id, or a directory on a cgroup2 file "
			      "system");
	case -ENODEV:
		return bad(s, "cannot be looked up, since no cgroup2 file system is mounted: "
			      "give the "
			      "id of the cgroup");
	case -ENOENT:
		return bad(
			s,
			"is not the path of a cgroup that exists, neither as such nor below a "
			"mount of cgroup2");
	default:
		return bad(s, "cannot be looked up as a cgroup (%s): give its id",
			   strerror(-err));
	}
}

/* -ENOTTY if PATH is something else than a network namespace. */
static int netns_inum(const char *path, __u32 *inum)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		err = -ENOTTY;
	else if (fstat(fd, &st))
		err = -errno;
	else
		*inum = st.st_ino;
	close(fd);
	return err;
}

static int netns_of_pid(const char *s, const char *pid, __u32 *inum)
{
	char path[64];
	__u64 n;
	int err;

	if (number_between(pid, 1, last_pid, &n))
		return bad(s, "does not end in a process id, a number from 1 to %llu",
			   (unsigned long long)last_pid);
	snprintf(path, sizeof(path), "/proc/%llu/ns/net", (unsigned long long)n);
	err = netns_inum(path, inum);
	if (err == -ENOENT)
		return bad(s, "is the network namespace of a process that does not exist");
	if (err)
		return bad(s,
			   "cannot be looked up (%s): give the inode number of the namespace",
			   strerror(-err));
	return 0;
}

int parse_netns(const char *s, __u32 *inum)
{
	static const char *const dirs[] = { "/run/netns", "/var/run/netns" };
	int err = -ENOENT;
	__u64 n;

	switch (number_between(s, 1, 0xffffffff, &n)) {
	case 0:
		*inum = n;
		return 0;
	case -ERANGE:
		return bad(
			s,
			"is not the inode number of a network namespace, from 1 to 4294967295");
	}
	if (!strncmp(s, "pid:", 4))
		return netns_of_pid(s, s + 4, inum);
	if (!*s || strchr(s, '/') || !strcmp(s, ".") || !strcmp(s, "..") || strlen(s) > 255)
		return bad(s, "is not a network namespace: give its inode number, its name in "
			      "/run/netns, or pid:PID");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && err == -ENOENT; i++) {
		struct buf path = { 0 };

		buf_str(&path, dirs[i]);
		buf_char(&path, '/');
		buf_str(&path, s);
		buf_char(&path, '\0');
		err = netns_inum(path.p, inum);
		buf_free(&path);
	}
	if (err == -ENOENT)
		return bad(
			s,
			"is not the name of a network namespace in /run/netns; an inode number "
			"or pid:PID would do as well");
	if (err == -ENOTTY)
		return bad(s,
			   "is a file in /run/netns, but not a network namespace (any more)");
	if (err)
		return bad(
			s,
			"cannot be looked up in /run/netns (%s): give the inode number of the "
			"namespace",
			strerror(-err));
	return 0;
}
