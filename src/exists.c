/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exists.c - see exists.h.
 */
#include "exists.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/filter.h>

#include "host.h"

#define CGRP_STORAGE_GET ((enum bpf_func_id)210) /* 6.1's headers don't have it */
#define ARGS_MOST 12 /* of a raw tracepoint: what the kernel allows */

/* Of no function at all: permitted, the kernel finds fault with that. */
static bool fentry_forbidden(void)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = 1);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", nothing, 2, &opts);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EPERM;
}

static bool kprobes_absent(void)
{
	return access("/sys/bus/event_source/devices/kprobe", F_OK) &&
	       access("/sys/kernel/tracing/kprobe_events", F_OK) &&
	       access("/sys/kernel/debug/tracing/kprobe_events", F_OK);
}

/*
 * How many arguments a raw tracepoint has: a program that reads past the last one is refused.
 * 0: there is no such tracepoint; -1: not known.
 */
static int tracepoint_args(const char *name)
{
	for (int n = ARGS_MOST; n > 0; n--) {
		struct bpf_insn read_last[] = {
			{ .code = BPF_LDX | BPF_MEM | BPF_DW,
			  .src_reg = BPF_REG_1,
			  .off = 8 * (n - 1) },
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
			{ .code = BPF_JMP | BPF_EXIT },
		};
		int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "GPL", read_last,
					 3, NULL);
		int link, err;

		if (prog < 0)
			return -1;
		link = bpf_raw_tracepoint_open(name, prog);
		err = errno;
		close(prog);
		if (link >= 0) {
			close(link);
			return n;
		}
		if (err == ENOENT)
			return 0;
		if (err != EINVAL)
			return -1;
	}
	return -1;
}

static bool has_section(const struct candidate *c, const char *beginning)
{
	return !strncmp(c->section, beginning, strlen(beginning));
}

void exists_check(struct plan *plan)
{
	bool no_fentry = fentry_forbidden(), no_kprobes = kprobes_absent();
	const char *last = NULL;
	int args = -1;

	for (size_t i = 0; i < plan->n; i++) {
		struct candidate *c = &plan->list[i];

		if (no_fentry && (has_section(c, "fentry/") || has_section(c, "fexit/") ||
				  has_section(c, "lsm/")))
			c->struck = NOT_PERMITTED;
		if (no_kprobes && has_section(c, "kprobe/"))
			c->struck = NOT_ATTACHED;
		if (!c->args)
			continue;
		if (!last || strcmp(last, c->section)) {
			args = tracepoint_args(strchr(c->section, '/') + 1);
			last = c->section;
		}
		if (args >= 0 && args != c->args)
			c->struck = NOT_ATTACHED;
	}
}

static bool helper_exists(enum bpf_func_id helper)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT, helper, NULL) == 1;
}

/*
 * Before 6.2 the helper finds nothing while this CPU is inside it already, for a program that was
 * preempted there. bpf_task_storage_get_recur() mended that (but for new records, until 7.0: see
 * call_new()); the storage of cgroups came with it, in the same release, and can be asked for.
 */
bool exists_thread_storage(bool preempted)
{
	return helper_exists(BPF_FUNC_task_storage_get) &&
	       (!preempted || helper_exists(CGRP_STORAGE_GET));
}

/* Since 6.1 they don't call the allocator where it might be inside itself: a release before that helper. */
bool exists_lazy_maps(void)
{
	return helper_exists(CGRP_STORAGE_GET);
}
