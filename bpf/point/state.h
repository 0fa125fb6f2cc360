/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/state.h - an IP socket changes its TCP state.
 *
 * The tool that includes this defines
 *	on_state(ctx, sk, old, new)
 *
 * CLOSE -> SYN_SENT, the start of a connection, always comes in the context of the task that
 * connects (or of its io_uring worker), with the destination in the socket. The end (SYN_SENT
 * -> ESTABLISHED, or -> CLOSE with sk_err) comes from wherever the packet or the timer is
 * handled: the current task then is anybody. MPTCP's subflows come here too.
 *
 * What a route does not see:
 *	state__tracepoint	nothing before 7.0; there raw tracepoints became preemptible and
 *				skip events under load, which their recursion_misses count.
 */
#ifndef POINT_STATE_H
#define POINT_STATE_H

#include "../ray.bpf.h"

handler on_state(void *ctx, struct sock *sk, int old, int new);

SEC("?raw_tp/inet_sock_set_state")
int BPF_PROG(state__tracepoint, struct sock *sk, int old, int new)
{
	on_state(ctx, sk, old, new);
	return 0;
}

#endif
