/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_faults.c - memory that isn't there and writes that fail, one by one: each allocation of some
 * work, then each system call of some output. Whatever fails, it ends in one clear sentence and the
 * right code, or goes unnoticed where it should; and what was written are whole lines. The calls are
 * those that the Makefile wraps (FAULTS).
 */
#include "../../src/option.h"

#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "../../src/count.h"
#include "../../src/fixed.h"
#include "../../src/host.h"
#include "../../src/kallsyms.h"
#include "../../src/keyed.h"
#include "../../src/output.h"
#include "../../src/parse.h"
#include "../../src/plan.h"
#include "../../src/sink.h"
#include "../../src/stack.h"

/* ------------------------------------------------------------------ what fails */

static long allocations, fail_at; /* fail_at: the Nth; 0: none */

static bool no_memory(void)
{
	if (!fail_at || ++allocations != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

/* TYPE NAME(PARAMETERS): fails as FAILURE does, or is what it always was. */
#define WRAP(type, name, parameters, arguments, failure)                                       \
	type __real_##name parameters;                                                         \
	type __wrap_##name parameters;                                                         \
	type __wrap_##name parameters                                                          \
	{                                                                                      \
		return no_memory() ? failure : __real_##name arguments;                        \
	}

WRAP(void *, malloc, (size_t n), (n), NULL)
WRAP(void *, calloc, (size_t n, size_t m), (n, m), NULL)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL)
WRAP(FILE *, fopen, (const char *p, const char *m), (p, m), NULL)
WRAP(ssize_t, getline, (char **l, size_t *n, FILE *f), (l, n, f), -1)
WRAP(gzFile, gzopen, (const char *p, const char *m), (p, m), NULL)
WRAP(void *, tsearch, (const void *k, void **r, int (*c)(const void *, const void *)),
     (k, r, c), NULL)
WRAP(int, vasprintf, (char **p, const char *f, va_list a), (p, f, a), -1)
WRAP(DIR *, opendir, (const char *p), (p), NULL)
WRAP(FILE *, setmntent, (const char *p, const char *m), (p, m), NULL)

#define NOTHING (-1)

/* Of calls on this descriptor the Nth and MANY - 1 more fail so. */
static struct {
	int fd; /* 0: none */
	long nth, many, calls;
	int err; /* 0: short writes, of 1 byte; NOTHING: nothing is written, and that's no error */
	bool stop; /* a signal comes, too */
} plan;
static volatile bool stop;
static long room = -1; /* on the disk; -1: enough */

static bool fails(int fd)
{
	if (fd != plan.fd || !plan.fd)
		return false;
	plan.calls++;
	if (plan.calls < plan.nth || plan.calls >= plan.nth + plan.many)
		return false;
	stop |= plan.stop;
	errno = plan.err;
	return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
	if (!fails(fd)) {
		if (room < 0 || fd != plan.fd)
			return __real_write(fd, p, n);
		if (!room) {
			errno = ENOSPC;
			return -1;
		}
		n = __real_write(fd, p, (long)n < room ? (long)n : room);
		room -= n;
		return n;
	}
	if (plan.err == NOTHING)
		return 0;
	return plan.err ? -1 : __real_write(fd, p, n ? 1 : 0);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	bool bad = fails(fd);

	__real_close(fd);
	return bad && plan.err ? (errno = plan.err, -1) : 0;
}

static bool cut_fails;
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size)
{
	if (!cut_fails)
		return __real_ftruncate(fd, size);
	errno = EIO;
	return -1;
}

static bool no_room;
static long polls;
int __real_poll(struct pollfd *p, nfds_t n, int ms);
int __wrap_poll(struct pollfd *p, nfds_t n, int ms);
int __wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	polls++;
	return no_room ? 0 : __real_poll(p, n, ms);
}

/* ------------------------------------------------------------------ memory */

static const struct tool *tool_named(const char *name)
{
	for_each_tool(t)
		if (!strcmp((*t)->name, name))
			return *t;
	return NULL;
}

#define ARGS(...) ((char *[]){ __VA_ARGS__, NULL })

static int parsed(struct run *run, const char *tool, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return option_parse(run, tool_named(tool), argc, argv) == -1 ? 0 : 1;
}

static void nothing(void *arg, const void *row)
{
	struct sink *sink = arg;

	sink->ops->row(sink, row);
}

static int all_options(void)
{
	struct run run;
	struct sink sink;
	struct buf out = {};

	return parsed(&run, "soconnect",
		      ARGS("soconnect", "-p", "1,2", "-c", "a*", "-u", "root", "-P", "1,2-3", "-a",
			   "::1", "--fields", "ts,pid,raddr,result")) ||
	       sink_for(&sink, &run, &out);
}

/* That there is no such thing, is said; and why it could not be found out. */
static int lookups(void)
{
	__u64 id;

	/* long enough to need more than the complaint's own room */
	if (parse_cgroup("no/such", &id) != -EINVAL)
		return 1;
	return (fail)(0, "%300s", "x");
}

static int forms(void)
{
	static const enum form forms[] = { FORM_TEXT, FORM_BT, FORM_JSON, FORM_CSV };
	struct attempt row = { .have = 0x1ff, .ends.family = AF_UNIX, .name.len = 100 };

	memset(row.name.bytes, 0xff, sizeof(row.name.bytes));
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct run run = { .tool = tool_named("soconnect"), .form = forms[i] };
		struct totals totals = {};
		struct live live = {};
		struct sink sink;
		struct buf out = {};

		if (sink_for(&sink, &run, &out))
			return 1;
		sink.ops->open(&sink, &live);
		for (int k = 0; k < 10; k++)
			sink.ops->row(&sink, &row);
		sink.ops->end(&sink, &live, &totals, "signal");
		sink_free(&sink);
		buf_free(&out);
	}
	return 0;
}

static int counting(void)
{
	struct {
		struct new_key head;
		char bytes[512];
	} key = { .head = { .slot = 1 } };
	const struct tool *events = tool_named("soconnect"), *tool = tool_named("sofamily");
	struct run run = { .tool = tool, .form = FORM_JSON },
		   all = { .tool = events, .form = FORM_TEXT, .count = true },
		   fix = { .tool = tool_named("sockstat"), .form = FORM_CSV };
	struct count *count = count_new(events->table, events->count, events->group, 10);
	struct counts counts[64] = { [1] = { .begun = 2, .ok = 2 } };
	struct keyed *keyed = keyed_new(tool->table, counts, 2, 0, false);
	struct fixed *fixed = fixed_new(fix.tool->table, counts, 1, ~0U);
	struct sink sink, sum, rates;
	struct attempt row = {};
	struct buf out = {};

	if (sink_for(&sink, &run, &out) || sink_for(&sum, &all, &out) ||
	    sink_for(&rates, &fix, &out) || keyed_announce(keyed, &key.head))
		return 1;
	count_row(count, &row);
	count_report(count, 1, 1, nothing, &sum);
	keyed_report(keyed, 1, 1, nothing, &sink);
	nothing(&rates, fixed_report(fixed, 1, 1, 1000));
	count_free(count);
	keyed_free(keyed);
	fixed_free(fixed);
	sink_free(&sink);
	sink_free(&sum);
	sink_free(&rates);
	buf_free(&out);
	return 0;
}

static int stacks(void)
{
	struct {
		struct new_stack head;
		uint64_t addr[4];
	} user = { .head = { .n = 2, .what = NEW_USTACK, .id = 1, .pid = getpid(), .bare = 1 },
		   .addr = { (uintptr_t)tool_named, (uintptr_t)write } },
	  kernel = { .head = { .n = 1, .what = NEW_KSTACK, .id = 2, .bare = 1 },
		     .addr = { 0xffffffff81000001 } };
	static const char names[] = "ffffffff81000000 T _text\nffffffff81100000 t x\t[m]\n";
	FILE *f = fmemopen((void *)names, sizeof(names) - 1, "r");
	struct buf out = {};

	kallsyms_read(f);
	fclose(f);
	stack_start("true");
	stack_announce(&user.head);
	stack_announce(&kernel.head);
	for (int id = 1; id <= 3; id++) {
		stack_lines(&out, stack_find(id));
		stack_folded(&out, stack_find(id));
		stack_same(id);
	}
	stacks_free();
	buf_free(&out);
	return 0;
}

static int host(void)
{
	struct plan p = {};

	if (!plan_add(&p, tool_named("soconnect")->points, "connect__fentry", "fentry/x"))
		return 1;
	plan_free(&p);
	kernel_here();
	lockdown();
	return intern("a text") != intern("a text");
}

static char said[65536];

/* Run WORK with stderr in `said`, and the Nth allocation failing. The exit code; -1: it crashed. */
static int failing(int (*work)(void), long nth)
{
	FILE *ear = tmpfile();
	int status;
	pid_t pid = fork();

	if (!pid) {
		int code;

		dup2(fileno(ear), STDERR_FILENO);
		util_program("tool");
		fail_at = nth;
		code = work() ? 3 : 0;
		/* nothing failed: that was all */
		if (!code && allocations < nth)
			code = 42;
		fflush(stderr);
		_exit(code);
	}
	waitpid(pid, &status, 0);
	rewind(ear);
	said[fread(said, 1, sizeof(said) - 1, ear)] = 0;
	fclose(ear);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void each_allocation(int (*work)(void), long least)
{
	long n = 1;

	for (;; n++) {
		int code = failing(work, n);
		size_t len = strlen(said);

		if (code == 42)
			break;
		/* others may have said something before: what is last is the reason */
		if ((code == 1 && len >= 20 && !strcmp(said + len - 20, "tool: out of memory\n")) ||
		    ((code == 3 || !code) && strstr(said, "Cannot allocate memory")))
			continue;
		fail_msg("allocation %ld fails: exit code %d, \"%s\"", n, code, said);
	}
	print_message("# %ld allocations\n", n - 1);
	assert_true(n > least);
}

#define EACH(work, least)                                                                      \
	static void memory_##work(void **state)                                                \
	{                                                                                      \
		(void)state;                                                                   \
		each_allocation(work, least);                                                  \
	}

EACH(all_options, 2)
EACH(lookups, 2)
EACH(forms, 8)
EACH(counting, 8)
EACH(stacks, 20)
EACH(host, 4)

/* ------------------------------------------------------------------ writing */

#define ROWS 40

static struct output output;
static struct buf written; /* what should stand in the file */
static char path[] = "/tmp/test_faults.XXXXXX", heard[65536];

/* As a tool does: open, rows in batches, a last line, close. */
static void print_all(bool to_file)
{
	FILE *ear = tmpfile();
	int fd = mkstemp(path), stderr_was = dup(STDERR_FILENO);

	assert_true(fd > 2);
	dup2(fileno(ear), STDERR_FILENO);
	stop = false;
	polls = 0;
	written.len = 0;
	assert_int_equal(output_open(&output, to_file ? path : NULL, fd), 0);
	if (to_file)
		__real_close(fd);
	else
		output.fd = fd;
	/* what it is on from now on */
	if (plan.nth)
		plan.fd = output.fd;
	plan.calls = 0;
	output_start(&output);
	for (int i = 0; i < ROWS; i++) {
		char row[64];

		snprintf(row, sizeof(row), "{\"row\":%d,\"text\":\"%*d\"}\n", i, i, i);
		buf_str(&output.buf, row);
		buf_str(&written, row);
		if (i % 4 == 3)
			output_flush(&output, &stop);
	}
	output_flush(&output, &stop);
	output_close(&output);
	plan.fd = 0;
	if (!to_file)
		__real_close(fd);
	fflush(stderr);
	dup2(stderr_was, STDERR_FILENO);
	__real_close(stderr_was);
	rewind(ear);
	heard[fread(heard, 1, sizeof(heard) - 1, ear)] = 0;
	fclose(ear);
}

/* What stands in the file, which goes, is a beginning of what should: of whole lines? */
static size_t in_file(bool whole)
{
	FILE *f = fopen(path, "r");
	char *text = xmalloc(written.len + 1);
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, written.len + 1, f);
	fclose(f);
	unlink(path);
	strcpy(path + strlen(path) - 6, "XXXXXX");
	assert_true(n <= written.len);
	assert_memory_equal(text, written.p, n);
	if (whole && n)
		assert_int_equal(text[n - 1], '\n');
	free(text);
	return n;
}

static void told(const char *sentence)
{
	if (strcmp(heard, sentence))
		fail_msg("\"%s\", not \"%s\"", heard, sentence);
}

static long calls(bool to_file)
{
	memset(&plan, 0, sizeof(plan));
	plan.nth = LONG_MAX;
	print_all(to_file);
	told("");
	assert_int_equal(output.state, OUTPUT_GOOD);
	assert_int_equal(in_file(true), written.len);
	return plan.calls;
}

/* Each write, and at last the close of a file, fails: once and for ever. */
static void errors(void **state)
{
	static const int errs[] = { ENOSPC, EIO, EDQUOT, EBADF };

	(void)state;
	for (int to_file = 0; to_file < 2; to_file++) {
		long n = calls(to_file);

		assert_int_equal(n, ROWS / 4 + to_file);
		for (long nth = 1; nth <= n; nth++) {
			for (size_t e = 0; e < sizeof(errs) / sizeof(*errs); e++) {
				char sentence[256], name[64];
				size_t size;

				plan.nth = nth;
				plan.many = 1;
				plan.err = errs[e];
				strcpy(name, to_file ? path : "stdout");
				print_all(to_file);
				snprintf(sentence, sizeof(sentence), "sockray: can't write %s: %s\n",
					 to_file ? output.name : name, strerror(errs[e]));
				told(sentence);
				assert_int_equal(output.state, OUTPUT_FAILED);
				/* after the first failure nothing more is tried but the close */
				assert_int_equal(plan.calls,
						 nth < n || !to_file ? nth + to_file : n);
				size = in_file(true);
				assert_int_equal(size == written.len, to_file && nth == n);
			}
		}
	}
}

/* A device that takes nothing, for ever, doesn't keep the tool for ever. */
static void takes_nothing(void **state)
{
	(void)state;
	memset(&plan, 0, sizeof(plan));
	plan.nth = 1;
	plan.many = 1000;
	plan.err = NOTHING;
	print_all(false);
	told("sockray: can't write stdout: Input/output error\n");
	assert_int_equal(output.state, OUTPUT_FAILED);
	assert_int_equal(plan.calls, 1);
	in_file(true);
}

/* The disk becomes full in the middle of a line, wherever: that line goes. */
static void full_in_a_line(void **state)
{
	char sentence[256];
	size_t lines;

	(void)state;
	memset(&plan, 0, sizeof(plan));
	plan.nth = LONG_MAX;
	calls(true);
	for (size_t left = 0; left < written.len; left++) {
		plan.nth = LONG_MAX;
		room = left;
		print_all(true);
		room = -1;
		snprintf(sentence, sizeof(sentence), "sockray: can't write %s: %s\n", output.name,
			 strerror(ENOSPC));
		told(sentence);
		assert_int_equal(output.state, OUTPUT_FAILED);
		lines = in_file(true);
		assert_int_equal(lines, output.written);
		assert_true(lines <= left);
		assert_true(!memchr(written.p + lines, '\n', left - lines));
	}
}

/* A reader that went away is no failure, and nothing is said. */
static void closed(void **state)
{
	long n = calls(false);

	(void)state;
	for (plan.nth = 1; plan.nth <= n; plan.nth++) {
		plan.many = 1;
		plan.err = EPIPE;
		print_all(false);
		told("");
		assert_int_equal(output.state, OUTPUT_CLOSED);
		assert_int_equal(plan.calls, plan.nth);
		in_file(true);
	}
}

/* What is no failure goes unnoticed, however often it comes. */
static void interrupted(void **state)
{
	static const int errs[] = { EINTR, EAGAIN, 0 };
	long n = calls(true) - 1;

	(void)state;
	for (size_t e = 0; e < sizeof(errs) / sizeof(*errs); e++) {
		for (plan.nth = 1; plan.nth <= n; plan.nth++) {
			for (plan.many = 1; plan.many <= 100; plan.many *= 10) {
				plan.err = errs[e];
				print_all(true);
				told("");
				assert_int_equal(output.state, OUTPUT_GOOD);
				assert_int_equal(in_file(true), written.len);
				if (errs[e] == EAGAIN)
					assert_int_equal(polls, plan.many);
			}
		}
	}
}

/* A signal comes while the reader takes no more: the rest is given up, and that is told. */
static void stopped(void **state)
{
	char sentence[256];

	(void)state;
	memset(&plan, 0, sizeof(plan));
	for (plan.nth = 1; plan.nth <= ROWS / 4; plan.nth++) {
		plan.many = 1;
		plan.err = EINTR;
		plan.stop = no_room = true;
		print_all(true);
		no_room = plan.stop = false;
		assert_int_equal(output.state, OUTPUT_FAILED);
		snprintf(sentence, sizeof(sentence), "sockray: interrupted while %s took no more: ",
			 output.name);
		assert_memory_equal(heard, sentence, strlen(sentence));
		assert_true(strchr(heard, '\n') == heard + strlen(heard) - 1);
		in_file(true);
	}
}

/* The file can't be emptied at the start. */
static void not_cut(void **state)
{
	char sentence[256];

	(void)state;
	memset(&plan, 0, sizeof(plan));
	cut_fails = true;
	print_all(true);
	cut_fails = false;
	snprintf(sentence, sizeof(sentence), "sockray: can't write %s: %s\n", output.name,
		 strerror(EIO));
	told(sentence);
	assert_int_equal(output.state, OUTPUT_FAILED);
	assert_int_equal(in_file(true), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_all_options), cmocka_unit_test(memory_lookups),
		cmocka_unit_test(memory_forms),	  cmocka_unit_test(memory_counting),
		cmocka_unit_test(memory_stacks),  cmocka_unit_test(memory_host),
		cmocka_unit_test(errors),	  cmocka_unit_test(takes_nothing),
		cmocka_unit_test(full_in_a_line),
		cmocka_unit_test(closed),	  cmocka_unit_test(interrupted),
		cmocka_unit_test(stopped),	  cmocka_unit_test(not_cut),
	};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
