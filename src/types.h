/* SPDX-License-Identifier: GPL-2.0 */
/*
 * types.h - the kernel's types, those that our programs ask for: what is put into the holes of their
 * code (bpf/holes.h), and a small BTF for CO-RE to look members up in. The kernel's own is 5 MB, and
 * libbpf would read it all, and search it all for each type.
 */
#ifndef TYPES_H
#define TYPES_H

#include <stddef.h>

/* A tool's kernel half, for bpf_object__open_mem(). */
struct filled {
	void *object;
	size_t size;
	char btf[32]; /* where that BTF is; "": libbpf has to take the kernel's */
	int fd;
};

/* OBJECT, of SIZE bytes, is an ELF file of our own. Without the kernel's BTF only holes are filled. */
void types_fill(struct filled *f, const void *object, size_t size);
/* From this BTF; NULL: there is none. */
void types_fill_from(struct filled *f, const void *object, size_t size, const void *btf,
		     size_t btf_size);
void types_free(struct filled *f);

#endif
