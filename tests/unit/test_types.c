/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_types.c - the small BTF holds what the kernel's does, as libbpf reads both; every hole is
 * filled, with what the kernel's says, or closed; broken BTF breaks nothing.
 */
#include "../../src/types.h"

#include "../../bpf/holes.h"
#include "../../src/tool.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME(name) #name,
static const char *const names[] = { CAST_TYPES(NAME) };

/* What stands in the code: how many holes are left, closed (0), and filled so with numbers. */
struct found {
	unsigned holes, direct, calls;
	uint32_t call;
	uint32_t types; /* bit n: is its number the nth one of NUMBERS somewhere? */
};

static void find(struct found *found, const struct filled *f, const uint32_t *numbers)
{
	const Elf64_Ehdr *h = f->object;
	const Elf64_Shdr *s = (const Elf64_Shdr *)((char *)f->object + h->e_shoff);

	*found = (struct found){};
	for (unsigned i = 0; i < h->e_shnum; i++) {
		const struct bpf_insn *in =
			(const struct bpf_insn *)((char *)f->object + s[i].sh_offset);

		if (s[i].sh_type != SHT_PROGBITS || !(s[i].sh_flags & SHF_EXECINSTR))
			continue;
		for (size_t j = 0; j < s[i].sh_size / sizeof(*in); j++, in++) {
			found->holes += (in->imm & 0xffff0000) == HOLE_DIRECT;
			if (in->code == (BPF_JMP | BPF_CALL) &&
			    in->src_reg == BPF_PSEUDO_KFUNC_CALL) {
				found->calls++;
				found->call = in->imm;
			}
			if (in->code != (BPF_ALU64 | BPF_MOV | BPF_K) &&
			    in->code != (BPF_ALU | BPF_MOV | BPF_K))
				continue;
			for (int n = 0; numbers && n < CAST_TYPES_N; n++)
				if ((uint32_t)in->imm == numbers[n])
					found->types |= 1U << n;
		}
	}
}

static void *read_all(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	char *p = NULL;
	ssize_t n = fd < 0 ? 0 : 1;

	for (*size = 0; n > 0; *size += n) {
		p = realloc(p, *size + 4096);
		n = read(fd, p + *size, 4096);
		assert_true(n >= 0);
	}
	if (fd >= 0)
		close(fd);
	return p;
}

/* The same members, at the same places, of the same sizes, down to the last struct in it. */
static void compare(const struct btf *a, uint32_t i, const struct btf *b, uint32_t j)
{
	const struct btf_type *s = btf__type_by_id(a, i), *t = btf__type_by_id(b, j);

	assert_int_equal(s->info, t->info);
	assert_string_equal(btf__name_by_offset(a, s->name_off), btf__name_by_offset(b, t->name_off));
	switch (btf_kind(s)) {
	case BTF_KIND_PTR:
		assert_int_equal(s->type, 0);
		return;
	case BTF_KIND_ARRAY:
		assert_int_equal(btf_array(s)->nelems, btf_array(t)->nelems);
		compare(a, btf_array(s)->type, b, btf_array(t)->type);
		compare(a, btf_array(s)->index_type, b, btf_array(t)->index_type);
		return;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		assert_int_equal(s->size, t->size);
		for (unsigned k = 0; k < btf_vlen(s); k++) {
			const struct btf_member *m = btf_members(s) + k, *n = btf_members(t) + k;

			assert_string_equal(btf__name_by_offset(a, m->name_off),
					    btf__name_by_offset(b, n->name_off));
			assert_int_equal(m->offset, n->offset);
			assert_int_equal(!m->type, !n->type);
			if (m->type)
				compare(a, m->type, b, n->type);
		}
		return;
	case BTF_KIND_ENUM:
		for (unsigned k = 0; k < btf_vlen(s); k++)
			assert_string_equal(btf__name_by_offset(a, btf_enum(s)[k].name_off),
					    btf__name_by_offset(b, btf_enum(t)[k].name_off));
		return;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		assert_int_equal(!s->type, !t->type);
		if (s->type)
			compare(a, s->type, b, t->type);
		return;
	default:
		assert_int_equal(s->size, t->size);
	}
}

static void like_the_kernels(void **state)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	uint32_t numbers[CAST_TYPES_N];
	size_t size;
	void *raw = read_all("/sys/kernel/btf/vmlinux", &size);
	uint32_t all = 0;
	int cast;

	(void)state;
	if (!kernel || !raw)
		skip();
	cast = btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC);
	for (int i = 0; i < CAST_TYPES_N; i++)
		numbers[i] = btf__find_by_name_kind(kernel, names[i], BTF_KIND_STRUCT);
	for_each_tool(tool) {
		struct filled f;
		struct found found;
		struct btf *small;

		types_fill(&f, (*tool)->bpf, (*tool)->bpf_end - (*tool)->bpf);
		assert_string_not_equal(f.btf, "");
		small = btf__parse(f.btf, NULL);
		assert_non_null(small);
		assert_true(btf__type_cnt(small) < 5000);
		for (int i = 0; i < CAST_TYPES_N; i++) {
			int j = btf__find_by_name_kind(small, names[i], BTF_KIND_STRUCT);

			/* each that this tool knows */
			if (j > 0)
				compare(small, j, kernel, numbers[i]);
		}
		assert_true(btf__find_by_name_kind(small, "task_struct", BTF_KIND_STRUCT) > 0);
		assert_true(btf__find_by_name_kind(small, "sock", BTF_KIND_STRUCT) > 0);
		find(&found, &f, numbers);
		if (cast > 0) {
			assert_int_equal(found.holes, 0);
			assert_true(found.calls > 0);
			assert_int_equal(found.call, cast);
		} else {
			assert_int_equal(found.calls, 0);
		}
		all |= found.types;
		btf__free(small);
		types_free(&f);
	}
	/* all types of the list are of use to some tool */
	for (int i = 0; cast > 0 && i < CAST_TYPES_N; i++)
		if (!(all >> i & 1))
			fail_msg("struct %s: no tool reads from it", names[i]);
	btf__free(kernel);
	free(raw);
}

/* Without BTF nothing casts, and the numbers of types are none. */
static void without(void **state)
{
	(void)state;
	for_each_tool(tool) {
		struct filled f;
		struct found found;

		types_fill_from(&f, (*tool)->bpf, (*tool)->bpf_end - (*tool)->bpf, NULL, 0);
		assert_string_equal(f.btf, "");
		find(&found, &f, NULL);
		assert_int_equal(found.calls, 0);
		types_free(&f);
	}
}

/* Cut off anywhere, or with a wrong byte, it is refused or read, and nothing else happens. */
static void broken(void **state)
{
	const struct tool *tool = *__start_tools;
	size_t size;
	unsigned char *raw = read_all("/sys/kernel/btf/vmlinux", &size);
	struct filled f;

	(void)state;
	if (!raw)
		skip();
	srand(1);
	for (int i = 0; i < 60; i++) {
		/* most of it is of the middle; its head and end matter most */
		size_t cut = i < 30 ? (size_t)i : size * (i - 30) / 30;
		unsigned char *part = malloc(cut ? cut : 1);

		memcpy(part, raw, cut);
		types_fill_from(&f, tool->bpf, tool->bpf_end - tool->bpf, part, cut);
		assert_string_equal(f.btf, "");
		types_free(&f);
		free(part);
	}
	for (int i = 0; i < 60; i++) {
		size_t at = i < 24 ? (size_t)i : (size_t)rand() % size;
		unsigned char was = raw[at];

		raw[at] ^= 1 << i % 8;
		types_fill_from(&f, tool->bpf, tool->bpf_end - tool->bpf, raw, size);
		types_free(&f);
		raw[at] = was;
	}
	free(raw);
}

/* A name that is the last byte of all: the empty one. Behind it there is nothing to read. */
static void name_at_the_end(void **state)
{
	static const struct {
		struct btf_header head;
		struct btf_type type;
		char names[4];
	} little = {
		.head = { .magic = BTF_MAGIC,
			  .version = BTF_VERSION,
			  .hdr_len = sizeof(struct btf_header),
			  .type_len = sizeof(struct btf_type),
			  .str_off = sizeof(struct btf_type),
			  .str_len = sizeof(little.names) },
		.type = { .name_off = sizeof(little.names) - 1, .info = BTF_KIND_STRUCT << 24 },
		.names = "\0a",
	};
	const struct tool *tool = *__start_tools;
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct filled f;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	memcpy(pages + page - sizeof(little), &little, sizeof(little));
	types_fill_from(&f, tool->bpf, tool->bpf_end - tool->bpf, pages + page - sizeof(little),
			sizeof(little));
	types_free(&f);
	munmap(pages, 2 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_the_kernels),
		cmocka_unit_test(without),
		cmocka_unit_test(broken),
		cmocka_unit_test(name_at_the_end),
	};

	return cmocka_run_group_tests_name("types", tests, NULL, NULL);
}
