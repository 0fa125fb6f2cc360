/* SPDX-License-Identifier: GPL-2.0 */
/*
 * accepted.bpf.h - accepting, from a task's wish to its outcome, whether by accept(2), accept4(2)
 * or io_uring (also multishot). What was accepted is told by the new socket itself, never by the
 * caller's buffer, which may be NULL.
 *
 * The tool that includes this defines
 *	accept_over(who, sk, result, last)	sk: the new socket; after a failure the listening
 *					one, or NULL; result: 0 or an errno; last: the thread's,
 *					of count.bpf.h, or NULL
 * and calls accept_signal(), accept_exit(), accept_uring(), accept_uring_done() from its handlers
 * of these.
 */
#ifndef ACCEPTED_BPF_H
#define ACCEPTED_BPF_H

#include "point/accept.h"
#include "point/exit.h"
#include "point/signal.h"
#include "point/uring.h"

#define IORING_OP_ACCEPT 13

routine void accept_over(const struct who *who, struct sock *sk, int result,
			 struct last *last);

/* What the filters need to know of a socket. */
static __always_inline __u32 accept_ends(struct ends *e, struct sock *sk)
{
	__u32 have = ends_kind(e, sk);
	__u16 family = e->family;

	if ((conf.filters & (FILTER_PORT | FILTER_ADDR)) && is_inet(family))
		have |= ends_remote(e, sk, family);
	return have;
}

static __always_inline bool accept_wanted(const struct who *who, const struct ends *e,
					  __u32 have, int result)
{
	return task_wanted(who) && ends_wanted(e, have, e->family) && result_wanted(result, 0);
}

struct accepting {
	struct who who;
	struct sock *listener;
	/* it returned -ERESTARTSYS; a handler has decided that it starts again: accept_signal */
	enum { RUNS, RESTARTS, DECIDED } restarts;
	__u32 direct; /* io_uring: into a slot, not a descriptor */
	__u32 taken;  /* on_accepted: it is told already; what its call returns changes nothing */
};

/* In place of `accepting`, for system calls. */
struct thread_accepting {
	struct accepting a;
	__u32 open, pad;
	struct last last;
};

THREAD_STORAGE(thread_accepting, thread_accepting);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, __u32);
	__type(value, struct accepting);
} accepting SEC(".maps");

/* Multishot requests, whose completions come without their request: by ring and user_data. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, struct call_key);
	__type(value, struct accepting);
} uring_accepting SEC(".maps");

static volatile __u32 accepting_full; /* one found no room: what has no record may be that */

static __always_inline bool accept_begin(struct accepting *a, struct sock *listener)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (id >> 32 == conf.self || !ctl.open)
		return false;
	who_fill(&a->who, current_task(), id);
	a->listener = listener;
	return true;
}

/* What the current thread is accepting. */
static __always_inline struct accepting *thread_accepts(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct thread_accepting *stored;

	if (!conf.storage)
		return bpf_map_lookup_elem(&accepting, &tid);
	stored = thread_record(&thread_accepting, false);
	return stored && stored->open ? &stored->a : NULL;
}

/* What it counted last; a: from thread_accepts(). */
static __always_inline struct last *thread_last(struct accepting *a)
{
	return conf.storage ? &((struct thread_accepting *)a)->last : NULL;
}

static __always_inline void thread_accepted(struct accepting *a)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (conf.storage)
		((struct thread_accepting *)a)->open = 0;
	else
		bpf_map_delete_elem(&accepting, &tid);
}

/*
 * Keep it with its thread, also in place of what was interrupted and starts again now. Where it is
 * then; NULL: there is none, which is counted.
 */
static __always_inline struct accepting *thread_keeps(struct accepting *a)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct thread_accepting *stored;

	if (conf.storage) {
		stored = thread_record(&thread_accepting, true);
		if (stored) {
			stored->a = *a;
			stored->open = 1;
			return &stored->a;
		}
	} else if (!bpf_map_update_elem(&accepting, &tid, a, BPF_ANY)) {
		return a;
	}
	accepting_full = 1;
	if (conf.storage)
		COUNT_EVENT(stale); /* see call_new() */
	else
		COUNT_EVENT(map_full);
	return NULL;
}

handler on_accept(void *ctx, int fd, int via)
{
	struct accepting a = {};

	if (fd == -1 && is_prod(-EBADF))
		return;
	if (accept_begin(&a, socket_sk(fd_socket(current_task(), fd))))
		thread_keeps(&a);
}

/* The current call, which nobody saw begin (or that was in doubt: known), has taken a connection. */
static __always_inline void accept_late(struct sock *sk, bool known)
{
	struct accepting a = {};

	if (sk && (known || !accepting_full) && accept_begin(&a, NULL))
		accept_over(&a.who, sk, 0, NULL);
}

handler on_accepted(void *ctx, struct sock *sk)
{
	struct accepting a = {}, *kept;

	if (!accept_begin(&a, sk))
		return;
	a.taken = accept_cant_fail();
	kept = thread_keeps(&a);
	if (kept && a.taken)
		accept_over(&a.who, sk, 0, thread_last(kept));
}

handler on_accept_end(void *ctx, int fd, int ret)
{
	struct accepting *a = thread_accepts(), now = {};

	if (a && a->taken && (ret >= 0 || ret == -EFAULT)) {
		thread_accepted(a);
		return;
	}
	if (ret >= 0) {
		/* of a family that tells security nothing of it, or in doubt until now */
		accept_late(socket_sk(fd_socket(current_task(), ret)), a);
	} else if ((fd != -1 || !is_prod(ret)) &&
		   accept_begin(&now, socket_sk(fd_socket(current_task(), fd)))) {
		if (ret == -ERESTARTSYS) {
			now.restarts = RESTARTS;
			thread_keeps(&now);
			return;
		}
		accept_over(&now.who, now.listener, -ret, a ? thread_last(a) : NULL);
	}
	if (a)
		thread_accepted(a);
}

handler on_accept_ret(void *ctx, int ret)
{
	struct accepting *a = thread_accepts();
	struct sock *sk = NULL;

	if (!a) {
		if (ret >= 0)
			accept_late(socket_sk(fd_socket(current_task(), ret)), false);
		return;
	}
	if (ret == -ERESTARTSYS) {
		a->restarts = RESTARTS;
		return;
	}
	if (ret >= 0)
		sk = socket_sk(fd_socket(current_task(), ret));
	/* closed already by another thread: of the listener's kind it was at any rate */
	accept_over(&a->who, sk ? sk : a->listener, ret < 0 ? -ret : 0, thread_last(a));
	thread_accepted(a);
}

static __always_inline void accept_signal(bool restarts)
{
	struct accepting *a = thread_accepts();

	if (!a || a->restarts != RESTARTS)
		return;
	if (restarts) {
		a->restarts = DECIDED;
		return;
	}
	accept_over(&a->who, a->listener, 4 /* EINTR */, thread_last(a));
	thread_accepted(a);
}

/* A thread that ends while it waits has not been refused anything: no outcome. */
static __always_inline void accept_exit(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	/* a stored one ends with its thread */
	if (!conf.storage)
		bpf_map_delete_elem(&accepting, &tid);
}

static __always_inline void accept_uring(struct io_kiocb *req, struct call_key key)
{
	struct accepting a = {};

	if (uring_opcode(req) != IORING_OP_ACCEPT)
		return;
	key = uring_by_data(req, key);
	a.direct = uring_accepts_direct(req);
	if (accept_begin(&a, uring_sk(req)) &&
	    bpf_map_update_elem(&uring_accepting, &key, &a, BPF_ANY))
		COUNT_EVENT(map_full);
}

/*
 * Without its request a completion might be another multishot's with the same user_data (a
 * receive's, say): then its result is no descriptor of a socket at the listener's port.
 */
static __always_inline bool is_accepted(struct sock *sk, struct sock *listener)
{
	__u16 family = READ(listener, __sk_common.skc_family);

	if (!sk || READ(sk, __sk_common.skc_family) != family)
		return false;
	return !is_inet(family) ||
	       READ(sk, __sk_common.skc_num) == READ(listener, __sk_common.skc_num);
}

static __always_inline void accept_uring_done(struct io_kiocb *req, struct uring_done *done)
{
	struct accepting *a;
	struct sock *sk = NULL, *listener;

	if (req ? uring_opcode(req) != IORING_OP_ACCEPT :
		  uring_tells() && !uring_is_more(req, done))
		return;
	a = bpf_map_lookup_elem(&uring_accepting, &done->by_data);
	if (!a)
		return;
	listener = a->listener;
	if (done->res >= 0 && !a->direct)
		sk = socket_sk(fd_socket(current_task(), done->res));
	if (!req && done->res >= 0 && !a->direct && listener && !is_accepted(sk, listener))
		return;
	if (!sk)
		sk = listener; /* a direct descriptor, or closed already */
	if (!sk && req)
		sk = socket_sk(file_socket(uring_file(req)));
	accept_over(&a->who, sk, done->res < 0 ? -done->res : 0, NULL);
	if (!(done->cflags & IORING_CQE_F_MORE))
		bpf_map_delete_elem(&uring_accepting, &done->by_data);
}

#endif
