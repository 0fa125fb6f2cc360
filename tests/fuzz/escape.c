/* SPDX-License-Identifier: GPL-2.0 */
/*
 * escape.c - fuzzes text_escape() and json_string(): nothing harmful comes out, nothing is lost,
 * and what is not UTF-8 is told.
 */
#include "fuzz.h"

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xNN and \\ back to bytes: they must be those that went in. */
static void as_text(const char *in, size_t size)
{
	struct buf b = {};
	size_t columns, at = 0, ascii = 0, n;
	uint32_t c;

	buf_str(&b, "before");
	columns = text_escape(&b, in, size);
	must(!memcmp(b.p, "before", 6));
	must(harmless(b.p, b.len));
	must(!memchr(b.p, '\n', b.len));
	for (size_t i = 6; i < b.len;) {
		unsigned char byte = b.p[i];

		if (byte == '\\') {
			must(i + 1 < b.len);
			if (b.p[i + 1] == '\\') {
				i += 2;
				ascii += 2;
			} else {
				must(b.p[i + 1] == 'x' && i + 3 < b.len);
				must(digit(b.p[i + 2]) >= 0 && digit(b.p[i + 3]) >= 0);
				byte = digit(b.p[i + 2]) << 4 | digit(b.p[i + 3]);
				i += 4;
				ascii += 4;
			}
		} else {
			n = utf8_at((uint8_t *)b.p + i, b.len - i, &c);
			/* a character beyond ASCII takes one column or two */
			columns -= n > 1;
			ascii += n == 1;
			must(at + n <= size && !memcmp(in + at, b.p + i, n));
			at += n;
			i += n;
			continue;
		}
		must(at < size && (unsigned char)in[at] == byte);
		at++;
	}
	must(at == size);
	must(columns >= ascii && columns - ascii <= size);
	if (text_plain(in, size))
		must(b.len == 6 + size);
	buf_free(&b);
}

/* The next code unit of a JSON string at P, which moves on. */
static uint32_t json_at(const char **p, const char *end)
{
	uint32_t c;
	size_t n;

	if (**p != '\\') {
		n = utf8_at((const uint8_t *)*p, end - *p, &c);
		must(n && c != '"');
		*p += n;
		return c;
	}
	must(end - *p >= 2);
	c = (*p)[1];
	*p += 2;
	if (c == 'u') {
		must(end - *p >= 4);
		for (c = 0, n = 0; n < 4; n++) {
			must(digit((*p)[n]) >= 0);
			c = c << 4 | digit((*p)[n]);
		}
		must(c < 0xd800 || c > 0xdfff);
		*p += 4;
		return c;
	}
	must(c == '"' || c == '\\');
	return c;
}

/* How many bytes of what is no UTF-8 belong together: one U+FFFD for each maximal subpart. */
static size_t subpart(const uint8_t *p, size_t size)
{
	uint8_t whole[4];
	uint32_t c;
	size_t best = 1;

	/* a beginning is one if some continuation makes it a character */
	for (size_t n = 2; n <= 3 && n <= size; n++) {
		bool begins = false;

		memcpy(whole, p, n);
		for (int a = 0x80; a < 0xc0; a++) {
			memset(whole + n, 0x80, 4 - n);
			whole[n] = a;
			begins |= utf8_at(whole, n + 1, &c) == n + 1 ||
				  (n == 2 && utf8_at(whole, 4, &c) == 4);
		}
		if (begins)
			best = n;
	}
	return best;
}

static void as_json(const char *in, size_t size)
{
	const uint8_t *p = (const uint8_t *)in, *last = p + size;
	struct buf b = {};
	int replaced = json_string(&b, in, size), expected = 0;
	const char *q = b.p + 1, *end = b.p + b.len - 1;
	size_t n;

	must(b.len >= 2 && b.p[0] == '"' && *end == '"');
	must(harmless_json(b.p, b.len));
	while (p < last) {
		uint32_t c;

		n = utf8_at(p, last - p, &c);
		if (!n) {
			n = subpart(p, last - p);
			c = 0xfffd;
			expected = 1;
		}
		must(q < end);
		must(json_at(&q, end) == c);
		p += n;
	}
	must(q == end);
	must(replaced == expected);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *in = xmalloc(size);

	if (size)
		memcpy(in, data, size);
	as_text(in, size);
	as_json(in, size);
	(fail)(0, "%.*s", (int)size, in);
	must(lines_in(heard()) == 1);
	free(in);
	return 0;
}
