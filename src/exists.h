/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exists.h - what this host has: which programs of a plan can't attach on it at all, asked for
 * cheaply, before the verifier spends its time on them (what isn't found out here is found out by
 * loading and attaching); and records kept with threads.
 */
#ifndef EXISTS_H
#define EXISTS_H

#include "plan.h"

/* Strike them. */
void exists_check(struct plan *plan);

/*
 * Can tracing programs keep a record with each thread (task storage), whenever they ask? PREEMPTED:
 * some of them may be preempted.
 */
bool exists_thread_storage(bool preempted);

/* May they use hashes that take their memory entry by entry? */
bool exists_lazy_maps(void);

#endif
