/* SPDX-License-Identifier: GPL-2.0 */
/*
 * output.h - the file that rows are written to.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

#include "util.h"

struct output {
	int fd;
	const char *name; /* for messages */
	bool ours;	  /* opened by us: to be closed */
	struct buf buf;	  /* written, not yet flushed */
	uint64_t written; /* bytes */
	enum { OUTPUT_GOOD, OUTPUT_CLOSED, OUTPUT_FAILED } state;
};

/* PATH, or the descriptor FD when it is NULL. 0, or -errno after a message. */
int output_open(struct output *o, const char *path, int fd);
/* What was in the file goes now, not before we know that we can start. */
void output_start(struct output *o);
/*
 * Write out what is in the buffer. A reader that went away makes it OUTPUT_CLOSED, quietly;
 * any other failure OUTPUT_FAILED, after a message; a file is then cut to whole lines. *STOP is looked at when a signal interrupts
 * the wait for a slow reader: then the rest is given up, which is a failure.
 */
void output_flush(struct output *o, const volatile bool *stop);
void output_close(struct output *o);

#endif
