/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json.c - NDJSON by the contract, version 1: a line "meta", then a line per row, then "end".
 * Within version 1 keys are only added. An absent value is null; a string that isn't UTF-8 has
 * a twin KEY_hex with its bytes.
 *
 * Written by hand: jansson takes 4,467 ns a row, this 120 to 200 (bench/rows).
 */
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/utsname.h>

#include "format.h"
#include "stack.h"
#include "version.h"

static void put_key(struct buf *b, const char *key)
{
	buf_char(b, ',');
	buf_char(b, '"');
	buf_str(b, key);
	buf_add(b, "\":", 2);
}

static void put_string(struct buf *b, const char *key, const char *text)
{
	put_key(b, key);
	json_string(b, text, strlen(text));
}

static void put_count(struct buf *b, const char *key, uint64_t n)
{
	put_key(b, key);
	buf_u64(b, n);
}

static void put_boot_id(struct buf *b)
{
	char id[37] = "";
	FILE *f = open_text("/proc/sys/kernel/random/boot_id");

	if (f && fgets(id, sizeof(id), f))
		put_string(b, "boot_id", id);
	else
		buf_str(b, ",\"boot_id\":null");
	if (f)
		fclose(f);
}

static void json_open(struct sink *s, const struct live *live)
{
	struct buf *b = s->out;
	struct utsname host;
	const char *comma = "";
	char *p;

	for (struct cell *c = s->cells; c->column; c++)
		cell_before(c,
			    c > s->cells       ? ",\""
			    : s->table->report ? "{\"type\":\"report\",\""
					       : "{\"type\":\"event\",\"",
			    c->column->name, "\":");
	uname(&host);
	buf_str(b, "{\"type\":\"meta\",\"v\":1");
	put_string(b, "tool", s->run->tool->name);
	put_string(b, "version", VERSION);
	put_string(b, "host", host.nodename);
	put_boot_id(b);
	put_string(b, "kernel", host.release);
	buf_str(b, ",\"start\":\"");
	p = buf_room(b, ISO_LEN);
	b->len += put_iso(p, clock_wall(s->start_ns)) - p;
	buf_str(b, "\",\"hooks\":{");
	for (size_t i = 0; i < live->npoints; i++) {
		if (!live->points[i].hooks)
			continue;
		buf_str(b, comma);
		json_string(b, live->points[i].point->name,
			    strlen(live->points[i].point->name));
		buf_char(b, ':');
		json_string(b, live->points[i].hooks, strlen(live->points[i].hooks));
		comma = ",";
	}
	buf_str(b, "},\"blind\":[");
	comma = "";
	for (size_t i = 0; i < live->npoints; i++) {
		const struct point *p = live->points[i].point;

		if (!live_blind(&live->points[i]))
			continue;
		buf_str(b, comma);
		json_string(b, p->blind, strlen(p->blind));
		comma = ",";
	}
	buf_str(b, "]}\n");
}

/* As an array, the innermost first; a frame that is missing is one of nulls. */
static void put_stack(struct buf *b, const struct column *c, const struct stack *s)
{
	const char *comma = "";

	if (!s) {
		buf_str(b, "null");
		return;
	}
	buf_char(b, '[');
	for (size_t i = 0; i < s->n; i++) {
		const struct frame *f = &s->frames[i];

		buf_str(b, comma);
		comma = ",";
		if (f->missing) {
			buf_str(b, "{\"addr\":null,\"symbol\":null,\"offset\":null,\"module\":"
				   "null}");
			continue;
		}
		/* as text: more than the 53 bits that readers of JSON keep of a number */
		buf_str(b, "{\"addr\":\"");
		buf_x64(b, f->addr);
		buf_str(b, "\",\"symbol\":");
		if (f->symbol) {
			json_string(b, f->symbol, strlen(f->symbol));
			put_count(b, "offset", f->offset);
		} else {
			buf_str(b, "null,\"offset\":null");
		}
		buf_str(b, ",\"module\":");
		if (f->module)
			json_string(b, f->module, strlen(f->module));
		else
			buf_str(b, "null");
		buf_char(b, '}');
	}
	buf_str(b, "],\"");
	buf_str(b, c->name);
	buf_str(b, s->truncated ? "_truncated\":true" : "_truncated\":false");
}

/* What may need more than a cell's room, or escapes. */
static char *put_long(struct sink *s, char *p, const struct column *c, const struct value *v)
{
	struct buf *b = s->out;

	if (v->type == V_BYTES && text_plain(v->text, v->len)) {
		*p++ = '"';
		p = put_bytes(p, v->text, v->len);
		*p++ = '"';
		return p;
	}
	b->len = p - b->p;
	if (v->type == V_STACK) {
		put_stack(b, c, stack_find(v->u));
	} else if (json_string(b, v->text, v->len)) {
		buf_add(b, ",\"", 2);
		buf_str(b, c->name);
		buf_add(b, "_hex\":\"", 7);
		for (size_t i = 0; i < v->len; i++)
			buf_hex(b, v->text[i]);
		buf_char(b, '"');
	}
	return buf_room(b, s->row_room);
}

static char *put_counts(char *p, const struct counts *c)
{
	p = put_u64(PUT(p, "{\"count\":"), c->count);
	p = put_u64(PUT(p, ",\"ok\":"), c->ok);
	p = put_u64(PUT(p, ",\"failed\":"), c->failed);
	p = put_u64(PUT(p, ",\"again\":"), c->again);
	p = put_u64(PUT(p, ",\"bytes\":"), c->bytes);
	*p++ = '}';
	return p;
}

static void json_tick(struct sink *s, uint64_t when)
{
	(void)s, (void)when;
}

static char *put_value(struct sink *s, char *p, const struct column *c, const struct value *v)
{
	switch (v->type) {
	case V_NONE:
		return PUT(p, "null");
	case V_BOOL:
		return v->u ? PUT(p, "true") : PUT(p, "false");
	case V_UINT:
	case V_INT:
	case V_SECONDS:
		return value_put(p, v);
	case V_COUNTS:
		return put_counts(p, v->counts);
	case V_BYTES:
	case V_STACK:
		return put_long(s, p, c, v);
	default: /* our own words: nothing to escape */
		*p++ = '"';
		p = value_put(p, v);
		*p++ = '"';
		return p;
	}
}

static void json_row(struct sink *s, const void *row)
{
	struct buf *b = s->out;

	cells_row(s, row, put_value);
	/* not a column: it is of the interval, whatever the key */
	if (s->table->report && !s->run->fields) {
		put_key(b, "missed");
		if (s->missed < 0)
			buf_str(b, "null");
		else
			buf_i64(b, s->missed);
	}
	buf_add(b, "}\n", 2);
}

static void json_end(struct sink *s, const struct live *live, const struct totals *totals,
		     const char *reason)
{
	struct buf *b = s->out;
	const char *comma = "";

	buf_str(b, "{\"type\":\"end\"");
	put_string(b, "reason", reason);
	put_count(b, "events", totals->shown);
	put_count(b, "filtered", totals->filtered);
	put_count(b, "lost", totals->lost);
	put_count(b, "map_full", totals->map_full);
	put_count(b, "stale", totals->stale);
	put_count(b, "degraded", totals->degraded);
	put_count(b, "unfollowed", totals->unfollowed);
	put_count(b, "unstacked", totals->unstacked);
	put_count(b, "pending", totals->pending);
	buf_str(b, ",\"missed\":{");
	for (size_t i = 0; i < live->nprograms; i++) {
		const struct program *p = &live->programs[i];

		buf_str(b, comma);
		json_string(b, p->name, strlen(p->name));
		buf_char(b, ':');
		if (p->missed < 0)
			buf_str(b, "null");
		else
			buf_u64(b, p->missed);
		comma = ",";
	}
	buf_str(b, "},\"covered\":[");
	comma = "";
	for (size_t i = 0; i < live->nprograms; i++) {
		if (!live->programs[i].covered)
			continue;
		buf_str(b, comma);
		json_string(b, live->programs[i].name, strlen(live->programs[i].name));
		comma = ",";
	}
	buf_str(b, "]}\n");
}

const struct sink_ops json_ops = {
	.open = json_open,
	.tick = json_tick,
	.row = json_row,
	.end = json_end,
};
