/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_parse.c - what options take, and that they refuse everything else, with one sentence.
 * What depends on the host's files (users, network namespaces) is tried in a mount namespace
 * of our own, where we write those files; without the privilege for it, it is skipped.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare() */
#endif
#include "../../src/parse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static FILE *ear;
static int real_stderr;
static char said[8192];

static void hear(void)
{
	fflush(stderr);
	ear = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	dup2(fileno(ear), STDERR_FILENO);
}

static void heard(void)
{
	size_t n;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(ear);
	n = fread(said, 1, sizeof(said) - 1, ear);
	said[n] = '\0';
	fclose(ear);
}

/* NULL if it was refused as it should be, with one line that quotes something and isn't long.
 */
static const char *not_refused(int result)
{
	size_t len = strlen(said);

	if (result != -EINVAL)
		return "was not refused";
	if (strncmp(said, "sockray: '", 10) || !strstr(said + 10, "' ") || len < 30)
		return "was refused without a sentence";
	if (strchr(said, '\n') != said + len - 1 || len > 600)
		return "was refused with more than one sentence";
	for (size_t i = 0; i < len - 1; i++)
		if ((unsigned char)said[i] < ' ' || said[i] == 0x7f)
			return "got a control byte through to the terminal";
	return NULL;
}

/* The call must succeed in silence. */
#define TAKEN(call)                                                                            \
	do {                                                                                   \
		int result_;                                                                   \
		hear();                                                                        \
		result_ = (call);                                                              \
		heard();                                                                       \
		if (result_ || said[0])                                                        \
			fail_msg("%s: %d, %s", #call, result_, said);                          \
	} while (0)

/* The call, which must name TEXT, must be refused with a sentence in which WORD stands. */
#define REFUSED(call, text, word)                                                              \
	do {                                                                                   \
		const char *why_;                                                              \
		int result_;                                                                   \
		hear();                                                                        \
		result_ = (call);                                                              \
		heard();                                                                       \
		why_ = not_refused(result_);                                                   \
		if (!why_ && !strstr(said, word))                                              \
			why_ = "was refused in other words than '" word "'";                   \
		if (why_)                                                                      \
			fail_msg("%s with '%.80s' %s: %s", #call, text, why_, said);           \
	} while (0)

/* What no option with numbers takes. */
static const char *const junk[] = {
	"",
	" ",
	" 1",
	"1 ",
	"+1",
	"-1",
	"--1",
	"0x10",
	"1e3",
	"1k",
	"1.",
	"1_000",
	"1'000",
	"a",
	"1a",
	"\n",
	"1\n",
	"\t1",
	"1,",
	",1",
	",",
	"1,,2",
	",,",
	"1;2",
	"1 2",
	"1, 2",
	"%s%n%s",
	"\xff\xfe",
	"\xc2\xb2",
	"\xef\xbc\x91",
	"99999999999999999999",
	"18446744073709551616",
	"18446744073709551617",
	"184467440737095516160",
	"99999999999999999999999999999999999999999999999999999999999999999999999999999999",
	"\x1b[2J",
	"1\x7f",
	"1\\",
	"nan",
	"inf",
	"infinity",
	"null",
	"١",
};

static char *lots_of(char c, size_t n)
{
	char *s = malloc(n + 1);

	memset(s, c, n);
	s[n] = '\0';
	return s;
}

/* Every parser that knows numbers only, behind one signature. */
static int as_u64(const char *s)
{
	__u64 v;

	return parse_u64(s, 0, UINT64_MAX, &v);
}

static int as_seconds(const char *s)
{
	__u64 v;

	return parse_seconds(s, &v);
}

static int as_pids(const char *s)
{
	__u32 list[2], n;

	return parse_pids(s, list, &n, 2);
}

static int as_user(const char *s)
{
	__u32 v;

	return parse_user(s, &v);
}

static int as_families(const char *s)
{
	__u64 v;

	return parse_families(s, &v);
}

static int as_protocols(const char *s)
{
	__u16 list[CONF_PROTOCOLS];
	__u32 n;

	return parse_protocols(s, list, &n);
}

static int as_ports(const char *s)
{
	struct port_range list[CONF_PORTS];
	__u32 n;

	return parse_ports(s, list, &n);
}

static int as_addrs(const char *s)
{
	struct cidr list[CONF_ADDRS];
	__u32 n;

	return parse_addrs(s, list, &n);
}

static int as_errnos(const char *s)
{
	__u64 bits[CONF_ERRNOS];

	return parse_errnos(s, bits);
}

static int as_cgroup(const char *s)
{
	__u64 v;

	return parse_cgroup(s, &v);
}

static int as_netns(const char *s)
{
	__u32 v;

	return parse_netns(s, &v);
}

static int (*const parsers[])(const char *) = {
	as_u64,	  as_seconds, as_pids,	 as_user,   as_families, as_protocols,
	as_ports, as_addrs,   as_errnos, as_cgroup, as_netns,
};

static void junk_is_refused(void **state)
{
	(void)state;
	for (size_t p = 0; p < sizeof(parsers) / sizeof(parsers[0]); p++) {
		char *digits = lots_of('9', 200000), *letters = lots_of('a', 200000);
		char *commas = lots_of(',', 200000), *slashes = lots_of('/', 200000);

		for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
			REFUSED(parsers[p](junk[i]), junk[i], "'");
		REFUSED(parsers[p](digits), digits, "...'");
		REFUSED(parsers[p](letters), letters, "...'");
		REFUSED(parsers[p](commas), commas, "...'");
		/* a great many slashes are the root, were they not too many */
		REFUSED(parsers[p](slashes), slashes, "...'");
		free(digits);
		free(letters);
		free(commas);
		free(slashes);
	}
}

static void u64(void **state)
{
	__u64 v = 0;

	(void)state;
	TAKEN(parse_u64("5", 5, 5, &v));
	assert_true(v == 5);
	TAKEN(parse_u64("0", 0, 9, &v));
	assert_true(v == 0);
	TAKEN(parse_u64("007", 0, 9, &v));
	assert_true(v == 7);
	TAKEN(parse_u64("18446744073709551615", 0, UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	REFUSED(parse_u64("4", 5, 9, &v), "4", "'4' is not a whole number from 5 to 9");
	REFUSED(parse_u64("10", 5, 9, &v), "10", "from 5 to 9");
	REFUSED(parse_u64("18446744073709551616", 0, UINT64_MAX, &v), "2^64", "551615");
}

static void seconds(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "1", 1000000000 },
		{ "0.5", 500000000 },
		{ ".5", 500000000 },
		{ "2.25", 2250000000 },
		{ "0.000000001", 1 },
		{ "1.000000001", 1000000001 },
		{ "00.10", 100000000 },
		{ "3600", 3600000000000 },
		{ "315576000", 315576000000000000 },
	};
	static const char *const wrong[] = {
		"0",	       "0.0",  "0.000000000", ".",    "1.",   "..5",
		"1.5.",	       "1.5s", "1,5",	      "-0.5", "1e-3", "315576001",
		"315576000.1", "1.-5", "1. 5",	      ".x",
	};
	__u64 ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		TAKEN(parse_seconds(good[i].text, &ns));
		if (ns != good[i].ns)
			fail_msg("%s is %llu ns", good[i].text, (unsigned long long)ns);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		REFUSED(parse_seconds(wrong[i], &ns), wrong[i], "seconds");
	REFUSED(parse_seconds("0.0000000001", &ns), "0.0000000001", "finer than a nanosecond");
}

static void pids(void **state)
{
	__u32 list[4] = { 0 }, n = 0;

	(void)state;
	TAKEN(parse_pids("1", list, &n, 4));
	assert_int_equal(n, 1);
	assert_int_equal(list[0], 1);
	TAKEN(parse_pids("3,1,2147483647", list, &n, 4));
	assert_int_equal(n, 3);
	assert_int_equal(list[0], 3);
	assert_int_equal(list[1], 1);
	assert_int_equal(list[2], 2147483647);
	TAKEN(parse_pids("4,4,5,4,6,5,007,7", list, &n, 4));
	assert_int_equal(n, 4);
	assert_int_equal(list[3], 7);
	REFUSED(parse_pids("1,2,3,4,5", list, &n, 4), "5 pids", "more than 4");
	REFUSED(parse_pids("0", list, &n, 4), "0", "from 1 to 2147483647");
	REFUSED(parse_pids("12,2147483648", list, &n, 4), "2^31", "'2147483648' is not");
	REFUSED(parse_pids("4294967297", list, &n, 4), "2^32+1", "not a process");
	REFUSED(parse_pids("1,,2", list, &n, 4), "1,,2", "'1,,2' has an empty item");
	REFUSED(parse_pids("1,", list, &n, 4), "1,", "empty item");
	REFUSED(parse_pids("", list, &n, 4), "", "is empty");
	REFUSED(parse_pids("1-5", list, &n, 4), "1-5", "not a process");
}

static void comm(void **state)
{
	char name[COMM_LEN], zero[COMM_LEN] = { 0 };
	bool glob = true;

	(void)state;
	memset(name, 'x', sizeof(name));
	TAKEN(parse_comm("curl", name, &glob));
	assert_false(glob);
	assert_string_equal(name, "curl");
	assert_memory_equal(name + 4, zero, COMM_LEN - 4);
	TAKEN(parse_comm("fifteen-bytes-x", name, &glob));
	assert_false(glob);
	assert_string_equal(name, "fifteen-bytes-x");
	TAKEN(parse_comm("ng*", name, &glob));
	assert_true(glob);
	assert_string_equal(name, "ng*");
	assert_memory_equal(name + 3, zero, COMM_LEN - 3);
	TAKEN(parse_comm("?", name, &glob));
	assert_true(glob);
	/* names are any bytes */
	TAKEN(parse_comm("a b,\n\xff", name, &glob));
	assert_false(glob);
	assert_string_equal(name, "a b,\n\xff");
	REFUSED(parse_comm("", name, &glob), "", "empty");
	REFUSED(parse_comm("sixteen-bytes-xx", name, &glob), "16", "16 bytes long");
	REFUSED(parse_comm("*fifteen-bytes-x*", name, &glob), "17", "first 15");
	REFUSED(parse_comm("\x1b]0;hello-hello\x07", name, &glob), "ESC", "\\x1b]0;");
}

static void users(void **state)
{
	__u32 uid = 77;

	(void)state;
	TAKEN(parse_user("0", &uid));
	assert_int_equal(uid, 0);
	TAKEN(parse_user("4294967294", &uid));
	assert_true(uid == 4294967294u);
	REFUSED(parse_user("4294967295", &uid), "2^32-1", "from 0 to 4294967294");
	REFUSED(parse_user("18446744073709551616", &uid), "2^64", "from 0 to 4294967294");
	REFUSED(parse_user("no-such-user-here", &uid), "no-such-user-here", "/etc/passwd");
	REFUSED(parse_user("root:x", &uid), "root:x", "/etc/passwd");
}

static void families(void **state)
{
	__u64 bits = 0;

	(void)state;
	TAKEN(parse_families("inet", &bits));
	assert_true(bits == 1 << 2);
	TAKEN(parse_families("inet,AF_INET6,Unix,local,2", &bits));
	assert_true(bits == (1 << 2 | 1 << 10 | 1 << 1));
	TAKEN(parse_families("0,63", &bits));
	assert_true(bits == (1 | 1ull << 63));
	TAKEN(parse_families("all", &bits));
	assert_true(bits == UINT64_MAX);
	TAKEN(parse_families("vsock,all", &bits));
	assert_true(bits == UINT64_MAX);
	REFUSED(parse_families("64", &bits), "64", "from 0 to 63");
	REFUSED(parse_families("inet,inet7", &bits), "inet7", "'inet7' is not");
	REFUSED(parse_families("inet,", &bits), "inet,", "empty item");
	REFUSED(parse_families("all,x", &bits), "all,x", "'x'");
}

static void protocols(void **state)
{
	__u16 list[CONF_PROTOCOLS];
	__u32 n = 0;

	(void)state;
	TAKEN(parse_protocols("tcp", list, &n));
	assert_int_equal(n, 1);
	assert_int_equal(list[0], 6);
	TAKEN(parse_protocols("UDP,6,IPPROTO_TCP,mptcp,65535,0", list, &n));
	assert_int_equal(n, 5);
	assert_int_equal(list[0], 17);
	assert_int_equal(list[1], 6);
	assert_int_equal(list[2], 262);
	assert_int_equal(list[3], 65535);
	assert_int_equal(list[4], 0);
	TAKEN(parse_protocols("0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,15", list, &n));
	assert_int_equal(n, 16);
	REFUSED(parse_protocols("0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", list, &n), "17",
		"more than 16");
	REFUSED(parse_protocols("tcp,65536", list, &n), "65536", "'65536' is not a protocol");
	REFUSED(parse_protocols("quic", list, &n), "quic", "'quic'");
}

static void ports(void **state)
{
	struct port_range list[CONF_PORTS];
	char text[1024] = "";
	__u32 n = 0;

	(void)state;
	TAKEN(parse_ports("80,443,8000-8999,0-65535,7-7,80", list, &n));
	assert_int_equal(n, 5);
	assert_int_equal(list[0].lo, 80);
	assert_int_equal(list[0].hi, 80);
	assert_int_equal(list[1].lo, 443);
	assert_int_equal(list[2].lo, 8000);
	assert_int_equal(list[2].hi, 8999);
	assert_int_equal(list[3].lo, 0);
	assert_int_equal(list[3].hi, 65535);
	assert_int_equal(list[4].hi, 7);
	for (int i = 0; i < CONF_PORTS; i++)
		sprintf(text + strlen(text), "%s%d", i ? "," : "", 1000 + i);
	TAKEN(parse_ports(text, list, &n));
	assert_int_equal(n, CONF_PORTS);
	assert_int_equal(list[CONF_PORTS - 1].lo, 1000 + CONF_PORTS - 1);
	strcat(text, ",1000,1001-1001");
	TAKEN(parse_ports(text, list, &n));
	assert_int_equal(n, CONF_PORTS);
	strcat(text, ",9");
	REFUSED(parse_ports(text, list, &n), text, "more than 32");
	REFUSED(parse_ports("65536", list, &n), "65536", "from 0 to 65535");
	REFUSED(parse_ports("1-65536", list, &n), "1-65536", "'1-65536' is neither");
	REFUSED(parse_ports("443-80", list, &n), "443-80", "ends before it begins");
	REFUSED(parse_ports("81-80", list, &n), "81-80", "ends before it begins");
	REFUSED(parse_ports("-80", list, &n), "-80", "'-80' is neither");
	REFUSED(parse_ports("80-", list, &n), "80-", "'80-' is neither");
	REFUSED(parse_ports("1-2-3", list, &n), "1-2-3", "'1-2-3' is neither");
	REFUSED(parse_ports("80--81", list, &n), "80--81", "neither");
	REFUSED(parse_ports("-", list, &n), "-", "'-' is neither");
	REFUSED(parse_ports("http", list, &n), "http", "'http'");
}

static void addrs(void **state)
{
	static const struct {
		const char *text;
		unsigned char addr[16], mask_bits;
	} good[] = {
		{ "10.0.0.0/8", { [10] = 255, 255, 10 }, 104 },
		{ "10.1.2.3/8", { [10] = 255, 255, 10 }, 104 },
		{ "192.168.255.255/22", { [10] = 255, 255, 192, 168, 252 }, 118 },
		{ "1.2.3.4", { [10] = 255, 255, 1, 2, 3, 4 }, 128 },
		{ "1.2.3.4/32", { [10] = 255, 255, 1, 2, 3, 4 }, 128 },
		{ "255.255.255.255/1", { [10] = 255, 255, 128 }, 97 },
		{ "1.2.3.4/0", { [10] = 255, 255 }, 96 },
		{ "::1", { [15] = 1 }, 128 },
		{ "::/0", { 0 }, 0 },
		{ "ffff:ffff::/0", { 0 }, 0 },
		{ "2001:db8::/32", { 0x20, 1, 0xd, 0xb8 }, 32 },
		{ "2001:db8:ffff::1/33", { 0x20, 1, 0xd, 0xb8, 0x80 }, 33 },
		{ "fe80::ffff/121", { 0xfe, 0x80, [14] = 0xff, 0x80 }, 121 },
		{ "fe80::ffff/127", { 0xfe, 0x80, [14] = 0xff, 0xfe }, 127 },
		{ "::ffff:10.1.2.3/104", { [10] = 255, 255, 10 }, 104 },
		{ "1111:2222:3333:4444:5555:6666:77.77.88.88/128",
		  { 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0x55, 0x55, 0x66, 0x66, 77,
		    77, 88, 88 },
		  128 },
	};
	static const char *const wrong[] = {
		"10",
		"10.0.0",
		"10.0.0.256",
		"10.0.0.0.0",
		"010.0.0.1x",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4/",
		"1.2.3.4/33",
		"1.2.3.4/-1",
		"1.2.3.4/+8",
		"1.2.3.4/8/8",
		"/8",
		"::1/129",
		":::",
		"::1::",
		"fe80::1%lo",
		"[::1]",
		"1.2.3.4:80",
		"localhost",
		"::1/ 8",
		"::1/0x10",
		"12345::",
		"::g",
		"1.2.3.4/a",
		"0x7f.0.0.1",
		"::1/99999999999999999999",
		"1.2.3.4,",
		"::1/18446744073709551617",
		"1:2:3:4:5:6:7:8:9",
	};
	struct cidr list[CONF_ADDRS];
	char text[2048] = "";
	__u32 n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(list, 0xa5, sizeof(list));
		TAKEN(parse_addrs(good[i].text, list, &n));
		assert_int_equal(n, 1);
		if (memcmp(list[0].addr.b, good[i].addr, 16))
			fail_msg("%s has another address", good[i].text);
		for (int bit = 0; bit < 128; bit++)
			if ((list[0].mask.b[bit / 8] >> (7 - bit % 8) & 1) !=
			    (bit < good[i].mask_bits))
				fail_msg("%s has another mask, in bit %d", good[i].text, bit);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		REFUSED(parse_addrs(wrong[i], list, &n), wrong[i], "'");
	REFUSED(parse_addrs("::1,1.2.3.4/33", list, &n), "/33", "'1.2.3.4/33' does not end");
	REFUSED(parse_addrs("1.2.3.4/33", list, &n), "/33", "from 0 to 32");
	REFUSED(parse_addrs("::/129", list, &n), "/129", "from 0 to 128");

	TAKEN(parse_addrs("10.0.0.0/8,::1,2001:db8::/32,10.9.9.9/8,::ffff:10.0.0.0/104", list,
			  &n));
	assert_int_equal(n, 3);
	assert_int_equal(list[1].addr.b[15], 1);
	assert_int_equal(list[2].addr.b[0], 0x20);
	for (int i = 0; i < CONF_ADDRS; i++)
		sprintf(text + strlen(text), "%s10.0.0.%d", i ? "," : "", i);
	TAKEN(parse_addrs(text, list, &n));
	assert_int_equal(n, CONF_ADDRS);
	strcat(text, ",::1");
	REFUSED(parse_addrs(text, list, &n), text, "more than 32");
}

static void errnos(void **state)
{
	__u64 bits[CONF_ERRNOS];

	(void)state;
	memset(bits, 0xff, sizeof(bits));
	TAKEN(parse_errnos("ECONNREFUSED", bits));
	assert_true(!bits[0] && bits[1] == 1ull << (ECONNREFUSED - 64) && !bits[2] && !bits[3]);
	TAKEN(parse_errnos("eperm,1,EWOULDBLOCK,63,64,255", bits));
	assert_true(bits[0] == (1ull << EPERM | 1ull << EAGAIN | 1ull << 63));
	assert_true(bits[1] == 1 && !bits[2] && bits[3] == 1ull << 63);
	REFUSED(parse_errnos("0", bits), "0", "from 1 to 255");
	REFUSED(parse_errnos("256", bits), "256", "'256' is not an error");
	REFUSED(parse_errnos("ERESTARTSYS", bits), "ERESTARTSYS", "'ERESTARTSYS'");
	REFUSED(parse_errnos("-111", bits), "-111", "'-111'");
	REFUSED(parse_errnos("EPERM,ENOPE", bits), "ENOPE", "'ENOPE'");
	REFUSED(parse_errnos("refused", bits), "refused", "'refused'");
}

/* Where cgroup2 is mounted, or "". */
static void cgroup2_mount(char *dir, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	dir[0] = '\0';
	while (f && !dir[0] && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			snprintf(dir, size, "%s", m->mnt_dir);
	if (f)
		endmntent(f);
}

static void cgroup_numbers(void **state)
{
	__u64 id = 0;

	(void)state;
	TAKEN(parse_cgroup("1", &id));
	assert_true(id == 1);
	TAKEN(parse_cgroup("18446744073709551615", &id));
	assert_true(id == UINT64_MAX);
	REFUSED(parse_cgroup("0", &id), "0", "from 1 to");
	REFUSED(parse_cgroup("18446744073709551616", &id), "2^64", "not the id of a cgroup");
	REFUSED(parse_cgroup("", &id), "", "is empty");
	REFUSED(parse_cgroup("/proc", &id), "/proc", "'/proc' is not a cgroup");
	REFUSED(parse_cgroup("/etc/passwd", &id), "/etc/passwd", "is not a cgroup");
	REFUSED(parse_cgroup("/", &id), "/", "is not a cgroup");
}

static void cgroup_paths(void **state)
{
	char dir[1024], path[2048], file[4096];
	struct dirent *entry;
	struct stat st;
	int below = 0;
	__u64 id = 0;
	DIR *d;

	(void)state;
	cgroup2_mount(dir, sizeof(dir));
	if (!dir[0])
		skip();
	assert_int_equal(stat(dir, &st), 0);
	TAKEN(parse_cgroup(dir, &id));
	assert_true(id == st.st_ino);
	id = 0;
	TAKEN(parse_cgroup(".", &id));
	assert_true(id == st.st_ino);
	REFUSED(parse_cgroup("no/such.slice", &id), "no/such.slice", "exists");
	REFUSED(parse_cgroup("/no/such.slice", &id), "/no/such.slice", "exists");
	REFUSED(parse_cgroup("cgroup.procs", &id), "cgroup.procs", "is not a cgroup");
	snprintf(file, sizeof(file), "%s/cgroup.procs", dir);
	REFUSED(parse_cgroup(file, &id), file, "is not a cgroup");
	REFUSED(parse_cgroup("../../../../../../../../etc", &id), "../etc", "is not a cgroup");

	d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d)) && !below) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = 1;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		assert_int_equal(stat(path, &st), 0);
		id = 0;
		TAKEN(parse_cgroup(path, &id));
		assert_true(id == st.st_ino);
		id = 0;
		TAKEN(parse_cgroup(entry->d_name, &id));
		assert_true(id == st.st_ino);
		/* as /proc/PID/cgroup writes it */
		snprintf(path, sizeof(path), "/%s", entry->d_name);
		if (access(path, F_OK)) {
			id = 0;
			TAKEN(parse_cgroup(path, &id));
			assert_true(id == st.st_ino);
		}
	}
	closedir(d);
}

static void netns_numbers(void **state)
{
	struct stat st;
	char text[64];
	__u32 inum = 0;

	(void)state;
	TAKEN(parse_netns("4026531840", &inum));
	assert_true(inum == 4026531840u);
	TAKEN(parse_netns("4294967295", &inum));
	assert_true(inum == 4294967295u);
	REFUSED(parse_netns("0", &inum), "0", "from 1 to 4294967295");
	REFUSED(parse_netns("4294967296", &inum), "2^32", "from 1 to 4294967295");

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	snprintf(text, sizeof(text), "pid:%d", getpid());
	inum = 0;
	TAKEN(parse_netns(text, &inum));
	assert_true(inum == st.st_ino);
	REFUSED(parse_netns("pid:", &inum), "pid:", "'pid:' does not end in a process id");
	REFUSED(parse_netns("pid:0", &inum), "pid:0", "process id");
	REFUSED(parse_netns("pid:self", &inum), "pid:self", "process id");
	REFUSED(parse_netns("pid:1/../self", &inum), "pid:1/../self", "process id");
	REFUSED(parse_netns("pid:2147483647", &inum), "2^31-1", "does not exist");
	REFUSED(parse_netns("pid:2147483648", &inum), "2^31", "from 1 to 2147483647");
	REFUSED(parse_netns(".", &inum), ".", "/run/netns");
	REFUSED(parse_netns("..", &inum), "..", "/run/netns");
	REFUSED(parse_netns("../../proc/self/ns/net", &inum), "../..", "/run/netns");
	REFUSED(parse_netns("no-such-netns", &inum), "no-such-netns", "not the name");
}

static int put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -1;
	fputs(text, f);
	return fclose(f);
}

/* In a mount namespace of our own: users and namespaces as we like them. 77: not allowed. */
static int own_files(void)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "+::::::\n"
				     "-nis::::::\n"
				     "broken line\n"
				     "alice:x:1234:1234::/home/alice:/bin/sh\n"
				     "big:x:4294967294:1::/:/bin/sh\n"
				     "alice2:x:1:1::/:/bin/sh\n";
	struct stat st;
	__u32 v = 7;
	__u64 id;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, NULL))
		return 77;
	if (mkdir("/run/netns", 0755) || put("/run/netns/blue", "") ||
	    put("/run/netns/stale", "") || put("/run/netns/uts", "") ||
	    mkfifo("/run/netns/fifo", 0600) || put("/run/passwd", passwd) ||
	    mount("/proc/self/ns/net", "/run/netns/blue", NULL, MS_BIND, NULL) ||
	    mount("/proc/self/ns/uts", "/run/netns/uts", NULL, MS_BIND, NULL) ||
	    mount("/run/passwd", "/etc/passwd", NULL, MS_BIND, NULL))
		return 1;
	if (stat("/proc/self/ns/net", &st))
		return 1;

	hear();
	if (parse_netns("blue", &v) || v != st.st_ino)
		return 2;
	if (parse_netns("stale", &v) != -EINVAL || parse_netns("uts", &v) != -EINVAL ||
	    parse_netns("fifo", &v) != -EINVAL || parse_netns("green", &v) != -EINVAL)
		return 3;
	if (parse_user("alice", &v) || v != 1234)
		return 4;
	if (parse_user("big", &v) || v != 4294967294u)
		return 5;
	if (parse_user("+", &v) != -EINVAL || parse_user("-nis", &v) != -EINVAL ||
	    parse_user("ali", &v) != -EINVAL || parse_user("alice3", &v) != -EINVAL ||
	    parse_user("broken line", &v) != -EINVAL || parse_user("Alice", &v) != -EINVAL)
		return 6;

	/* hide every mount of cgroup2, and the file of users */
	umount2("/etc/passwd", MNT_DETACH);
	if (put("/run/passwd", "") || mount("/run/passwd", "/etc/passwd", NULL, MS_BIND, NULL))
		return 7;
	if (parse_user("root", &v) != -EINVAL || parse_user("0", &v) || v)
		return 8;
	if (mount("none", "/proc", "tmpfs", 0, NULL))
		return 9;
	if (parse_cgroup("system.slice", &id) != -EINVAL || parse_netns("pid:1", &v) != -EINVAL)
		return 10;
	return 0;
}

static void in_own_files(void **state)
{
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(own_files());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static uint32_t noise(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* No text may do harm; and what is taken must be made of what the option's texts are made of.
 */
static void noise_does_no_harm(void **state)
{
	static const char letters[] = "0123456789,,..--//::abcdefEPIinettcp *?+%\x01\xff";
	uint32_t seed = 99;
	char text[40];
	int taken = 0;

	(void)state;
	hear();
	for (int round = 0; round < 20000; round++) {
		size_t n = noise(&seed) % (sizeof(text) - 1);
		char *exact;

		for (size_t i = 0; i < n; i++)
			text[i] = letters[noise(&seed) % (sizeof(letters) - 1)];
		text[n] = '\0';
		exact = strdup(text);
		for (size_t p = 0; p < sizeof(parsers) / sizeof(parsers[0]); p++)
			if (!parsers[p](exact) && parsers[p] != as_cgroup &&
			    strpbrk(exact, " *?+%\x01\xff"))
				taken++;
		free(exact);
	}
	heard();
	assert_int_equal(taken, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(junk_is_refused),
		cmocka_unit_test(u64),
		cmocka_unit_test(seconds),
		cmocka_unit_test(pids),
		cmocka_unit_test(comm),
		cmocka_unit_test(users),
		cmocka_unit_test(families),
		cmocka_unit_test(protocols),
		cmocka_unit_test(ports),
		cmocka_unit_test(addrs),
		cmocka_unit_test(errnos),
		cmocka_unit_test(cgroup_numbers),
		cmocka_unit_test(cgroup_paths),
		cmocka_unit_test(netns_numbers),
		cmocka_unit_test(in_own_files),
		cmocka_unit_test(noise_does_no_harm),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
