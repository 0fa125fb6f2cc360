/* SPDX-License-Identifier: GPL-2.0 */
/*
 * types.c - see types.h. BTF is a row of types, numbered from 1 on, each as long as its kind says, and
 * a heap of names. One walk through the kernel's tells where each type lies and which have a name that
 * our programs know. Those are copied, with all types that lie in them; what is behind a pointer is
 * not: a pointer to void serves CO-RE as well.
 */
#include "types.h"

#include <bpf/btf.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../bpf/holes.h"
#include "util.h"

/* Where type i begins is noted for one of so many; from there it isn't far. */
#define STEP 64

struct raw {
	const char *types, *names;
	uint32_t types_len, names_len;
	uint32_t n;   /* of types read; number 0 is void */
	uint32_t end; /* of those, in types */
	uint32_t *at; /* where type i * STEP + 1 begins */
};

/* ------------------------------------------------------------------ reading BTF */

/* Bytes that follow a type's head, and more for each of vlen; kinds that aren't here we don't know. */
static const struct {
	uint8_t known, more, each;
} kinds[32] = {
	[BTF_KIND_PTR] = { .known = 1 },
	[BTF_KIND_FWD] = { .known = 1 },
	[BTF_KIND_TYPEDEF] = { .known = 1 },
	[BTF_KIND_VOLATILE] = { .known = 1 },
	[BTF_KIND_CONST] = { .known = 1 },
	[BTF_KIND_RESTRICT] = { .known = 1 },
	[BTF_KIND_FUNC] = { .known = 1 },
	[BTF_KIND_FLOAT] = { .known = 1 },
	[BTF_KIND_TYPE_TAG] = { .known = 1 },
	[BTF_KIND_INT] = { .known = 1, .more = sizeof(uint32_t) },
	[BTF_KIND_VAR] = { .known = 1, .more = sizeof(struct btf_var) },
	[BTF_KIND_DECL_TAG] = { .known = 1, .more = sizeof(struct btf_decl_tag) },
	[BTF_KIND_ARRAY] = { .known = 1, .more = sizeof(struct btf_array) },
	[BTF_KIND_STRUCT] = { .known = 1, .each = sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { .known = 1, .each = sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { .known = 1, .each = sizeof(struct btf_enum) },
	[BTF_KIND_ENUM64] = { .known = 1, .each = sizeof(struct btf_enum64) },
	[BTF_KIND_FUNC_PROTO] = { .known = 1, .each = sizeof(struct btf_param) },
	[BTF_KIND_DATASEC] = { .known = 1, .each = sizeof(struct btf_var_secinfo) },
};

static uint32_t length(const struct btf_type *t)
{
	unsigned kind = btf_kind(t);

	return sizeof(*t) + kinds[kind].more + kinds[kind].each * btf_vlen(t);
}

/* Its head only; the types have yet to be read. */
static bool read_head(struct raw *r, const void *data, size_t size)
{
	const struct btf_header *h = data;

	if (size < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len < sizeof(*h) ||
	    (uint64_t)h->hdr_len + h->type_off + h->type_len > size ||
	    (uint64_t)h->hdr_len + h->str_off + h->str_len > size || !h->str_len)
		return false;
	r->types = (const char *)data + h->hdr_len + h->type_off;
	r->types_len = h->type_len;
	if ((uintptr_t)r->types % _Alignof(struct btf_type))
		return false;
	r->names = (const char *)data + h->hdr_len + h->str_off;
	r->names_len = h->str_len;
	if (r->names[r->names_len - 1])
		return false;
	r->at = xmalloc((r->types_len / sizeof(struct btf_type) / STEP + 1) * sizeof(*r->at));
	return true;
}

/* The next type; NULL: there is none, as all is read, or it isn't whole, or not known to us. */
static const struct btf_type *next(struct raw *r)
{
	const struct btf_type *t = (const struct btf_type *)(r->types + r->end);
	uint32_t left = r->types_len - r->end;

	if (left < sizeof(*t) || !kinds[btf_kind(t)].known || left < length(t))
		return NULL;
	if (r->n % STEP == 0)
		r->at[r->n / STEP] = r->end;
	r->n++;
	r->end += length(t);
	return t;
}

static bool all_read(const struct raw *r)
{
	return r->end == r->types_len;
}

/* One of those that were read. */
static const struct btf_type *type_of(const struct raw *r, uint32_t i)
{
	const char *t = r->types + r->at[(i - 1) / STEP];

	for (uint32_t steps = (i - 1) % STEP; steps; steps--)
		t += length((const struct btf_type *)t);
	return (const struct btf_type *)t;
}

static const char *name_of(const struct raw *r, uint32_t offset)
{
	return r->names + (offset < r->names_len ? offset : 0);
}

/* All of the kernel's BTF; NULL: it can't be read. */
static void *kernel_btf(size_t *size)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = NULL;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0)
		goto out;
	*size = st.st_size;
	/* from 6.16 on; before that sysfs yields a page with each read(2) */
	p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p != MAP_FAILED)
		goto out;
	p = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		out_of_memory();
	for (ssize_t n; done < *size; done += n) {
		n = read(fd, (char *)p + done, *size - done);
		if (n <= 0) {
			munmap(p, *size);
			p = NULL;
			break;
		}
	}
out:
	if (fd >= 0)
		close(fd);
	return p;
}

/* ------------------------------------------------------------------ names */

/* Those of the object's types, without what CO-RE leaves out: ___FLAVOR. */
struct names {
	const char **slots;
	uint32_t mask;
	uint8_t begin[1 << 13]; /* a bit for each two letters that one begins with: most have none */
};

static size_t essential(const char *name)
{
	const char *flavor = strstr(name, "___");

	return flavor ? (size_t)(flavor - name) : strlen(name);
}

static unsigned beginning(const char *name)
{
	return *name ? (uint8_t)name[0] | (uint8_t)name[1] << 8 : 0;
}

/* Where it is, or would be. */
static const char **slot_of(const struct names *names, const char *name, size_t len)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619;
	for (;; hash++) {
		const char **slot = &names->slots[hash & names->mask];

		if (!*slot || (!strncmp(*slot, name, len) && essential(*slot) == len))
			return slot;
	}
}

static bool has_name(const struct names *names, const char *name)
{
	unsigned b = beginning(name);

	return names->begin[b / 8] >> b % 8 & 1 && *slot_of(names, name, essential(name));
}

/* Kinds that CO-RE looks up by name. */
static bool is_named(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_TYPEDEF:
		return t->name_off;
	}
	return false;
}

static bool collect_names(struct names *names, struct raw *object)
{
	uint32_t room = 256;
	const struct btf_type *t;

	while (room < object->types_len / sizeof(*t) * 2)
		room *= 2;
	names->slots = xcalloc(room, sizeof(*names->slots));
	names->mask = room - 1;
	while ((t = next(object))) {
		const char *name = name_of(object, t->name_off);
		unsigned b = beginning(name);

		if (!is_named(t) || !*name)
			continue;
		*slot_of(names, name, essential(name)) = name;
		names->begin[b / 8] |= 1 << b % 8;
	}
	return all_read(object);
}

/* ------------------------------------------------------------------ the small BTF */

struct copy {
	struct raw *from;
	uint32_t *number; /* in the copy, of each type of from; 0: not there */
	uint32_t *chosen; /* type i of the copy is chosen[i - 1] of from */
	uint32_t n;
	bool af_unix; /* are its types there? */
	struct buf types, names;
};

static uint32_t choose(struct copy *c, uint32_t i)
{
	if (!i || i > c->from->n)
		return 0;
	if (!c->number[i]) {
		c->chosen[c->n] = i;
		c->number[i] = ++c->n;
	}
	return c->number[i];
}

static uint32_t copy_name(struct copy *c, uint32_t offset)
{
	const char *name = name_of(c->from, offset);
	uint32_t at = c->names.len;

	if (!*name)
		return 0;
	buf_add(&c->names, name, strlen(name) + 1);
	return at;
}

/* The types in it are chosen, too, and follow later. */
static void copy_type(struct copy *c, uint32_t i)
{
	const struct btf_type *from = type_of(c->from, i);
	size_t len = length(from);
	struct btf_type *t = (struct btf_type *)buf_room(&c->types, len);

	memcpy(t, from, len);
	t->name_off = copy_name(c, from->name_off);
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		t->type = 0;
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		t->type = choose(c, t->type);
		break;
	case BTF_KIND_ARRAY: {
		struct btf_array *a = btf_array(t);

		a->type = choose(c, a->type);
		a->index_type = choose(c, a->index_type);
		break;
	}
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (unsigned j = 0; j < btf_vlen(t); j++) {
			struct btf_member *m = btf_members(t) + j;

			m->name_off = copy_name(c, m->name_off);
			m->type = choose(c, m->type);
		}
		break;
	case BTF_KIND_ENUM:
		for (unsigned j = 0; j < btf_vlen(t); j++)
			btf_enum(t)[j].name_off = copy_name(c, btf_enum(t)[j].name_off);
		break;
	case BTF_KIND_ENUM64:
		for (unsigned j = 0; j < btf_vlen(t); j++)
			btf_enum64(t)[j].name_off = copy_name(c, btf_enum64(t)[j].name_off);
		break;
	}
	c->types.len += len;
}

/* A file in memory; -1: there can't be one. */
static int write_copy(const struct copy *c)
{
	struct btf_header h = { .magic = BTF_MAGIC,
				.version = BTF_VERSION,
				.hdr_len = sizeof(h),
				.type_len = c->types.len,
				.str_off = c->types.len,
				.str_len = c->names.len };
	int fd = memfd_create("sockray-btf", MFD_CLOEXEC);

	if (fd >= 0 && (write(fd, &h, sizeof(h)) != sizeof(h) ||
			write(fd, c->types.p, c->types.len) != (ssize_t)c->types.len ||
			write(fd, c->names.p, c->names.len) != (ssize_t)c->names.len)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* ------------------------------------------------------------------ holes */

struct holes {
	uint32_t cast;			/* the number of bpf_rdonly_cast; 0: there is none */
	uint32_t types[CAST_TYPES_N]; /* 0: there is no such type */
};

static void fill_code(struct bpf_insn *code, size_t n, const struct holes *holes)
{
	for (size_t i = 0; i < n; i++) {
		struct bpf_insn *in = &code[i];

		if (in->code == (BPF_JMP | BPF_CALL) && !in->src_reg && in->imm == HOLE_CAST) {
			/* without it nothing gets here, and the verifier takes it out */
			if (holes->cast) {
				in->src_reg = BPF_PSEUDO_KFUNC_CALL;
				in->imm = holes->cast;
			}
		} else if (in->code == (BPF_ALU | BPF_MOV | BPF_K) ||
			   in->code == (BPF_ALU64 | BPF_MOV | BPF_K)) {
			if (in->imm == HOLE_DIRECT)
				in->imm = !!holes->cast;
			else if (in->imm >= HOLE_TYPE && in->imm < HOLE_TYPE + CAST_TYPES_N)
				in->imm = holes->types[in->imm - HOLE_TYPE];
		}
	}
}

/* Section I of an object of our own. */
static const Elf64_Shdr *section(const void *object, unsigned i)
{
	const Elf64_Ehdr *h = object;

	return (const Elf64_Shdr *)((const char *)object + h->e_shoff) + i;
}

static void fill_holes(struct filled *f, const struct holes *holes)
{
	for (unsigned i = 0; i < ((const Elf64_Ehdr *)f->object)->e_shnum; i++) {
		const Elf64_Shdr *s = section(f->object, i);

		if (s->sh_type == SHT_PROGBITS && s->sh_flags & SHF_EXECINSTR)
			fill_code((struct bpf_insn *)((char *)f->object + s->sh_offset),
				  s->sh_size / sizeof(struct bpf_insn), holes);
	}
}

/* What the object has for types of its own. */
static bool read_object(struct raw *r, const void *object)
{
	const Elf64_Ehdr *h = object;
	const char *strings = (const char *)object + section(object, h->e_shstrndx)->sh_offset;

	for (unsigned i = 0; i < h->e_shnum; i++) {
		const Elf64_Shdr *s = section(object, i);

		if (!strcmp(strings + s->sh_name, ".BTF"))
			return read_head(r, (const char *)object + s->sh_offset, s->sh_size);
	}
	return false;
}

#define CAST_NAME(name) #name,
static const char *const cast_names[] = { CAST_TYPES(CAST_NAME) };

static const char af_unix[] = "unix_sock";

static void note_hole(struct holes *holes, const char *name, uint32_t i)
{
	for (int j = 0; j < CAST_TYPES_N; j++)
		if (!holes->types[j] && !strcmp(name, cast_names[j]))
			holes->types[j] = i;
}

/* Through all of the kernel's types. False: they aren't what we know. */
static bool search(struct copy *c, const struct names *names, struct holes *holes)
{
	const struct btf_type *t;

	while ((t = next(c->from))) {
		const char *name = name_of(c->from, t->name_off);

		if (btf_kind(t) == BTF_KIND_FUNC) {
			if (!holes->cast && !strcmp(name, "bpf_rdonly_cast"))
				holes->cast = c->from->n;
		} else if (is_named(t) && has_name(names, name)) {
			choose(c, c->from->n);
			if (btf_kind(t) != BTF_KIND_STRUCT)
				continue;
			c->af_unix |= !strcmp(name, af_unix);
			note_hole(holes, name, c->from->n);
		}
	}
	return all_read(c->from);
}

void types_fill_from(struct filled *f, const void *object, size_t size, const void *btf,
		     size_t btf_size)
{
	struct raw own = {}, kernel = {};
	struct holes holes = {};
	struct names names = {};
	struct copy c = { .from = &kernel };

	*f = (struct filled){ .object = xmalloc(size), .size = size, .fd = -1 };
	memcpy(f->object, object, size);
	if (btf && read_object(&own, object) && read_head(&kernel, btf, btf_size)) {
		uint32_t most = kernel.types_len / sizeof(struct btf_type) + 1;

		c.number = xcalloc(most, sizeof(*c.number));
		c.chosen = xmalloc(most * sizeof(*c.chosen));
		buf_char(&c.names, 0);
		if (!collect_names(&names, &own) || !search(&c, &names, &holes))
			holes = (struct holes){};
		/* AF_UNIX may be a module, and its types there, where libbpf finds them */
		else if (c.af_unix || !has_name(&names, af_unix)) {
			for (uint32_t i = 0; i < c.n; i++)
				copy_type(&c, c.chosen[i]);
			f->fd = write_copy(&c);
		}
	}
	snprintf(f->btf, sizeof(f->btf), "/proc/self/fd/%d", f->fd);
	if (f->fd < 0 || access(f->btf, R_OK))
		f->btf[0] = 0;
	fill_holes(f, &holes);
	free(own.at);
	free(kernel.at);
	free(names.slots);
	free(c.number);
	free(c.chosen);
	buf_free(&c.types);
	buf_free(&c.names);
}

void types_fill(struct filled *f, const void *object, size_t size)
{
	size_t btf_size = 0;
	void *btf = kernel_btf(&btf_size);

	types_fill_from(f, object, size, btf, btf_size);
	if (btf)
		munmap(btf, btf_size);
}

void types_free(struct filled *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->object);
}
