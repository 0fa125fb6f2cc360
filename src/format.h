/* SPDX-License-Identifier: GPL-2.0 */
/*
 * format.h - numbers, addresses and times as text. Each put_ function writes at P, which has room
 * for the most that it says, and returns the end; no NUL ends it.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdint.h>

/* 20 bytes */
char *put_u64(char *p, uint64_t v);
/* DIGITS bytes, the last digits of V, with zeros in front; DIGITS is at most 9 */
char *put_digits(char *p, uint32_t v, int digits);
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
