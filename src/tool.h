/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tool.h - what a tool is: a descriptor. A tool's folder holds its kernel half, its rows and
 * one of these; nothing else in the tree changes when a tool is added.
 */
#ifndef TOOL_H
#define TOOL_H

#include "table.h"

/* What of the common options a tool can honour, beside those that every tool can. */
enum {
	CAN_EVENTS = 1 << 0, /* prints a row per event: -n, --min-lat, -t, -T, --ts */
	CAN_FINAL = 1 << 1,
	CAN_COUNT = 1 << 2,
	CAN_COMPAT = 1 << 3,
	CAN_RESULT = 1 << 4, /* rows have a result: -x, -e */
	CAN_PEER = 1 << 5,   /* rows have a remote end: -P, -a */
	CAN_BY = 1 << 7,     /* keys can be chosen: --by, --call */
	CAN_KEYS = 1 << 6,   /* counts by key: --top */
};

/* A place in a socket's life where the tool must look: bpf/point/. */
struct point {
	const char *name;
	const char *blind; /* what can't be seen without it: a word for `blind` in JSON ... */
	const char *words; /* ... and a sentence for people */
	enum {
		POINT_NEEDED,	 /* the tool can't work without it */
		POINT_WANTED,	 /* it can, and says what it doesn't see */
		POINT_IF_COMPAT, /* with --compat, for those of its operations that need it */
		POINT_IF_FOLLOW, /* only with --follow or -- COMMAND */
		POINT_IF_OP, /* only if one of its operations is asked for, which it then sees
			      */
		POINT_HELPS_OP, /* the same, but it sees only a part of them */
	} when;
	unsigned ops;  /* 1 << OP_*: what it is about */
	unsigned sees; /* SEES_* that the kernel half has when it is attached */
};

struct tool {
	const char *name;
	const char *help;		/* one line */
	const char *note;		/* one more for --help, or NULL */
	const struct table *table;	/* its rows */
	const struct table *by;		/* CAN_BY: its rows with --by */
	const struct table *count;	/* CAN_COUNT: the rows of --count */
	const struct group *group;	/* CAN_COUNT: how rows become those */
	const struct point *points;	/* up to the one without a name */
	const char *const *maps;	/* the maps that --map-size sizes, up to NULL */
	const char *const *examples;	/* command, explanation, command, ... up to NULL */
	uint64_t interval_ns;		/* between reports unless told; 0: none */
	uint64_t families;		/* shown unless -f says otherwise; 0: all */
	unsigned can;			/* CAN_* */
	const char *bpf, *bpf_end;	/* the kernel half, an ELF object */
};

/* All tools, in the order of the link. */
extern const struct tool *const __start_tools[], *const __stop_tools[];

#define for_each_tool(t)                                                                       \
	for (const struct tool *const *t = __start_tools; t < __stop_tools; t++)

#define TOOL(tool_name, ...)                                                                   \
	extern const char tool_name##_bpf[], tool_name##_bpf_end[];                            \
	static const struct tool tool_name##_tool = { .name = #tool_name,                      \
						      .bpf = tool_name##_bpf,                  \
						      .bpf_end = tool_name##_bpf_end,          \
						      __VA_ARGS__ };                           \
	static const struct tool *const tool_name##_entry                                      \
		__attribute__((used, section("tools"))) = &tool_name##_tool

#endif
