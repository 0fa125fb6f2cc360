/* SPDX-License-Identifier: GPL-2.0 */
/*
 * option.c - the options of all tools in one table: parsing, --help and completion read it. An
 * option that a tool can't honour is an error that says so.
 */
#include "option.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "live.h"
#include "parse.h"
#include "suggest.h"
#include "version.h"

/* A command line that can't be: the reason is the sentence, not an errno. */
#define bad(...) (fail(0, __VA_ARGS__), -EINVAL)

static int set_pid(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_PID;
	return parse_pids(arg, run->conf.pids, &run->conf.npids, CONF_PIDS);
}

static int set_tid(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_TID;
	return parse_pids(arg, run->conf.tids, &run->conf.ntids, CONF_PIDS);
}

static int set_follow(struct run *run, const char *arg)
{
	(void)arg;
	run->follow = true;
	return 0;
}

static int set_comm(struct run *run, const char *arg)
{
	char comm[COMM_LEN];
	bool glob;

	if (parse_comm(arg, comm, &glob))
		return -EINVAL;
	/* a name is a pattern too */
	parse_glob(comm, &run->conf.comm);
	run->conf.filters |= FILTER_COMM;
	return 0;
}

static int set_uid(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_UID;
	return parse_user(arg, &run->conf.uid);
}

static int add_families(struct run *run, uint64_t bits)
{
	run->conf.filters |= FILTER_FAMILY;
	run->conf.families |= bits;
	return 0;
}

static int set_inet(struct run *run, const char *arg)
{
	(void)arg;
	return add_families(run, 1ULL << 2);
}

static int set_inet6(struct run *run, const char *arg)
{
	(void)arg;
	return add_families(run, 1ULL << 10);
}

static int set_family(struct run *run, const char *arg)
{
	__u64 bits = 0;
	int err = parse_families(arg, &bits);

	return err ? err : add_families(run, bits);
}

static int set_protocol(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_PROTOCOL;
	return parse_protocols(arg, run->conf.protocols, &run->conf.nprotocols);
}

static int set_port(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_PORT;
	return parse_ports(arg, run->conf.ports, &run->conf.nports);
}

static int set_addr(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_ADDR;
	return parse_addrs(arg, run->conf.addrs, &run->conf.naddrs);
}

static int set_cgroup(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_CGROUP;
	return parse_cgroup(arg, &run->conf.cgroup);
}

static int set_netns(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_NETNS;
	return parse_netns(arg, &run->conf.netns);
}

static int set_failed(struct run *run, const char *arg)
{
	(void)arg;
	run->conf.filters |= FILTER_FAILED;
	return 0;
}

static int set_errno(struct run *run, const char *arg)
{
	run->conf.filters |= FILTER_ERRNO;
	return parse_errnos(arg, run->conf.errnos);
}

static int set_min_lat(struct run *run, const char *arg)
{
	__u64 usec = 0;
	int err = parse_u64(arg, 0, UINT64_MAX / 1000, &usec);

	run->conf.filters |= FILTER_MINLAT;
	run->conf.min_lat_ns = usec * 1000;
	return err;
}

static int set_interval(struct run *run, const char *arg)
{
	__u64 ns = 0;
	int err = parse_seconds(arg, &ns);

	run->interval_ns = ns;
	return err;
}

static int set_duration(struct run *run, const char *arg)
{
	__u64 ns = 0;
	int err = parse_seconds(arg, &ns);

	run->duration_ns = ns;
	return err;
}

static int set_max_events(struct run *run, const char *arg)
{
	__u64 n = 0;
	int err = parse_u64(arg, 1, UINT64_MAX, &n);

	run->max_events = n;
	return err;
}

/* In the order of BY_. */
static const char *const by_words[] = { "call", "comm",  "pid",	   "tid",      "uid",	 "cgroup",
					"netns", "family", "protocol", "ustack", "kstack", NULL };
/* In the order of OP_. */
static const char *const by_meant[] = { "process", "comm", "name", "comm", "thread", "tid",
					"user",	   "uid",  "stack", "ustack", NULL };
static const char *const call_words[] = { "accept", "connect", "bind", "listen",
					  "socket", "send",    "recv", NULL };
static const char *const ts_words[] = { "iso", "unix", "mono", NULL };

/* The place of TEXT among WORDS, or -1 after a complaint of OPTION. */
static int parse_word(const char *option, const char *text, size_t len,
		      const char *const *words)
{
	struct suggestion near;
	struct buf all = {};

	for (int i = 0; words[i]; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], text, len))
			return i;
	suggest_for(&near, text, len);
	for (const char *const *by = by_meant; words == by_words && *by; by += 2)
		suggest_alias(&near, by[0], by[1]);
	for (int i = 0; words[i]; i++) {
		suggest_word(&near, words[i]);
		buf_str(&all, i ? ", " : "");
		buf_str(&all, words[i]);
	}
	fail(0, "%s: \"%.*s\" is none of %.*s%s", option, (int)(len < 64 ? len : 64), text,
	     (int)all.len, all.p, suggest_end(&near, ""));
	buf_free(&all);
	return -1;
}

/* LIST: words between commas, as the bits of their places. */
static int parse_words(const char *option, const char *list, const char *const *words,
		       __u32 *bits)
{
	do {
		size_t len = strcspn(list, ",");
		int i = parse_word(option, list, len, words);

		if (i < 0)
			return -EINVAL;
		*bits |= 1U << i;
		list += len;
	} while (*list++);
	return 0;
}

static int set_by(struct run *run, const char *arg)
{
	return parse_words("--by", arg, by_words, &run->conf.by);
}

static int set_call(struct run *run, const char *arg)
{
	return parse_words("--call", arg, call_words, &run->conf.ops);
}

static int set_ustack(struct run *run, const char *arg)
{
	(void)arg;
	run->conf.by |= BY_USTACK;
	return 0;
}

static int set_kstack(struct run *run, const char *arg)
{
	(void)arg;
	run->conf.by |= BY_KSTACK;
	return 0;
}

static int set_top(struct run *run, const char *arg)
{
	__u64 n = 0;
	int err = parse_u64(arg, 1, UINT32_MAX, &n);

	run->top = n;
	return err;
}

static int set_map_size(struct run *run, const char *arg)
{
	__u64 n = 0;
	int err = parse_u64(arg, 1, 1 << 22, &n);

	run->map_size = n;
	return err;
}

static int set_backend(struct run *run, const char *arg)
{
	run->backends = 0;
	return parse_words("--backend", arg, backend_words, &run->backends);
}

static int set_ts(struct run *run, const char *arg)
{
	static const enum stamp stamps[] = { STAMP_ISO, STAMP_UNIX, STAMP_MONO };
	int i = parse_word("--ts", arg, strlen(arg), ts_words);

	if (i < 0)
		return -EINVAL;
	run->stamp = stamps[i];
	return 0;
}

static int set_start_stamp(struct run *run, const char *arg)
{
	(void)arg;
	run->stamp = STAMP_START;
	return 0;
}

static int set_clock_stamp(struct run *run, const char *arg)
{
	(void)arg;
	run->stamp = STAMP_CLOCK;
	return 0;
}

static int set_form(struct run *run, enum form form)
{
	if (run->form != FORM_TEXT && run->form != form)
		return bad("only one of --bt, --json, --csv and --folded can be had at a time");
	run->form = form;
	return 0;
}

static int set_bt(struct run *run, const char *arg)
{
	(void)arg;
	return set_form(run, FORM_BT);
}

static int set_json(struct run *run, const char *arg)
{
	(void)arg;
	return set_form(run, FORM_JSON);
}

static int set_csv(struct run *run, const char *arg)
{
	(void)arg;
	return set_form(run, FORM_CSV);
}

static int set_folded(struct run *run, const char *arg)
{
	(void)arg;
	return set_form(run, FORM_FOLDED);
}

static int set_account(struct run *run, const char *arg)
{
	run->user_named = true;
	return parse_account(arg, &run->user);
}

static int set_fields(struct run *run, const char *arg)
{
	run->fields = arg;
	return 0;
}

static int set_output(struct run *run, const char *arg)
{
	run->output = arg;
	return 0;
}

#define FLAG(name, member)                                                                     \
	static int set_##name(struct run *run, const char *arg)                                \
	{                                                                                      \
		(void)arg;                                                                     \
		run->member = true;                                                            \
		return 0;                                                                      \
	}

FLAG(count, count)
FLAG(compat, compat)
FLAG(strict, strict)
FLAG(stats, stats)
FLAG(wide, wide)
FLAG(quiet, quiet)
FLAG(no_header, no_header)
FLAG(verbose, verbose)
FLAG(no_drop, no_drop)
FLAG(final, conf.final)

const struct option_entry options[] = {
	{ 'p', "pid", "PID[,PID]", "only these processes", .set = set_pid, .brief = true,
	  .values = VALUES_PID },
	{ 0, "tid", "TID[,TID]", "only these threads", .set = set_tid },
	{ 0, "follow", NULL, "and all descendants of the processes of -p", .set = set_follow },
	{ 'c', "comm", "NAME", "only processes of just this name; * and ? match", .set = set_comm,
	  .brief = true, .values = VALUES_COMM },
	{ 'u', "uid", "USER", "only this user, by number or name", .set = set_uid,
	  .values = VALUES_USER },
	{ '4', "ipv4", NULL, "only IPv4 (with -6: both)", .set = set_inet },
	{ '6', "ipv6", NULL, "only IPv6", .set = set_inet6 },
	{ 'f', "family", "LIST", "address families: inet,inet6,unix,... or all", .set = set_family,
	  .brief = true, .values = VALUES_FAMILY },
	{ 0, "protocol", "LIST", "IP protocols: tcp,udp,mptcp,... or numbers", .set = set_protocol,
	  .values = VALUES_PROTOCOL },
	{ 'P', "port", "LIST", "remote ports: 443,8000-8999", CAN_PEER, .set = set_port,
	  .brief = true },
	{ 'a', "addr", "CIDR[,CIDR]", "remote addresses: 10.0.0.0/8,::1", CAN_PEER, .set = set_addr },
	{ 0, "cgroup", "PATH|ID", "only this cgroup (v2) and those below", .set = set_cgroup,
	  .values = VALUES_CGROUP },
	{ 0, "netns", "NS", "of this network namespace: inode, name, pid:PID", .set = set_netns,
	  .values = VALUES_NETNS },
	{ 'x', "failed", NULL, "only what failed", CAN_RESULT, .set = set_failed, .brief = true },
	{ 'e', "errno", "NAME[,NAME]", "only what failed so: ECONNREFUSED,ETIMEDOUT", CAN_RESULT,
	  .set = set_errno, .values = VALUES_ERRNO },
	{ 0, "min-lat", "USEC", "only what took as long, in microseconds", CAN_EVENTS,
	  .set = set_min_lat },
	{ 0, "final", NULL, "a row when a connection is decided, not before",
	  CAN_FINAL, .set = set_final, .brief = true },
	{ 0, "count", NULL, "instead of rows a summary, every INTERVAL", CAN_COUNT,
	  .set = set_count, .brief = true },
	{ 0, "compat", NULL, "also 32-bit callers; taxes every system call",
	  CAN_COMPAT, .set = set_compat },
	{ 0, "by", "KEY[,KEY]", "count by call, comm, pid, tid, uid, cgroup, ...",
	  CAN_BY, .set = set_by, .brief = true, .words = by_words },
	{ 0, "call", "LIST", "only accept,connect,bind,listen,socket,send,recv", CAN_BY,
	  .set = set_call, .brief = true, .words = call_words },
	{ 'U', "ustack", NULL, "and by the process's stack", CAN_BY, .set = set_ustack, .brief = true },
	{ 'K', "kstack", NULL, "and by the kernel's stack", CAN_BY, .set = set_kstack },
	{ 0, "top", "N", "only the N most frequent in each report", CAN_KEYS, .set = set_top },
	{ 'i', "interval", "SEC", "as INTERVAL: seconds between reports", .set = set_interval },
	{ 'd', "duration", "SEC", "end after so many seconds", .set = set_duration, .brief = true },
	{ 'n', "max-events", "N", "end after N rows", CAN_EVENTS, .set = set_max_events },
	{ 0, "bt", NULL, "print as the book's bpftrace script does", .set = set_bt },
	{ 'j', "json", NULL, "print NDJSON, a line per row", .set = set_json, .brief = true },
	{ 's', "csv", NULL, "print CSV", .set = set_csv },
	{ 0, "folded", NULL, "print stacks for flame graphs", CAN_BY, .set = set_folded },
	{ 0, "fields", "LIST", "print just these columns; \"help\" lists them", .set = set_fields,
	  .values = VALUES_FIELD },
	{ 'o', "output", "FILE", "write rows to FILE", .set = set_output, .values = VALUES_FILE },
	{ 'w', "wide", NULL, "full addresses and names, more columns", .set = set_wide,
	  .brief = true },
	{ 't', "timestamp", NULL, "seconds since the start before each row", CAN_EVENTS,
	  .set = set_start_stamp },
	{ 'T', "time", NULL, "HH:MM:SS before each row", CAN_EVENTS, .set = set_clock_stamp,
	  .brief = true },
	{ 0, "ts", "FORMAT", "iso, unix or mono, with nanoseconds", CAN_EVENTS, .set = set_ts,
	  .words = ts_words },
	{ 'H', "no-header", NULL, "no heading", .set = set_no_header },
	{ 'q', "quiet", NULL, "no banner, no warnings", .set = set_quiet },
	{ 0, "backend", "LIST", "only fentry, kprobe, tracepoint (default: any)",
	  .set = set_backend, .words = backend_words },
	{ 0, "map-size", "N", "room for N undecided calls or keys (default 16384)",
	  .set = set_map_size },
	{ 0, "strict", NULL, "fail when something can't be seen or was lost", .set = set_strict },
	{ 0, "user", "USER", "become USER once attached (sockray, or nobody)", .set = set_account,
	  .values = VALUES_USER },
	{ 0, "no-drop", NULL, "keep all rights after attaching, to debug", .set = set_no_drop },
	{ 0, "stats", NULL, "at the end: what it cost, in the kernel and here", .set = set_stats },
	{ 'v', "verbose", NULL, "hooks in use, libbpf's log, totals", .set = set_verbose },
	{ 'V', "version", NULL, "version", .set = NULL },
	{ 'h', "help", NULL, "this; -h: the main options on one screen", .set = NULL },
	{},
};

#define OPTIONS (sizeof(options) / sizeof(*options) - 1)

static void help_head(const struct tool *tool)
{
	printf("%s - %s\nUsage: %s [OPTIONS] [INTERVAL [COUNT]] [-- COMMAND [ARGS]]\n\n",
	       tool->name, tool->help, tool->name);
	printf("  %-26s ", "INTERVAL [COUNT]");
	if (tool->can & CAN_COUNT)
		puts("with --count: seconds between reports; how many");
	else if (tool->interval_ns)
		printf("seconds between reports (default %g); how many\n",
		       tool->interval_ns / 1e9);
	else
		puts("seconds between reports (without: one, at the end)");
}

static void help_option(const struct option_entry *o)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		 o->arg ? " " : "", o->arg ? o->arg : "");
	printf("  %-26s %s\n", left, o->help);
}

static void help_examples(const struct tool *tool)
{
	printf("\nExamples:\n");
	for (const char *const *e = tool->examples; e && *e; e += 2)
		printf("  %-39s %s\n", e[0], e[1]);
}

void option_brief_help(const struct tool *tool)
{
	help_head(tool);
	for (const struct option_entry *o = options; o->name; o++)
		if (o->brief && tool_can(tool, o))
			help_option(o);
	printf("      %-22s all options and columns; more in man 8 %s\n", "--help", tool->name);
	help_examples(tool);
}

static void help_columns(const struct table *table, const char *option)
{
	printf("\nColumns%s:\n", option);
	for_each_column(c, table)
		if (c->flags & (COL_TEXT | COL_WIDE))
			printf("  %-10s %s%s\n", c->title, c->help,
			       c->flags & COL_TEXT ? "" : " (-w)");
}

void option_help(const struct tool *tool)
{
	help_head(tool);
	for (const struct option_entry *o = options; o->name; o++)
		if (tool_can(tool, o))
			help_option(o);
	if (tool->note)
		printf("\n%s\n", tool->note);
	help_columns(tool->table, "");
	if (tool->by)
		help_columns(tool->by, " with --by");
	if (tool->count)
		help_columns(tool->count, " with --count");
	help_examples(tool);
}

static void fields_help(const struct table *t)
{
	for_each_column(c, t)
		if (!(c->flags & COL_HIDDEN))
			printf("%-16s %s\n", c->name, c->help);
}

static const struct option_entry *entry_of(int letter)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* What getopt_long needs, made from the table. */
static void getopt_tables(char *letters, struct option *longs)
{
	*letters++ = '+'; /* stop at the first word: INTERVAL, COUNT, COMMAND */
	*letters++ = ':'; /* tell a missing argument from an unknown option */
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_entry *o = &options[i];

		longs[i] = (struct option){ o->name, o->arg ? required_argument : no_argument,
					    NULL, 256 + i };
		if (!o->letter)
			continue;
		*letters++ = o->letter;
		if (o->arg)
			*letters++ = ':';
	}
	*letters = 0;
	longs[OPTIONS] = (struct option){};
}

/* The names of the tools that can do what O asks for. */
static void able_tools(struct buf *b, const struct option_entry *o)
{
	for_each_tool(t) {
		if (!tool_can(*t, o))
			continue;
		buf_str(b, b->len ? ", " : "");
		buf_str(b, (*t)->name);
	}
}

static void no_use(const struct tool *tool, const struct option_entry *o)
{
	char letter[] = { '-', o->letter, ',', ' ', '\0' };
	struct buf able = {};

	able_tools(&able, o);
	fail(0, "%s has no use for %s--%s, which is for %.*s", tool->name,
	     o->letter ? letter : "", o->name, (int)able.len, able.p);
	buf_free(&able);
}

/* WORD is no option, or the beginning of several. */
static void unknown_option(const struct tool *tool, const char *word)
{
	size_t len = strcspn(word, "=");
	struct suggestion near;
	struct buf all = {};

	suggest_for(&near, word + 2, len < 2 ? 0 : len - 2);
	for (const struct option_entry *o = options; o->name; o++) {
		if (!tool_can(tool, o))
			continue;
		suggest_word(&near, o->name);
		if (len < 3 || strncmp(o->name, word + 2, len - 2))
			continue;
		buf_str(&all, all.len ? ", --" : "--");
		buf_str(&all, o->name);
	}
	if (all.len)
		fail(0, "%.64s is cut too short: it may be %.*s", word, (int)all.len, all.p);
	else
		fail(0, "there is no option %.64s%s", word, suggest_end(&near, "--"));
	buf_free(&all);
}

/* -json is -j -s -o n: what was meant is told behind whatever was wrong with that. */
static int usage(char **argv)
{
	struct buf name = {};

	fputs("Try '", stderr);
	text_escape(&name, how_called(), strlen(how_called()));
	fprintf(stderr, "%.*s --help'.", (int)name.len, name.p);
	buf_free(&name);
	for (char **word = argv + 1; *word && strcmp(*word, "--"); word++)
		for (const struct option_entry *o = options; o->name; o++)
			if (**word == '-' && !strcmp(*word + 1, o->name))
				fprintf(stderr, " Long options have two dashes: --%s.", o->name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

/* INTERVAL [COUNT] */
static int word(struct run *run, const char *text, int nth)
{
	__u64 n = 0;

	if (nth == 0 && !strpbrk(text, "0123456789"))
		return bad("\"%.64s\" is no INTERVAL, a number of seconds; a command to run goes behind --",
			   text);
	if (nth == 0)
		return set_interval(run, text);
	if (nth == 1) {
		int err = parse_u64(text, 1, UINT64_MAX, &n);

		run->intervals = n;
		return err;
	}
	return bad("\"%.64s\" is too much: only INTERVAL and COUNT stand alone; "
			     "a command to run goes behind --", text);
}

#define STACKS_BY (BY_USTACK | BY_KSTACK)

/* What single options can't see. */
static int check(struct run *run)
{
	const struct tool *tool = run->tool;

	if (run->interval_ns && (tool->can & CAN_EVENTS) && !run->count)
		return bad("%s prints each event as it comes: INTERVAL needs --count (to end after a while: -d)",
			    tool->name);
	if (run->count && run->form == FORM_BT)
		return bad("--count has no form in the book: not with --bt");
	if (run->count && run->stamp)
		return bad("--count has no time per row: not with -t, -T or --ts");
	if (run->count && run->max_events)
		return bad("--count has no rows to count: not with -n");
	if (run->follow && !(run->conf.filters & FILTER_PID))
		return bad("--follow needs -p: whose descendants?");
	if (run->command && (run->form == FORM_JSON || run->form == FORM_CSV) && !run->output)
		return bad("with -- COMMAND, %s needs -o FILE, as stdout and stderr are the command's",
			    run->form == FORM_JSON ? "--json" : "--csv");
	if (run->command && (run->conf.filters & (FILTER_PID | FILTER_TID)))
		return bad("-- COMMAND traces that command: not with -p or --tid");
	if (run->form == FORM_FOLDED && !(run->conf.by & STACKS_BY))
		run->conf.by |= BY_USTACK;
	if (run->form == FORM_FOLDED && !(run->conf.by & ~STACKS_BY))
		run->conf.by |= BY_COMM;
	if ((run->conf.by & STACKS_BY) && !(run->conf.by & ~STACKS_BY))
		run->conf.by |= BY_CALL | BY_COMM; /* -U, -K */
	if (run->user_named && run->no_drop)
		return bad("--user and --no-drop: only one can be had at a time");
	if (run->top && !run_table(run)->keyed)
		return bad("--top needs --by: the most frequent of what?");
	if (run->fields && run->form == FORM_BT && (run_table(run)->keyed || run_table(run)->fixed))
		return bad("--bt has the book's own lines: not with --fields");
	if (run->conf.by && run->form == FORM_BT)
		return bad("--by has no form in the book: not with --bt");
	if (!run->interval_ns)
		run->interval_ns = tool->interval_ns;
	if (!run->conf.ops)
		run->conf.ops = (1U << OPS) - 1;
	if (run->follow) {
		run->conf.filters &= ~FILTER_PID;
		run->conf.filters |= FILTER_FOLLOW;
	}
	if (!(run->conf.filters & FILTER_FAMILY) && tool->families) {
		run->conf.filters |= FILTER_FAMILY;
		run->conf.families = tool->families;
	}
	/* all of them: nothing to ask the kernel half for */
	if (run->conf.families == UINT64_MAX)
		run->conf.filters &= ~FILTER_FAMILY;
	return 0;
}

int option_parse(struct run *run, const struct tool *tool, int argc, char **argv)
{
	char letters[3 * OPTIONS + 3];
	struct option longs[OPTIONS + 1];
	int words = 0;

	memset(run, 0, sizeof(*run));
	run->tool = tool;
	run->backends = (1U << BACKENDS) - 1;
	getopt_tables(letters, longs);
	opterr = 0;
	for (optind = 1; optind < argc;) {
		const struct option_entry *o;
		int before = optind, c = getopt_long(argc, argv, letters, longs, NULL);

		if (c == -1) {
			if (optind > before) { /* -- */
				run->command = argv + optind;
				if (!*run->command) {
					fail(0, "-- must be followed by a command");
					return usage(argv);
				}
				break;
			}
			if (word(run, argv[optind++], words++))
				return usage(argv);
			continue;
		}
		if (c == ':' || c == '?') {
			o = optopt >= 256 ? &options[optopt - 256] : entry_of(optopt);
			if (c == ':')
				fail(0, "%.64s needs its argument, %s", argv[optind - 1], o->arg);
			else if (optopt >= 256)
				fail(0, "--%s takes no argument", o->name);
			else if (optopt)
				fail(0, "there is no option -%c", optopt);
			else
				unknown_option(tool, argv[optind - 1]);
			return usage(argv);
		}
		o = c >= 256 ? &options[c - 256] : entry_of(c);
		if (o->letter == 'h') {
			(c == 'h' ? option_brief_help : option_help)(tool);
			return EXIT_OK;
		}
		if (o->letter == 'V') {
			printf("sockray %s\n", VERSION);
			return EXIT_OK;
		}
		if (!tool_can(tool, o)) {
			no_use(tool, o);
			return usage(argv);
		}
		if (o->set(run, optarg))
			return usage(argv);
	}
	if (run->fields && !strcmp(run->fields, "help")) {
		fields_help(run->count ? tool->count : run_table(run));
		return EXIT_OK;
	}
	if (check(run))
		return usage(argv);
	return -1;
}
