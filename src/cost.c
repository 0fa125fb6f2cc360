/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cost.c - see cost.h. The kernel's statistics tell how long each program ran, from getrusage
 * comes what this process took. What the statistics cost is measured with a program that does
 * nothing.
 */
#include "cost.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/filter.h>

#define CHUNKS 20
#define RUNS 200

static int load_empty(void)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "GPL", nothing, 2, NULL);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Nanoseconds that it takes to have it run once. */
static double time_run(int program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	uint64_t least = UINT64_MAX;

	for (int chunk = 0; chunk < CHUNKS; chunk++) {
		uint64_t ns = cpu_ns();

		for (int i = 0; i < RUNS; i++)
			bpf_prog_test_run_opts(program, &opts);
		ns = cpu_ns() - ns;
		least = ns < least ? ns : least;
	}
	return (double)least / RUNS;
}

void cost_begin(struct cost *c)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int empty = load_empty();
	double without = empty < 0 ? 0 : time_run(empty);

	c->fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (c->fd < 0)
		warn("--stats: the kernel keeps no statistics for us: %s", strerror(errno));
	if (empty < 0)
		return;
	if (c->fd >= 0) {
		c->added_ns = time_run(empty) - without;
		if (!bpf_obj_get_info_by_fd(empty, &info, &len) && info.run_cnt)
			c->empty_ns = (double)info.run_time_ns / info.run_cnt;
	}
	close(empty);
}

void cost_started(struct cost *c)
{
	getrusage(RUSAGE_SELF, &c->start);
}

static double ms(const struct timeval *t)
{
	return t->tv_sec * 1e3 + t->tv_usec / 1e3;
}

/* Not by getrusage: there a process begins with the memory of the one that started it. */
static long peak_kib(void)
{
	FILE *f = open_text("/proc/self/status");
	char line[128];
	long kib = 0;

	while (f && !kib && fgets(line, sizeof(line), f))
		sscanf(line, "VmHWM: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

static void print_kernel(const struct cost *c, const struct live *live, uint64_t wall_ns,
			 uint64_t events)
{
	const char *name = live->run->tool->name;
	unsigned long long runs = 0, ns = 0;

	for (size_t i = 0; i < live->nprograms; i++) {
		runs += live->programs[i].runs;
		ns += live->programs[i].run_ns;
	}
	fprintf(stderr,
		"%s: cost: in the kernel %.3f %% of a CPU, %llu ns an event: %llu runs\n", name,
		100.0 * ns / wall_ns, events ? ns / events : 0, runs);
	for (size_t i = 0; i < live->nprograms; i++) {
		const struct program *p = &live->programs[i];

		if (p->runs)
			fprintf(stderr, "%s: cost:   %s ran %llu times, %llu ns each\n", name,
				p->name, (unsigned long long)p->runs,
				(unsigned long long)(p->run_ns / p->runs));
	}
	if (c->empty_ns > 0)
		fprintf(stderr,
			"%s: cost: by these statistics a program that does nothing takes %.0f "
			"ns; they make each run %.0f ns longer\n",
			name, c->empty_ns, c->added_ns > 0 ? c->added_ns : 0);
}

void cost_print(const struct cost *c, const struct live *live, uint64_t wall_ns,
		uint64_t events, uint64_t rows, uint64_t bytes)
{
	const char *name = live->run->tool->name;
	double start_ms = ms(&c->start.ru_utime) + ms(&c->start.ru_stime), user_ms, sys_ms;
	struct rusage now;

	getrusage(RUSAGE_SELF, &now);
	user_ms = ms(&now.ru_utime) - ms(&c->start.ru_utime);
	sys_ms = ms(&now.ru_stime) - ms(&c->start.ru_stime);
	fprintf(stderr,
		"%s: cost: %llu events in %.3f s; %llu rows, %llu bytes; %ld KiB at most\n",
		name, (unsigned long long)events, wall_ns / 1e9, (unsigned long long)rows,
		(unsigned long long)bytes, peak_kib());
	fprintf(stderr,
		"%s: cost: this process %.3f %% of a CPU, %.0f ns an event: user %.1f ms, "
		"system %.1f ms; before that to start %.1f ms\n",
		name, (user_ms + sys_ms) * 1e8 / wall_ns,
		events ? (user_ms + sys_ms) * 1e6 / events : 0, user_ms, sys_ms, start_ms);
	if (c->fd >= 0)
		print_kernel(c, live, wall_ns, events);
}

void cost_end(struct cost *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
