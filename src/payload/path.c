/* SPDX-License-Identifier: MIT */
/*
 * Paths of the configuration: the part of jq that only walks. Steps are
 * ".name", ".\"odd name\"", "[\"odd name\"]" and "[3]" ("[-1]" is the last);
 * "." is the whole. A step that does not fit the value leads nowhere. Pure.
 */
#include "leadbridge/value.h"

enum step_kind { STEP_KEY, STEP_QUOTED, STEP_INDEX };

struct step {
	enum step_kind kind;
	struct str text; /* KEY; QUOTED: between the quotes, escapes kept */
	int64_t index;
};

static bool is_word(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static struct str skip(struct str s, size_t n)
{
	return str_sub(s, n, s.n);
}

/* A word at the start of *s. */
static int take_word(struct str *s, struct step *step)
{
	size_t n = 0;
	while (n < s->n && is_word(s->p[n], n == 0))
		n++;
	if (n == 0)
		return LB_EINVAL;
	*step = (struct step){.kind = STEP_KEY, .text = str_sub(*s, 0, n)};
	*s = skip(*s, n);
	return 0;
}

/* A quoted name; of the escapes only \" \\ and \/ are known. */
static int take_quoted(struct str *s, struct step *step)
{
	size_t n = 1;
	while (n < s->n && s->p[n] != '"') {
		if ((unsigned char)s->p[n] < 0x20)
			return LB_EINVAL;
		if (s->p[n] == '\\') {
			n++;
			if (n == s->n || strchr("\"\\/", s->p[n]) == NULL ||
			    s->p[n] == '\0')
				return LB_EINVAL;
		}
		n++;
	}
	if (n >= s->n)
		return LB_EINVAL;
	*step = (struct step){.kind = STEP_QUOTED, .text = str_sub(*s, 1, n)};
	*s = skip(*s, n + 1);
	return 0;
}

/* What stands between '[' and ']'. */
static int take_bracket(struct str *s, struct step *step)
{
	*s = skip(*s, 1);
	if (s->n > 0 && s->p[0] == '"') {
		if (take_quoted(s, step) != 0)
			return LB_EINVAL;
	} else {
		long end = str_find(*s, ']');
		*step = (struct step){.kind = STEP_INDEX};
		if (end < 0 || str_to_int(str_sub(*s, 0, (size_t)end), -99999,
					  99999, &step->index) != 0)
			return LB_EINVAL;
		*s = skip(*s, (size_t)end);
	}
	if (s->n == 0 || s->p[0] != ']')
		return LB_EINVAL;
	*s = skip(*s, 1);
	return 0;
}

/* Takes one step off *s, which is not empty. */
static int take_step(struct str *s, struct step *step)
{
	if (s->p[0] == '[')
		return take_bracket(s, step);
	if (s->p[0] != '.')
		return LB_EINVAL;
	*s = skip(*s, 1);
	if (s->n > 0 && s->p[0] == '[')
		return take_bracket(s, step);
	if (s->n > 0 && s->p[0] == '"')
		return take_quoted(s, step);
	return take_word(s, step);
}

bool value_path_ok(struct str path)
{
	path = str_trim(path);
	if (path.n == 0 || path.p[0] != '.')
		return false;
	if (path.n == 1)
		return true;
	struct step step;
	while (path.n > 0)
		if (take_step(&path, &step) != 0)
			return false;
	return true;
}

/* Whether the quoted text, its escapes undone, is key. */
static bool quoted_is(struct str quoted, struct str key)
{
	size_t at = 0;
	for (size_t i = 0; i < quoted.n; i++, at++) {
		if (quoted.p[i] == '\\')
			i++;
		if (at == key.n || key.p[at] != quoted.p[i])
			return false;
	}
	return at == key.n;
}

static const struct value *follow(const struct value *v,
				  const struct step *step)
{
	int64_t index = step->index;
	switch (step->kind) {
	case STEP_KEY:
		return value_get_str(v, step->text);
	case STEP_QUOTED:
		if (v->type != VALUE_OBJECT)
			return NULL;
		VALUE_EACH (child, v)
			if (quoted_is(step->text, child->key))
				return child;
		return NULL;
	case STEP_INDEX:
		if (index < 0)
			index += v->count;
		return index < 0 ? NULL : value_at(v, (size_t)index);
	}
	return NULL;
}

const struct value *value_path(const struct value *root, struct str path)
{
	path = str_trim(path);
	if (!value_path_ok(path))
		return NULL;
	struct step step;
	while (root != NULL && path.n > 1) {
		if (take_step(&path, &step) != 0)
			return NULL;
		root = follow(root, &step);
	}
	return root;
}
