// SPDX-License-Identifier: GPL-2.0
/*
 * rows.c - what a row costs in user space: soconnect's rows, as the kernel half makes them of
 * TCP and UDP connects, through each sink and to nowhere.
 *
 *	rows [--instructions] [--count N] [FORM...]	"FORM COST" for each: ns of CPU a row
 *
 * As bench/generate measures: 25 chunks after one to warm up, of which the one at the first
 * quartile counts; with --instructions by the time-stamp counter, for QEMU's -icount. --count:
 * rows in each chunk.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sys/socket.h>

#include "../src/format.h"
#include "../src/sink.h"

#define CHUNKS 25
#define KINDS 4

static bool by_instructions;
static long count = 20000;

static uint64_t cost_now(void)
{
	struct timespec t;

#ifdef __x86_64__
	if (by_instructions)
		return __builtin_ia32_rdtsc();
#endif
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int by_cost(const void *a, const void *b)
{
	const uint64_t *p = a, *q = b;

	return *p < *q ? -1 : *p > *q;
}

static void address(struct ip *ip, int family, const char *text)
{
	ip->b[10] = ip->b[11] = 0xff;
	inet_pton(family, text, family == AF_INET ? &ip->b[12] : ip->b);
}

/* In turns: UDP and TCP over IPv4 and IPv6; some succeed, some don't. */
static void make_row(struct attempt *a, int kind)
{
	int family = kind & 2 ? AF_INET6 : AF_INET;

	memset(a, 0, sizeof(*a));
	a->mono_ns = 12345678901234 + kind;
	a->lat_ns = kind & 1 ? 123456 : 2345;
	a->who = (struct who){ .cgroup = 4242,
			       .pid = 23456,
			       .tid = 23457,
			       .uid = 1000,
			       .comm = "generate",
			       .thread = "generate" };
	a->ends = (struct ends){ .rport = 443,
				 .netns = 4026531840,
				 .lport = 54321,
				 .family = family,
				 .type = kind & 1 ? SOCK_STREAM : SOCK_DGRAM,
				 .protocol = kind & 1 ? IPPROTO_TCP : IPPROTO_UDP };
	address(&a->ends.laddr, family, kind & 2 ? "2001:db8:1:2::abcd" : "192.168.178.21");
	address(&a->ends.raddr, family,
		kind & 2 ? "2001:db8:ff:fe:1234:5678:9abc:def0" : "127.0.0.1");
	a->fd = 7;
	a->ret = kind & 1 ? -EINPROGRESS : 0;
	a->result = kind & 1 ? EINPROGRESS : 0;
	a->have = HAVE_FAMILY | HAVE_SOCKET | HAVE_LADDR | HAVE_RADDR | HAVE_RPORT | HAVE_FD |
		  HAVE_RET | HAVE_NETNS;
	a->sk_family = family;
	a->addr_from = FROM_KERNEL;
	a->async = kind & 1;
}

static const struct form_name {
	const char *name;
	enum form form;
	enum stamp stamp;
	bool wide;
} forms[] = {
	{ "text", FORM_TEXT, STAMP_NONE, false }, { "clock", FORM_TEXT, STAMP_CLOCK, false },
	{ "wide", FORM_TEXT, STAMP_ISO, true },	  { "bt", FORM_BT, STAMP_NONE, false },
	{ "json", FORM_JSON, STAMP_NONE, false }, { "csv", FORM_CSV, STAMP_NONE, false },
};

static uint64_t chunk(struct sink *s, const struct attempt *rows)
{
	uint64_t start = cost_now();

	for (long i = 0; i < count; i++) {
		s->ops->row(s, &rows[i % KINDS]);
		if (s->out->len >= 65536)
			s->out->len = 0;
	}
	return cost_now() - start;
}

static void measure(const struct tool *tool, const struct form_name *form)
{
	struct run run = {
		.tool = tool, .form = form->form, .stamp = form->stamp, .wide = form->wide
	};
	struct attempt rows[KINDS];
	uint64_t costs[CHUNKS];
	struct buf out = {};
	struct live live = {};
	struct sink sink;

	for (int i = 0; i < KINDS; i++)
		make_row(&rows[i], i);
	if (sink_for(&sink, &run, &out))
		exit(1);
	clock_sync();
	sink.ops->open(&sink, &live);
	chunk(&sink, rows);
	for (int i = 0; i < CHUNKS; i++)
		costs[i] = chunk(&sink, rows);
	qsort(costs, CHUNKS, sizeof(*costs), by_cost);
	printf("%s %.1f\n", form->name, (double)costs[CHUNKS / 4] / count);
	sink_free(&sink);
	buf_free(&out);
}

static bool chosen(char **names, const char *name)
{
	for (char **n = names; *n; n++)
		if (!strcmp(*n, name))
			return true;
	return !*names;
}

int main(int argc, char **argv)
{
	const struct tool *tool = NULL;

	(void)argc;
	for (argv++; *argv && **argv == '-'; argv++) {
		if (!strcmp(*argv, "--instructions"))
			by_instructions = true;
		else if (!strcmp(*argv, "--count") && argv[1])
			count = atol(*++argv);
		else
			return fprintf(stderr, "rows: what is %s?\n", *argv), 2;
	}
	for_each_tool(t)
		if (!strcmp((*t)->name, "soconnect"))
			tool = *t;
	if (!tool || count < 1)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (chosen(argv, forms[i].name))
			measure(tool, &forms[i]);
	return 0;
}
