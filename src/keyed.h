/* SPDX-License-Identifier: GPL-2.0 */
/*
 * keyed.h - counts by key, from the kernel half (bpf/count.bpf.h) to rows of a report.
 */
#ifndef KEYED_H
#define KEYED_H

#include "table.h"

struct keyed;

/*
 * COUNTERS: the kernel half's array of MAX, mapped. TOP: only so many rows a report; 0: all.
 * MAPS: as --bt has them, one map after the other.
 */
struct keyed *keyed_new(const struct table *t, const struct counts *counters, size_t max,
			size_t top, bool maps);
/* All that was counted up to the last report. */
uint64_t keyed_total(const struct keyed *k);
void keyed_free(struct keyed *k);
/* A new key has come. */
int keyed_announce(struct keyed *k, const struct new_key *key);
/*
 * A row for each key that has counted since the last report, or has something pending; the
 * least frequent first.
 */
void keyed_report(struct keyed *k, uint64_t when, uint64_t interval,
		  void (*row)(void *arg, const void *row), void *arg);

#endif
