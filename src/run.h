/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.h - one run of a tool: what the command line asked for, and what became of it.
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "tool.h"

enum form { FORM_TEXT, FORM_BT, FORM_JSON, FORM_CSV, FORM_FOLDED };
enum stamp { STAMP_NONE, STAMP_START, STAMP_CLOCK, STAMP_ISO, STAMP_UNIX, STAMP_MONO };

/* Exit codes, the same for every tool; interface of the program. */
enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_USAGE = 2, EXIT_UNABLE = 77 };

#define NOBODY 65534 /* as a user and as a group, where /etc/passwd tells of none */

struct user {
	uid_t uid;
	gid_t gid;
};

struct run {
	const struct tool *tool;
	struct conf conf;	   /* for the kernel half */
	enum form form;
	enum stamp stamp;
	uint64_t interval_ns;	   /* 0: none */
	uint64_t intervals;	   /* COUNT; 0: no end */
	uint64_t duration_ns;	   /* -d; 0: none */
	uint64_t max_events;	   /* -n; 0: no end */
	uint64_t map_size;	   /* 0: as the kernel half says */
	uint64_t top;		   /* --top; 0: all */
	const char *output;	   /* -o; NULL: stdout, or stderr with a command */
	const char *fields;	   /* --fields */
	unsigned backends;	   /* bit N: enum backend N is allowed */
	struct user user;	   /* --user: whom to become once attached */
	bool user_named, no_drop;  /* --user, --no-drop */
	bool count, compat, follow, strict, stats, wide, quiet, no_header, verbose;
	char **command;		   /* -- COMMAND, up to NULL; or NULL */
};

/*
 * Totals, summed over all CPUs; `missed` stands in the list of hooks. For every tool
 * made = shown + filtered + lost + map_full + stale + pending.
 */
struct totals {
	uint64_t shown, filtered, lost, map_full, stale, pending;
	uint64_t degraded, unfollowed, unstacked; /* see struct tally */
};

/* The rows that the kernel half counts or sends. */
static inline const struct table *run_table(const struct run *run)
{
	return run->conf.by ? run->tool->by : run->tool->table;
}

/* Do what the run asks for; returns the exit code. */
int run_tool(struct run *run);

#endif
