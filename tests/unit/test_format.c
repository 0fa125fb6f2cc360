/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_format.c - numbers, addresses and times as they are written by hand, against libc's:
 * edges, and a lot by chance. Each is written into exactly the room that format.h says.
 */
#include "../../src/format.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static uint64_t chance(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

/* Of ROOM bytes, up to END, are TEXT; what lies behind them is as it was. */
static char room[64];

static char *fresh(void)
{
	return memset(room, '#', sizeof(room));
}

static void is(const char *end, size_t most, const char *expected)
{
	size_t len = strlen(expected);

	if ((size_t)(end - room) != len || memcmp(room, expected, len))
		fail_msg("%.*s, not %s", (int)(end - room), room, expected);
	for (size_t i = most; i < sizeof(room); i++)
		assert_int_equal(room[i], '#');
}

static void number(uint64_t v)
{
	char expected[32];

	sprintf(expected, "%" PRIu64, v);
	is(put_u64(fresh(), v), 20, expected);
	sprintf(expected, "%" PRId64, (int64_t)v);
	is(put_i64(fresh(), v), 20, expected);
}

static void numbers(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (int i = 0; i < 64; i++)
		for (int d = -2; d <= 2; d++)
			number((1ULL << i) + d);
	for (int i = 0; i < 20; i++, power *= 10)
		for (int d = -2; d <= 2; d++) {
			number(power + d);
			number(power / 2 + d);
			number(-power + d);
		}
	for (uint64_t v = 0; v < 200000; v++)
		number(v);
	for (int i = 0; i < 1000000; i++)
		number(chance() >> chance() % 64);
}

static void digits(void **state)
{
	char expected[32];

	(void)state;
	for (int n = 1; n <= 9; n++) {
		uint32_t limit = 1;

		for (int i = 0; i < n; i++)
			limit *= 10;
		for (int i = 0; i < 20000; i++) {
			uint32_t v = i == 0 ? 0 : i == 1 ? limit - 1 : chance() % limit;

			sprintf(expected, "%0*" PRIu32, n, v);
			is(put_digits(fresh(), v, n), n, expected);
		}
	}
}

static void bytes(void **state)
{
	const char text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char expected[sizeof(text)] = "", *exact = malloc(n + 1);

		memcpy(expected, text, n);
		memcpy(exact, text, n);
		is(put_bytes(fresh(), exact, n), n, expected);
		free(exact);
	}
	is(PUT(fresh(), "abc"), 3, "abc");
}

static void ip4(void **state)
{
	(void)state;
	for (int i = 0; i < 400000; i++) {
		uint8_t a[4];
		char expected[64];

		for (int k = 0; k < 4; k++)
			a[k] = i < 256 ? (uint8_t)i : (uint8_t)chance();
		inet_ntop(AF_INET, a, expected, sizeof(expected));
		is(put_ip4(fresh(), a), 15, expected);
	}
}

static void one_ip6(const uint8_t *a)
{
	char expected[64];

	/* ::1.2.3.4 and the like, which nobody uses any more, inet_ntop writes so; we don't */
	if (!memcmp(a, "\0\0\0\0\0\0\0\0\0\0\0\0", 12) && (a[12] | a[13]))
		return;
	inet_ntop(AF_INET6, a, expected, sizeof(expected));
	is(put_ip6(fresh(), a), 42, expected);
}

static void ip6(void **state)
{
	uint8_t a[16];

	(void)state;
	/* each choice of zero groups, with groups of one to four digits between them */
	for (int zeros = 0; zeros < 256; zeros++)
		for (int i = 0; i < 1000; i++) {
			for (int g = 0; g < 8; g++) {
				unsigned v = zeros >> g & 1 ? 0 : 1 + chance() % 0xffff;

				v >>= chance() % 16;
				v += !v && !(zeros >> g & 1);
				a[2 * g] = v >> 8;
				a[2 * g + 1] = v;
			}
			one_ip6(a);
		}
	for (int i = 0; i < 100000; i++) {
		for (int k = 0; k < 16; k++)
			a[k] = chance() % 3 ? 0 : chance();
		if (i % 4 == 0)
			memcpy(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		one_ip6(a);
	}
	memset(a, 0xff, sizeof(a));
	one_ip6(a);
	memset(a, 0, sizeof(a));
	one_ip6(a);
}

static void one_time(uint64_t ns)
{
	time_t second = ns / 1000000000;
	char expected[64], text[32];
	struct tm tm;

	gmtime_r(&second, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(expected, sizeof(expected), "%s.%09dZ", text, (int)(ns % 1000000000));
	is(put_iso(fresh(), ns), ISO_LEN, expected);
	localtime_r(&second, &tm);
	strftime(expected, sizeof(expected), "%H:%M:%S", &tm);
	is(put_clock(fresh(), ns), 8, expected);
	snprintf(expected, sizeof(expected), "%" PRIu64 ".%09d", ns / 1000000000,
		 (int)(ns % 1000000000));
	is(put_seconds(fresh(), ns, 9), 21, expected);
	expected[strlen(expected) - 3] = 0;
	is(put_seconds(fresh(), ns, 6), 21, expected);
}

static void times(void **state)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "Asia/Kathmandu",
					     "<-03:30>3:30" };
	struct timespec mono, wall;

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		one_time(0);
		one_time(1);
		one_time(UINT64_MAX);
		one_time(951782399999999999); /* before, in and behind a leap day */
		one_time(951782400000000000);
		one_time(951868800000000000);
		/* the clock is put forward, and back */
		for (uint64_t s = 1774746000 - 3; s < 1774746000 + 3; s++)
			one_time(s * 1000000000 + 7);
		for (uint64_t s = 1792890000 - 3; s < 1792890000 + 3; s++)
			one_time(s * 1000000000 + 999999999);
		for (int k = 0; k < 50000; k++)
			one_time(chance());
		/* the same second again and again, and then the next */
		for (int k = 0; k < 1000; k++)
			one_time(1763841662123456789 + k * 10000000ULL);
	}
	clock_sync();
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	assert_in_range(clock_wall(mono.tv_sec * 1000000000ULL + mono.tv_nsec) + 500000000 -
				(wall.tv_sec * 1000000000ULL + wall.tv_nsec),
			0, 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(digits), cmocka_unit_test(bytes),
		cmocka_unit_test(ip4),	   cmocka_unit_test(ip6),    cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
