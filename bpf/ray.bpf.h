/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ray.bpf.h - what the kernel halves of all tools share: the settings, the account of events,
 * who is calling, from a descriptor to its socket, a socket's two ends, the filters, and the
 * way of a row into the ring buffer.
 */
#ifndef RAY_BPF_H
#define RAY_BPF_H

#include <linux/bpf.h>

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "glob.h"
#include "read.h"
#include "row.h"

const volatile struct conf conf SEC(".rodata.conf");

#define handler static __always_inline void
#define routine static __attribute__((noinline)) /* shared by several programs, verified once */

/* Before a program: what it doesn't see. The doctor reads it from the object. */
#define BLIND(words) __attribute__((btf_decl_tag("blind:" words)))
/* ... and how many arguments its raw tracepoint must have, where kernels differ. */
#define ARGS(n) __attribute__((btf_decl_tag("args:" #n)))
#define BLIND_EARLIER BLIND("calls that began before the tool did")
#define BLIND_FAILED_EARLIER BLIND("failures of calls that began before the tool did")
/* before 7.2 the kernel then jumps over fexit programs: they might be gone when the call returns */
#define BLIND_WAITING                                                                          \
	BLIND("returns of calls that wait while another tracer comes to, or leaves, the same function")
#define BLIND_FAILED_WAITING                                                                   \
	BLIND("failures of calls that wait while another tracer comes to, or leaves, the same function")
#define BLIND_URING BLIND("io_uring (point uring)")
/* accept_cant_fail() */
#define BLIND_UNTOLD                                                                           \
	BLIND("that an accept failed as memory for the address can't be written: it counts as made")

char LICENSE[] SEC("license") = "GPL";

struct ctl ctl SEC(".data.ctl");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the loader: as many as there are possible CPUs */
	__type(key, __u32);
	__type(value, struct tally);
} tally SEC(".maps");

/* Thread-group ids whose calls --follow and -- COMMAND show; see point/task.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the loader: more with FILTER_FOLLOW */
	__type(key, __u32);
	__type(value, __u32);
} followed SEC(".maps");

/*
 * A record that belongs to a thread, open or not, where the kernel has such (conf.storage):
 * found without hashing, and there until the thread ends.
 */
#define THREAD_STORAGE(name, record)                                                           \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE);                                       \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                          \
		__type(key, int);                                                              \
		__type(value, struct record);                                                  \
	} name SEC(".maps")
#define thread_record(map, create)                                                             \
	bpf_task_storage_get(map, bpf_get_current_task_btf(), NULL,                            \
			     (create) ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0)

/* A slot per CPU; atomic all the same, as an interrupt may come between load and store. */
#define COUNT_EVENT(member)                                                                    \
	do {                                                                                   \
		__u32 cpu_ = bpf_get_smp_processor_id();                                       \
		struct tally *t_ = bpf_map_lookup_elem(&tally, &cpu_);                         \
		if (t_)                                                                        \
			__sync_fetch_and_add(&t_->member, 1);                                  \
	} while (0)

/* ------------------------------------------------------------------ who and where */

static __always_inline struct task_struct *current_task(void)
{
	if (DIRECT)
		return bpf_get_current_task_btf();
	APART;
	return (struct task_struct *)bpf_get_current_task();
}

/* id: bpf_get_current_pid_tgid() */
static __always_inline void who_fill(struct who *w, struct task_struct *task, __u64 id)
{
	w->pid = id >> 32;
	w->tid = id;
	if (conf.needs & NEED_UID)
		w->uid = bpf_get_current_uid_gid();
	if (conf.needs & NEED_CGROUP)
		w->cgroup = bpf_get_current_cgroup_id();
	if (DIRECT) {
		struct task_struct *leader = READ(task, group_leader);

		READ_INTO(w->comm, COMM_LEN, leader, comm);
		if (conf.needs & NEED_THREAD)
			READ_INTO(w->thread, COMM_LEN, task, comm);
		return;
	}
	bpf_get_current_comm(w->thread, sizeof(w->thread));
	if (w->pid == w->tid)
		__builtin_memcpy(w->comm, w->thread, sizeof(w->comm));
	else
		/* up to its NUL: before 5.17 the rest of an older, longer name stands behind it */
		BPF_CORE_READ_STR_INTO(&w->comm, task, group_leader, comm);
}

/* The context of syscalls: tracepoints, as tracing/events/syscalls/.../format has it. */
struct syscall_enter {
	__u64 common, nr;
	__u64 args[6];
};

struct syscall_exit {
	__u64 common, nr;
	__s64 ret;
};

#define NR32_SOCKETCALL 102

/* Is the current task inside a 32-bit system call? */
static __always_inline bool in_compat_call(void)
{
#ifdef __TARGET_ARCH_x86
	return READ(current_task(), thread_info.status) & TS_COMPAT;
#else
	return false;
#endif
}

/* The registers of the current task's system call. */
static __always_inline struct pt_regs *call_regs(void)
{
	struct task_struct *task;

	/* 5.15 on; on x86 before that they lie at the end of a stack of 16 KiB */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = current_task();
	return (struct pt_regs *)((char *)READ(task, stack) + 16384 -
				  bpf_core_type_size(struct pt_regs));
}

#define NR_IO_URING_ENTER 426 /* everywhere */
#define NR32_SOCKET 359
#define NR32_CONNECT 362
#define NR32_ACCEPT4 364
#define SYS_SOCKET 1 /* socketcall's numbers */
#define SYS_ACCEPT 5
#define SYS_ACCEPT4 18

/*
 * Of a system call's registers: its number, its arguments, and whether the task is inside of it,
 * rather than on its way out.
 */
#ifdef __TARGET_ARCH_x86
#define NR_SOCKET 41
#define NR_CONNECT 42
#define NR_ACCEPT 43
#define NR_ACCEPT4 288
#define call_nr(regs) ((unsigned long)READ(regs, orig_ax))
#define call_arg0(regs) READ(regs, di)
#define call_arg1(regs) READ(regs, si)
#define call_arg2(regs) READ(regs, dx)
#define call_arg3(regs) READ(regs, r10)
#define call32_arg0(regs) READ(regs, bx)
#define call32_arg1(regs) READ(regs, cx)
#define call32_arg2(regs) READ(regs, dx)
#define call32_arg3(regs) READ(regs, si)
/* ax holds -ENOSYS from the entry of a call to its end */
#define call_goes_on(regs) ((int)READ(regs, ax) == -38)
#else /* arm64 */
#define NR_SOCKET 198
#define NR_CONNECT 203
#define NR_ACCEPT 202
#define NR_ACCEPT4 242
#define call_nr(regs) ((unsigned long)READ(regs, syscallno))
#define call_arg0(regs) READ(regs, orig_x0)
#define call_arg1(regs) READ(regs, regs[1])
#define call_arg2(regs) READ(regs, regs[2])
#define call_arg3(regs) READ(regs, regs[3])
/* the result takes the first argument's place (unseen where it is the same number) */
#define call_goes_on(regs) (READ(regs, regs[0]) == READ(regs, orig_x0))
#endif

static __always_inline bool inside_call(struct pt_regs *regs, unsigned long nr)
{
	return call_nr(regs) == nr && call_goes_on(regs);
}

/* The current task's call by the table of 32-bit callers: its Nth argument. */
#ifdef __TARGET_ARCH_x86
#define call_arg_compat(regs, n)                                                               \
	(READ(regs, orig_ax) == NR32_SOCKETCALL ? socketcall_arg(regs, n) :           \
							   (__u32)call32_arg##n(regs))

/* -1: unreadable, as then for the call itself */
static __always_inline __u32 socketcall_arg(struct pt_regs *regs, int n)
{
	const __u32 *args = (const __u32 *)(unsigned long)(__u32)READ(regs, cx);
	__u32 arg;

	return bpf_probe_read_user(&arg, sizeof(arg), args + n) ? -1 : arg;
}
#else
#define call_arg_compat(regs, n) call_arg##n(regs)
#endif

/* The current task's call, whoever makes it: its Nth argument, from 0 to 3. */
#define CALL_ARG(n)                                                                            \
	({                                                                                     \
		struct pt_regs *regs = call_regs(); /* as the member is called on arm64 */     \
		in_compat_call() ? call_arg_compat(regs, n) : call_arg##n(regs);               \
	})

/* Is the current task inside this call: by its number, by that of 32-bit callers, by socketcall? */
static __always_inline bool inside_one(unsigned long nr, unsigned long nr32, __u32 socketcall)
{
	struct pt_regs *regs = call_regs();

	if (!in_compat_call())
		return inside_call(regs, nr);
#ifdef __TARGET_ARCH_x86
	return inside_call(regs, nr32) || (inside_call(regs, NR32_SOCKETCALL) &&
					   (__u32)READ(regs, bx) == socketcall);
#else
	return false;
#endif
}

static __always_inline bool inside_accept(void)
{
	return inside_one(NR_ACCEPT4, NR32_ACCEPT4, SYS_ACCEPT4) ||
	       inside_one(NR_ACCEPT, NR32_ACCEPT4, SYS_ACCEPT);
}

static __always_inline bool inside_socket(void)
{
	return inside_one(NR_SOCKET, NR32_SOCKET, SYS_SOCKET);
}

/*
 * An accept that takes a connection then only fails if it can't tell the address. Is there
 * a place for that? (One that can be read, but not written, is taken for one.)
 */
static __always_inline bool accept_cant_fail(void)
{
	const char *addr = (const char *)CALL_ARG(1);
	const void *len_at = (const void *)CALL_ARG(2);
	int len;
	char byte;

	if (!addr)
		return true;
	if (bpf_probe_read_user(&len, sizeof(len), len_at) || len < 0)
		return false;
	if (len > 128) /* more there is in no address */
		len = 128;
	return !len || (!bpf_probe_read_user(&byte, 1, addr) &&
			!bpf_probe_read_user(&byte, 1, addr + len - 1));
}

/*
 * A socket just made then only fails if no descriptor is left for it. Where the table isn't even
 * as large as it may become, one is.
 */
static __always_inline bool socket_cant_fail(void)
{
	struct task_struct *task = current_task();

	return READ(task, files, fdt, max_fds) <
	       READ(task, signal, rlim[RLIMIT_NOFILE].rlim_cur);
}

/* Is the current call, which fails with -RET, one of a sockray that tests its hooks? */
static __always_inline bool is_prod(int ret)
{
#ifdef __TARGET_ARCH_x86
	return (ret == -EBADF || ret == -EINVAL) && READ(call_regs(), si) == PROD_MARK;
#else
	return false;
#endif
}

/* A file's socket, or NULL. */
static __always_inline struct socket *file_socket(struct file *file)
{
	if (!file || READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	return READ(file, private_data);
}

static __always_inline struct sock *socket_sk(struct socket *socket)
{
	return socket ? READ(socket, sk) : NULL;
}

/* The current task's descriptor `fd`: its socket, or NULL. */
static __always_inline struct socket *fd_socket(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = READ(task, files, fdt);
	struct file **files;

	if (fd >= READ(table, max_fds))
		return NULL;
	files = READ(table, fd);
	return file_socket(READ_POINTER(&files[fd]));
}

static __always_inline void ip_from_v4(struct ip *ip, __be32 v4)
{
	__u32 *w = (__u32 *)ip->b;

	w[0] = 0;
	w[1] = 0;
	w[2] = bpf_htonl(0xffff);
	w[3] = v4;
}

static __always_inline bool is_inet(__u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

/* Kind, family and network namespace of a socket; returns its `have` bits. */
static __always_inline __u32 ends_kind(struct ends *e, struct sock *sk)
{
	__u32 have = HAVE_FAMILY;

	e->family = READ(sk, __sk_common.skc_family);
	if (conf.needs & NEED_SOCKET) {
		e->type = READ(sk, sk_type);
		e->protocol = READ(sk, sk_protocol);
		have |= HAVE_SOCKET;
	}
	if (conf.needs & NEED_NETNS) {
		e->netns = READ(sk, __sk_common.skc_net.net, ns.inum);
		have |= HAVE_NETNS;
	}
	return have;
}

/* The local end of an IP socket, if it is bound. */
static __always_inline __u32 ends_local(struct ends *e, struct sock *sk, __u16 sk_family)
{
	/* skc_num is already 0 when a connection fails; inet_sport stays */
	__be16 port = READ((struct inet_sock *)sk, inet_sport);

	if (!port)
		return 0;
	e->lport = bpf_ntohs(port);
	if (sk_family == AF_INET6)
		READ_INTO(&e->laddr, sizeof(e->laddr), sk, __sk_common.skc_v6_rcv_saddr);
	else
		ip_from_v4(&e->laddr, READ(sk, __sk_common.skc_rcv_saddr));
	return HAVE_LADDR;
}

/* The remote end of an IP socket, if it has one. */
static __always_inline __u32 ends_remote(struct ends *e, struct sock *sk, __u16 sk_family)
{
	__be16 port = READ(sk, __sk_common.skc_dport);

	if (sk_family == AF_INET6) {
		__u64 *w = (__u64 *)e->raddr.b;

		READ_INTO(&e->raddr, sizeof(e->raddr), sk, __sk_common.skc_v6_daddr);
		if (!(w[0] | w[1]) && !port)
			return 0;
	} else {
		__be32 v4 = READ(sk, __sk_common.skc_daddr);

		if (!v4 && !port)
			return 0;
		ip_from_v4(&e->raddr, v4);
	}
	e->family = sk_family;
	e->rport = bpf_ntohs(port);
	return HAVE_FAMILY | HAVE_RADDR | HAVE_RPORT;
}

/* ------------------------------------------------------------------ filters */

static __always_inline bool in_list(const volatile __u32 *list, __u32 n, __u32 value)
{
	for (__u32 i = 0; i < CONF_PIDS; i++) {
		if (i >= n)
			break;
		if (list[i] == value)
			return true;
	}
	return false;
}

static __always_inline bool cgroup_wanted(void)
{
	for (int level = 0; level < CGROUP_DEPTH; level++) {
		__u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (id == conf.cgroup)
			return true;
		if (!id)
			break;
	}
	return false;
}

/* The filters on the calling task; asked when a call begins. */
static __always_inline bool task_wanted(const struct who *w)
{
	if (!conf.filters)
		return true;
	if ((conf.filters & FILTER_PID) && !in_list(conf.pids, conf.npids, w->pid))
		return false;
	if ((conf.filters & FILTER_FOLLOW) && !bpf_map_lookup_elem(&followed, &w->pid))
		return false;
	if ((conf.filters & FILTER_TID) && !in_list(conf.tids, conf.ntids, w->tid))
		return false;
	if ((conf.filters & FILTER_UID) && w->uid != conf.uid)
		return false;
	if ((conf.filters & FILTER_COMM) && !glob_matches(&conf.comm, w->comm))
		return false;
	if ((conf.filters & FILTER_CGROUP) && !cgroup_wanted())
		return false;
	return true;
}

static __always_inline bool family_in(__u16 family)
{
	return family < 64 && (conf.families >> family & 1);
}

/*
 * The filters on the socket and the peer; asked when a row is complete. A call on an IP socket
 * is an IP call whatever family its address claims, so both families count.
 */
static __always_inline bool ends_wanted(const struct ends *e, __u32 have, __u16 sk_family)
{
	if (!conf.filters)
		return true;
	if (conf.filters & FILTER_FAMILY) {
		if (!((have & HAVE_FAMILY) && family_in(e->family)) &&
		    !((have & HAVE_SOCKET) && family_in(sk_family)))
			return false;
	}
	if (conf.filters & FILTER_PROTOCOL) {
		bool found = false;

		for (__u32 i = 0; i < CONF_PROTOCOLS && i < conf.nprotocols; i++)
			if (conf.protocols[i] == e->protocol)
				found = true;
		if (!found || !(have & HAVE_SOCKET) || !is_inet(sk_family))
			return false;
	}
	if (conf.filters & FILTER_PORT) {
		bool found = false;

		for (__u32 i = 0; i < CONF_PORTS && i < conf.nports; i++)
			if (e->rport >= conf.ports[i].lo && e->rport <= conf.ports[i].hi)
				found = true;
		if (!found || !(have & HAVE_RPORT))
			return false;
	}
	if (conf.filters & FILTER_ADDR) {
		const __u64 *a = (const __u64 *)e->raddr.b;
		bool found = false;

		for (__u32 i = 0; i < CONF_ADDRS && i < conf.naddrs; i++) {
			const volatile __u64 *addr = (const volatile __u64 *)conf.addrs[i].addr.b;
			const volatile __u64 *mask = (const volatile __u64 *)conf.addrs[i].mask.b;

			if ((a[0] & mask[0]) == addr[0] && (a[1] & mask[1]) == addr[1])
				found = true;
		}
		if (!found || !(have & HAVE_RADDR) || !is_inet(e->family))
			return false;
	}
	if ((conf.filters & FILTER_NETNS) && !((have & HAVE_NETNS) && e->netns == conf.netns))
		return false;
	return true;
}

/* The filters on the outcome: an errno, 0, or a RESULT_. */
static __always_inline bool result_wanted(__s32 result, __u64 lat_ns)
{
	if (!conf.filters)
		return true;
	/* in progress is no failure */
	if ((conf.filters & FILTER_FAILED) &&
	    (result == 0 || result == RESULT_DISCONNECTED || result == RESULT_PENDING ||
	     result == 115 /* EINPROGRESS */ || result == 114 /* EALREADY */ ||
	     (conf.counts && result == EAGAIN)))
		return false;
	if (conf.filters & FILTER_ERRNO) {
		__u32 e = result;

		if (result <= 0 || e >= CONF_ERRNOS * 64)
			return false;
		if (!(conf.errnos[e / 64 & (CONF_ERRNOS - 1)] >> (e % 64) & 1))
			return false;
	}
	if ((conf.filters & FILTER_MINLAT) && lat_ns < conf.min_lat_ns)
		return false;
	return true;
}

/* ------------------------------------------------------------------ rows */

/*
 * Put a row into the ring buffer. Waking the consumer costs far more than the rest of the
 * event, so it is woken when it sleeps without a timer (ctl.idle), and then whenever another
 * ctl.batch bytes have gathered; it looks every 20 ms by itself while rows come.
 */
static __always_inline void emit(void *ring, void *row, __u32 size)
{
	__u64 waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	void *nudge;

	if (bpf_ringbuf_output(ring, row, size,
			       (waiting ^ (waiting + size)) & ctl.batch ? BPF_RB_FORCE_WAKEUP :
									   BPF_RB_NO_WAKEUP)) {
		COUNT_EVENT(lost);
		return;
	}
	COUNT_EVENT(shown);
	/*
	 * Only now: the consumer sets `idle` and then looks once more into the ring, we put the
	 * row in and then look at `idle`, so one of us sees the other.
	 */
	if (*(volatile __u32 *)&ctl.idle) {
		nudge = bpf_ringbuf_reserve(ring, 8, 0);
		if (nudge) {
			ctl.idle = 0;
			bpf_ringbuf_discard(nudge, BPF_RB_FORCE_WAKEUP);
		}
	}
}

#endif
