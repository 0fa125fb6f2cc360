/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/exit.h - a thread ends, of itself or by a signal. Whatever call it was in is over.
 *
 * The tool that includes this defines
 *	on_exit(ctx, result)	RESULT_KILLED or RESULT_EXITED
 *
 * What a route does not see: nothing.
 */
#ifndef POINT_EXIT_H
#define POINT_EXIT_H

#include "../ray.bpf.h"

handler on_exit(void *ctx, int result);

/* What ends the current task, which is exiting. */
static __always_inline int exit_result(void)
{
	return READ(current_task(), exit_code) & 0x7f ? RESULT_KILLED : RESULT_EXITED;
}

SEC("?raw_tp/sched_process_exit")
int exit__raw(void *ctx)
{
	on_exit(ctx, exit_result());
	return 0;
}

SEC("?tp/sched/sched_process_exit")
int exit__classic(void *ctx)
{
	on_exit(ctx, exit_result());
	return 0;
}

#endif
