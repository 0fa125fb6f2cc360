// SPDX-License-Identifier: GPL-2.0
/*
 * truths.bpf.c - what it costs to know what becomes of a connect(2), and on what socket: two tools
 * built up from empty programs, a rung at a time, with the routines of theirs. The last rung is what a
 * call costs that begins and ends as most do; the tools also know those that start again after a
 * signal, end unseen, come by io_uring, or are found connecting already.
 *
 * Programs are named TOOL__ROUTE and TOOL_ret__ROUTE. The loader sets `rung`; the verifier drops what
 * is above it.
 */
#include "truths.h"

#include "../tools/sofamily/sofamily.h"

#define COUNT_KEY struct sofamily_key
#define COUNT_TABLE new_keys
#include "../bpf/count.bpf.h"

const volatile __u32 rung SEC(".rodata.rung");

struct record {
	struct attempt row;
	__u64 start, end;
	struct sock *sk;
	struct socket *socket;
	const void *addr;
	int len;
	__u32 open;
	struct last last;
};

THREAD_STORAGE(records, record);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} rows SEC(".maps");

/* sofamily: the key's slot */
static __always_inline void begin_count(struct record *r)
{
	struct sofamily_key key = { .call = OP_CONNECT, .have = HAVE_FAMILY };
	struct counts *c;

	__builtin_memcpy(key.comm, r->row.who.comm, COMM_LEN);
	key.family = r->row.ends.family;
	r->row.slot = count_slot_again(&key, &r->last);
	c = count_at(r->row.slot);
	if (c)
		COUNT(c, begun);
}

static __always_inline void end_count(struct record *r)
{
	struct counts *c = count_at(r->row.slot);

	if (c)
		count_result(c, r->row.result);
}

/* soconnect: the address as the caller has it */
routine void address(struct record *r)
{
	struct attempt *row = &r->row;
	__u64 a[4] = {};
	__u32 len = r->len;

	if (len > sizeof(a))
		len = sizeof(a);
	if (len < 8 || bpf_probe_read_user(a, len, r->addr))
		return;
	row->ends.family = a[0];
	row->ends.rport = bpf_ntohs(a[0] >> 16);
	if (row->ends.family == AF_INET)
		ip_from_v4(&row->ends.raddr, a[0] >> 32);
	else
		__builtin_memcpy(row->ends.raddr.b, &a[1], 16);
	row->have |= HAVE_FAMILY | HAVE_RADDR | HAVE_RPORT;
}

static __always_inline void begin(bool rows_wanted, int fd, const void *addr, int len)
{
	struct record *r;
	struct attempt *row;
	__u64 id;

	if (rung < RUNG_RECORD)
		return;
	r = thread_record(&records, true);
	if (!r)
		return;
	row = &r->row;
	__builtin_memset(r, 0, __builtin_offsetof(struct record, row.name));
	r->open = 1;
	r->addr = addr;
	r->len = len;
	row->fd = fd;
	if (rung >= RUNG_SOCKET) {
		r->socket = fd_socket(current_task(), fd);
		r->sk = socket_sk(r->socket);
	}
	if (rung >= RUNG_KIND && r->sk) {
		row->have |= ends_kind(&row->ends, r->sk);
		row->sk_family = row->ends.family;
		if (READ(r->socket, state) == SS_CONNECTING)
			r->open |= 2;
	}
	if (rung >= RUNG_ADDRESS && rows_wanted)
		address(r);
	if (rung >= RUNG_PROCESS) {
		id = bpf_get_current_pid_tgid();
		who_fill(&row->who, current_task(), id);
	}
	if (rung >= RUNG_CLOCK && rows_wanted)
		r->start = bpf_ktime_get_ns();
	if (rung >= RUNG_SHOW && !rows_wanted)
		begin_count(r);
	if (rung >= RUNG_ACCOUNT)
		COUNT_EVENT(begun);
}

static __always_inline void end(bool rows_wanted, int ret)
{
	struct record *r;
	struct attempt *row;

	if (rung < RUNG_RECORD)
		return;
	r = thread_record(&records, false);
	if (!r || !r->open)
		return;
	row = &r->row;
	row->ret = ret;
	row->result = -ret;
	if (rung >= RUNG_CLOCK && rows_wanted) {
		row->mono_ns = bpf_ktime_get_ns();
		row->lat_ns = row->mono_ns - r->start;
	}
	/* is it still the same socket, and where did the kernel connect it to? */
	if (rung >= RUNG_OUTCOME && !ret && r->sk && READ(r->sk, sk_socket) == r->socket) {
		if (rows_wanted && is_inet(row->sk_family))
			row->have |= ends_remote(&row->ends, r->sk, row->sk_family);
		else if (is_inet(row->sk_family) && !READ(r->sk, __sk_common.skc_dport))
			row->result = RESULT_DISCONNECTED;
	}
	if (rung >= RUNG_ACCOUNT) {
		COUNT_EVENT(ended);
		if (!rows_wanted)
			COUNT_EVENT(shown);
	}
	if (rung >= RUNG_SHOW) {
		if (!rows_wanted)
			end_count(r);
		else if (rung >= RUNG_ACCOUNT)
			emit(&rows, row, ATTEMPT_SHORT);
		else
			bpf_ringbuf_output(&rows, row, ATTEMPT_SHORT, BPF_RB_NO_WAKEUP);
	}
	r->open = 0;
}

#define TRUTHS(tool, rows_wanted)                                                              \
	SEC("?tp/syscalls/sys_enter_connect")                                                  \
	int tool##__tracepoint(struct syscall_enter *ctx)                                      \
	{                                                                                      \
		begin(rows_wanted, ctx->args[0], (const void *)ctx->args[1], ctx->args[2]);    \
		return 0;                                                                      \
	}                                                                                      \
	SEC("?tp/syscalls/sys_exit_connect")                                                   \
	int tool##_ret__tracepoint(struct syscall_exit *ctx)                                   \
	{                                                                                      \
		end(rows_wanted, ctx->ret);                                                    \
		return 0;                                                                      \
	}                                                                                      \
	SEC("?fentry/__sys_connect")                                                           \
	int BPF_PROG(tool##__fentry, int fd, const void *addr, int len)                        \
	{                                                                                      \
		begin(rows_wanted, fd, addr, len);                                             \
		return 0;                                                                      \
	}                                                                                      \
	SEC("?fexit/__sys_connect")                                                            \
	int BPF_PROG(tool##_ret__fentry, int fd, const void *addr, int len, int ret)           \
	{                                                                                      \
		end(rows_wanted, ret);                                                         \
		return 0;                                                                      \
	}
TRUTHS(sofamily, false)
TRUTHS(soconnect, true)
