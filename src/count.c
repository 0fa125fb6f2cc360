/* SPDX-License-Identifier: GPL-2.0 */
/*
 * count.c - adds rows up by a key: an open hash table of summary rows, whose first bytes are
 * the key. Bounded: a key too many is counted, not kept. Used where single rows must come to
 * user space anyway; tools that only count do so in the kernel.
 */
#include "count.h"

#include <stdlib.h>

#define DEFAULT_KEYS 16384

struct count {
	const struct table *rows, *sums;
	const struct group *group;
	size_t max, used, slots; /* slots: a power of two, at least twice max */
	char *sum;		 /* `slots` summary rows */
	uint64_t dropped;
	uint32_t have; /* the HAVE_ bits that say something of the key */
};

static uint64_t *word(char *sum, uint16_t offset)
{
	return (uint64_t *)(sum + offset);
}

struct count *count_new(const struct table *rows, const struct table *sums,
			const struct group *group, size_t max)
{
	struct count *c = xcalloc(1, sizeof(*c));

	c->rows = rows;
	c->sums = sums;
	c->group = group;
	c->have = HAVE_NAME;
	for_each_column(col, sums)
		c->have |= col->need;
	c->max = max ? max : DEFAULT_KEYS;
	for (c->slots = 64; c->slots < 2 * c->max;)
		c->slots *= 2;
	c->sum = xcalloc(c->slots, sums->row_size);
	return c;
}

void count_free(struct count *c)
{
	if (!c)
		return;
	free(c->sum);
	free(c);
}

/* FNV-1a */
static size_t hash(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037ULL;

	while (n--)
		h = (h ^ (unsigned char)*p++) * 1099511628211ULL;
	return h ^ h >> 32;
}

void count_row(struct count *c, const void *row)
{
	const struct group *g = c->group;
	char key[256] = {};
	uint32_t have;
	uint64_t value;
	size_t slot;
	char *sum;

	memcpy(&have, (const char *)row + c->rows->have, sizeof(have));
	have &= c->have;
	memcpy(key + c->sums->have, &have, sizeof(have));
	if (g->name && have & HAVE_NAME) {
		const struct name *from = (const void *)((const char *)row + c->rows->name_at);
		struct name *to = (void *)(key + g->name);

		to->len = from->len < sizeof(to->bytes) ? from->len : sizeof(to->bytes);
		/* behind a path's NUL stands whatever its caller's memory held */
		if (from->bytes[0])
			to->len = strnlen(from->bytes, to->len);
		memcpy(to->bytes, from->bytes, to->len);
	}
	for (size_t i = 0; g->keys[i].size; i++)
		memcpy(key + g->keys[i].to, (const char *)row + g->keys[i].from, g->keys[i].size);
	for (slot = hash(key, g->key_size) & (c->slots - 1);; slot = (slot + 1) & (c->slots - 1)) {
		sum = c->sum + slot * c->sums->row_size;
		if (!*word(sum, g->count)) {
			if (c->used == c->max) {
				c->dropped++;
				return;
			}
			c->used++;
			memcpy(sum, key, g->key_size);
			break;
		}
		if (!memcmp(sum, key, g->key_size))
			break;
	}
	memcpy(&value, (const char *)row + g->add, sizeof(value));
	++*word(sum, g->count);
	*word(sum, g->mean) += value; /* the sum, until it is reported */
	if (value > *word(sum, g->max))
		*word(sum, g->max) = value;
}

static const struct group *sorting; /* qsort gives its function no argument */

static int by_count(const void *a, const void *b)
{
	uint64_t x = *word(*(char *const *)a, sorting->count);
	uint64_t y = *word(*(char *const *)b, sorting->count);

	if (x != y)
		return x < y ? -1 : 1;
	return memcmp(*(char *const *)a, *(char *const *)b, sorting->key_size);
}

void count_report(struct count *c, uint64_t when, uint64_t interval,
		  void (*row)(void *arg, const void *sum), void *arg)
{
	const struct group *g = c->group;
	char **list = xcalloc(c->used + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < c->slots; i++) {
		char *sum = c->sum + i * c->sums->row_size;

		if (*word(sum, g->count))
			list[n++] = sum;
	}
	sorting = g;
	qsort(list, n, sizeof(*list), by_count);
	for (size_t i = 0; i < n; i++) {
		*word(list[i], g->mean) /= *word(list[i], g->count);
		*word(list[i], c->sums->when) = when;
		*word(list[i], c->sums->interval) = interval;
		row(arg, list[i]);
	}
	free(list);
	memset(c->sum, 0, c->slots * c->sums->row_size);
	c->used = 0;
}

uint64_t count_dropped(const struct count *c)
{
	return c ? c->dropped : 0;
}
