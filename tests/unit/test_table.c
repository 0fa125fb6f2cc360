/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_table.c - columns into values and text: addresses against inet_ntop(3), names of AF_UNIX
 * sockets, rates; and what every tool's tables must keep to.
 */
#include "../../src/table.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/libbpf.h>
#include <cmocka.h>

#include "../../src/tool.h"

static const struct column remote = COLUMN(attempt, ends, .name = "raddr", .kind = K_REMOTE,
					   .need = HAVE_RADDR);
static const struct table table = {
	.have = offsetof(struct attempt, have),
	.ends = offsetof(struct attempt, ends),
	.name_at = offsetof(struct attempt, name),
};

static const char *text_of(const struct column *c, const void *row)
{
	static char text[256];
	struct buf b = {};
	struct value v;

	column_value(&table, c, row, &v);
	value_text(&b, c, &v);
	assert_true(b.len < sizeof(text));
	memcpy(text, b.p, b.len);
	text[b.len] = 0;
	buf_free(&b);
	return text;
}

static void addresses(void **state)
{
	struct attempt row = { .have = HAVE_RADDR };
	char expected[64];

	(void)state;
	assert_string_equal(text_of(&remote, &(struct attempt){}), "-");
	srand(1);
	for (int i = 0; i < 100000; i++) {
		uint8_t *a = row.ends.raddr.b;

		row.ends.family = AF_INET6;
		for (int k = 0; k < 16; k++)
			a[k] = rand() % 3 ? 0 : rand();
		/* of the two that hold an IPv4 address only the mapped form has its own text */
		if (!memcmp(a, "\0\0\0\0\0\0\0\0\0\0\0\0", 12) && (a[12] | a[13]))
			continue;
		if (i % 10 == 0)
			memcpy(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		inet_ntop(AF_INET6, a, expected, sizeof(expected));
		assert_string_equal(text_of(&remote, &row), expected);
		row.ends.family = AF_INET;
		inet_ntop(AF_INET, a + 12, expected, sizeof(expected));
		assert_string_equal(text_of(&remote, &row), expected);
	}
}

static const char *name_text(const char *bytes, size_t len)
{
	struct attempt row = { .have = HAVE_RADDR | HAVE_NAME, .ends.family = AF_UNIX };

	memset(row.name.bytes, 'x', sizeof(row.name.bytes)); /* what lies behind must not show */
	memcpy(row.name.bytes, bytes, len);
	row.name.len = len;
	return text_of(&remote, &row);
}

static void names(void **state)
{
	char longest[108];

	(void)state;
	memset(longest, 'y', sizeof(longest));
	assert_string_equal(name_text("/run/a\0zzz", 10), "/run/a");
	assert_string_equal(name_text("\0abc", 4), "@abc");
	assert_string_equal(name_text("\0a\0c\n", 5), "@a\\x00c\\x0a");
	assert_string_equal(name_text("@abc", 5), "./@abc");
	assert_string_equal(name_text("", 0), "(unnamed)");
	assert_int_equal(strlen(name_text(longest, sizeof(longest))), sizeof(longest));
}

static const char *rate_text(uint64_t count, uint64_t length)
{
	struct {
		uint64_t count, length;
	} row = { count, length };
	static const struct column c = { .name = "r", .kind = K_RATE, .size = 8 };
	static const struct table t = { .length = 8 };
	static char text[64];
	struct buf b = {};
	struct value v;

	column_value(&t, &c, &row, &v);
	value_text(&b, &c, &v);
	memcpy(text, b.p, b.len);
	text[b.len] = 0;
	buf_free(&b);
	return text;
}

static void rates(void **state)
{
	static const uint64_t second = 1000000000;

	(void)state;
	assert_string_equal(rate_text(0, second), "0");
	assert_string_equal(rate_text(7, second), "7");
	assert_string_equal(rate_text(3, 10 * second), "0.3");
	assert_string_equal(rate_text(9999, second), "9999");
	assert_string_equal(rate_text(10000, second), "10.0k");
	assert_string_equal(rate_text(999499, second), "999k");
	assert_string_equal(rate_text(999500, second), "1.00M");
	assert_string_equal(rate_text(12345678, second), "12.3M");
	assert_string_equal(rate_text(5, 0), "0");
	assert_string_equal(rate_text(UINT64_MAX, 1), "18.4R");
	for (uint64_t n = 1; n < 1ULL << 62; n = n * 3 + 1)
		assert_true(strlen(rate_text(n, second)) <= 6);
}

static void check_table(const struct tool *tool, const struct table *t)
{
	size_t width = 0;

	for_each_column(c, t) {
		/* JSON's key, in front of the first one a row's start, too: struct cell */
		assert_true(c->flags & COL_HIDDEN || strlen(c->name) <= 24);
		assert_non_null(c->title);
		assert_non_null(c->help);
		assert_true(c->offset + c->size <= t->row_size);
		if (c->flags & (COL_TEXT | COL_WIDE) && c->kind != K_STACK)
			assert_true(c->width > 0);
		if (c->flags & COL_TEXT && !c->by)
			width += c->width + 1;
		for_each_column(d, t)
			if (d != c)
				assert_string_not_equal(c->name, d->name);
	}
	if (width > 81)
		fail_msg("%s: %zu columns", tool->name, width - 1);
}

/* Both halves of a tool must agree: rows, keys, points, programs. */
static void tools(void **state)
{
	int n = 0;

	(void)state;
	for_each_tool(each) {
		const struct tool *tool = *each;
		const struct table *tables[] = { tool->table, tool->by, tool->count };
		struct bpf_object *obj;
		struct bpf_program *prog;
		struct bpf_map *map;

		n++;
		for (int i = 0; i < 3; i++)
			if (tables[i])
				check_table(tool, tables[i]);
		obj = bpf_object__open_mem(tool->bpf, tool->bpf_end - tool->bpf, NULL);
		assert_non_null(obj);
		for (int i = 0; i < 2; i++) {
			if (!tables[i])
				continue;
			assert_non_null(bpf_object__find_map_by_name(obj, tables[i]->name));
			if (!tables[i]->keyed)
				continue;
			map = bpf_object__find_map_by_name(obj, "keys");
			assert_int_equal(bpf_map__key_size(map), tables[i]->key_size);
			map = bpf_object__find_map_by_name(obj, "counts");
			assert_int_equal(bpf_map__value_size(map), sizeof(struct counts));
		}
		map = bpf_object__find_map_by_name(obj, ".rodata.conf");
		assert_int_equal(bpf_map__value_size(map), sizeof(struct conf));
		for (const char *const *name = tool->maps; *name; name++)
			assert_non_null(bpf_object__find_map_by_name(obj, *name));
		bpf_object__for_each_program(prog, obj) {
			const char *name = bpf_program__name(prog), *mark = strstr(name, "__");
			bool found = false;

			if (!mark || strspn(mark + 2, "abcdefghijklmnopqrstuvwxyz0123456789") !=
					     strlen(mark + 2))
				fail_msg("%s: program %s", tool->name, name);
			for (const struct point *p = tool->points; p->name; p++)
				found |= strlen(p->name) == strcspn(name, "_") &&
					 !strncmp(p->name, name, strlen(p->name));
			if (!found)
				fail_msg("%s: program %s is of no point", tool->name, name);
			assert_false(bpf_program__autoload(prog));
		}
		bpf_object__close(obj);
	}
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(names), cmocka_unit_test(rates),
		cmocka_unit_test(tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
