/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sink.h - where rows go: text (and --bt), JSON, CSV. A sink writes into a buffer; run.c gives
 * the buffer to the output. A new form is one file and one line in by_form[] (sink.c).
 */
#ifndef SINK_H
#define SINK_H

#include "live.h"
#include "run.h"

/*
 * A column to print, made ready. Rows are much alike, in their process above all: `text` is
 * what was printed of it last, and serves again while the row's member stays as it was.
 */
struct cell {
	const struct column *column;
	uint64_t was[2]; /* the member */
	bool keeps;	 /* its text depends on nothing but the member */
	uint8_t before;	 /* what stands before any value: JSON's key, CSV's comma */
	uint8_t len;	 /* of all text; 0: it wasn't kept */
	char text[69];
};

struct sink {
	const struct sink_ops *ops;
	const struct run *run;
	const struct table *table;
	struct cell *cells; /* up to the one without a column */
	size_t row_room;    /* CELL_ROOM for each */
	struct buf *out;
	uint64_t start_ns; /* CLOCK_MONOTONIC of the start */
	unsigned rows;	   /* since the last heading */
	bool colour;	   /* a terminal that wants it */
	long long missed;  /* events that programs missed in a report's interval; -1: unknown */
};

struct sink_ops {
	void (*open)(struct sink *s, const struct live *live);
	/* the rows of a report follow; the end of its interval */
	void (*tick)(struct sink *s, uint64_t when);
	void (*row)(struct sink *s, const void *row);
	/* REASON: a word; the totals since the start */
	void (*end)(struct sink *s, const struct live *live, const struct totals *totals,
		    const char *reason);
};

extern const struct sink_ops text_ops, map_ops, probe_ops, json_ops, csv_ops, folded_ops;

/* Set up the sink that the run asks for; 0, or -EINVAL after a message (--fields). */
int sink_for(struct sink *s, const struct run *run, struct buf *out);
/* Before its values stand TEXT, KEY, END. */
void cell_before(struct cell *c, const char *text, const char *key, const char *end);
/*
 * A row's cells one after the other. PUT writes a value that isn't just a number at P, which
 * has CELL_ROOM bytes of room and as much for each cell that follows; returns the end.
 */
void cells_row(struct sink *s, const void *row,
	       char *(*put)(struct sink *s, char *p, const struct column *c,
			    const struct value *v));
void sink_free(struct sink *s);

#endif
