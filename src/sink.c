/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sink.c - which sink, and which columns it prints.
 */
#include "sink.h"

#include <errno.h>
#include <stdlib.h>

static const struct sink_ops *const by_form[] = {
	[FORM_TEXT] = &text_ops,
	[FORM_BT] = &text_ops,
	[FORM_JSON] = &json_ops,
	[FORM_CSV] = &csv_ops,
	[FORM_FOLDED] = &folded_ops,
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

static int choose(struct sink *s, const char *fields)
{
	size_t n = 0;

	while (*fields) {
		size_t len = strcspn(fields, ",");
		const struct column *c = table_column(s->table, fields, len);

		if (!c)
			return fail(0, "--fields: there is no column \"%.64s\"; --fields help lists them",
				    fields), -EINVAL;
		s->columns = xrealloc(s->columns, (n + 2) * sizeof(*s->columns));
		s->columns[n++] = c;
		fields += len;
		if (*fields == ',' && !*++fields)
			return fail(0, "--fields: the list ends with a comma"), -EINVAL;
	}
	if (!n)
		return fail(0, "--fields: the list is empty; --fields help lists them"), -EINVAL;
	s->columns[n] = NULL;
	return 0;
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
	if (run->fields)
		return choose(s, run->fields);
	for_each_column(c, s->table)
		n++;
	s->columns = xcalloc(n + 1, sizeof(*s->columns));
	n = 0;
	for_each_column(c, s->table)
		if (by_default(run, c))
			s->columns[n++] = c;
	return 0;
}

void sink_free(struct sink *s)
{
	free(s->columns);
	s->columns = NULL;
}
