/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h - what the fuzz targets share. Each is a file here with one LLVMFuzzerTestOneInput(); it
 * feeds one family of parsers and asserts what must hold of every text, beside not crashing.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Must hold, or the input is a finding. */
#define must(cond)                                                                             \
	do {                                                                                   \
		if (!(cond))                                                                   \
			broken(__FILE__, __LINE__, #cond);                                     \
	} while (0)
void broken(const char *file, int line, const char *what) __attribute__((noreturn));

/* A copy of its exact size, and a NUL behind it, so that any look past its end is seen. */
char *exact(const uint8_t *data, size_t size);
/* The first byte of the input, which is then shorter; 0: it was empty. */
unsigned take(const uint8_t **data, size_t *size);
/* A file with these bytes. */
FILE *as_file(const uint8_t *data, size_t size);

/* What stands on stderr since the last call, NUL-terminated. Asserts that no terminal is harmed. */
const char *heard(void);
unsigned lines_in(const char *text);

/* One character of UTF-8, strictly; 0 bytes: it is none. */
size_t utf8_at(const uint8_t *p, size_t size, uint32_t *c);
/* Is there nothing in it that may harm a terminal (LF is fine)? */
bool harmless(const char *text, size_t size);
/* The same for JSON: valid UTF-8, no controls, nothing that turns the direction of text. */
bool harmless_json(const char *text, size_t size);

#endif
