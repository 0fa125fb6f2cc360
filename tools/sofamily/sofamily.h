/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sofamily.h - the rows of sofamily: a key, and its counts.
 */
#ifndef SOFAMILY_H
#define SOFAMILY_H

#include "../../bpf/row.h"

struct sofamily_key {
	_Alignas(8) char comm[COMM_LEN]; /* copied and compared by words */
	__u32 have; /* HAVE_FAMILY, unless a bad descriptor leaves nothing to tell it */
	__u16 family;
	__u8 call; /* OP_ACCEPT, OP_CONNECT */
	__u8 pad;
};

struct sofamily {
	struct sofamily_key key;
	struct counts counts;
	__u64 mono_ns; /* end of the interval */
	__u64 interval;
};

#endif
