/* SPDX-License-Identifier: GPL-2.0 */
/*
 * count.h - rows added up: a tool's --count.
 */
#ifndef COUNT_H
#define COUNT_H

#include "table.h"

struct count;

/* MAX: the most keys; 0: as many as the tools' maps hold by default. */
struct count *count_new(const struct table *rows, const struct table *sums,
			const struct group *group, size_t max);
void count_free(struct count *c);
void count_row(struct count *c, const void *row);
/* Each summary row, the least frequent first. Then start anew. */
void count_report(struct count *c, uint64_t when, uint64_t interval,
		  void (*row)(void *arg, const void *sum), void *arg);
/* Rows that found no room, since the start. */
uint64_t count_dropped(const struct count *c);

#endif
