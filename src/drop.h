/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drop.h - what a tool gives up once it is attached: its user, its capabilities, and all system calls
 * but those few that it still needs. From then on it reads memory that it shares with the kernel and
 * writes to files that are open: bytes of a stranger's that found a fault in it would have gained
 * little.
 */
#ifndef DROP_H
#define DROP_H

#include <stdbool.h>
#include <sys/types.h>

struct run;

/* What a process of ours still does afterwards. */
enum role {
	ROLE_TOOL,   /* rows from the ring buffer to the output */
	ROLE_OPENER, /* opens files for it (opener.h) */
};

struct duty {
	enum role role;
	pid_t command; /* ROLE_TOOL: it may be signalled; 0: there is none */
	int channel;   /* between the two; -1: there is none */
};

/* Give up the rest, as the run asks for it. 0; or -errno, after a message. */
int drop_rights(const struct run *run, const struct duty *duty);

#endif
