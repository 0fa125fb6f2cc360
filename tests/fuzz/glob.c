/* SPDX-License-Identifier: GPL-2.0 */
/*
 * glob.c - fuzzes the patterns of process names (parse_comm(), parse_glob(), glob_matches())
 * against a matcher that goes back and tries again. The input is PATTERN LF NAME.
 */
#include "fuzz.h"

#include "../../bpf/glob.h"
#include "../../src/parse.h"

static bool expected(const char *pattern, const char *name)
{
	if (*pattern == '*')
		return expected(pattern + 1, name) || (*name && expected(pattern, name + 1));
	if (!*pattern || !*name)
		return !*pattern && !*name;
	return (*pattern == '?' || *pattern == *name) && expected(pattern + 1, name + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pattern = exact(data, size), *name = strchr(pattern, '\n');
	char comm[COMM_LEN], who[COMM_LEN] = "";
	struct glob glob;
	bool special;

	if (name) {
		*name++ = 0;
		memcpy(who, name, strnlen(name, COMM_LEN - 1));
	}
	if (!parse_comm(pattern, comm, &special)) {
		must(!*heard());
		must(*pattern && strlen(pattern) < COMM_LEN && !strcmp(comm, pattern));
		must(special == (strchr(pattern, '*') || strchr(pattern, '?')));
		parse_glob(comm, &glob);
		must(!glob_matches(&glob, who) == !expected(comm, who));
		must(glob_matches(&glob, comm) || special);
	} else {
		must(!*pattern || strlen(pattern) >= COMM_LEN);
		must(lines_in(heard()) == 1);
	}
	free(pattern);
	return 0;
}
