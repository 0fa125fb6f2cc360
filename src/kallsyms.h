/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kallsyms.h - names of the kernel's functions, by address.
 */
#ifndef KALLSYMS_H
#define KALLSYMS_H

#include <stdint.h>
#include <stdio.h>

struct ksym {
	uint64_t addr;
	const char *name;
	const char *module; /* NULL: the kernel itself */
};

/* While we may; the names are read later. */
void kallsyms_open(void);
/* The function that ADDR lies in, or NULL: not known, or the kernel hides its addresses. */
const struct ksym *kallsyms_find(uint64_t addr);
/* Take the names from F, a text like /proc/kallsyms, and no others. */
void kallsyms_read(FILE *f);
void kallsyms_free(void);

#endif
