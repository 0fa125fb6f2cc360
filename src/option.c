/* SPDX-License-Identifier: GPL-2.0 */
/*
 * option.c - the options of all tools in one table: parsing and --help both read it. An option
 * that a tool can't honour is an error that says so.
 */
#include "option.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "live.h"
#include "parse.h"
#include "version.h"

/* A command line that can't be: the reason is the sentence, not an errno. */
#define bad(...) (fail(0, __VA_ARGS__), -EINVAL)

struct option_entry {
	int letter; /* 0: none */
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *help;
	unsigned can; /* CAN_* that the tool must have */
	int (*set)(struct run *run, const char *arg);
};

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

/* LIST: words of NAMES between commas, as the bits of their places. */
static int parse_words(const char *option, const char *list, const char *const *names,
		       __u32 *bits)
{
	do {
		size_t len = strcspn(list, ",");
		int i = 0;

		while (names[i] && (strlen(names[i]) != len || memcmp(names[i], list, len)))
			i++;
		if (!names[i])
			return bad("%s: there is no \"%.64s\"; see --help", option, list);
		*bits |= 1U << i;
		list += len;
	} while (*list++);
	return 0;
}

static int set_by(struct run *run, const char *arg)
{
	/* in the order of BY_ */
	static const char *const names[] = { "call", "comm",   "pid",	"tid",	    "uid",
					     "cgroup", "netns", "family", "protocol", "ustack",
					     "kstack", NULL };

	return parse_words("--by", arg, names, &run->conf.by);
}

static int set_call(struct run *run, const char *arg)
{
	/* in the order of OP_ */
	static const char *const names[] = { "accept", "connect", "bind", "listen",
					     "socket", "send",	  "recv", NULL };

	return parse_words("--call", arg, names, &run->conf.ops);
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
	do {
		size_t len = strcspn(arg, ",");
		int b = 0;

		while (b < BACKENDS && (strlen(backend_name(b)) != len ||
					memcmp(backend_name(b), arg, len)))
			b++;
		if (b == BACKENDS)
			return bad("--backend: \"%.64s\" is none of fentry, kprobe, tracepoint",
				    arg);
		run->backends |= 1U << b;
		arg += len;
	} while (*arg++);
	return 0;
}

static int set_ts(struct run *run, const char *arg)
{
	if (!strcmp(arg, "iso"))
		run->stamp = STAMP_ISO;
	else if (!strcmp(arg, "unix"))
		run->stamp = STAMP_UNIX;
	else if (!strcmp(arg, "mono"))
		run->stamp = STAMP_MONO;
	else
		return bad("--ts: \"%.64s\" is none of iso, unix, mono", arg);
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
FLAG(final, conf.final)

static const struct option_entry options[] = {
	{ 'p', "pid", "PID[,PID]", "only these processes", 0, set_pid },
	{ 0, "tid", "TID[,TID]", "only these threads", 0, set_tid },
	{ 0, "follow", NULL, "and all descendants of the processes of -p", 0, set_follow },
	{ 'c', "comm", "NAME", "only processes of this name; * and ? match", 0, set_comm },
	{ 'u', "uid", "USER", "only this user, by number or name", 0, set_uid },
	{ '4', "ipv4", NULL, "only IPv4 (with -6: both)", 0, set_inet },
	{ '6', "ipv6", NULL, "only IPv6", 0, set_inet6 },
	{ 'f', "family", "LIST", "address families: inet,inet6,unix,... or all", 0, set_family },
	{ 0, "protocol", "LIST", "IP protocols: tcp,udp,mptcp,... or numbers", 0, set_protocol },
	{ 'P', "port", "LIST", "remote ports: 443,8000-8999", CAN_PEER, set_port },
	{ 'a', "addr", "CIDR[,CIDR]", "remote addresses: 10.0.0.0/8,::1", CAN_PEER, set_addr },
	{ 0, "cgroup", "PATH|ID", "only this cgroup (v2) and those below", 0, set_cgroup },
	{ 0, "netns", "NS", "of this network namespace: inode, name, pid:PID",
	  0, set_netns },
	{ 'x', "failed", NULL, "only what failed", CAN_RESULT, set_failed },
	{ 'e', "errno", "NAME[,NAME]", "only what failed so: ECONNREFUSED,ETIMEDOUT", CAN_RESULT,
	  set_errno },
	{ 0, "min-lat", "USEC", "only what took as long, in microseconds", CAN_EVENTS,
	  set_min_lat },
	{ 0, "final", NULL, "a row when a connection is decided, not before",
	  CAN_FINAL, set_final },
	{ 0, "count", NULL, "instead of rows a summary, every INTERVAL", CAN_COUNT,
	  set_count },
	{ 0, "compat", NULL, "also 32-bit callers; taxes every system call",
	  CAN_COMPAT, set_compat },
	{ 0, "by", "KEY[,KEY]", "count by call, comm, pid, tid, uid, cgroup, ...",
	  CAN_BY, set_by },
	{ 0, "call", "LIST", "only accept,connect,bind,listen,socket,send,recv", CAN_BY,
	  set_call },
	{ 'U', "ustack", NULL, "and by the process's stack", CAN_BY, set_ustack },
	{ 'K', "kstack", NULL, "and by the kernel's stack", CAN_BY, set_kstack },
	{ 0, "top", "N", "only the N most frequent in each report", CAN_KEYS, set_top },
	{ 'i', "interval", "SEC", "as INTERVAL: seconds between reports", 0, set_interval },
	{ 'd', "duration", "SEC", "end after so many seconds", 0, set_duration },
	{ 'n', "max-events", "N", "end after N rows", CAN_EVENTS, set_max_events },
	{ 0, "bt", NULL, "print as the book's bpftrace script does", 0, set_bt },
	{ 'j', "json", NULL, "print NDJSON, a line per row", 0, set_json },
	{ 's', "csv", NULL, "print CSV", 0, set_csv },
	{ 0, "folded", NULL, "print stacks for flame graphs", CAN_BY, set_folded },
	{ 0, "fields", "LIST", "print just these columns; \"help\" lists them", 0, set_fields },
	{ 'o', "output", "FILE", "write rows to FILE", 0, set_output },
	{ 'w', "wide", NULL, "full addresses and names, more columns", 0, set_wide },
	{ 't', "timestamp", NULL, "seconds since the start before each row", CAN_EVENTS,
	  set_start_stamp },
	{ 'T', "time", NULL, "HH:MM:SS before each row", CAN_EVENTS, set_clock_stamp },
	{ 0, "ts", "FORMAT", "iso, unix or mono, with nanoseconds", CAN_EVENTS, set_ts },
	{ 'H', "no-header", NULL, "no heading", 0, set_no_header },
	{ 'q', "quiet", NULL, "no banner, no warnings", 0, set_quiet },
	{ 0, "backend", "LIST", "only fentry, kprobe, tracepoint (default: any)", 0,
	  set_backend },
	{ 0, "map-size", "N", "room for N undecided calls or keys (default 16384)", 0,
	  set_map_size },
	{ 0, "strict", NULL, "fail when something can't be seen or was lost", 0, set_strict },
	{ 0, "stats", NULL, "at the end: what it cost, in the kernel and here", 0, set_stats },
	{ 'v', "verbose", NULL, "hooks in use, libbpf's log, totals", 0, set_verbose },
	{ 'V', "version", NULL, "version", 0, NULL },
	{ 'h', "help", NULL, "this", 0, NULL },
};

#define OPTIONS (sizeof(options) / sizeof(*options))

static bool tool_can(const struct tool *tool, const struct option_entry *o)
{
	return !(o->can & ~tool->can);
}

void option_help(const struct tool *tool)
{
	printf("%s - %s\n\nUsage: %s [OPTIONS] [INTERVAL [COUNT]] [-- COMMAND [ARGS]]\n\n",
	       tool->name, tool->help, tool->name);
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_entry *o = &options[i];
		char left[64];

		if (!tool_can(tool, o))
			continue;
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
			 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-26s %s\n", left, o->help);
	}
	printf("\nColumns:\n");
	for_each_column(c, tool->table)
		if (c->flags & (COL_TEXT | COL_WIDE))
			printf("  %-10s %s%s\n", c->title, c->help,
			       c->flags & COL_TEXT ? "" : " (-w)");
	printf("\nExamples:\n");
	for (const char *const *e = tool->examples; e && *e; e += 2)
		printf("  %-39s %s\n", e[0], e[1]);
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

static int usage(const struct tool *tool)
{
	fprintf(stderr, "Try '%s --help'.\n", tool->name);
	return EXIT_USAGE;
}

/* INTERVAL [COUNT] */
static int word(struct run *run, const char *text, int nth)
{
	__u64 n = 0;

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
					return usage(tool);
				}
				break;
			}
			if (word(run, argv[optind++], words++))
				return usage(tool);
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
				fail(0, "there is no option %.64s, or it is cut too short",
				     argv[optind - 1]);
			return usage(tool);
		}
		o = c >= 256 ? &options[c - 256] : entry_of(c);
		if (o->letter == 'h') {
			option_help(tool);
			return EXIT_OK;
		}
		if (o->letter == 'V') {
			printf("sockray %s\n", VERSION);
			return EXIT_OK;
		}
		if (!tool_can(tool, o)) {
			if (c < 256)
				fail(0, "%s has no use for -%c, --%s", tool->name, c, o->name);
			else
				fail(0, "%s has no use for --%s", tool->name, o->name);
			return usage(tool);
		}
		if (o->set(run, optarg))
			return usage(tool);
	}
	if (run->fields && !strcmp(run->fields, "help")) {
		fields_help(run->count ? tool->count : run_table(run));
		return EXIT_OK;
	}
	if (check(run))
		return usage(tool);
	return -1;
}
