/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plan.c - see plan.h.
 */
#include "plan.h"

#include <ctype.h>
#include <stdlib.h>

#include "util.h"

const char *const backend_words[] = { "fentry", "kprobe", "tracepoint", NULL };

#define ALL ((1U << BACKENDS) - 1)

/*
 * Tracepoints of the kernel's inside make nobody pay who isn't at that place: they serve under
 * every --backend. Those of system calls slow down every call of the host.
 */
static const struct {
	const char *suffix;
	unsigned backends; /* 1 << BACKEND_*: of which it is a part */
} routes[ROUTES] = {
	[FENTRY] = { "fentry", 1 << BACKEND_FENTRY },
	[RAW] = { "raw", ALL }, /* raw tracepoints */
	/* where the kernel asks its security modules; fexit for what failed before that */
	[LSM] = { "lsm", 1 << BACKEND_FENTRY },
	[KPROBE] = { "kprobe", 1 << BACKEND_KPROBE },
	[CLASSIC] = { "classic", ALL }, /* tracepoints by perf */
	/* of system calls: what they return, which no kprobe tells without losses */
	[SYSCALL] = { "syscall", 1 << BACKEND_KPROBE | 1 << BACKEND_TRACEPOINT },
	[TRACEPOINT] = { "tracepoint", 1 << BACKEND_TRACEPOINT },
};

/*
 * A program is skipped on a CPU where it already runs. That becomes a loss where tasks can be
 * preempted inside it: then whoever runs there meanwhile is not seen. Measured on 5.10 to 7.3,
 * with every CPU busy (lazy: 6.18 missed 3 to 30 % of all connects by fentry, with programs as
 * long as ours); by the beginning of a program's section, the first that fits.
 */
#define ALWAYS 0
#define NEVER (~0U)

static const struct {
	const char *section;
	unsigned from; /* the first kernel that preempts such programs whatever its mode */
	bool preempt;  /* others do with preempt=full and lazy */
} losses[] = {
	{ "fentry/", KERNEL(7, 0), true },
	{ "fexit/", KERNEL(7, 0), true },
	{ "lsm/", NEVER, false },
	{ "kprobe/", NEVER, false },
	{ "kretprobe/", ALWAYS, true }, /* a few at a time; the others' returns are lost */
	{ "raw_tp/sys_", KERNEL(7, 2), false },
	{ "raw_tp/", KERNEL(7, 0), false },
	{ "tp/syscalls/", KERNEL(7, 2), false },
	{ "tp/", NEVER, false },
	{ "", ALWAYS, true },
};

const char *struck_words(enum struck s)
{
	static const char *const words[] = {
		[LEFT] = "serves",
		[UNASKED] = "not asked for",
		[NOT_PERMITTED] = "not permitted",
		[NOT_LOADED] = "does not load",
		[NOT_ATTACHED] = "does not attach",
		[UNPROVEN] = "not known to fire",
		[SILENT] = "does not fire",
		[TWICE] = "fires a second time for other events",
	};

	return words[s];
}

const char *route_name(enum route r)
{
	return routes[r].suffix;
}

/* Read a program's name. */
static bool parse_name(const struct point *points, struct candidate *c)
{
	const char *mark = strstr(c->name, "__");
	size_t len, point = strcspn(c->name, "_");

	if (!mark)
		return false;
	c->part = mark - c->name;
	for (int r = 0; r < ROUTES; r++) {
		len = strlen(routes[r].suffix);
		if (strncmp(mark + 2, routes[r].suffix, len))
			continue;
		for (const char *p = mark + 2 + len; *p; p++)
			if (!isdigit((unsigned char)*p))
				return false;
		c->route = r;
		for (const struct point *p = points; p->name; p++) {
			if (strlen(p->name) == point && !memcmp(p->name, c->name, point)) {
				c->point = p;
				return true;
			}
		}
	}
	return false;
}

bool plan_add(struct plan *plan, const struct point *points, const char *name,
	      const char *section)
{
	struct candidate c = { .name = xstrdup(name), .section = xstrdup(section) };

	plan->list = xrealloc(plan->list, (plan->n + 1) * sizeof(c));
	if (!parse_name(points, &c)) {
		free(c.name);
		free(c.section);
		return false;
	}
	plan->list[plan->n++] = c;
	return true;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->list[i].name);
		free(plan->list[i].section);
		free(plan->list[i].blind);
	}
	free(plan->list);
}

bool same_part(const struct candidate *a, const struct candidate *b)
{
	return a->route == b->route && a->part == b->part && !memcmp(a->name, b->name, a->part);
}

bool part_struck(const struct plan *plan, const struct candidate *c)
{
	for (size_t i = 0; i < plan->n; i++)
		if (same_part(c, &plan->list[i]) && !plan->list[i].struck)
			return false;
	return true;
}

bool route_left(const struct plan *plan, const struct point *point, enum route r)
{
	bool any = false;

	for (size_t i = 0; i < plan->n; i++) {
		const struct candidate *c = &plan->list[i];

		if (c->point != point || c->route != r)
			continue;
		if (part_struck(plan, c))
			return false;
		any = true;
	}
	return any;
}

bool hook_loses(const char *section, const struct kernel *kernel)
{
	size_t i = 0;

	while (strncmp(section, losses[i].section, strlen(losses[i].section)))
		i++;
	if (kernel->version >= losses[i].from)
		return true;
	/* what can't be known is taken for the worst */
	return losses[i].preempt &&
	       kernel->preempt != PREEMPT_NONE && kernel->preempt != PREEMPT_VOLUNTARY;
}

bool route_sees_compat(enum route r)
{
	return r == FENTRY || r == LSM;
}

static bool part_ends(const struct candidate *c, const char *end)
{
	size_t len = strlen(end);

	return c->part > len && !memcmp(c->name + c->part - len, end, len);
}

/* Of the variants of a part the first that is left serves. */
static bool serves(const struct plan *plan, size_t i)
{
	if (plan->list[i].struck)
		return false;
	for (size_t j = 0; j < i; j++)
		if (same_part(&plan->list[i], &plan->list[j]) && !plan->list[j].struck)
			return false;
	return true;
}

unsigned route_loses(const struct plan *plan, const struct point *point, enum route r)
{
	unsigned loses = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct candidate *c = &plan->list[i];

		if (c->point != point || c->route != r || !serves(plan, i) ||
		    !hook_loses(c->section, plan->kernel))
			continue;
		if (part_ends(c, "_twin"))
			continue; /* it makes up for another's losses; its own add none */
		loses += part_ends(c, "failed") ? 1 : LOSES_ANY;
	}
	return loses;
}

enum route plan_choose(const struct plan *plan, unsigned backends, const struct point *point)
{
	enum route best = ROUTES;
	unsigned least = 0;

	for (int r = 0; r < ROUTES; r++) {
		unsigned losing;

		if (!(backends & routes[r].backends) || !route_left(plan, point, r))
			continue;
		losing = route_loses(plan, point, r);
		if (best == ROUTES || losing < least) {
			best = r;
			least = losing;
		}
	}
	return best;
}
