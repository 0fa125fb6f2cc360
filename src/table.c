/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table.c - columns into values, values into text. A new kind is a case here; a new form of
 * output is a new sink and doesn't come here.
 *
 * Numbers and addresses are written by hand: with snprintf and inet_ntop a row costs 290 to
 * 580 ns, so 70 to 97 (measured on rows of soconnect).
 */
#include "table.h"

#include <stdio.h>
#include <time.h>

#include <sys/socket.h>

#include "name.h"
#include "stack.h"

static int64_t wall_offset;

void clock_sync(void)
{
	struct timespec wall, mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	wall_offset = (wall.tv_sec - mono.tv_sec) * 1000000000LL + wall.tv_nsec - mono.tv_nsec;
}

uint64_t clock_wall(uint64_t mono_ns)
{
	return mono_ns + wall_offset;
}

static char *put_digits(char *p, unsigned v, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		p[i] = '0' + v % 10;
		v /= 10;
	}
	return p + digits;
}

void clock_iso(struct buf *b, uint64_t wall_ns)
{
	/* rows come many to a second: keep the part that doesn't change */
	static time_t last = -1;
	static char text[] = "YYYY-MM-DDTHH:MM:SS.";
	time_t second = wall_ns / 1000000000;
	char *p;

	if (second != last) {
		struct tm tm;

		gmtime_r(&second, &tm);
		p = put_digits(text, tm.tm_year + 1900, 4);
		p = put_digits(p + 1, tm.tm_mon + 1, 2);
		p = put_digits(p + 1, tm.tm_mday, 2);
		p = put_digits(p + 1, tm.tm_hour, 2);
		p = put_digits(p + 1, tm.tm_min, 2);
		put_digits(p + 1, tm.tm_sec, 2);
		last = second;
	}
	p = buf_room(b, sizeof(text) + 10);
	memcpy(p, text, sizeof(text) - 1);
	p = put_digits(p + sizeof(text) - 1, wall_ns % 1000000000, 9);
	*p = 'Z';
	b->len += sizeof(text) - 1 + 10;
}

static char *put_u8(char *p, unsigned v)
{
	if (v >= 100)
		return put_digits(p, v, 3);
	return put_digits(p, v, v >= 10 ? 2 : 1);
}

static char *put_ip4(char *p, const uint8_t *a)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_u8(p, a[i]);
	}
	return p;
}

static char *put_hex16(char *p, unsigned v)
{
	bool any = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned d = v >> shift & 15;

		if (d || any || !shift)
			*p++ = "0123456789abcdef"[d];
		any |= d;
	}
	return p;
}

static bool is_mapped(const uint8_t *a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, 0xff };

	return !memcmp(a, prefix, 12);
}

/* RFC 5952, as inet_ntop writes it for the addresses that are met. */
static char *put_ip6(char *p, const uint8_t *a)
{
	int at = -1, len = 1, run = 0; /* the longest run of zero groups, of two at least */

	if (is_mapped(a)) {
		memcpy(p, "::ffff:", 7);
		return put_ip4(p + 7, a + 12);
	}
	for (int i = 0; i < 8; i++) {
		run = a[2 * i] | a[2 * i + 1] ? 0 : run + 1;
		if (run > len) {
			len = run;
			at = i - run + 1;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == at) {
			*p++ = ':';
			*p++ = ':';
			i += len - 1;
			continue;
		}
		if (i && p[-1] != ':')
			*p++ = ':';
		p = put_hex16(p, a[2 * i] << 8 | a[2 * i + 1]);
	}
	return p;
}

static void text_value(struct value *v, const char *text)
{
	v->type = text ? V_TEXT : V_NONE;
	v->text = text;
	v->len = text ? strlen(text) : 0;
}

static void number_text(struct value *v, const char *name, int64_t n)
{
	if (name) {
		text_value(v, name);
		return;
	}
	struct buf b = { v->store, 0, sizeof(v->store) }; /* roomy: never grows */

	buf_i64(&b, n);
	v->type = V_TEXT;
	v->text = v->store;
	v->len = b.len;
}

static void ip_value(struct value *v, const struct ip *ip, unsigned family)
{
	v->type = V_TEXT;
	v->text = v->store;
	if (family == AF_INET)
		v->len = put_ip4(v->store, ip->b + 12) - v->store;
	else
		v->len = put_ip6(v->store, ip->b) - v->store;
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
		number_text(v, NULL, n);
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
	case K_TIME: {
		struct buf b = { v->store, 0, sizeof(v->store) }; /* roomy: never grows */

		clock_iso(&b, clock_wall(load_uint(p, 8)));
		v->type = V_TEXT;
		v->text = v->store;
		v->len = b.len;
		return;
	}
	case K_COMM:
		v->type = V_BYTES;
		v->text = p;
		v->len = strnlen(p, c->size);
		return;
	case K_ENUM:
		text_value(v, c->names[*(const uint8_t *)p]);
		return;
	case K_FAMILY:
		text_value(v, family_name(load_uint(p, 2)));
		return;
	case K_PROTOCOL:
		n = load_uint((const char *)row + t->family, 2);
		if (n == AF_INET || n == AF_INET6)
			text_value(v, protocol_name(load_uint(p, 2)));
		return;
	case K_LOCAL:
		ip_value(v, &e->laddr, e->family);
		return;
	case K_REMOTE:
		remote_value(t, row, e, have, v);
		return;
	case K_ERRNO:
		result = load_uint(p, 4);
		if (result > 0)
			number_text(v, errno_name(result), result);
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
		struct buf b = { v->store, 0, sizeof(v->store) }; /* roomy: never grows */

		n = load_uint(p, 8);
		buf_u64(&b, n / 1000000000);
		buf_char(&b, '.');
		put_digits(buf_room(&b, 6), n % 1000000000 / 1000, 6);
		v->type = V_NUMBER;
		v->text = v->store;
		v->len = b.len + 6;
		return;
	}
	case K_CLOCK: {
		time_t second = clock_wall(load_uint(p, 8)) / 1000000000;
		struct tm tm;

		localtime_r(&second, &tm);
		v->type = V_TEXT;
		v->text = v->store;
		v->len = strftime(v->store, sizeof(v->store), "%H:%M:%S", &tm);
		return;
	}
	case K_STACK:
		v->type = V_STACK;
		v->u = load_uint(p, 8);
		return;
	case K_RESULT:
	case K_BOOK:
		result = load_uint(p, 4);
		number_text(v, result_words(result, c->kind == K_BOOK), result);
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
