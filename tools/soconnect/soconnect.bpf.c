// SPDX-License-Identifier: GPL-2.0
/*
 * soconnect.bpf.c - kernel half of soconnect: a row for every attempt to connect.
 */
#include "../../bpf/attempt.bpf.h"
#include "../../bpf/point/task.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} soconnect SEC(".maps");

handler attempt_begun(struct attempt *a, struct sock *sk, struct call *call)
{
}

handler attempt_dropped(struct attempt *a)
{
}

handler attempt_over(struct attempt *a, __u32 size)
{
	/* the book has no rows without an address */
	if (conf.bt && !(a->have & HAVE_RADDR))
		COUNT_EVENT(filtered);
	else
		emit(&soconnect, a, size);
}

handler on_signal(void *ctx, bool restarts)
{
	attempt_signal(restarts);
}

handler on_exit(void *ctx, int result)
{
	attempt_exit(result);
}

handler on_uring(void *ctx, struct io_kiocb *req, struct call_key key)
{
	attempt_uring(req, key);
}

handler on_uring_done(void *ctx, struct io_kiocb *req, struct call_key key,
		      struct uring_done done)
{
	attempt_uring_done(req, key, done.res);
}
