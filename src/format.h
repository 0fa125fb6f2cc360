/* SPDX-License-Identifier: GPL-2.0 */
/*
 * format.h - numbers, addresses and times as text. Each put_ function writes at P, which has
 * room for the most that it says, and returns the end; no NUL ends it.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* N bytes: memcpy() for the few that a cell has */
char *put_bytes(char *p, const char *from, size_t n);
/* A literal */
#define PUT(p, text) ((char *)memcpy(p, text, sizeof(text) - 1) + sizeof(text) - 1)
/* 20 bytes */
char *put_u64(char *p, uint64_t v);
char *put_i64(char *p, int64_t v);
/* DIGITS bytes, the last digits of V, with zeros in front; DIGITS is at most 9 */
char *put_digits(char *p, uint32_t v, int digits);
/* 21 bytes: nanoseconds as seconds, with DIGITS behind the point: 6 or 9 */
char *put_seconds(char *p, uint64_t ns, int digits);
/* 15 bytes; A is 4 bytes */
char *put_ip4(char *p, const uint8_t *a);
/* 42 bytes, of which at most 39 stay; A is 16 bytes. RFC 5952, as inet_ntop writes it */
char *put_ip6(char *p, const uint8_t *a);

/* Clocks: CLOCK_MONOTONIC to time of day, by an offset taken now and then. */
void clock_sync(void);
uint64_t clock_wall(uint64_t mono_ns);
/* 30 bytes: 2026-11-22T20:01:02.123456789Z */
#define ISO_LEN 30
char *put_iso(char *p, uint64_t wall_ns);
/* 8 bytes: 20:01:02, local time */
char *put_clock(char *p, uint64_t wall_ns);

#endif
