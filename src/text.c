/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text.c - rows for people, and --bt, the book's own lines: columns at fixed places. A value
 * that is too wide pushes the next ones aside only as far as the blanks between them are used
 * up; those that may (COL_CUT) are shortened to their width instead.
 */
#include "sink.h"

#include <stdlib.h>

#include "format.h"
#include "stack.h"

#define RED "\033[31m"
#define PLAIN "\033[0m"

static size_t column_width(const struct sink *s, const struct column *c)
{
	return s->run->wide && c->wide ? c->wide : c->width;
}

static size_t stamp_width(enum stamp stamp)
{
	switch (stamp) {
	case STAMP_NONE:
		return 0;
	case STAMP_START:
		return 10;
	case STAMP_CLOCK:
		return 8;
	case STAMP_ISO:
		return 30;
	default:
		return 20;
	}
}

/* The time in front of a row; left-aligned, so that it needs no second pass. */
static void put_stamp(struct sink *s, const void *row)
{
	size_t width = stamp_width(s->run->stamp);
	char *p = buf_room(s->out, 64), *end;
	uint64_t when;

	memcpy(&when, (const char *)row + s->table->when, sizeof(when));
	switch (s->run->stamp) {
	default:
		return;
	case STAMP_START:
		end = put_seconds(p, when > s->start_ns ? when - s->start_ns : 0, 6);
		break;
	case STAMP_CLOCK:
		end = put_clock(p, clock_wall(when));
		break;
	case STAMP_ISO:
		end = put_iso(p, clock_wall(when));
		break;
	case STAMP_UNIX:
		end = put_seconds(p, clock_wall(when), 9);
		break;
	case STAMP_MONO:
		end = put_seconds(p, when, 9);
		break;
	}
	s->out->len += end - p;
	buf_pad(s->out, end < p + width ? p + width - end + 1 : 1);
}

/* Shorten a value in `out` from `from` on, `cols` wide, to `width`: its two ends and "..". */
static size_t cut(struct buf *out, size_t from, size_t cols, size_t width)
{
	size_t len = out->len - from, head = (width - 2 + 1) / 2, tail = width - 2 - head;
	char *p = out->p + from;

	if (cols != len) {
		/* not ASCII: a byte isn't a column; show where it was, not what */
		for (size_t i = 0; i < len; i++)
			if ((unsigned char)p[i] >= 0x80)
				p[i] = '?';
	}
	memcpy(p + head, "..", 2);
	memmove(p + head + 2, p + len - tail, tail);
	out->len = from + width;
	return width;
}

/* Shown below the row, not in it. */
static bool is_below(const struct column *c)
{
	return c->kind == K_STACK;
}

static void put_heading(struct sink *s)
{
	size_t at = 0, target = 0;

	if (s->run->stamp) {
		buf_str(s->out, "TIME");
		at = 4;
		target = stamp_width(s->run->stamp) + 1;
	}
	for (size_t i = 0; s->cells[i].column; i++) {
		const struct column *c = s->cells[i].column;
		size_t width = column_width(s, c), len = strlen(c->title);

		if (is_below(c))
			continue;
		if (c->flags & COL_RIGHT && len < width)
			target += width - len;
		if (at < target)
			buf_pad(s->out, target - at);
		else if (at)
			buf_pad(s->out, 1);
		at = at < target ? target : at ? at + 1 : 0;
		if (c->flags & COL_RIGHT && len < width)
			target -= width - len;
		buf_add(s->out, c->title, len);
		at += len;
		target += width + 1;
	}
	buf_char(s->out, '\n');
}

static bool is_failure(const struct column *c, const struct value *v)
{
	if (c->flags & COL_FAILS)
		return v->type == V_UINT && v->u;
	if (c->kind != K_RESULT || v->type != V_TEXT)
		return v->type == V_DIGITS && c->kind == K_RESULT;
	return strcmp(v->text, "Success") && strcmp(v->text, "In progress") &&
	       strcmp(v->text, "Disconnected");
}

/* The stacks, last column first: the kernel's lies within the process's. */
static void put_below(struct sink *s, const void *row)
{
	size_t n = 0;

	while (s->cells[n].column)
		n++;
	while (n-- > 0) {
		struct value v;

		if (!is_below(s->cells[n].column))
			continue;
		column_value(s->table, s->cells[n].column, row, &v);
		stack_lines(s->out, stack_find(v.u));
	}
}

static void text_row(struct sink *s, const void *row)
{
	struct buf *out = s->out;
	/* where we are and where the next column should begin */
	size_t at = 0, target = 0;

	put_stamp(s, row);
	for (size_t i = 0; s->cells[i].column; i++) {
		const struct column *c = s->cells[i].column;
		size_t width = column_width(s, c), from, cols, blanks;
		struct value v;

		if (is_below(c))
			continue;
		column_value(s->table, c, row, &v);
		blanks = at < target ? target - at : i ? 1 : 0;
		buf_pad(out, blanks);
		at += blanks;
		from = out->len;
		if (s->colour && is_failure(c, &v)) {
			buf_str(out, RED);
			cols = value_text(out, c, &v);
			buf_str(out, PLAIN);
		} else {
			cols = value_text(out, c, &v);
		}
		if (cols > width && c->flags & COL_CUT && !s->run->wide &&
		    s->run->form == FORM_TEXT)
			cols = cut(out, from, cols, width);
		target += width;
		if (c->flags & COL_RIGHT && at + cols < target) {
			size_t pad = target - at - cols, len = out->len - from;

			char *p = buf_room(out, pad) - len;

			memmove(p + pad, p, len);
			memset(p, ' ', pad);
			out->len += pad;
			at += pad;
		}
		at += cols;
		target++;
	}
	buf_char(out, '\n');
	put_below(s, row);
}

static void text_open(struct sink *s, const struct live *live)
{
	(void)live;
	if (!s->run->no_header && !s->table->report)
		put_heading(s);
}

static void text_tick(struct sink *s, uint64_t when)
{
	char clock[8];

	/* rows of an interval each go on below their heading, for a screenful */
	if (s->table->fixed) {
		s->rows %= 20;
		return;
	}
	s->rows = 0;
	if (!s->run->interval_ns || s->run->no_header)
		return;
	buf_char(s->out, '\n');
	buf_add(s->out, clock, put_clock(clock, clock_wall(when)) - clock);
	buf_char(s->out, '\n');
}

static void text_report_row(struct sink *s, const void *row)
{
	if (s->table->report && !s->rows++ && !s->run->no_header)
		put_heading(s);
	text_row(s, row);
}

static void text_end(struct sink *s, const struct live *live, const struct totals *totals,
		     const char *reason)
{
	(void)s, (void)live, (void)totals, (void)reason;
}

const struct sink_ops text_ops = {
	.open = text_open,
	.tick = text_tick,
	.row = text_report_row,
	.end = text_end,
};

/* --bt of tools that count: bpftrace's lines for maps, @connect[sshd, 2, AF_INET]: 2 */

static void map_open(struct sink *s, const struct live *live)
{
	(void)s, (void)live;
}

static void map_tick(struct sink *s, uint64_t when)
{
	(void)s, (void)when;
}

static void map_row(struct sink *s, const void *row)
{
	const char *before = "";

	buf_char(s->out, '@');
	for (size_t i = 0; s->cells[i].column; i++) {
		struct value v;

		column_value(s->table, s->cells[i].column, row, &v);
		if (!s->cells[i + 1].column)
			buf_str(s->out, "]: ");
		else if (!(s->cells[i].column->flags & COL_BT_MAP))
			buf_str(s->out, before);
		/* what has no name there is an empty string */
		if (v.type != V_NONE)
			value_text(s->out, s->cells[i].column, &v);
		if (s->cells[i].column->flags & COL_BT_MAP)
			buf_char(s->out, '[');
		else
			before = ", ";
	}
	buf_char(s->out, '\n');
}

/* The same for fixed keys: a map of probes, whose names are the headings. */

struct probe {
	const char *name;
	uint64_t count;
};

static int by_probe_count(const void *a, const void *b)
{
	const struct probe *p = a, *q = b;

	if (p->count != q->count)
		return p->count < q->count ? -1 : 1;
	return strcmp(p->name, q->name);
}

static void probe_row(struct sink *s, const void *row)
{
	struct probe list[32] = {};
	size_t n = 0;
	char clock[8];
	uint64_t when;

	memcpy(&when, (const char *)row + s->table->when, sizeof(when));
	buf_add(s->out, clock, put_clock(clock, clock_wall(when)) - clock);
	buf_char(s->out, '\n');
	for (size_t i = 0; s->cells[i].column && n < sizeof(list) / sizeof(*list); i++) {
		struct value v;

		column_value(s->table, s->cells[i].column, row, &v);
		if (v.type == V_UINT && v.u)
			list[n++] = (struct probe){ s->cells[i].column->title, v.u };
	}
	qsort(list, n, sizeof(*list), by_probe_count);
	for (size_t i = 0; i < n; i++) {
		buf_str(s->out, "@[");
		buf_str(s->out, list[i].name);
		buf_str(s->out, "]: ");
		buf_u64(s->out, list[i].count);
		buf_char(s->out, '\n');
	}
}

const struct sink_ops probe_ops = {
	.open = map_open,
	.tick = map_tick,
	.row = probe_row,
	.end = text_end,
};

const struct sink_ops map_ops = {
	.open = map_open,
	.tick = map_tick,
	.row = map_row,
	.end = text_end,
};
