/* SPDX-License-Identifier: GPL-2.0 */
/*
 * live.c - the kernel half at work: its rows, its counters, its end.
 */
#include "live.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <limits.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/epoll.h>

/* A wake-up costs the traced program 5 us: one for so many bytes is nothing. */
#define BATCH (64 * 1024)

struct consumer {
	int (*row)(void *arg, const void *row);
	void *arg;
	const struct table *table;
	size_t bytes;
};

static struct consumer consumer;

static bool size_fits(const struct table *t, const void *data, size_t size)
{
	const struct new_stack *s = data;

	if (!t->keyed)
		return size == t->row_size || size == t->short_size;
	if (size >= sizeof(*s) && s->what != NEW_KEY)
		return s->n <= STACK_DEPTH && s->m <= STACK_DEPTH &&
		       size == sizeof(*s) + s->n * (s->bare ? 1 : 2) * sizeof(__u64) +
				       s->m * sizeof(struct user_frame);
	return size == sizeof(struct new_key) + t->key_size;
}

static int on_sample(void *ctx, void *data, size_t size)
{
	struct consumer *c = ctx;

	if (!size_fits(c->table, data, size))
		return fail(-EINVAL, "%s: a row of %zu bytes came", c->table->name, size);
	c->bytes += size;
	return c->row(c->arg, data);
}

/* "run_cnt:	42", a line of a program's fdinfo; -1: there is none. */
static long long figure(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

long long live_runs(const struct program *p)
{
	char text[1024];

	pread_text(p->fdinfo, text, sizeof(text));
	return figure(text, "\nrun_cnt:");
}

static long long read_misses(struct live *live, struct program *p)
{
	char text[1024];
	long long misses;

	pread_text(p->fdinfo, text, sizeof(text));
	p->runs = figure(text, "\nrun_cnt:") - p->runs_before;
	p->run_ns = figure(text, "\nrun_time_ns:") - p->run_ns_before;
	misses = figure(text, "\nrecursion_misses:");
	/* 5.10 doesn't tell them; perf's programs count theirs only from 6.7 on */
	return misses < 0 || (p->perf && !live->perf_misses) ? -1 : misses - p->before;
}

void live_open(struct live *live, bool open)
{
	for (size_t i = 0; open && i < live->nprograms; i++) {
		long long missed = read_misses(live, &live->programs[i]);

		live->programs[i].before = missed > 0 ? missed : 0;
		live->programs[i].runs_before = live->programs[i].runs;
		live->programs[i].run_ns_before = live->programs[i].run_ns;
	}
	__atomic_store_n(&live->ctl->open, open, __ATOMIC_SEQ_CST);
}

/*
 * Edge-triggered: while rows come without a pause the ring is never empty, but only a batch is
 * to wake us.
 */
static int watch_ring(struct live *live, int ring)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	live->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (live->epoll < 0 || epoll_ctl(live->epoll, EPOLL_CTL_ADD, ring, &event))
		return fail(-errno, "can't watch the ring buffer");
	return 0;
}

void live_wait(const struct live *live, uint64_t ns, const sigset_t *during)
{
	struct epoll_event event;
	int timeout = -1;

	/* longer than an int of milliseconds: the caller looks at its clock and waits again */
	if (ns != UINT64_MAX)
		timeout = ns / 1000000 < INT_MAX ? (ns + 999999) / 1000000 : INT_MAX;
	epoll_pwait(live->epoll, &event, 1, timeout, during);
}

int live_start(struct live *live, const struct run *run, int (*row)(void *arg, const void *row),
	       void *arg)
{
	const struct table *table = run_table(run);
	int code, fd;

	memset(live, 0, sizeof(*live));
	live->run = run;
	live->cpus = libbpf_num_possible_cpus();
	if (live->cpus < 0) {
		fail(live->cpus, "can't tell the number of CPUs");
		return EXIT_ERROR;
	}
	code = backend_start(live);
	if (code)
		return code;
	live->ctl->batch = BATCH;
	consumer = (struct consumer){ row, arg, table, 0 };
	fd = bpf_object__find_map_fd_by_name(live->obj, table->name);
	live->ring = ring_buffer__new(fd, on_sample, &consumer, NULL);
	if (!live->ring) {
		fail(-errno, "can't map the ring buffer");
		return EXIT_ERROR;
	}
	if (watch_ring(live, fd))
		return EXIT_ERROR;
	return 0;
}

size_t live_consume(struct live *live)
{
	consumer.bytes = 0;
	ring_buffer__consume(live->ring);
	return consumer.bytes;
}

bool live_idle(struct live *live)
{
	__atomic_store_n(&live->ctl->idle, 1, __ATOMIC_SEQ_CST);
	/* see emit(): whoever comes too late to see `idle` is seen here */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return live_consume(live) == 0;
}

void live_totals(const struct live *live, struct totals *t)
{
	uint64_t begun = 0, ended = 0;

	memset(t, 0, sizeof(*t));
	for (int i = 0; live->tally && i < live->cpus; i++) {
		const struct tally *c = &live->tally[i];

		t->shown += __atomic_load_n(&c->shown, __ATOMIC_RELAXED);
		t->filtered += __atomic_load_n(&c->filtered, __ATOMIC_RELAXED);
		t->lost += __atomic_load_n(&c->lost, __ATOMIC_RELAXED);
		t->map_full += __atomic_load_n(&c->map_full, __ATOMIC_RELAXED);
		t->stale += __atomic_load_n(&c->stale, __ATOMIC_RELAXED);
		t->degraded += __atomic_load_n(&c->degraded, __ATOMIC_RELAXED);
		t->unfollowed += __atomic_load_n(&c->unfollowed, __ATOMIC_RELAXED);
		t->unstacked += __atomic_load_n(&c->unstacked, __ATOMIC_RELAXED);
		ended += __atomic_load_n(&c->ended, __ATOMIC_RELAXED);
		begun += __atomic_load_n(&c->begun, __ATOMIC_RELAXED);
	}
	t->pending = begun > ended ? begun - ended : 0;
}

/* state_twin__raw is the twin of state__raw. */
static struct program *twin_of(struct live *live, const struct program *p)
{
	const char *mark = strstr(p->name, "_twin__");

	for (size_t i = 0; mark && i < live->nprograms; i++) {
		const char *name = live->programs[i].name;
		size_t len = mark - p->name;

		if (!strncmp(name, p->name, len) && !strcmp(name + len, mark + strlen("_twin")))
			return &live->programs[i];
	}
	return NULL;
}

long long live_misses(struct live *live, bool *unknown)
{
	long long sum = 0;

	*unknown = false;
	for (size_t i = 0; i < live->nprograms; i++)
		live->programs[i].missed = read_misses(live, &live->programs[i]);
	for (size_t i = 0; i < live->nprograms; i++) {
		struct program *p = &live->programs[i], *twin = twin_of(live, p);

		if (!twin)
			continue;
		/*
		 * An interrupt finds one of them running at most, so what that one misses the
		 * other one sees; unless another task may run them in between. Then it did if
		 * it missed nothing, and if it was an interrupt: the twin looks at ends only.
		 */
		twin->covered =
			live->twins_cover ||
			(p->missed == 0 &&
			 !hook_loses(bpf_program__section_name(twin->prog), kernel_here()));
		p->covered = live->twins_cover || twin->missed == 0;
	}
	for (size_t i = 0; i < live->nprograms; i++) {
		const struct program *p = &live->programs[i];

		if (p->missed < 0)
			*unknown = true;
		else if (!p->covered)
			sum += p->missed;
	}
	return sum;
}

void live_detach(struct live *live)
{
	for (size_t i = 0; i < live->nprograms; i++) {
		bpf_link__destroy(live->programs[i].link);
		live->programs[i].link = NULL;
	}
}

void live_stop(struct live *live)
{
	ring_buffer__free(live->ring);
	if (live->epoll > 0)
		close(live->epoll);
	backend_stop(live);
	free(live->points);
}
