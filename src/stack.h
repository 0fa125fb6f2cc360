/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stack.h - stacks by number (bpf/stack.bpf.h), and what they consist of. They are kept as they
 * come; names are looked up when one is printed.
 */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bpf/row.h"
#include "util.h"

struct frame {
	bool missing;	    /* here a caller, or more than one, could not be told; no more follows */
	const char *symbol; /* bytes of a stranger's; NULL: not known */
	const char *module; /* the same: a file's name, or its build id; NULL: not known */
	uint64_t offset;    /* behind the symbol's start */
	uint64_t addr;	    /* as its file counts addresses; of no file: in memory */
};

struct stack {
	const struct frame *frames; /* the innermost first */
	size_t n;
	bool truncated; /* its outer end is missing, or nobody knows if it is whole */
	bool kernel;
};

/*
 * Before the first one comes: what short-lived processes may run, whose maps nobody will have
 * time to read. COMMAND: NULL, or the name of the program to be run.
 */
void stack_start(const char *command);
/* Likewise what these run: files that others chose, so once no rights are left. */
void stack_learn(const uint32_t *pids, size_t npids);
/* A new one has come, whole. */
void stack_announce(const struct new_stack *s);
/* The number of the first stack that looks like this one: a file may have come in two ways. */
uint64_t stack_same(uint64_t id);
/* NULL: there is none, or it did not come. */
const struct stack *stack_find(uint64_t id);
/* For people: a line per frame, the innermost first. */
void stack_lines(struct buf *b, const struct stack *s);
/* For flame graphs: the outermost first, semicolons between. */
void stack_folded(struct buf *b, const struct stack *s);
void stacks_free(void);

#endif
