/* SPDX-License-Identifier: MIT */
/*
 * The strings of JSON, where its time goes: plain runs are passed over eight
 * bytes at a time, UTF-8 is checked, escapes are decoded in place (they only
 * shrink). Nothing a string may hold ends up as NUL. Any thread.
 */
#include "payload/json.h"

struct json_text json_text(struct arena *a, struct str source, bool lenient,
			   struct err *err)
{
	char *copy = arena_alloc(a, source.n + 1);
	if (source.n > 0)
		memcpy(copy, source.p, source.n);
	return (struct json_text){.start = copy,
				  .at = copy,
				  .end = copy + source.n,
				  .source = source,
				  .lenient = lenient,
				  .err = err};
}

int json_fail(struct json_text *t, int code, const char *what)
{
	size_t at = (size_t)(t->at - t->start), line = 1, column = 1;
	for (size_t i = 0; i < at; i++) {
		unsigned char c = (unsigned char)t->source.p[i];
		if (c == '\n') {
			line++;
			column = 1;
		} else {
			column += (c & 0xC0) != 0x80; /* characters */
		}
	}
	return err_set(t->err, code, "%s at line %zu, column %zu", what, line,
		       column);
}

static int fail_at(struct json_text *t, char *at, int code, const char *what)
{
	t->at = at;
	return json_fail(t, code, what);
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* High bits set where one of eight bytes is a quote, a backslash, a control or
 * not ASCII. Bytes behind the first such may be marked wrongly. */
static uint64_t special(uint64_t w)
{
	uint64_t quote = w ^ EACH_BYTE('"'), slash = w ^ EACH_BYTE('\\');
	uint64_t found = (quote - EACH_BYTE(1)) & ~quote;
	found |= (slash - EACH_BYTE(1)) & ~slash;
	found |= (w - EACH_BYTE(0x20)) & ~w;
	return (found | w) & EACH_BYTE(0x80);
}

static char *skip_plain(char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t w;
		memcpy(&w, at, sizeof(w));
		if (special(w) != 0)
			break;
		at += 8;
	}
	while ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 &&
	       *at != '"' && *at != '\\')
		at++;
	return at;
}

/* Length of the well-formed sequence at `at`; a NUL stands at the end. */
static size_t sequence(const char *at, const char *end)
{
	unsigned char lead = (unsigned char)at[0];
	size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
	if ((size_t)(end - at) < n || !str_is_utf8((struct str){at, n}))
		return 0;
	return n;
}

/* Four hex digits, or -1. */
static int hex4(const char *at, const char *end)
{
	if (end - at < 4)
		return -1;
	int v = 0;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		int digit;
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			digit = (c | 0x20) - 'a' + 10;
		else
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

static char *put_utf8(char *to, int c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
		*to++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*to++ = (char)(0xE0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	} else {
		*to++ = (char)(0xF0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 63));
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	}
	return to;
}

/* \uXXXX, or two of them for one character; *at stands on the 'u'. */
static int read_unicode(struct json_text *t, char **at, char **to)
{
	char *from = *at - 1;
	int c = hex4(*at + 1, t->end);
	*at += 5;
	if (c < 0)
		return fail_at(t, from, LB_EINVAL, "malformed escape");
	if (c == 0)
		return fail_at(t, from, LB_EINVAL, "NUL in a string");
	if (c >= 0xDC00 && c <= 0xDFFF)
		return fail_at(t, from, LB_EINVAL, "half a surrogate pair");
	if (c >= 0xD800 && c <= 0xDBFF) {
		int low = -1;
		if ((*at)[0] == '\\' && (*at)[1] == 'u')
			low = hex4(*at + 2, t->end);
		if (low < 0xDC00 || low > 0xDFFF)
			return fail_at(t, from, LB_EINVAL,
				       "half a surrogate pair");
		*at += 6;
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	}
	*to = put_utf8(*to, c);
	return 0;
}

/* *at stands on the backslash. */
static int read_escape(struct json_text *t, char **at, char **to)
{
	static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	char c = *++*at;
	if (c == 'u')
		return read_unicode(t, at, to);
	const char *found = c != '\0' ? strchr(from, c) : NULL;
	if (found == NULL)
		return fail_at(t, *at - 1, LB_EINVAL, "malformed escape");
	*(*to)++ = means[found - from];
	++*at;
	return 0;
}

static int refuse_control(struct json_text *t, char *at)
{
	return fail_at(t, at, LB_EINVAL,
		       at == t->end ? "the text ends inside a string"
				    : "control character in a string");
}

/* The characters up to the next ASCII. */
static int read_utf8(struct json_text *t, char **at, char **to)
{
	do {
		size_t n = sequence(*at, t->end);
		if (n == 0)
			return fail_at(t, *at, LB_EINVAL, "malformed UTF-8");
		memmove(*to, *at, n);
		*to += n;
		*at += n;
	} while ((unsigned char)**at >= 0x80);
	return 0;
}

/* One thing at `at` that is not plain ASCII. */
static int read_special(struct json_text *t, char **at, char **to)
{
	unsigned char c = (unsigned char)**at;
	if (c == '\\')
		return read_escape(t, at, to);
	if (c < 0x20) {
		bool taken = c == '\t' || c == '\n' || c == '\r';
		if (!taken || !t->lenient)
			return refuse_control(t, *at);
		*(*to)++ = *(*at)++;
		return 0;
	}
	return read_utf8(t, at, to);
}

int json_string(struct json_text *t, struct str *out)
{
	char *start = t->at + 1, *at = start, *to = start;
	for (;;) {
		char *end = skip_plain(at, t->end);
		if (to != at)
			memmove(to, at, (size_t)(end - at));
		to += end - at;
		at = end;
		if (*at == '"')
			break;
		int rc = read_special(t, &at, &to);
		if (rc != 0)
			return rc;
	}
	t->at = at + 1;
	*out = (struct str){start, (size_t)(to - start)};
	return 0;
}
