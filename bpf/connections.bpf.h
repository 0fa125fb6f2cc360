/* SPDX-License-Identifier: GPL-2.0 */
/*
 * connections.bpf.h - new connections, accepted and connected, counted by process and by what a
 * tool wants to know of their sockets: sofamily, soprotocol.
 *
 * The tool defines COUNT_KEY, with the members comm and call, and COUNT_TABLE before it includes
 * this, and
 *	COUNT_ACCEPT			the call of accepts in a key: OP_ACCEPT
 *	COUNT_BT_SOCKETS		--bt: the book's script sees only calls on sockets
 *	key_fill(key, sk, sk_family, ends, have)	the rest of a key; sk may be NULL
 */
#ifndef CONNECTIONS_BPF_H
#define CONNECTIONS_BPF_H

#include "count.bpf.h"

#include "accepted.bpf.h"
#include "attempt.bpf.h"
#include "point/task.h"

static __always_inline void key_fill(COUNT_KEY *key, struct sock *sk, __u16 sk_family,
				     const struct ends *ends, __u32 have);

static __always_inline void name_fill(char *comm, const struct who *who)
{
	/* not of one chosen pointer: its alignment would be unknown, and the copy bytewise */
	if (conf.bt)
		__builtin_memcpy(comm, who->thread, COMM_LEN);
	else
		__builtin_memcpy(comm, who->comm, COMM_LEN);
}

handler attempt_begun(struct attempt *a, struct sock *sk, struct call *call)
{
	struct last *last = call && (call->flags & CALL_STORED) ? &call->last : NULL;
	COUNT_KEY key = {};
	struct counts *c;

	if (!a->wanted || (conf.bt && COUNT_BT_SOCKETS && !sk))
		return;
	name_fill(key.comm, &a->who);
	key.call = OP_CONNECT;
	key_fill(&key, sk, a->sk_family, &a->ends, a->have);
	a->slot = count_slot_again(&key, last);
	c = count_at(a->slot);
	if (c)
		COUNT(c, begun);
}

handler attempt_over(struct attempt *a, __u32 size)
{
	struct counts *c = count_at(a->slot);

	if (!c)
		return;
	COUNT_EVENT(shown);
	count_result(c, a->result);
}

handler attempt_dropped(struct attempt *a)
{
	struct counts *c = count_at(a->slot);

	if (c)
		COUNT(c, dropped);
}

routine void accept_over(const struct who *who, struct sock *sk, int result, struct last *last)
{
	COUNT_KEY key = {};
	struct ends ends = {};
	struct counts *c;
	__u32 have = 0;

	if (sk)
		have = accept_ends(&ends, sk);
	/* the book counts only accepts that came about */
	if ((conf.bt && result) || !accept_wanted(who, &ends, have, result)) {
		COUNT_EVENT(filtered);
		return;
	}
	name_fill(key.comm, who);
	key.call = COUNT_ACCEPT;
	key_fill(&key, sk, ends.family, &ends, have);
	c = count_at(count_slot_again(&key, last));
	if (!c)
		return;
	COUNT_EVENT(shown);
	COUNT(c, begun);
	count_result(c, result);
}

handler on_signal(void *ctx, bool restarts)
{
	attempt_signal(restarts);
	accept_signal(restarts);
}

handler on_exit(void *ctx, int result)
{
	attempt_exit(result);
	accept_exit();
}

handler on_uring(void *ctx, struct io_kiocb *req, struct call_key key)
{
	attempt_uring(req, key);
	accept_uring(req, key);
}

handler on_uring_done(void *ctx, struct io_kiocb *req, struct call_key key,
		      struct uring_done done)
{
	attempt_uring_done(req, key, done.res);
	accept_uring_done(req, &done);
}

#endif
