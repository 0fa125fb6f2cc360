/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_sink.c - a sink keeps the text of what doesn't change from row to row: whatever it has
 * printed before, a row must come out as it does from a new one.
 */
#include "../../src/sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

static uint64_t chance(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* One member or another takes another value, of few that it may have. */
static void change(struct attempt *a)
{
	static const char names[][COMM_LEN] = {
		"a",	     "ab",	     "generate",       "generates",
		"x y,\"z\"", "\xff\n\\\x01", "fifteen letters"
	};
	static const int32_t results[] = { 0, 111, 115, 1234, RESULT_CLOSED, RESULT_PENDING };
	static const uint16_t families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, 44, 60 };
	unsigned few = chance() % 4;

	switch (chance() % 20) {
	case 0:
		a->mono_ns += 1 + chance() % 1000;
		break;
	case 1:
		a->lat_ns = few * 1000;
		break;
	case 2:
		memcpy(a->who.comm, names[chance() % 7], COMM_LEN);
		break;
	case 3:
		memcpy(a->who.thread, names[chance() % 7], COMM_LEN);
		break;
	case 4:
		a->who.pid = few;
		break;
	case 5:
		a->who.tid = few ? UINT32_MAX : 0;
		break;
	case 6:
		a->who.cgroup = few ? UINT64_MAX : 0;
		break;
	case 7:
		a->who.uid = few;
		break;
	case 8:
		a->ends.family = families[chance() % 6];
		a->have &= ~HAVE_NAME;
		a->have |= a->ends.family == AF_UNIX ? HAVE_NAME : 0;
		break;
	case 9:
		a->ends.protocol = few ? 6 : 17;
		break;
	case 10:
		a->ends.type = few;
		break;
	case 11:
		a->ends.raddr.b[12 + few] ^= 1;
		break;
	case 12:
		a->ends.laddr.b[12 + few] ^= 1;
		break;
	case 13:
		a->ends.rport = few;
		a->ends.lport = few + 1;
		break;
	case 14:
		a->fd = few ? (int)few : -1;
		break;
	case 15:
		a->ret = -(int)few;
		break;
	case 16:
		a->result = results[chance() % 6];
		break;
	case 17:
		a->via = few;
		a->addr_from = chance() % 3;
		break;
	case 18:
		a->async = few & 1;
		break;
	case 19:
		a->have ^= 1 << chance() % 8; /* all but the name */
		break;
	}
}

static void forms(void **state)
{
	static const enum form forms[] = { FORM_TEXT, FORM_BT, FORM_JSON, FORM_CSV };
	const struct tool *tool = NULL;

	(void)state;
	for_each_tool(t)
		if (!strcmp((*t)->name, "soconnect"))
			tool = *t;
	assert_non_null(tool);
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct run run = { .tool = tool, .form = forms[i], .no_header = true };
		struct buf used = {}, new = {};
		struct live live = {};
		struct attempt row = {};
		struct sink old;

		assert_int_equal(sink_for(&old, &run, &used), 0);
		old.ops->open(&old, &live);
		for (int k = 0; k < 20000; k++) {
			struct sink fresh;

			change(&row);
			assert_int_equal(sink_for(&fresh, &run, &new), 0);
			fresh.ops->open(&fresh, &live);
			used.len = new.len = 0;
			old.ops->row(&old, &row);
			fresh.ops->row(&fresh, &row);
			if (used.len != new.len || memcmp(used.p, new.p, new.len))
				fail_msg("%.*s, not %.*s", (int)used.len, used.p, (int)new.len,
					 new.p);
			sink_free(&fresh);
		}
		sink_free(&old);
		buf_free(&used);
		buf_free(&new);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
