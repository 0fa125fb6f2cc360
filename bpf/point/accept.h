/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/accept.h - accept(2) and accept4(2): a task waits for a connection, and the call returns.
 *
 * The tool that includes this defines
 *	on_accept(ctx, fd, via)		the call begins, on the listening descriptor fd
 *	on_accept_ret(ctx, ret)		that returns a new descriptor, or an error; or one does that
 *					began before the tool did
 * and, for routes that look inside, where a connection is taken once and whenever its call began,
 *	on_accepted(ctx, sk)		a call takes this connection
 *	on_accept_end(ctx, fd, ret)	it returns: with an error, or with what on_accepted was told
 *
 * Those lose no connection where returns get lost: to tracers that come and go, or to preemption
 * (sock_graft by kprobe and LSM: to neither; they need no return to count a success).
 *
 * What a route does not see stands before it: BLIND(). accept32__syscall sees only 32-bit callers,
 * and makes every system call of the host a little slower: only with --compat. By kprobe and
 * tracepoint those callers are not seen otherwise, as no syscalls: tracepoint fires for them on x86.
 */
#ifndef POINT_ACCEPT_H
#define POINT_ACCEPT_H

#include "../ray.bpf.h"

handler on_accept(void *ctx, int fd, int via);
handler on_accept_ret(void *ctx, int ret);
handler on_accepted(void *ctx, struct sock *sk);
handler on_accept_end(void *ctx, int fd, int ret);

/*
 * io_uring's come through point uring. Of the return only scalars are read: 5.10 refuses arguments
 * that point to one, as the length does.
 */
#define ACCEPT_INSIDE(route, graft)                                                            \
	BLIND_FAILED_EARLIER BLIND_FAILED_WAITING BLIND_UNTOLD BLIND_URING SEC("?" graft)      \
	int BPF_PROG(accept_graft__##route, struct sock *sk)                                   \
	{                                                                                      \
		if (inside_accept())                                                           \
			on_accepted(ctx, sk);                                                  \
		return 0;                                                                      \
	}                                                                                      \
	SEC("?fexit/__sys_accept4")                                                            \
	int BPF_PROG(accept_failed__##route, int fd, void *addr, void *len, int flags, int ret) \
	{                                                                                      \
		on_accept_end(ctx, fd, ret);                                                   \
		return 0;                                                                      \
	}

ACCEPT_INSIDE(fentry, "fentry/security_sock_graft")
ACCEPT_INSIDE(lsm, "lsm/sock_graft")

/* The same; its exits see no 32-bit callers, so the entry leaves them to accept32, too. */
BLIND("32-bit programs (point accept32)")
BLIND_UNTOLD BLIND_URING
SEC("?kprobe/security_sock_graft")
int BPF_KPROBE(accept_graft__kprobe, struct sock *sk)
{
	if (!in_compat_call() && inside_accept())
		on_accepted(ctx, sk);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept")
int accept_failed__kprobe(struct syscall_exit *ctx)
{
	on_accept_end(ctx, CALL_ARG(0), ctx->ret);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept4")
int accept_4failed__kprobe(struct syscall_exit *ctx)
{
	on_accept_end(ctx, CALL_ARG(0), ctx->ret);
	return 0;
}

BLIND("32-bit programs (point accept32)")
BLIND_FAILED_EARLIER BLIND_URING
SEC("?tp/syscalls/sys_enter_accept")
int accept__tracepoint(struct syscall_enter *ctx)
{
	on_accept(ctx, ctx->args[0], VIA_SYSCALL);
	return 0;
}

SEC("?tp/syscalls/sys_enter_accept4")
int accept_4__tracepoint(struct syscall_enter *ctx)
{
	on_accept(ctx, ctx->args[0], VIA_SYSCALL);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept")
int accept_ret__tracepoint(struct syscall_exit *ctx)
{
	on_accept_ret(ctx, ctx->ret);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept4")
int accept_4ret__tracepoint(struct syscall_exit *ctx)
{
	on_accept_ret(ctx, ctx->ret);
	return 0;
}

#ifdef __TARGET_ARCH_x86
static __always_inline bool is_accept32(struct pt_regs *regs, unsigned long nr)
{
	__u32 call;

	if (!in_compat_call())
		return false;
	if (nr == NR32_ACCEPT4)
		return true;
	call = READ(regs, bx);
	return nr == NR32_SOCKETCALL && (call == SYS_ACCEPT || call == SYS_ACCEPT4);
}

SEC("?raw_tp/sys_enter")
int BPF_PROG(accept32__syscall, struct pt_regs *regs, unsigned long nr)
{
	__u32 fd;

	if ((nr != NR32_ACCEPT4 && nr != NR32_SOCKETCALL) || !is_accept32(regs, nr))
		return 0;
	fd = READ(regs, bx);
	if (nr == NR32_SOCKETCALL) {
		const void *call = (const void *)(unsigned long)(__u32)READ(regs, cx);

		if (bpf_probe_read_user(&fd, sizeof(fd), call))
			fd = -1;
	}
	on_accept(ctx, fd, VIA_COMPAT);
	return 0;
}

SEC("?raw_tp/sys_exit")
int BPF_PROG(accept32_ret__syscall, struct pt_regs *regs, long ret)
{
	unsigned long nr = READ(regs, orig_ax);

	if ((nr == NR32_ACCEPT4 || nr == NR32_SOCKETCALL) && is_accept32(regs, nr))
		on_accept_ret(ctx, ret);
	return 0;
}
#endif

#endif
