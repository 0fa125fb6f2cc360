/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.c - see fuzz.h. Complaints go to memory, where they can be looked at; stdout nowhere.
 */
#include "fuzz.h"

#include <unistd.h>

static char *said;
static size_t said_len;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	stdout = fopen("/dev/null", "w");
	stderr = open_memstream(&said, &said_len);
	setvbuf(stderr, NULL, _IOFBF, 4096);
	return stdout && stderr ? 0 : 1;
}

void broken(const char *file, int line, const char *what)
{
	fflush(stderr);
	dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\nstderr: %.*s\n", file, line, what,
		(int)said_len, said ? said : "");
	abort();
}

char *exact(const uint8_t *data, size_t size)
{
	char *p = xmalloc(size + 1);

	if (size)
		memcpy(p, data, size);
	p[size] = 0;
	return p;
}

unsigned take(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	--*size;
	return *(*data)++;
}

FILE *as_file(const uint8_t *data, size_t size)
{
	FILE *f = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");

	must(f);
	return f;
}

const char *heard(void)
{
	fflush(stderr);
	/* written over what stood there before, which may be longer */
	said[said_len] = 0;
	must(harmless(said, said_len));
	must(!said_len || said[said_len - 1] == '\n');
	must(strlen(said) == said_len);
	rewind(stderr);
	return said;
}

unsigned lines_in(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

size_t utf8_at(const uint8_t *p, size_t size, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *p < 0x80 ? 1 : *p < 0xc0 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf8 ? 4 : 0;

	if (!n || n > size)
		return 0;
	*c = n == 1 ? *p : *p & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : n;
}

static bool between(uint32_t c, uint32_t lo, uint32_t hi)
{
	return c >= lo && c <= hi;
}

/* Controls, and what turns the direction of text. */
static bool turns(uint32_t c)
{
	return c < 0x20 || between(c, 0x7f, 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       between(c, 0x2028, 0x202e) || between(c, 0x2066, 0x2069);
}

/* Blanks other than the blank, what joins or is invisible, what is no character. */
static bool deceives(uint32_t c)
{
	return c == 0xa0 || c == 0xad || between(c, 0x300, 0x36f) || c == 0x115f || c == 0x1160 ||
	       c == 0x180e || c == 0x3164 || between(c, 0x2000, 0x200d) || c == 0x202f ||
	       between(c, 0x205f, 0x206f) || c == 0x3000 || between(c, 0xe000, 0xf8ff) ||
	       between(c, 0xfdd0, 0xfdef) || between(c, 0xfe00, 0xfe0f) || c == 0xfeff ||
	       c == 0xffa0 || between(c, 0xfff0, 0xfffb) || (c & 0xfffe) == 0xfffe ||
	       between(c, 0x1d173, 0x1d17a) || c >= 0xe0000;
}

bool harmless(const char *text, size_t size)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n;

	for (uint32_t c; size; p += n, size -= n) {
		n = utf8_at(p, size, &c);
		if (!n || (c != '\n' && (turns(c) || deceives(c))))
			return false;
	}
	return true;
}

bool harmless_json(const char *text, size_t size)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n;

	for (uint32_t c; size; p += n, size -= n) {
		n = utf8_at(p, size, &c);
		if (!n || turns(c))
			return false;
	}
	return true;
}
