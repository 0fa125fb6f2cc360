/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sink.c - which sink, and which columns it prints.
 */
#include "sink.h"

#include <errno.h>
#include <stdlib.h>

#include "suggest.h"

static const struct sink_ops *const by_form[] = {
	[FORM_TEXT] = &text_ops, [FORM_BT] = &text_ops,	      [FORM_JSON] = &json_ops,
	[FORM_CSV] = &csv_ops,	 [FORM_FOLDED] = &folded_ops,
};

/* Does a form print this column when --fields doesn't choose? */
static bool by_default(const struct run *run, const struct column *c)
{
	if (c->by & ~run->conf.by)
		return false;
	switch (run->form) {
	case FORM_TEXT:
		return c->flags & (COL_TEXT | (run->wide ? COL_WIDE : 0));
	case FORM_BT:
		return c->flags & COL_BT || c->flags & COL_BT_MAP;
	case FORM_FOLDED: /* the key; what has a name without its number */
		return c->by && !(c->kind == K_UINT && c->by & (BY_FAMILY | BY_PROTOCOL));
	default:
		return !(c->flags & COL_HIDDEN);
	}
}

/* Who types the heading of a column means its name. */
static int no_column(const struct table *t, const char *field, size_t len)
{
	struct suggestion near;

	suggest_for(&near, field, len);
	for_each_column(c, t) {
		if (c->flags & COL_HIDDEN)
			continue;
		suggest_word(&near, c->name);
		suggest_alias(&near, c->title, c->name);
	}
	fail(0, "--fields: there is no column \"%.*s\" (--fields help lists them)%s",
	     (int)(len < 64 ? len : 64), field, suggest_end(&near, ""));
	return -EINVAL;
}

static int choose(struct sink *s, const char *fields)
{
	size_t n = 0;

	while (*fields) {
		size_t len = strcspn(fields, ",");
		const struct column *c = table_column(s->table, fields, len);

		if (!c)
			return no_column(s->table, fields, len);
		s->cells = xrealloc(s->cells, (n + 2) * sizeof(*s->cells));
		s->cells[n++] = (struct cell){ .column = c };
		fields += len;
		if (*fields == ',' && !*++fields)
			return fail(0, "--fields: the list ends with a comma"), -EINVAL;
	}
	if (!n)
		return fail(0, "--fields: the list is empty; --fields help lists them"),
		       -EINVAL;
	s->cells[n] = (struct cell){};
	return 0;
}

static void choose_by_default(struct sink *s)
{
	size_t n = 0;

	for_each_column(c, s->table)
		n++;
	s->cells = xcalloc(n + 1, sizeof(*s->cells));
	n = 0;
	for_each_column(c, s->table)
		if (by_default(s->run, c))
			s->cells[n++].column = c;
}

static bool keeps(const struct column *c, const struct table *t)
{
	switch (c->kind) {
	case K_UINT:
		return c->offset != t->when;
	case K_INT:
	case K_BOOL:
	case K_ENUM:
	case K_FAMILY:
	case K_ERRNO:
	case K_RESULT:
	case K_BOOK:
	case K_COMM:
		return true;
	default: /* they change with each row, or there is more to them */
		return false;
	}
}

int sink_for(struct sink *s, const struct run *run, struct buf *out)
{
	size_t n = 0;

	memset(s, 0, sizeof(*s));
	s->ops = by_form[run->form];
	if (run->form == FORM_BT && run_table(run)->keyed)
		s->ops = &map_ops;
	if (run->form == FORM_BT && run_table(run)->fixed)
		s->ops = &probe_ops;
	s->run = run;
	s->table = run->count ? run->tool->count : run_table(run);
	s->out = out;
	if (!run->fields)
		choose_by_default(s);
	else if (choose(s, run->fields))
		return -EINVAL;
	for (; s->cells[n].column; n++)
		s->cells[n].keeps = keeps(s->cells[n].column, s->table);
	s->row_room = n * CELL_ROOM;
	return 0;
}

void cell_before(struct cell *c, const char *text, const char *key, const char *end)
{
	char *p = c->text;

	/* a test looks at the names of columns */
	if (strlen(text) + strlen(key) + strlen(end) > sizeof(c->text))
		abort();
	p = put_bytes(p, text, strlen(text));
	p = put_bytes(p, key, strlen(key));
	p = put_bytes(p, end, strlen(end));
	c->before = p - c->text;
}

/* Is the member what it was in the row before? */
static bool same(struct cell *c, const struct table *t, const char *row)
{
	uint64_t now[2] = { UINT64_MAX, UINT64_MAX }; /* absent */
	bool same;

	if (column_has(t, c->column, row)) {
		const char *p = row + c->column->offset;

		if (c->column->size == sizeof(now)) {
			memcpy(now, p, sizeof(now));
		} else {
			now[0] = load_uint(p, c->column->size);
			now[1] = 0;
		}
	}
	same = now[0] == c->was[0] && now[1] == c->was[1];
	c->was[0] = now[0];
	c->was[1] = now[1];
	return same;
}

void cells_row(struct sink *s, const void *row,
	       char *(*put)(struct sink *s, char *p, const struct column *c,
			    const struct value *v))
{
	struct buf *b = s->out;
	char *p = buf_room(b, s->row_room);
	struct value v;
	uint64_t n;

	for (struct cell *c = s->cells; c->column; c++) {
		size_t from = p - b->p;

		/* whole, which is less work than as much as is needed */
		memcpy(p, c->text, sizeof(c->text));
		if (c->keeps && same(c, s->table, row) && c->len) {
			p += c->len;
			continue;
		}
		p += c->before;
		if (column_number(s->table, c->column, row, &n)) {
			p = put_u64(p, n);
		} else {
			column_value(s->table, c->column, row, &v);
			p = put(s, p, c->column, &v);
		}
		if (c->keeps) {
			size_t len = p - b->p - from;

			c->len = len <= sizeof(c->text) ? len : 0;
			memcpy(c->text, b->p + from, sizeof(c->text));
		}
	}
	b->len = p - b->p;
}

void sink_free(struct sink *s)
{
	free(s->cells);
	s->cells = NULL;
}
