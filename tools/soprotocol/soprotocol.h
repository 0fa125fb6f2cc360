/* SPDX-License-Identifier: GPL-2.0 */
/*
 * soprotocol.h - the rows of soprotocol: a key, and its counts.
 */
#ifndef SOPROTOCOL_H
#define SOPROTOCOL_H

#include "../../bpf/row.h"

struct soprotocol_key {
	_Alignas(8) char comm[COMM_LEN]; /* copied and compared by words */
	char name[32]; /* the kernel's module name: struct proto.name */
	__u32 have;    /* HAVE_SOCKET, unless the descriptor was none of a socket */
	__u16 protocol;
	__u16 family; /* AF_INET for all IP, else 0: whether the protocol is an IPPROTO_ */
	__u8 call;    /* OP_ACCEPT, OP_CONNECT */
	__u8 pad[7];
};

struct soprotocol {
	struct soprotocol_key key;
	struct counts counts;
	__u64 mono_ns; /* end of the interval */
	__u64 interval;
};

#endif
