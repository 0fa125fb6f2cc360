/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attempt.bpf.h - an attempt to connect, from its beginning to its end; shared by the tools that
 * follow connections. Two things have a beginning and an end:
 *
 *	a call	connect(2), or an io_uring request, by one task: on_connect .. on_connect_ret,
 *		attempt_uring .. attempt_uring_done. Kept in `calls`, by thread (or by request).
 *	a conn	a handshake of one socket: CLOSE -> SYN_SENT .. ESTABLISHED or CLOSE. Kept in
 *		`conns`, by socket. Only IP sockets have one, and it may outlive the call that
 *		began it, or have none (Fast Open; 32-bit callers that we don't see).
 *
 * By default an attempt is over when its call returns. With conf.final it is over as soon as its
 * conn is decided and its call has returned: whichever comes second finds the mark that the
 * other left in `half`. What has no conn (UDP, AF_UNIX, a call that failed before it sent
 * anything) is over when the call returns, in both modes; a conn without a call is over when it
 * is decided, in both modes.
 *
 * The tool that includes this defines
 *	attempt_begun(attempt, sk, call)	who and what kind of socket are known; sk may be NULL,
 *					and so may call, where the attempt is a part of it
 *	attempt_over(attempt, size)	complete; size bytes of it matter
 *	attempt_dropped(attempt)	instead of that: a filter turned it away, or nobody saw its end
 * and calls attempt_uring(), attempt_uring_done(), attempt_signal(), attempt_exit() from its
 * handlers of these.
 */
#ifndef ATTEMPT_BPF_H
#define ATTEMPT_BPF_H

#include "point/connect.h"
#include "point/exit.h"
#include "point/signal.h"
#include "point/state.h"
#include "point/uring.h"

struct call;
handler attempt_begun(struct attempt *a, struct sock *sk, struct call *call);
handler attempt_over(struct attempt *a, __u32 size);
handler attempt_dropped(struct attempt *a);

#define UNIX_NAME_MAX 108 /* sizeof(sockaddr_un.sun_path) */

#define CALL_CONTINUES (1 << 0) /* its socket was already connecting: not a new connection */
#define CALL_BEGAN (1 << 1)	/* it sent a SYN: the conn is its own */
#define CALL_RESTARTS (1 << 2)	/* returned -ERESTARTSYS: see attempt_signal */
#define CALL_DECIDED (1 << 4)	/* and a handler has decided that it starts again */
#define CALL_UNREAD (1 << 3)	/* the address was not in memory when the call began */
#define CALL_STORED (1 << 5)	/* in thread_calls, and open */
#define CALL_UNSEEN (1 << 6)	/* it returned, but nobody saw that */

struct call {
	struct attempt row;
	__u64 start, end;
	struct sock *sk;       /* NULL: not a socket */
	struct socket *socket; /* sk's, to know that sk is still the same */
	const void *addr;
	int len;
	__u32 flags; /* CALL_* */
#ifdef COUNT_KEY
	struct last last; /* of its thread, while it is in thread_calls */
#endif
};

THREAD_STORAGE(thread_calls, call); /* in place of `calls`, for system calls */

struct conn {
	/* a struct attempt without its name */
	char row[ATTEMPT_SHORT];
	__u64 start, end;
	__u64 id; /* its first start, which tells it from those that its socket's memory had before */
	__s32 result;
	__s32 subflow_err; /* MPTCP: what ended the subflow */
	__u32 has_call;
	__u32 ended;
	/* HAVE_ bits that its end found: a word of its own, as the call may return meanwhile */
	__u32 end_have;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, struct call_key);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, __u64);
	__type(value, struct conn);
} conns SEC(".maps");

/* Conns of which one half, the call's return or the handshake's end, has come: their ids. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* --map-size */
	__type(key, __u64);
	__type(value, __u64);
} half SEC(".maps");

static __u64 parked;	 /* calls set aside by call_resumes(): mostly none */
static volatile __u32 calls_full; /* a call found no room: its conn must not come as one without a call */

/* What new records start from: too big for the stack. */
static const struct call new_call;
#define CALL_CLEARED __builtin_offsetof(struct call, row.name) /* of one that is used again */
static const struct conn new_conn;

static __always_inline __u64 time_now(void)
{
	return conf.needs & NEED_TIME ? bpf_ktime_get_ns() : 0;
}

/* ------------------------------------------------------------------ the end */

static __always_inline void over(struct attempt *row, __u32 size)
{
	COUNT_EVENT(ended);
	if (row->wanted && ends_wanted(&row->ends, row->have, row->sk_family) &&
	    result_wanted(row->result, row->lat_ns)) {
		attempt_over(row, size);
	} else {
		COUNT_EVENT(filtered);
		attempt_dropped(row);
	}
}

static __always_inline struct attempt *conn_row(struct conn *conn)
{
	return (struct attempt *)conn->row;
}

/* A conn is decided, and its call, if it has one, has returned: write its row. */
routine void conn_show(struct conn *conn, __u64 sk)
{
	struct attempt *row = conn_row(conn);

	row->have |= conn->end_have;
	row->result = conn->result;
	row->mono_ns = conn->end;
	row->lat_ns = conn->end - conn->start;
	over(row, ATTEMPT_SHORT);
	bpf_map_delete_elem(&conns, &sk);
}

/*
 * One half of a conn has come and stands in `conn`: is it the second? A program that was preempted
 * may have left the half of a conn that was here before.
 */
static __always_inline bool second_half(__u64 sk, __u64 id)
{
	/* an int: before 6.4 the upper half of what comes back is not its sign */
	int err = bpf_map_update_elem(&half, &sk, &id, BPF_NOEXIST);
	__u64 *first;

	if (err != -EEXIST)
		return false;
	first = bpf_map_lookup_elem(&half, &sk);
	if (!first || *first != id) {
		bpf_map_update_elem(&half, &sk, &id, BPF_ANY);
		return false;
	}
	err = bpf_map_delete_elem(&half, &sk);
	return err != -ENOENT; /* else conn_begin has given this conn up meanwhile */
}

/* ------------------------------------------------------------------ addresses */

/* An AF_UNIX address of user memory: a name of so many bytes. */
static __always_inline void name_from_user(struct call *call, __u32 len)
{
	struct attempt *row = &call->row;

	if (len > UNIX_NAME_MAX)
		len = UNIX_NAME_MAX;
	__builtin_memset(row->name.bytes, 0, sizeof(row->name.bytes));
	if (bpf_probe_read_user(row->name.bytes, len, call->addr + 2)) {
		call->flags |= CALL_UNREAD;
		return;
	}
	row->name.len = len;
	row->have |= HAVE_RADDR | HAVE_NAME;
}

/* The destination as it stands in a socket address of user memory. */
routine void address_from_user(struct call *call)
{
	struct attempt *row = &call->row;
	union {
		__u16 family;
		__u16 h[16];
		__u32 w[8];
		__u64 d[4];
	} a = {}; /* all of an IPv6 one */
	__u32 len = call->len, size = sizeof(a.family);

	if (len < 2 || call->len < 0)
		return;
	if (conf.needs & NEED_RADDR)
		size = len;
	if (size > sizeof(a))
		size = sizeof(a);
	if (bpf_probe_read_user(&a, size, call->addr)) {
		call->flags |= CALL_UNREAD;
		return;
	}
	call->flags &= ~CALL_UNREAD;
	row->addr_from = FROM_USER;
	if (a.family == AF_UNSPEC && is_inet(row->sk_family)) {
		row->have |= HAVE_UNSPEC;
		row->addr_from = FROM_NOWHERE;
		return;
	}
	row->ends.family = a.family;
	row->have |= HAVE_FAMILY;
	if (!(conf.needs & NEED_RADDR)) {
		row->addr_from = FROM_NOWHERE;
	} else if (a.family == AF_INET && len >= 8) {
		ip_from_v4(&row->ends.raddr, a.w[1]);
		row->ends.rport = bpf_ntohs(a.h[1]);
		row->have |= HAVE_RADDR | HAVE_RPORT;
	} else if (a.family == AF_INET6 && len >= 24) {
		__builtin_memcpy(row->ends.raddr.b, &a.d[1], 16);
		row->ends.rport = bpf_ntohs(a.h[1]);
		row->have |= HAVE_RADDR | HAVE_RPORT;
	} else if (a.family == AF_UNIX) {
		name_from_user(call, len - 2);
	} else if (a.family == AF_NETLINK && len >= 8) {
		*(__u32 *)row->ends.raddr.b = a.w[1]; /* nl_pid */
		row->have |= HAVE_RADDR;
	} else if (a.family == AF_VSOCK && len >= 12) {
		*(__u32 *)row->ends.raddr.b = a.w[2]; /* svm_cid */
		row->ends.rport = a.w[1];
		row->have |= HAVE_RADDR | HAVE_RPORT;
	} else {
		row->addr_from = FROM_NOWHERE;
	}
}

/* The destination as the IP socket holds it, if it does. */
static __always_inline bool address_from_sk(struct attempt *row, struct sock *sk)
{
	__u32 have;

	if (!(conf.needs & NEED_RADDR) || (conf.bt && row->addr_from == FROM_USER))
		return false; /* the book's is the caller's */
	have = ends_remote(&row->ends, sk, row->sk_family);
	if (!have)
		return false;
	row->have = (row->have & ~HAVE_NAME) | have;
	row->addr_from = FROM_KERNEL;
	return true;
}

/* AF_UNIX: the name that the peer is bound to. */
routine void address_from_peer(struct attempt *row, struct sock *sk)
{
	/* of a module, on some kernels: see read.h */
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct unix_address *name = BPF_CORE_READ((struct unix_sock *)peer, addr);
	__u32 len;

	if (!peer || !name)
		return;
	len = BPF_CORE_READ(name, len) - 2;
	if (len > UNIX_NAME_MAX)
		len = UNIX_NAME_MAX;
	if (bpf_core_read(&row->name.bytes, len, &name->name[0].sun_path))
		return;
	row->name.len = len;
	row->have |= HAVE_FAMILY | HAVE_RADDR | HAVE_NAME;
	row->ends.family = AF_UNIX;
	row->addr_from = FROM_KERNEL;
}

/* ------------------------------------------------------------------ calls */

static __always_inline struct call_key thread_key(void)
{
	struct call_key key = { (__u32)bpf_get_current_pid_tgid(), 0 };

	return key;
}

/* The open call of the current thread. */
static __always_inline struct call *thread_call(void)
{
	struct call_key key;
	struct call *call;

	if (conf.storage) {
		call = thread_record(&thread_calls, false);
		return call && (call->flags & CALL_STORED) ? call : NULL;
	}
	key = thread_key();
	return bpf_map_lookup_elem(&calls, &key);
}

static __always_inline void call_close(struct call *call, struct call_key *key)
{
	if (conf.storage && (call->flags & CALL_STORED))
		call->flags = 0;
	else
		bpf_map_delete_elem(&calls, key);
}

/* The socket that a call is about, and its kind. */
static __always_inline void call_socket(struct call *call, struct socket *socket)
{
	struct attempt *row = &call->row;
	struct sock *sk = socket ? READ(socket, sk) : NULL;

	if (!sk)
		return;
	call->sk = sk;
	call->socket = socket;
	row->have |= ends_kind(&row->ends, sk);
	row->sk_family = row->ends.family;
	if (READ(socket, state) == SS_CONNECTING)
		call->flags |= CALL_CONTINUES;
}

routine void call_done(struct call *call, struct call_key *key);

/* Is this the same call, which starts again after a signal? */
static __always_inline bool is_restart(struct call *call, int fd, struct socket *socket,
				       const void *addr, int len)
{
	if (call->row.fd != fd || call->socket != socket || call->addr != addr || call->len != len)
		return false;
	/* the same address, but another socket: this one isn't connecting */
	return !(call->flags & CALL_BEGAN) || READ(socket, state) == SS_CONNECTING;
}

/*
 * The thread has an open call already, perhaps: `call`. True: this is it, starting again. A
 * call that a handler makes while the interrupted one waits to start again moves that aside, to
 * { tid, 1 }.
 */
static __always_inline bool call_resumes(struct call *call, struct call_key *key, int fd,
					 struct socket *socket, const void *addr, int len)
{
	struct call_key aside = { key->id, 1 };
	struct call *parked_call;

	if (!call) {
		if (!parked)
			return false;
		parked_call = bpf_map_lookup_elem(&calls, &aside);
		if (!parked_call || !is_restart(parked_call, fd, socket, addr, len))
			return false;
		parked_call->flags &= ~(CALL_RESTARTS | CALL_DECIDED);
		if (conf.storage) {
			call = thread_record(&thread_calls, false);
			if (call) {
				*call = *parked_call;
				call->flags |= CALL_STORED;
			}
		} else {
			bpf_map_update_elem(&calls, key, parked_call, BPF_ANY);
		}
		bpf_map_delete_elem(&calls, &aside);
		__sync_fetch_and_add(&parked, -1);
		return true;
	}
	if (!(call->flags & CALL_RESTARTS)) {
		call->flags |= CALL_UNSEEN;
	} else if (is_restart(call, fd, socket, addr, len)) {
		call->flags &= ~(CALL_RESTARTS | CALL_DECIDED);
		return true;
	} else if (call->flags & CALL_DECIDED) {
		call->flags &= ~CALL_STORED;
		if (!bpf_map_update_elem(&calls, &aside, call, BPF_NOEXIST)) {
			__sync_fetch_and_add(&parked, 1);
			return false;
		}
	}
	/* unseen, or another call instead: it was interrupted after all (by longjmp, say) */
	call_done(call, key);
	return false;
}

/*
 * A record for a new call, cleared; NULL, which is counted: no room, or, before 7.0, no record with the
 * thread, as the kernel was about to make one here for a task that it has preempted since.
 */
static __always_inline struct call *call_new(bool is_stored, struct call *stored,
					     struct call_key *key)
{
	if (is_stored && stored) {
		__builtin_memset(stored, 0, CALL_CLEARED);
		stored->sk = NULL;
		stored->socket = NULL;
		stored->flags = CALL_STORED;
		return stored;
	}
	if (!is_stored && !bpf_map_update_elem(&calls, key, &new_call, BPF_ANY))
		return bpf_map_lookup_elem(&calls, key);
	calls_full = 1;
	if (is_stored)
		COUNT_EVENT(stale);
	else
		COUNT_EVENT(map_full);
	return NULL;
}

/* A call begins: its record, with all that is known by now. */
static __always_inline void call_begin(__u64 id, struct call_key *key, int fd,
				       struct socket *socket, const void *addr, int len, int via)
{
	bool is_stored = conf.storage && via != VIA_IO_URING;
	struct call *call, *stored = NULL;

	if (is_stored) {
		stored = thread_record(&thread_calls, true);
		call = stored && (stored->flags & CALL_STORED) ? stored : NULL;
	} else {
		call = bpf_map_lookup_elem(&calls, key);
	}
	if (call_resumes(call, key, fd, socket, addr, len))
		return;
	if (!ctl.open)
		return;
	call = call_new(is_stored, stored, key);
	if (!call)
		return;
	COUNT_EVENT(begun);
	if ((conf.needs & NEED_TIME) || via == VIA_IO_URING)
		call->start = bpf_ktime_get_ns();
	call->addr = addr;
	call->len = len;
	call->row.via = via;
	if (fd != -1 || via != VIA_IO_URING) {
		call->row.fd = fd;
		call->row.have |= HAVE_FD;
	}
	who_fill(&call->row.who, current_task(), id);
	call->row.wanted = task_wanted(&call->row.who);
	call_socket(call, socket);
	if ((conf.needs & NEED_RADDR) || !call->sk)
		address_from_user(call);
	/* already connecting: the kernel doesn't look where to */
	if ((call->flags & CALL_CONTINUES) && !(call->row.have & HAVE_UNSPEC) &&
	    is_inet(call->row.sk_family))
		address_from_sk(&call->row, call->sk);
	if ((conf.needs & NEED_NETNS) && !(call->row.have & HAVE_NETNS)) {
		call->row.ends.netns = READ(current_task(), nsproxy, net_ns, ns.inum);
		call->row.have |= HAVE_NETNS;
	}
	/* a request for a direct descriptor shows its socket only when it is done */
	if (!(conf.final && (call->flags & CALL_CONTINUES) && is_inet(call->row.sk_family)) &&
	    (call->sk || via != VIA_IO_URING))
		attempt_begun(&call->row, call->sk, call);
}

/* Is the socket that the call began with still there, and still the same? */
static __always_inline bool call_has_sk(struct call *call)
{
	struct sock *sk = call->sk; /* by itself: CO-RE would look for our struct in the kernel */

	return sk && READ(sk, sk_socket) == call->socket;
}

/*
 * A call on an IP socket that sent nothing may have dissolved an association (AF_UNSPEC). The address
 * was not read when it began, unless it is shown: it tells that only now, and only if it may be.
 */
static __always_inline void look_for_unspec(struct call *call)
{
	struct attempt *row = &call->row;
	struct sock *sk = call->sk;

	if ((call->flags & (CALL_BEGAN | CALL_CONTINUES)) || !is_inet(row->sk_family))
		return;
	if (row->ret == 0 && call_has_sk(call) && READ(sk, __sk_common.skc_dport))
		return;
	address_from_user(call);
	if (row->have & HAVE_UNSPEC) {
		attempt_dropped(row);
		attempt_begun(row, call->sk, call);
	}
}

/* The call has returned row.ret at call->end: what more the socket tells now. */
static __always_inline void call_ends(struct call *call)
{
	struct attempt *row = &call->row;
	struct sock *sk = call->sk;
	bool connected;

	if (!(conf.needs & NEED_RADDR) && sk)
		look_for_unspec(call);
	else if (call->flags & CALL_UNREAD)
		address_from_user(call); /* the kernel has read it meanwhile: it is in memory */
	connected = (row->have & HAVE_RET) && row->ret == 0 && !(row->have & HAVE_UNSPEC);
	if ((conf.needs & (NEED_RADDR | NEED_LADDR)) &&
	    (connected || row->ret == -115 /* EINPROGRESS */) && call_has_sk(call)) {
		if (is_inet(row->sk_family)) {
			if (connected && !(call->flags & CALL_BEGAN))
				address_from_sk(row, call->sk);
			if (conf.needs & NEED_LADDR)
				row->have |= ends_local(&row->ends, call->sk, row->sk_family);
		} else if (row->sk_family == AF_UNIX && (conf.needs & NEED_RADDR)) {
			address_from_peer(row, call->sk);
		}
	}
	if (!(row->have & HAVE_RET))
		; /* attempt_exit has said it */
	else if (row->ret < 0)
		row->result = -row->ret;
	else if ((row->have & HAVE_UNSPEC) && is_inet(row->sk_family))
		row->result = RESULT_DISCONNECTED;
	row->async = row->ret == -115 || row->ret == -114 /* EALREADY */;
	if (call->flags & CALL_BEGAN) {
		if (row->ret == -4 /* EINTR */ || row->ret == -125 /* ECANCELED */) {
			row->async = 1;
		} else if (row->ret == 0 && (row->have & HAVE_RET) &&
			   READ(sk, __sk_common.skc_state) == TCP_SYN_SENT) {
			row->async = 1; /* TCP_FASTOPEN_CONNECT: the SYN waits for data */
			row->result = RESULT_PENDING;
		}
	}
	row->mono_ns = call->end;
	row->lat_ns = call->end - call->start;
}

/* The call returned, but that was not seen. With --final its connection may tell how it ended. */
static __always_inline bool call_untold(struct call *call, struct call_key *key)
{
	bool final = conf.final && (call->flags & CALL_BEGAN);
	__u64 sk = (__u64)call->sk;
	struct conn *conn = final ? bpf_map_lookup_elem(&conns, &sk) : NULL;

	call->row.have &= ~HAVE_RET;
	call->row.ret = 0;
	/* its own, not that of the socket's successor at this address */
	if (conn && conn->id == call->start) {
		call->end = time_now();
		return false;
	}
	if (!final) { /* else conn_begin has counted it, which put another in its place */
		COUNT_EVENT(stale);
		COUNT_EVENT(ended);
		attempt_dropped(&call->row);
	}
	call_close(call, key);
	return true;
}

/* A call has returned: what its conn's row lacks, or what the call knows better. */
static __always_inline void conn_learns(struct conn *conn, struct call *call)
{
	struct attempt *to = conn_row(conn), *row = &call->row;

	to->who = row->who;
	to->wanted = row->wanted;
	to->slot = row->slot;
	to->fd = row->fd;
	to->ret = row->ret;
	to->async = row->async;
	to->via = row->via;
	to->have |= row->have & (HAVE_FD | HAVE_RET | HAVE_LADDR);
	if (row->have & HAVE_LADDR) {
		to->ends.laddr = row->ends.laddr;
		to->ends.lport = row->ends.lport;
	}
	conn->start = call->start;
	/* MPTCP tells its error only here */
	if (row->ret < 0 && !row->async)
		conn->subflow_err = -row->ret;
}

/*
 * A call whose conn has been decided before it returned: its row is made up in the call's record, which
 * is its thread's own. The conn's may be given up at any time, and be another's then, if the return was
 * missed and the socket's memory serves anew: what is copied holds only if it is still this conn's
 * afterwards.
 */
static __always_inline bool call_takes(struct call *call, struct conn *conn, __u64 sk, __u64 id)
{
	struct attempt *row = &call->row, *from = conn_row(conn);

	if (!(row->have & HAVE_LADDR)) {
		row->ends.laddr = from->ends.laddr;
		row->ends.lport = from->ends.lport;
	}
	row->ends.raddr = from->ends.raddr;
	row->ends.rport = from->ends.rport;
	row->ends.family = from->ends.family;
	row->have &= HAVE_FD | HAVE_RET | HAVE_LADDR;
	row->have |= from->have | conn->end_have;
	row->addr_from = from->addr_from;
	row->result = conn->result;
	if (row->result == RESULT_CLOSED && conn->subflow_err)
		row->result = conn->subflow_err;
	row->mono_ns = conn->end;
	row->lat_ns = conn->end - call->start;
	if ((call->flags & CALL_UNSEEN) && bpf_map_lookup_elem(&conns, &sk) != conn)
		return false;
	return conn->ended && *(volatile __u64 *)&conn->id == id;
}

/* The call is over, with row.ret at call->end: its row, or its half of the conn's. */
static __always_inline void call_returns(struct call *call, struct call_key *key)
{
	struct attempt *row = &call->row;
	__u64 sk = (__u64)call->sk, id = 0;
	struct conn *conn = NULL;
	__u32 size = ATTEMPT_SHORT;

	if ((call->flags & CALL_UNSEEN) && call_untold(call, key))
		return;
	if (sk && ((call->flags & CALL_BEGAN) ? conf.final : row->via == VIA_IO_URING))
		conn = bpf_map_lookup_elem(&conns, &sk);
	if (conn)
		id = conn->id;
	if ((call->flags & CALL_BEGAN) && conf.final && (!conn || id != call->start)) {
		/* conn_begin has counted it, and put another in its place: we were preempted */
		call_close(call, key);
		return;
	}
	if (conn && row->via == VIA_IO_URING && !(call->flags & CALL_BEGAN)) {
		/* it was begun by a worker or by the ring: only now they meet */
		if (conn_row(conn)->via == VIA_IO_URING && conn->start >= call->start) {
			call->flags |= CALL_BEGAN;
			row->ends = conn_row(conn)->ends;
			row->have |= conn_row(conn)->have;
			row->addr_from = FROM_KERNEL;
		} else {
			conn = NULL;
		}
	}
	call_ends(call);
	if (conn && conf.final) {
		if (!(call->flags & CALL_UNSEEN)) /* then all is known, and the conn perhaps gone */
			conn_learns(conn, call);
		/* if it doesn't take it, conn_begin has counted it */
		if (second_half(sk, id) && call_takes(call, conn, sk, id)) {
			bpf_map_delete_elem(&conns, &sk);
			over(row, ATTEMPT_SHORT);
		}
		call_close(call, key);
		return;
	}
	if (conn)
		bpf_map_delete_elem(&conns, &sk);
	if (conf.final && (call->flags & CALL_CONTINUES) && is_inet(row->sk_family)) {
		COUNT_EVENT(ended); /* its connection gives the row */
	} else {
		if (row->have & HAVE_NAME)
			size = sizeof(*row);
		over(row, size);
	}
	call_close(call, key);
}

/* The same, where it isn't what mostly happens. */
routine void call_done(struct call *call, struct call_key *key)
{
	call_returns(call, key);
}

handler on_connect(void *ctx, int fd, const void *addr, int len, int via)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call_key key = { (__u32)id, 0 };

	if (fd == -1 && addr == (const void *)PROD_MARK)
		return;
	if (id >> 32 != conf.self)
		call_begin(id, &key, fd, fd_socket(current_task(), fd), addr, len, via);
}

handler on_connect_ret(void *ctx, int ret)
{
	struct call_key key = {};
	struct call *call = thread_call();

	if (!call)
		return;
	if (!conf.storage)
		key = thread_key();
	call->end = time_now();
	call->row.have |= HAVE_RET;
	call->row.ret = ret;
	if (ret == -ERESTARTSYS) {
		/* -EINTR, unless it starts again or its process dies */
		call->row.ret = -4;
		call->flags |= CALL_RESTARTS;
		return;
	}
	call_returns(call, &key);
}

static __always_inline void attempt_signal(bool restarts)
{
	struct call_key key = thread_key();
	struct call *call = thread_call();

	if (!call || (call->flags & (CALL_RESTARTS | CALL_DECIDED)) != CALL_RESTARTS)
		return;
	if (restarts)
		call->flags |= CALL_DECIDED;
	else
		call_done(call, &key);
}

/* The thread ends before an interrupted call has started again. */
static __always_inline void attempt_exit(int result)
{
	struct call_key key = thread_key();
	struct call *call = thread_call();

	if (!call && parked) {
		key.sub = 1;
		call = bpf_map_lookup_elem(&calls, &key);
		if (call)
			__sync_fetch_and_add(&parked, -1);
	}
	if (!call)
		return;
	if (!(call->flags & CALL_RESTARTS))
		call->flags |= CALL_UNSEEN;
	else
		call->row.result = result;
	call->row.have &= ~HAVE_RET;
	call->row.ret = 0;
	call_done(call, &key);
}

static __always_inline void attempt_uring(struct io_kiocb *req, struct call_key key)
{
	struct io_connect *op = (struct io_connect *)req;
	__u64 id = bpf_get_current_pid_tgid();
	struct socket *socket = NULL;
	int fd;

	if (uring_opcode(req) != IORING_OP_CONNECT || id >> 32 == conf.self)
		return;
	fd = uring_fd(req);
	if (fd != -1)
		socket = fd_socket(current_task(), fd);
	else if (!bpf_core_field_exists(req->cqe))
		socket = file_socket(uring_file(req));
	call_begin(id, &key, fd, socket, READ(op, addr), READ(op, addr_len), VIA_IO_URING);
}

static __always_inline void attempt_uring_done(struct io_kiocb *req, struct call_key key,
					       int res)
{
	struct call *call = bpf_map_lookup_elem(&calls, &key);

	if (!call)
		return;
	/* its own completion never came, and the request serves another now? */
	if (req && uring_opcode(req) != IORING_OP_CONNECT)
		call->flags |= CALL_UNSEEN;
	call->end = bpf_ktime_get_ns();
	call->row.have |= HAVE_RET;
	call->row.ret = res;
	if (!call->sk && req && !(call->flags & CALL_UNSEEN)) {
		struct attempt *row = &call->row;
		__u16 family = row->ends.family;
		__u32 had_family = row->have & HAVE_FAMILY;

		call_socket(call, file_socket(uring_file(req)));
		call->flags &= ~CALL_CONTINUES; /* that was its state before, not now */
		if (had_family)
			row->ends.family = family;
		attempt_begun(row, call->sk, call);
	}
	call_done(call, &key);
}

/* ------------------------------------------------------------------ connections */

/* An MPTCP socket's handshake is its first subflow's: its destination ... */
static __always_inline void subflow_begin(struct sock *sk, struct sock *owner)
{
	struct call *call = thread_call();
	__u64 id = (__u64)owner;
	struct conn *conn = bpf_map_lookup_elem(&conns, &id);

	if (call && call->sk == owner)
		address_from_sk(&call->row, sk);
	if (conn)
		address_from_sk(conn_row(conn), sk);
}

/* ... and its error. */
static __always_inline void subflow_end(struct sock *sk, struct sock *owner, int new)
{
	__u64 id = (__u64)owner;
	struct conn *conn = bpf_map_lookup_elem(&conns, &id);
	int err;

	if (!conn || new != TCP_CLOSE)
		return;
	err = READ(sk, sk_err);
	if (err)
		conn->subflow_err = err;
}

/* A conn without a call: by what way did it come? */
static __always_inline int new_via(struct task_struct *task, struct sock *sk, __u16 protocol)
{
	bool worker = READ(task, flags) & PF_IO_WORKER;

	if (protocol == 6 && READ((struct tcp_sock *)sk, fastopen_req))
		return VIA_TFO;
	if (!worker) {
		struct pt_regs *regs = call_regs();

		if (in_compat_call()) {
			if (inside_call(regs, NR32_CONNECT) || inside_call(regs, NR32_SOCKETCALL))
				return VIA_COMPAT;
		} else if (inside_call(regs, NR_CONNECT)) {
			return VIA_SYSCALL; /* that we missed, or that began before us */
		}
	}
	if ((ctl.sees & SEES_URING) && (worker || READ(task, io_uring)))
		return VIA_IO_URING;
	return in_compat_call() ? VIA_COMPAT : VIA_SYSCALL;
}

/* CLOSE -> SYN_SENT, in the connecting task. */
static __always_inline void conn_begin(struct sock *sk, struct socket *socket)
{
	struct call *call = thread_call();
	struct task_struct *task = current_task();
	__u64 id = (__u64)sk;
	struct attempt *row;
	struct conn *conn;
	int err, via;

	if (call && (call->sk != sk || (call->flags & CALL_RESTARTS)))
		call = NULL;
	if (call) {
		call->flags |= CALL_BEGAN;
		if (!(conf.needs & NEED_TIME))
			call->start = bpf_ktime_get_ns();
		if (address_from_sk(&call->row, sk))
			call->flags &= ~CALL_UNREAD;
		if (!conf.final)
			return;
	} else if (!ctl.open || bpf_get_current_pid_tgid() >> 32 == conf.self ||
		   !READ(socket, file)) {
		return; /* our own, or the kernel's */
	}
	via = call ? call->row.via : new_via(task, sk, READ(sk, sk_protocol));
	if (!call && via == VIA_SYSCALL && calls_full)
		return; /* its call was counted as one without room */
	err = bpf_map_update_elem(&conns, &id, &new_conn, BPF_NOEXIST);
	if (err == -EEXIST) {
		/* the end of the last one at this address was missed */
		COUNT_EVENT(stale);
		COUNT_EVENT(ended);
		conn = bpf_map_lookup_elem(&conns, &id);
		if (conn)
			attempt_dropped(conn_row(conn));
		bpf_map_delete_elem(&half, &id);
		err = bpf_map_update_elem(&conns, &id, &new_conn, BPF_ANY);
	} else {
		/* one that a preempted program has left, of a socket that lay here before */
		bpf_map_delete_elem(&half, &id);
	}
	conn = err ? NULL : bpf_map_lookup_elem(&conns, &id);
	if (!conn) {
		/* a call gives its row nevertheless, as by default */
		if (call) {
			call->flags &= ~CALL_BEGAN;
			COUNT_EVENT(degraded);
		} else {
			COUNT_EVENT(map_full);
		}
		return;
	}
	row = conn_row(conn);
	if (call) {
		__builtin_memcpy(row, &call->row, ATTEMPT_SHORT);
		/* a conn has no room for a name; MPTCP doesn't know its address yet */
		if (row->have & HAVE_NAME)
			row->have &= ~(HAVE_NAME | HAVE_RADDR);
		conn->start = conn->id = call->start;
		conn->has_call = 1;
		return;
	}
	conn->start = conn->id = bpf_ktime_get_ns();
	row->have |= ends_kind(&row->ends, sk);
	row->sk_family = row->ends.family;
	address_from_sk(row, sk);
	row->via = via;
	if (via == VIA_IO_URING) {
		conn->has_call = 1;
		return;
	}
	who_fill(&row->who, task, bpf_get_current_pid_tgid());
	row->wanted = task_wanted(&row->who);
	COUNT_EVENT(begun);
	attempt_begun(row, sk, NULL);
}

/* SYN_SENT (or SYN_RECV: both sides connected) -> something else, in anybody's context. */
static __always_inline void conn_end(struct sock *sk, int new)
{
	__u64 id = (__u64)sk;
	struct conn *conn = bpf_map_lookup_elem(&conns, &id);
	struct task_struct *task;
	struct attempt *row;
	int result = 0;
	__u32 have = 0;
	__u64 which;

	if (!conn || conn->ended)
		return;
	conn->ended = 1;
	which = conn->id;
	row = conn_row(conn);
	if (new == TCP_CLOSE) {
		result = READ(sk, sk_err);
		if (!result)
			result = conn->subflow_err;
		/*
		 * A timer tells the error before it ends the connection (tcp_write_err), so the owner
		 * may have taken it already, by getsockopt(SO_ERROR) on another CPU. It does so outside
		 * of calls, unlike those by which an owner ends one.
		 */
		if (!result && READ(sk, sk_protocol) == 6 && !READ(sk, sk_lock.owned)) {
			result = READ(sk, sk_err_soft);
			if (!result)
				result = 110 /* ETIMEDOUT */;
		}
		if (!result) {
			/* nobody but its owner ends it without an error */
			task = current_task();
			result = RESULT_CLOSED;
			if (READ(task, flags) & PF_EXITING)
				result = exit_result();
			else if (row->via == VIA_TFO &&
				 READ((struct tcp_sock *)sk, fastopen_req))
				result = RESULT_LOCAL; /* sendto is still at it */
		}
	}
	if (conf.needs & NEED_LADDR)
		have = ends_local(&row->ends, sk, row->sk_family);
	if ((conf.needs & NEED_RADDR) && !(row->have & HAVE_RADDR)) {
		have |= ends_remote(&row->ends, sk, row->sk_family);
		row->addr_from = have & HAVE_RADDR ? FROM_KERNEL : FROM_NOWHERE;
	}
	conn->end_have = have;
	conn->result = result;
	conn->end = time_now();
	if (!conn->has_call || ((conf.final) && second_half(id, which)))
		conn_show(conn, id);
}

/* The sk that programs know: not a subflow's, whose socket belongs to its MPTCP owner. */
static __always_inline struct sock *owner_of(struct socket *socket, struct sock *sk)
{
	return socket ? READ(socket, sk) : sk;
}

handler on_syn_sent(void *ctx, struct sock *sk)
{
	struct socket *socket = READ(sk, sk_socket);
	struct sock *owner = owner_of(socket, sk);

	if (owner != sk)
		subflow_begin(sk, owner);
	else if (socket)
		conn_begin(sk, socket);
}

handler on_handshake_end(void *ctx, struct sock *sk, int new)
{
	struct sock *owner = owner_of(READ(sk, sk_socket), sk);

	if (owner != sk)
		subflow_end(sk, owner, new);
	else
		conn_end(sk, new);
}

#endif
