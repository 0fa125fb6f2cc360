/* SPDX-License-Identifier: GPL-2.0 */
/*
 * format.c - numbers, addresses and times as text, by hand: with snprintf, inet_ntop and
 * strftime they would be most of what a row costs.
 */
#include "format.h"

#include <string.h>
#include <time.h>

char *put_bytes(char *p, const char *from, size_t n)
{
	if (n > 32) {
		memcpy(p, from, n);
	} else if (n >= 16) {
		/* the two may overlap */
		memcpy(p, from, 16);
		memcpy(p + n - 16, from + n - 16, 16);
	} else if (n >= 8) {
		memcpy(p, from, 8);
		memcpy(p + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(p, from, 4);
		memcpy(p + n - 4, from + n - 4, 4);
	} else {
		for (size_t i = 0; i < n; i++)
			p[i] = from[i];
	}
	return p + n;
}

static const char pairs[] = "00010203040506070809"
			    "10111213141516171819"
			    "20212223242526272829"
			    "30313233343536373839"
			    "40414243444546474849"
			    "50515253545556575859"
			    "60616263646566676869"
			    "70717273747576777879"
			    "80818283848586878889"
			    "90919293949596979899";

static char *put_2(char *p, unsigned v)
{
	memcpy(p, &pairs[2 * v], 2);
	return p + 2;
}

static char *put_4(char *p, unsigned v)
{
	return put_2(put_2(p, v / 100), v % 100);
}

static char *put_8(char *p, unsigned v)
{
	return put_4(put_4(p, v / 10000), v % 10000);
}

static char *put_up_to_4(char *p, unsigned v)
{
	if (v >= 1000)
		return put_4(p, v);
	if (v >= 100) {
		*p++ = '0' + v / 100;
		return put_2(p, v % 100);
	}
	if (v >= 10)
		return put_2(p, v);
	*p++ = '0' + v;
	return p;
}

/*
 * The same column has about as many digits in each row, so branches cost less than to count
 * them: what follows need not wait for the number.
 */
char *put_u64(char *p, uint64_t v)
{
	if (v < 10000)
		return put_up_to_4(p, v);
	if (v < 100000000)
		return put_4(put_up_to_4(p, v / 10000), v % 10000);
	return put_8(put_u64(p, v / 100000000), v % 100000000);
}

char *put_i64(char *p, int64_t v)
{
	if (v >= 0)
		return put_u64(p, v);
	*p++ = '-';
	return put_u64(p, -(uint64_t)v);
}

char *put_digits(char *p, uint32_t v, int digits)
{
	char *end = p + digits;

	if (digits >= 8) {
		digits -= 8;
		put_8(p + digits, v % 100000000);
		v /= 100000000;
	}
	for (p += digits; digits; digits--, v /= 10)
		*--p = '0' + v % 10;
	return end;
}

char *put_seconds(char *p, uint64_t ns, int digits)
{
	p = put_u64(p, ns / 1000000000);
	*p++ = '.';
	ns %= 1000000000;
	return digits == 9 ? put_digits(p, ns, 9) : put_digits(p, ns / 1000, 6);
}

char *put_ip4(char *p, const uint8_t *a)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_up_to_4(p, a[i]);
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
