// SPDX-License-Identifier: GPL-2.0
/*
 * stack.c - see stack.h.
 *
 * The kernel half walks a process's stack from frame pointer to frame pointer. A function that
 * was built without them is walked past: its caller is missing, or the walk ends. The unwind
 * tables of its file tell which functions those are, so no stack is shown as whole that isn't.
 */
#include "stack.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "kallsyms.h"
#include "module.h"
#include "util.h"

/* Where a frame is. */
struct place {
	enum { IN_FILE, IN_MODULE, IN_MEMORY } in;
	uint8_t build_id[BUILD_ID_LEN]; /* IN_FILE */
	uint64_t at;			/* offset in the file; else an address */
	struct module *module;		/* IN_MODULE: it has no build id */
	const char *name;		/* IN_MEMORY: of the mapping, then `at` counts from its
					   start; NULL: nobody knows */
};

struct known {
	uint64_t id;
	uint32_t what; /* NEW_USTACK, NEW_KSTACK */
	uint32_t n;
	uint32_t caller_at, fp_at; /* as in struct new_stack */
	struct place *places;
	struct stack *resolved;
	struct known *same;		   /* once resolved: the first that looks like this */
	char (*hex)[2 * BUILD_ID_LEN + 1]; /* of frames whose file isn't known */
};

static void *by_id, *by_looks; /* tsearch(3) */

static int compare_id(const void *a, const void *b)
{
	uint64_t x = ((const struct known *)a)->id, y = ((const struct known *)b)->id;

	return x < y ? -1 : x > y;
}

static int compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !b - !a;
}

static int compare_looks(const void *a, const void *b)
{
	const struct stack *x = ((const struct known *)a)->resolved;
	const struct stack *y = ((const struct known *)b)->resolved;
	int order = 0;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	if (x->kernel != y->kernel || x->truncated != y->truncated)
		return x->kernel * 2 + x->truncated - y->kernel * 2 - y->truncated;
	for (size_t i = 0; i < x->n && !order; i++) {
		const struct frame *f = &x->frames[i], *g = &y->frames[i];

		order = f->missing - g->missing;
		if (!order && f->addr != g->addr)
			order = f->addr < g->addr ? -1 : 1;
		if (!order)
			order = compare_text(f->symbol, g->symbol);
		if (!order)
			order = compare_text(f->module, g->module);
	}
	return order;
}

/* ------------------------------------------------------------------ coming */

static void learn_process(unsigned pid)
{
	struct maps maps;

	maps_read(&maps, pid);
	maps_free(&maps);
}

/* The kernel walks its own stack no farther than that. */
static unsigned max_stack = STACK_DEPTH;

static void read_max_stack(void)
{
	FILE *f = open_text("/proc/sys/kernel/perf_event_max_stack");

	if (!f)
		return;
	if (fscanf(f, "%u", &max_stack) != 1 || max_stack > STACK_DEPTH)
		max_stack = STACK_DEPTH;
	fclose(f);
}

void stack_start(const char *command)
{
	read_max_stack();
	kallsyms_open();
	learn_process(getpid()); /* the libraries that all use */
	if (command)
		module_learn(command);
}

void stack_learn(const uint32_t *pids, size_t npids)
{
	for (size_t i = 0; i < npids; i++)
		learn_process(pids[i]);
}

/* Maps of processes that stacks came from lately: one may be gone when its last stack comes. */
static struct recent {
	unsigned pid;
	struct maps maps;
} recent[64];

static uint64_t addr_at(const struct new_stack *s, uint32_t i)
{
	return ((const uint64_t *)(s + 1))[i * (s->bare ? 1 : 2)];
}

/* Of its Ith address: the code in front of it. */
static uint64_t code_at(const struct new_stack *s, uint32_t i)
{
	return ((const uint64_t *)(s + 1))[2 * i + 1];
}

static const struct user_frame *frames_of(const struct new_stack *s)
{
	return (const void *)((const uint64_t *)(s + 1) + s->n * (s->bare ? 1 : 2));
}

/* Which of ours the Ith frame of the kernel's own walk is; N: none. */
static uint32_t place_of(const struct new_stack *s, uint32_t i)
{
	/* ours has the caller between the first and the second; or goes on from another frame
	 */
	if (i && s->fp_at)
		return s->n;
	if (i && s->caller_at)
		i++;
	return i < s->n ? i : s->n;
}

/*
 * Are these the maps of the process as it was when it had this stack? Since then, it may have
 * run another program. The files that the kernel has told must be the same, and so must the
 * code.
 */
static bool maps_fit(const struct maps *maps, const struct new_stack *s)
{
	const struct user_frame *frames = frames_of(s);
	const struct mapping *m;
	bool fit = false;
	uint64_t code;

	for (uint32_t i = 0; i < s->m; i++) {
		uint32_t place = place_of(s, i);
		const uint8_t *id;

		if (frames[i].status != BPF_STACK_BUILD_ID_VALID || place == s->n)
			continue;
		m = maps_find(maps, addr_at(s, place));
		id = m && m->module ? module_id(m->module) : NULL;
		if (!m || addr_at(s, place) - m->start + m->offset != frames[i].at ||
		    (id && memcmp(id, frames[i].build_id, BUILD_ID_LEN)))
			return false;
		fit = true;
	}
	for (uint32_t i = 0; i < s->n && !s->bare; i++) {
		m = maps_find(maps, addr_at(s, i));
		if (!m || !m->module ||
		    !module_code(m->module, addr_at(s, i) - m->start + m->offset, &code))
			continue;
		if (code != code_at(s, i))
			return false;
		fit = true;
	}
	return fit;
}

static bool maps_cover(const struct maps *maps, const struct new_stack *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!maps_find(maps, addr_at(s, i)))
			return false;
	return true;
}

static struct recent *recent_of(unsigned pid)
{
	static unsigned next;
	struct recent *r;

	for (size_t i = 0; i < sizeof(recent) / sizeof(*recent); i++)
		if (recent[i].pid == pid)
			return &recent[i];
	r = &recent[next++ % (sizeof(recent) / sizeof(*recent))];
	maps_free(&r->maps);
	r->pid = pid;
	return r;
}

/* Where the files of a process that is gone lay, as far as the kernel's frames tell. */
static void learn_from(struct recent *r, const struct new_stack *s)
{
	const struct user_frame *frames = frames_of(s);

	for (uint32_t i = 0; i < s->m; i++) {
		uint32_t place = place_of(s, i);
		struct module *m = module_by_id(frames[i].build_id);

		if (m && place < s->n && frames[i].status == BPF_STACK_BUILD_ID_VALID &&
		    !maps_find(&r->maps, addr_at(s, place)))
			maps_add(&r->maps, m, addr_at(s, place) - frames[i].at);
	}
}

/* The maps that tell of this stack, or empty ones. */
static const struct maps *maps_of(const struct new_stack *s)
{
	static const struct maps none;
	struct recent *r = recent_of(s->pid);
	struct maps now;

	if (maps_cover(&r->maps, s) && maps_fit(&r->maps, s))
		return &r->maps;
	/* the process is still there, mostly: stacks come within a millisecond */
	maps_read(&now, s->pid);
	if (now.n) {
		maps_free(&r->maps);
		r->maps = now;
	} else {
		learn_from(r, s);
	}
	return maps_fit(&r->maps, s) ? &r->maps : &none;
}

static void place_address(struct place *p, const struct maps *maps, uint64_t addr)
{
	const struct mapping *m = maps_find(maps, addr);
	const uint8_t *id = m && m->module ? module_id(m->module) : NULL;

	p->in = IN_MEMORY;
	p->at = addr;
	if (!m)
		return;
	p->at -= m->start;
	if (!m->module) {
		p->name = intern(m->name);
		return;
	}
	p->at += m->offset;
	p->in = id ? IN_FILE : IN_MODULE;
	p->module = m->module;
	if (id)
		memcpy(p->build_id, id, BUILD_ID_LEN);
}

static void come_user(struct known *k, const struct new_stack *s)
{
	const struct user_frame *frames = frames_of(s);
	const struct maps *maps = maps_of(s);

	k->caller_at = s->caller_at;
	k->fp_at = s->fp_at;
	for (uint32_t i = 0; i < s->n; i++)
		place_address(&k->places[i], maps, addr_at(s, i));
	for (uint32_t i = 0; i < s->m; i++) {
		uint32_t place = place_of(s, i);

		if (place < s->n && frames[i].status == BPF_STACK_BUILD_ID_VALID) {
			struct place *p = &k->places[place];

			*p = (struct place){ .in = IN_FILE, .at = frames[i].at };
			memcpy(p->build_id, frames[i].build_id, BUILD_ID_LEN);
		}
	}
}

void stack_announce(const struct new_stack *s)
{
	struct known *k = xcalloc(1, sizeof(*k));

	k->id = s->id;
	if (xtsearch(k, &by_id, compare_id) != k) { /* it was sent twice */
		free(k);
		return;
	}
	k->what = s->what;
	k->n = s->n;
	k->places = xcalloc(s->n, sizeof(*k->places));
	if (s->what == NEW_USTACK)
		come_user(k, s);
	for (uint32_t i = 0; s->what == NEW_KSTACK && i < s->n; i++)
		k->places[i] = (struct place){ .in = IN_MEMORY, .at = addr_at(s, i) };
}

/* ------------------------------------------------------------------ names */

/* The Ith place, from 0 on; all but the innermost are return addresses. */
static void name_frame(struct known *k, struct frame *f, uint32_t i, struct symbol *s)
{
	const struct place *p = &k->places[i];
	struct module *m = p->in == IN_MODULE ? p->module
			   : p->in == IN_FILE ? module_by_id(p->build_id)
					      : NULL;

	memset(f, 0, sizeof(*f));
	memset(s, 0, sizeof(*s));
	f->addr = p->at;
	f->module = p->name;
	if (m) {
		module_symbol(m, p->at, i > 0, s);
		f->symbol = s->name;
		f->offset = s->offset;
		f->addr = s->addr;
		f->module = module_name(m);
	} else if (p->in == IN_FILE) {
		char *hex = k->hex[i];

		for (int j = 0; j < BUILD_ID_LEN; j++)
			snprintf(hex + 2 * j, 3, "%02x", p->build_id[j]);
		f->module = hex;
	}
}

static struct frame *next_frame(struct stack *stack)
{
	return (struct frame *)stack->frames + stack->n++;
}

/*
 * The innermost function is S. If it has no frame: was its caller found, and the right frame to
 * go on from? Returns the place to go on with; N: none.
 */
static uint32_t resolve_caller(struct known *k, struct stack *stack, struct symbol *s)
{
	uint32_t next = k->caller_at ? 2 : 1;
	bool frameless = s->unwind == UNWIND_NO_FRAME;
	unsigned fp_at = frameless ? s->fp_at : 0;

	if (frameless && s->caller_at == k->caller_at)
		name_frame(k, next_frame(stack), 1, s);
	return fp_at == k->fp_at ? next : k->n;
}

static void resolve_user(struct known *k, struct stack *stack)
{
	struct symbol s;
	bool known;

	k->hex = xcalloc(k->n, sizeof(*k->hex));
	name_frame(k, next_frame(stack), 0, &s);
	/* whether a function that nobody knows has a frame, nobody knows */
	known = s.unwind != UNWIND_UNKNOWN;
	for (uint32_t i = resolve_caller(k, stack, &s); i < k->n; i++) {
		/* of the innermost it is to be known: mostly it has none, and makes a call */
		bool frameless = s.unwind == UNWIND_NO_FRAME ||
				 (stack->n == 1 && s.unwind == UNWIND_UNKNOWN);

		/* with the register in use for something else, what follows is nonsense */
		if (s.unwind == UNWIND_END || (frameless && (s.starts || s.fp_at)))
			break;
		if (frameless)
			next_frame(stack)->missing = true;
		name_frame(k, next_frame(stack), i, &s);
		known &= s.unwind != UNWIND_UNKNOWN;
	}
	stack->truncated =
		!known || stack->n >= STACK_DEPTH || (s.unwind != UNWIND_END && !s.starts);
}

/* The kernel's functions that brought us here: of no interest. */
static bool is_tracing(const char *name)
{
	static const char *const starts[] = { "bpf_",		"__bpf_",	"___bpf_",
					      "trace_call_bpf", "perf_trace_",	"perf_syscall_",
					      "perf_call_bpf_", "__traceiter_", "trace_event_",
					      "call_trace_" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(name, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static void resolve_kernel(struct known *k, struct stack *stack)
{
	bool inner = true;

	for (uint32_t i = 0; i < k->n; i++) {
		uint64_t addr = k->places[i].at;
		const struct ksym *sym = kallsyms_find(addr);
		struct frame *f;

		inner &= sym && is_tracing(sym->name);
		if (inner)
			continue;
		f = next_frame(stack);
		f->addr = addr;
		if (!sym)
			continue;
		f->symbol = sym->name;
		f->offset = addr - sym->addr;
		f->module = sym->module ? sym->module : "kernel";
	}
	stack->truncated = k->n >= max_stack;
}

static struct known *find(uint64_t id)
{
	struct known key = { .id = id }, **found = tfind(&key, &by_id, compare_id), *k;

	if (!found)
		return NULL;
	k = *found;
	if (k->resolved)
		return k;
	k->resolved = xcalloc(1, sizeof(*k->resolved));
	/* each may have a gap behind it */
	k->resolved->frames = xcalloc(2 * k->n, sizeof(struct frame));
	k->resolved->kernel = k->what == NEW_KSTACK;
	if (k->resolved->kernel)
		resolve_kernel(k, k->resolved);
	else
		resolve_user(k, k->resolved);
	k->same = xtsearch(k, &by_looks, compare_looks);
	return k;
}

const struct stack *stack_find(uint64_t id)
{
	struct known *k = find(id);

	return k ? k->resolved : NULL;
}

uint64_t stack_same(uint64_t id)
{
	struct known *k = find(id);

	return k ? k->same->id : id;
}

/* ------------------------------------------------------------------ text */

#define NO_STACK "[no stack]"
#define MISSING "[missing]"
#define TRUNCATED "[truncated]"

void stack_lines(struct buf *b, const struct stack *s)
{
	static const char indent[] = "        ";

	for (size_t i = 0; s && i < s->n; i++) {
		const struct frame *f = &s->frames[i];

		buf_str(b, indent);
		if (f->missing) {
			buf_str(b, MISSING "\n");
			continue;
		}
		if (f->symbol) {
			text_escape(b, f->symbol, strlen(f->symbol));
			buf_char(b, '+');
			buf_u64(b, f->offset);
		} else {
			buf_x64(b, f->addr);
		}
		if (f->module) {
			buf_str(b, " (");
			text_escape(b, f->module, strlen(f->module));
			buf_char(b, ')');
		}
		buf_char(b, '\n');
	}
	if (!s || s->truncated) {
		buf_str(b, indent);
		buf_str(b, s ? TRUNCATED "\n" : NO_STACK "\n");
	}
}

static void fold_name(struct buf *b, const char *name)
{
	size_t from = b->len;

	text_escape(b, name, strlen(name));
	for (size_t i = from; i < b->len; i++)
		if (b->p[i] == ';')
			b->p[i] = ':';
}

void stack_folded(struct buf *b, const struct stack *s)
{
	if (!s) {
		buf_str(b, NO_STACK);
		return;
	}
	if (s->truncated)
		buf_str(b, s->n ? TRUNCATED ";" : TRUNCATED);
	for (size_t i = s->n; i-- > 0;) {
		const struct frame *f = &s->frames[i];

		if (f->missing) {
			buf_str(b, MISSING);
		} else if (f->symbol) {
			fold_name(b, f->symbol);
		} else {
			if (f->module)
				fold_name(b, f->module);
			buf_char(b, '+');
			buf_x64(b, f->addr);
		}
		/* as perf's folders mark the kernel's functions, for their colour */
		if (s->kernel)
			buf_str(b, "_[k]");
		if (i)
			buf_char(b, ';');
	}
}

static void free_known(void *node)
{
	struct known *k = node;

	if (k->resolved)
		free((void *)k->resolved->frames);
	free(k->resolved);
	free(k->hex);
	free(k->places);
	free(k);
}

static void keep(void *node)
{
	(void)node;
}

void stacks_free(void)
{
	tdestroy(by_looks, keep);
	tdestroy(by_id, free_known);
	by_looks = by_id = NULL;
	for (size_t i = 0; i < sizeof(recent) / sizeof(*recent); i++)
		maps_free(&recent[i].maps);
	modules_free();
	kallsyms_free();
}
