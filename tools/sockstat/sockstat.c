/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sockstat.c - the columns of sockstat and its descriptor; the code is in sockstat.bpf.c.
 */
#include "sockstat.h"

#include "../../src/tool.h"

#define C(member, ...) COLUMN(sockstat, member, __VA_ARGS__)

/* One operation: a rate for people, an object for programs. */
#define OP(op, json, heading, words)                                                           \
	C(ops[op], .name = json, .kind = K_COUNTS, .title = heading, .width = 7,               \
	  .flags = COL_TEXT | COL_RIGHT, .need = 1 << (op), .help = words)

/* --bt: one call, under the name of the book's probe. */
#define BT(call, probe)                                                                        \
	C(calls[call].count, .name = probe, .kind = K_UINT, .title = probe,                    \
	  .flags = COL_BT | COL_HIDDEN, .help = "as in the book")

static const struct column columns[] = {
	C(mono_ns, .name = "ts", .kind = K_TIME, .title = "TS", .width = 30,
	  .help = "end of the interval, UTC"),
	C(mono_ns, .name = "clock", .kind = K_CLOCK, .title = "TIME", .width = 8,
	  .flags = COL_TEXT | COL_HIDDEN, .help = "end of the interval"),
	C(interval, .name = "interval", .kind = K_UINT, .title = "INTERVAL", .width = 8,
	  .help = "number of the interval"),
	C(interval_ns, .name = "interval_s", .kind = K_SECONDS, .title = "SECONDS", .width = 8,
	  .help = "its length in seconds"),
	OP(OP_ACCEPT, "accept", "ACCEPT", "accept(2), accept4(2)"),
	OP(OP_CONNECT, "connect", "CONNECT", "connect(2)"),
	OP(OP_BIND, "bind", "BIND", "bind(2)"),
	OP(OP_LISTEN, "listen", "LISTEN", "listen(2)"),
	OP(OP_SOCKET, "socket", "SOCKET", "socket(2), socketpair(2)"),
	OP(OP_SEND, "send", "SEND", "messages sent, on whatever path"),
	OP(OP_RECV, "recv", "RECV", "messages received, on whatever path"),
	C(all.failed, .name = "failed", .kind = K_RATE, .title = "FAIL", .width = 7,
	  .flags = COL_TEXT | COL_RIGHT | COL_HIDDEN | COL_FAILS,
	  .help = "of all these, what failed"),
	C(all.again, .name = "again", .kind = K_RATE, .title = "AGAIN", .width = 7,
	  .flags = COL_TEXT | COL_RIGHT | COL_HIDDEN,
	  .help = "of all these, what would have blocked: no failure"),
	C(ops[OP_SEND].bytes, .name = "sent", .kind = K_RATE, .title = "SENT(B)", .width = 8,
	  .flags = COL_WIDE | COL_RIGHT | COL_HIDDEN, .need = 1 << OP_SEND,
	  .help = "bytes sent"),
	C(ops[OP_RECV].bytes, .name = "rcvd", .kind = K_RATE, .title = "RCVD(B)", .width = 8,
	  .flags = COL_WIDE | COL_RIGHT | COL_HIDDEN, .need = 1 << OP_RECV,
	  .help = "bytes received, without peeks"),
	BT(RET_ACCEPT, "tracepoint:syscalls:sys_enter_accept"),
	BT(RET_ACCEPT4, "tracepoint:syscalls:sys_enter_accept4"),
	BT(RET_BIND, "tracepoint:syscalls:sys_enter_bind"),
	BT(RET_CONNECT, "tracepoint:syscalls:sys_enter_connect"),
	BT(RET_SOCKET, "tracepoint:syscalls:sys_enter_socket"),
	BT(RET_SOCKETPAIR, "tracepoint:syscalls:sys_enter_socketpair"),
	BT(RET_RECV, "kprobe:sock_recvmsg"),
	BT(RET_SEND, "kprobe:sock_sendmsg"),
	{},
};

static const uint8_t op_of_call[RETS] = {
	[RET_ACCEPT] = OP_ACCEPT,   [RET_ACCEPT4] = OP_ACCEPT,	  [RET_CONNECT] = OP_CONNECT,
	[RET_BIND] = OP_BIND,	    [RET_LISTEN] = OP_LISTEN,	  [RET_SOCKET] = OP_SOCKET,
	[RET_SOCKETPAIR] = OP_SOCKET, [RET_SEND] = OP_SEND,	  [RET_RECV] = OP_RECV,
};

static const struct fixed_layout layout = {
	.n = RETS,
	.group = op_of_call,
	.calls = offsetof(struct sockstat, calls),
	.groups = offsetof(struct sockstat, ops),
	.all = offsetof(struct sockstat, all),
};

static const struct table table = {
	.name = "sockstat",
	.help = "socket operations per second",
	.report = true,
	.fixed = &layout,
	.row_size = sizeof(struct sockstat),
	.have = offsetof(struct sockstat, have),
	.when = offsetof(struct sockstat, mono_ns),
	.interval = offsetof(struct sockstat, interval),
	.length = offsetof(struct sockstat, interval_ns),
	.columns = columns,
};

/* --by */
#define K(member, ...) COLUMN(sockstat_by, member, __VA_ARGS__)

static const char *const op_names[] = {
	[OP_ACCEPT] = "accept", [OP_CONNECT] = "connect", [OP_BIND] = "bind",
	[OP_LISTEN] = "listen", [OP_SOCKET] = "socket",	  [OP_SEND] = "send",
	[OP_RECV] = "recv",
};

static const struct column by_columns[] = {
	K(mono_ns, .name = "ts", .kind = K_TIME, .title = "TS", .width = 30,
	  .help = "end of the interval, UTC"),
	K(interval, .name = "interval", .kind = K_UINT, .title = "INTERVAL", .width = 8,
	  .help = "number of the interval"),
	K(key.call, .name = "call", .kind = K_ENUM, .names = op_names, .title = "CALL",
	  .width = 7, .flags = COL_TEXT, .by = BY_CALL, .help = "operation"),
	K(key.comm, .name = "comm", .kind = K_COMM, .title = "PROCESS", .width = 16,
	  .flags = COL_TEXT | COL_CUT, .by = BY_COMM,
	  .help = "the process's name (its first thread's)"),
	K(key.pid, .name = "pid", .kind = K_UINT, .title = "PID", .width = 7, .flags = COL_TEXT,
	  .by = BY_PID, .help = "process id (thread group)"),
	K(key.tid, .name = "tid", .kind = K_UINT, .title = "TID", .width = 7, .flags = COL_TEXT,
	  .by = BY_TID, .help = "thread id"),
	K(key.uid, .name = "uid", .kind = K_UINT, .title = "UID", .width = 7, .flags = COL_TEXT,
	  .by = BY_UID, .help = "user id"),
	K(key.cgroup, .name = "cgroup", .kind = K_UINT, .title = "CGROUP", .width = 10,
	  .flags = COL_TEXT, .by = BY_CGROUP, .help = "cgroup (v2) id"),
	K(key.netns, .name = "netns", .kind = K_UINT, .title = "NETNS", .width = 10,
	  .flags = COL_TEXT, .by = BY_NETNS, .help = "network namespace, an inode number"),
	K(key.family, .name = "family", .kind = K_UINT, .title = "FAM", .width = 3,
	  .flags = COL_TEXT, .by = BY_FAMILY, .need = HAVE_FAMILY,
	  .help = "address family, its number"),
	K(key.family, .name = "family_name", .kind = K_FAMILY, .title = "FAMILY", .width = 12,
	  .flags = COL_TEXT, .by = BY_FAMILY, .need = HAVE_FAMILY, .help = "address family"),
	K(key.protocol, .name = "protocol", .kind = K_UINT, .title = "PROTO", .width = 5,
	  .flags = COL_TEXT, .by = BY_PROTOCOL, .need = HAVE_SOCKET,
	  .help = "protocol, its number"),
	K(key.protocol, .name = "protocol_name", .kind = K_PROTOCOL, .title = "PROTOCOL",
	  .width = 13, .flags = COL_TEXT, .by = BY_PROTOCOL, .need = HAVE_SOCKET,
	  .help = "protocol of an IP socket"),
	K(counts.count, .name = "count", .kind = K_UINT, .title = "COUNT", .width = 9,
	  .flags = COL_TEXT | COL_RIGHT, .help = "operations"),
	K(counts.ok, .name = "ok", .kind = K_UINT, .title = "OK", .width = 9,
	  .flags = COL_WIDE | COL_RIGHT, .help = "those that succeeded"),
	K(counts.failed, .name = "failed", .kind = K_UINT, .title = "FAILED", .width = 9,
	  .flags = COL_TEXT | COL_RIGHT | COL_FAILS, .help = "those that failed"),
	K(counts.again, .name = "again", .kind = K_UINT, .title = "AGAIN", .width = 9,
	  .flags = COL_TEXT | COL_RIGHT, .help = "those that would have blocked: no failure"),
	K(counts.bytes, .name = "bytes", .kind = K_UINT, .title = "BYTES", .width = 12,
	  .flags = COL_WIDE | COL_RIGHT, .help = "bytes sent or received, without peeks"),
	K(key.ustack, .name = "ustack", .kind = K_STACK, .title = "USTACK", .flags = COL_TEXT,
	  .by = BY_USTACK, .help = "stack of the process, innermost first; below the row"),
	K(key.kstack, .name = "kstack", .kind = K_STACK, .title = "KSTACK", .flags = COL_TEXT,
	  .by = BY_KSTACK, .help = "stack of the kernel, the same"),
	{},
};

static const struct table by_table = {
	.name = "sockstat",
	.help = "socket operations by key",
	.report = true,
	.keyed = true,
	.row_size = sizeof(struct sockstat_by),
	.key_size = sizeof(struct sockstat_key),
	.have = offsetof(struct sockstat_by, key.have),
	.family = offsetof(struct sockstat_by, key.family),
	.counts = offsetof(struct sockstat_by, counts),
	.stacks = offsetof(struct sockstat_by, key.ustack),
	.nstacks = 2,
	.when = offsetof(struct sockstat_by, mono_ns),
	.interval = offsetof(struct sockstat_by, interval),
	.columns = by_columns,
};

#define CALLS (1 << OP_ACCEPT | 1 << OP_CONNECT | 1 << OP_BIND | 1 << OP_LISTEN | 1 << OP_SOCKET)
#define MESSAGES (1 << OP_SEND | 1 << OP_RECV)

static const struct point points[] = {
	{ .name = "accept", .blind = "accept", .words = "accepts", .when = POINT_IF_OP,
	  .ops = 1 << OP_ACCEPT },
	{ .name = "connect", .blind = "connect", .words = "connects", .when = POINT_IF_OP,
	  .ops = 1 << OP_CONNECT },
	{ .name = "bind", .blind = "bind", .words = "binds", .when = POINT_IF_OP,
	  .ops = 1 << OP_BIND },
	{ .name = "listen", .blind = "listen", .words = "listens", .when = POINT_IF_OP,
	  .ops = 1 << OP_LISTEN },
	{ .name = "socket", .blind = "socket", .words = "sockets", .when = POINT_IF_OP,
	  .ops = 1 << OP_SOCKET },
	{ .name = "send", .blind = "send", .words = "sends", .when = POINT_IF_OP,
	  .ops = 1 << OP_SEND, .sees = SEES_SEND },
	{ .name = "recv", .blind = "recv", .words = "receives", .when = POINT_IF_OP,
	  .ops = 1 << OP_RECV, .sees = SEES_RECV },
	{ .name = "signal", .when = POINT_HELPS_OP, .ops = CALLS | MESSAGES },
	{ .name = "exit", .when = POINT_HELPS_OP, .ops = CALLS | MESSAGES },
	{ .name = "uring", .blind = "io_uring",
	  .words = "accept, connect, bind, listen and socket by io_uring", .when = POINT_HELPS_OP,
	  .ops = CALLS | MESSAGES },
	{ .name = "return32", .blind = "compat",
	  .words = "calls of 32-bit programs, save sends and receives (--compat shows them)",
	  .when = POINT_IF_COMPAT, .ops = CALLS },
	{ .name = "task", .when = POINT_IF_FOLLOW },
	{},
};

static const char *const maps[] = { "keys", "claimed", "counts", "interrupted", "requests", "made", NULL };

static const char *const examples[] = {
	"sockstat 5 12", "all operations, twelve times 5 s",
	"sockstat --by comm,call", "by which process",
	"sockstat --call send --by pid --top 10", "the ten busiest senders",
	"sockstat -U --call connect", "from which code path",
	"sockstat --folded 10 1 >out.folded", "for a flame graph",
	NULL,
};

TOOL(sockstat, .help = "count socket operations per second, and by whom",
     .note = "This is not the sockstat that lists sockets, of BSD and Debian: for that, ss -p.",
     .table = &table, .by = &by_table, .points = points, .maps = maps, .examples = examples,
     .interval_ns = 1000000000,
     .can = CAN_KEYS | CAN_BY | CAN_COMPAT | CAN_RESULT | CAN_PEER);
