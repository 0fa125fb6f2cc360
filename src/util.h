/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util.h - what every module needs: complaints, memory, and the text buffer that rows are
 * written into. The buffer's hot functions are inline: they run several times for each cell.
 */
#ifndef UTIL_H
#define UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "format.h"

/* The name in front of every complaint, "sockray" until set; NAME is kept, not copied. */
void util_program(const char *name);
/* The words that called this program, for advice to call it again: NAME until set. */
void util_called(const char *words);
const char *how_called(void);

/*
 * Prints "sockray: MESSAGE" and, when ERR (a negative errno) is not 0, ": " and what it means,
 * as one line to stderr. Returns ERR. Control bytes arrive escaped, in the format's own text
 * too. errno stays as it was.
 */
int fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says so and ends the program, exit code 1. */
void out_of_memory(void) __attribute__((noreturn, cold));

/* These never return NULL: without memory the program ends. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));

/* tsearch(3), for a NODE that must be found; the one that is. */
void *xtsearch(void *node, void **root, int (*compare)(const void *, const void *));

/*
 * fopen(3) of a file to read; NULL: it can't be. And getline(3); false: there is no more. What can't
 * be read for want of memory must not look like a file that isn't there.
 */
FILE *open_text(const char *path);
bool read_line(FILE *f, char **line, size_t *room);

/* One copy of each text, for ever: equal ones are the same pointer. */
const char *intern(const char *text);

/* Text that only grows. All zero is an empty one; no NUL ends it; len = 0 empties it. */
struct buf {
	char *p;
	size_t len, cap;
};

void buf_grow(struct buf *b, size_t n);
void buf_free(struct buf *b);
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);

/* Makes room for N more bytes and tells where they go; the caller adds to len. */
static inline char *buf_room(struct buf *b, size_t n)
{
	if (__builtin_expect(b->cap - b->len < n, 0))
		buf_grow(b, n);
	return b->p + b->len;
}

static inline void buf_add(struct buf *b, const void *mem, size_t n)
{
	char *p;

	if (!n)
		return;
	p = buf_room(b, n);
	if (__builtin_constant_p(n))
		memcpy(p, mem, n);
	else
		put_bytes(p, mem, n);
	b->len += n;
}

static inline void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void buf_char(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->len++;
}

/* One byte as two small hex digits. */
static inline void buf_hex(struct buf *b, unsigned char byte)
{
	char *p = buf_room(b, 2);

	p[0] = "0123456789abcdef"[byte >> 4];
	p[1] = "0123456789abcdef"[byte & 15];
	b->len += 2;
}

/* 0x and small hex digits. */
void buf_x64(struct buf *b, uint64_t v);

/* N blanks. */
static inline void buf_pad(struct buf *b, size_t n)
{
	if (!n)
		return;
	memset(buf_room(b, n), ' ', n);
	b->len += n;
}

/* Nothing in it that the two below would change. */
bool text_plain(const char *bytes, size_t n);

/*
 * The one way by which bytes that a stranger chose reach a terminal: printable characters pass,
 * every byte of anything else becomes \xNN, and a backslash \\. Returns the terminal columns.
 */
size_t text_escape(struct buf *b, const char *bytes, size_t n);

/*
 * The same for JSON: a quoted string. What is not UTF-8 becomes U+FFFD, one for each maximal
 * subpart; returns 1 when that has happened, so that the caller can add the bytes in hex.
 */
int json_string(struct buf *b, const char *bytes, size_t n);

/* A short file of /proc from its beginning, as a string: "" when it can't be read. */
void pread_text(int fd, char *text, size_t size);

#endif
