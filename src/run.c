/* SPDX-License-Identifier: GPL-2.0 */
/*
 * run.c - one run from start to end: hold the command, attach, then rows from the ring buffer
 * through the sink to the output until there is a reason to end, then the account.
 */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "cost.h"
#include "count.h"
#include "drop.h"
#include "fixed.h"
#include "format.h"
#include "keyed.h"
#include "live.h"
#include "opener.h"
#include "output.h"
#include "sink.h"
#include "stack.h"

#define DRAIN_NS 20000000 /* how often the ring is looked at while rows come */
#define MISSES_NS 1000000000 /* and, by tools without intervals, what was missed */

struct state {
	struct run *run;
	struct live live;
	struct sink sink;
	struct output output;
	struct command command;
	struct cost cost;
	struct count *count;
	struct keyed *keyed;
	struct fixed *fixed;
	uint64_t reported; /* when the last report was made */
	uint64_t checked;  /* when misses were last looked for */
	long long missed;  /* up to then */
	uint64_t rows, reports;
	uint64_t printed; /* rows, or those of reports */
	uint64_t rows_reported; /* in reports up to the last one */
	bool told; /* the command, that it is to end */
	const char *reason; /* why it ends; NULL: it doesn't yet */
};

static volatile bool stopping, child_changed;
static volatile int pass_on; /* a signal that the command has not got */

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (sig == SIGCHLD) {
		child_changed = true;
		return;
	}
	stopping = true;
	/*
	 * The terminal's signals reach the whole foreground, kill(2) only us; and a command that
	 * was started by a script often ignores SIGINT.
	 */
	if (info->si_code <= 0)
		pass_on = sig == SIGHUP ? SIGHUP : SIGTERM;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Signals come only while we wait or write; `during` is the mask for waiting. */
static void catch_signals(sigset_t *during)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct sigaction old;

		/* nohup; the others even where a shell ignores them for background jobs */
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler == SIG_IGN && signals[i] == SIGHUP)
			continue;
		sigaction(signals[i], &sa, NULL);
		sigaddset(&block, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &block, during);
	signal(SIGPIPE, SIG_IGN);
}

/* -n */
static bool all_shown(const struct state *s)
{
	return s->run->max_events && s->rows >= s->run->max_events;
}

static void print_row(void *arg, const void *row)
{
	struct state *s = arg;

	s->printed++;
	s->sink.ops->row(&s->sink, row);
}

static int on_row(void *arg, const void *row)
{
	struct state *s = arg;

	if (s->keyed && ((const struct new_key *)row)->what != NEW_KEY) {
		stack_announce(row);
		return 0;
	}
	if (s->keyed)
		return keyed_announce(s->keyed, row);
	if (all_shown(s))
		return -ECANCELED;
	s->rows++;
	if (s->count)
		count_row(s->count, row);
	else
		print_row(s, row);
	/* a burst must not become one huge write */
	if (s->output.buf.len >= 256 * 1024) {
		output_flush(&s->output, &stopping);
		if (s->output.state != OUTPUT_GOOD)
			return -EPIPE;
	}
	return 0;
}

/* What was missed since the last time; told at once, as a run may go on for days. */
static void check_misses(struct state *s, uint64_t now)
{
	bool unknown;
	long long sum = live_misses(&s->live, &unknown);
	struct buf b = {};

	s->checked = now;
	s->sink.missed = unknown ? -1 : sum > s->missed ? sum - s->missed : 0;
	if (sum > s->missed)
		s->missed = sum;
	for (size_t i = 0; i < s->live.nprograms; i++) {
		struct program *p = &s->live.programs[i];

		if (p->covered || p->missed <= p->told)
			continue;
		buf_str(&b, b.len ? ", " : "");
		buf_i64(&b, p->missed - p->told);
		buf_str(&b, " by ");
		buf_str(&b, p->name);
		p->told = p->missed;
	}
	/* at the end the account tells */
	if (b.len && !s->reason)
		warn("events were missed: %.*s", (int)b.len, b.p);
	buf_free(&b);
}

static void report(struct state *s, uint64_t when)
{
	check_misses(s, when);
	s->reports++;
	s->sink.ops->tick(&s->sink, when);
	if (s->count)
		count_report(s->count, when, s->reports, print_row, s);
	if (s->keyed)
		keyed_report(s->keyed, when, s->reports, print_row, s);
	if (s->fixed)
		print_row(s, fixed_report(s->fixed, when, s->reports, when - s->reported));
	s->reported = when;
	s->rows_reported = s->rows;
	output_flush(&s->output, &stopping);
}

static size_t consume(struct state *s)
{
	size_t bytes;

	clock_sync();
	bytes = live_consume(&s->live);
	output_flush(&s->output, &stopping);
	return bytes;
}

/* COUNT */
static bool enough_reports(const struct state *s)
{
	return s->run->intervals && s->reports >= s->run->intervals;
}

/* The first time that we are to end, the command may do so in its own way. */
static void tell_command(struct state *s)
{
	s->told = true;
	stopping = false;
	if (pass_on && kill(s->command.pid, pass_on) && errno != ESRCH)
		warn("can't end the command: %s; a second signal ends this tool alone",
		     strerror(errno));
}

/* Our part is done before the command's is: its status is still ours to pass on. */
static void await_command(struct state *s, const sigset_t *during)
{
	while (!command_ended(&s->command)) {
		if (stopping && s->told)
			return;
		if (stopping)
			tell_command(s);
		sigsuspend(during);
	}
}

static const char *reason_to_end(struct state *s, uint64_t now, uint64_t start)
{
	if (s->output.state != OUTPUT_GOOD)
		return "output";
	if (all_shown(s))
		return "events";
	if (child_changed) {
		child_changed = false;
		if (command_ended(&s->command))
			return "command";
	}
	if (stopping && s->command.pid && !s->told)
		tell_command(s);
	if (stopping)
		return "signal";
	if (s->run->duration_ns && now - start >= s->run->duration_ns)
		return "duration";
	if (enough_reports(s))
		return "count";
	return NULL;
}

static void loop(struct state *s, uint64_t start, const sigset_t *during)
{
	uint64_t tick = s->run->interval_ns ? start + s->run->interval_ns : UINT64_MAX;
	bool busy = false; /* rows came lately: look again soon, whether woken or not */

	for (;;) {
		uint64_t now = now_ns(), wake = tick;

		if (now >= tick) {
			consume(s);
			report(s, now);
			/* keep to the beat; a beat that was slept through is not made up */
			tick += s->run->interval_ns * ((now - tick) / s->run->interval_ns + 1);
			wake = tick;
		}
		if (!s->run->interval_ns && now - s->checked >= MISSES_NS)
			check_misses(s, now);
		if (!busy && !live_idle(&s->live)) {
			output_flush(&s->output, &stopping);
			busy = true;
		}
		/* last, as a signal may have come with any write; from here on they wait for live_wait */
		s->reason = reason_to_end(s, now, start);
		if (s->reason)
			return;
		if (s->run->duration_ns && start + s->run->duration_ns < wake)
			wake = start + s->run->duration_ns;
		if (busy && now + DRAIN_NS < wake)
			wake = now + DRAIN_NS;
		live_wait(&s->live, wake == UINT64_MAX ? wake : wake > now ? wake - now : 0,
			  during);
		busy = consume(s) > 0;
	}
}

/* The last line: what was seen, and above all what was not. */
static void print_account(const struct state *s, const struct totals *t, bool missed)
{
	struct buf b = {};

	if (!s->run->verbose && !t->lost && !t->map_full && !missed && !t->pending &&
	    !t->stale && !t->degraded && !t->unfollowed && !t->unstacked &&
	    !count_dropped(s->count))
		return;
	buf_u64(&b, t->shown);
	buf_str(&b, " events, ");
	buf_u64(&b, t->filtered);
	buf_str(&b, " filtered out, ");
	buf_u64(&b, t->lost);
	buf_str(&b, " lost");
	if (t->lost)
		buf_str(&b, " (the reader was too slow)");
	if (t->map_full) {
		buf_str(&b, ", ");
		buf_u64(&b, t->map_full);
		buf_str(&b, " found no room (--map-size)");
	}
	if (count_dropped(s->count)) {
		buf_str(&b, ", ");
		buf_u64(&b, count_dropped(s->count));
		buf_str(&b, " of keys too many (--map-size)");
	}
	if (t->stale) {
		buf_str(&b, ", ");
		buf_u64(&b, t->stale);
		buf_str(&b, " whose end was not seen");
	}
	if (t->degraded) {
		buf_str(&b, ", ");
		buf_u64(&b, t->degraded);
		buf_str(&b, " not followed to their end (--map-size)");
	}
	if (t->unfollowed) {
		buf_str(&b, ", ");
		buf_u64(&b, t->unfollowed);
		buf_str(&b, " processes not followed");
	}
	if (t->unstacked) {
		buf_str(&b, ", ");
		buf_u64(&b, t->unstacked);
		buf_str(&b, " without their stack (--map-size, or the reader was too slow)");
	}
	if (t->pending) {
		buf_str(&b, ", ");
		buf_u64(&b, t->pending);
		buf_str(&b, " not ended yet");
	}
	for (size_t i = 0; missed && i < s->live.nprograms; i++) {
		const struct program *p = &s->live.programs[i];

		if (p->missed <= 0 || p->covered)
			continue;
		buf_str(&b, ", ");
		buf_i64(&b, p->missed);
		buf_str(&b, " missed by ");
		buf_str(&b, p->name);
	}
	fprintf(stderr, "%s: %.*s\n", s->run->tool->name, (int)b.len, b.p);
	buf_free(&b);
}

static int finish(struct state *s, uint64_t start)
{
	struct totals totals;
	uint64_t closed;
	bool missed;
	int code;

	/* programs go one after the other: nothing new may begin between two that belong together */
	closed = now_ns();
	live_open(&s->live, false);
	/* from here on the counters don't move any more */
	live_detach(&s->live);
	while (s->output.state == OUTPUT_GOOD && !all_shown(s) && live_consume(&s->live))
		output_flush(&s->output, &stopping);
	if ((s->count || s->keyed || s->fixed) && !enough_reports(s))
		report(s, closed);
	else
		check_misses(s, closed);
	missed = s->missed > 0;
	live_totals(&s->live, &totals);
	/* what came after the last row or report that was asked for was not shown */
	if (s->fixed)
		totals.shown = fixed_total(s->fixed);
	else if (s->keyed)
		totals.shown = keyed_total(s->keyed);
	else if (s->count)
		totals.shown = s->rows_reported;
	else if (all_shown(s))
		totals.shown = s->rows;
	s->sink.ops->end(&s->sink, &s->live, &totals, s->reason);
	output_flush(&s->output, &stopping);
	output_close(&s->output);
	if (s->run->stats)
		cost_print(&s->cost, &s->live, closed - start,
			   totals.shown + totals.filtered + totals.lost, s->printed,
			   s->output.written);
	if (!s->run->quiet || totals.lost || totals.map_full || missed)
		print_account(s, &totals, missed);

	code = s->output.state == OUTPUT_FAILED ? EXIT_ERROR : EXIT_OK;
	if (s->run->strict &&
	    (missed || totals.lost || totals.map_full || totals.stale || totals.degraded ||
	     totals.unfollowed || totals.unstacked || count_dropped(s->count)))
		code = EXIT_ERROR;
	return code;
}

/*
 * The kernel half knows processes by their numbers in the first pid namespace; started in
 * another one, we know other numbers, and would silently show somebody else.
 */
static int refuse_namespace(const struct run *run)
{
	if (!run->command && !(run->conf.filters & (FILTER_PID | FILTER_TID | FILTER_FOLLOW)))
		return 0;
	if (in_host_namespace("pid"))
		return 0;
	return fail(-EPERM, "-p, --tid, --follow and -- COMMAND don't work inside a pid namespace "
			    "(a container); run it in the host's");
}

/* What the kernel half must find out: for filters, keys, columns; a row per event tells all
 * ends. */
static uint32_t needs(const struct run *run, const struct sink *sink)
{
	static const struct {
		uint32_t filters, by, needs;
	} of[] = {
		{ FILTER_UID, BY_UID, NEED_UID },
		{ 0, BY_CGROUP, NEED_CGROUP },
		{ FILTER_NETNS, BY_NETNS, NEED_NETNS },
		{ FILTER_PORT | FILTER_ADDR, 0, NEED_RADDR },
		{ FILTER_MINLAT, 0, NEED_TIME },
		{ FILTER_PROTOCOL | FILTER_FAMILY, 0, NEED_SOCKET },
	};
	/* the book counts attempts: of which kind, is to be known at once */
	uint32_t needs = run->conf.bt ? NEED_THREAD | NEED_RADDR : 0;

	if (!run->conf.counts)
		needs |= NEED_RADDR | NEED_TIME;
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		if (run->conf.filters & of[i].filters || run->conf.by & of[i].by)
			needs |= of[i].needs;
	for (const struct cell *c = sink->cells; c->column; c++)
		needs |= c->column->needs;
	return needs;
}

/* -p of a process that is no more would be an empty screen for ever. */
static void warn_of_absent(const struct run *run)
{
	char path[32];

	for (size_t i = 0; !run->command && !run->quiet && i < run->conf.npids; i++) {
		snprintf(path, sizeof(path), "/proc/%u", run->conf.pids[i]);
		if (access(path, F_OK) && errno == ENOENT && !access("/proc/self", F_OK))
			warn("there is no process %u now", run->conf.pids[i]);
	}
}

/* Of a terminal: no-color.org's rule, and terminals that would print the codes. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && !(term && !strcmp(term, "dumb"));
}

int run_tool(struct run *run)
{
	struct state s = {
		.run = run,
		.command.gate = -1,
		.output.fd = -1,
		.cost = { .fd = -1, .status = -1 },
	};
	int code = EXIT_ERROR;
	uint64_t start;
	sigset_t during;
	pid_t helper;

	if (refuse_namespace(run))
		return EXIT_UNABLE;
	/* before any signal is ours: the command is to have them as we got them */
	if (run->command) {
		if (command_hold(&s.command, run->command))
			return EXIT_ERROR;
		run->conf.filters |= FILTER_FOLLOW;
		run->conf.pids[0] = s.command.pid;
		run->conf.npids = 1;
		child_changed = true; /* it may be gone by now */
	}
	catch_signals(&during);
	run->conf.self = own_pid();
	run->conf.bt = run->form == FORM_BT;
	run->conf.counts = run_table(run)->keyed || run_table(run)->fixed;
	if (run_table(run)->keyed)
		run->conf.final = 1;
	if (sink_for(&s.sink, run, &s.output.buf)) {
		code = EXIT_USAGE;
		goto out;
	}
	run->conf.needs = needs(run, &s.sink);
	if (output_open(&s.output, run->output, run->command ? STDERR_FILENO : STDOUT_FILENO))
		goto out;
	if (run->count)
		s.count = count_new(run->tool->table, run->tool->count, run->tool->group,
				    run->map_size);
	if (run->stats)
		cost_begin(&s.cost);
	if (run->conf.by & (BY_USTACK | BY_KSTACK))
		stack_start(run->command ? *run->command : NULL);
	/* processes of another pid namespace have other numbers here: nothing can be opened by them */
	if (run->conf.by & BY_USTACK && in_host_namespace("pid")) {
		helper = opener_start(run);
		if (helper < 0) {
			code = in_host_namespace("user") ? EXIT_ERROR : EXIT_UNABLE;
			goto out;
		}
		run->conf.opener = helper;
	}
	warn_of_absent(run);
	code = live_start(&s.live, run, on_row, &s);
	if (code)
		goto out;
	if (run_table(run)->fixed)
		s.fixed = fixed_new(run_table(run), s.live.counts, s.live.cpus, s.live.ops);
	if (run_table(run)->keyed)
		s.keyed = keyed_new(run_table(run), s.live.counts,
				    s.live.counts_len / sizeof(*s.live.counts), run->top,
				    run->form == FORM_BT);
	start = now_ns();
	s.reported = s.checked = start;
	clock_sync();
	/* now that there will be something to write */
	output_start(&s.output);
	s.sink.start_ns = start;
	s.sink.colour = run->form == FORM_TEXT && isatty(s.output.fd) && wants_colour();
	s.sink.ops->open(&s.sink, &s.live);
	tzset(); /* while files can be opened */
	if (drop_rights(run, &(struct duty){ ROLE_TOOL, s.command.pid, opener_channel() })) {
		code = EXIT_ERROR;
		goto out;
	}
	if (run->conf.by & (BY_USTACK | BY_KSTACK))
		stack_learn(run->conf.pids, run->conf.npids);
	cost_started(&s.cost);
	/* before anybody is told: whoever reads "meta", or "Tracing", may begin at once */
	live_open(&s.live, true);
	output_flush(&s.output, &stopping);
	if ((s.count || s.keyed || s.fixed) && !run->quiet)
		fprintf(stderr, "Tracing%s%s\n",
			s.fixed && run->form == FORM_TEXT ? ", rates per second" : "",
			run->interval_ns || run->duration_ns || run->command ?
				"" :
				"... Hit Ctrl-C to end.");
	command_release(&s.command);
	loop(&s, start, &during);
	code = finish(&s, start);
	if (run->command) {
		await_command(&s, &during);
		if (!code && s.command.ended)
			code = s.command.status;
	}
out:
	command_drop(&s.command);
	live_stop(&s.live);
	count_free(s.count);
	keyed_free(s.keyed);
	fixed_free(s.fixed);
	stacks_free();
	opener_stop();
	sink_free(&s.sink);
	output_close(&s.output);
	cost_end(&s.cost);
	return code;
}
