/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/signal.h - a signal is delivered to a handler of the current task. A call that returned
 * -ERESTARTSYS learns here what becomes of it: the first handler decides. With SA_RESTART it
 * starts again when the handlers are done, without it is EINTR. A call that was interrupted by
 * anything else (a stop, an ignored signal) starts again without a word; one whose process dies
 * is told by point/exit.h.
 *
 * The tool that includes this defines
 *	on_signal(ctx, restarts)	a handler will run; does it have SA_RESTART?
 *
 * What a route does not see: nothing.
 */
#ifndef POINT_SIGNAL_H
#define POINT_SIGNAL_H

#include "../ray.bpf.h"

#define SA_RESTART 0x10000000

handler on_signal(void *ctx, bool restarts);

static __always_inline void signal_comes(void *ctx, int sig, unsigned long function,
					 unsigned long flags)
{
	/* SIG_DFL is 0, SIG_IGN 1; SIGKILL has no handler whatever stands there */
	if (sig != 9 && function > 1)
		on_signal(ctx, flags & SA_RESTART);
}

SEC("?raw_tp/signal_deliver")
int BPF_PROG(signal__raw, int sig, void *info, struct k_sigaction *ka)
{
	signal_comes(ctx, sig, (unsigned long)READ(ka, sa.sa_handler), READ(ka, sa.sa_flags));
	return 0;
}

SEC("?tp/signal/signal_deliver")
int signal__classic(struct trace_event_raw_signal_deliver *ctx)
{
	signal_comes(ctx, ctx->sig, ctx->sa_handler, ctx->sa_flags);
	return 0;
}

#endif
