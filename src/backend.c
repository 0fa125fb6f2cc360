/* SPDX-License-Identifier: GPL-2.0 */
/*
 * backend.c - from the programs in a tool's object to attached ones, by the routes of plan.h.
 *
 * Loading and attaching are the probe (exists.c only spares what plainly can't): a program that
 * the kernel refuses is struck out, and all is tried again without it, until every point that the
 * tool needs has a route, or none is left.
 */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include "exists.h"
#include "follow.h"
#include "prod.h"
#include "types.h"

static struct buf libbpf_log;

#define RING_MOST (4 * 1024 * 1024)

/* Of a long message, the verifier's log, the last lines say what was wrong. */
#define LOG_HEAD 512
#define LOG_TAIL 3584

static int keep_log(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text;
	int len;

	if (level == LIBBPF_DEBUG)
		return 0; /* thousands of lines about relocations */
	if (strstr(format, "missing .BTF.ext line info"))
		return 0; /* of each program: bpf/slim.c */
	len = vasprintf(&text, format, args);
	if (len < 0)
		out_of_memory();
	if (len > LOG_HEAD + LOG_TAIL) {
		buf_add(&libbpf_log, text, LOG_HEAD);
		buf_str(&libbpf_log, "\n...\n");
		buf_add(&libbpf_log, text + len - LOG_TAIL, LOG_TAIL);
	} else {
		buf_add(&libbpf_log, text, (size_t)len);
	}
	free(text);
	return len;
}

static void print_log(void)
{
	for (size_t i = 0; i < libbpf_log.len;) {
		const char *line = libbpf_log.p + i, *end;
		struct buf out = {};

		end = memchr(line, '\n', libbpf_log.len - i);
		size_t len = end ? (size_t)(end - line) : libbpf_log.len - i;

		text_escape(&out, line, len);
		fprintf(stderr, "  %.*s\n", (int)out.len, out.p ? out.p : "");
		buf_free(&out);
		i += len + 1;
	}
	libbpf_log.len = 0;
}

static bool point_wanted(const struct run *run, const struct point *p)
{
	switch (p->when) {
	case POINT_IF_COMPAT:
		return run->compat && run->conf.ops & p->ops;
	case POINT_IF_FOLLOW:
		return run->conf.filters & FILTER_FOLLOW;
	case POINT_IF_OP:
	case POINT_HELPS_OP:
		return run->conf.ops & p->ops;
	default:
		return true;
	}
}

/* Choose each point's route, among what is left. */
static void choose_all(struct live *live, const struct plan *plan)
{
	const struct run *run = live->run;

	live->compat_ops = 0;
	for (size_t i = 0; i < live->npoints; i++) {
		struct live_point *p = &live->points[i];

		p->wanted = point_wanted(run, p->point);
		p->route = plan_choose(plan, run->backends, p->point);
		/* these functions serve both kinds of callers */
		if (p->wanted && route_sees_compat(p->route))
			live->compat_ops |= p->point->ops;
	}
	for (size_t i = 0; i < live->npoints; i++) {
		struct live_point *p = &live->points[i];
		unsigned ops = p->point->ops & run->conf.ops;

		/*
		 * nobody asks for its operations; or their own points see 32-bit calls, too, or
		 * there are none
		 */
		p->needless = p->point->ops &&
			      (!ops || (p->point->when == POINT_IF_COMPAT &&
					(!(ops & ~live->compat_ops) ||
					 (!live->all_points && !runs_compat()))));
		if (p->needless)
			p->wanted = false;
	}
}

bool live_blind(const struct live_point *p)
{
	return p->point->blind && !p->hooks && !p->needless;
}

/* ------------------------------------------------------------------ what went wrong */

/* One sentence that says what is missing and what to do: the likeliest cause first. */
static void explain(const char *what, int err)
{
	const struct kernel *kernel = kernel_here();

	if (kernel->version < KERNEL(5, 8))
		fail(0, "%s: this kernel is %s; 5.10 or later is needed", what,
		     kernel->release);
	else if (!in_host_namespace("user"))
		fail(0,
		     "%s: not permitted inside a user namespace (a container without privileges), whatever its root may do; run it on the host",
		     what);
	else if (!may_trace())
		fail(0, "%s: not permitted; run it as root (sudo), or give it CAP_BPF and CAP_PERFMON",
		     what);
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		fail(0,
		     "%s: this kernel has no BTF (/sys/kernel/btf/vmlinux); it must be built with CONFIG_DEBUG_INFO_BTF=y",
		     what);
	else if (!strcmp(lockdown(), "confidentiality"))
		fail(0,
		     "%s: the kernel is locked down (confidentiality), which forbids tracing; boot with lockdown=integrity or none",
		     what);
	else if (!tracefs_events())
		fail(0,
		     "%s: tracefs is not mounted; mount it: mount -t tracefs tracefs /sys/kernel/tracing",
		     what);
	else if (err == -EPERM && kernel->version < KERNEL(5, 11))
		fail(0,
		     "%s: not permitted; on this kernel the locked memory limit must be raised first: ulimit -l unlimited",
		     what);
	else if (err == -EPERM || err == -EACCES)
		fail(0,
		     "%s: the kernel refused; running inside a container or a user namespace, or kernel.perf_event_paranoid without CAP_SYS_ADMIN, does this (-v shows more)",
		     what);
	else if (err == -E2BIG)
		fail(0,
		     "%s: the kernel takes no more programs there (64 at a tracepoint, 38 at a function); end other tracers, which bpftool prog shows",
		     what);
	else
		fail(err, "%s: the kernel refused (-v shows why)", what);
}

/* ------------------------------------------------------------------ load and attach */

void backend_stop(struct live *live)
{
	live_detach(live);
	if (live->tally)
		munmap(live->tally, live->tally_len);
	if (live->ctl)
		munmap(live->ctl, sizeof(*live->ctl));
	if (live->counts)
		munmap(live->counts, live->counts_len);
	live->tally = NULL;
	live->ctl = NULL;
	live->counts = NULL;
	for (size_t i = 0; i < live->nprograms; i++) {
		free(live->programs[i].hook);
		if (live->programs[i].fdinfo >= 0)
			close(live->programs[i].fdinfo);
	}
	free(live->programs);
	live->programs = NULL;
	live->nprograms = 0;
	for (size_t i = 0; i < live->npoints; i++) {
		free(live->points[i].hooks);
		live->points[i].hooks = NULL;
	}
	bpf_object__close(live->obj);
	live->obj = NULL;
}

/* Is there a program on a trampoline (fentry, LSM), and does this kernel preempt those? */
static bool may_be_preempted(const struct live *live)
{
	enum preempt p = kernel_here()->preempt;

	for (size_t i = 0; i < live->npoints; i++)
		if (live->points[i].wanted &&
		    (live->points[i].route == FENTRY || live->points[i].route == LSM))
			return p != PREEMPT_NONE && p != PREEMPT_VOLUNTARY;
	return false;
}

static void size_map(const struct live *live, const char *name, size_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(live->obj, name);

	if (map)
		bpf_map__set_max_entries(map, entries);
}

/* Room for each key to come once; what is read while we run is mapped twice, and counts as ours. */
static size_t ring_for_keys(const struct table *table, size_t keys)
{
	size_t need = keys * (BPF_RINGBUF_HDR_SZ + sizeof(struct new_key) + table->key_size);

	return need < RING_MOST ? need : RING_MOST;
}

/*
 * A hash has all its memory from the start (sofamily's had 20 MiB in all), which in a program that
 * traces is the safe way on old kernels, and in a cgroup whose memory is full of files: those aren't
 * given back for an entry. Those that few hosts fill take it as they need it, where they can, and those
 * that this run doesn't use have none.
 */
static void size_maps(const struct live *live, bool storage)
{
	static const char *const lazy[] = { "calls",	"conns",       "uring_accepting",
					    "requests", "interrupted", "followed" };
	bool may = exists_lazy_maps();
	const struct run *run = live->run;
	const struct table *table = run_table(run);
	struct bpf_map *map;

	for (const char *const *name = run->tool->maps; run->map_size && *name; name++)
		size_map(live, *name, run->map_size);
	size_map(live, "tally", live->cpus);
	if (run->tool->table->fixed)
		size_map(live, "fixed", run->tool->table->fixed->n * live->cpus);
	if (table->fixed) {
		size_map(live, "keys", 1);
		size_map(live, "claimed", 1);
		size_map(live, "counts", 1);
		size_map(live, table->name, getpagesize());
	}
	if (run->conf.filters & FILTER_FOLLOW)
		size_map(live, "followed", 65536);
	if (run->conf.by & (BY_USTACK | BY_KSTACK)) {
		size_map(live, "stack_buffers", live->cpus * STACK_BUFFERS);
		size_map(live, "stack_buffers_taken", live->cpus * STACK_BUFFERS);
		size_map(live, "stacks", run->map_size ? run->map_size : STACKS);
	} else if (table->keyed) {
		map = bpf_object__find_map_by_name(live->obj, "keys");
		size_map(live, table->name, ring_for_keys(table, bpf_map__max_entries(map)));
	}
	if (storage)
		size_map(live, "accepting", 1);
	if (!run->conf.final)
		size_map(live, "half", 1);
	for (size_t i = 0; may && i < sizeof(lazy) / sizeof(*lazy); i++) {
		map = bpf_object__find_map_by_name(live->obj, lazy[i]);
		/* without storage the records of all calls are in one, by --final all conns in the other */
		if (!map || (!storage && !strcmp(lazy[i], "calls")) ||
		    (run->conf.final && !strcmp(lazy[i], "conns")))
			continue;
		bpf_map__set_map_flags(map, BPF_F_NO_PREALLOC);
	}
}

/* Sizes, constants and programs: all that is settled before the load. */
static int prepare(struct live *live, const struct plan *plan)
{
	const struct run *run = live->run;
	struct conf conf = run->conf;
	struct bpf_map *map;

	choose_all(live, plan);
	conf.cpus = live->cpus;
	conf.compat_ops = live->compat_ops;
	conf.storage = exists_thread_storage(may_be_preempted(live));
	bpf_object__for_each_map(map, live->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_TASK_STORAGE)
			bpf_map__set_autocreate(map, conf.storage);
	map = bpf_object__find_map_by_name(live->obj, ".rodata.conf");
	if (!map || bpf_map__set_initial_value(map, &conf, sizeof(conf)))
		return fail(-EINVAL, "%s: its object has no settings of the right size",
			    run->tool->name);
	size_maps(live, conf.storage);
	for (size_t i = 0; i < live->npoints; i++) {
		const struct live_point *p = &live->points[i];

		for (size_t j = 0; j < plan->n; j++) {
			const struct candidate *c = &plan->list[j];

			if (c->point == p->point)
				bpf_program__set_autoload(
					bpf_object__find_program_by_name(live->obj, c->name),
					p->wanted && !c->struck && c->route == p->route);
		}
	}
	return 0;
}

static bool is_trampoline(const struct candidate *c)
{
	return !strncmp(c->section, "fentry/", 7) || !strncmp(c->section, "fexit/", 6) ||
	       !strncmp(c->section, "lsm/", 4);
}

/*
 * libbpf tells which program it was only in its log. Where one by fentry isn't permitted, none
 * is, nor by LSM: the others need not be tried.
 */
static bool strike_refused(struct plan *plan, int err)
{
	bool any = false, forbidden = false;

	/* as a string, without the end becoming a part of it */
	*buf_room(&libbpf_log, 1) = 0;
	for (size_t i = 0; i < plan->n; i++) {
		struct candidate *c = &plan->list[i];
		char text[128];

		snprintf(text, sizeof(text), "prog '%s': failed to load", c->name);
		if (!c->struck && strstr(libbpf_log.p, text)) {
			c->struck = NOT_LOADED;
			any = true;
			forbidden |= err == -EPERM && is_trampoline(c);
		}
	}
	for (size_t i = 0; forbidden && i < plan->n; i++)
		if (is_trampoline(&plan->list[i]))
			plan->list[i].struck = NOT_PERMITTED;
	return any;
}

/* "tp/syscalls/sys_enter_connect" -> "tracepoint:syscalls:sys_enter_connect" */
static char *hook_name(struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);
	struct buf b = {};

	if (!strncmp(section, "tp/", 3)) {
		buf_str(&b, "tracepoint/");
		section += 3;
	}
	buf_str(&b, section);
	buf_char(&b, 0);
	for (char *p = b.p; *p; p++)
		if (*p == '/')
			*p = ':';
	return b.p;
}

static void add_hook(struct live_point *p, const char *hook)
{
	struct buf b = {};

	if (p->hooks) {
		buf_str(&b, p->hooks);
		buf_char(&b, '+');
	}
	buf_str(&b, hook);
	buf_char(&b, 0);
	free(p->hooks);
	p->hooks = b.p;
}

static int open_fdinfo(int program)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", program);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/*
 * Attach each part of a point. Variants of a part that are not needed any more are unloaded.
 * 0; or the error, with the parts struck for which nothing attached.
 */
static int attach_point(struct live *live, struct plan *plan, struct live_point *p)
{
	size_t first = live->nprograms;
	int err = 0;

	for (size_t i = 0; i < plan->n && !err; i++) {
		struct candidate *c = &plan->list[i];
		struct bpf_program *prog;
		struct program *done;
		bool attached = false;

		if (c->point != p->point || c->route != p->route || c->struck)
			continue;
		for (size_t j = first; j < live->nprograms; j++)
			attached |= !strncmp(live->programs[j].name, c->name, c->part + 2);
		prog = bpf_object__find_program_by_name(live->obj, c->name);
		if (!attached) {
			struct bpf_link *link = bpf_program__attach(prog);

			if (link) {
				live->programs = xrealloc(live->programs, (live->nprograms + 1) *
									  sizeof(*done));
				done = &live->programs[live->nprograms++];
				*done = (struct program){
					.name = bpf_program__name(prog),
					.point = p->point,
					.hook = hook_name(prog),
					.prog = prog,
					.link = link,
					.fdinfo = open_fdinfo(bpf_program__fd(prog)),
					.perf = bpf_program__type(prog) ==
							BPF_PROG_TYPE_TRACEPOINT ||
						bpf_program__type(prog) == BPF_PROG_TYPE_KPROBE,
				};
				continue;
			}
			err = -errno;
			live->refusal = err;
			c->struck = NOT_ATTACHED;
			/* another variant of the part? */
			for (size_t j = 0; j < plan->n; j++)
				if (same_part(c, &plan->list[j]) && !plan->list[j].struck)
					err = 0;
		}
		bpf_program__unload(prog);
	}
	for (size_t j = first; !err && j < live->nprograms; j++)
		add_hook(p, live->programs[j].hook);
	return err;
}

static void strike(struct plan *plan, const char *name, enum struck why)
{
	for (size_t i = 0; i < plan->n; i++)
		if (!strcmp(plan->list[i].name, name))
			plan->list[i].struck = why;
}

/* Did every program of this point run? */
static bool all_fired(const struct live *live, const struct point *point)
{
	for (size_t i = 0; i < live->nprograms; i++)
		if (live->programs[i].point == point && !live_runs(&live->programs[i]))
			return false;
	return true;
}

/*
 * Does all that is attached fire? It may be of a function that nobody calls any more, or that
 * the compiler made a part of its callers; or of an LSM hook, where the kernel's list of LSMs
 * (lsm=) has no bpf, which is so likely that those must prove it. 0; or -EAGAIN, with the silent
 * programs struck.
 */
static int check_fires(struct live *live, struct plan *plan)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME), err = 0;

	for (size_t i = 0; i < live->npoints; i++) {
		struct live_point *p = &live->points[i];

		if (!p->hooks)
			continue;
		/* a single call may be missed: kernels skip programs beside others on this CPU */
		for (int tries = 0; tries < 3; tries++) {
			p->untested = stats < 0 ? "the kernel keeps no statistics for us"
						: prod(p->point->name);
			if (p->untested || all_fired(live, p->point))
				break;
		}
		if (!p->untested && !all_fired(live, p->point))
			p->untested = prod_really(p->point->name);
		for (size_t j = 0; j < live->nprograms; j++) {
			struct program *program = &live->programs[j];
			bool lsm = bpf_program__type(program->prog) == BPF_PROG_TYPE_LSM;

			if (program->point != p->point ||
			    (p->untested ? !lsm : live_runs(program) != 0))
				continue;
			strike(plan, program->name, p->untested ? UNPROVEN : SILENT);
			err = -EAGAIN;
		}
	}
	if (live->ctl->nested) {
		strike(plan, "send_uring__fentry", TWICE);
		err = -EAGAIN;
	}
	if (stats >= 0)
		close(stats);
	return err;
}

static int follow(struct live *live)
{
	const struct conf *conf = &live->run->conf;

	if (!(conf->filters & FILTER_FOLLOW))
		return 0;
	return follow_start(bpf_object__find_map_fd_by_name(live->obj, "followed"), conf->pids,
			    conf->npids, live->run->follow);
}

static void *map_array(struct live *live, const char *name, size_t len, int prot)
{
	int fd = bpf_object__find_map_fd_by_name(live->obj, name);
	void *p = mmap(NULL, len, prot, MAP_SHARED, fd, 0);

	if (p != MAP_FAILED)
		return p;
	fail(-errno, "can't map the array \"%s\"", name);
	return NULL;
}

/* What both halves write and read while the tool runs. */
static int map_shared(struct live *live)
{
	const struct table *table = run_table(live->run);
	struct bpf_map *map;

	live->tally_len = live->cpus * sizeof(*live->tally);
	live->tally = map_array(live, "tally", live->tally_len, PROT_READ);
	live->ctl = map_array(live, ".data.ctl", sizeof(*live->ctl), PROT_READ | PROT_WRITE);
	if (!live->tally || !live->ctl)
		return EXIT_ERROR;
	if (!table->keyed && !table->fixed)
		return 0;
	map = bpf_object__find_map_by_name(live->obj, table->keyed ? "counts" : "fixed");
	live->counts_len = bpf_map__max_entries(map) * sizeof(*live->counts);
	live->counts = map_array(live, bpf_map__name(map), live->counts_len, PROT_READ);
	return live->counts ? 0 : EXIT_ERROR;
}

static struct bpf_object *open_half(const struct tool *tool, const struct filled *half)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = tool->name,
		    .btf_custom_path = *half->btf ? half->btf : NULL);

	return bpf_object__open_mem(half->object, half->size, &opts);
}

/*
 * One try, with the object as it was opened: 0; -EAGAIN after something was struck; another error is
 * final, already told.
 */
static int try_once(struct live *live, struct plan *plan)
{
	int err;

	if (!live->obj) {
		err = -errno;
		explain("can't start", err);
		return err;
	}
	err = prepare(live, plan);
	if (err)
		return err;
	err = bpf_object__load(live->obj);
	if (err) {
		live->refusal = err;
		if (strike_refused(plan, err))
			return -EAGAIN;
		explain("can't start", err);
		return err;
	}
	if (map_shared(live))
		return -ENOMEM;
	err = follow(live);
	if (err)
		return err;
	for (size_t i = 0; i < live->npoints; i++) {
		struct live_point *p = &live->points[i];

		if (!p->wanted || p->route == ROUTES)
			continue;
		err = attach_point(live, plan, p);
		if (err)
			return -EAGAIN;
	}
	err = check_fires(live, plan);
	if (err)
		return err;
	return follow(live);
}

/* What the program's source says of it with this mark, a line each, from the object's BTF. */
static char *tags_of(const struct btf *btf, const char *program, const char *mark)
{
	int func = btf ? btf__find_by_name_kind(btf, program, BTF_KIND_FUNC) : -1;
	struct buf b = {};

	for (__u32 id = 1; func > 0 && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *text = btf__name_by_offset(btf, t->name_off);

		if (!btf_is_decl_tag(t) || (int)t->type != func ||
		    strncmp(text, mark, strlen(mark)))
			continue;
		buf_str(&b, text + strlen(mark));
		buf_char(&b, '\n');
	}
	if (b.len)
		buf_char(&b, 0);
	return b.p;
}

static int plan_object(const struct tool *tool, struct bpf_object *obj, struct plan *plan)
{
	struct bpf_program *prog;
	char *args;

	*plan = (struct plan){};
	if (!obj)
		return fail(-errno, "%s: can't read its kernel half", tool->name);
	plan->kernel = kernel_here();
	bpf_object__for_each_program(prog, obj) {
		const char *name = bpf_program__name(prog);

		if (!plan_add(plan, tool->points, name, bpf_program__section_name(prog)))
			return fail(-EINVAL, "%s: program \"%s\" is of no point", tool->name, name);
		plan->list[plan->n - 1].blind = tags_of(bpf_object__btf(obj), name, "blind:");
		args = tags_of(bpf_object__btf(obj), name, "args:");
		plan->list[plan->n - 1].args = args ? atoi(args) : 0;
		free(args);
	}
	exists_check(plan);
	return 0;
}

int backend_plan(const struct tool *tool, struct plan *plan)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = tool->name);
	struct bpf_object *obj;
	int err;

	libbpf_set_print(keep_log);
	obj = bpf_object__open_mem(tool->bpf, tool->bpf_end - tool->bpf, &opts);
	err = plan_object(tool, obj, plan);
	bpf_object__close(obj);
	return err;
}

/* One line of what stays unseen: the screen may be empty for that. */
static void warn_blind(const struct live *live)
{
	struct buf b = {};

	for (size_t i = 0; i < live->npoints; i++) {
		if (!live_blind(&live->points[i]))
			continue;
		buf_str(&b, b.len ? "; " : "");
		buf_str(&b, live->points[i].point->words);
	}
	if (b.len)
		warn("not seen%s: %.*s",
		     live->run->backends == (1U << BACKENDS) - 1 ? "" : " by that --backend",
		     (int)b.len, b.p);
	buf_free(&b);
}

/* Points that we could not attach: an error, a warning, or nothing, as they matter. */
static int check_points(struct live *live)
{
	bool any = false, ops = false, blind = false;

	if (!live->run->quiet || live->run->strict)
		warn_blind(live);
	for (size_t i = 0; i < live->npoints; i++) {
		struct live_point *p = &live->points[i];

		if (p->wanted && p->point->when == POINT_IF_OP) {
			ops = true;
			any = any || p->hooks;
		}
		if (p->hooks) {
			live->ctl->sees |= p->point->sees;
			if (p->point->when == POINT_IF_OP)
				live->ops |= p->point->ops;
			continue;
		}
		blind |= live_blind(p);
		if (!p->wanted)
			continue;
		if (p->point->when == POINT_NEEDED) {
			char what[128];

			if (!(live->run->backends >> BACKEND_TRACEPOINT & 1)) {
				fail(0, "no route of --backend %s sees \"%s\"; allow tracepoint too",
				     live->run->backends & 1U << BACKEND_FENTRY ? "fentry" : "kprobe",
				     p->point->name);
				return EXIT_UNABLE;
			}
			snprintf(what, sizeof(what), "no way to see \"%s\"", p->point->name);
			explain(what, live->refusal);
			return EXIT_UNABLE;
		}
	}
	if (ops && !any) {
		explain("no way to see any of it", live->refusal);
		return EXIT_UNABLE;
	}
	if (blind && live->run->strict) {
		fail(0, "--strict: not all would be seen, so nothing is traced");
		return EXIT_ERROR;
	}
	return 0;
}

static void print_hooks(const struct live *live, const struct plan *plan)
{
	for (size_t i = 0; i < live->npoints; i++) {
		const struct live_point *p = &live->points[i];

		if (p->hooks)
			fprintf(stderr, "%-10s %s%s%s\n", p->point->name, p->hooks,
				p->untested ? "; not known to fire: " : "",
				p->untested ? p->untested : "");
		else if (live_blind(p))
			fprintf(stderr, "%-10s not seen: %s\n", p->point->name, p->point->words);
		for (size_t j = 0; j < plan->n; j++)
			if (plan->list[j].point == p->point &&
			    part_struck(plan, &plan->list[j]))
				fprintf(stderr, "%-10s not by %s: %s\n", p->point->name,
					plan->list[j].name, struck_words(plan->list[j].struck));
	}
}

/* Try until nothing more is struck. */
static int try_all(struct live *live, struct plan *plan, const struct filled *half)
{
	int err;

	live->perf_misses = plan->kernel->version >= KERNEL(6, 7);
	live->twins_cover = !hook_loses("raw_tp/", plan->kernel);
	for (const struct point *p = live->run->tool->points; p->name; p++) {
		live->points = xrealloc(live->points, (live->npoints + 1) * sizeof(*live->points));
		live->points[live->npoints++] = (struct live_point){ .point = p };
	}
	for (;;) {
		err = try_once(live, plan);
		if (err && live->run->verbose)
			print_log();
		if (err != -EAGAIN)
			return err;
		libbpf_log.len = 0;
		backend_stop(live);
		live->obj = open_half(live->run->tool, half);
	}
}

int backend_start(struct live *live)
{
	const struct run *run = live->run;
	const struct tool *tool = run->tool;
	struct filled half;
	struct plan plan;
	int err, code;

	libbpf_set_print(keep_log);
	types_fill(&half, tool->bpf, tool->bpf_end - tool->bpf);
	live->obj = open_half(tool, &half);
	err = plan_object(tool, live->obj, &plan);
	if (!err)
		err = try_all(live, &plan, &half);
	types_free(&half);
	code = err ? EXIT_UNABLE : 0;
	if (!err)
		code = check_points(live);
	if (run->verbose && !code)
		print_hooks(live, &plan);
	plan_free(&plan);
	buf_free(&libbpf_log);
	return code;
}

int backend_try(struct run *run, struct plan *plan, const struct point *point, enum route r,
		struct trial *trial)
{
	struct live live = { .run = run,
			     .cpus = libbpf_num_possible_cpus(),
			     .all_points = true };
	const struct tool *tool = run->tool;
	struct filled half;
	int err;

	*trial = (struct trial){};
	for (size_t i = 0; i < plan->n; i++)
		plan->list[i].struck = plan->list[i].point == point && plan->list[i].route == r
					       ? LEFT
					       : UNASKED;
	types_fill(&half, tool->bpf, tool->bpf_end - tool->bpf);
	live.obj = open_half(tool, &half);
	err = try_all(&live, plan, &half);
	types_free(&half);
	for (size_t i = 0; i < live.npoints; i++) {
		struct live_point *p = &live.points[i];

		if (p->point != point || !p->hooks)
			continue;
		trial->hooks = xstrdup(p->hooks);
		trial->untested = p->untested;
	}
	for (size_t i = 0; !err && i < live.nprograms; i++)
		for (size_t j = 0; j < plan->n; j++)
			if (plan->list[j].blind &&
			    !strcmp(plan->list[j].name, live.programs[i].name))
				buf_str(&trial->blind, plan->list[j].blind);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->list[i].struck > trial->struck && plan->list[i].struck != UNASKED &&
		    part_struck(plan, &plan->list[i]))
			trial->struck = plan->list[i].struck;
	backend_stop(&live);
	free(live.points);
	buf_free(&libbpf_log);
	return err;
}
