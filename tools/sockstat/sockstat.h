/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sockstat.h - the rows of sockstat: one per interval, or with --by one per key.
 */
#ifndef SOCKSTAT_H
#define SOCKSTAT_H

#include "../../bpf/row.h"

struct sockstat {
	struct counts calls[RETS]; /* by RET_ */
	struct counts ops[OPS];	   /* by OP_: sums of calls */
	struct counts all;	   /* the sum of all ops */
	__u64 mono_ns;		   /* end of the interval */
	__u64 interval;
	__u64 interval_ns;
	__u32 have; /* 1 << OP_: can be seen */
	__u32 pad;
};

struct sockstat_key {
	__u64 ustack, kstack; /* numbers: bpf/stack.bpf.h; 0: none */
	__u64 cgroup;
	__u32 pid, tid;
	__u32 uid, netns;
	__u32 have; /* HAVE_SOCKET, HAVE_FAMILY */
	__u16 family, protocol;
	__u8 call; /* OP_ */
	__u8 pad[7];
	char comm[COMM_LEN];
};

struct sockstat_by {
	struct sockstat_key key;
	struct counts counts;
	__u64 mono_ns;
	__u64 interval;
};

#endif
