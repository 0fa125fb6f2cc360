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

SEC("?raw_tp/sched_process_fork")
int BPF_PROG(task__raw, struct task_struct *parent, struct task_struct *child)
{
	__u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid), one = 1;

	if (from != to && bpf_map_lookup_elem(&followed, &from) &&
	    bpf_map_update_elem(&followed, &to, &one, BPF_ANY))
		COUNT_EVENT(unfollowed);
	return 0;
}

SEC("?raw_tp/sched_process_exit")
int BPF_PROG(task_exit__raw, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);

	/* the last thread: the number may soon be another process's */
	if (BPF_CORE_READ(task, signal, live.counter) == 0)
		bpf_map_delete_elem(&followed, &tgid);
	return 0;
}

#endif
