/* SPDX-License-Identifier: GPL-2.0 */
/*
 * keyed.c - counts by key. The kernel half's counters only grow; a report holds the difference
 * to the last one, so nothing is lost between a print and a clear: nobody clears.
 */
#include "keyed.h"

#include <errno.h>
#include <stdlib.h>

#include "stack.h"

struct keyed {
	const struct table *table;
	const struct counts *now;
	struct counts *last; /* at the last report */
	char *known;	     /* by slot: has its key come? */
	char *rows;	     /* by slot: a row with its key */
	size_t max, used;    /* used: one more than the largest slot */
	size_t top;
	const struct column *map; /* --bt: the column (1 byte) that comes first in the order */
};

struct keyed *keyed_new(const struct table *t, const struct counts *counters, size_t max,
			size_t top, bool maps)
{
	struct keyed *k = xcalloc(1, sizeof(*k));

	k->table = t;
	k->now = counters;
	k->max = max;
	k->top = top;
	for_each_column(c, t)
		if (maps && c->flags & COL_BT_MAP)
			k->map = c;
	k->last = xcalloc(max, sizeof(*k->last));
	k->known = xcalloc(max, 1);
	k->rows = xcalloc(max, t->row_size);
	return k;
}

void keyed_free(struct keyed *k)
{
	if (!k)
		return;
	free(k->last);
	free(k->known);
	free(k->rows);
	free(k);
}

uint64_t keyed_total(const struct keyed *k)
{
	uint64_t total = 0;

	for (size_t slot = 0; slot < k->used; slot++)
		total += k->last[slot].ok + k->last[slot].failed + k->last[slot].again;
	return total;
}

static char *row_at(const struct keyed *k, size_t slot)
{
	return k->rows + slot * k->table->row_size;
}

static struct counts *counts_of(const struct keyed *k, char *row)
{
	return (struct counts *)(row + k->table->counts);
}

int keyed_announce(struct keyed *k, const struct new_key *key)
{
	if (key->slot >= k->max)
		return fail(-EINVAL, "%s: a key for slot %u came", k->table->name, key->slot);
	memcpy(row_at(k, key->slot), key + 1, k->table->key_size);
	k->known[key->slot] = 1;
	if (key->slot >= k->used)
		k->used = key->slot + 1;
	return 0;
}

static uint64_t read_counter(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Fill in the differences; false: there is nothing to tell. */
static bool fill(struct keyed *k, size_t slot)
{
	struct counts *row = counts_of(k, row_at(k, slot)), *last = &k->last[slot], now = {};
	uint64_t decided;

	/* what ends is counted after what begins: read in the opposite order */
	now.ok = read_counter(&k->now[slot].ok);
	now.failed = read_counter(&k->now[slot].failed);
	now.again = read_counter(&k->now[slot].again);
	now.bytes = read_counter(&k->now[slot].bytes);
	now.dropped = read_counter(&k->now[slot].dropped);
	now.begun = read_counter(&k->now[slot].begun);
	decided = now.ok + now.failed + now.again + now.dropped;
	row->ok = now.ok - last->ok;
	row->failed = now.failed - last->failed;
	row->again = now.again - last->again;
	row->bytes = now.bytes - last->bytes;
	row->begun = now.begun - last->begun;
	row->dropped = now.dropped - last->dropped;
	row->count = row->ok + row->failed + row->again;
	row->pending = now.begun > decided ? now.begun - decided : 0;
	*last = now;
	return row->count || row->pending;
}

static const struct keyed *sorting; /* qsort gives its function no argument */

static int by_key(const void *a, const void *b)
{
	return memcmp(*(char *const *)a, *(char *const *)b, sorting->table->key_size);
}

/* Stacks that came under two numbers are one: so may be the keys. Returns how many are left. */
static size_t merge(const struct keyed *k, char **list, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		__u64 *stacks = (__u64 *)(list[i] + k->table->stacks);

		for (int j = 0; j < k->table->nstacks; j++)
			stacks[j] = stack_same(stacks[j]);
	}
	qsort(list, n, sizeof(*list), by_key);
	for (size_t i = 0; i < n; i++) {
		if (kept && !by_key(&list[kept - 1], &list[i]))
			counts_add(counts_of(k, list[kept - 1]), counts_of(k, list[i]));
		else
			list[kept++] = list[i];
	}
	return kept;
}

static int by_count(const void *a, const void *b)
{
	char *x = *(char *const *)a, *y = *(char *const *)b;
	const struct counts *p = counts_of(sorting, x), *q = counts_of(sorting, y);
	uint64_t m = p->count + p->pending, n = q->count + q->pending;

	if (sorting->map && x[sorting->map->offset] != y[sorting->map->offset])
		return x[sorting->map->offset] - y[sorting->map->offset];
	if (m != n)
		return m < n ? -1 : 1;
	return memcmp(x, y, sorting->table->key_size);
}

void keyed_report(struct keyed *k, uint64_t when, uint64_t interval,
		  void (*row)(void *arg, const void *row), void *arg)
{
	char **list = xcalloc(k->used + 1, sizeof(*list));
	size_t n = 0;

	for (size_t slot = 0; slot < k->used; slot++)
		if (k->known[slot] && fill(k, slot))
			list[n++] = row_at(k, slot);
	sorting = k;
	if (k->table->nstacks)
		n = merge(k, list, n);
	qsort(list, n, sizeof(*list), by_count);
	for (size_t i = k->top && n > k->top ? n - k->top : 0; i < n; i++) {
		memcpy(list[i] + k->table->when, &when, sizeof(when));
		memcpy(list[i] + k->table->interval, &interval, sizeof(interval));
		row(arg, list[i]);
	}
	free(list);
}
