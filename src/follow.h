/* SPDX-License-Identifier: GPL-2.0 */
/*
 * follow.h - the processes that --follow and -- COMMAND begin with.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Put ROOTS, and if wanted all their descendants of now, into the map `followed`. Called before and after
 * the fork tracepoint is attached, so that no child is missed in between.
 */
int follow_start(int map, const unsigned *roots, size_t n, bool descendants);
/* The parent's pid, from a text of /proc/PID/stat, whose name may hold blanks and brackets; 0: none. */
unsigned follow_parent(const char *stat);

#endif
