/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live.h - the running kernel half: attached programs, the rows they send, their account.
 *
 * After live_start() nothing here calls bpf(2) on a map: while a map call runs on a CPU,
 * kprobe and tracepoint programs that fire there in an interrupt are skipped. Rows come
 * through the ring buffer, counters through mmapped arrays.
 */
#ifndef LIVE_H
#define LIVE_H

#include <signal.h>

#include "plan.h"
#include "run.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;
struct ring_buffer;

struct program {
	const char *name;
	const struct point *point;
	bool perf;	  /* attached by perf: classic tracepoints, kprobes */
	char *hook;	  /* "tracepoint:syscalls:sys_enter_connect" */
	struct bpf_program *prog;
	struct bpf_link *link;
	int fdinfo; /* the kernel's text on it, which can be read without any right */
	long long
		missed; /* recursion_misses since the gate opened; -1: the kernel can't tell */
	long long before; /* ... and before that */
	long long told;	  /* of those, how many were warned of */
	bool covered;	  /* ... but its twin saw what it missed */
	uint64_t runs, run_ns; /* since the gate opened, with --stats ... */
	uint64_t runs_before, run_ns_before; /* ... and before that */
};

struct live_point {
	const struct point *point;
	bool wanted;
	bool needless; /* others see what this would */
	enum route route; /* chosen */
	char *hooks; /* the routes in use; NULL: not attached */
	const char *untested; /* why nobody knows that they fire; NULL: they do */
};

struct live {
	const struct run *run;
	struct bpf_object *obj;
	struct program *programs; /* the attached ones */
	size_t nprograms;
	struct live_point *points;
	size_t npoints;
	struct ring_buffer *ring;
	uint32_t compat_ops; /* conf's */
	bool all_points; /* also those that this host has no use for */
	int refusal; /* the last error of the kernel's, for the message */
	int epoll;   /* on the ring */
	bool twins_cover; /* raw tracepoints are not preemptible here */
	bool perf_misses; /* the kernel counts misses of perf-attached programs */
	struct ctl *ctl;
	struct tally *tally; /* one per possible CPU */
	size_t tally_len;
	uint32_t ops;	       /* 1 << OP_*: seen, of those that POINT_IF_OP tells */
	struct counts *counts; /* keyed tables: by slot; fixed ones: by call and CPU */
	size_t counts_len;
	int cpus;
};

/* Choose routes, load and attach: backend.c. 0, or an exit code after a message. */
int backend_start(struct live *live);
/* The tool's programs, as a plan; 0 or -errno, after a message. */
int backend_plan(const struct tool *tool, struct plan *plan);

struct trial {
	enum struck struck; /* LEFT: the route serves */
	char *hooks;	    /* what is attached then */
	struct buf blind;   /* and what those programs don't see, a line each, not once only */
	const char *untested; /* it serves, but nobody knows that it fires */
};

/* Try this route, alone. 0; or -errno when nothing could be tried, after a message. */
int backend_try(struct run *run, struct plan *plan, const struct point *point, enum route r,
		struct trial *trial);
/* Detach and forget all that; the points stay. */
void backend_stop(struct live *live);
/* Is what this point is about not seen? */
bool live_blind(const struct live_point *p);

/* row() gets each row, or new key; not 0 ends the consuming. */
int live_start(struct live *live, const struct run *run, int (*row)(void *arg, const void *row),
	       void *arg);
/* From now on events count, or no more; what has begun still ends. */
void live_open(struct live *live, bool open);
/* Wait for rows, for NS (UINT64_MAX: for ever) or a signal that the mask lets through. */
void live_wait(const struct live *live, uint64_t ns, const sigset_t *during);
/* Hand over what is in the ring buffer; returns how many bytes that was. */
size_t live_consume(struct live *live);
/* Nothing came for a while: may the caller wait for ever? */
bool live_idle(struct live *live);
void live_totals(const struct live *live, struct totals *t);
/* How often it has run, while the kernel kept statistics; -1: unknown. */
long long live_runs(const struct program *p);
/*
 * Read every program's misses: how many there are that no twin covers. UNKNOWN: are there programs
 * whose misses the kernel doesn't count?
 */
long long live_misses(struct live *live, bool *unknown);
/* No more events; what was sent is still to be consumed. */
void live_detach(struct live *live);
void live_stop(struct live *live);

#endif
