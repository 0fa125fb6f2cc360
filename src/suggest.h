/* SPDX-License-Identifier: GPL-2.0 */
/*
 * suggest.h - for a word that nobody knows, the one that was probably meant.
 */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *typed;
	size_t len;
	unsigned distance; /* of the best so far */
	char best[40];
	char said[80];
};

/* LEN bytes of TYPED are the unknown word. */
void suggest_for(struct suggestion *s, const char *typed, size_t len);

/* WORD is one that is known; who means it is told INSTEAD. */
void suggest_alias(struct suggestion *s, const char *word, const char *instead);

static inline void suggest_word(struct suggestion *s, const char *word)
{
	suggest_alias(s, word, word);
}

/* The end of a sentence: "; did you mean BEFORE WORD?", or "" if nothing is near enough. */
const char *suggest_end(struct suggestion *s, const char *before);

#endif
