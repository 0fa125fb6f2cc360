/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/message.h - a message was sent or received, whatever the path: send, write, sendfile,
 * splice, AIO, io_uring, 32-bit; each message of sendmmsg and recvmmsg by itself.
 *
 * The tool that includes this defines
 *	on_message(ctx, op, sk, ret, flags)	op: OP_SEND, OP_RECV; ret: bytes or -errno;
 *						flags: MSG_*
 *
 * What a route does not see:
 *	__raw, __classic	splice() from a TCP socket; bad descriptors. They exist from
 *				6.3 on; before, tracepoints have no way at all
 */
#ifndef POINT_MESSAGE_H
#define POINT_MESSAGE_H

#include "../ray.bpf.h"

handler on_message(void *ctx, int op, struct sock *sk, int ret, int flags);

SEC("?raw_tp/sock_send_length")
int BPF_PROG(send__raw, struct sock *sk, int ret, int flags)
{
	on_message(ctx, OP_SEND, sk, ret, flags);
	return 0;
}

SEC("?raw_tp/sock_recv_length")
int BPF_PROG(recv__raw, struct sock *sk, int ret, int flags)
{
	on_message(ctx, OP_RECV, sk, ret, flags);
	return 0;
}

SEC("?tp/sock/sock_send_length")
int send__classic(struct trace_event_raw_sock_msg_length *ctx)
{
	on_message(ctx, OP_SEND, ctx->sk, ctx->ret, ctx->flags);
	return 0;
}

SEC("?tp/sock/sock_recv_length")
int recv__classic(struct trace_event_raw_sock_msg_length *ctx)
{
	on_message(ctx, OP_RECV, ctx->sk, ctx->ret, ctx->flags);
	return 0;
}

#endif
