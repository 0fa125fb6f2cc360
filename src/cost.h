/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cost.h - --stats: what the run costs this machine, so that nobody has to believe our tables.
 */
#ifndef COST_H
#define COST_H

#include <sys/resource.h>

#include "live.h"

struct cost {
	int fd;		 /* while it is open the kernel keeps statistics; -1: it doesn't */
	double empty_ns; /* what they say of a program that does nothing */
	double added_ns; /* by which they make each run longer */
	int status;	 /* /proc/self/status */
	struct rusage start;
};

/* Have the kernel keep statistics, before anything is loaded. */
void cost_begin(struct cost *c);
/* The start is over. */
void cost_started(struct cost *c);
/* To stderr. WALL_NS: since then; EVENTS that the kernel half saw, and what was printed. */
void cost_print(const struct cost *c, const struct live *live, uint64_t wall_ns,
		uint64_t events, uint64_t rows, uint64_t bytes);
void cost_end(struct cost *c);

#endif
