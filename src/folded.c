// SPDX-License-Identifier: GPL-2.0
/*
 * folded.c - --folded: a line per key, its parts and then the frames of its stacks as steps of
 * a path, semicolons between, and its count. Flame graph tools read this.
 */
#include "sink.h"

#include "stack.h"

static void folded_open(struct sink *s, const struct live *live)
{
	(void)s, (void)live;
}

static void folded_tick(struct sink *s, uint64_t when)
{
	(void)s, (void)when;
}

/* A part of a key must not look like two. */
static void put_step(struct buf *b, const struct column *c, const struct value *v)
{
	size_t from = b->len;

	value_text(b, c, v);
	/* nothing may have been written yet, and there be no buffer */
	for (size_t i = from; v->type != V_STACK && i < b->len; i++)
		if (b->p[i] == ';')
			b->p[i] = ':';
}

static void folded_row(struct sink *s, const void *row)
{
	const struct counts *counts = (const void *)((const char *)row + s->table->counts);

	if (!counts->count)
		return; /* pending only */
	for (size_t i = 0; s->cells[i].column; i++) {
		struct value v;

		if (i)
			buf_char(s->out, ';');
		column_value(s->table, s->cells[i].column, row, &v);
		put_step(s->out, s->cells[i].column, &v);
	}
	buf_char(s->out, ' ');
	buf_u64(s->out, counts->count);
	buf_char(s->out, '\n');
}

static void folded_end(struct sink *s, const struct live *live, const struct totals *totals,
		       const char *reason)
{
	(void)s, (void)live, (void)totals, (void)reason;
}

const struct sink_ops folded_ops = {
	.open = folded_open,
	.tick = folded_tick,
	.row = folded_row,
	.end = folded_end,
};
