/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/connect.h - connect(2): a task asks for a connection, and the call returns.
 *
 * The tool that includes this defines
 *	on_connect(ctx, fd, addr, len, via)	the call begins; addr is user memory
 *	on_connect_ret(ctx, ret)		it returns; -ERESTARTSYS: interrupted, see signal.h
 *
 * What a route does not see stands before it: BLIND(). connect32__syscall sees only 32-bit callers,
 * and makes every system call of the host a little slower: only with --compat. By kprobe and
 * tracepoint those callers are not seen otherwise, as no syscalls: tracepoint fires for them on x86.
 */
#ifndef POINT_CONNECT_H
#define POINT_CONNECT_H

#include "../ray.bpf.h"

handler on_connect(void *ctx, int fd, const void *addr, int len, int via);
handler on_connect_ret(void *ctx, int ret);

BLIND_EARLIER BLIND_WAITING BLIND_URING
SEC("?fentry/__sys_connect")
int BPF_PROG(connect__fentry, int fd, const void *addr, int len)
{
	on_connect(ctx, fd, addr, len, in_compat_call() ? VIA_COMPAT : VIA_SYSCALL);
	return 0;
}

SEC("?fexit/__sys_connect")
int BPF_PROG(connect_ret__fentry, int fd, const void *addr, int len, int ret)
{
	on_connect_ret(ctx, ret);
	return 0;
}

/* A kprobe tells no result that isn't lost when many wait: that comes from the exit. */
BLIND("32-bit programs (point connect32)")
BLIND_EARLIER BLIND_URING
SEC("?kprobe/__sys_connect")
int BPF_KPROBE(connect__kprobe, int fd, const void *addr, int len)
{
	/* no exit of theirs would come: connect32 has both */
	if (!in_compat_call())
		on_connect(ctx, fd, addr, len, VIA_SYSCALL);
	return 0;
}

SEC("?tp/syscalls/sys_exit_connect")
int connect_ret__kprobe(struct syscall_exit *ctx)
{
	on_connect_ret(ctx, ctx->ret);
	return 0;
}

BLIND("32-bit programs (point connect32)")
BLIND_EARLIER BLIND_URING
SEC("?tp/syscalls/sys_enter_connect")
int connect__tracepoint(struct syscall_enter *ctx)
{
	on_connect(ctx, ctx->args[0], (const void *)ctx->args[1], ctx->args[2], VIA_SYSCALL);
	return 0;
}

SEC("?tp/syscalls/sys_exit_connect")
int connect_ret__tracepoint(struct syscall_exit *ctx)
{
	on_connect_ret(ctx, ctx->ret);
	return 0;
}

#ifdef __TARGET_ARCH_x86
#define SYS_CONNECT 3 /* socketcall's number for connect */

static __always_inline bool is_connect32(struct pt_regs *regs, unsigned long nr)
{
	if (!in_compat_call())
		return false;
	return nr == NR32_CONNECT ||
	       (nr == NR32_SOCKETCALL && (__u32)READ(regs, bx) == SYS_CONNECT);
}

SEC("?raw_tp/sys_enter")
int BPF_PROG(connect32__syscall, struct pt_regs *regs, unsigned long nr)
{
	__u32 args[3] = {};

	if ((nr != NR32_CONNECT && nr != NR32_SOCKETCALL) || !is_connect32(regs, nr))
		return 0;
	if (nr == NR32_CONNECT) {
		args[0] = READ(regs, bx);
		args[1] = READ(regs, cx);
		args[2] = READ(regs, dx);
	} else {
		const void *call = (const void *)(unsigned long)(__u32)READ(regs, cx);

		/* unreadable arguments: the call fails before it looks at a descriptor */
		if (bpf_probe_read_user(args, sizeof(args), call))
			args[0] = -1;
	}
	on_connect(ctx, args[0], (const void *)(unsigned long)args[1], args[2], VIA_COMPAT);
	return 0;
}

SEC("?raw_tp/sys_exit")
int BPF_PROG(connect32_ret__syscall, struct pt_regs *regs, long ret)
{
	unsigned long nr = READ(regs, orig_ax);

	if ((nr == NR32_CONNECT || nr == NR32_SOCKETCALL) && is_connect32(regs, nr))
		on_connect_ret(ctx, ret);
	return 0;
}
#endif

#endif
