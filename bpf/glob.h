/* SPDX-License-Identifier: GPL-2.0 */
/*
 * glob.h - does a process name match a pattern with * and ? Both halves compile this: the kernel
 * to filter, user space to test it. The pattern is a set of places; a name walks through it a
 * byte at a time, at all places at once, so there is nothing to go back to and the verifier has
 * few branches to follow.
 */
#ifndef GLOB_H
#define GLOB_H

#include "row.h"

static inline __attribute__((always_inline)) int glob_matches(const volatile struct glob *g,
							      const char *name)
{
	__u16 at = 1;

	at |= (at & g->star) << 1;
	for (int i = 0; i < COMM_LEN; i++) {
		__u8 c = name[i];

		if (!c)
			break;
		at = (at & g->at[c]) << 1 | (at & g->star);
		at |= (at & g->star) << 1;
	}
	return (at & g->end) != 0;
}

#endif
