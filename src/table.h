/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table.h - the one schema. A row is a fixed-size struct that the kernel half wrote; a column
 * is one member of it with a meaning (its kind); a table names the columns of a row. Text,
 * --bt, JSON, CSV, --fields and --help all read these, so none of them knows any tool.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/row.h"
#include "util.h"

enum kind {
	K_UINT,	     /* 1, 2, 4 or 8 bytes */
	K_NSEC,	     /* 8 bytes of nanoseconds; people read microseconds */
	K_INT,	     /* 4 or 8 bytes */
	K_BOOL,	     /* 1 byte */
	K_TIME,	     /* 8 bytes of CLOCK_MONOTONIC; becomes the time of day */
	K_COMM,	     /* COMM_LEN bytes that a stranger chose */
	K_ENUM,	     /* 1 byte, an index into column.names */
	K_FAMILY,    /* 2 bytes; its name */
	K_PROTOCOL,  /* 2 bytes; its name, for IP families */
	K_LOCAL,     /* struct ends: the local address */
	K_REMOTE,    /* struct ends: the remote address */
	K_ERRNO,     /* 4 bytes, a result: the errno's name */
	K_RESULT,    /* 4 bytes, a result: words */
	K_BOOK,	     /* 4 bytes, a result: the book's words */
	K_COUNTS,    /* struct counts; people read its count per second */
	K_RATE,	     /* 8 bytes, a count; people read it per second */
	K_SECONDS,   /* 8 bytes of nanoseconds, as seconds */
	K_CLOCK,     /* as K_TIME; HH:MM:SS, local */
	K_STACK,     /* 8 bytes, a number of stack.h; people read it below the row */
};

enum {
	COL_TEXT = 1 << 0,  /* shown to people by default */
	COL_WIDE = 1 << 1,  /* and this one with -w */
	COL_RIGHT = 1 << 2, /* aligned to the right */
	COL_CUT = 1 << 3,   /* shortened to its width, unless -w */
	COL_BT = 1 << 4,    /* part of --bt, and only of --bt if it has no other of these flags */
	COL_HIDDEN = 1 << 5, /* not part of JSON and CSV */
	COL_BT_MAP = 1 << 6, /* --bt: the name of the map; COL_BT: its keys, and last its value */
	COL_FAILS = 1 << 7, /* a count of failures: coloured unless it is 0 */
};

struct column {
	const char *name;  /* JSON key, CSV heading */
	const char *title; /* text heading */
	const char *help;
	enum kind kind;
	unsigned flags; /* COL_* */
	uint16_t offset, size;
	uint16_t width, wide;	  /* in text; wide 0: as width */
	uint32_t by;		  /* BY_*: only with that key */
	uint32_t needs;		  /* NEED_*: what the kernel half must find out for it */
	uint32_t need;		  /* HAVE_* bits without which there is no value */
	const char *const *names; /* K_ENUM */
};

struct table {
	const char *name; /* and its ring buffer's */
	const char *help;
	bool report; /* counts for an interval, rather than events */
	bool keyed;  /* counted in the kernel by key: bpf/count.bpf.h */
	const struct fixed_layout *fixed; /* counted there by fixed keys, a slot per CPU */
	uint16_t row_size, short_size; /* a row without its name may end early */
	uint16_t have;		       /* offset of the `have` word */
	uint16_t ends, name_at;	       /* offsets of struct ends, struct name */
	uint16_t family;	       /* K_PROTOCOL: offset of the 2 bytes that tell if it is IP */
	uint16_t when;		       /* offset of its CLOCK_MONOTONIC */
	uint16_t key_size, counts;	     /* keyed: the key is first; offset of struct counts */
	uint16_t stacks, nstacks;	     /* keyed: offset and number of a key's stacks */
	uint16_t interval, length;	     /* offsets of its number and its nanoseconds */
	const struct column *columns;	     /* up to the one without a name */
};

#define COLUMN(type, member, ...)                                                              \
	{                                                                                      \
		.offset = offsetof(struct type, member),                                       \
		.size = sizeof(((struct type *)0)->member), __VA_ARGS__                        \
	}

#define for_each_column(c, t) for (const struct column *c = (t)->columns; c->name; c++)

/*
 * A row of fixed keys: the counts of N calls, those of the groups they make up, and of all;
 * offsets of struct counts (arrays).
 */
struct fixed_layout {
	int n;
	const uint8_t *group; /* of each call */
	uint16_t calls, groups, all;
};

/* How rows of one table are added up into rows of another: see count.c. */
struct group {
	struct {
		uint16_t from, to, size;
	} keys[8]; /* up to the one without a size */
	uint16_t name; /* where a row's struct name becomes part of the key; 0: nowhere */
	uint16_t key_size; /* the keys are the summary row's first bytes */
	uint16_t add;	   /* offset of the number (8 bytes) whose mean and largest count */
	uint16_t count, mean, max; /* offsets of 8-byte members of the summary row */
};

enum value_type {
	V_NONE,
	V_BOOL,
	/* numbers */
	V_UINT,
	V_INT,
	V_SECONDS, /* of u nanoseconds, with microseconds */
	/* words of our own: nothing in them needs escaping; only V_TEXT may hold blanks */
	V_WORD,
	V_TEXT,
	V_DIGITS, /* a number where there would be a word */
	V_IP4,
	V_IP6,
	V_ISO,	 /* u nanoseconds as time of day */
	V_CLOCK, /* the same, HH:MM:SS, local */
	/* what a stranger chose */
	V_BYTES,
	V_COUNTS,
	V_STACK,
};

/*
 * What a column of a row holds. Numbers, addresses and times become text only where that is to
 * stand: written here first, and then copied, it would cost more than to write it.
 */
struct value {
	enum value_type type;
	union {
		uint64_t u;
		int64_t i;
		const char *text;
		const struct ip *ip;
		const struct counts *counts;
	};
	size_t len;	 /* of text */
	uint64_t length; /* V_COUNTS, K_RATE: of their interval, in ns */
	char store[128]; /* where text may point */
};

/* Room for a value with what stands before it, unless it is V_BYTES or V_STACK. */
#define CELL_ROOM 256

static inline uint64_t load_uint(const char *p, size_t size)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		memcpy(&u16, p, 2);
		return u16;
	case 4:
		memcpy(&u32, p, 4);
		return u32;
	default:
		memcpy(&u64, p, 8);
		return u64;
	}
}

/* Does the row hold a value? */
static inline bool column_has(const struct table *t, const struct column *c, const char *row)
{
	uint32_t have;

	memcpy(&have, row + t->have, sizeof(have));
	return !(c->need & ~have);
}

/* Most columns are plain numbers: these need not take the way through a struct value. */
static inline bool column_number(const struct table *t, const struct column *c,
				 const char *row, uint64_t *n)
{
	if (c->kind > K_NSEC || !column_has(t, c, row))
		return false;
	*n = load_uint(row + c->offset, c->size);
	return true;
}

void column_value(const struct table *t, const struct column *c, const void *row,
		  struct value *v);
/* Numbers, and words of our own: at P, which has CELL_ROOM bytes of room; returns the end. */
char *value_put(char *p, const struct value *v);
/* The value for people; returns the terminal columns it takes. */
size_t value_text(struct buf *b, const struct column *c, const struct value *v);

const struct column *table_column(const struct table *t, const char *name, size_t len);

void counts_add(struct counts *to, const struct counts *c);

#endif
