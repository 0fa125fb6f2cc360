/* SPDX-License-Identifier: GPL-2.0 */
/*
 * option.h - the command line into a struct run.
 */
#ifndef OPTION_H
#define OPTION_H

#include "run.h"

/*
 * Parse a tool's command line. -1: go on and run it; otherwise the exit code, after a message,
 * --help, --version or --fields help.
 */
int option_parse(struct run *run, const struct tool *tool, int argc, char **argv);

/* What the argument of an option can be, for completion. */
enum values {
	VALUES_ANY, /* nothing to offer, or `words` */
	VALUES_PID,
	VALUES_COMM,
	VALUES_USER,
	VALUES_FAMILY,
	VALUES_PROTOCOL,
	VALUES_ERRNO,
	VALUES_CGROUP,
	VALUES_NETNS,
	VALUES_FIELD,
	VALUES_FILE,
};

struct option_entry {
	int letter; /* 0: none */
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *help;
	unsigned can; /* CAN_* that the tool must have */
	int (*set)(struct run *run, const char *arg);
	bool brief; /* one of those that -h shows */
	enum values values;
	const char *const *words; /* all that the argument, or its items, can be; up to NULL */
};

/* All options of all tools, up to the one without a name. */
extern const struct option_entry options[];

static inline bool tool_can(const struct tool *tool, const struct option_entry *o)
{
	return !(o->can & ~tool->can);
}

/* -h, on stdout: the main options, on one screen; and --help: all, and the columns. */
void option_brief_help(const struct tool *tool);
void option_help(const struct tool *tool);

#endif
