/* SPDX-License-Identifier: GPL-2.0 */
/*
 * csv.c - RFC 4180: a line of headings, a line per row, CR LF, quotes where they are needed.
 * An absent value is empty. Bytes that a stranger chose are escaped as in text.
 */
#include "sink.h"

#include <stdlib.h>

static void put_cell(struct buf *b, size_t from)
{
	size_t len = b->len - from, quotes = 0;
	bool needed = false;
	char *p = b->p + from;

	for (size_t i = 0; i < len; i++) {
		quotes += p[i] == '"';
		needed |= p[i] == ',' || p[i] == '"' || p[i] == ' ';
	}
	if (!needed)
		return;
	p = buf_room(b, quotes + 2) - len;
	/* from the end, so that nothing is overwritten before it is moved */
	char *to = p + len + quotes + 1;

	*to-- = '"';
	for (size_t i = len; i-- > 0;) {
		*to-- = p[i];
		if (p[i] == '"')
			*to-- = '"';
	}
	*to = '"';
	b->len += quotes + 2;
}

/* What a struct counts becomes: a column for each. */
static const char *const counts_names[] = { "", "_ok", "_failed", "_again", "_bytes" };

static void put_name(struct buf *b, const struct column *c)
{
	size_t n = c->kind == K_COUNTS ? sizeof(counts_names) / sizeof(*counts_names) : 1;

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_char(b, ',');
		buf_str(b, c->name);
		buf_str(b, counts_names[i]);
	}
}

static void put_counts(struct buf *b, const struct counts *c)
{
	const uint64_t list[] = { c->count, c->ok, c->failed, c->again, c->bytes };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		if (i)
			buf_char(b, ',');
		buf_u64(b, list[i]);
	}
}

static void csv_open(struct sink *s, const struct live *live)
{
	(void)live;
	if (s->run->no_header)
		return;
	for (size_t i = 0; s->columns[i]; i++) {
		if (i)
			buf_char(s->out, ',');
		put_name(s->out, s->columns[i]);
	}
	buf_add(s->out, "\r\n", 2);
}

static void csv_tick(struct sink *s, uint64_t when)
{
	(void)s, (void)when;
}

static void csv_row(struct sink *s, const void *row)
{
	for (size_t i = 0; s->columns[i]; i++) {
		const struct column *c = s->columns[i];
		size_t from;
		struct value v;

		if (i)
			buf_char(s->out, ',');
		column_value(s->table, c, row, &v);
		if (v.type == V_NONE) {
			if (c->kind == K_COUNTS)
				buf_str(s->out, ",,,,");
			continue;
		}
		if (v.type == V_COUNTS) {
			put_counts(s->out, v.counts);
			continue;
		}
		from = s->out->len;
		if (v.type == V_UINT)
			buf_u64(s->out, v.u); /* nanoseconds as they are, as in JSON */
		else
			value_text(s->out, c, &v);
		if (v.type == V_TEXT || v.type == V_BYTES || v.type == V_STACK)
			put_cell(s->out, from);
	}
	buf_add(s->out, "\r\n", 2);
}

static void csv_end(struct sink *s, const struct live *live, const struct totals *totals,
		    const char *reason)
{
	(void)s, (void)live, (void)totals, (void)reason;
}

const struct sink_ops csv_ops = {
	.open = csv_open,
	.tick = csv_tick,
	.row = csv_row,
	.end = csv_end,
};
