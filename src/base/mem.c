/* SPDX-License-Identifier: MIT */
/* Allocators that die; the wipe that stays; the assertion that is kept. */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn static void out_of_memory(size_t n)
{
	char line[80];
	int len =
	    snprintf(line, sizeof(line), "<2>out_of_memory bytes=%zu\n", n);
	if (len > 0)
		(void)!write(STDERR_FILENO, line, (size_t)len);
	abort();
}

void *xmalloc(size_t n)
{
	void *p = malloc(n > 0 ? n : 1);
	if (p == NULL)
		out_of_memory(n);
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n > 0 ? n : 1, size > 0 ? size : 1);
	if (p == NULL)
		out_of_memory(n);
	return p;
}

void *xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n > 0 ? n : 1);
	if (q == NULL)
		out_of_memory(n);
	return q;
}

void *xgrow(void *p, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return p;
	size_t next = *cap < 8 ? 8 : *cap;
	while (next < need)
		next *= 2;
	size_t bytes;
	lb_assert(!__builtin_mul_overflow(next, size, &bytes));
	*cap = next;
	return xrealloc(p, bytes);
}

char *xstrdup(const char *s)
{
	return xstr_dup(str_from(s));
}

char *xstr_dup(struct str s)
{
	if (s.p == NULL)
		return NULL;
	char *p = xmalloc(s.n + 1);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

char *xasprintf(const char *format, ...)
{
	char *p = NULL;
	va_list ap;
	va_start(ap, format);
	if (vasprintf(&p, format, ap) < 0)
		out_of_memory(0);
	va_end(ap);
	return p;
}

void mem_trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

void mem_wipe(void *p, size_t n)
{
	if (p != NULL && n > 0)
		explicit_bzero(p, n);
}

void lb_assert_failed(const char *text, const char *file, int line)
{
	char out[300];
	int n = snprintf(out, sizeof(out),
			 "<2>assertion_failed at=%s:%d text=\"%s\"\n", file,
			 line, text);
	if (n > 0)
		(void)!write(STDERR_FILENO, out, (size_t)n);
	abort();
}
