/* SPDX-License-Identifier: MIT */
/*
 * The list behind struct config_problems. Texts are built here, where the
 * problem is found; who loads the configuration prints them.
 */
#include "operate/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "leadbridge/buf.h"

enum { TEXT_MAX = 600 };

/* Returns the new problem, or NULL when the ceiling is reached (an error that
 * is not kept is still counted). */
static struct config_problem *add(struct config_problems *p, struct place at,
				  bool warning, const char *text)
{
	if (!warning)
		p->errors++;
	if (p->n > PROBLEMS_MAX)
		return NULL;
	if (p->n == PROBLEMS_MAX)
		text = "more problems than are shown";
	p->v = xrealloc(p->v, (p->n + 1) * sizeof(*p->v));
	struct config_problem *one = &p->v[p->n++];
	*one = (struct config_problem){
	    .file = xstrdup(at.file),
	    .line = at.line,
	    .column = at.column,
	    .warning = warning,
	    .text = xstrdup(text),
	};
	return one;
}

void problems_error(struct config_problems *p, struct place at,
		    const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add(p, at, false, text);
}

void problems_warn(struct config_problems *p, struct place at,
		   const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add(p, at, true, text);
}

void problems_orphan(struct config_problems *p, struct place at,
		     const char *destination, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	struct config_problem *one = add(p, at, false, text);
	if (one != NULL)
		one->destination = xstrdup(destination);
}

static int compare(const void *a, const void *b)
{
	const struct config_problem *x = a, *y = b;
	int files = strcmp(x->file, y->file);
	if (files != 0)
		return files;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->text, y->text);
}

void problems_sort(struct config_problems *p)
{
	if (p->n > 1)
		qsort(p->v, p->n, sizeof(*p->v), compare);
}

void config_problem_print(const struct config_problem *p, struct buf *out)
{
	buf_addf(out, "%s:", p->file);
	if (p->line > 0)
		buf_addf(out, "%d:", p->line);
	if (p->column > 0)
		buf_addf(out, "%d:", p->column);
	buf_addf(out, " %s: %s", p->warning ? "warning" : "error", p->text);
}

void config_problems_excuse(struct config_problems *p, struct str destination)
{
	for (size_t i = 0; i < p->n; i++) {
		struct config_problem *one = &p->v[i];
		if (one->warning || one->destination == NULL ||
		    !str_eq(str_from(one->destination), destination))
			continue;
		one->warning = true;
		p->errors--;
	}
}

void config_problems_release(struct config_problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].file);
		free(p->v[i].text);
		free(p->v[i].destination);
	}
	free(p->v);
	*p = (struct config_problems){0};
}
