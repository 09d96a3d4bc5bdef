/* SPDX-License-Identifier: MIT */
/* The reader of comma-separated files; see the header. Pure, any thread. */
#include "payload/csv.h"

#include <stdio.h>

/* ---- start -------------------------------------------------------------- */

/* The one that stands most often between the fields of the first record. */
static char find_delimiter(struct str text)
{
	static const char candidates[] = {',', ';', '\t'};
	size_t counts[sizeof(candidates)] = {0}, best = 0;
	bool quoted = false;
	for (size_t i = 0; i < text.n && (quoted || text.p[i] != '\n'); i++) {
		if (text.p[i] == '"')
			quoted = !quoted;
		for (size_t k = 0; !quoted && k < sizeof(candidates); k++)
			counts[k] += text.p[i] == candidates[k];
	}
	for (size_t k = 1; k < sizeof(candidates); k++)
		if (counts[k] > counts[best])
			best = k;
	return candidates[best];
}

static long long line_at(struct str text, size_t at)
{
	long long line = 1;
	for (size_t i = 0; i < at; i++)
		line += text.p[i] == '\n';
	return line;
}

static int check_text(struct str text, struct err *err)
{
	size_t good = str_utf8_prefix(text);
	long nul = str_find(text, '\0');
	if (str_starts(text, STR("\xFF\xFE")) ||
	    str_starts(text, STR("\xFE\xFF")))
		return err_set(err, LB_EINVAL,
			       "the file is UTF-16: save it as UTF-8");
	if (good < text.n)
		return err_set(err, LB_EINVAL,
			       "line %lld: not UTF-8: save the file as UTF-8",
			       line_at(text, good));
	if (nul >= 0)
		return err_set(err, LB_EINVAL,
			       "line %lld: a NUL byte: not a text file",
			       line_at(text, (size_t)nul));
	return 0;
}

int csv_start(struct csv *c, struct str text, char delimiter, struct err *err)
{
	int rc = check_text(text, err);
	if (rc != 0)
		return rc;
	if (str_starts(text, STR("\xEF\xBB\xBF")))
		text = str_sub(text, 3, text.n);
	c->rest = text;
	c->line = 1;
	c->delimiter = delimiter != 0 ? delimiter : find_delimiter(text);
	return 0;
}

/* ---- one record --------------------------------------------------------- */

static int wrong(const struct csv *c, struct err *err, const char *what)
{
	return err_set(err, LB_EINVAL, "line %lld: %s", (long long)c->line,
		       what);
}

static void skip(struct csv *c, size_t n)
{
	c->rest = str_sub(c->rest, n, c->rest.n);
}

/* At a line end: its length, 0: there is none here. */
static size_t line_end(struct str s)
{
	if (s.n >= 1 && s.p[0] == '\n')
		return 1;
	return s.n >= 2 && s.p[0] == '\r' && s.p[1] == '\n' ? 2 : 0;
}

static int take_plain(struct csv *c, struct str *field, struct err *err)
{
	size_t n = 0;
	while (n < c->rest.n && c->rest.p[n] != c->delimiter) {
		struct str here = str_sub(c->rest, n, c->rest.n);
		if (line_end(here) > 0)
			break;
		if (c->rest.p[n] == '"')
			return wrong(c, err,
				     "a quote inside a field that is not "
				     "quoted");
		if (c->rest.p[n] == '\r')
			return wrong(c, err, "a CR that ends no line");
		n++;
	}
	*field = str_sub(c->rest, 0, n);
	skip(c, n);
	return 0;
}

/* Without its quotes, doubled ones as one. */
static struct str unquote(struct arena *a, struct str inside, size_t doubled)
{
	if (doubled == 0)
		return inside;
	char *p = arena_alloc(a, inside.n - doubled + 1);
	size_t n = 0;
	for (size_t i = 0; i < inside.n; i++) {
		p[n++] = inside.p[i];
		if (inside.p[i] == '"')
			i++;
	}
	return (struct str){p, n};
}

static int take_quoted(struct csv *c, struct arena *a, struct str *field,
		       struct err *err)
{
	size_t at = 1, doubled = 0;
	int64_t lines = 0;
	for (;; at++) {
		if (at >= c->rest.n)
			return wrong(c, err,
				     "a quoted field begins here or above and "
				     "never ends");
		if (at > CSV_RECORD_MAX)
			return wrong(c, err, "a field is too long");
		lines += c->rest.p[at] == '\n';
		if (c->rest.p[at] != '"')
			continue;
		if (at + 1 >= c->rest.n || c->rest.p[at + 1] != '"')
			break;
		doubled++;
		at++;
	}
	*field = unquote(a, str_sub(c->rest, 1, at), doubled);
	skip(c, at + 1);
	c->line += lines;
	if (c->rest.n > 0 && c->rest.p[0] != c->delimiter &&
	    line_end(c->rest) == 0)
		return wrong(c, err, "text behind the quote that ends a field");
	return 0;
}

static int take_field(struct csv *c, struct arena *a, struct csv_record *r,
		      struct err *err)
{
	if (r->n == CSV_FIELDS_MAX)
		return wrong(c, err, "too many fields");
	struct str *field = &r->fields[r->n++];
	return c->rest.n > 0 && c->rest.p[0] == '"'
		   ? take_quoted(c, a, field, err)
		   : take_plain(c, field, err);
}

static void skip_blank_lines(struct csv *c)
{
	size_t n;
	while ((n = line_end(c->rest)) > 0) {
		skip(c, n);
		c->line++;
	}
}

int csv_next(struct csv *c, struct arena *a, struct csv_record *record,
	     struct err *err)
{
	skip_blank_lines(c);
	if (c->rest.n == 0)
		return 0;
	const char *start = c->rest.p;
	record->line = c->line;
	record->n = 0;
	for (;;) {
		int rc = take_field(c, a, record, err);
		if (rc != 0)
			return rc;
		if (c->rest.p - start > CSV_RECORD_MAX)
			return wrong(c, err, "a record is too long");
		if (c->rest.n == 0)
			return 1;
		size_t end = line_end(c->rest);
		skip(c, end > 0 ? end : 1);
		if (end > 0) {
			c->line++;
			return 1;
		}
	}
}
