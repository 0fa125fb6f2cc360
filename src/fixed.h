/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fixed.h - counts of fixed keys, from the kernel half's slots per CPU to a row per interval.
 */
#ifndef FIXED_H
#define FIXED_H

#include "table.h"

struct fixed;

/* COUNTERS: layout->n for each of CPUS, mapped. HAVE: the row's `have`, what can be seen. */
struct fixed *fixed_new(const struct table *t, const struct counts *counters, int cpus,
			uint32_t have);
/* All that was counted up to the last report. */
uint64_t fixed_total(const struct fixed *f);
void fixed_free(struct fixed *f);
/* The row of what has been counted since the last one, LENGTH ns ago. */
const void *fixed_report(struct fixed *f, uint64_t when, uint64_t interval, uint64_t length);

#endif
