// SPDX-License-Identifier: GPL-2.0
/*
 * broken.bpf.c - soconnect's kernel half with routes that are no good, each better by rank than one
 * that is: for tests/live/routes.t, which wants to see them struck out and the next one used.
 */
#include "../tools/soconnect/soconnect.bpf.c"

/* attaches, and never fires: before `kprobe` and `tracepoint` */
SEC("?raw_tp/sock_exceed_buf_limit")
int connect__raw(void *ctx)
{
	on_connect(ctx, 0, (const void *)0, 0, VIA_SYSCALL);
	return 0;
}

SEC("?raw_tp/sock_exceed_buf_limit")
int connect_ret__raw(void *ctx)
{
	on_connect_ret(ctx, 0);
	return 0;
}

/* loads, and attaches to nothing */
SEC("?tp/sched/no_such_event")
int signal__fentry(void *ctx)
{
	on_signal(ctx, false);
	return 0;
}

/* doesn't load: it reads what isn't there */
SEC("?raw_tp/sched_process_exit")
int exit__fentry(void *ctx)
{
	on_exit(ctx, *(volatile int *)0);
	return 0;
}

/* one of two parts is silent: the route is none */
SEC("?raw_tp/inet_sock_set_state")
int BPF_PROG(state__fentry, struct sock *sk, int old, int new)
{
	state_changes(ctx, sk, old, new);
	return 0;
}

SEC("?raw_tp/sock_exceed_buf_limit")
int BPF_PROG(state_silent__fentry, struct sock *sk)
{
	return 0;
}
