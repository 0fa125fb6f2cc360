/* SPDX-License-Identifier: GPL-2.0 */
/*
 * suggest.c - see suggest.h. Near is what a few slips of the fingers make of a word: a letter
 * left out, put in, changed, or two that changed places; the longer the word, the more of them.
 */
#include "suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 32 };

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many slips lead from A to B; case is none. */
static unsigned slips(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned d[LONGEST + 1][LONGEST + 1];

	for (size_t i = 0; i <= na; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= nb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= na; i++)
		for (size_t j = 1; j <= nb; j++) {
			char x = small(a[i - 1]), y = small(b[j - 1]);

			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + (x != y));
			if (i > 1 && j > 1 && x == small(b[j - 2]) && small(a[i - 2]) == y)
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[na][nb];
}

void suggest_for(struct suggestion *s, const char *typed, size_t len)
{
	*s = (struct suggestion){ .typed = typed, .len = len };
	/* the most that may be; of one letter nobody can tell */
	s->distance = len > 1 && len <= LONGEST ? (len + 1) / 3 + 1 : 0;
}

void suggest_alias(struct suggestion *s, const char *word, const char *instead)
{
	size_t len = strlen(word), i = 0;
	unsigned distance;

	if (!s->distance || len > LONGEST)
		return;
	while (i < s->len && i < len && small(s->typed[i]) == small(word[i]))
		i++;
	/* its beginning is as good as one slip */
	distance = i == s->len && i < len ? 1 : slips(s->typed, s->len, word, len);
	if (distance >= s->distance)
		return;
	s->distance = distance;
	snprintf(s->best, sizeof(s->best), "%s", instead);
}

const char *suggest_end(struct suggestion *s, const char *before)
{
	if (*s->best)
		snprintf(s->said, sizeof(s->said), "; did you mean %s%s?", before, s->best);
	return s->said;
}
