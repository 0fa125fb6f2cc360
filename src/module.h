/* SPDX-License-Identifier: GPL-2.0 */
/*
 * module.h - the ELF files that processes run code from, by build id: their symbols, and what
 * their unwind tables say of a frame. A file stays known, and open, when its processes are gone;
 * libdw reads it only when a symbol is asked for.
 */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BUILD_ID_LEN 20

struct module;

/* A part of a process's memory that code runs from. */
struct mapping {
	uint64_t start, end, offset; /* addresses; offset in the file */
	struct module *module;	     /* NULL: no file, or one that can't be read */
	const char *name;	     /* of what is mapped, without its directory; "[vdso]" */
};

struct maps {
	struct mapping *list;
	size_t n;
};

/* The mappings of a process, empty when it is gone; its files become known. */
void maps_read(struct maps *m, unsigned pid);
/* The same, from the text of its /proc/PID/maps. */
void maps_read_from(struct maps *m, unsigned pid, FILE *f);
/* The code of a file, whose offset 0 would be at BASE. */
void maps_add(struct maps *m, struct module *module, uint64_t base);
const struct mapping *maps_find(const struct maps *m, uint64_t addr);
void maps_free(struct maps *m);

/* The program NAME, as execvp(3) finds it, becomes known. */
void module_learn(const char *name);

/* The file with this build id, or NULL: none is known. */
struct module *module_by_id(const uint8_t id[BUILD_ID_LEN]);
const char *module_name(const struct module *m);
/* Its build id, or NULL: it has none. */
const uint8_t *module_id(const struct module *m);

/* How a function can be left, as far as walking from frame pointer to frame pointer goes. */
enum unwind {
	UNWIND_UNKNOWN, /* there is no table */
	UNWIND_FRAME,	/* by the frame that it has set up */
	UNWIND_NO_FRAME, /* the walk misses its caller, and maybe more */
	UNWIND_END,	/* it has no caller */
};

struct symbol {
	const char *name; /* bytes of a stranger's, demangled; NULL: there is none */
	uint64_t offset;  /* behind its start */
	uint64_t addr;	  /* as the file itself counts addresses */
	enum unwind unwind;
	/*
	 * UNWIND_NO_FRAME: its return address is this word above the stack pointer, counted from
	 * 1; and the frame pointer that it has saved, to use the register for itself. 0: not told;
	 * it has not.
	 */
	unsigned caller_at, fp_at;
	bool starts;	    /* a process or a thread begins here */
};

/* The 8 bytes in front of OFFSET; false: they can't be read. */
bool module_code(const struct module *m, uint64_t offset, uint64_t *code);
/* What is at OFFSET of the file; RETURNS: it is a return address, so ask for the call before. */
void module_symbol(struct module *m, uint64_t offset, bool returns, struct symbol *s);

void modules_free(void);

#endif
