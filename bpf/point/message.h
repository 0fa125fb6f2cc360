/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/message.h - a message was sent or received, whatever the path: send, write, sendfile,
 * splice, AIO, io_uring, 32-bit; each message of sendmmsg and recvmmsg by itself.
 *
 * The tool that includes this defines
 *	on_message(ctx, op, sk, ret, flags)	op: OP_SEND, OP_RECV; ret: bytes or -errno;
 *						flags: MSG_*
 *
 * A sendfile or splice to a socket is a message for each 64 KiB that a pipe holds, on any kernel.
 *
 * What a route does not see stands before it: BLIND(). Nor are calls on bad descriptors messages.
 *	__raw, __classic	from 6.3 on
 *	__fentry		up to 6.4. Stable kernels before 5.10.198, 5.15.135 and 6.1.57
 *				send all through sock_sendmsg: there it would count twice,
 *				finds that out by a send of its own, and is not used
 * There is none for kprobes or for system calls' tracepoints before 6.3: they can't tell results.
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

BLIND("splice(2) from a TCP socket")
SEC("?raw_tp/sock_recv_length")
int BPF_PROG(recv__raw, struct sock *sk, int ret, int flags)
{
	on_message(ctx, OP_RECV, sk, ret, flags);
	return 0;
}

static __always_inline struct sock *file_sk(struct file *file)
{
	struct socket *socket = file_socket(file);

	return socket ? READ(socket, sk) : NULL;
}

BLIND("sends during which another thread closed their descriptor")
SEC("?fexit/__sys_sendto")
int send__fentry(__u64 *ctx)
{
	struct socket *socket = fd_socket(current_task(), ctx[0]);

	if (socket)
		on_message(ctx, OP_SEND, READ(socket, sk), ctx[6], ctx[3]);
	return 0;
}

SEC("?fexit/____sys_sendmsg")
int send_msg__fentry(__u64 *ctx)
{
	struct socket *socket = (struct socket *)ctx[0];

	on_message(ctx, OP_SEND, READ(socket, sk), ctx[5], ctx[2]);
	return 0;
}

/* The same without waiting, if io_uring wants that; a program's own O_NONBLOCK is no matter here. */
static __always_inline int iocb_flags(struct kiocb *iocb)
{
	return READ(iocb, ki_flags) & IOCB_NOWAIT ? MSG_DONTWAIT : 0;
}

SEC("?fexit/sock_write_iter")
int send_write__fentry(__u64 *ctx)
{
	struct kiocb *iocb = (struct kiocb *)ctx[0];

	on_message(ctx, OP_SEND, file_sk(READ(iocb, ki_filp)), ctx[2], iocb_flags(iocb));
	return 0;
}

SEC("?fexit/generic_splice_sendpage")
int send_splice__fentry(__u64 *ctx)
{
	struct sock *sk = file_sk((struct file *)ctx[1]);

	if (sk)
		on_message(ctx, OP_SEND, sk, ctx[5], 0);
	return 0;
}

/* io_uring's SEND and SEND_ZC */
SEC("?fexit/sock_sendmsg")
int send_uring__fentry(__u64 *ctx)
{
	struct socket *socket = (struct socket *)ctx[0];
	struct msghdr *msg = (struct msghdr *)ctx[1];

	/* our own by io_uring shows that this fires, another way to send should not come here */
	if (bpf_get_current_pid_tgid() >> 32 == conf.self)
		ctl.nested |= call_nr(call_regs()) != NR_IO_URING_ENTER;
	else
		on_message(ctx, OP_SEND, READ(socket, sk), ctx[2], READ(msg, msg_flags));
	return 0;
}

BLIND("splice(2) from a socket") BLIND_EARLIER BLIND_WAITING
SEC("?fexit/sock_recvmsg")
int recv__fentry(__u64 *ctx)
{
	struct socket *socket = (struct socket *)ctx[0];

	on_message(ctx, OP_RECV, READ(socket, sk), ctx[3], ctx[2]);
	return 0;
}

/* recvmmsg(2): all after the first go around sock_recvmsg */
SEC("?fexit/____sys_recvmsg")
int recv_msg__fentry(__u64 *ctx)
{
	struct socket *socket = (struct socket *)ctx[0];

	if ((int)ctx[5] /* nosec */)
		on_message(ctx, OP_RECV, READ(socket, sk), ctx[6], ctx[4]);
	return 0;
}

SEC("?tp/sock/sock_send_length")
int send__classic(struct trace_event_raw_sock_msg_length *ctx)
{
	on_message(ctx, OP_SEND, ctx->sk, ctx->ret, ctx->flags);
	return 0;
}

BLIND("splice(2) from a TCP socket")
SEC("?tp/sock/sock_recv_length")
int recv__classic(struct trace_event_raw_sock_msg_length *ctx)
{
	on_message(ctx, OP_RECV, ctx->sk, ctx->ret, ctx->flags);
	return 0;
}

#endif
