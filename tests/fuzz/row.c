/* SPDX-License-Identifier: GPL-2.0 */
/*
 * row.c - fuzzes what is printed of rows: strangers choose the names, paths and addresses in them.
 * The input is four bytes that choose the table, form and columns, and then rows. Whatever stands
 * there, a row of text or CSV harms no terminal and is one line, a row of JSON is an object.
 */
#include "fuzz.h"

/* its name for something else */
#define json_string jansson_string
#include <jansson.h>
#undef json_string

#include "../../src/sink.h"
#include "../../src/stack.h"

/* What only the kernel half chooses. */
static void mend(const struct table *t, char *row)
{
	for_each_column(c, t) {
		uint64_t v;

		/* names end with the last that a member may have */
		if (c->kind == K_ENUM)
			row[c->offset] &= 1;
		/* no clock runs for centuries */
		if (c->kind == K_TIME || c->kind == K_CLOCK || c->offset == t->when) {
			memcpy(&v, row + c->offset, sizeof(v));
			v &= UINT64_MAX >> 2;
			memcpy(row + c->offset, &v, sizeof(v));
		}
	}
}

/* Fields of a line of CSV, which is taken apart as RFC 4180 says. */
static size_t csv_fields(const char *p, const char *end)
{
	size_t n = 1;

	while (p < end) {
		if (*p == '"') {
			for (p++;; p++) {
				must(p < end);
				if (*p != '"')
					continue;
				if (p + 1 == end || p[1] != '"')
					break;
				p++;
			}
			p++;
			must(p == end || *p == ',');
		}
		for (; p < end && *p != ','; p++)
			must(*p != '"');
		if (p < end) {
			n++;
			p++;
		}
	}
	return n;
}

static void check_line(const struct run *run, const char *line, const char *end, size_t fields)
{
	json_error_t error;
	json_t *json;

	switch (run->form) {
	case FORM_JSON:
		must(harmless_json(line, end - line));
		json = json_loadb(line, end - line, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
				  &error);
		if (!json)
			fprintf(stderr, "%s: %.*s\n", error.text, (int)(end - line), line);
		must(json && json_is_object(json));
		json_decref(json);
		break;
	case FORM_CSV:
		must(end > line && *--end == '\r');
		must(harmless(line, end - line));
		must(csv_fields(line, end) == fields);
		break;
	default:
		must(harmless(line, end - line));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = { .backends = 1 };
	unsigned which = take(&data, &size), form = take(&data, &size), how = take(&data, &size),
		 by = take(&data, &size);
	size_t ntools = __stop_tools - __start_tools, fields = 0, from;
	const struct table *t;
	struct live live = {};
	struct sink sink;
	struct buf out = {};
	char *row;

	run.tool = __start_tools[which % ntools];
	run.count = which / ntools % 2 && run.tool->count;
	run.form = form % (FORM_FOLDED + 1);
	run.wide = how & 1;
	run.stamp = how >> 1 & 7;
	if (run.stamp > STAMP_MONO || !(run.tool->can & CAN_EVENTS))
		run.stamp = STAMP_NONE;
	if (run.tool->can & CAN_BY)
		run.conf.by = by | (how & 16 ? BY_USTACK : 0) | (how & 32 ? BY_KSTACK : 0);
	if (run.form == FORM_FOLDED && !run_table(&run)->keyed)
		run.form = FORM_TEXT;
	if (run.count && run.form == FORM_BT)
		run.form = FORM_TEXT;
	if (sink_for(&sink, &run, &out)) {
		must(!"the default columns");
		return 0;
	}
	t = sink.table;
	sink.ops->open(&sink, &live);
	if (run.form == FORM_CSV)
		fields = csv_fields(out.p, out.p + out.len - 2);
	row = xmalloc(t->row_size);
	for (int n = 0; n < 4 && size; n++) {
		size_t len = size < t->row_size ? size : t->row_size, lines = 0;

		memset(row, 0, t->row_size);
		memcpy(row, data, len);
		data += len;
		size -= len;
		mend(t, row);
		from = out.len;
		sink.ops->row(&sink, row);
		while (from < out.len) {
			char *p = out.p + from, *end = memchr(p, '\n', out.len - from);

			must(end);
			check_line(&run, p, end, fields);
			from = end + 1 - out.p;
			lines++;
		}
		/* stacks stand below; a row of --bt or --folded may be none, a heading comes again */
		must(lines == 1 || run.form == FORM_TEXT || run.form == FORM_BT ||
		     run.form == FORM_FOLDED);
	}
	must(!*heard());
	free(row);
	sink_free(&sink);
	buf_free(&out);
	return 0;
}
