/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/state.h - an IP socket changes its TCP state.
 *
 * The tool that includes this defines
 *	on_syn_sent(ctx, sk)		CLOSE -> SYN_SENT
 *	on_handshake_end(ctx, sk, new)	SYN_SENT or SYN_RECV -> another
 *
 * CLOSE -> SYN_SENT, the start of a connection, always comes in the context of the task that
 * connects (or of its io_uring worker), with the destination in the socket. The end (SYN_SENT
 * -> ESTABLISHED, or -> CLOSE with sk_err) comes from wherever the packet or the timer is
 * handled: the current task then is anybody. SYN_RECV is between the two when both sides connect,
 * and comes before the end of passive opens too. MPTCP's subflows come here as well.
 *
 * A program is skipped on a CPU where it already runs, one of perf's also where any other of
 * perf's runs. Ends are handled with interrupts on, and an interrupt may bring the end of another
 * connection: so a twin looks at each end once more, and its handler must do nothing the second
 * time. An interrupt finds one of the two running at most, so together they miss nothing (before
 * 7.0, see below).
 *
 * What a route does not see:
 *	state__raw	nothing before 7.0; there raw tracepoints became preemptible and skip
 *			events under load, which recursion_misses count
 *	state__classic	ends that an interrupt brings while a program of perf's or a bpf(2) call
 *			on a map runs on that CPU, if the twin is preempted there as well
 */
#ifndef POINT_STATE_H
#define POINT_STATE_H

#include "../ray.bpf.h"

handler on_syn_sent(void *ctx, struct sock *sk);
handler on_handshake_end(void *ctx, struct sock *sk, int new);

static __always_inline bool is_handshake_end(int old, int new)
{
	return (old == TCP_SYN_SENT || old == TCP_SYN_RECV) && new != old && new != TCP_SYN_RECV;
}

static __always_inline void state_changes(void *ctx, struct sock *sk, int old, int new)
{
	if (new == TCP_SYN_SENT && old != new)
		on_syn_sent(ctx, sk);
	else if (is_handshake_end(old, new))
		on_handshake_end(ctx, sk, new);
}

SEC("?raw_tp/inet_sock_set_state")
int BPF_PROG(state__raw, struct sock *sk, int old, int new)
{
	state_changes(ctx, sk, old, new);
	return 0;
}

SEC("?raw_tp/inet_sock_set_state")
int BPF_PROG(state_twin__raw, struct sock *sk, int old, int new)
{
	if (is_handshake_end(old, new))
		on_handshake_end(ctx, sk, new);
	return 0;
}

SEC("?tp/sock/inet_sock_set_state")
int state__classic(struct trace_event_raw_inet_sock_set_state *ctx)
{
	state_changes(ctx, (struct sock *)ctx->skaddr, ctx->oldstate, ctx->newstate);
	return 0;
}

/* of another type, so that what skips the one does not skip the other */
SEC("?raw_tp/inet_sock_set_state")
int BPF_PROG(state_twin__classic, struct sock *sk, int old, int new)
{
	if (is_handshake_end(old, new))
		on_handshake_end(ctx, sk, new);
	return 0;
}

#endif
