/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_plan.c - which route serves a point: the names of programs, the table of what loses events
 * where, the order of choice, with the facts of kernels that aren't here; and the preemption mode
 * as it stands in a command line, a configuration and debugfs.
 */
#include "../../src/plan.h"
#include "../../src/prod.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <cmocka.h>

static const struct point points[] = { { .name = "connect" }, { .name = "connect32" }, {} };

#define ANY 7
#define ONLY(backend) (1U << BACKEND_##backend)

static void names(void **state)
{
	static const char *const good[] = { "connect__fentry", "connect_ret__tracepoint",
					    "connect32_ret__syscall", "connect_a_b__raw12" };
	static const char *const bad[] = {
		"connect",	  "connect__",	      "connect__foo",	    "connect__fentry_",
		"accept__fentry", "connect_fentry",   "connec__raw",	    "connect__raw2x",
		"__raw",	  "connect__fentryx", "connect32x__classic"
	};
	struct plan plan = {};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(plan_add(&plan, points, good[i], "tp/x"));
	assert_int_equal(plan.n, 4);
	assert_ptr_equal(plan.list[0].point, &points[0]);
	assert_ptr_equal(plan.list[2].point, &points[1]);
	assert_int_equal(plan.list[1].route, TRACEPOINT);
	assert_int_equal(plan.list[3].route, RAW);
	assert_int_equal(plan.list[3].part, strlen("connect_a_b"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(plan_add(&plan, points, bad[i], "tp/x"));
	assert_int_equal(plan.n, 4);
	plan_free(&plan);
}

/* The table of losses, hook by kernel: '.' loses nothing, 'x' loses events. */
static void losses(void **state)
{
	static const struct kernel kernels[] = {
		{ "", KERNEL(5, 10), PREEMPT_NONE },	  { "", KERNEL(6, 1), PREEMPT_FULL },
		{ "", KERNEL(6, 12), PREEMPT_VOLUNTARY }, { "", KERNEL(6, 18), PREEMPT_LAZY },
		{ "", KERNEL(6, 19), PREEMPT_UNKNOWN },	  { "", KERNEL(7, 0), PREEMPT_LAZY },
		{ "", KERNEL(7, 1), PREEMPT_FULL },	  { "", KERNEL(7, 2), PREEMPT_LAZY },
		{ "", KERNEL(8, 0), PREEMPT_LAZY },
	};
	static const struct {
		const char *section, *verdict;
	} table[] = {
		{ "fentry/__sys_connect", ".x.xxxxxx" },
		{ "fexit/__sys_connect", ".x.xxxxxx" },
		{ "lsm/socket_connect", "........." },
		{ "kprobe/__sys_connect", "........." },
		{ "kretprobe/__sys_connect", "xxxxxxxxx" },
		{ "raw_tp/sys_enter", ".......xx" },
		{ "raw_tp/sys_exit", ".......xx" },
		{ "raw_tp/inet_sock_set_state", ".....xxxx" },
		{ "tp/syscalls/sys_enter_connect", ".......xx" },
		{ "tp/sock/inet_sock_set_state", "........." },
		{ "perf_event", "xxxxxxxxx" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		for (size_t k = 0; k < sizeof(kernels) / sizeof(*kernels); k++)
			assert_int_equal(hook_loses(table[i].section, &kernels[k]),
					 table[i].verdict[k] == 'x');
}

static void strike(struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n; i++)
		if (!strcmp(plan->list[i].name, name))
			plan->list[i].struck = NOT_LOADED;
}

static void choice(void **state)
{
	static const struct kernel calm = { "", KERNEL(6, 12), PREEMPT_VOLUNTARY };
	static const struct kernel full = { "", KERNEL(6, 12), PREEMPT_FULL };
	static const struct kernel late = { "", KERNEL(7, 2), PREEMPT_LAZY };
	struct plan plan = { .kernel = &calm };

	(void)state;
	plan_add(&plan, points, "connect__tracepoint", "tp/syscalls/sys_enter_connect");
	plan_add(&plan, points, "connect_ret__tracepoint", "tp/syscalls/sys_exit_connect");
	plan_add(&plan, points, "connect__kprobe", "kprobe/__sys_connect");
	plan_add(&plan, points, "connect_ret__kprobe", "tp/syscalls/sys_exit_connect");
	plan_add(&plan, points, "connect__fentry", "fentry/__sys_connect");
	plan_add(&plan, points, "connect_ret__fentry", "fexit/__sys_connect");
	plan_add(&plan, points, "connect_ret__fentry2", "fexit/__sys_connect");
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), FENTRY);
	assert_int_equal(plan_choose(&plan, ANY, &points[1]), ROUTES);
	assert_int_equal(plan_choose(&plan, ONLY(TRACEPOINT), &points[0]), TRACEPOINT);
	assert_int_equal(plan_choose(&plan, ONLY(KPROBE), &points[0]), KPROBE);
	/* what loses events there comes after what doesn't, but before nothing */
	plan.kernel = &full;
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), KPROBE);
	assert_int_equal(plan_choose(&plan, ONLY(FENTRY), &points[0]), FENTRY);
	/* and what loses in one place only before what does in two */
	plan.kernel = &late;
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), KPROBE);
	assert_int_equal(plan_choose(&plan, ONLY(FENTRY), &points[0]), FENTRY);
	/* a variant left is enough, a part without any is not */
	plan.kernel = &calm;
	strike(&plan, "connect_ret__fentry");
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), FENTRY);
	strike(&plan, "connect_ret__fentry2");
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), KPROBE);
	assert_int_equal(plan_choose(&plan, ONLY(FENTRY), &points[0]), ROUTES);
	strike(&plan, "connect__kprobe");
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), TRACEPOINT);
	strike(&plan, "connect__tracepoint");
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), ROUTES);
	plan_free(&plan);
}

/* Tracepoints of the inside: raw until they are preempted; a twin's own losses add none. */
static void inside(void **state)
{
	static const struct kernel before = { "", KERNEL(6, 19), PREEMPT_FULL };
	static const struct kernel after = { "", KERNEL(7, 0), PREEMPT_LAZY };
	struct plan plan = { .kernel = &before };

	(void)state;
	plan_add(&plan, points, "connect__raw", "raw_tp/inet_sock_set_state");
	plan_add(&plan, points, "connect__classic", "tp/sock/inet_sock_set_state");
	plan_add(&plan, points, "connect_twin__classic", "raw_tp/inet_sock_set_state");
	for (unsigned backends = 1; backends <= ANY; backends++) {
		plan.kernel = &before;
		assert_int_equal(plan_choose(&plan, backends, &points[0]), RAW);
		plan.kernel = &after;
		assert_int_equal(plan_choose(&plan, backends, &points[0]), CLASSIC);
	}
	plan_free(&plan);
}

/*
 * Hooks that look inside: LSM's lose none, beside an fexit that loses failures only. By fentry
 * the same is as good where nothing gets lost.
 */
static void insiders(void **state)
{
	static const struct kernel calm = { "", KERNEL(6, 12), PREEMPT_VOLUNTARY };
	static const struct kernel lazy = { "", KERNEL(7, 1), PREEMPT_LAZY };
	static const struct kernel late = { "", KERNEL(7, 2), PREEMPT_LAZY };
	struct plan plan = { .kernel = &calm };

	(void)state;
	plan_add(&plan, points, "connect__tracepoint", "tp/syscalls/sys_enter_connect");
	plan_add(&plan, points, "connect_ret__tracepoint", "tp/syscalls/sys_exit_connect");
	plan_add(&plan, points, "connect__syscall", "tp/syscalls/sys_exit_connect");
	plan_add(&plan, points, "connect_made__kprobe", "kprobe/security_x");
	plan_add(&plan, points, "connect_failed__kprobe", "tp/syscalls/sys_exit_connect");
	plan_add(&plan, points, "connect_4failed__kprobe", "tp/syscalls/sys_exit_connect4");
	plan_add(&plan, points, "connect_made__fentry", "fentry/security_x");
	plan_add(&plan, points, "connect_failed__fentry", "fexit/__sys_connect");
	plan_add(&plan, points, "connect_made__lsm", "lsm/x");
	plan_add(&plan, points, "connect_failed__lsm", "fexit/__sys_connect");
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), FENTRY);
	/* one call's exit, without losses, is cheaper than that and a kprobe */
	assert_int_equal(plan_choose(&plan, ONLY(KPROBE), &points[0]), SYSCALL);
	plan.kernel = &lazy;
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), SYSCALL);
	assert_int_equal(plan_choose(&plan, ONLY(FENTRY), &points[0]), LSM);
	plan.kernel = &late;
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), LSM);
	assert_int_equal(plan_choose(&plan, ONLY(KPROBE), &points[0]), KPROBE);
	assert_int_equal(plan_choose(&plan, ONLY(TRACEPOINT), &points[0]), SYSCALL);
	assert_int_equal(route_loses(&plan, &points[0], LSM), 1);
	assert_int_equal(route_loses(&plan, &points[0], KPROBE), 2);
	assert_int_equal(route_loses(&plan, &points[0], FENTRY), LOSES_ANY + 1);
	assert_int_equal(route_loses(&plan, &points[0], TRACEPOINT), 2 * LOSES_ANY);
	/* a kernel without that LSM */
	strike(&plan, "connect_made__lsm");
	assert_int_equal(plan_choose(&plan, ANY, &points[0]), KPROBE);
	assert_int_equal(plan_choose(&plan, ONLY(FENTRY), &points[0]), FENTRY);
	assert_true(route_sees_compat(FENTRY) && route_sees_compat(LSM));
	assert_false(route_sees_compat(KPROBE) || route_sees_compat(SYSCALL));
	plan_free(&plan);
}

static void every_object(void **state)
{
	(void)state;
	for_each_tool(t) {
		struct bpf_object *obj =
			bpf_object__open_mem((*t)->bpf, (*t)->bpf_end - (*t)->bpf, NULL);
		struct plan plan = { .kernel = kernel_here() };
		struct bpf_program *prog;

		assert_non_null(obj);
		bpf_object__for_each_program(prog, obj)
			assert_true(plan_add(&plan, (*t)->points, bpf_program__name(prog),
					     bpf_program__section_name(prog)));
		for (const struct point *p = (*t)->points; p->name; p++) {
			const char *why = prod(p->name);

			assert_int_not_equal(plan_choose(&plan, ANY, p), ROUTES);
			/* a call must be known for it, whether it can be made here or not */
			assert_true(!why || strcmp(why, "there is no test of it"));
		}
		plan_free(&plan);
		bpf_object__close(obj);
	}
}

static void command_line(void **state)
{
	(void)state;
	assert_int_equal(preempt_in_command_line(""), PREEMPT_UNKNOWN);
	assert_int_equal(preempt_in_command_line("quiet preempt=full\n"), PREEMPT_FULL);
	assert_int_equal(preempt_in_command_line("preempt=none ro"), PREEMPT_NONE);
	assert_int_equal(preempt_in_command_line("preempt=full preempt=lazy"), PREEMPT_LAZY);
	assert_int_equal(preempt_in_command_line("xpreempt=full preempt=fuller"),
			 PREEMPT_UNKNOWN);
	assert_int_equal(preempt_in_command_line("preempt= preempt"), PREEMPT_UNKNOWN);
	assert_int_equal(preempt_in_command_line("a -- preempt=full"), PREEMPT_UNKNOWN);
}

static enum preempt configured(const char *text)
{
	char path[] = "/tmp/sockray-config.XXXXXX";
	int fd = mkstemp(path);
	enum preempt p;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	p = preempt_in_config(path);
	close(fd);
	unlink(path);
	return p;
}

static void config(void **state)
{
	(void)state;
	assert_int_equal(preempt_in_config("/nonexistent"), PREEMPT_UNKNOWN);
	assert_int_equal(configured(""), PREEMPT_UNKNOWN);
	assert_int_equal(
		configured("# CONFIG_PREEMPT_NONE is not set\n"
			   "CONFIG_PREEMPT_VOLUNTARY=y\n# CONFIG_PREEMPT is not set\n"),
		PREEMPT_VOLUNTARY);
	assert_int_equal(configured("CONFIG_PREEMPT_BUILD=y\nCONFIG_PREEMPT_NONE=y\n"
				    "# CONFIG_PREEMPT_LAZY is not set\nCONFIG_PREEMPT_RCU=y\n"),
			 PREEMPT_NONE);
	assert_int_equal(configured("CONFIG_PREEMPT=y\nCONFIG_X=y\n"), PREEMPT_FULL);
	assert_int_equal(configured("CONFIG_PREEMPT_LAZY=y\nCONFIG_PREEMPT_RT=y\nCONFIG_X=y\n"),
			 PREEMPT_FULL);
	assert_int_equal(configured("CONFIG_PREEMPT_LAZY=y\n# CONFIG_PREEMPT_RT is not set\n"),
			 PREEMPT_LAZY);
}

static void debugfs(void **state)
{
	(void)state;
	assert_int_equal(preempt_in_debugfs(""), PREEMPT_UNKNOWN);
	assert_int_equal(preempt_in_debugfs("none (voluntary) full \n"), PREEMPT_VOLUNTARY);
	assert_int_equal(preempt_in_debugfs("full (lazy)"), PREEMPT_LAZY);
	assert_int_equal(preempt_in_debugfs("(full"), PREEMPT_FULL);
	assert_int_equal(preempt_in_debugfs("(other)"), PREEMPT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),	cmocka_unit_test(losses),
		cmocka_unit_test(choice),	cmocka_unit_test(inside),
		cmocka_unit_test(insiders),	cmocka_unit_test(every_object),
		cmocka_unit_test(command_line), cmocka_unit_test(config),
		cmocka_unit_test(debugfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
