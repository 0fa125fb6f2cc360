/* SPDX-License-Identifier: GPL-2.0 */
/*
 * csv.c - RFC 4180: a line of headings, a line per row, CR LF, quotes where they are needed.
 * An absent value is empty. Bytes that a stranger chose are escaped as in text.
 */
#include "sink.h"

#include <stdlib.h>

static bool needs_quotes(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] == ' ' || p[i] == ',' || p[i] == '"')
			return true;
	return false;
}

/* What stands in the buffer from FROM on becomes a cell. */
static void quote(struct buf *b, size_t from)
{
	size_t len = b->len - from, quotes = 0;
	char *p = b->p + from, *to;

	if (!needs_quotes(p, len))
		return;
	for (size_t i = 0; i < len; i++)
		quotes += p[i] == '"';
	p = buf_room(b, quotes + 2) - len;
	/* from the end, so that nothing is overwritten before it is moved */
	to = p + len + quotes + 1;
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

static char *put_counts(char *p, const struct counts *c)
{
	const uint64_t list[] = { c->count, c->ok, c->failed, c->again, c->bytes };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		if (i)
			*p++ = ',';
		p = put_u64(p, list[i]);
	}
	return p;
}

static void csv_open(struct sink *s, const struct live *live)
{
	(void)live;
	for (struct cell *c = s->cells; c->column; c++) {
		cell_before(c, c > s->cells ? "," : "", "", "");
		if (s->run->no_header)
			continue;
		buf_add(s->out, c->text, c->before);
		put_name(s->out, c->column);
	}
	if (!s->run->no_header)
		buf_add(s->out, "\r\n", 2);
}

static void csv_tick(struct sink *s, uint64_t when)
{
	(void)s, (void)when;
}

/* What needs more than a cell's room, escapes, or quotes. */
static char *put_long(struct sink *s, char *p, const struct column *c, const struct value *v)
{
	struct buf *b = s->out;
	size_t from = p - b->p;

	b->len = from;
	value_text(b, c, v);
	quote(b, from);
	return buf_room(b, s->row_room);
}

static char *put_value(struct sink *s, char *p, const struct column *c, const struct value *v)
{
	switch (v->type) {
	case V_NONE:
		return c->kind == K_COUNTS ? PUT(p, ",,,,") : p;
	case V_COUNTS:
		return put_counts(p, v->counts);
	case V_BOOL:
	case V_TEXT:
	case V_BYTES:
	case V_STACK:
		return put_long(s, p, c, v);
	default: /* nanoseconds as they are, as in JSON */
		return value_put(p, v);
	}
}

static void csv_row(struct sink *s, const void *row)
{
	cells_row(s, row, put_value);
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
