/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plan.h - which route serves a point. Every program is part of a route; its name says which:
 * POINT[_PART]__ROUTE[N], as in connect_ret__tracepoint. A route needs each of its parts; N numbers
 * the variants of a part (an older kernel's arguments), of which the first that attaches serves.
 * A route's programs may be of several types: it is named after what makes it different.
 */
#ifndef PLAN_H
#define PLAN_H

#include "host.h"
#include "tool.h"

enum backend { BACKEND_FENTRY, BACKEND_KPROBE, BACKEND_TRACEPOINT, BACKENDS };

/* From cheap to dear. */
enum route { RAW, FENTRY, LSM, CLASSIC, SYSCALL, KPROBE, TRACEPOINT, ROUTES };

/* Why a program is out. */
enum struck { LEFT, UNASKED, NOT_PERMITTED, NOT_LOADED, NOT_ATTACHED, UNPROVEN, SILENT, TWICE };

/* One program of the object. */
struct candidate {
	char *name, *section;
	const struct point *point;
	size_t part; /* length of "POINT[_PART]", the part's name */
	enum route route;
	char *blind; /* BLIND() of ray.bpf.h: what it doesn't see, a line each */
	int args;    /* ARGS() of ray.bpf.h: how many its raw tracepoint has; 0: any number */
	enum struck struck;
};

struct plan {
	const struct kernel *kernel;
	struct candidate *list;
	size_t n;
};

extern const char *const backend_words[]; /* by enum backend, up to NULL */
const char *route_name(enum route r);
const char *struck_words(enum struck s);

/* Add a program; false: its name isn't of this grammar, or names no point of the tool. */
bool plan_add(struct plan *plan, const struct point *points, const char *name,
	      const char *section);
void plan_free(struct plan *plan);

bool same_part(const struct candidate *a, const struct candidate *b);
/* Are this program and all other variants of its part out? */
bool part_struck(const struct plan *plan, const struct candidate *c);
/* Is there a program left for each part of this route? */
bool route_left(const struct plan *plan, const struct point *point, enum route r);
/* Does a program with this section skip events on that kernel? */
bool hook_loses(const char *section, const struct kernel *kernel);
/*
 * What a route loses: 1 for each of its programs that loses events but none that went well (its
 * part's name ends in "failed"), LOSES_ANY for each other.
 */
#define LOSES_ANY 100U
unsigned route_loses(const struct plan *plan, const struct point *point, enum route r);
/* Do its programs see 32-bit callers as they see others? */
bool route_sees_compat(enum route r);
/* The best route left for a point, or ROUTES: what loses least first, then what is cheap. */
enum route plan_choose(const struct plan *plan, unsigned backends, const struct point *point);

#endif
