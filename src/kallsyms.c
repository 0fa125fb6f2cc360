// SPDX-License-Identifier: GPL-2.0
/*
 * kallsyms.c - see kallsyms.h. /proc/kallsyms is read once, when the first name is asked for;
 * who may see addresses is decided when it is opened.
 */
#include "kallsyms.h"

#include <stdbool.h>
#include <stdlib.h>

#include "util.h"

#define MOST_BYTES (1024 * 1024) /* of a function */

static struct ksym *list;
static size_t n;
static bool loaded;
static FILE *file;

static int by_addr(const void *a, const void *b)
{
	const struct ksym *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return !y->name - !x->name; /* data first */
}

void kallsyms_open(void)
{
	file = open_text("/proc/kallsyms");
}

static void forget(void)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)list[i].name);
		free((char *)list[i].module);
	}
	free(list);
	list = NULL;
	n = 0;
	loaded = false;
}

void kallsyms_read(FILE *f)
{
	char *line = NULL;
	size_t room = 0, max = 0;

	forget();
	loaded = true;
	/* ffffffff81000000 T _text, or with a tab and [module] behind it */
	while (read_line(f, &line, &room)) {
		char *p, *name, *module = NULL;
		bool code;
		uint64_t addr = strtoull(line, &p, 16);

		if (!addr || p[0] != ' ' || !p[1] || p[2] != ' ')
			continue;
		code = strchr("tTwW", p[1]);
		name = p + 3;
		name[strcspn(name, "\n")] = 0;
		p = strchr(name, '\t');
		if (p) {
			*p++ = 0;
			module = *p == '[' ? p + 1 : p;
			module[strcspn(module, "]")] = 0;
		}
		if (n == max) {
			max = max ? 2 * max : 65536;
			list = xrealloc(list, max * sizeof(*list));
		}
		/* where data begins, a function ends */
		list[n++] = (struct ksym){ addr, code ? xstrdup(name) : NULL,
					   code && module ? xstrdup(module) : NULL };
	}
	free(line);
	if (n)
		qsort(list, n, sizeof(*list), by_addr);
}

static void load(void)
{
	loaded = true;
	if (!file)
		return;
	kallsyms_read(file);
	fclose(file);
	file = NULL;
}

const struct ksym *kallsyms_find(uint64_t addr)
{
	size_t lo = 0, hi;

	if (!loaded)
		load();
	for (hi = n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (list[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && list[lo - 1].name && addr - list[lo - 1].addr < MOST_BYTES ? &list[lo - 1]
										: NULL;
}

void kallsyms_free(void)
{
	forget();
	if (file)
		fclose(file);
	file = NULL;
}
