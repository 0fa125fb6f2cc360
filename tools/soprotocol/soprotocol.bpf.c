// SPDX-License-Identifier: GPL-2.0
/*
 * soprotocol.bpf.c - kernel half of soprotocol: new connections by process and transport protocol.
 */
#include "soprotocol.h"

#define COUNT_KEY struct soprotocol_key
#define COUNT_TABLE soprotocol
/* the book's script has one map for both */
#define COUNT_ACCEPT (conf.bt ? OP_CONNECT : OP_ACCEPT)
#define COUNT_BT_SOCKETS true
#include "../../bpf/connections.bpf.h"

static __always_inline void key_fill(struct soprotocol_key *key, struct sock *sk,
				     __u16 sk_family, const struct ends *ends, __u32 have)
{
	struct proto *prot;

	if (!sk)
		return;
	key->have = HAVE_SOCKET;
	key->protocol = READ(sk, sk_protocol);
	key->family = is_inet(sk_family) ? AF_INET : 0;
	prot = READ(sk, __sk_common.skc_prot);
	READ_INTO(key->name, sizeof(key->name), prot, name);
}
