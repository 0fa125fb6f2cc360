// SPDX-License-Identifier: GPL-2.0
/* empty.bpf.c - programs that do nothing, one of each kind: what a hook costs by itself. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define EMPTY(name, section)                                                                   \
	SEC(section)                                                                           \
	int name(void *ctx)                                                                    \
	{                                                                                      \
		return 0;                                                                      \
	}

EMPTY(tracepoint, "?tracepoint")
EMPTY(raw_tp, "?raw_tp")
EMPTY(fentry, "?fentry")
EMPTY(fexit, "?fexit")
EMPTY(kprobe, "?kprobe")

char LICENSE[] SEC("license") = "GPL";
