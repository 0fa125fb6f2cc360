/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/accept.h - accept(2) and accept4(2): a task waits for a connection, and the call returns.
 *
 * The tool that includes this defines
 *	on_accept(ctx, fd, via)		the call begins, on the listening descriptor fd
 *	on_accept_ret(ctx, ret, late)	it returns a new descriptor, or an error; late: also of calls
 *					that began before the tool did, which on_accepted won't tell
 *	on_accepted(ctx, sk)		a call takes this connection, whenever it began
 *
 * What a route does not see stands before it: BLIND(). accept32__syscall sees only 32-bit callers,
 * and makes every system call of the host a little slower: only with --compat. By kprobe and
 * tracepoint those callers are not seen otherwise, as no syscalls: tracepoint fires for them on x86.
 */
#ifndef POINT_ACCEPT_H
#define POINT_ACCEPT_H

#include "../ray.bpf.h"

handler on_accept(void *ctx, int fd, int via);
handler on_accept_ret(void *ctx, int ret, bool late);
handler on_accepted(void *ctx, struct sock *sk);

/* Only scalars are read: 5.10 refuses arguments that point to one, as the length does. */
BLIND_FAILED_EARLIER BLIND_WAITING BLIND_URING
SEC("?fentry/__sys_accept4")
int BPF_PROG(accept__fentry, int fd)
{
	on_accept(ctx, fd, in_compat_call() ? VIA_COMPAT : VIA_SYSCALL);
	return 0;
}

SEC("?fexit/__sys_accept4")
int BPF_PROG(accept_ret__fentry, int fd, void *addr, void *len, int flags, int ret)
{
	on_accept_ret(ctx, ret, false);
	return 0;
}

/* No fexit comes of calls that were inside the function when it was attached; this does. */
SEC("?fentry/security_sock_graft")
int BPF_PROG(accept_graft__fentry, struct sock *sk)
{
	if (inside_accept())
		on_accepted(ctx, sk);
	return 0;
}

/* As point/connect.h has it. */
BLIND("32-bit programs (point accept32)")
BLIND_FAILED_EARLIER BLIND_URING
SEC("?kprobe/__sys_accept4")
int BPF_KPROBE(accept__kprobe, int fd)
{
	if (!in_compat_call())
		on_accept(ctx, fd, VIA_SYSCALL);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept")
int accept_ret__kprobe(struct syscall_exit *ctx)
{
	on_accept_ret(ctx, ctx->ret, true);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept4")
int accept_4ret__kprobe(struct syscall_exit *ctx)
{
	on_accept_ret(ctx, ctx->ret, true);
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
	on_accept_ret(ctx, ctx->ret, true);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept4")
int accept_4ret__tracepoint(struct syscall_exit *ctx)
{
	on_accept_ret(ctx, ctx->ret, true);
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
		on_accept_ret(ctx, ret, true);
	return 0;
}
#endif

#endif
