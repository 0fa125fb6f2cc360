// SPDX-License-Identifier: GPL-2.0
/*
 * broken.bpf.c - soconnect's kernel half with routes that are no good, each better by rank than
 * connect__tracepoint: for tests/live/routes.t, which wants to see them struck out and the next
 * one used; and with a program that misses an event whenever a thread exits.
 */
#include "../bpf/ray.bpf.h"

/*
 * In place of point/signal.h: the same programs at the same hooks, of which one doesn't load. That of the
 * other tools is sound (sockray doctor tries each tool's).
 */
#define POINT_SIGNAL_H
#define SA_RESTART 0x10000000

handler on_signal(void *ctx, bool restarts);

SEC("?raw_tp/signal_deliver")
int signal__raw(void *ctx)
{
	on_signal(ctx, *(volatile int *)8);
	return 0;
}

SEC("?tp/signal/signal_deliver")
int signal__classic(struct trace_event_raw_signal_deliver *ctx)
{
	on_signal(ctx, ctx->sa_flags & SA_RESTART);
	return 0;
}

#include "../tools/soconnect/soconnect.bpf.c"

/* one part fires, the other never: the route is none */
SEC("?raw_tp/sys_enter")
int connect__raw(void *ctx)
{
	return 0;
}

SEC("?raw_tp/sock_exceed_buf_limit")
int connect_ret__raw(void *ctx)
{
	on_connect_ret(ctx, 0);
	return 0;
}

/* doesn't load: it reads where nothing is */
SEC("?tp/syscalls/sys_enter_connect")
int connect__classic(struct syscall_enter *ctx)
{
	on_connect(ctx, *(volatile int *)8, (const void *)ctx->args[1], 0, VIA_SYSCALL);
	return 0;
}

/* doesn't attach */
SEC("?tp/syscalls/no_such_event")
int connect__syscall(void *ctx)
{
	on_connect_ret(ctx, 0);
	return 0;
}

/* misses: it runs whenever one prints, prints itself, and is skipped then */
SEC("?raw_tp/bpf_trace_printk")
int exit_misses__raw(void *ctx)
{
	bpf_printk("sockray's test");
	return 0;
}

SEC("?raw_tp/sched_process_exit")
int exit_prints__raw(void *ctx)
{
	bpf_printk("sockray's test");
	return 0;
}
