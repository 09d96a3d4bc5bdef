/* SPDX-License-Identifier: MIT */
/* Memory given back at once; see the header. */
#include "leadbridge/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BLOCK = 4096 - 64, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	_Alignas(ALIGN) char data[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_release(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;
		free(a->blocks);
		a->blocks = next;
	}
	*a = (struct arena){0};
}

static void *take(struct arena *a, size_t n)
{
	lb_assert(n <= SIZE_MAX / 2);
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (n > a->left) {
		size_t size = n > BLOCK / 4 ? n : BLOCK;
		struct arena_block *block =
		    xmalloc(sizeof(struct arena_block) + size);
		block->next = a->blocks;
		a->blocks = block;
		if (size == n && a->left > 0) {
			/* A large piece of its own: keep the open block. */
			a->total += n;
			return block->data;
		}
		a->at = block->data;
		a->left = size;
	}
	void *p = a->at;
	a->at += n;
	a->left -= n;
	a->total += n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = take(a, n > 0 ? n : 1);
	memset(p, 0, n);
	return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
	if (s.p == NULL)
		return STR_NONE;
	char *p = take(a, s.n + 1);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){p, s.n};
}

struct str arena_copy_buf(struct arena *a, const struct buf *b)
{
	return arena_copy(a, buf_str(b));
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	lb_assert(n >= 0);
	char *p = take(a, (size_t)n + 1);
	(void)!vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	return (struct str){p, (size_t)n};
}
