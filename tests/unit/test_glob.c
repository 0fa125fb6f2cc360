/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_glob.c - patterns of process names: parse_glob() and glob_matches() against fnmatch(3).
 */
#include "../../src/parse.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../bpf/glob.h"

static int matches(const char *pattern, const char *name)
{
	char comm[COMM_LEN] = {}, text[COMM_LEN] = {};
	struct glob glob;

	memcpy(comm, pattern, strnlen(pattern, COMM_LEN));
	memcpy(text, name, strnlen(name, COMM_LEN - 1));
	parse_glob(comm, &glob);
	return glob_matches(&glob, text);
}

static void known(void **state)
{
	(void)state;
	assert_true(matches("nginx", "nginx"));
	assert_false(matches("nginx", "nginx2"));
	assert_false(matches("nginx2", "nginx"));
	assert_true(matches("*", ""));
	assert_true(matches("**", "x"));
	assert_true(matches("*fox*", "firefox-bin"));
	assert_false(matches("?", ""));
	assert_true(matches("?????", "abcde"));
	assert_false(matches("????", "abcde"));
	/* 15 bytes are all that a name can have */
	assert_true(matches("abcdefghijklmno", "abcdefghijklmno"));
	assert_true(matches("*abcdefghijklmn", "abcdefghijklmn"));
	assert_true(matches("abcdefghijklmn*", "abcdefghijklmno"));
	assert_true(matches("\xff*", "\xff\x01"));
}

/* Short strings of few letters meet every corner soon. */
static void random_ones(void **state)
{
	static const char pattern_letters[] = "ab*?", name_letters[] = "abc";
	int hits = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 300000; i++) {
		char pattern[COMM_LEN] = {}, name[COMM_LEN] = {};
		int expected;

		for (int n = rand() % COMM_LEN, k = 0; k < n; k++)
			pattern[k] = pattern_letters[rand() % 4];
		for (int n = rand() % COMM_LEN, k = 0; k < n; k++)
			name[k] = name_letters[rand() % 3];
		expected = fnmatch(pattern, name, FNM_NOESCAPE) == 0;
		hits += expected;
		if (matches(pattern, name) != expected)
			fail_msg("\"%s\" and \"%s\": %d expected", pattern, name, expected);
	}
	assert_true(hits > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(random_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
