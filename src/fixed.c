/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fixed.c - counts of fixed keys. As in keyed.c counters only grow and a row holds differences;
 * but every CPU has its own slot, so that counting never waits for another one.
 */
#include "fixed.h"

#include <stdlib.h>

struct fixed {
	const struct table *table;
	const struct counts *now; /* [call * cpus + cpu] */
	struct counts *last;	  /* [call], summed */
	int cpus;
	uint32_t have;
	char *row;
};

struct fixed *fixed_new(const struct table *t, const struct counts *counters, int cpus,
			uint32_t have)
{
	struct fixed *f = xcalloc(1, sizeof(*f));

	f->table = t;
	f->now = counters;
	f->cpus = cpus;
	f->have = have;
	f->last = xcalloc(t->fixed->n, sizeof(*f->last));
	f->row = xcalloc(1, t->row_size);
	return f;
}

void fixed_free(struct fixed *f)
{
	if (!f)
		return;
	free(f->last);
	free(f->row);
	free(f);
}

uint64_t fixed_total(const struct fixed *f)
{
	uint64_t total = 0;

	for (int call = 0; f && call < f->table->fixed->n; call++)
		total += f->last[call].count;
	return total;
}

static void sum_cpus(const struct fixed *f, int call, struct counts *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < f->cpus; cpu++) {
		const struct counts *c = &f->now[call * f->cpus + cpu];

		sum->ok += __atomic_load_n(&c->ok, __ATOMIC_RELAXED);
		sum->failed += __atomic_load_n(&c->failed, __ATOMIC_RELAXED);
		sum->again += __atomic_load_n(&c->again, __ATOMIC_RELAXED);
		sum->bytes += __atomic_load_n(&c->bytes, __ATOMIC_RELAXED);
	}
	sum->count = sum->ok + sum->failed + sum->again;
}

const void *fixed_report(struct fixed *f, uint64_t when, uint64_t interval, uint64_t length)
{
	const struct fixed_layout *l = f->table->fixed;
	struct counts *calls = (void *)(f->row + l->calls);
	struct counts *groups = (void *)(f->row + l->groups);
	struct counts *all = (void *)(f->row + l->all);

	memset(f->row, 0, f->table->row_size);
	for (int call = 0; call < l->n; call++) {
		struct counts now, *last = &f->last[call];

		sum_cpus(f, call, &now);
		calls[call].count = now.count - last->count;
		calls[call].ok = now.ok - last->ok;
		calls[call].failed = now.failed - last->failed;
		calls[call].again = now.again - last->again;
		calls[call].bytes = now.bytes - last->bytes;
		*last = now;
		counts_add(&groups[l->group[call]], &calls[call]);
		counts_add(all, &calls[call]);
	}
	memcpy(f->row + f->table->when, &when, sizeof(when));
	memcpy(f->row + f->table->interval, &interval, sizeof(interval));
	memcpy(f->row + f->table->length, &length, sizeof(length));
	memcpy(f->row + f->table->have, &f->have, sizeof(f->have));
	return f->row;
}
