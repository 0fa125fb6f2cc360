// SPDX-License-Identifier: GPL-2.0
/*
 * sockstat.bpf.c - kernel half of sockstat: socket operations, counted per call, or with --by per
 * key. Without --by and filters this is a few instructions for each call.
 */
#include "sockstat.h"

#define COUNT_KEY struct sockstat_key
#define COUNT_TABLE sockstat
#include "../../bpf/count.bpf.h"
#include "../../bpf/stack.bpf.h"

#include "../../bpf/point/exit.h"
#include "../../bpf/point/message.h"
#include "../../bpf/point/return.h"
#include "../../bpf/point/signal.h"
#include "../../bpf/point/task.h"
#include "../../bpf/point/uring.h"

/* One struct counts per RET_ and possible CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RETS); /* the loader: times the CPUs */
	__type(key, __u32);
	__type(value, struct counts);
} fixed SEC(".maps");

/* Threads whose call returned -ERESTARTSYS: it may start again, or have failed with EINTR. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, __u32);
	__type(value, __u32);
} interrupted SEC(".maps");

struct request {
	struct sock *sk; /* of an accept: the listening one */
	__s32 call;
	__u32 direct; /* it accepts into slots */
};

/* io_uring requests whose completion does not say what they were, by ring and user_data. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, struct call_key);
	__type(value, struct request);
} requests SEC(".maps");

static __u64 interruptions; /* open ones: mostly none, and then nobody looks */

static __always_inline struct counts *key_counts(void *ctx, int call, struct sock *sk,
						 const struct who *who)
{
	struct sockstat_key key = {};

	if (conf.by & BY_CALL)
		key.call = op_of(call);
	if (conf.by & BY_COMM)
		__builtin_memcpy(key.comm, who->comm, COMM_LEN);
	if (conf.by & BY_PID)
		key.pid = who->pid;
	if (conf.by & BY_TID)
		key.tid = who->tid;
	if (conf.by & BY_UID)
		key.uid = who->uid;
	if (conf.by & BY_CGROUP)
		key.cgroup = who->cgroup;
	if (sk && (conf.by & (BY_FAMILY | BY_PROTOCOL))) {
		key.have = HAVE_FAMILY | HAVE_SOCKET;
		key.family = READ(sk, __sk_common.skc_family);
		if (conf.by & BY_PROTOCOL)
			key.protocol = READ(sk, sk_protocol);
		/* with the protocol only: whether it is an IP one */
		if (!(conf.by & BY_FAMILY))
			key.family = is_inet(key.family) ? AF_INET : 0;
	}
	if (conf.by & BY_NETNS)
		key.netns = sk ? READ(sk, __sk_common.skc_net.net, ns.inum)
			       : READ(current_task(), nsproxy, net_ns, ns.inum);
	if (conf.by & BY_USTACK)
		key.ustack = stack_id(ctx, NEW_USTACK);
	if (conf.by & BY_KSTACK)
		key.kstack = stack_id(ctx, NEW_KSTACK);
	return count_at(count_slot(&key));
}

/* Does anything that was asked for need the socket? */
static __always_inline bool needs_sk(void)
{
	return (conf.by & (BY_FAMILY | BY_PROTOCOL | BY_NETNS)) ||
	       (conf.filters & (FILTER_FAMILY | FILTER_PROTOCOL | FILTER_NETNS | FILTER_PORT |
				FILTER_ADDR));
}

static __always_inline bool wanted(struct sock *sk, const struct who *who, int result)
{
	struct ends ends = {};
	__u16 family;
	__u32 have = 0;

	if (!task_wanted(who) || !result_wanted(result, 0))
		return false;
	if (sk && needs_sk()) {
		have = ends_kind(&ends, sk);
		family = ends.family;
		if ((conf.filters & (FILTER_PORT | FILTER_ADDR)) && is_inet(family))
			have |= ends_remote(&ends, sk, family);
	}
	return ends_wanted(&ends, have, ends.family);
}

/* Count one operation; ret: bytes, 0 or -errno. */
static __always_inline void count(void *ctx, int call, struct sock *sk, int ret, bool bytes)
{
	__u64 id = bpf_get_current_pid_tgid();
	int result = ret < 0 ? -ret : 0;
	struct counts *c;

	if (id >> 32 == conf.self || !ctl.open)
		return;
	if (conf.by || conf.filters) {
		struct who who = {};

		if (conf.by & BY_USTACK && id >> 32 == conf.opener)
			return;
		who_fill(&who, current_task(), id);
		if (!wanted(sk, &who, result)) {
			COUNT_EVENT(filtered);
			return;
		}
		if (conf.by) {
			c = key_counts(ctx, call, sk, &who);
			if (!c)
				return;
			COUNT_EVENT(shown);
			count_result(c, result);
			if (bytes && ret > 0)
				__sync_fetch_and_add(&c->bytes, ret);
			return;
		}
	}
	__u32 slot = call * conf.cpus + bpf_get_smp_processor_id();

	c = bpf_map_lookup_elem(&fixed, &slot);
	if (!c)
		return;
	count_result(c, result);
	if (bytes && ret > 0)
		__sync_fetch_and_add(&c->bytes, ret);
}

static __always_inline struct sock *fd_sk(int fd)
{
	struct socket *socket = fd_socket(current_task(), fd);

	return socket ? READ(socket, sk) : NULL;
}

/*
 * A call has come back to its task; has it returned, too? With -ERESTARTSYS that isn't decided
 * yet; anything else ends an interrupted one, which has started again.
 */
static __always_inline bool returned(int call, int ret)
{
	__u32 tid, what = call;

	if (!interruptions && ret != -ERESTARTSYS)
		return true;
	tid = bpf_get_current_pid_tgid();
	if (interruptions && !bpf_map_delete_elem(&interrupted, &tid))
		__sync_fetch_and_add(&interruptions, -1);
	if (ret != -ERESTARTSYS)
		return true;
	if (bpf_map_update_elem(&interrupted, &tid, &what, BPF_ANY))
		COUNT_EVENT(map_full);
	else
		__sync_fetch_and_add(&interruptions, 1);
	return false;
}

handler on_return(void *ctx, int call, int ret)
{
	struct sock *sk = NULL;

	if (!returned(call, ret) || is_prod(ret))
		return;
	if (needs_sk()) {
		bool is_new = call == RET_SOCKET || call == RET_ACCEPT || call == RET_ACCEPT4;

		if (is_new && ret >= 0)
			sk = fd_sk(ret);
		else if (call == RET_SOCKETPAIR && ret == 0)
			sk = fd_sk(pair_fd());
		else if (call != RET_SOCKET && call != RET_SOCKETPAIR)
			sk = fd_sk(CALL_ARG(0));
	}
	count(ctx, call, sk, ret, false);
}

handler on_made(void *ctx, int call, struct sock *sk)
{
	if (returned(call, 0))
		count(ctx, call, sk, 0, false);
}

/*
 * The first handler decides what becomes of an interrupted call; one that starts again counts
 * when it returns, and one whose thread dies never does.
 */
handler on_signal(void *ctx, bool restarts)
{
	__u32 tid = bpf_get_current_pid_tgid(), *call;
	struct sock *sk = NULL;

	if (!interruptions)
		return;
	call = bpf_map_lookup_elem(&interrupted, &tid);
	if (!call)
		return;
	if (!restarts) {
		if (needs_sk())
			sk = fd_sk(CALL_ARG(0));
		count(ctx, *call, sk, -4 /* EINTR */, false);
	}
	bpf_map_delete_elem(&interrupted, &tid);
	__sync_fetch_and_add(&interruptions, -1);
}

/* The thread's number may soon be another's. */
handler on_exit(void *ctx, int result)
{
	__u32 tid = bpf_get_current_pid_tgid();

	if (!conf.storage)
		bpf_map_delete_elem(&made, &tid);
	if (interruptions && !bpf_map_delete_elem(&interrupted, &tid))
		__sync_fetch_and_add(&interruptions, -1);
}

/*
 * io_uring first tries without waiting, and waits when that says EAGAIN: a try of its own that no
 * program asked for. It does so in its own threads, in io_uring_enter(2), or on a task's way out
 * of any other call or interrupt: everywhere but inside a call that itself sends or receives.
 */
static __always_inline bool is_own_try(void)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs;
	unsigned long nr;

	if (READ(task, flags) & PF_IO_WORKER)
		return true;
	if (!READ(task, io_uring))
		return false;
	regs = call_regs();
	nr = call_nr(regs);
	return nr == NR_IO_URING_ENTER || !inside_call(regs, nr);
}

handler on_message(void *ctx, int op, struct sock *sk, int ret, int flags)
{
	int call = op == OP_SEND ? RET_SEND : RET_RECV;
	struct socket *socket;

	/* on_uring_done counts what the program gets to know of these */
	if ((ret == -ERESTARTSYS || (ret == -EAGAIN && (flags & MSG_DONTWAIT))) && is_own_try())
		return;
	/* a socket of the kernel's own has no file; a subflow of MPTCP is not its socket's sk */
	socket = READ(sk, sk_socket);
	if (!socket || !READ(socket, file) || READ(socket, sk) != sk)
		return;
	if (returned(call, ret))
		count(ctx, call, sk, ret, !(flags & MSG_PEEK));
}

/* An io_uring opcode's call, or -1. */
static __always_inline int uring_call(int opcode)
{
	switch (opcode) {
	case 13:
		return RET_ACCEPT4;
	case 16:
		return RET_CONNECT;
	case 45:
		return RET_SOCKET;
	case 56:
		return RET_BIND;
	case 57:
		return RET_LISTEN;
	}
	return -1;
}

/* A request that sends or receives, told to the program to try again; see on_message. */
static __always_inline int uring_message(int opcode)
{
	switch (opcode) {
	case 2: /* WRITEV */
	case 9: /* SENDMSG */
	case 23: /* WRITE */
	case 26: /* SEND */
	case 47: /* SEND_ZC */
	case 48: /* SENDMSG_ZC */
		return RET_SEND;
	case 1: /* READV */
	case 10: /* RECVMSG */
	case 22: /* READ */
	case 27: /* RECV */
		return RET_RECV;
	}
	return -1;
}

handler on_uring(void *ctx, struct io_kiocb *req, struct call_key key)
{
	int call = uring_call(uring_opcode(req));
	bool message = call < 0 && !uring_tells();
	struct request request = { .call = message ? uring_message(uring_opcode(req)) : call };

	if (request.call < 0 || (uring_tells() && call != RET_ACCEPT4))
		return;
	if (call == RET_ACCEPT4)
		request.direct = uring_accepts_direct(req);
	if (needs_sk() || message)
		request.sk = uring_sk(req);
	if (message && !request.sk)
		return; /* it reads or writes something else */
	key = uring_by_data(req, key);
	if (bpf_map_update_elem(&requests, &key, &request, BPF_ANY))
		COUNT_EVENT(map_full);
}

/* A message that the program is told to try again: see on_message. */
static __always_inline void count_again(void *ctx, int call, struct sock *sk)
{
	if ((conf.ops >> op_of(call) & 1) &&
	    (ctl.sees & (call == RET_SEND ? SEES_SEND : SEES_RECV)))
		count(ctx, call, sk, -EAGAIN, false);
}

handler on_uring_done(void *ctx, struct io_kiocb *req, struct call_key key,
		      struct uring_done done)
{
	int call = req ? uring_call(uring_opcode(req)) : -1;
	struct socket *socket;
	struct sock *sk = NULL, *listener = NULL;
	struct request *known;
	bool direct = false;

	if (req && call < 0) {
		if (done.res != -EAGAIN)
			return;
		call = uring_message(uring_opcode(req));
		socket = file_socket(uring_file(req));
		sk = socket ? READ(socket, sk) : NULL;
		if (sk && call >= 0)
			count_again(ctx, call, sk);
		return;
	}
	if (!req && uring_tells() && !uring_is_more(req, &done))
		return;
	if (!req || call == RET_ACCEPT4) {
		known = bpf_map_lookup_elem(&requests, &done.by_data);
		if (known) {
			call = known->call;
			direct = known->direct;
			listener = known->sk;
			if (!(done.cflags & IORING_CQE_F_MORE))
				bpf_map_delete_elem(&requests, &done.by_data);
		}
	}
	if (call == RET_SEND || call == RET_RECV) {
		if (done.res == -EAGAIN)
			count_again(ctx, call, listener);
		return;
	}
	if (call < 0 || !(conf.ops >> op_of(call) & 1))
		return;
	if (done.res >= 0 && !direct && (call == RET_ACCEPT4 || call == RET_SOCKET)) {
		sk = fd_sk(done.res);
		/* a receive's bytes, which had the same user_data? */
		if (!req && call == RET_ACCEPT4 && !sk)
			return;
	}
	if (!sk)
		sk = listener;
	if (!sk && req && needs_sk()) {
		socket = file_socket(uring_file(req));
		sk = socket ? READ(socket, sk) : NULL;
	}
	count(ctx, call, sk, done.res, false);
}
