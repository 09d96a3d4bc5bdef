/* SPDX-License-Identifier: MIT */
/* Expressions that only walk, and the results of those that do not; see the
 * header. */
#include "sources/expression.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- parsing ------------------------------------------------------------ */

static const struct {
	const char *front;
	enum choice_kind kind;
} fronts[] = {
    {"$root", CHOICE_ROOT},
    {"$headers", CHOICE_HEADERS},
    {"$query", CHOICE_QUERY},
};

/* "text" without an escape or an interpolation in it. */
static bool plain_text(struct str s)
{
	if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return false;
	s = str_sub(s, 1, s.n - 1);
	return str_find(s, '"') < 0 && str_find(s, '\\') < 0;
}

static bool parse_choice(struct str s, struct choice *out)
{
	if (plain_text(s)) {
		out->kind = CHOICE_TEXT;
		out->path = xstr_dup(str_sub(s, 1, s.n - 1));
		out->text = (struct value){.type = VALUE_STRING,
					   .text = str_from(out->path)};
		return true;
	}
	out->kind = CHOICE_EVENT;
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
		struct str front = str_from(fronts[i].front);
		if (!str_starts(s, front))
			continue;
		out->kind = fronts[i].kind;
		s = str_sub(s, front.n, s.n);
		break;
	}
	bool whole = out->kind != CHOICE_EVENT && s.n == 0;
	if (!whole && !value_path_ok(s))
		return false;
	out->path = whole ? xstrdup(".") : xstr_dup(s);
	return true;
}

/* The part before the next ',' that is in no quotes. */
static struct str next_part(struct str *rest)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < rest->n; i++) {
		char c = rest->p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == ',' && !quoted)
			break;
	}
	i = i < rest->n ? i : rest->n;
	struct str part = str_trim(str_sub(*rest, 0, i));
	*rest = i < rest->n ? str_sub(*rest, i + 1, rest->n) : STR_NONE;
	return part;
}

static void release_choices(struct expression *e)
{
	for (size_t i = 0; i < e->n_choices; i++)
		free(e->choices[i].path);
	free(e->choices);
	e->choices = NULL;
	e->n_choices = 0;
}

void expression_parse(struct expression *e, struct str text, int line)
{
	size_t cap = 0;
	struct str rest = text;
	e->text = xstr_dup(text);
	e->line = line;
	while (rest.p != NULL) {
		struct choice one = {0};
		if (!parse_choice(next_part(&rest), &one)) {
			release_choices(e);
			return;
		}
		e->choices = xgrow(e->choices, &cap, e->n_choices + 1,
				   sizeof(*e->choices));
		e->choices[e->n_choices++] = one;
	}
}

void expression_release(struct expression *e)
{
	release_choices(e);
	free(e->text);
	*e = (struct expression){0};
}

/* ---- evaluating --------------------------------------------------------- */

static const struct value *follow(const struct choice *c,
				  const struct evaluation *v)
{
	const struct value *from = NULL;
	switch (c->kind) {
	case CHOICE_TEXT:
		return &c->text;
	case CHOICE_EVENT:
		from = v->event;
		break;
	case CHOICE_ROOT:
		from = v->root;
		break;
	case CHOICE_HEADERS:
		from = v->headers;
		break;
	case CHOICE_QUERY:
		from = v->query;
		break;
	}
	return from != NULL ? value_path(from, str_from(c->path)) : NULL;
}

/* What the program yielded for e: an array, or the text of an error. */
static const struct value *yielded(const struct expression *e,
				   const struct evaluation *v)
{
	return expression_is_jq(e) && v->row != NULL ? value_at(v->row, e->slot)
						     : NULL;
}

const struct value *expression_candidate(const struct expression *e,
					 const struct evaluation *v, size_t i,
					 bool *more)
{
	if (e->n_choices > 0) {
		*more = i < e->n_choices;
		return *more ? follow(&e->choices[i], v) : NULL;
	}
	const struct value *list = yielded(e, v);
	*more = list != NULL && list->type == VALUE_ARRAY && i < list->count;
	return *more ? value_at(list, i) : NULL;
}

static struct str text_of(const struct value *v)
{
	struct str text = value_text(v);
	if (text.n > 0 || v == NULL || v->type != VALUE_ARRAY)
		return text;
	VALUE_EACH (child, v) {
		text = value_text(child);
		if (text.n > 0)
			return text;
	}
	return STR_NONE;
}

struct str expression_text(const struct expression *e,
			   const struct evaluation *v)
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		struct str text = text_of(expression_candidate(e, v, i, &more));
		if (text.n > 0)
			return text;
	}
	return STR_NONE;
}

static bool is_nothing(const struct value *v)
{
	if (v == NULL || v->type == VALUE_NULL)
		return true;
	if (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT)
		return v->count == 0;
	return value_text(v).n == 0;
}

const struct value *expression_value(const struct expression *e,
				     const struct evaluation *v)
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		const struct value *one = expression_candidate(e, v, i, &more);
		if (!is_nothing(one))
			return one;
	}
	return NULL;
}

bool expression_true(const struct expression *e, const struct evaluation *v)
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		const struct value *one = expression_candidate(e, v, i, &more);
		if (one == NULL || one->type == VALUE_NULL)
			continue;
		if (one->type == VALUE_BOOL)
			return one->truth;
		if (one->type == VALUE_ARRAY || one->type == VALUE_OBJECT)
			return true;
		struct str text = value_text(one);
		return text.n > 0 && !str_ieq(text, STR("false"));
	}
	return false;
}

struct str expression_error(const struct expression *e,
			    const struct evaluation *v)
{
	const struct value *list = yielded(e, v);
	if (!expression_is_jq(e) || (list != NULL && list->type == VALUE_ARRAY))
		return STR_NONE;
	return list != NULL && list->text.n > 0 ? list->text
						: STR("program did not run");
}
