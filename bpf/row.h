/* SPDX-License-Identifier: GPL-2.0 */
/*
 * row.h - the types that both halves see: the settings that user space hands to the kernel
 * half (struct conf), and what the kernel half tells user space beside the rows (struct tally,
 * struct ctl). Only fixed-size types; nothing of libc, nothing of the kernel.
 */
#ifndef ROW_H
#define ROW_H

#include <linux/types.h>

#define COMM_LEN 16	/* TASK_COMM_LEN, with its NUL */
#define CONF_PIDS 64	/* most entries of each list option */
#define CONF_PROTOCOLS 16
#define CONF_PORTS 32
#define CONF_ADDRS 32
#define CONF_ERRNOS 4	/* words of 64 errno bits: 0 to 255 */
#define CGROUP_DEPTH 32 /* levels of nested cgroups that --cgroup looks through */

/* An IP address is 16 bytes everywhere; an IPv4 one is stored as ::ffff:a.b.c.d. */
struct ip {
	__u8 b[16];
};

struct cidr {
	struct ip addr; /* already masked */
	struct ip mask;
};

struct port_range {
	__u16 lo, hi; /* host byte order, both included */
};

/*
 * A pattern of names, for glob.h: bit N of at[C]: byte C may stand at the Nth place; of star: any
 * number of bytes may; end: the place behind the last.
 */
struct glob {
	__u16 at[256];
	__u16 star, end;
};

/* Which of the filters below are on. */
enum {
	FILTER_PID = 1 << 0,
	FILTER_TID = 1 << 1,
	FILTER_FOLLOW = 1 << 2, /* pids are in the map `followed`, and so are their children */
	FILTER_COMM = 1 << 3,
	FILTER_UID = 1 << 5,
	FILTER_FAMILY = 1 << 6,
	FILTER_PROTOCOL = 1 << 7,
	FILTER_PORT = 1 << 8,
	FILTER_ADDR = 1 << 9,
	FILTER_CGROUP = 1 << 10,
	FILTER_NETNS = 1 << 11,
	FILTER_FAILED = 1 << 12,
	FILTER_ERRNO = 1 << 13,
	FILTER_MINLAT = 1 << 14,
};

/* What costs something, and is found out only for a filter or a column that shows it. */
enum {
	NEED_UID = 1 << 0,
	NEED_CGROUP = 1 << 1,
	NEED_THREAD = 1 << 2, /* the thread's own name */
	NEED_NETNS = 1 << 3,
	NEED_LADDR = 1 << 4,
	NEED_RADDR = 1 << 5,
	NEED_TIME = 1 << 6,
	NEED_SOCKET = 1 << 7, /* its type and protocol */
};

/*
 * The second argument of the calls by which a sockray sees whether its hooks fire (src/prod.c):
 * no descriptor, no length, no type. They fail, and no sockray shows them.
 */
#define PROD_MARK 0x50c4a7ed

/*
 * The settings of a run: constants (.rodata.conf) for the kernel half, so that the verifier
 * drops the code of every filter that is off.
 */
struct conf {
	__u32 filters; /* FILTER_* */
	__u32 self;    /* our own process: never shown */
	__u32 opener;  /* nor, by BY_USTACK, the one that opens files for it; 0: there is none */
	__u32 final;   /* --final; tools that count */
	__u32 bt;      /* --bt: the book's keys, addresses, and what it counts */
	__u32 uid;
	__u32 netns;
	__u32 counts;  /* a tool that counts: what would have blocked is no failure (-x) */
	__u32 ops;     /* bit N: OP_ N is asked for */
	__u32 needs;   /* NEED_*: what of the rest is asked for */
	__u32 storage; /* the kernel keeps records of ours with each thread */
	__u32 compat_ops; /* of these the hooks see 32-bit callers as they see others */
	__u32 by;      /* BY_*: what makes a key, for tools that can choose */
	__u32 cpus;
	__u32 npids, ntids, nprotocols, nports, naddrs;
	__u32 pids[CONF_PIDS];
	__u32 tids[CONF_PIDS];
	__u64 families; /* bit N: address family N */
	__u64 errnos[CONF_ERRNOS];
	__u64 min_lat_ns;
	__u64 cgroup; /* its id */
	__u16 protocols[CONF_PROTOCOLS];
	struct port_range ports[CONF_PORTS];
	struct cidr addrs[CONF_ADDRS];
	struct glob comm;
};

/*
 * The kernel half's own account, one for each possible CPU in an mmapped array; user space adds
 * them up. For every tool: made = shown + filtered + lost + map_full + stale + (begun - ended).
 */
struct tally {
	__u64 shown;	/* rows handed to the ring buffer */
	__u64 filtered; /* events that a filter turned away */
	__u64 lost;	/* rows that found the ring buffer full */
	__u64 map_full; /* events that found no room in a map */
	__u64 stale;	/* records whose end never came, overwritten, or that weren't made: call_new() */
	__u64 begun;	/* events that have begun ... */
	__u64 ended;	/* ... and ended: the difference is still undecided */
	__u64 degraded; /* shown all the same, but as a map was full, without what followed */
	__u64 unfollowed; /* processes that --follow found no room for */
	__u64 unstacked; /* shown all the same, but their stack found no room */
};

/* What user space and the kernel half tell each other while a tool runs (mmapped). */
struct ctl {
	__u32 idle;   /* the consumer sleeps without a timer: wake it for the next row */
	__u32 batch;  /* otherwise wake it when this many bytes have come, a power of two */
	__u32 open;   /* all is attached: new events count; before and after, only ends do */
	__u32 sees;   /* SEES_*: of what is optional, what is attached */
	__u32 nested; /* a plain send comes through sock_sendmsg as well: see point/message.h */
};

/* Who made a call: taken in the kernel, when the call begins. */
struct who {
	__u64 cgroup;
	__u32 pid, tid; /* thread-group and thread id, in the first pid namespace */
	__u32 uid;
	__u32 pad;
	char comm[COMM_LEN];   /* the process's: of its thread-group leader */
	char thread[COMM_LEN]; /* the calling thread's own */
};

/* A socket and its two ends. What of it is known stands in the row's `have` word. */
struct ends {
	struct ip laddr, raddr;
	__u32 rport; /* vsock ports have 32 bits */
	__u32 netns;
	__u16 lport;
	__u16 family; /* of the remote address, else of the socket */
	__u16 type;
	__u16 protocol;
};

/* An AF_UNIX address without its family: a path, or an abstract name behind a NUL. */
struct name {
	__u16 len;
	char bytes[110]; /* the kernel knows 108 */
};

/* The bits of a row's `have` word: which of its members hold a value. */
enum {
	HAVE_FAMILY = 1 << 0,
	HAVE_SOCKET = 1 << 1, /* type, protocol */
	HAVE_LADDR = 1 << 2,  /* and lport */
	HAVE_RADDR = 1 << 3,
	HAVE_RPORT = 1 << 4,
	HAVE_FD = 1 << 5,
	HAVE_RET = 1 << 6,
	HAVE_NETNS = 1 << 7,
	HAVE_UNSPEC = 1 << 9, /* the remote address is AF_UNSPEC: there is none */
	HAVE_NAME = 1 << 8, /* the remote address is the name at the row's end */
};

/* ends.raddr's source: the row's `addr_from` */
enum { FROM_NOWHERE, FROM_KERNEL, FROM_USER };

/* What a program does with a socket. */
enum { OP_ACCEPT, OP_CONNECT, OP_BIND, OP_LISTEN, OP_SOCKET, OP_SEND, OP_RECV, OPS };

/* The calls by which it does: --bt tells them apart. The last two stand for all paths. */
enum {
	RET_ACCEPT,
	RET_ACCEPT4,
	RET_CONNECT,
	RET_BIND,
	RET_LISTEN,
	RET_SOCKET,
	RET_SOCKETPAIR,
	RET_SEND,
	RET_RECV,
	RETS
};

/* how an operation came into the kernel: the row's `via` */
enum { VIA_SYSCALL, VIA_IO_URING, VIA_COMPAT, VIA_TFO };

/*
 * A row's result: 0, an errno, or one of these, which no errno tells.
 */
enum {
	RESULT_CLOSED = -1,	  /* the owner closed the socket before it was connected */
	RESULT_KILLED = -2,	  /* a signal killed the process before */
	RESULT_EXITED = -3,	  /* the process exited before */
	RESULT_DISCONNECTED = -4, /* connect(AF_UNSPEC) dissolved the association */
	RESULT_LOCAL = -6,	  /* it failed before a packet left; its errno is unknown */
	RESULT_PENDING = -5,	  /* connect returned 0, the handshake waits for data */
};

enum { SEES_URING = 1 << 0, SEES_SEND = 1 << 1, SEES_RECV = 1 << 2 };

/* An attempt to connect (attempt.bpf.h): soconnect's row. */
struct attempt {
	__u64 mono_ns; /* when the call returned; with --final: when the connection was decided */
	__u64 lat_ns;
	struct who who;
	struct ends ends;
	__s32 fd;
	__s32 ret;    /* as the program saw it */
	__s32 result; /* 0, an errno, or RESULT_* */
	__u32 have;   /* HAVE_* */
	__u16 sk_family;
	__u8 via;	/* VIA_* */
	__u8 addr_from; /* FROM_* */
	__u8 async;	/* the call returned before the connection was decided */
	__u8 wanted;	/* the filters on the task let it pass */
	__u8 pad;
	__u32 slot; /* for tools that count: see count.bpf.h */
	__u32 pad2;
	struct name name; /* AF_UNIX: the remote address; other rows end before it */
};

#define ATTEMPT_SHORT __builtin_offsetof(struct attempt, name)

/* What a key of --by may be made of. */
enum {
	BY_CALL = 1 << 0,
	BY_COMM = 1 << 1,
	BY_PID = 1 << 2,
	BY_TID = 1 << 3,
	BY_UID = 1 << 4,
	BY_CGROUP = 1 << 5,
	BY_NETNS = 1 << 6,
	BY_FAMILY = 1 << 7,
	BY_PROTOCOL = 1 << 8,
	BY_USTACK = 1 << 9,
	BY_KSTACK = 1 << 10,
};

/*
 * What is counted for each key (count.bpf.h). In the kernel half's array these only grow; a row
 * of a report holds the differences since the last one, and `pending`, made of the totals.
 */
struct counts {
	__u64 count; /* a report's: ok + failed + again */
	__u64 ok, failed;
	__u64 again; /* would have blocked: EAGAIN, EINPROGRESS, EALREADY */
	__u64 bytes;
	__u64 begun;   /* ... and not yet ok, failed, again or dropped: pending */
	__u64 dropped; /* begun, and then turned away by a filter */
	__u64 pending; /* a report's */
};

/* What comes to user space once, and is called by a number from then on. */
enum { NEW_KEY, NEW_USTACK, NEW_KSTACK };

/* How a new key comes: this, and then the key. */
struct new_key {
	__u32 slot;
	__u32 what; /* NEW_KEY */
};

#define STACKS 16384	  /* that are told apart, unless --map-size says otherwise */
#define STACK_BUFFERS 4	  /* on one CPU at a time: a program may be preempted by another */
#define STACK_DEPTH 127 /* frames at most: kernel.perf_event_max_stack, unless it was changed */

/* A frame of a user stack; struct bpf_stack_build_id. */
struct user_frame {
	__s32 status; /* BPF_STACK_BUILD_ID_*: VALID, or IP where the file could not be read */
	__u8 build_id[20];
	__u64 at; /* offset in the file, or the address */
};

/*
 * How a new stack comes: this and N addresses, the innermost first; of a process, the 8 bytes of
 * code in front of each stand behind it (unless `bare`), and M struct user_frame follow.
 *
 * System calls are often made by functions without a frame of their own, and then a walk from
 * frame pointer to frame pointer misses their caller. So the first return address above the stack
 * pointer is taken for the caller, and stands behind the innermost; it lies in the word
 * caller_at - 1 above the stack pointer; 0: there is none. Such a function may also use the frame
 * pointer's register for itself. So where that points to no frame, the next word below the
 * caller's that does is taken for the saved one: fp_at - 1; 0: not needed, or none. Whether this
 * was right, user space can tell.
 *
 * The M frames are the kernel's own walk: without that caller, and from the register on.
 */
struct new_stack {
	__u32 n;
	__u32 what; /* NEW_USTACK, NEW_KSTACK */
	__u64 id;
	__u32 m, pid;
	__u32 caller_at, fp_at;
	__u32 bare, pad;
};

#endif
