/* SPDX-License-Identifier: GPL-2.0 */
/*
 * point/task.h - processes are born and end: keeps the map `followed` for --follow and
 * -- COMMAND. No handlers: including it is enough.
 *
 * What a route does not see: nothing; a full map is counted (unfollowed).
 */
#ifndef POINT_TASK_H
#define POINT_TASK_H

#include "../ray.bpf.h"

#define CLONE_THREAD 0x10000

/* The current process has a child. */
static __always_inline void follow_child(__u32 child)
{
	__u32 parent = bpf_get_current_pid_tgid() >> 32, one = 1;

	if (bpf_map_lookup_elem(&followed, &parent) &&
	    bpf_map_update_elem(&followed, &child, &one, BPF_ANY))
		COUNT_EVENT(unfollowed);
}

/* The current thread ends. */
static __always_inline void unfollow(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	/* the last one: the number may soon be another process's */
	if (READ(current_task(), signal, live.counter) == 0)
		bpf_map_delete_elem(&followed, &tgid);
}

SEC("?raw_tp/sched_process_fork")
int BPF_PROG(task__raw, struct task_struct *parent, struct task_struct *child)
{
	__u32 to = BPF_CORE_READ(child, tgid); /* READ is for the current task */

	if (to != bpf_get_current_pid_tgid() >> 32)
		follow_child(to);
	return 0;
}

SEC("?raw_tp/sched_process_exit")
int task_exit__raw(void *ctx)
{
	unfollow();
	return 0;
}

SEC("?tp/task/task_newtask")
int task__classic(struct trace_event_raw_task_newtask *ctx)
{
	if (!(ctx->clone_flags & CLONE_THREAD))
		follow_child(ctx->pid);
	return 0;
}

SEC("?tp/sched/sched_process_exit")
int task_exit__classic(void *ctx)
{
	unfollow();
	return 0;
}

#endif
