/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel.h - the kernel's types, kept by hand: only the members that the tools use. Their
 * offsets don't matter, CO-RE looks each one up by name in the running kernel's BTF. A member
 * that a kernel lacks makes the load fail, unless bpf_core_field_exists() guards it.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <linux/types.h>

#define __VMLINUX_H__ /* tells bpf_tracing.h that registers have the kernel's names */

typedef _Bool bool;
#define true 1
#define false 0

#define SOCKFS_MAGIC 0x534f434b /* super_block.s_magic of every socket's file */
#define PF_EXITING 0x4		/* task_struct.flags */
#define PF_IO_WORKER 0x10	/* a thread of io_uring's own, in its owner's process */
#define TS_COMPAT 0x2		/* thread_info.status, x86: inside a 32-bit system call */
#define REQ_F_FIXED_FILE 0x1	/* io_kiocb.flags: cqe.fd is a slot, not a descriptor */
#define IORING_OP_CONNECT 16
#define RLIMIT_NOFILE 7
#define IOCB_NOWAIT 0x8 /* kiocb.ki_flags */
#define MSG_PEEK 0x2
#define MSG_DONTWAIT 0x40
#define ENOENT 2
#define EBADF 9
#define EAGAIN 11
#define E2BIG 7
#define EEXIST 17
#define EFAULT 14
#define EINVAL 22
#define ENFILE 23
#define ERESTARTSYS 512 /* never seen by programs: EINTR, or the call starts again */

enum { AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_VSOCK = 40 };
enum socket_state { SS_UNCONNECTED = 1, SS_CONNECTING = 2, SS_CONNECTED = 3 };
enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_SYN_RECV = 3, TCP_CLOSE = 7 }; /* skc_state */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	__u8 in6_u[16];
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct proto {
	char name[32];
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	struct proto *skc_prot;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_type;
	__u16 sk_protocol; /* 16 bits: MPTCP is 262 */
	struct {
		int owned; /* by a call, that is; timers and packets wait then, or leave it work */
	} sk_lock;
	int sk_err;
	int sk_err_soft; /* what a SYN's ICMP answers said */
	struct socket *sk_socket;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct tcp_sock {
	void *fastopen_req; /* set while sendto(MSG_FASTOPEN) connects */
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len; /* of name, with its family */
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	struct super_block *i_sb;
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct socket {
	enum socket_state state;
	struct file *file;
	struct sock *sk;
};

struct kiocb {
	struct file *ki_filp;
	int ki_flags;
};

struct msghdr {
	unsigned int msg_flags;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct hlist_head {
	void *first;
};

struct nsproxy {
	struct net *net_ns;
};

typedef struct {
	int counter;
} atomic_t;

struct rlimit {
	unsigned long rlim_cur;
};

struct signal_struct {
	atomic_t live; /* threads that have not exited */
	struct rlimit rlim[RLIMIT_NOFILE + 1];
};

struct thread_info {
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	__u64 start_time;
	__u64 self_exec_id; /* one more with each execve(2) */
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	void *io_uring;
};

/* what classic tracepoints hand over */
struct trace_event_raw_inet_sock_set_state {
	const void *skaddr;
	int oldstate;
	int newstate;
};

struct trace_event_raw_sock_msg_length {
	void *sk;
	int ret;
	int flags;
};

struct trace_event_raw_signal_deliver {
	int sig;
	unsigned long sa_handler;
	unsigned long sa_flags;
};

struct trace_event_raw_task_newtask {
	int pid;
	unsigned long clone_flags;
};

struct trace_event_raw_io_uring_submit_req {
	void *req;
};

struct trace_event_raw_io_uring_complete {
	void *ctx;
	void *req;
	__u64 user_data;
	int res;
	unsigned int cflags;
};

struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};

struct k_sigaction {
	struct sigaction sa;
};

/* Those that system calls pass their arguments in, and where the stack is. */
#ifdef __TARGET_ARCH_x86
struct pt_regs {
	unsigned long bx, cx, dx, ax, si, di, r8, r10, orig_ax, ip, sp, bp;
};
#else /* arm64 */
struct pt_regs {
	__u64 regs[31], orig_x0;
	int syscallno;
};

struct user_pt_regs { /* what libbpf takes a kprobe's context for */
	__u64 regs[31];
};
#endif

struct io_cqe {
	__u64 user_data;
	int fd;
};

struct io_kiocb {
	struct file *file;
	__u8 opcode;
	__u32 flags;
	void *ctx;
	struct io_cqe cqe; /* from 5.19 on */
};

struct io_uring_cqe {
	__u64 user_data;
	__s32 res;
	__u32 flags;
};

struct io_accept { /* the same */
	__u32 file_slot; /* not 0: a direct descriptor is wanted */
};

struct io_connect { /* lies at the start of its io_kiocb */
	void *addr;
	int addr_len;
};

#pragma clang attribute pop

#endif
