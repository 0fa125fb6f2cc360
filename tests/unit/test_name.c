/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_name.c - holds the tables of name.c to the headers, to libc, and to what the book and
 * the width of a terminal demand of the words.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strerrorname_np() */
#endif
#include "../../src/name.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ctype.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* TEXT in small, in large, and in mixed letters must all be NUMBER. */
static void any_case(int (*number)(const char *), const char *text, int expected)
{
	char copy[64];

	assert_true(strlen(text) < sizeof(copy));
	for (int way = 0; way < 3; way++) {
		for (size_t i = 0; i <= strlen(text); i++)
			copy[i] = way == 0 || (way == 2 && i % 2) ? tolower(text[i])
								  : toupper(text[i]);
		if (number(copy) != expected)
			fail_msg("%s is %d, not %d", copy, number(copy), expected);
	}
}

static const char *const junk[] = {
	"",
	" ",
	"inet ",
	" inet",
	"AF_",
	"AF_inet7",
	"AF_AF_INET",
	"PF_INET",
	"IPPROTO_",
	"IPPROTO_AF_INET",
	"-1",
	"+2",
	"2 ",
	" 2",
	"0x2",
	"2.0",
	"2,3",
	"65536",
	"4294967298",
	"18446744073709551618",
	"99999999999999999999999999999999999999",
	"tcpp",
	"tc",
	"E",
	"econn",
	"CONNREFUSED",
	"EECONNREFUSED",
	"ECONNREFUSED ",
	"INET\n",
	"\xff",
	"%s%n",
	"all",
	"ip4",
	"(null)",
	"NULL",
	"Success",
	"Unknown error 41",
};

static void junk_is_no_number(void **state)
{
	char *lots = malloc(100001);

	(void)state;
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		assert_int_equal(family_number(junk[i]), -1);
		assert_int_equal(protocol_number(junk[i]), -1);
		assert_int_equal(errno_number(junk[i]), -1);
	}
	memset(lots, '9', 100000);
	lots[100000] = '\0';
	assert_int_equal(family_number(lots), -1);
	assert_int_equal(protocol_number(lots), -1);
	assert_int_equal(errno_number(lots), -1);
	memset(lots, 'A', 100000);
	assert_int_equal(family_number(lots), -1);
	assert_int_equal(protocol_number(lots), -1);
	assert_int_equal(errno_number(lots), -1);
	free(lots);
}

static void families(void **state)
{
	(void)state;
	assert_string_equal(family_name(AF_UNSPEC), "AF_UNSPEC");
	assert_string_equal(family_name(AF_UNIX), "AF_UNIX");
	assert_string_equal(family_name(AF_INET), "AF_INET");
	assert_string_equal(family_name(AF_BRIDGE), "AF_BRIDGE");
	assert_string_equal(family_name(AF_INET6), "AF_INET6");
	assert_string_equal(family_name(AF_NETLINK), "AF_NETLINK");
	assert_string_equal(family_name(AF_PACKET), "AF_PACKET");
	assert_string_equal(family_name(AF_RDS), "AF_RDS");
	assert_string_equal(family_name(AF_LLC), "AF_LLC");
	assert_string_equal(family_name(AF_CAN), "AF_CAN");
	assert_string_equal(family_name(AF_TIPC), "AF_TIPC");
	assert_string_equal(family_name(AF_BLUETOOTH), "AF_BLUETOOTH");
	assert_string_equal(family_name(AF_ALG), "AF_ALG");
	assert_string_equal(family_name(AF_VSOCK), "AF_VSOCK");
	assert_string_equal(family_name(AF_KCM), "AF_KCM");
	assert_string_equal(family_name(AF_SMC), "AF_SMC");
	assert_string_equal(family_name(AF_XDP), "AF_XDP");
	assert_string_equal(family_name(45), "AF_MCTP");
	assert_null(family_name(46));
	assert_null(family_name(65535));
	assert_null(family_name(~0u));

	for (unsigned n = 0; n <= 45; n++) {
		assert_non_null(family_name(n));
		assert_int_equal(strncmp(family_name(n), "AF_", 3), 0);
		any_case(family_number, family_name(n), n);
		any_case(family_number, family_name(n) + 3, n);
	}
	any_case(family_number, "local", AF_UNIX);
	any_case(family_number, "AF_LOCAL", AF_UNIX);
	assert_int_equal(family_number("0"), 0);
	assert_int_equal(family_number("2"), 2);
	assert_int_equal(family_number("63"), 63);
	assert_int_equal(family_number("65535"), 65535);
}

static void protocols(void **state)
{
	static const struct {
		unsigned number;
		const char *name;
	} known[] = {
		{ IPPROTO_IP, "IPPROTO_IP" },
		{ IPPROTO_ICMP, "IPPROTO_ICMP" },
		{ IPPROTO_IGMP, "IPPROTO_IGMP" },
		{ IPPROTO_IPIP, "IPPROTO_IPIP" },
		{ IPPROTO_TCP, "IPPROTO_TCP" },
		{ IPPROTO_EGP, "IPPROTO_EGP" },
		{ IPPROTO_PUP, "IPPROTO_PUP" },
		{ IPPROTO_UDP, "IPPROTO_UDP" },
		{ IPPROTO_IDP, "IPPROTO_IDP" },
		{ IPPROTO_TP, "IPPROTO_TP" },
		{ IPPROTO_DCCP, "IPPROTO_DCCP" },
		{ IPPROTO_IPV6, "IPPROTO_IPV6" },
		{ IPPROTO_RSVP, "IPPROTO_RSVP" },
		{ IPPROTO_GRE, "IPPROTO_GRE" },
		{ IPPROTO_ESP, "IPPROTO_ESP" },
		{ IPPROTO_AH, "IPPROTO_AH" },
		{ IPPROTO_ICMPV6, "IPPROTO_ICMPV6" },
		{ IPPROTO_MTP, "IPPROTO_MTP" },
		{ IPPROTO_BEETPH, "IPPROTO_BEETPH" },
		{ IPPROTO_ENCAP, "IPPROTO_ENCAP" },
		{ IPPROTO_PIM, "IPPROTO_PIM" },
		{ IPPROTO_COMP, "IPPROTO_COMP" },
		{ 115, "IPPROTO_L2TP" },
		{ IPPROTO_SCTP, "IPPROTO_SCTP" },
		{ IPPROTO_MH, "IPPROTO_MH" },
		{ IPPROTO_UDPLITE, "IPPROTO_UDPLITE" },
		{ IPPROTO_MPLS, "IPPROTO_MPLS" },
		{ 143, "IPPROTO_ETHERNET" },
		{ 144, "IPPROTO_AGGFRAG" },
		{ IPPROTO_RAW, "IPPROTO_RAW" },
		{ 256, "IPPROTO_SMC" },
		{ 262, "IPPROTO_MPTCP" },
	};
	size_t named = 0, count = sizeof(known) / sizeof(known[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_non_null(protocol_name(known[i].number));
		assert_string_equal(protocol_name(known[i].number), known[i].name);
		any_case(protocol_number, known[i].name, known[i].number);
		any_case(protocol_number, known[i].name + strlen("IPPROTO_"), known[i].number);
	}
	for (unsigned n = 0; n < 70000; n++)
		named += protocol_name(n) != NULL;
	assert_int_equal(named, count);
	assert_null(protocol_name(~0u));
	assert_int_equal(protocol_number("6"), 6);
	assert_int_equal(protocol_number("254"), 254);
	assert_int_equal(protocol_number("65535"), 65535);
}

static void socktypes(void **state)
{
	(void)state;
	assert_null(socktype_name(0));
	assert_string_equal(socktype_name(SOCK_STREAM), "SOCK_STREAM");
	assert_string_equal(socktype_name(SOCK_DGRAM), "SOCK_DGRAM");
	assert_string_equal(socktype_name(SOCK_RAW), "SOCK_RAW");
	assert_string_equal(socktype_name(SOCK_RDM), "SOCK_RDM");
	assert_string_equal(socktype_name(SOCK_SEQPACKET), "SOCK_SEQPACKET");
	assert_string_equal(socktype_name(SOCK_DCCP), "SOCK_DCCP");
	assert_null(socktype_name(7));
	assert_string_equal(socktype_name(SOCK_PACKET), "SOCK_PACKET");
	assert_null(socktype_name(11));
	assert_null(socktype_name(~0u));
}

static void errno_names(void **state)
{
	static const struct {
		int number;
		const char *name;
	} kernels[] = {
		{ 512, "ERESTARTSYS" },
		{ 513, "ERESTARTNOINTR" },
		{ 514, "ERESTARTNOHAND" },
		{ 515, "ENOIOCTLCMD" },
		{ 516, "ERESTART_RESTARTBLOCK" },
		{ 517, "EPROBE_DEFER" },
		{ 518, "EOPENSTALE" },
		{ 519, "ENOPARAM" },
		{ 521, "EBADHANDLE" },
		{ 522, "ENOTSYNC" },
		{ 523, "EBADCOOKIE" },
		{ 524, "ENOTSUPP" },
		{ 525, "ETOOSMALL" },
		{ 526, "ESERVERFAULT" },
		{ 527, "EBADTYPE" },
		{ 528, "EJUKEBOX" },
		{ 529, "EIOCBQUEUED" },
		{ 530, "ERECALLCONFLICT" },
	};

	(void)state;
	assert_null(errno_name(0));
	assert_null(errno_name(-1));
	assert_null(errno_name(INT32_MIN));
	assert_null(errno_name(INT32_MAX));
	assert_null(errno_name(300));
	assert_null(errno_name(520));
	assert_null(errno_name(531));
	for (int e = 1; e <= 133; e++) {
		if (EDEADLK == 35 && (e == 41 || e == 58)) {
			assert_null(errno_name(e));
			continue;
		}
		assert_non_null(errno_name(e));
		any_case(errno_number, errno_name(e), e);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
		assert_non_null(strerrorname_np(e));
		/* libc picks the other one of two names here */
		if (e != EOPNOTSUPP)
			assert_string_equal(errno_name(e), strerrorname_np(e));
#endif
	}
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		assert_string_equal(errno_name(kernels[i].number), kernels[i].name);
		any_case(errno_number, kernels[i].name, kernels[i].number);
	}
	assert_string_equal(errno_name(EOPNOTSUPP), "EOPNOTSUPP");
	any_case(errno_number, "EWOULDBLOCK", EAGAIN);
	any_case(errno_number, "EDEADLOCK", EDEADLK);
	any_case(errno_number, "ENOTSUP", EOPNOTSUPP);
	assert_int_equal(errno_number("111"), 111);
	assert_int_equal(errno_number("0"), 0);
	assert_int_equal(errno_number("4095"), 4095);
	assert_int_equal(errno_number("4096"), -1);
}

static void words_fit_and_differ(void **state)
{
	(void)state;
	for (int e = 0; e <= 600; e++) {
		const char *words = errno_words(e);

		if (e <= 133)
			assert_non_null(words);
		if (e)
			assert_true(!words == !errno_name(e) || e == 41 || e == 58);
		if (!words)
			continue;
		if (strlen(words) > 19 || strlen(words) < 4)
			fail_msg("%d: '%s' has %zu characters", e, words, strlen(words));
		assert_true(isupper((unsigned char)words[0]));
		for (size_t i = 0; words[i]; i++)
			assert_true(words[i] >= ' ' && words[i] <= '~');
		assert_true(words[strlen(words) - 1] != ' ');
		for (int other = 0; other < e; other++)
			if (errno_words(other) && !strcmp(errno_words(other), words))
				fail_msg("%d and %d are both '%s'", other, e, words);
	}
	assert_null(errno_words(-1));
	assert_null(errno_words(-ECONNREFUSED));
	assert_null(errno_words(INT32_MIN));
	assert_null(errno_words(INT32_MAX));
	assert_null(errno_words(134));
	assert_null(errno_words(520));
	assert_null(errno_words(531));
}

static void words_are_the_promised_ones(void **state)
{
	static const struct {
		int e;
		const char *words;
	} promised[] = {
		{ 0, "Success" },
		{ EINPROGRESS, "In progress" },
		{ ECONNREFUSED, "Connect refused" },
		{ ETIMEDOUT, "Timeout" },
		{ ENETUNREACH, "Network unreachable" },
		{ EHOSTUNREACH, "Host unreachable" },
		{ EINTR, "Interrupted" },
		{ EISCONN, "Already connected" },
		{ EALREADY, "Not yet completed" },
		{ ECONNRESET, "Connection reset" },
		{ EACCES, "Permission denied" },
		{ EPERM, "Not permitted" },
		{ EBADF, "Bad descriptor" },
		{ ENOTSOCK, "Not a socket" },
		{ EFAULT, "Bad address pointer" },
		{ ENOENT, "No such path" },
		{ EAGAIN, "Try again" },
		{ EINVAL, "Invalid argument" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(promised) / sizeof(promised[0]); i++)
		assert_string_equal(errno_words(promised[i].e), promised[i].words);
}

static void words_of_the_book(void **state)
{
	static const struct {
		int e;
		const char *words;
	} book[] = {
		{ 0, "Success" },
		{ EPERM, "Permission denied" },
		{ EINTR, "Interrupted" },
		{ EBADF, "Invalid sockfd" },
		{ EAGAIN, "Routing cache insuff." },
		{ EACCES, "Perm. denied (EACCES)" },
		{ EFAULT, "Sock struct addr invalid" },
		{ ENOTSOCK, "FD not a socket" },
		{ EPROTOTYPE, "Socket protocol error" },
		{ EAFNOSUPPORT, "Address family invalid" },
		{ EADDRINUSE, "Local addr in use" },
		{ EADDRNOTAVAIL, "No port available" },
		{ ENETUNREACH, "Network unreachable" },
		{ EISCONN, "Already connected" },
		{ ETIMEDOUT, "Timeout" },
		{ ECONNREFUSED, "Connect refused" },
		{ EALREADY, "Not yet completed" },
		{ EINPROGRESS, "In progress" },
	};
	size_t worded = 0, count = sizeof(book) / sizeof(book[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_string_equal(book_words(book[i].e), book[i].words);
	for (int e = -200; e <= 5000; e++)
		worded += book_words(e)[0] != '\0';
	assert_int_equal(worded, count);
	assert_string_equal(book_words(INT32_MIN), "");
	assert_string_equal(book_words(INT32_MAX), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(junk_is_no_number),
		cmocka_unit_test(families),
		cmocka_unit_test(protocols),
		cmocka_unit_test(socktypes),
		cmocka_unit_test(errno_names),
		cmocka_unit_test(words_fit_and_differ),
		cmocka_unit_test(words_are_the_promised_ones),
		cmocka_unit_test(words_of_the_book),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
