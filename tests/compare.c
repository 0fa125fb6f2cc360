/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compare - did soconnect print exactly the rows that traffic expects?
 *
 *	compare EXPECTED.ndjson ACTUAL.ndjson [PID|pids|missed]
 *
 *	gcc -std=gnu11 -Wall -Wextra -O2 compare.c -o compare -ljansson
 *
 * EXPECTED is what tests/traffic wrote, ACTUAL what `soconnect -j` wrote. Every expected row
 *must have an actual one ("type":"event") to itself that agrees in all keys of the expected
 *row, and no actual row may be left over. lat_ns is expected as [min, max]; "case" is only for
 *messages. With PID only the rows of that process count, with "pids" only those of the
 *processes that EXPECTED has; without, every row counts. With "missed" rows may be missing, or
 *be there without a part, if the output reports as many misses; how many is told in the last
 *line. The rows are paired so that as many as possible agree (a maximum matching), so their
 *order doesn't matter.
 *
 * ACTUAL must be a whole output as well: "meta" first, "end" last, the count of its events
 *right, none lost. Exit code: 0 all is as it should be, 1 it isn't, 2 usage or a file that
 *can't be read.
 */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES 40 /* at most so many rows are shown, of each sort */
#define NONE SIZE_MAX

struct rows {
	const char *path;
	size_t n, room;
	json_t **v;
};

static bool good = true;
/* by programs, as the end record has it, without what a twin saw; or begun, and no end was seen */
static json_int_t missed;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "compare: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

/* Something is wrong with ACTUAL as a whole. */
__attribute__((format(printf, 1, 2))) static void bad(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("bad output: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	good = false;
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		die("out of memory");
	return p;
}

static void append(struct rows *r, json_t *row)
{
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		r->v = realloc(r->v, r->room * sizeof(*r->v));
		if (!r->v)
			die("out of memory");
	}
	r->v[r->n++] = row;
}

/* A line that isn't an object stays in the list as null. */
static struct rows load(const char *path)
{
	struct rows rows = { .path = path };
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (!f)
		die("%s: %s", path, strerror(errno));
	while ((len = getline(&line, &room, f)) > 0) {
		json_error_t err;
		json_t *row;

		if (line[len - 1] != '\n')
			bad("%s:%zu: the line isn't complete", path, rows.n + 1);
		row = json_loadb(line, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &err);
		if (!row)
			bad("%s:%zu: %s", path, rows.n + 1, err.text);
		else if (!json_is_object(row))
			bad("%s:%zu: not an object", path, rows.n + 1);
		append(&rows, json_is_object(row) ? row : json_null());
	}
	if (ferror(f))
		die("%s: %s", path, strerror(errno));
	free(line);
	fclose(f);
	return rows;
}

static bool has_type(const json_t *row, const char *type)
{
	const char *s = json_string_value(json_object_get(row, "type"));

	return s && !strcmp(s, type);
}

static void must_be(const json_t *end, const char *key, json_int_t want)
{
	const json_t *v = json_object_get(end, key);

	if (!json_is_integer(v))
		bad("end.%s isn't a number", key);
	else if (json_integer_value(v) != want)
		bad("end.%s is %lld, not %lld", key, (long long)json_integer_value(v),
		    (long long)want);
}

/* Not an error here: what the recursion counters of the kernel say. */
static void tell_missed(const json_t *end)
{
	json_t *covered = json_object_get(end, "covered"), *n, *twin;
	json_int_t stale = json_integer_value(json_object_get(end, "stale"));
	const char *program;
	size_t i;

	if (stale)
		printf("note: %lld whose end was not seen\n", (long long)stale);
	missed += stale;
	json_object_foreach(json_object_get(end, "missed"), program, n)
	{
		if (!json_integer_value(n))
			continue;
		printf("note: %s missed %lld\n", program, (long long)json_integer_value(n));
		missed += json_integer_value(n);
		json_array_foreach(covered, i, twin)
		{
			if (!strcmp(json_string_value(twin), program))
				missed -= json_integer_value(n);
		}
	}
}

/* Check the frame of the output, and take the events out of it. */
static struct rows events_of(const struct rows *all)
{
	struct rows events = { .path = all->path };

	if (!all->n || !has_type(all->v[0], "meta"))
		bad("line 1 isn't the meta line");
	for (size_t i = 0; i < all->n; i++) {
		if (has_type(all->v[i], "event"))
			append(&events, all->v[i]);
		else if ((i || !has_type(all->v[i], "meta")) &&
			 (i + 1 < all->n || !has_type(all->v[i], "end")))
			bad("line %zu isn't an event", i + 1);
	}
	if (!all->n || !has_type(all->v[all->n - 1], "end")) {
		bad("the last line isn't the end line");
	} else {
		must_be(all->v[all->n - 1], "events", events.n);
		must_be(all->v[all->n - 1], "lost", 0);
		must_be(all->v[all->n - 1], "map_full", 0);
		tell_missed(all->v[all->n - 1]);
	}
	return events;
}

static json_int_t pid_of(const json_t *row)
{
	return json_integer_value(json_object_get(row, "pid"));
}

/* Numbers in which most pairs differ already: looking into JSON is slow. */
struct brief {
	json_int_t pid, lport, rport;
};

static struct brief brief_of(const json_t *row)
{
	return (struct brief){
		pid_of(row),
		json_integer_value(json_object_get(row, "lport")),
		json_integer_value(json_object_get(row, "rport")),
	};
}

/* 0: nothing definite is expected. */
static bool may_agree(const struct brief *want, const struct brief *got)
{
	return (!want->pid || want->pid == got->pid) &&
	       (!want->lport || want->lport == got->lport) &&
	       (!want->rport || want->rport == got->rport);
}

static bool has_pid(const struct rows *rows, json_int_t pid)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (pid_of(rows->v[i]) == pid)
			return true;
	}
	return false;
}

/* Keep the rows of one process, or (of not NULL) of all those that `of` has. */
static void keep(struct rows *rows, json_int_t pid, const struct rows *of)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		if (of ? has_pid(of, pid_of(rows->v[i])) : pid_of(rows->v[i]) == pid)
			rows->v[n++] = rows->v[i];
	}
	rows->n = n;
}

static bool agrees(const char *key, const json_t *want, const json_t *got)
{
	json_int_t ns;

	if (strcmp(key, "lat_ns"))
		return json_equal(want, got);
	ns = json_integer_value(got);
	return json_is_integer(got) && ns >= json_integer_value(json_array_get(want, 0)) &&
	       ns <= json_integer_value(json_array_get(want, 1));
}

/* In how many keys do they differ? Counts no further than `enough`. */
static size_t differences(json_t *expected, const json_t *actual, size_t enough)
{
	const char *key;
	size_t n = 0;
	json_t *want;

	json_object_foreach(expected, key, want)
	{
		if (strcmp(key, "case") && !agrees(key, want, json_object_get(actual, key)) &&
		    ++n >= enough)
			break;
	}
	return n;
}

struct matching {
	size_t nexpected, nactual;
	bool *fits;    /* [expected][actual] */
	bool *seen;    /* [actual], in one search */
	size_t *taken; /* [actual]: the expected row that has it, or NONE */
};

/* Find a row for e; those that have theirs already may have to take another (Kuhn's way). */
static bool find_row(struct matching *m, size_t e)
{
	for (int want_free = 1; want_free >= 0; want_free--) {
		for (size_t a = 0; a < m->nactual; a++) {
			if (!m->fits[e * m->nactual + a] || m->seen[a] ||
			    (want_free && m->taken[a] != NONE))
				continue;
			m->seen[a] = true;
			if (m->taken[a] == NONE || find_row(m, m->taken[a])) {
				m->taken[a] = e;
				return true;
			}
		}
	}
	return false;
}

/* Says for each expected row whether it has a partner; m->taken says whose each actual row is.
 */
static bool *match(struct matching *m, const struct rows *expected, const struct rows *actual)
{
	bool *matched = zeroed(expected->n, sizeof(*matched));
	struct brief *briefs = zeroed(actual->n, sizeof(*briefs));

	m->nexpected = expected->n;
	m->nactual = actual->n;
	m->fits = zeroed(expected->n * actual->n, sizeof(*m->fits));
	m->seen = zeroed(actual->n, sizeof(*m->seen));
	m->taken = zeroed(actual->n, sizeof(*m->taken));
	for (size_t a = 0; a < actual->n; a++)
		m->taken[a] = NONE;
	for (size_t a = 0; a < actual->n; a++)
		briefs[a] = brief_of(actual->v[a]);
	for (size_t e = 0; e < expected->n; e++) {
		struct brief brief = brief_of(expected->v[e]);

		for (size_t a = 0; a < actual->n; a++)
			m->fits[e * actual->n + a] =
				may_agree(&brief, &briefs[a]) &&
				!differences(expected->v[e], actual->v[a], 1);
	}
	free(briefs);
	for (size_t e = 0; e < expected->n; e++) {
		memset(m->seen, 0, actual->n * sizeof(*m->seen));
		matched[e] = find_row(m, e);
	}
	return matched;
}

static char *shown(const json_t *v)
{
	char *s = v ? json_dumps(v, JSON_ENCODE_ANY) : strdup("not there");

	if (!s)
		die("out of memory");
	return s;
}

static void show_difference(json_t *expected, const json_t *actual)
{
	const char *key;
	json_t *want;

	json_object_foreach(expected, key, want)
	{
		const json_t *got = json_object_get(actual, key);
		char *w, *g;

		if (!strcmp(key, "case") || agrees(key, want, got))
			continue;
		w = shown(want);
		g = shown(got);
		printf("    %s: expected %s, got %s\n", key, w, g);
		free(w);
		free(g);
	}
}

static void show_missing(json_t *expected, const struct rows *actual, const struct matching *m)
{
	size_t best = NONE, least = SIZE_MAX;
	char *s = shown(expected);

	printf("missing %s: %s\n", json_string_value(json_object_get(expected, "case")), s);
	free(s);
	for (size_t a = 0; a < actual->n; a++) {
		size_t n;

		if (m->taken[a] != NONE)
			continue;
		n = differences(expected, actual->v[a], least);
		if (n < least) {
			least = n;
			best = a;
		}
	}
	if (best == NONE) {
		printf("  no row is left that could be it\n");
		return;
	}
	s = shown(actual->v[best]);
	printf("  nearest: %s\n", s);
	free(s);
	show_difference(expected, actual->v[best]);
}

int main(int argc, char **argv)
{
	size_t nmatched = 0, nmissing = 0, nextra = 0;
	struct rows expected, all, actual;
	struct matching m = { 0 };
	bool *matched, may_miss = false;

	if (argc < 3 || argc > 4)
		die("usage: compare EXPECTED.ndjson ACTUAL.ndjson [PID|pids|missed]");
	expected = load(argv[1]);
	all = load(argv[2]);
	actual = events_of(&all);
	if (argc == 4 && !strcmp(argv[3], "pids")) {
		keep(&actual, 0, &expected);
	} else if (argc == 4 && !strcmp(argv[3], "missed")) {
		may_miss = true;
	} else if (argc == 4) {
		char *end;
		json_int_t pid = strtoll(argv[3], &end, 10);

		if (*end || pid <= 0)
			die("%s: neither a PID nor \"pids\"", argv[3]);
		keep(&expected, pid, NULL);
		keep(&actual, pid, NULL);
	}

	matched = match(&m, &expected, &actual);
	for (size_t e = 0; e < expected.n; e++) {
		nmatched += matched[e];
		if (!matched[e] && ++nmissing <= MESSAGES)
			show_missing(expected.v[e], &actual, &m);
	}
	for (size_t a = 0; a < actual.n; a++) {
		if (m.taken[a] == NONE && ++nextra <= MESSAGES) {
			char *s = shown(actual.v[a]);

			printf("extra: %s\n", s);
			free(s);
		}
	}
	printf("%zu expected, %zu matched, %zu missing, %zu extra\n", expected.n, nmatched,
	       nmissing, nextra);
	if (may_miss && missed && nextra <= nmissing && nmissing <= (size_t)missed) {
		printf("%zu of %zu missed\n", nmissing, expected.n);
		return !good;
	}
	return !good || nmissing || nextra;
}
