/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sink.h - where rows go: text (and --bt), JSON, CSV. A sink writes into a buffer; run.c gives
 * the buffer to the output. A new form is one file and one line in by_form[] (sink.c).
 */
#ifndef SINK_H
#define SINK_H

#include "live.h"
#include "run.h"

struct sink {
	const struct sink_ops *ops;
	const struct run *run;
	const struct table *table;
	const struct column **columns; /* those to print, up to NULL */
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
void sink_free(struct sink *s);

#endif
