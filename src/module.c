// SPDX-License-Identifier: GPL-2.0
/*
 * module.c - see module.h. libdw (elfutils) does the reading, also of separate debug files in
 * /usr/lib/debug; libiberty the demangling.
 */
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <libiberty/demangle.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util.h"

#define OPEN_FILES 400 /* kept open at most, of the usual limit of 1,024 */

struct module {
	char *name;
	uint8_t id[BUILD_ID_LEN];
	bool has_id;
	/* what tells the file from others */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
	uint64_t code, code_end; /* offsets in the file */
	int fd;			 /* -1: not kept, or libdw has it now */
	bool opened;
	Dwfl *dwfl;
	Dwfl_Module *dw;
	char **names; /* demangled */
	size_t nnames;
};

static struct module **modules;
static size_t nmodules, nopen;

static Elf *elf_of(int fd)
{
	elf_version(EV_CURRENT);
	return elf_begin(fd, ELF_C_READ, NULL);
}

static void find_code(struct module *m, Elf *elf)
{
	size_t n;

	if (elf_getphdrnum(elf, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, i, &p) || p.p_type != PT_LOAD || !(p.p_flags & PF_X))
			continue;
		m->code = p.p_offset;
		m->code_end = p.p_offset + p.p_filesz;
		return;
	}
}

/* The file behind FD, which becomes ours; NULL: it isn't a file of code. */
static struct module *module_add(int fd, const char *name)
{
	struct module *m;
	const void *id;
	struct stat st;
	ssize_t len;
	Elf *elf;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return NULL;
	}
	for (size_t i = 0; i < nmodules; i++) {
		m = modules[i];
		if (m->dev == st.st_dev && m->ino == st.st_ino && m->size == st.st_size &&
		    !memcmp(&m->changed, &st.st_ctim, sizeof(m->changed))) {
			close(fd);
			return m;
		}
	}
	m = xcalloc(1, sizeof(*m));
	m->name = xstrdup(name);
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	m->size = st.st_size;
	m->changed = st.st_ctim;
	elf = elf_of(fd);
	len = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	if (len > 0) {
		/* shorter ones are followed by zeros, as the kernel has them */
		memcpy(m->id, id, len < BUILD_ID_LEN ? len : BUILD_ID_LEN);
		m->has_id = true;
	}
	if (elf)
		find_code(m, elf);
	elf_end(elf);
	m->fd = fd;
	if (nopen == OPEN_FILES) {
		close(fd);
		m->fd = -1;
	} else {
		nopen++;
	}
	modules = xrealloc(modules, (nmodules + 1) * sizeof(*modules));
	modules[nmodules++] = m;
	return m;
}

struct module *module_by_id(const uint8_t id[BUILD_ID_LEN])
{
	for (size_t i = 0; i < nmodules; i++)
		if (modules[i]->has_id && !memcmp(modules[i]->id, id, BUILD_ID_LEN))
			return modules[i];
	return NULL;
}

const char *module_name(const struct module *m)
{
	return m->name;
}

const uint8_t *module_id(const struct module *m)
{
	return m->has_id ? m->id : NULL;
}

/* ------------------------------------------------------------------ processes */

/* Open what is mapped there: DEV and INODE, at PATH in the process's root. */
static int open_mapped(unsigned pid, uint64_t start, uint64_t end, dev_t dev, ino_t inode,
		       const char *path)
{
	char file[64];
	struct stat st;
	int fd;

	/* leads to the very file, even if it is deleted or in a container */
	snprintf(file, sizeof(file), "/proc/%u/map_files/%llx-%llx", pid,
		 (unsigned long long)start, (unsigned long long)end);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	/* that wasn't permitted, or the process is gone */
	snprintf(file, sizeof(file), "/proc/%u/root", pid);
	for (int in_root = 1; in_root >= 0; in_root--) {
		struct buf b = {};

		buf_str(&b, in_root ? file : "");
		buf_add(&b, path, strlen(path) + 1);
		fd = open(b.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		buf_free(&b);
		if (fd >= 0 && !fstat(fd, &st) && st.st_dev == dev && st.st_ino == inode)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

void module_learn(const char *name)
{
	const char *dirs = strchr(name, '/') ? "" : getenv("PATH"), *slash = strrchr(name, '/');
	bool found = false;

	/* an empty part of PATH is the working directory */
	for (const char *d = dirs; d && !found; d += *d == ':') {
		size_t len = strcspn(d, ":");
		struct buf b = {};
		int fd;

		buf_add(&b, d, len);
		if (len)
			buf_char(&b, '/');
		buf_add(&b, name, strlen(name) + 1);
		fd = access(b.p, X_OK) ? -1 : open(b.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		found = fd >= 0 && module_add(fd, slash ? slash + 1 : name);
		buf_free(&b);
		d += len;
		if (!*d)
			break;
	}
}

static void add_mapping(struct maps *m, const struct mapping *mapping)
{
	m->list = xrealloc(m->list, (m->n + 1) * sizeof(*mapping));
	m->list[m->n++] = *mapping;
}

void maps_add(struct maps *m, struct module *module, uint64_t base)
{
	add_mapping(m, &(struct mapping){ base + module->code, base + module->code_end,
					  module->code, module, xstrdup(module->name) });
}

void maps_read(struct maps *m, unsigned pid)
{
	char path[32], *line = NULL;
	size_t room = 0;
	FILE *f;

	memset(m, 0, sizeof(*m));
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (getline(&line, &room, f) > 0) {
		unsigned long long start, end, offset, inode;
		unsigned major, minor;
		struct mapping mapping = {};
		const char *name;
		char perms[5];
		int at = 0, fd;

		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, perms,
			   &offset, &major, &minor, &inode, &at) < 7 ||
		    !at || perms[2] != 'x')
			continue;
		mapping.start = start;
		mapping.end = end;
		mapping.offset = offset;
		name = line + at;
		if (*name == '/') {
			fd = open_mapped(pid, start, end, makedev(major, minor), inode, name);
			name = strrchr(name, '/') + 1;
			if (fd >= 0)
				mapping.module = module_add(fd, name);
		}
		mapping.name = xstrdup(*name ? name : "[anonymous]");
		add_mapping(m, &mapping);
	}
	free(line);
	fclose(f);
}

const struct mapping *maps_find(const struct maps *m, uint64_t addr)
{
	for (size_t i = 0; i < m->n; i++)
		if (addr >= m->list[i].start && addr < m->list[i].end)
			return &m->list[i];
	return NULL;
}

void maps_free(struct maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		free((char *)m->list[i].name);
	free(m->list);
	memset(m, 0, sizeof(*m));
}

/* ------------------------------------------------------------------ symbols */

static bool open_dwfl(struct module *m)
{
	static char *path = ":.debug:/usr/lib/debug";
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &path,
	};

	if (m->opened)
		return m->dw;
	m->opened = true;
	if (m->fd < 0)
		return false;
	/* else libdw would ask servers, and we would wait for them */
	unsetenv("DEBUGINFOD_URLS");
	m->dwfl = dwfl_begin(&callbacks);
	if (!m->dwfl)
		return false;
	m->dw = dwfl_report_offline(m->dwfl, m->name, m->name, m->fd);
	if (m->dw)
		m->fd = -1; /* libdw's now */
	dwfl_report_end(m->dwfl, NULL, NULL);
	return m->dw;
}

/* From an offset in the file to an address as libdw counts them; false: it isn't code. */
static bool address_of(struct module *m, uint64_t offset, Dwarf_Addr *addr, Dwarf_Addr *bias)
{
	Elf *elf = dwfl_module_getelf(m->dw, bias);
	size_t n;

	if (!elf || elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(elf, i, &p) && p.p_type == PT_LOAD && offset >= p.p_offset &&
		    offset - p.p_offset < p.p_filesz) {
			*addr = offset - p.p_offset + p.p_vaddr + *bias;
			return true;
		}
	}
	return false;
}

/* By DWARF's numbers; false: a machine whose frames we don't know. */
static bool machine_registers(Elf *elf, unsigned *sp, unsigned *fp, unsigned *word)
{
	GElf_Ehdr header;

	if (!gelf_getehdr(elf, &header))
		return false;
	switch (header.e_machine) {
	case EM_X86_64:
		*sp = 7, *fp = 6, *word = 8;
		return true;
	case EM_386:
		*sp = 4, *fp = 5, *word = 4;
		return true;
	case EM_AARCH64:
		*sp = 31, *fp = 29, *word = 8;
		return true;
	}
	return false;
}

static void ask_table(struct module *m, Dwarf_Addr addr, struct symbol *s)
{
	Dwarf_Op store[3], *ops;
	Dwarf_Frame *frame = NULL;
	Dwarf_CFI *cfi;
	Dwarf_Addr bias;
	unsigned sp, fp, word;
	int64_t offset;
	size_t n;
	int ra;

	cfi = dwfl_module_eh_cfi(m->dw, &bias);
	if (!cfi || dwarf_cfi_addrframe(cfi, addr - bias, &frame)) {
		cfi = dwfl_module_dwarf_cfi(m->dw, &bias);
		if (!cfi || dwarf_cfi_addrframe(cfi, addr - bias, &frame))
			return;
	}
	ra = dwarf_frame_info(frame, NULL, NULL, NULL);
	/* "undefined" is how a table says that there is no caller */
	if (ra >= 0 && !dwarf_frame_register(frame, ra, store, &ops, &n) && !n &&
	    ops == store) {
		s->unwind = UNWIND_END;
	} else if (machine_registers(dwfl_module_getelf(m->dw, &bias), &sp, &fp, &word) &&
		   !dwarf_frame_cfa(frame, &ops, &n) && n == 1) {
		unsigned reg = ops->atom - DW_OP_breg0;

		offset = ops->number;
		if (ops->atom == DW_OP_bregx) {
			reg = ops->number;
			offset = ops->number2;
		}
		if (reg == fp) {
			s->unwind = UNWIND_FRAME;
		} else if (reg == sp) {
			s->unwind = UNWIND_NO_FRAME;
			s->caller_at = offset / word;
			/* at an offset from the end of its frame, if its rule isn't "the same"
			 */
			if (!dwarf_frame_register(frame, fp, store, &ops, &n) && n &&
			    ops[0].atom == DW_OP_call_frame_cfa)
				s->fp_at =
					(offset + (n > 1 ? (int64_t)ops[1].number : 0)) / word +
					1;
		}
	}
	free(frame);
}

/* Where processes and threads begin: their callers don't matter, nor does a broken frame there.
 */
static bool is_start(const char *name)
{
	static const char *const names[] = {
		"_start",
		"main",
		"__libc_start_main",
		"__libc_start_call_main",
		"__libc_start_main_impl",
		"start_thread",
		"clone",
		"clone3",
		"__clone",
		"__clone3",
		/* musl */
		"libc_start_main_stage2",
		"start",
		"start_c11",
		/* Go */
		"main.main",
		"runtime.goexit",
		"runtime.goexit.abi0",
		"runtime.mstart",
		"runtime.mstart.abi0",
		"runtime.rt0_go",
		"runtime.rt0_go.abi0",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/*
 * The functions that call main() and a thread's function have no symbol in a stripped libc; but
 * they lie next to one that has.
 */
static bool is_near_start(struct module *m, Dwarf_Addr addr)
{
	int n = dwfl_module_getsymtab(m->dw);

	for (int i = 0; i < n; i++) {
		GElf_Addr at;
		GElf_Sym sym;
		const char *name =
			dwfl_module_getsym_info(m->dw, i, &sym, &at, NULL, NULL, NULL);

		if (!name)
			continue;
		if (!strcmp(name, "__libc_start_main") && addr < at + 0x400 &&
		    addr + 0x400 > at)
			return true;
		if (!strcmp(name, "pthread_create") && addr < at && addr + 0x1000 > at)
			return true;
	}
	return false;
}

/* C++'s, Rust's and D's names as their authors wrote them; the text is the module's. */
static const char *demangle(struct module *m, const char *name)
{
	/* longer ones are nobody's names */
	char *text = strnlen(name, 4096) < 4096
			     ? cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO)
			     : NULL;

	if (!text)
		return name;
	m->names = xrealloc(m->names, (m->nnames + 1) * sizeof(*m->names));
	m->names[m->nnames++] = text;
	return text;
}

void module_symbol(struct module *m, uint64_t offset, bool returns, struct symbol *s)
{
	Dwarf_Addr addr, bias;
	GElf_Off behind;
	GElf_Sym sym;

	memset(s, 0, sizeof(*s));
	s->addr = offset;
	if (!open_dwfl(m) || !address_of(m, offset, &addr, &bias))
		return;
	s->addr = addr - bias;
	s->name = dwfl_module_addrinfo(m->dw, addr - returns, &behind, &sym, NULL, NULL, NULL);
	if (s->name) {
		s->offset = behind + returns;
		s->starts = is_start(s->name);
		s->name = demangle(m, s->name);
	} else {
		s->starts = is_near_start(m, addr);
	}
	ask_table(m, addr - returns, s);
}

void modules_free(void)
{
	for (size_t i = 0; i < nmodules; i++) {
		struct module *m = modules[i];

		if (m->dwfl)
			dwfl_end(m->dwfl);
		if (m->fd >= 0)
			close(m->fd);
		for (size_t j = 0; j < m->nnames; j++)
			free(m->names[j]);
		free(m->names);
		free(m->name);
		free(m);
	}
	free(modules);
	modules = NULL;
	nmodules = nopen = 0;
}
