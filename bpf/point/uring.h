/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/uring.h - an io_uring request is submitted, and completes.
 *
 * The tool that includes this defines
 *	on_uring(ctx, req, key)		submitted; uring_opcode(req) tells what it wants
 *	on_uring_done(ctx, req, key, done)	complete; req is NULL before 5.19, and for the
 *					further completions of a multishot request
 * key names the request from the one to the other; uring_by_data(req, key) and done.by_data name
 * it as its program does, for multishot ones.
 *
 * The tracepoints changed their arguments three times: ARGS() tells which variant is for which
 * kernel, and a raw tracepoint refuses a program that reads past its last argument.
 *
 * What a route does not see stands before it: BLIND(). The descriptor of a direct (fixed) file is
 * known only when its request is complete.
 */
#ifndef POINT_URING_H
#define POINT_URING_H

#include "../ray.bpf.h"

/* A request by its address, or by its ring and user_data; a system call: { tid, 0 }. */
struct call_key {
	__u64 id, sub;
};

struct uring_done {
	struct call_key by_data;
	int res;
	__u32 cflags;
};

#define IORING_CQE_F_MORE 2 /* further completions of the same request will come */

handler on_uring(void *ctx, struct io_kiocb *req, struct call_key key);
handler on_uring_done(void *ctx, struct io_kiocb *req, struct call_key key,
		      struct uring_done done);

static __always_inline int uring_opcode(struct io_kiocb *req)
{
	return READ(req, opcode);
}

/* A request's file, once it is looked up: always when complete, before 5.19 from the start. */
static __always_inline struct file *uring_file(struct io_kiocb *req)
{
	return READ(req, file);
}

/* The descriptor of a request just submitted, or -1. */
static __always_inline int uring_fd(struct io_kiocb *req)
{
	if (!bpf_core_field_exists(req->cqe) || (READ(req, flags) & REQ_F_FIXED_FILE))
		return -1;
	return READ(req, cqe.fd);
}

/* The socket of a request just submitted: by its file, from 5.19 on by its descriptor. */
static __always_inline struct sock *uring_sk(struct io_kiocb *req)
{
	int fd = uring_fd(req);

	if (!bpf_core_field_exists(req->cqe))
		return socket_sk(file_socket(uring_file(req)));
	return fd == -1 ? NULL : socket_sk(fd_socket(current_task(), fd));
}

/* An accept into a slot of the ring instead of a descriptor. */
static __always_inline bool uring_accepts_direct(struct io_kiocb *req)
{
	struct io_accept *op = (struct io_accept *)req;

	return bpf_core_field_exists(op->file_slot) && READ(op, file_slot);
}

/*
 * Is this a further completion of a multishot request? From 5.19 on such a one comes without its
 * request, and is never an error; the last one comes with it.
 */
static __always_inline bool uring_is_more(struct io_kiocb *req, const struct uring_done *done)
{
	return !req && done->res >= 0 && (done->cflags & IORING_CQE_F_MORE);
}

/* Do completions tell their request? */
static __always_inline bool uring_tells(void)
{
	struct io_kiocb *req = NULL;

	return bpf_core_field_exists(req->cqe);
}

static __always_inline struct call_key uring_by_data(struct io_kiocb *req, struct call_key key)
{
	if (bpf_core_field_exists(req->cqe)) {
		key.id = (__u64)READ(req, ctx);
		key.sub = READ(req, cqe.user_data);
	}
	return key;
}

/* 5.10 */
BLIND("which of two requests with the same user_data in one ring it is")
ARGS(7)
SEC("?raw_tp/io_uring_submit_sqe")
int BPF_PROG(uring__raw, void *ring, struct io_kiocb *req, int opcode, __u64 user_data,
	     __u32 flags, bool nonblock, bool sq_thread)
{
	struct call_key key = { (__u64)ring, user_data };

	asm volatile("" ::"r"(sq_thread));
	on_uring(ctx, req, key);
	return 0;
}

/* 5.19 to 6.3 */
ARGS(2)
SEC("?raw_tp/io_uring_submit_sqe")
int BPF_PROG(uring__raw2, struct io_kiocb *req, bool nonblock)
{
	struct call_key key = { (__u64)req, 0 };

	asm volatile("" ::"r"(nonblock));
	on_uring(ctx, req, key);
	return 0;
}

SEC("?raw_tp/io_uring_submit_req")
int BPF_PROG(uring__raw3, struct io_kiocb *req)
{
	struct call_key key = { (__u64)req, 0 };

	on_uring(ctx, req, key);
	return 0;
}

/* ... as perf has it, for kernels that preempt raw tracepoints: 7.0 on */
SEC("?tp/io_uring/io_uring_submit_req")
int uring__classic(struct trace_event_raw_io_uring_submit_req *ctx)
{
	struct call_key key = { (__u64)ctx->req, 0 };

	on_uring(ctx, ctx->req, key);
	return 0;
}

BLIND("requests without a completion (IOSQE_CQE_SKIP_SUCCESS, a full completion queue)")
SEC("?tp/io_uring/io_uring_complete")
int uring_done__classic(struct trace_event_raw_io_uring_complete *ctx)
{
	struct uring_done done = { { (__u64)ctx->ctx, ctx->user_data }, ctx->res, ctx->cflags };
	struct call_key key = { (__u64)ctx->req, 0 };

	on_uring_done(ctx, ctx->req, key, done);
	return 0;
}

/* 5.19 to 6.15 */
BLIND("requests without a completion (IOSQE_CQE_SKIP_SUCCESS, a full completion queue)")
ARGS(7)
SEC("?raw_tp/io_uring_complete")
int BPF_PROG(uring_done__raw, void *ring, struct io_kiocb *req, __u64 user_data, int res,
	     __u32 cflags, __u64 extra1, __u64 extra2)
{
	struct uring_done done = { { (__u64)ring, user_data }, res, cflags };
	struct call_key key = { (__u64)req, 0 };

	asm volatile("" ::"r"(extra2));
	on_uring_done(ctx, req, key, done);
	return 0;
}

/* 5.10 */
BLIND("requests without a completion (IOSQE_CQE_SKIP_SUCCESS, a full completion queue)")
ARGS(4)
SEC("?raw_tp/io_uring_complete")
int BPF_PROG(uring_done__raw2, void *ring, __u64 user_data, int res, __u32 cflags)
{
	struct uring_done done = { { (__u64)ring, user_data }, res, cflags };

	asm volatile("" ::"r"(cflags));
	on_uring_done(ctx, NULL, done.by_data, done);
	return 0;
}

/* 6.16 on */
BLIND("requests without a completion (IOSQE_CQE_SKIP_SUCCESS, a full completion queue)")
ARGS(3)
SEC("?raw_tp/io_uring_complete")
int BPF_PROG(uring_done__raw3, void *ring, struct io_kiocb *req, struct io_uring_cqe *cqe)
{
	struct uring_done done = { { (__u64)ring, READ(cqe, user_data) }, READ(cqe, res),
				   READ(cqe, flags) };
	struct call_key key = { (__u64)req, 0 };

	on_uring_done(ctx, req, key, done);
	return 0;
}

#endif
