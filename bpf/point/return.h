/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/return.h - a socket call has returned: for tools that need to know no more than how often
 * and with what result. One point per operation, exits only, so that a call costs one program and
 * what isn't asked for isn't attached. Not together with connect.h and accept.h, which hook both
 * ends of the same calls.
 *
 * The tool that includes this defines
 *	on_return(ctx, call, ret)	call: RET_*
 *	on_accepted(ctx, sk)		an accept that began before the tool did takes this
 *					connection; its return won't come
 *
 * What a route does not see stands before it: BLIND(). return32__syscall sees only 32-bit callers,
 * and makes every system call of the host a little slower: only with --compat.
 */
#ifndef POINT_RETURN_H
#define POINT_RETURN_H

#include "../ray.bpf.h"

handler on_return(void *ctx, int call, int ret);
handler on_accepted(void *ctx, struct sock *sk);

/* Threads inside accept whose return will come: all but those that were there before us. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, __u32);
	__type(value, __u32);
} in_accept SEC(".maps");

static volatile __u32 in_accept_full; /* one found no room: what isn't there may be that */

static __always_inline int op_of(int call)
{
	switch (call) {
	case RET_ACCEPT:
	case RET_ACCEPT4:
		return OP_ACCEPT;
	case RET_CONNECT:
		return OP_CONNECT;
	case RET_BIND:
		return OP_BIND;
	case RET_LISTEN:
		return OP_LISTEN;
	case RET_SEND:
		return OP_SEND;
	case RET_RECV:
		return OP_RECV;
	}
	return OP_SOCKET;
}

/* accept(2) or accept4(2): one function serves both. */
static __always_inline bool is_accept4(void)
{
	struct pt_regs *regs = call_regs();
	unsigned long nr = call_nr(regs);

	if (!in_compat_call())
		return nr == NR_ACCEPT4;
#ifdef __TARGET_ARCH_x86
	return nr == NR32_ACCEPT4 ||
	       (nr == NR32_SOCKETCALL && (__u32)READ(regs, bx) == SYS_ACCEPT4);
#else
	return true;
#endif
}

#define RETURN_OF(program, function, args, call)                                               \
	BLIND_EARLIER BLIND_WAITING                                                            \
	BLIND_URING SEC("?fexit/" #function) int program##__fentry(__u64 *ctx)                 \
	{                                                                                      \
		on_return(ctx, call, ctx[args]);                                               \
		return 0;                                                                      \
	}

SEC("?fentry/__sys_accept4")
int accept_enter__fentry(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	/* from when all is attached */
	if (ctl.open && bpf_map_update_elem(&in_accept, &tid, &tid, BPF_ANY))
		in_accept_full = 1;
	return 0;
}

BLIND_FAILED_EARLIER BLIND_WAITING BLIND_URING
SEC("?fexit/__sys_accept4")
int accept__fentry(__u64 *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	/* either here or below */
	if (!bpf_map_delete_elem(&in_accept, &tid) || (int)ctx[4] < 0 || in_accept_full)
		/* only --bt tells the two apart */
		on_return(ctx, !conf.bt || is_accept4() ? RET_ACCEPT4 : RET_ACCEPT, ctx[4]);
	return 0;
}

/* No fexit comes of calls that were inside the function when it was attached; this does. */
SEC("?fentry/security_sock_graft")
int BPF_PROG(accept_graft__fentry, struct sock *sk)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (!in_accept_full && inside_accept() && !bpf_map_lookup_elem(&in_accept, &tid))
		on_accepted(ctx, sk);
	return 0;
}

RETURN_OF(connect, __sys_connect, 3, RET_CONNECT)
RETURN_OF(bind, __sys_bind, 3, RET_BIND)
RETURN_OF(listen, __sys_listen, 2, RET_LISTEN)
RETURN_OF(socket, __sys_socket, 3, RET_SOCKET)
RETURN_OF(socket_pair, __sys_socketpair, 4, RET_SOCKETPAIR)

#define RETURN(program, name, call)                                                            \
	BLIND("32-bit programs (point return32)")                                              \
	BLIND_URING SEC("?tp/syscalls/sys_exit_" #name) int program##__syscall(                \
		struct syscall_exit *ctx)                                                      \
	{                                                                                      \
		on_return(ctx, call, ctx->ret);                                                \
		return 0;                                                                      \
	}

RETURN(accept, accept, RET_ACCEPT)
RETURN(accept_4, accept4, RET_ACCEPT4)
RETURN(connect, connect, RET_CONNECT)
RETURN(bind, bind, RET_BIND)
RETURN(listen, listen, RET_LISTEN)
RETURN(socket, socket, RET_SOCKET)
RETURN(socket_pair, socketpair, RET_SOCKETPAIR)

/* The first argument of the current call: its descriptor. */
static __always_inline int call_fd(void)
{
	struct pt_regs *regs = call_regs();
#ifdef __TARGET_ARCH_x86
	__u32 fd;

	if (!in_compat_call())
		return call_first(regs);
	if (READ(regs, orig_ax) != NR32_SOCKETCALL)
		return READ(regs, bx);
	if (bpf_probe_read_user(&fd, sizeof(fd),
				(const void *)(unsigned long)(__u32)READ(regs, cx)))
		return -1;
	return fd;
#else
	return call_first(regs);
#endif
}

/* The descriptors that socketpair(2) has just made: the first one. */
static __always_inline int pair_fd(void)
{
	struct pt_regs *regs = call_regs();
	const void *pair;
	__u32 fd;

	pair = (const void *)call_fourth(regs);
#ifdef __TARGET_ARCH_x86
	if (in_compat_call() && READ(regs, orig_ax) != NR32_SOCKETCALL) {
		pair = (const void *)(unsigned long)(__u32)READ(regs, si);
	} else if (in_compat_call()) {
		__u32 at;

		pair = (const void *)(unsigned long)(__u32)READ(regs, cx);
		if (bpf_probe_read_user(&at, sizeof(at), pair + 12))
			return -1;
		pair = (const void *)(unsigned long)at;
	}
#endif
	return bpf_probe_read_user(&fd, sizeof(fd), pair) ? -1 : (int)fd;
}

#ifdef __TARGET_ARCH_x86
/* i386 calls by number, and socketcall's by their first argument; -1: none of ours. */
static __always_inline int call32(struct pt_regs *regs, unsigned long nr)
{
	if (nr == NR32_SOCKETCALL) {
		switch ((__u32)READ(regs, bx)) {
		case 1:
			return RET_SOCKET;
		case 2:
			return RET_BIND;
		case 3:
			return RET_CONNECT;
		case 4:
			return RET_LISTEN;
		case 5:
			return RET_ACCEPT;
		case 8:
			return RET_SOCKETPAIR;
		case 18:
			return RET_ACCEPT4;
		}
		return -1;
	}
	switch (nr) {
	case 359:
		return RET_SOCKET;
	case 360:
		return RET_SOCKETPAIR;
	case 361:
		return RET_BIND;
	case 362:
		return RET_CONNECT;
	case 363:
		return RET_LISTEN;
	case 364:
		return RET_ACCEPT4;
	}
	return -1;
}

SEC("?raw_tp/sys_exit")
int BPF_PROG(return32__syscall, struct pt_regs *regs, long ret)
{
	unsigned long nr = READ(regs, orig_ax);
	int call;

	if (nr != NR32_SOCKETCALL && (nr < 359 || nr > 364))
		return 0;
	if (!in_compat_call())
		return 0;
	call = call32(regs, nr);
	if (call >= 0 && ((conf.ops & ~conf.compat_ops) >> op_of(call) & 1))
		on_return(ctx, call, ret);
	return 0;
}
#endif

#endif
