/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table.c - columns into values, values into text. A new kind is a case here; a new form of
 * output is a new sink and doesn't come here.
 */
#include "table.h"

#include <stdio.h>

#include <sys/socket.h>

#include "format.h"
#include "name.h"
#include "stack.h"

/* A word of our own, or none. */
static void word_value(struct value *v, const char *word)
{
	v->type = word ? V_WORD : V_NONE;
	v->text = word;
	v->len = word ? strlen(word) : 0;
}

/* What was written into the value's own store, up to END. */
static void stored_value(struct value *v, enum value_type type, const char *end)
{
	v->type = type;
	v->text = v->store;
	v->len = end - v->store;
}

static void number_value(struct value *v, int64_t n)
{
	char *p = v->store;

	if (n < 0)
		*p++ = '-';
	stored_value(v, V_WORD, put_u64(p, n < 0 ? -(uint64_t)n : (uint64_t)n));
}

static void ip_value(struct value *v, const struct ip *ip, unsigned family)
{
	stored_value(v, V_WORD,
		     family == AF_INET ? put_ip4(v->store, ip->b + 12) : put_ip6(v->store, ip->b));
}

/*
 * AF_UNIX names: a path as it is; an abstract one with @ for its first NUL, as ss does. A path
 * that itself begins with @ gets ./ in front, which means the same file and no abstract name.
 */
static void name_value(struct value *v, const struct name *name)
{
	size_t len = name->len < sizeof(name->bytes) ? name->len : sizeof(name->bytes);
	char *p = v->store;

	v->type = V_BYTES;
	v->text = p;
	if (len && !name->bytes[0]) {
		memcpy(p, name->bytes, len);
		*p = '@';
		v->len = len;
		return;
	}
	len = strnlen(name->bytes, len);
	if (len && name->bytes[0] == '@') {
		*p++ = '.';
		*p++ = '/';
	}
	memcpy(p, name->bytes, len);
	v->len = p + len - v->store;
}

static void remote_value(const struct table *t, const char *row, const struct ends *e,
			 uint32_t have, struct value *v)
{
	if (have & HAVE_NAME) {
		name_value(v, (const struct name *)(row + t->name_at));
	} else if (e->family == AF_INET || e->family == AF_INET6) {
		ip_value(v, &e->raddr, e->family);
	} else {
		uint32_t n;

		/* netlink's port id, vsock's context id */
		memcpy(&n, e->raddr.b, sizeof(n));
		number_value(v, n);
	}
}

static uint64_t load_uint(const char *p, size_t size)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		memcpy(&u16, p, 2);
		return u16;
	case 4:
		memcpy(&u32, p, 4);
		return u32;
	default:
		memcpy(&u64, p, 8);
		return u64;
	}
}

static const char *result_words(int32_t result, bool book)
{
	/* what the book's script printed for these */
	switch (result) {
	case RESULT_CLOSED:
		return book ? "In progress" : "Closed by caller";
	case RESULT_KILLED:
		return book ? "Interrupted" : "Process killed";
	case RESULT_EXITED:
		return book ? "In progress" : "Process exited";
	case RESULT_DISCONNECTED:
		return book ? "Success" : "Disconnected";
	case RESULT_LOCAL:
		return book ? "" : "Failed locally";
	case RESULT_PENDING:
		return book ? "Success" : "In progress";
	}
	return book ? book_words(result) : errno_words(result);
}

void column_value(const struct table *t, const struct column *c, const void *row,
		  struct value *v)
{
	const char *p = (const char *)row + c->offset;
	const struct ends *e = (const struct ends *)((const char *)row + t->ends);
	uint32_t have;
	int32_t result;
	uint64_t n;

	memcpy(&have, (const char *)row + t->have, sizeof(have));
	v->type = V_NONE;
	if (c->need & ~have)
		return;
	switch (c->kind) {
	case K_UINT:
	case K_NSEC:
		v->type = V_UINT;
		v->u = load_uint(p, c->size);
		return;
	case K_BOOL:
		v->type = V_BOOL;
		v->u = *p != 0;
		return;
	case K_INT:
		n = load_uint(p, c->size);
		v->type = V_INT;
		v->i = c->size == 4 ? (int32_t)n : (int64_t)n;
		return;
	case K_TIME:
		stored_value(v, V_WORD, put_iso(v->store, clock_wall(load_uint(p, 8))));
		return;
	case K_COMM:
		v->type = V_BYTES;
		v->text = p;
		v->len = strnlen(p, c->size);
		return;
	case K_ENUM:
		word_value(v, c->names[*(const uint8_t *)p]);
		return;
	case K_FAMILY:
		word_value(v, family_name(load_uint(p, 2)));
		return;
	case K_PROTOCOL:
		n = load_uint((const char *)row + t->family, 2);
		if (n == AF_INET || n == AF_INET6)
			word_value(v, protocol_name(load_uint(p, 2)));
		return;
	case K_LOCAL:
		ip_value(v, &e->laddr, e->family);
		return;
	case K_REMOTE:
		remote_value(t, row, e, have, v);
		return;
	case K_ERRNO:
		result = load_uint(p, 4);
		if (result <= 0)
			return;
		word_value(v, errno_name(result));
		if (v->type == V_NONE)
			number_value(v, result);
		return;
	case K_COUNTS:
		v->type = V_COUNTS;
		v->counts = (const struct counts *)p;
		memcpy(&v->length, (const char *)row + t->length, sizeof(v->length));
		return;
	case K_RATE:
		v->type = V_UINT;
		v->u = load_uint(p, 8);
		memcpy(&v->length, (const char *)row + t->length, sizeof(v->length));
		return;
	case K_SECONDS: {
		char *end;

		n = load_uint(p, 8);
		end = put_u64(v->store, n / 1000000000);
		*end++ = '.';
		stored_value(v, V_NUMBER, put_digits(end, n % 1000000000 / 1000, 6));
		return;
	}
	case K_CLOCK:
		stored_value(v, V_WORD, put_clock(v->store, clock_wall(load_uint(p, 8))));
		return;
	case K_STACK:
		v->type = V_STACK;
		v->u = load_uint(p, 8);
		return;
	case K_RESULT:
	case K_BOOK:
		result = load_uint(p, 4);
		word_value(v, result_words(result, c->kind == K_BOOK));
		if (v->type == V_NONE)
			number_value(v, result);
		v->type = V_TEXT;
		return;
	}
}

/* A count per second in at most 5 characters: 7, 0.3, 1234, 12.3k, 1.23M. */
static void put_rate(struct buf *b, uint64_t count, uint64_t length)
{
	static const char units[] = " kMGTPE";
	double rate = length ? count * 1e9 / length : 0;
	char text[32];
	int unit = 0;

	if (rate < 9.95 && rate - (uint64_t)rate >= 0.05) {
		buf_add(b, text, snprintf(text, sizeof(text), "%.1f", rate));
		return;
	}
	if (rate < 9999.5) {
		buf_u64(b, rate + 0.5);
		return;
	}
	for (; rate >= 999.5; unit++)
		rate /= 1000;
	buf_add(b, text, snprintf(text, sizeof(text), "%.*f", rate < 9.995 ? 2 : rate < 99.95, rate));
	buf_char(b, units[unit]);
}

size_t value_text(struct buf *b, const struct column *c, const struct value *v)
{
	size_t before = b->len;

	switch (v->type) {
	case V_NONE:
		buf_char(b, '-');
		break;
	case V_UINT:
		if (c->kind == K_RATE)
			put_rate(b, v->u, v->length);
		else
			buf_u64(b, c->kind == K_NSEC ? v->u / 1000 : v->u);
		break;
	case V_COUNTS:
		put_rate(b, v->counts->count, v->length);
		break;
	case V_INT:
		buf_i64(b, v->i);
		break;
	case V_BOOL:
		buf_str(b, v->u ? "yes" : "no");
		break;
	case V_WORD:
	case V_TEXT:
	case V_NUMBER:
		buf_add(b, v->text, v->len);
		break;
	case V_STACK:
		stack_folded(b, stack_find(v->u));
		break;
	case V_BYTES:
		if (!v->len && c->kind == K_REMOTE) {
			buf_str(b, "(unnamed)");
			break;
		}
		return text_escape(b, v->text, v->len);
	}
	return b->len - before;
}

void counts_add(struct counts *to, const struct counts *c)
{
	to->count += c->count;
	to->ok += c->ok;
	to->failed += c->failed;
	to->again += c->again;
	to->bytes += c->bytes;
	to->begun += c->begun;
	to->dropped += c->dropped;
	to->pending += c->pending;
}

const struct column *table_column(const struct table *t, const char *name, size_t len)
{
	for_each_column(c, t)
		if (strlen(c->name) == len && !memcmp(c->name, name, len) &&
		    !(c->flags & COL_HIDDEN))
			return c;
	return NULL;
}
