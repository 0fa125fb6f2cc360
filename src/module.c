// SPDX-License-Identifier: GPL-2.0
/*
 * module.c - see module.h. libelf reads symbols, also those of separate debug files, libdw the
 * unwind tables, libiberty demangles.
 *
 * The files are strangers'. So they are read, not mapped: a mapped file that its owner
 * truncates would kill us. They lead to no other file but by their build id. And libdw's own
 * search for symbols (libdwfl) does both, and takes 30 s where there are 300,000 symbols and
 * 3,000 stacks.
 */
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "opener.h"
#include "util.h"

#define MOST_MAPPINGS 4096	       /* of a process: more are looked at no further */
#define MOST_BYTES (256 * 1024 * 1024) /* of a table in a file: larger ones are nobody's */
#define MOST_NAME 1024		       /* of a demangled name; more is cut off */

/* A function. */
struct function {
	uint64_t addr, end; /* as the file counts them */
	const char *name;   /* in the file's strings, or demangled */
	bool demangled;
};

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
	int fd;			 /* -1: not kept */
	/* once a symbol is asked for */
	bool loaded;
	int debug_fd;
	Elf *elf, *debug;
	Dwarf_CFI *cfi;
	struct function *functions; /* by address */
	size_t nfunctions;
	uint64_t entry; /* address of a program's first function; 0: not a program */
	bool program, libc, go;
	uint64_t start_main, pthread_create; /* a libc's; 0: none */
};

static struct module **modules;
static size_t nmodules, nopen, most_open;

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

/* Files stay open, as their processes may be gone when a symbol is asked for. */
static int keep_open(int fd)
{
	struct rlimit limit;

	if (!most_open) {
		/* what is left above is for everything else */
		most_open = 900;
		if (!getrlimit(RLIMIT_NOFILE, &limit)) {
			limit.rlim_cur = limit.rlim_max;
			setrlimit(RLIMIT_NOFILE, &limit);
			getrlimit(RLIMIT_NOFILE, &limit);
			most_open = limit.rlim_cur > 200 ? limit.rlim_cur - 100 : 100;
		}
	}
	if (nopen < most_open) {
		nopen++;
		return fd;
	}
	if (nopen++ == most_open)
		warn("more than %zu files of code: those that come now have no symbols (ulimit "
		     "-n)",
		     most_open);
	close(fd);
	return -1;
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
		    !memcmp(&m->changed, &st.st_mtim, sizeof(m->changed))) {
			close(fd);
			return m;
		}
	}
	m = xcalloc(1, sizeof(*m));
	m->name = xstrdup(name);
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	m->size = st.st_size;
	m->changed = st.st_mtim;
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
	m->fd = keep_open(fd);
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
	fd = opener_open(file);
	if (fd >= 0)
		return fd;
	/* that wasn't permitted, or the process is gone */
	snprintf(file, sizeof(file), "/proc/%u/root", pid);
	for (int in_root = 1; in_root >= 0; in_root--) {
		struct buf b = {};

		buf_str(&b, in_root ? file : "");
		buf_add(&b, path, strlen(path) + 1);
		fd = opener_open(b.p);
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

void maps_read_from(struct maps *m, unsigned pid, FILE *f)
{
	char *line = NULL;
	size_t room = 0;

	memset(m, 0, sizeof(*m));
	while (read_line(f, &line, &room)) {
		unsigned long long start, end, offset, inode;
		unsigned major, minor;
		struct mapping mapping = {};
		const char *name;
		char perms[5] = "";
		int at = 0, fd;

		if (m->n == MOST_MAPPINGS)
			break;
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
}

void maps_read(struct maps *m, unsigned pid)
{
	char path[32];
	FILE *f;
	int fd;

	memset(m, 0, sizeof(*m));
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	fd = opener_open(path);
	if (fd < 0)
		return;
	f = fdopen(fd, "r");
	if (!f && errno == ENOMEM)
		out_of_memory();
	if (!f) {
		close(fd);
		return;
	}
	maps_read_from(m, pid, f);
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

static int by_addr(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* of the names of one function the plainest: send, not __send */
	size_t m = strspn(x->name, "_"), n = strspn(y->name, "_");

	if (m != n)
		return m < n ? -1 : 1;
	m = strlen(x->name);
	n = strlen(y->name);
	return m != n ? (m < n ? -1 : 1) : strcmp(x->name, y->name);
}

static void add_function(struct module *m, const GElf_Sym *sym, const char *name)
{
	if (!strcmp(name, "__libc_start_main"))
		m->start_main = sym->st_value;
	if (!strcmp(name, "pthread_create"))
		m->pthread_create = sym->st_value;
	if (!(m->nfunctions & (m->nfunctions - 1)))
		m->functions = xrealloc(m->functions, (m->nfunctions ? 2 * m->nfunctions : 64) *
							      sizeof(*m->functions));
	m->functions[m->nfunctions++] =
		(struct function){ sym->st_value, sym->st_value + sym->st_size, name, false };
}

static bool is_function(const GElf_Sym *sym)
{
	int type = GELF_ST_TYPE(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && sym->st_shndx != SHN_ABS && sym->st_value &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

/* The symbols of a file's tables of this type; false: it has no such table. */
static bool add_functions(struct module *m, Elf *elf, unsigned type)
{
	Elf_Scn *section = NULL;
	bool any = false;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;
		GElf_Sym sym;

		if (!gelf_getshdr(section, &header) || header.sh_type != type ||
		    header.sh_size > MOST_BYTES)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getsym(data, i, &sym); i++) {
			const char *name = elf_strptr(elf, header.sh_link, sym.st_name);

			/* $x and the like mark places, not functions */
			if (name && *name && *name != '$' && is_function(&sym)) {
				add_function(m, &sym, name);
				any = true;
			}
		}
	}
	return any;
}

/* Its separate debug file, where Debian and others put it. */
static Elf *open_debug(struct module *m)
{
	struct buf path = {};
	struct stat st;

	if (!m->has_id)
		return NULL;
	buf_str(&path, "/usr/lib/debug/.build-id/");
	for (int i = 0; i < BUILD_ID_LEN; i++) {
		buf_hex(&path, m->id[i]);
		if (!i)
			buf_char(&path, '/');
	}
	buf_add(&path, ".debug", sizeof(".debug"));
	m->debug_fd = opener_open(path.p);
	buf_free(&path);
	if (m->debug_fd < 0 || fstat(m->debug_fd, &st) || !S_ISREG(st.st_mode))
		return NULL;
	return elf_of(m->debug_fd);
}

static bool has_section(Elf *elf, const char *wanted)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name = gelf_getshdr(section, &header)
					   ? elf_strptr(elf, names, header.sh_name)
					   : NULL;

		if (name && !strcmp(name, wanted))
			return true;
	}
	return false;
}

static bool is_program(Elf *elf, const GElf_Ehdr *header)
{
	size_t n;

	if (header->e_type == ET_EXEC)
		return true;
	if (elf_getphdrnum(elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(elf, i, &p) && p.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static void load(struct module *m)
{
	GElf_Ehdr header;
	struct stat st;

	m->loaded = true;
	m->debug_fd = -1;
	/* what was written into it since tells nothing of what ran */
	if (m->fd < 0 || fstat(m->fd, &st) || st.st_size != m->size ||
	    memcmp(&st.st_mtim, &m->changed, sizeof(m->changed)))
		return;
	m->elf = elf_of(m->fd);
	if (!m->elf || !gelf_getehdr(m->elf, &header))
		return;
	m->debug = open_debug(m);
	if (!m->debug || !add_functions(m, m->debug, SHT_SYMTAB))
		add_functions(m, m->elf, SHT_SYMTAB);
	add_functions(m, m->elf, SHT_DYNSYM);
	if (m->nfunctions)
		qsort(m->functions, m->nfunctions, sizeof(*m->functions), by_addr);
	m->libc = m->start_main;
	m->go = has_section(m->elf, ".gopclntab");
	m->program = is_program(m->elf, &header) || (m->libc && header.e_entry);
	m->entry = m->program ? header.e_entry : 0;
	m->cfi = dwarf_getcfi_elf(m->elf);
}

static struct function *find_function(struct module *m, uint64_t addr)
{
	size_t lo = 0, hi = m->nfunctions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->functions[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* the plainest of its names, which is first; it may lie within another function */
	for (size_t tries = 16; lo-- > 0 && tries; tries--) {
		struct function *f = &m->functions[lo];

		while (f > m->functions && f[-1].addr == f->addr)
			f--;
		lo = f - m->functions;
		if (addr < f->end)
			return f;
		/* assembler's symbols often have no size: up to the next one */
		if (f->end == f->addr && tries == 16)
			return f;
	}
	return NULL;
}

struct demangling {
	jmp_buf enough;
	struct buf text;
};

static void on_piece(const char *piece, size_t len, void *arg)
{
	struct demangling *d = arg;

	buf_add(&d->text, piece, len);
	/* a short name can stand for gigabytes */
	if (d->text.len > MOST_NAME)
		longjmp(d->enough, 1);
}

/* C++'s and Rust's names as their authors wrote them. */
static void demangle(struct function *f)
{
	static struct demangling d;

	f->demangled = true;
	d.text = (struct buf){};
	/* the demanglers take stack by the length of the name */
	if ((strncmp(f->name, "_Z", 2) && strncmp(f->name, "_R", 2)) ||
	    strnlen(f->name, 4096) == 4096)
		return;
	if (!setjmp(d.enough) && !rust_demangle_callback(f->name, 0, on_piece, &d)) {
		d.text.len = 0;
		if (!cplus_demangle_v3_callback(f->name, DMGL_PARAMS | DMGL_ANSI, on_piece, &d))
			d.text.len = 0;
	}
	if (!d.text.len) {
		buf_free(&d.text);
		return;
	}
	if (d.text.len > MOST_NAME) {
		d.text.len = MOST_NAME;
		buf_str(&d.text, "...");
	}
	buf_char(&d.text, 0);
	f->name = intern(d.text.p);
	buf_free(&d.text);
}

/* ------------------------------------------------------------------ frames */

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

static void ask_table(struct module *m, uint64_t addr, struct symbol *s)
{
	Dwarf_Op store[3], *ops;
	Dwarf_Frame *frame = NULL;
	unsigned sp, fp, word;
	int64_t offset;
	size_t n;
	int ra;

	if (!m->cfi || dwarf_cfi_addrframe(m->cfi, addr, &frame))
		return;
	ra = dwarf_frame_info(frame, NULL, NULL, NULL);
	/* "undefined" is how a table says that there is no caller */
	if (ra >= 0 && !dwarf_frame_register(frame, ra, store, &ops, &n) && !n &&
	    ops == store) {
		s->unwind = UNWIND_END;
	} else if (machine_registers(m->elf, &sp, &fp, &word) &&
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

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(name, *names))
		names++;
	return *names;
}

/*
 * Where processes and threads begin: their callers don't matter, nor does a broken frame there.
 * A name counts only in the file where it means that.
 */
static bool is_start(const struct module *m, const struct function *f)
{
	static const char *const glibc[] = { "__libc_start_main",
					     "__libc_start_call_main",
					     "__libc_start_main_impl",
					     "start_thread",
					     "clone",
					     "clone3",
					     "__clone",
					     "__clone3",
					     NULL };
	static const char *const musl[] = { "__libc_start_main", "libc_start_main_stage2",
					    "start", "start_c11", NULL };
	static const char *const go[] = {
		"main.main",	       "runtime.main",	      "runtime.goexit",
		"runtime.goexit.abi0", "runtime.mstart",      "runtime.mstart.abi0",
		"runtime.rt0_go",      "runtime.rt0_go.abi0", NULL
	};

	return (m->entry >= f->addr && m->entry < f->end) ||
	       (m->program && !strcmp(f->name, "main")) ||
	       (m->libc && is_one_of(f->name, glibc)) ||
	       (m->libc && !m->program && is_one_of(f->name, musl)) ||
	       (m->go && is_one_of(f->name, go));
}

/*
 * The functions that call main() and a thread's function have no symbol in a stripped libc; but
 * they lie next to one that has.
 */
static bool is_near_start(const struct module *m, uint64_t addr)
{
	return (m->start_main && addr < m->start_main + 0x400 &&
		addr + 0x400 > m->start_main) ||
	       (m->start_main && addr < m->pthread_create && addr + 0x1000 > m->pthread_create);
}

/* From an offset in the file to an address as it counts them; false: it isn't code. */
static bool address_of(const struct module *m, uint64_t offset, uint64_t *addr)
{
	size_t n;

	if (elf_getphdrnum(m->elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(m->elf, i, &p) && p.p_type == PT_LOAD &&
		    offset >= p.p_offset && offset - p.p_offset < p.p_filesz) {
			*addr = offset - p.p_offset + p.p_vaddr;
			return true;
		}
	}
	return false;
}

void module_symbol(struct module *m, uint64_t offset, bool returns, struct symbol *s)
{
	struct function *f;
	uint64_t addr;

	memset(s, 0, sizeof(*s));
	s->addr = offset;
	if (!m->loaded)
		load(m);
	if (!m->elf || !address_of(m, offset, &addr))
		return;
	s->addr = addr;
	f = find_function(m, addr - returns);
	if (f) {
		s->starts = is_start(m, f);
		if (!f->demangled)
			demangle(f);
		s->name = f->name;
		s->offset = addr - f->addr;
	} else {
		s->starts = is_near_start(m, addr);
	}
	if (!m->go) {
		ask_table(m, addr - returns, s);
	} else {
		/* Go keeps frames, except in the assembler that makes system calls */
		s->unwind = returns ? UNWIND_FRAME : UNWIND_NO_FRAME;
		s->caller_at = 1;
	}
}

bool module_code(const struct module *m, uint64_t offset, uint64_t *code)
{
	return m->fd >= 0 && offset >= sizeof(*code) &&
	       pread(m->fd, code, sizeof(*code), offset - sizeof(*code)) == sizeof(*code);
}

void modules_free(void)
{
	for (size_t i = 0; i < nmodules; i++) {
		struct module *m = modules[i];

		if (m->cfi)
			dwarf_cfi_end(m->cfi);
		elf_end(m->debug);
		elf_end(m->elf);
		if (m->loaded && m->debug_fd >= 0)
			close(m->debug_fd);
		if (m->fd >= 0)
			close(m->fd);
		free(m->functions);
		free(m->name);
		free(m);
	}
	free(modules);
	modules = NULL;
	nmodules = nopen = 0;
}
