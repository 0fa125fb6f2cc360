/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.c - fuzzes the texts of single options (src/parse.c, src/name.c). The first byte of the
 * input chooses the option, the rest is its text. What is taken is silent, within its bounds, and
 * is the same when it is written in the plainest way and parsed again; what is not is refused in
 * one sentence that isn't long.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <errno.h>

#include "../../src/parse.h"

static struct buf again;
static const char digits[] = "0123456789";

static const char *plain(void)
{
	buf_char(&again, 0);
	return again.p;
}

static void comma(void)
{
	if (again.len)
		buf_char(&again, ',');
}

static void only(const char *s, const char *letters)
{
	must(strspn(s, letters) == strlen(s));
}

static int u64(const char *s)
{
	__u64 v, w;

	if (parse_u64(s, 1, 1000000, &v))
		return -EINVAL;
	only(s, digits);
	must(v >= 1 && v <= 1000000 && v == strtoull(s, NULL, 10));
	must(!parse_u64(s, 0, UINT64_MAX, &w) && v == w);
	return 0;
}

static int seconds(const char *s)
{
	__u64 v, w;

	if (parse_seconds(s, &v))
		return -EINVAL;
	only(s, "0123456789.");
	must(v && v <= 315576000000000000ULL);
	buf_u64(&again, v / 1000000000);
	buf_char(&again, '.');
	for (__u64 unit = 100000000; unit; unit /= 10)
		buf_char(&again, '0' + v / unit % 10);
	must(!parse_seconds(plain(), &w) && v == w);
	return 0;
}

static int pids(const char *s)
{
	__u32 list[CONF_PIDS], more[CONF_PIDS], n, m;

	if (parse_pids(s, list, &n, CONF_PIDS))
		return -EINVAL;
	only(s, "0123456789,");
	must(n && n <= CONF_PIDS);
	for (__u32 i = 0; i < n; i++) {
		must(list[i] && list[i] <= 0x7fffffff);
		comma();
		buf_u64(&again, list[i]);
	}
	must(!parse_pids(plain(), more, &m, CONF_PIDS));
	must(n == m && !memcmp(list, more, n * sizeof(*list)));
	return 0;
}

static int families(const char *s)
{
	__u64 bits, same;

	if (parse_families(s, &bits))
		return -EINVAL;
	must(bits);
	if (bits == UINT64_MAX)
		buf_str(&again, "all");
	for (int i = 0; bits != UINT64_MAX && i < 64; i++) {
		if (!(bits >> i & 1))
			continue;
		comma();
		buf_u64(&again, i);
	}
	must(!parse_families(plain(), &same) && bits == same);
	return 0;
}

static int protocols(const char *s)
{
	__u16 list[CONF_PROTOCOLS], more[CONF_PROTOCOLS];
	__u32 n, m;

	if (parse_protocols(s, list, &n))
		return -EINVAL;
	must(n && n <= CONF_PROTOCOLS);
	for (__u32 i = 0; i < n; i++) {
		comma();
		buf_u64(&again, list[i]);
	}
	must(!parse_protocols(plain(), more, &m));
	must(n == m && !memcmp(list, more, n * sizeof(*list)));
	return 0;
}

static int ports(const char *s)
{
	struct port_range list[CONF_PORTS], more[CONF_PORTS];
	__u32 n, m;

	if (parse_ports(s, list, &n))
		return -EINVAL;
	only(s, "0123456789-,");
	must(n && n <= CONF_PORTS);
	for (__u32 i = 0; i < n; i++) {
		must(list[i].lo <= list[i].hi);
		comma();
		buf_u64(&again, list[i].lo);
		buf_char(&again, '-');
		buf_u64(&again, list[i].hi);
	}
	must(!parse_ports(plain(), more, &m));
	must(n == m && !memcmp(list, more, n * sizeof(*list)));
	return 0;
}

static int addrs(const char *s)
{
	struct cidr list[CONF_ADDRS], more[CONF_ADDRS];
	__u32 n, m;

	if (parse_addrs(s, list, &n))
		return -EINVAL;
	must(n && n <= CONF_ADDRS);
	for (__u32 i = 0; i < n; i++) {
		char text[INET6_ADDRSTRLEN];
		unsigned prefix = 0;

		while (prefix < 128 && list[i].mask.b[prefix / 8] >> (7 - prefix % 8) & 1)
			prefix++;
		/* ones, then zeros; and the address has nothing outside */
		for (unsigned k = prefix; k < 128; k++)
			must(!((list[i].mask.b[k / 8] | list[i].addr.b[k / 8]) >> (7 - k % 8) & 1));
		comma();
		inet_ntop(AF_INET6, list[i].addr.b, text, sizeof(text));
		buf_str(&again, text);
		buf_char(&again, '/');
		buf_u64(&again, prefix);
	}
	must(!parse_addrs(plain(), more, &m));
	must(n == m && !memcmp(list, more, n * sizeof(*list)));
	return 0;
}

static int errnos(const char *s)
{
	__u64 bits[CONF_ERRNOS], same[CONF_ERRNOS];

	if (parse_errnos(s, bits))
		return -EINVAL;
	must(!(bits[0] & 1));
	for (int i = 0; i < CONF_ERRNOS * 64; i++) {
		if (!(bits[i / 64] >> i % 64 & 1))
			continue;
		comma();
		buf_u64(&again, i);
	}
	must(again.len);
	must(!parse_errnos(plain(), same) && !memcmp(bits, same, sizeof(bits)));
	return 0;
}

/* These look into this host's files. */
static int user(const char *s)
{
	__u32 uid;
	int err = parse_user(s, &uid);

	must(err || uid != UINT32_MAX);
	return err;
}

static int cgroup(const char *s)
{
	__u64 id;
	int err = parse_cgroup(s, &id);

	must(err || id);
	return err;
}

static int netns(const char *s)
{
	__u32 inum;
	int err = parse_netns(s, &inum);

	must(err || inum);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const parsers[])(const char *) = { u64,	   seconds, pids,  families,
							protocols, ports,   addrs, errnos,
							user,	   cgroup,  netns };
	unsigned which = take(&data, &size);
	/* seeds are for people too: a letter */
	int (*parser)(const char *) =
		parsers[(which - 'a') % (sizeof(parsers) / sizeof(*parsers))];
	char *s = exact(data, size);
	const char *said;
	int err;

	again.len = 0;
	err = parser(s);
	said = heard();
	if (err) {
		must(err == -EINVAL && lines_in(said) == 1 && strlen(said) < 1024);
		must(!strncmp(said, "sockray: '", 10));
	} else {
		must(!*said);
	}
	free(s);
	return 0;
}
