/* SPDX-License-Identifier: MIT */
/* Owned bytes with a ceiling; see the header. Any thread, one at a time. */
#include "leadbridge/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->over = false;
	if (b->p != NULL)
		b->p[0] = '\0';
}

char *buf_room(struct buf *b, size_t n)
{
	if (b->over || n > b->max - b->n) {
		b->over = true;
		return NULL;
	}
	size_t need = b->n + n + 1;
	if (need > b->cap) {
		size_t cap = b->cap < 128 ? 128 : b->cap;
		while (cap < need)
			cap *= 2;
		b->p = xrealloc(b->p, cap);
		b->cap = cap;
	}
	return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	char *room = buf_room(b, n);
	if (room == NULL)
		return;
	if (n > 0)
		memcpy(room, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *room = n >= 0 ? buf_room(b, (size_t)n) : NULL;
	if (room != NULL) {
		(void)!vsnprintf(room, (size_t)n + 1, format, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void buf_add_int(struct buf *b, int64_t v)
{
	char text[24];
	char *end = text + sizeof(text), *p = end;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	do {
		*--p = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (v < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(end - p));
}

/* Bytes of s that need no escape, at most to the next one that does. */
static size_t plain_run(const char *p, size_t n)
{
	size_t i = 0;
	while (i < n && (unsigned char)p[i] >= 0x20 && p[i] != '"' &&
	       p[i] != '\\' && p[i] != 0x7f)
		i++;
	return i;
}

static void add_escaped(struct buf *b, char c)
{
	switch (c) {
	case '"':
		buf_add(b, "\\\"", 2);
		break;
	case '\\':
		buf_add(b, "\\\\", 2);
		break;
	case '\n':
		buf_add(b, "\\n", 2);
		break;
	case '\r':
		buf_add(b, "\\r", 2);
		break;
	case '\t':
		buf_add(b, "\\t", 2);
		break;
	default:
		buf_addf(b, "\\u%04x", (unsigned)(unsigned char)c);
		break;
	}
}

static void add_json_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t run = plain_run(s.p + i, s.n - i);
		buf_add(b, s.p + i, run);
		i += run;
		if (i < s.n)
			add_escaped(b, s.p[i++]);
	}
}

void buf_add_json(struct buf *b, struct str s)
{
	buf_add_char(b, '"');
	while (s.n > 0) {
		size_t good = str_utf8_prefix(s);
		add_json_text(b, str_sub(s, 0, good));
		if (good < s.n) {
			buf_add(b, "\xEF\xBF\xBD", 3);
			good++;
		}
		s = str_sub(s, good, s.n);
	}
	buf_add_char(b, '"');
}

void buf_drop(struct buf *b, size_t n)
{
	lb_assert(n <= b->n);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

char *buf_take(struct buf *b, size_t *n)
{
	if (b->p == NULL)
		buf_add(b, "", 0);
	char *p = b->p;
	if (n != NULL)
		*n = b->n;
	*b = (struct buf){.max = b->max};
	return p;
}
