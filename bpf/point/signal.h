/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/signal.h - a signal reaches the current task. A call that returned -ERESTARTSYS learns
 * here what becomes of it: a handler without SA_RESTART makes it EINTR, one with SA_RESTART
 * (or no handler at all) starts it again, a deadly signal ends it with its process.
 *
 * The tool that includes this defines
 *	on_signal(ctx, what)	what: SIGNAL_*
 */
#ifndef POINT_SIGNAL_H
#define POINT_SIGNAL_H

#include "../ray.bpf.h"

#define SA_RESTART 0x10000000

enum { SIGNAL_RESTARTS, SIGNAL_INTERRUPTS, SIGNAL_KILLS };

handler on_signal(void *ctx, int what);

/* Signals whose default is to do nothing or to stop: 17 to 23 and 28 (asm-generic numbers). */
static __always_inline bool default_kills(int sig)
{
	return !((sig >= 17 && sig <= 23) || sig == 28);
}

SEC("?raw_tp/signal_deliver")
int BPF_PROG(signal__tracepoint, int sig, void *info, struct k_sigaction *ka)
{
	unsigned long act = (unsigned long)BPF_CORE_READ(ka, sa.sa_handler);
	int what = SIGNAL_RESTARTS;

	if (sig == 9 || (act == 0 && default_kills(sig)))
		what = SIGNAL_KILLS;
	else if (act > 1 && !(BPF_CORE_READ(ka, sa.sa_flags) & SA_RESTART))
		what = SIGNAL_INTERRUPTS;
	on_signal(ctx, what);
	return 0;
}

#endif
