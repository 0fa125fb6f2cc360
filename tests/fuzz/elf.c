/* SPDX-License-Identifier: GPL-2.0 */
/*
 * elf.c - fuzzes the reading of ELF files (src/module.c): symbols, unwind tables, build ids of
 * files that strangers' processes run, and their demangled names. The input is a file.
 */
#include "fuzz.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../../src/module.h"
#include "../../src/stack.h"

static bool is_code(const uint8_t *data, size_t size)
{
	const uint8_t *type = data + EI_NIDENT;
	unsigned is;

	if (size < EI_NIDENT + 2 || memcmp(data, ELFMAG, SELFMAG))
		return false;
	is = data[EI_DATA] == ELFDATA2MSB ? type[0] << 8 | type[1] : type[1] << 8 | type[0];
	return is == ET_EXEC || is == ET_DYN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct module *module;
	struct maps m;
	struct stat st;
	char line[128];
	FILE *f;

	if (fd < 0)
		fd = memfd_create("module", MFD_CLOEXEC);
	must(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	must(!fstat(fd, &st));
	snprintf(line, sizeof(line), "1000-2000 r-xp 0 %x:%x %llu /proc/self/fd/%d\n",
		 major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino, fd);
	f = as_file((uint8_t *)line, strlen(line));
	maps_read_from(&m, 0, f);
	fclose(f);
	must(m.n == 1);
	module = m.list[0].module;
	/* what is no program or library isn't even opened */
	must(!module == !is_code(data, size));
	if (!module) {
		maps_free(&m);
		return 0;
	}
	if (module_id(module))
		must(module_by_id(module_id(module)) == module);
	for (uint64_t at = 0; at < size && at < 8192; at += 1 + at / 4) {
		struct frame frame = {};
		struct stack stack = { .frames = &frame, .n = 1 };
		struct buf b = {};
		struct symbol s;

		module_symbol(module, at, at & 1, &s);
		must(s.unwind <= UNWIND_END);
		must(!s.name || *s.name);
		frame.symbol = s.name;
		frame.offset = s.offset;
		frame.module = module_name(module);
		stack_lines(&b, &stack);
		must(harmless(b.p, b.len) && lines_in((buf_char(&b, 0), b.p)) == 1);
		b.len = 0;
		stack_folded(&b, &stack);
		must(harmless(b.p, b.len) && !memchr(b.p, '\n', b.len) && !memchr(b.p, ';', b.len));
		buf_free(&b);
	}
	maps_free(&m);
	modules_free();
	must(!*heard());
	return 0;
}
