/* SPDX-License-Identifier: GPL-2.0 */
/*
 * format.c - numbers, addresses and times as text, by hand: with snprintf, inet_ntop and strftime
 * they would be most of what a row costs.
 */
#include "format.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

/* Two digits a step: half of the divisions, which are what a number costs. */
static const char pairs[200] = "00010203040506070809"
			       "10111213141516171819"
			       "20212223242526272829"
			       "30313233343536373839"
			       "40414243444546474849"
			       "50515253545556575859"
			       "60616263646566676869"
			       "70717273747576777879"
			       "80818283848586878889"
			       "90919293949596979899";

static unsigned count_digits(uint64_t v)
{
	static const uint64_t powers[] = {
		0,
		10,
		100,
		1000,
		10000,
		100000,
		1000000,
		10000000,
		100000000,
		1000000000,
		10000000000,
		100000000000,
		1000000000000,
		10000000000000,
		100000000000000,
		1000000000000000,
		10000000000000000,
		100000000000000000,
		1000000000000000000,
		10000000000000000000ULL,
	};
	/* the bits times log10(2) is the digits, or one less */
	unsigned n = (64 - __builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= powers[n]);
}

char *put_u64(char *p, uint64_t v)
{
	char *end = p + count_digits(v);

	for (p = end; v >= 100; v /= 100) {
		p -= 2;
		memcpy(p, &pairs[v % 100 * 2], 2);
	}
	if (v >= 10)
		memcpy(p - 2, &pairs[v * 2], 2);
	else
		p[-1] = '0' + v;
	return end;
}

char *put_digits(char *p, uint32_t v, int digits)
{
	char *end = p + digits;

	for (p = end; digits > 1; digits -= 2, v /= 100) {
		p -= 2;
		memcpy(p, &pairs[v % 100 * 2], 2);
	}
	if (digits)
		p[-1] = '0' + v % 10;
	return end;
}

char *put_ip4(char *p, const uint8_t *a)
{
	for (int i = 0; i < 4; i++) {
		unsigned v = a[i];

		if (i)
			*p++ = '.';
		if (v >= 100) {
			*p++ = '0' + v / 100;
			p = put_digits(p, v % 100, 2);
		} else if (v >= 10) {
			p = put_digits(p, v, 2);
		} else {
			*p++ = '0' + v;
		}
	}
	return p;
}

/* Four digits always, of which those that count come first and stay. */
static char *put_hex16(char *p, unsigned v)
{
	static const char hex[] = "0123456789abcdef";
	unsigned n = v >= 0x1000 ? 4 : v >= 0x100 ? 3 : v >= 0x10 ? 2 : 1;

	v <<= 16 - 4 * n;
	p[0] = hex[v >> 12 & 15];
	p[1] = hex[v >> 8 & 15];
	p[2] = hex[v >> 4 & 15];
	p[3] = hex[v & 15];
	return p + n;
}

char *put_ip6(char *p, const uint8_t *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	int at = -1, len = 1, run = 0; /* the longest run of zero groups, of two at least */

	if (!memcmp(a, mapped, sizeof(mapped))) {
		memcpy(p, "::ffff:", 7);
		return put_ip4(p + 7, a + 12);
	}
	for (int i = 0; i < 8; i++) {
		run = a[2 * i] | a[2 * i + 1] ? 0 : run + 1;
		if (run > len) {
			len = run;
			at = i - run + 1;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == at) {
			*p++ = ':';
			*p++ = ':';
			i += len - 1;
			continue;
		}
		if (i && p[-1] != ':')
			*p++ = ':';
		p = put_hex16(p, a[2 * i] << 8 | a[2 * i + 1]);
	}
	return p;
}

static int64_t wall_offset;

void clock_sync(void)
{
	struct timespec wall, mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	wall_offset = (wall.tv_sec - mono.tv_sec) * 1000000000LL + wall.tv_nsec - mono.tv_nsec;
}

uint64_t clock_wall(uint64_t mono_ns)
{
	return mono_ns + wall_offset;
}

/* Rows come many to a second: the part that doesn't change is kept. */
char *put_iso(char *p, uint64_t wall_ns)
{
	static char text[] = "YYYY-MM-DDTHH:MM:SS.";
	static time_t last = -1;
	time_t second = wall_ns / 1000000000;

	if (second != last) {
		struct tm tm;
		char *q;

		gmtime_r(&second, &tm);
		q = put_digits(text, tm.tm_year + 1900, 4);
		q = put_digits(q + 1, tm.tm_mon + 1, 2);
		q = put_digits(q + 1, tm.tm_mday, 2);
		q = put_digits(q + 1, tm.tm_hour, 2);
		q = put_digits(q + 1, tm.tm_min, 2);
		put_digits(q + 1, tm.tm_sec, 2);
		last = second;
	}
	memcpy(p, text, sizeof(text) - 1);
	p = put_digits(p + sizeof(text) - 1, wall_ns % 1000000000, 9);
	*p++ = 'Z';
	return p;
}

char *put_clock(char *p, uint64_t wall_ns)
{
	static char text[] = "HH:MM:SS";
	static time_t last = -1;
	time_t second = wall_ns / 1000000000;

	if (second != last) {
		struct tm tm;
		char *q;

		localtime_r(&second, &tm);
		q = put_digits(text, tm.tm_hour, 2);
		q = put_digits(q + 1, tm.tm_min, 2);
		put_digits(q + 1, tm.tm_sec, 2);
		last = second;
	}
	memcpy(p, text, sizeof(text) - 1);
	return p + sizeof(text) - 1;
}
