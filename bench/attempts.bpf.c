// SPDX-License-Identifier: GPL-2.0
/*
 * attempts.bpf.c - what the tools do, without what it costs to be right: connects are counted when
 * they begin, whatever becomes of them and on what socket, by the family that the caller names;
 * soconnect has the caller's address. The difference to the tools is the price of outcomes, of the
 * kernel's own addresses, of filters and of the account. By fentry they are inside of the call, where
 * its address is the kernel's, and see no call that fails before.
 *
 * By raw_tp they are at all system calls, which each pay for that.
 *
 * Programs are named TOOL__ROUTE and TOOL_ret__ROUTE.
 */
#include <linux/bpf.h>

#include "../bpf/read.h"

#include <bpf/bpf_tracing.h>

#include "../bpf/row.h"

struct sockaddr_in6 {
	unsigned short sin6_family;
} __attribute__((preserve_access_index));

#define on static __always_inline void

struct enter {
	__u64 common, nr, args[6];
};

#define CPUS 1024
static __u64 connects[CPUS];

on sockstat(void)
{
	connects[bpf_get_smp_processor_id() & (CPUS - 1)]++;
}

struct family_key {
	__u64 comm[2];
	__u64 family;
};

struct protocol_key {
	__u64 comm[2];
	__u64 prot; /* the address of its struct proto; its number is folded into the name */
};

#define COUNTS(name, counted)                                                                     \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_HASH);                                               \
		__uint(max_entries, 16384);                                                    \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                          \
		__type(key, struct counted);                                                    \
		__type(value, __u64);                                                          \
	} name SEC(".maps")
COUNTS(families, family_key);
COUNTS(protocols, protocol_key);

#define COUNT(map, key)                                                                        \
	do {                                                                                   \
		__u64 *n_ = bpf_map_lookup_elem(&map, key), one_ = 1;                          \
		if (n_)                                                                        \
			__sync_fetch_and_add(n_, 1);                                           \
		else                                                                           \
			bpf_map_update_elem(&map, key, &one_, BPF_NOEXIST);                    \
	} while (0)

/* The name of the task, as it knows it: no call, nor a cast, is needed for that. */
on name(__u64 *comm)
{
	const __u64 *from = (const __u64 *)bpf_get_current_task_btf()->comm;

	comm[0] = from[0];
	comm[1] = from[1];
}

on sofamily(__u16 family)
{
	struct family_key key = { .family = family };

	name(key.comm);
	COUNT(families, &key);
}

on soprotocol(struct file *file)
{
	struct socket *socket = READ(file, private_data);
	struct sock *sk = READ(socket, sk);
	struct protocol_key key;

	name(key.comm);
	key.prot = (__u64)READ(sk, __sk_common.skc_prot);
	key.comm[1] ^= (__u64)READ(sk, sk_protocol) << 48;
	COUNT(protocols, &key);
}

struct start {
	__u64 ns;
	__u64 address[3]; /* up to the end of an IPv6 one */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct start);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} rows SEC(".maps");

on soconnect(const void *address, bool user)
{
	struct start *start = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), NULL,
						   BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!start)
		return;
	start->ns = bpf_ktime_get_ns();
	if (user)
		bpf_probe_read_user(start->address, sizeof(start->address), address);
	else
		bpf_probe_read_kernel(start->address, sizeof(start->address), address);
}

on soconnect_ret(int ret)
{
	struct start *start = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), NULL, 0);
	struct {
		__u64 ns, id, comm[2], address[3], ret;
	} *row;

	if (!start)
		return;
	row = bpf_ringbuf_reserve(&rows, sizeof(*row), 0);
	if (!row)
		return;
	row->ns = bpf_ktime_get_ns() - start->ns;
	row->id = bpf_get_current_pid_tgid();
	name(row->comm);
	__builtin_memcpy(row->address, start->address, sizeof(row->address));
	row->ret = ret;
	bpf_ringbuf_submit(row, BPF_RB_NO_WAKEUP);
}

static __always_inline __u16 family_of(const void *user)
{
	__u16 family = 0;

	bpf_probe_read_user(&family, sizeof(family), user);
	return family;
}

static __always_inline struct file *file_of(__u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = READ(task, files, fdt);
	struct file **files;

	if (fd >= READ(table, max_fds))
		return NULL;
	files = READ(table, fd);
	return READ_POINTER(&files[fd]);
}

#define TRACEPOINT(name, ...)                                                                  \
	SEC("?tp/syscalls/sys_enter_connect")                                                  \
	int name##__tracepoint(struct enter *ctx)                                              \
	{                                                                                      \
		name(__VA_ARGS__);                                                             \
		return 0;                                                                      \
	}
TRACEPOINT(sockstat)
TRACEPOINT(sofamily, family_of((void *)ctx->args[1]))
TRACEPOINT(soprotocol, file_of(ctx->args[0]))
TRACEPOINT(soconnect, (void *)ctx->args[1], true)

#ifdef __TARGET_ARCH_x86
#define CONNECT 42
#define RAW(name, ...)                                                                         \
	SEC("?raw_tp/sys_enter")                                                               \
	int name##__raw(struct bpf_raw_tracepoint_args *ctx)                                   \
	{                                                                                      \
		struct pt_regs *regs = (void *)ctx->args[0];                                   \
		(void)regs;                                                                    \
		if (ctx->args[1] == CONNECT)                                                   \
			name(__VA_ARGS__);                                                     \
		return 0;                                                                      \
	}
RAW(sockstat)
RAW(sofamily, family_of((void *)READ(regs, si)))
RAW(soprotocol, file_of(READ(regs, di)))
RAW(soconnect, (void *)READ(regs, si), true)

SEC("?raw_tp/sys_exit")
int soconnect_ret__raw(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];

	if (READ(regs, orig_ax) == CONNECT)
		soconnect_ret(ctx->args[1]);
	return 0;
}
#endif

#define FENTRY(name, ...)                                                                      \
	SEC("?fentry/__sys_connect_file")                                                      \
	int BPF_PROG(name##__fentry, struct file *file, struct sockaddr_in6 *address)          \
	{                                                                                      \
		(void)file, (void)address;                                                     \
		name(__VA_ARGS__);                                                             \
		return 0;                                                                      \
	}
FENTRY(sockstat)
FENTRY(sofamily, address->sin6_family)
FENTRY(soprotocol, file)
FENTRY(soconnect, address, false)

SEC("?tp/syscalls/sys_exit_connect")
int soconnect_ret__tracepoint(struct enter *ctx)
{
	soconnect_ret(ctx->args[0]);
	return 0;
}

SEC("?fexit/__sys_connect_file")
int BPF_PROG(soconnect_ret__fentry, void *file, void *address, int len, int flags, int ret)
{
	soconnect_ret(ret);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
