/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/return.h - a socket call has returned: for tools that need to know no more than how often
 * and with what result. One point per operation, exits only, so that a call costs one program and
 * what isn't asked for isn't attached. Not together with connect.h and accept.h, which hook both
 * ends of the same calls.
 *
 * The tool that includes this defines
 *	on_return(ctx, call, ret)	call: RET_*
 *	on_made(ctx, call, sk)		an accept has taken this connection, or a socket(2) made this
 *					socket: that is told once, here or by its return
 *
 * What a route does not see stands before it: BLIND(). return32__syscall sees only 32-bit callers,
 * and makes every system call of the host a little slower: only with --compat.
 */
#ifndef POINT_RETURN_H
#define POINT_RETURN_H

#include "../ray.bpf.h"

handler on_return(void *ctx, int call, int ret);
handler on_made(void *ctx, int call, struct sock *sk);

/*
 * Threads whose call has made its socket. TOLD: what it returns changes nothing; IN_DOUBT: it can
 * still fail, the return tells.
 */
enum { TOLD = 1, IN_DOUBT };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, __u32);
	__type(value, __u32);
} made SEC(".maps");

struct thread_made {
	__u32 what; /* 0: nothing */
};

THREAD_STORAGE(thread_made, thread_made); /* in place of it, where the kernel has such */

static volatile __u32 made_full; /* one found no room: what isn't there may be that */

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

/* Only --bt tells the two apart. */
static __always_inline int accept_call(void)
{
	return !conf.bt || is_accept4() ? RET_ACCEPT4 : RET_ACCEPT;
}

static __always_inline bool made_keep(__u32 tid, __u32 what)
{
	struct thread_made *stored;

	if (!conf.storage)
		return !bpf_map_update_elem(&made, &tid, &what, BPF_ANY);
	stored = thread_record(&thread_made, true);
	if (stored)
		stored->what = what;
	return stored;
}

/* 0: nothing was made that is still to return. */
static __always_inline __u32 made_take(__u32 tid)
{
	struct thread_made *stored;
	__u32 *found, what = 0;

	if (conf.storage) {
		stored = thread_record(&thread_made, false);
		if (stored) {
			what = stored->what;
			stored->what = 0;
		}
		return what;
	}
	found = bpf_map_lookup_elem(&made, &tid);
	if (found) {
		what = *found;
		bpf_map_delete_elem(&made, &tid);
	}
	return what;
}

static __always_inline void call_made(void *ctx, int call, struct sock *sk, bool cant_fail)
{
	__u64 id = bpf_get_current_pid_tgid();

	/* from when all is attached */
	if (id >> 32 == conf.self || !ctl.open)
		return;
	if (!made_keep(id, cant_fail ? TOLD : IN_DOUBT)) {
		made_full = 1;
		if (conf.storage)
			COUNT_EVENT(stale); /* see call_new() in attempt.bpf.h */
		else
			COUNT_EVENT(map_full);
	} else if (cant_fail) {
		on_made(ctx, call, sk);
	}
}

/*
 * A call returns that may have come through call_made. TOLD may be left of an earlier call, whose
 * return did not come: then it tells nothing of a failure, save those that come after that place.
 */
static __always_inline void call_end(void *ctx, int call, int ret)
{
	__u32 what = made_take(bpf_get_current_pid_tgid());

	if (!what && ret >= 0 && made_full)
		return;
	if (what != TOLD || (ret < 0 && ret != -EFAULT && ret != -ENFILE))
		on_return(ctx, call, ret);
}

/* Where accepts take a connection, whenever they began; io_uring's come through point uring. */
#define ACCEPT_INSIDE(route, graft)                                                            \
	BLIND_FAILED_EARLIER BLIND_FAILED_WAITING BLIND_UNTOLD BLIND_URING SEC("?" graft)      \
	int BPF_PROG(accept_graft__##route, struct sock *sk)                                   \
	{                                                                                      \
		if (inside_accept())                                                           \
			call_made(ctx, accept_call(), sk, accept_cant_fail());                 \
		return 0;                                                                      \
	}                                                                                      \
	SEC("?fexit/__sys_accept4") int accept_failed__##route(__u64 *ctx)                     \
	{                                                                                      \
		call_end(ctx, accept_call(), ctx[4]);                                          \
		return 0;                                                                      \
	}

ACCEPT_INSIDE(fentry, "fentry/security_sock_graft")
ACCEPT_INSIDE(lsm, "lsm/sock_graft")

/* Its exits see no 32-bit callers, so the entry leaves them to return32, too. */
BLIND("32-bit programs (point return32)")
BLIND_UNTOLD BLIND_URING
SEC("?kprobe/security_sock_graft")
int BPF_KPROBE(accept_graft__kprobe, struct sock *sk)
{
	if (!in_compat_call() && inside_accept())
		call_made(ctx, accept_call(), sk, accept_cant_fail());
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept")
int accept_failed__kprobe(struct syscall_exit *ctx)
{
	call_end(ctx, RET_ACCEPT, ctx->ret);
	return 0;
}

SEC("?tp/syscalls/sys_exit_accept4")
int accept_4failed__kprobe(struct syscall_exit *ctx)
{
	call_end(ctx, RET_ACCEPT4, ctx->ret);
	return 0;
}

/*
 * Where socket(2) has made a socket (the kernel's own and io_uring's are made elsewhere), and where
 * socketpair(2) has made two, and has descriptors for them. Those of AF_UNIX can be a pair.
 */
static __always_inline void socket_made(void *ctx, struct socket *socket, int kern)
{
	if (!kern && inside_socket())
		call_made(ctx, RET_SOCKET, socket_sk(socket), socket_cant_fail());
}

static __always_inline void pair_made(void *ctx, struct socket *socket)
{
	struct sock *sk = socket_sk(socket);

	call_made(ctx, RET_SOCKETPAIR, sk, READ(sk, __sk_common.skc_family) == AF_UNIX);
}

#define BLIND_UNMADE                                                                           \
	BLIND("that a socket failed as the host has no files left (ENFILE): it counts as made")

BLIND_FAILED_EARLIER BLIND_UNMADE BLIND_URING
SEC("?lsm/socket_post_create")
int BPF_PROG(socket_made__lsm, struct socket *socket, int family, int type, int protocol, int kern)
{
	socket_made(ctx, socket, kern);
	return 0;
}

SEC("?fexit/__sys_socket")
int socket_failed__lsm(__u64 *ctx)
{
	call_end(ctx, RET_SOCKET, ctx[3]);
	return 0;
}

SEC("?lsm/socket_socketpair")
int BPF_PROG(socket_pairmade__lsm, struct socket *socket)
{
	pair_made(ctx, socket);
	return 0;
}

SEC("?fexit/__sys_socketpair")
int socket_pairfailed__lsm(__u64 *ctx)
{
	call_end(ctx, RET_SOCKETPAIR, ctx[4]);
	return 0;
}

BLIND("32-bit programs (point return32)")
BLIND_UNMADE BLIND_URING
SEC("?kprobe/security_socket_post_create")
int BPF_KPROBE(socket_made__kprobe, struct socket *socket, int family, int type, int protocol,
	       int kern)
{
	if (!in_compat_call())
		socket_made(ctx, socket, kern);
	return 0;
}

SEC("?tp/syscalls/sys_exit_socket")
int socket_failed__kprobe(struct syscall_exit *ctx)
{
	call_end(ctx, RET_SOCKET, ctx->ret);
	return 0;
}

SEC("?kprobe/security_socket_socketpair")
int BPF_KPROBE(socket_pairmade__kprobe, struct socket *socket)
{
	if (!in_compat_call())
		pair_made(ctx, socket);
	return 0;
}

SEC("?tp/syscalls/sys_exit_socketpair")
int socket_pairfailed__kprobe(struct syscall_exit *ctx)
{
	call_end(ctx, RET_SOCKETPAIR, ctx->ret);
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

/* The descriptors that socketpair(2) has just made: the first one. */
static __always_inline int pair_fd(void)
{
	__u32 fd;

	return bpf_probe_read_user(&fd, sizeof(fd), (const void *)CALL_ARG(3)) ? -1 : (int)fd;
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
