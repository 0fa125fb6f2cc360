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

static void number_value(struct value *v, enum value_type type, uint64_t n)
{
	v->type = type;
	v->u = n;
}

static void ip_value(struct value *v, const struct ip *ip, unsigned family)
{
	v->type = family == AF_INET ? V_IP4 : V_IP6;
	v->ip = ip;
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

static void remote_value(const struct table *t, const char *row, struct value *v)
{
	const struct ends *e = (const struct ends *)(row + t->ends);
	uint32_t have;

	memcpy(&have, row + t->have, sizeof(have));
	if (have & HAVE_NAME) {
		name_value(v, (const struct name *)(row + t->name_at));
	} else if (e->family == AF_INET || e->family == AF_INET6) {
		ip_value(v, &e->raddr, e->family);
	} else {
		uint32_t n;

		/* netlink's port id, vsock's context id */
		memcpy(&n, e->raddr.b, sizeof(n));
		number_value(v, V_DIGITS, n);
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

/* The kinds that take more than a load. */
static __attribute__((noinline)) void long_value(const struct table *t, const struct column *c, const char *row,
		       struct value *v)
{
	const char *p = row + c->offset;
	const struct ends *e = (const struct ends *)(row + t->ends);
	int32_t result;
	uint64_t n;

	switch (c->kind) {
	case K_TIME:
		number_value(v, V_ISO, clock_wall(load_uint(p, 8)));
		return;
	case K_CLOCK:
		number_value(v, V_CLOCK, clock_wall(load_uint(p, 8)));
		return;
	case K_SECONDS:
		number_value(v, V_SECONDS, load_uint(p, 8));
		return;
	case K_FAMILY:
		word_value(v, family_name(load_uint(p, 2)));
		return;
	case K_PROTOCOL:
		n = load_uint(row + t->family, 2);
		if (n == AF_INET || n == AF_INET6)
			word_value(v, protocol_name(load_uint(p, 2)));
		return;
	case K_LOCAL:
		ip_value(v, &e->laddr, e->family);
		return;
	case K_REMOTE:
		remote_value(t, row, v);
		return;
	case K_ERRNO:
		result = load_uint(p, 4);
		if (result <= 0)
			return;
		word_value(v, errno_name(result));
		if (v->type == V_NONE)
			number_value(v, V_DIGITS, result);
		return;
	case K_RESULT:
	case K_BOOK:
		result = load_uint(p, 4);
		word_value(v, result_words(result, c->kind == K_BOOK));
		if (v->type == V_NONE)
			number_value(v, V_DIGITS, (int64_t)result);
		else
			v->type = V_TEXT;
		return;
	default:
		return;
	}
}

void column_value(const struct table *t, const struct column *c, const void *row,
		  struct value *v)
{
	const char *p = (const char *)row + c->offset;

	v->type = V_NONE;
	if (!column_has(t, c, row))
		return;
	switch (c->kind) {
	case K_UINT:
	case K_NSEC:
		number_value(v, V_UINT, load_uint(p, c->size));
		return;
	case K_INT:
		number_value(v, V_INT, load_uint(p, c->size));
		if (c->size == 4)
			v->i = (int32_t)v->u;
		return;
	case K_BOOL:
		number_value(v, V_BOOL, *p != 0);
		return;
	case K_COMM:
		v->type = V_BYTES;
		v->text = p;
		v->len = strnlen(p, c->size);
		return;
	case K_ENUM:
		word_value(v, c->names[*(const uint8_t *)p]);
		return;
	case K_COUNTS:
		v->type = V_COUNTS;
		v->counts = (const struct counts *)p;
		memcpy(&v->length, (const char *)row + t->length, sizeof(v->length));
		return;
	case K_RATE:
		number_value(v, V_UINT, load_uint(p, 8));
		memcpy(&v->length, (const char *)row + t->length, sizeof(v->length));
		return;
	case K_STACK:
		number_value(v, V_STACK, load_uint(p, 8));
		return;
	default:
		long_value(t, c, row, v);
	}
}

/* A count per second in at most 5 characters: 7, 0.3, 1234, 12.3k, 1.23M. */
static void put_rate(struct buf *b, uint64_t count, uint64_t length)
{
	/* to ronna: a count of 64 bits in a nanosecond is 18.4R */
	static const char units[] = " kMGTPEZYR";
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

char *value_put(char *p, const struct value *v)
{
	switch (v->type) {
	case V_UINT:
		return put_u64(p, v->u);
	case V_INT:
	case V_DIGITS:
		return put_i64(p, v->i);
	case V_SECONDS:
		return put_seconds(p, v->u, 6);
	case V_WORD:
	case V_TEXT:
		return put_bytes(p, v->text, v->len);
	case V_IP4:
		return put_ip4(p, v->ip->b + 12);
	case V_IP6:
		return put_ip6(p, v->ip->b);
	case V_ISO:
		return put_iso(p, v->u);
	case V_CLOCK:
		return put_clock(p, v->u);
	default:
		return p;
	}
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
	case V_BOOL:
		buf_str(b, v->u ? "yes" : "no");
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
	default:
		b->len = value_put(buf_room(b, CELL_ROOM), v) - b->p;
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
