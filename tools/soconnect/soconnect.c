/* SPDX-License-Identifier: GPL-2.0 */
/*
 * soconnect.c - the columns of soconnect and its descriptor; the code is in soconnect.bpf.c.
 */
#include "../../src/tool.h"

static const char *const via_names[] = {
	[VIA_SYSCALL] = "syscall",
	[VIA_IO_URING] = "io_uring",
	[VIA_COMPAT] = "compat",
	[VIA_TFO] = "tfo",
};

static const char *const from_names[] = {
	[FROM_KERNEL] = "kernel",
	[FROM_USER] = "user",
};

/* C: a column, in the order of JSON and CSV. */
#define C(member, ...) COLUMN(attempt, member, __VA_ARGS__)

/* In text, columns stand in this order too. */
static const struct column columns[] = {
	C(mono_ns, .name = "ts", .kind = K_TIME, .title = "TS", .width = 30,
	  .help = "when the call returned (--final: was decided), UTC"),
	C(mono_ns, .name = "mono_ns", .kind = K_UINT, .title = "MONO(ns)", .width = 16,
	  .help = "the same by CLOCK_MONOTONIC, in nanoseconds"),
	C(who.pid, .name = "pid", .kind = K_UINT, .title = "PID", .width = 6,
	  .flags = COL_TEXT | COL_BT, .help = "process id (thread group)"),
	C(who.tid, .name = "tid", .kind = K_UINT, .title = "TID", .width = 6, .flags = COL_WIDE,
	  .help = "thread id"),
	C(who.thread, .name = "bt_comm", .needs = NEED_THREAD, .kind = K_COMM,
	  .title = "PROCESS", .width = 16, .flags = COL_BT | COL_HIDDEN,
	  .help = "as in the book: the thread's name"),
	C(who.comm, .name = "comm", .kind = K_COMM, .title = "PROCESS", .width = 16,
	  .flags = COL_TEXT | COL_CUT, .help = "the process's name (its first thread's)"),
	C(who.thread, .name = "thread", .needs = NEED_THREAD, .kind = K_COMM, .title = "THREAD",
	  .width = 16, .flags = COL_WIDE | COL_CUT, .help = "the calling thread's own name"),
	C(who.uid, .name = "uid", .needs = NEED_UID, .kind = K_UINT, .title = "UID", .width = 6,
	  .flags = COL_WIDE, .help = "user id"),
	C(who.cgroup, .name = "cgroup", .needs = NEED_CGROUP, .kind = K_UINT, .title = "CGROUP",
	  .width = 10, .help = "cgroup (v2) id"),
	C(ends.netns, .name = "netns", .needs = NEED_NETNS, .kind = K_UINT, .title = "NETNS",
	  .width = 10, .need = HAVE_NETNS,
	  .help = "the socket's network namespace, an inode number"),
	C(fd, .name = "fd", .kind = K_INT, .title = "FD", .width = 4, .need = HAVE_FD,
	  .help = "file descriptor"),
	C(ends.family, .name = "family", .kind = K_UINT, .title = "FAM", .width = 3,
	  .flags = COL_TEXT | COL_BT, .need = HAVE_FAMILY, .help = "address family, its number"),
	C(ends.family, .name = "family_name", .kind = K_FAMILY, .title = "FAMILY", .width = 10,
	  .flags = COL_WIDE, .need = HAVE_FAMILY, .help = "address family"),
	C(ends.type, .name = "socktype", .needs = NEED_SOCKET, .kind = K_UINT,
	  .title = "TYPE", .width = 4, .need = HAVE_SOCKET, .help = "socket type, its number (1: SOCK_STREAM)"),
	C(ends.protocol, .name = "protocol", .needs = NEED_SOCKET, .kind = K_UINT,
	  .title = "PROTO", .width = 5, .need = HAVE_SOCKET, .help = "protocol, its number"),
	C(ends.protocol, .name = "protocol_name", .needs = NEED_SOCKET, .kind = K_PROTOCOL,
	  .title = "PROTOCOL", .width = 13, .flags = COL_WIDE, .need = HAVE_SOCKET,
	  .help = "protocol of an IP socket"),
	C(ends, .name = "laddr", .needs = NEED_LADDR, .kind = K_LOCAL, .title = "LOCAL",
	  .width = 16, .wide = 39, .flags = COL_CUT, .need = HAVE_LADDR,
	  .help = "local address"),
	C(ends.lport, .name = "lport", .needs = NEED_LADDR, .kind = K_UINT, .title = "LPORT",
	  .width = 5, .need = HAVE_LADDR, .help = "local port"),
	C(ends, .name = "raddr", .kind = K_REMOTE, .title = "ADDRESS", .width = 16, .wide = 39,
	  .flags = COL_TEXT | COL_BT | COL_CUT, .need = HAVE_RADDR,
	  .help = "remote address; AF_UNIX: path, or @abstract name"),
	C(ends.rport, .name = "rport", .kind = K_UINT, .title = "PORT", .width = 5,
	  .flags = COL_TEXT | COL_BT, .need = HAVE_RPORT, .help = "remote port"),
	C(via, .name = "via", .kind = K_ENUM, .names = via_names, .title = "VIA", .width = 8,
	  .flags = COL_WIDE, .help = "syscall, io_uring, compat (32-bit) or tfo (Fast Open)"),
	C(addr_from, .name = "addr_from", .kind = K_ENUM, .names = from_names, .title = "FROM",
	  .width = 6, .help = "who told the address: the kernel, or the caller's memory"),
	C(ret, .name = "ret", .kind = K_INT, .title = "RET", .width = 5, .need = HAVE_RET,
	  .help = "what the call returned: 0 or -errno"),
	C(result, .name = "errno", .kind = K_ERRNO, .title = "ERRNO", .width = 15,
	  .help = "the error's name"),
	C(lat_ns, .name = "lat_ns", .kind = K_NSEC, .title = "LAT(us)", .width = 8,
	  .flags = COL_TEXT | COL_BT | COL_RIGHT,
	  .help = "until it returned (--final: was decided); JSON, CSV: ns"),
	C(result, .name = "result", .kind = K_RESULT, .title = "RESULT", .width = 19,
	  .flags = COL_TEXT, .help = "how it ended, in words"),
	C(async, .name = "async", .kind = K_BOOL, .title = "ASYNC", .width = 5,
	  .need = HAVE_RET, .help = "the call returned before the connection was decided"),
	C(result, .name = "bt_result", .kind = K_BOOK, .title = "RESULT", .width = 19,
	  .flags = COL_BT | COL_HIDDEN, .help = "as in the book: its words"),
	{},
};

static const struct table table = {
	.name = "soconnect",
	.help = "connects",
	.row_size = sizeof(struct attempt),
	.short_size = ATTEMPT_SHORT,
	.have = offsetof(struct attempt, have),
	.ends = offsetof(struct attempt, ends),
	.family = offsetof(struct attempt, ends.family),
	.name_at = offsetof(struct attempt, name),
	.when = offsetof(struct attempt, mono_ns),
	.columns = columns,
};

/* --count: a row per process, destination, port and result. The key comes first. */
struct soconnect_sum {
	char comm[COMM_LEN];
	struct ends ends; /* family, raddr, rport; the rest 0 */
	__s32 result;
	__u32 have; /* only what says what the key holds */
	struct name name;
	__u64 count, mean_ns, max_ns;
	__u64 mono_ns; /* end of the interval */
	__u64 interval;
};

#define S(member, ...) COLUMN(soconnect_sum, member, __VA_ARGS__)

static const struct column sum_columns[] = {
	S(mono_ns, .name = "ts", .kind = K_TIME, .title = "TS", .width = 30,
	  .help = "end of the interval, UTC"),
	S(interval, .name = "interval", .kind = K_UINT, .title = "INTERVAL", .width = 8,
	  .help = "number of the interval"),
	S(comm, .name = "comm", .kind = K_COMM, .title = "PROCESS", .width = 15,
	  .flags = COL_TEXT | COL_CUT, .help = "the process's name"),
	S(ends.family, .name = "family", .kind = K_UINT, .title = "FAM", .width = 3,
	  .flags = COL_WIDE, .need = HAVE_FAMILY, .help = "address family, its number"),
	S(ends.family, .name = "family_name", .kind = K_FAMILY, .title = "FAMILY", .width = 10,
	  .flags = COL_WIDE, .need = HAVE_FAMILY, .help = "address family"),
	S(ends, .name = "raddr", .kind = K_REMOTE, .title = "ADDRESS", .width = 15, .wide = 39,
	  .flags = COL_TEXT | COL_CUT, .need = HAVE_RADDR, .help = "remote address"),
	S(ends.rport, .name = "rport", .kind = K_UINT, .title = "PORT", .width = 5,
	  .flags = COL_TEXT, .need = HAVE_RPORT, .help = "remote port"),
	S(result, .name = "errno", .kind = K_ERRNO, .title = "ERRNO", .width = 15,
	  .help = "the error's name"),
	S(result, .name = "result", .kind = K_RESULT, .title = "RESULT", .width = 19,
	  .flags = COL_TEXT, .help = "how they ended, in words"),
	S(count, .name = "count", .kind = K_UINT, .title = "COUNT", .width = 5,
	  .flags = COL_TEXT | COL_RIGHT, .help = "how many"),
	S(mean_ns, .name = "lat_mean_ns", .kind = K_NSEC, .title = "MEAN(us)", .width = 8,
	  .flags = COL_TEXT | COL_RIGHT, .help = "mean latency; JSON, CSV: nanoseconds"),
	S(max_ns, .name = "lat_max_ns", .kind = K_NSEC, .title = "MAX(us)", .width = 7,
	  .flags = COL_TEXT | COL_RIGHT, .help = "largest latency; JSON, CSV: nanoseconds"),
	{},
};

static const struct table sums = {
	.name = "soconnect_count",
	.help = "connects, counted",
	.report = true,
	.row_size = sizeof(struct soconnect_sum),
	.have = offsetof(struct soconnect_sum, have),
	.ends = offsetof(struct soconnect_sum, ends),
	.name_at = offsetof(struct soconnect_sum, name),
	.when = offsetof(struct soconnect_sum, mono_ns),
	.interval = offsetof(struct soconnect_sum, interval),
	.columns = sum_columns,
};

#define KEY(row_member, sum_member)                                                            \
	{                                                                                      \
		offsetof(struct attempt, row_member), offsetof(struct soconnect_sum, sum_member), \
			sizeof(((struct soconnect_sum *)0)->sum_member)                        \
	}

static const struct group group = {
	.keys = { KEY(who.comm, comm), KEY(ends.family, ends.family), KEY(ends.raddr, ends.raddr),
		  KEY(ends.rport, ends.rport), KEY(result, result) },
	.name = offsetof(struct soconnect_sum, name),
	.key_size = offsetof(struct soconnect_sum, name) + sizeof(struct name),
	.add = offsetof(struct attempt, lat_ns),
	.count = offsetof(struct soconnect_sum, count),
	.mean = offsetof(struct soconnect_sum, mean_ns),
	.max = offsetof(struct soconnect_sum, max_ns),
};

static const struct point points[] = {
	{ .name = "connect", .ops = 1 << OP_CONNECT },
	{ .name = "state" },
	{ .name = "signal" },
	{ .name = "exit" },
	{ .name = "uring", .blind = "io_uring", .words = "connects by io_uring",
	  .when = POINT_WANTED, .sees = SEES_URING },
	{ .name = "connect32", .blind = "compat",
	  .words = "connects of 32-bit programs, save TCP ones that sent a SYN (--compat shows all)",
	  .when = POINT_IF_COMPAT, .ops = 1 << OP_CONNECT },
	{ .name = "task", .when = POINT_IF_FOLLOW },
	{},
};

static const char *const maps[] = { "calls", "conns", "half", NULL };

static const char *const examples[] = {
	"soconnect", "each IP connect of the host",
	"soconnect -x --final", "each that failed, with its true end",
	"soconnect -p 1234 -T", "those of process 1234, with the time",
	"soconnect --count 10", "who connects where, every 10 seconds",
	"soconnect -j -o out.json -- curl URL", "all that one command does",
	NULL,
};

TOOL(soconnect, .help = "show each connect(2): process, destination, latency, result",
     .table = &table, .count = &sums, .group = &group, .points = points, .maps = maps,
     .examples = examples, .families = 1ULL << 2 | 1ULL << 10,
     .can = CAN_EVENTS | CAN_FINAL | CAN_COUNT | CAN_COMPAT | CAN_RESULT | CAN_PEER);
