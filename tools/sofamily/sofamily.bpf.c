// SPDX-License-Identifier: GPL-2.0
/*
 * sofamily.bpf.c - kernel half of sofamily: new connections by process and address family.
 */
#include "sofamily.h"

#define COUNT_KEY struct sofamily_key
#define COUNT_TABLE sofamily
#define COUNT_ACCEPT OP_ACCEPT
#define COUNT_BT_SOCKETS false
#include "../../bpf/connections.bpf.h"

static __always_inline void key_fill(struct sofamily_key *key, struct sock *sk,
				     __u16 sk_family, const struct ends *ends, __u32 have)
{
	key->have = have & HAVE_FAMILY;
	/* the socket's, whatever the address claims; AF_UNSPEC dissolves an association */
	if (have & HAVE_UNSPEC)
		key->family = AF_UNSPEC;
	else
		key->family = sk ? sk_family : ends->family;
}
