/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor.c - see doctor.h. For each point of each tool it tries each route alone, by the same code
 * that the tools use, and tells how far it came, what it doesn't see, which one a tool would take,
 * what stays unseen and what can be done about it. Tools that share a point share its lines: of the
 * second tool on only the route in use is tried, unless its programs fare otherwise there.
 */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <sys/utsname.h>

#include "live.h"
#include "version.h"

/* Of a route: missing, or what became of it. */
struct finding {
	bool there;  /* the point has such a route */
	bool exists; /* its hooks do, in this kernel */
	unsigned loses; /* route_loses */
	struct trial trial;
	struct buf blind; /* what it doesn't see, a line each */
};

/* A point, as one or several tools have it. */
struct spot {
	struct buf key;	  /* its programs and their hooks */
	struct buf tools; /* their names */
	const struct tool *tool;
	const struct point *point;
	struct finding findings[ROUTES];
	enum route used;
	bool needless; /* a 32-bit point whose operations are seen by their own */
};

struct doctor {
	struct btf *kernel; /* its types; NULL: there are none */
	struct spot *spots;
	size_t nspots;
	struct buf blind, advice; /* a line each */
	bool unable;		  /* nothing can be tried */
	int compat;		  /* runs_compat() */
};

static void add_line(struct buf *b, const char *line)
{
	size_t len = strlen(line);

	/* once is enough */
	for (size_t i = 0; i + len < b->len; i++)
		if (!memcmp(b->p + i, line, len) && b->p[i + len] == '\n' &&
		    (!i || b->p[i - 1] == '\n'))
			return;
	buf_str(b, line);
	buf_char(b, '\n');
}

static void add_lines(struct buf *b, const char *lines)
{
	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)len, lines);
		add_line(b, line);
		lines += len + !!lines[len];
	}
}

/* ------------------------------------------------------------------ examining */

/* Is there what a program with this section attaches to? */
static bool hook_exists(const struct doctor *d, const char *section)
{
	const char *name = strrchr(section, '/') + 1;
	char text[256];

	if (!strncmp(section, "tp/", 3)) {
		if (!tracefs_events())
			return false;
		snprintf(text, sizeof(text), "%s/%s", tracefs_events(), section + 3);
		return !access(text, F_OK);
	}
	if (!d->kernel)
		return false;
	if (!strncmp(section, "lsm/", 4)) {
		snprintf(text, sizeof(text), "bpf_lsm_%s", name);
		return btf__find_by_name_kind(d->kernel, text, BTF_KIND_FUNC) > 0;
	}
	if (strncmp(section, "raw_tp/", 7))
		return btf__find_by_name_kind(d->kernel, name, BTF_KIND_FUNC) > 0;
	snprintf(text, sizeof(text), "btf_trace_%s", name);
	return btf__find_by_name_kind(d->kernel, text, BTF_KIND_TYPEDEF) > 0;
}

/* Each part needs one variant that could attach. */
static bool route_exists(const struct doctor *d, const struct plan *plan,
			 const struct point *point, enum route r)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct candidate *c = &plan->list[i];
		bool any = false;

		if (c->point != point || c->route != r)
			continue;
		for (size_t j = 0; j < plan->n; j++)
			any |= same_part(c, &plan->list[j]) &&
			       hook_exists(d, plan->list[j].section);
		if (!any)
			return false;
	}
	return true;
}

static int examine_route(struct doctor *d, struct spot *s, struct plan *plan, enum route r)
{
	struct finding *f = &s->findings[r];
	struct run run = {
		.tool = s->tool,
		.backends = (1U << BACKENDS) - 1,
		.compat = true,
		.quiet = true,
		.conf = { .self = own_pid(), .ops = (1U << OPS) - 1, .filters = FILTER_FOLLOW }
	};

	for (size_t i = 0; i < plan->n; i++)
		f->there |= plan->list[i].point == s->point && plan->list[i].route == r;
	if (!f->there)
		return 0;
	f->exists = route_exists(d, plan, s->point, r);
	if (!f->exists)
		return 0;
	if (backend_try(&run, plan, s->point, r, &f->trial))
		return -1;
	if (f->trial.blind.len) {
		buf_char(&f->trial.blind, 0);
		add_lines(&f->blind, f->trial.blind.p);
	}
	f->loses = f->trial.struck == LEFT ? route_loses(plan, s->point, r) : 0;
	return 0;
}

/* Which route would a tool take? The plan with all findings applied says. */
static void choose_used(struct spot *s, struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct candidate *c = &plan->list[i];
		const struct finding *f = &s->findings[c->route];

		if (c->point == s->point)
			c->struck = f->exists ? f->trial.struck : NOT_ATTACHED;
	}
	s->used = plan_choose(plan, (1U << BACKENDS) - 1, s->point);
}

static void spot_free(struct spot *s)
{
	buf_free(&s->key);
	buf_free(&s->tools);
	for (int r = 0; r < ROUTES; r++) {
		buf_free(&s->findings[r].blind);
		buf_free(&s->findings[r].trial.blind);
		free(s->findings[r].trial.hooks);
	}
}

static void spot_key(struct spot *s, const struct plan *plan)
{
	buf_str(&s->key, s->point->name);
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->list[i].point != s->point)
			continue;
		buf_char(&s->key, ' ');
		buf_str(&s->key, plan->list[i].name);
		buf_char(&s->key, '=');
		buf_str(&s->key, plan->list[i].section);
	}
	buf_char(&s->key, 0);
}

/* A point with the same programs and hooks, of another tool, whose route does for `s`, too; or NULL. */
static int find_same(struct doctor *d, struct spot *s, struct plan *plan, struct spot **same)
{
	*same = NULL;
	for (size_t i = 0; !*same && i < d->nspots; i++) {
		struct spot *other = &d->spots[i];
		enum route r = other->used;

		if (strcmp(other->key.p, s->key.p))
			continue;
		/* the handlers behind them are the tool's own: does the kernel take those as well? */
		if (r != ROUTES && !s->findings[r].there && examine_route(d, s, plan, r))
			return -1;
		if (r == ROUTES || s->findings[r].trial.struck == other->findings[r].trial.struck)
			*same = other;
	}
	return 0;
}

static int examine_tool(struct doctor *d, const struct tool *tool)
{
	struct plan plan;
	int err = backend_plan(tool, &plan);

	for (const struct point *p = tool->points; !err && p->name; p++) {
		struct spot s = { .tool = tool, .point = p }, *same;

		spot_key(&s, &plan);
		err = find_same(d, &s, &plan, &same);
		if (same) {
			same->tools.len--;
			buf_char(&same->tools, ' ');
			buf_str(&same->tools, tool->name);
			buf_char(&same->tools, 0);
			spot_free(&s);
			continue;
		}
		buf_str(&s.tools, tool->name);
		buf_char(&s.tools, 0);
		for (int r = 0; !err && r < ROUTES; r++)
			if (!s.findings[r].there)
				err = examine_route(d, &s, &plan, r);
		choose_used(&s, &plan);
		d->spots = xrealloc(d->spots, (d->nspots + 1) * sizeof(s));
		d->spots[d->nspots++] = s;
	}
	plan_free(&plan);
	return err;
}

static bool has_tool(const struct spot *s, const char *name)
{
	const char *at = strstr(s->tools.p, name);

	return at && (at[strlen(name)] == ' ' || !at[strlen(name)]);
}

/* A 32-bit point is needless when its operations' own points are on routes that see those, too. */
static bool compat_seen(const struct doctor *d, const struct spot *compat)
{
	unsigned seen = 0;

	for (size_t i = 0; i < d->nspots; i++)
		if (has_tool(&d->spots[i], compat->tool->name) &&
		    d->spots[i].point->when != POINT_IF_COMPAT &&
		    route_sees_compat(d->spots[i].used))
			seen |= d->spots[i].point->ops;
	return !(compat->point->ops & ~seen);
}

static void advise_routes(struct doctor *d, const struct spot *s)
{
	char text[512];

	for (int r = 0; r < ROUTES; r++) {
		const struct finding *f = &s->findings[r];

		if (f->exists && f->trial.struck == NOT_PERMITTED)
			add_line(&d->advice, !may_trace()
						     ? "fentry: not permitted; run this as root"
						     : "fentry: not permitted, whatever the "
						       "capabilities: a kernel that isn't "
						       "locked down (lockdown=none) allows it");
	}
	if (s->used != ROUTES && s->findings[s->used].loses >= LOSES_ANY &&
	    s->findings[LSM].there && s->findings[LSM].trial.struck >= UNPROVEN) {
		snprintf(text, sizeof(text),
			 "%s: boot with bpf in the list of security modules (lsm=%s,bpf), "
			 "and none that went well is missed",
			 s->point->name, security_modules());
		add_line(&d->advice, text);
	}
	if (s->used == ROUTES && s->point->ops & (1 << OP_SEND | 1 << OP_RECV)) {
		snprintf(text, sizeof(text),
			 "%s: needs Linux 6.3, or a kernel that allows fentry", s->point->name);
		add_line(&d->advice, text);
	}
}

/* Of what a route loses. */
static bool only_failures(const struct finding *f)
{
	return f->loses && f->loses < LOSES_ANY;
}

static const char *losing_words(const struct finding *f)
{
	if (only_failures(f))
		return "; misses failures when every CPU is busy";
	return f->loses ? "; misses events when every CPU is busy" : "";
}

static void conclude(struct doctor *d)
{
	char text[512];

	for (size_t i = 0; i < d->nspots; i++) {
		struct spot *s = &d->spots[i];
		const struct point *p = s->point;
		const struct finding *f = &s->findings[s->used];
		bool compat = p->when == POINT_IF_COMPAT;

		s->needless = compat && compat_seen(d, s);
		if (compat && (s->needless || !d->compat))
			continue;
		snprintf(text, sizeof(text), "%s: %s", s->tools.p,
			 p->words ? p->words : p->name);
		if (compat) {
			add_line(&d->blind, text);
			add_line(&d->advice,
				 s->used == ROUTES
					 ? "32-bit programs: a kernel that allows fentry shows "
					   "them"
					 : "32-bit programs: --compat shows them, and makes "
					   "each system call of the host a little slower");
		} else if (s->used == ROUTES) {
			add_line(&d->blind, text);
		} else if (f->loses) {
			snprintf(text, sizeof(text),
				 "%s: %s: some%s, when every CPU is busy; they are counted as "
				 "missed",
				 s->tools.p, p->name, only_failures(f) ? " that failed" : "");
			add_line(&d->blind, text);
			if (kernel_here()->version < KERNEL(7, 0))
				add_line(&d->advice,
					 "misses: boot with preempt=voluntary, none or lazy");
		}
		advise_routes(d, s);
	}
	if (!tracefs_events())
		add_line(&d->advice,
			 "tracefs: mount it: mount -t tracefs tracefs /sys/kernel/tracing");
}

/* ------------------------------------------------------------------ telling */

/* True of every host. */
static const char never[] =
	"connections of the kernel's own sockets (NFS, CIFS ...), and MPTCP's subflows\n"
	"calls that seccomp turned away before they began\n"
	"splice(2) from a TCP socket, as a receive\n"
	"io_uring requests without a completion\n"
	"what the hardware or another kernel (a virtual machine) does\n";

static const char *misses_counted(void)
{
	const struct kernel *k = kernel_here();

	if (k->version >= KERNEL(6, 7))
		return "yes";
	return k->version >= KERNEL(5, 12) ? "not of perf's tracepoints and kprobes" : "no";
}

static const char *namespace_words(const char *kind, const char *meaning)
{
	static char text[256];

	switch (in_host_namespace(kind)) {
	case 1:
		return "the host's";
	case 0:
		snprintf(text, sizeof(text), "not the host's: %s", meaning);
		return text;
	}
	return "unknown: there is no /proc";
}

static const char *outcome(const struct finding *f)
{
	if (!f->exists)
		return "does not exist";
	if (f->trial.struck != LEFT)
		return struck_words(f->trial.struck);
	return f->trial.untested ? "attaches" : "fires";
}

static void print_lines(const char *heading, const char *indent, const struct buf *b)
{
	if (!b->len)
		return;
	fputs(heading, stdout);
	for (size_t i = 0; i < b->len;) {
		size_t len = (char *)memchr(b->p + i, '\n', b->len - i) - (b->p + i);

		printf("%s%.*s\n", indent, (int)len, b->p + i);
		i += len + 1;
	}
}

static void print_text(const struct doctor *d)
{
	const struct kernel *k = kernel_here();
	struct buf all = {};

	printf("kernel        %s, preempt %s\n", k->release, preempt_name(k->preempt));
	printf("BTF           %s\n", d->kernel ? "yes" : "no");
	printf("tracefs       %s\n", tracefs_events()                       ? "mounted" :
				     access("/sys/kernel/tracing", X_OK) && errno == EACCES ?
					     "not readable" :
					     "not mounted");
	printf("lockdown      %s\n", *lockdown() ? lockdown() : "unknown");
	printf("capabilities  %s\n", may_trace() ? "enough" : "not enough");
	printf("user ns       %s\n",
	       namespace_words("user", "capabilities of this one don't count"));
	printf("misses        counted: %s\n", misses_counted());
	printf("32-bit        %s\n", d->compat > 0 ? "programs run" :
				     d->compat ? "unknown: none could be tried" :
						 "programs can't run");
	/* processes in containers are seen as all others are; in one, we know other numbers */
	printf("pid ns        %s\n",
	       namespace_words("pid", "no -p, --tid, --follow, -- COMMAND; all pids shown are "
				      "the host's"));
	if (d->unable) {
		printf("\nNothing can be traced: an empty screen would mean nothing.\n");
		return;
	}
	for (size_t i = 0; i < d->nspots; i++) {
		const struct spot *s = &d->spots[i];

		printf("\n%s (%s)%s\n", s->point->name, s->tools.p,
		       s->needless ? ": not needed here" : "");
		for (int r = 0; r < ROUTES; r++) {
			const struct finding *f = &s->findings[r];

			if (!f->there)
				continue;
			printf("  %c %-10s %s", (int)s->used == r && !s->needless ? '*' : ' ',
			       route_name(r), outcome(f));
			if (f->trial.untested)
				printf("; whether it fires can't be tested: %s",
				       f->trial.untested);
			printf("%s\n", losing_words(f));
			if (f->trial.hooks)
				printf("               %s\n", f->trial.hooks);
			print_lines("", "               not seen: ", &f->blind);
		}
	}
	add_lines(&all, never);
	print_lines("\nNo sockray shows\n", "  ", &all);
	buf_free(&all);
	printf("\nAn empty screen means that nothing happened%s\n",
	       d->blind.len ? ", save, on this host" : ".");
	print_lines("", "  ", &d->blind);
	if (k->version < KERNEL(6, 7))
		printf("What this kernel itself drops, it does not count (misses, above).\n");
	print_lines("\nWhat to do\n", "  ", &d->advice);
}

static void json_text(struct buf *b, const char *key, const char *text)
{
	buf_char(b, '"');
	buf_str(b, key);
	buf_str(b, "\":");
	if (text)
		json_string(b, text, strlen(text));
	else
		buf_str(b, "null");
}

static void json_truth(struct buf *b, const char *key, int truth)
{
	buf_str(b, ",\"");
	buf_str(b, key);
	buf_str(b, truth < 0 ? "\":null" : truth ? "\":true" : "\":false");
}

/* Words as an array: split at SEPARATOR. */
static void json_list(struct buf *b, const char *key, const char *words, size_t len,
		      char separator)
{
	const char *comma = "";

	buf_str(b, ",\"");
	buf_str(b, key);
	buf_str(b, "\":[");
	for (size_t i = 0, n; i < len; i += n + 1) {
		const char *end = memchr(words + i, separator, len - i);

		n = end ? (size_t)(end - words) - i : len - i;
		buf_str(b, comma);
		json_string(b, words + i, n);
		comma = ",";
	}
	buf_char(b, ']');
}

static void json_finding(struct buf *b, const struct spot *s, enum route r)
{
	const struct finding *f = &s->findings[r];
	enum struck struck = f->trial.struck;
	bool loads = f->exists && struck != NOT_PERMITTED && struck != NOT_LOADED;
	bool attaches = loads && struck != NOT_ATTACHED;

	buf_char(b, '{');
	json_text(b, "route", route_name(r));
	json_truth(b, "used", s->used == r && !s->needless);
	json_truth(b, "exists", f->exists);
	json_truth(b, "loads", f->exists ? loads : -1);
	json_truth(b, "attaches", loads ? attaches : -1);
	json_truth(b, "fires",
		   !attaches || f->trial.untested || struck == UNPROVEN ? -1 : struck == LEFT);
	json_truth(b, "loses", attaches && struck == LEFT ? !!f->loses : -1);
	json_truth(b, "loses_only_failures",
		   attaches && struck == LEFT ? only_failures(f) : -1);
	buf_char(b, ',');
	json_text(b, "outcome", outcome(f));
	buf_char(b, ',');
	json_text(b, "untested", f->trial.untested);
	buf_char(b, ',');
	json_text(b, "hooks", f->trial.hooks);
	json_list(b, "not_seen", f->blind.p, f->blind.len, '\n');
	buf_char(b, '}');
}

static void print_json(const struct doctor *d, int code)
{
	const struct kernel *k = kernel_here();
	struct utsname host;
	struct buf b = {};
	const char *comma;

	uname(&host);
	buf_str(&b, "{\"type\":\"doctor\",\"v\":1,");
	json_text(&b, "version", VERSION);
	buf_char(&b, ',');
	json_text(&b, "host", host.nodename);
	buf_char(&b, ',');
	json_text(&b, "kernel", k->release);
	buf_char(&b, ',');
	json_text(&b, "preempt", k->preempt ? preempt_name(k->preempt) : NULL);
	json_truth(&b, "btf", !!d->kernel);
	json_truth(&b, "tracefs", !!tracefs_events());
	buf_char(&b, ',');
	json_text(&b, "lockdown", *lockdown() ? lockdown() : NULL);
	json_truth(&b, "capabilities", may_trace());
	buf_char(&b, ',');
	json_text(&b, "misses_counted", misses_counted());
	json_truth(&b, "compat", d->compat);
	json_truth(&b, "host_user_namespace", in_host_namespace("user"));
	json_truth(&b, "host_pid_namespace", in_host_namespace("pid"));
	buf_str(&b, ",\"points\":[");
	for (size_t i = 0; !d->unable && i < d->nspots; i++) {
		const struct spot *s = &d->spots[i];

		buf_str(&b, i ? ",{" : "{");
		json_text(&b, "point", s->point->name);
		json_list(&b, "tools", s->tools.p, s->tools.len - 1, ' ');
		json_truth(&b, "needed", !s->needless);
		buf_char(&b, ',');
		json_text(&b, "used",
			  s->used == ROUTES || s->needless ? NULL : route_name(s->used));
		buf_str(&b, ",\"routes\":[");
		comma = "";
		for (int r = 0; r < ROUTES; r++) {
			if (!s->findings[r].there)
				continue;
			buf_str(&b, comma);
			json_finding(&b, s, r);
			comma = ",";
		}
		buf_str(&b, "]}");
	}
	buf_char(&b, ']');
	json_list(&b, "never", never, sizeof(never) - 2, '\n');
	json_list(&b, "blind", d->blind.p, d->blind.len, '\n');
	json_list(&b, "advice", d->advice.p, d->advice.len, '\n');
	buf_str(&b, ",\"exit\":");
	buf_i64(&b, code);
	buf_str(&b, "}\n");
	fwrite(b.p, 1, b.len, stdout);
	buf_free(&b);
}

static int help(void)
{
	puts("sockray doctor - what this host lets the tools see\n\n"
	     "Usage: sockray doctor [-j]\n\n"
	     "For each point of a socket's life it tries each route: does it exist, load, "
	     "attach and\n"
	     "fire, does it lose events on this kernel, what does it not see; and which one is "
	     "used.\n"
	     "  -j, --json   one JSON object\n"
	     "Exit code: 0 all is seen, 1 something isn't, 77 nothing works here");
	return EXIT_OK;
}

int doctor(int argc, char **argv)
{
	struct doctor d = {};
	bool json = false;
	int code;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return help();
		if (strcmp(argv[i], "-j") && strcmp(argv[i], "--json")) {
			if (argv[i][0] == '-')
				fail(0, "doctor: there is no option \"%s\"; -h shows them", argv[i]);
			else
				fail(0, "doctor takes no \"%s\": it tells of all tools at once",
				     argv[i]);
			return EXIT_USAGE;
		}
		json = true;
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "Each route of each tool is tried: that takes some seconds ...\n");
	d.compat = runs_compat();
	d.kernel = btf__load_vmlinux_btf();
	for_each_tool(t)
		if (!d.unable && examine_tool(&d, *t))
			d.unable = true; /* which was told */
	if (!d.unable)
		conclude(&d);
	code = d.unable ? EXIT_UNABLE : d.blind.len ? EXIT_ERROR : EXIT_OK;
	if (json)
		print_json(&d, code);
	else
		print_text(&d);
	for (size_t i = 0; i < d.nspots; i++)
		spot_free(&d.spots[i]);
	free(d.spots);
	buf_free(&d.blind);
	buf_free(&d.advice);
	btf__free(d.kernel);
	return code;
}
