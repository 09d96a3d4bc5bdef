/* SPDX-License-Identifier: MIT */
/*
 * When a value is a text, and when what stands there only says that there is
 * none: null words, and macros of a template that nobody expanded. Pure.
 */
#include "leadbridge/value.h"

/* "Null" is somebody's surname, so the words for it are matched as programs
 * write them, not as people do. */
static const char *const NO_VALUE_WORDS[] = {
    "null",
    "NULL",
    "(null)",
    "undefined",
    "n/a",
    "N/A",
    "n/A",
    "N/a",
    "#N/A",
    "(not set)",
    "(not_set)",
    "notset",
    "[object Object]",
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' ||
	       c == ':';
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_name_char(s.p[i]))
			return false;
	return true;
}

static bool any_inside(struct str s)
{
	return str_find(s, '{') < 0 && str_find(s, '}') < 0;
}

/* "[your-name]" and "[field id=\"x\"]", but not "[urgent]". */
static bool is_form_tag(struct str s)
{
	if (str_starts(s, STR("field id=")))
		return true;
	return is_name(s) && (str_find(s, '-') > 0 || str_find(s, '_') >= 0);
}

static const struct macro {
	const char *open, *close;
	bool (*inside)(struct str s);
} MACROS[] = {
    {"{{", "}}", any_inside}, {"${", "}", is_name},    {"{", "}", is_name},
    {"%%", "%%", is_name},    {"[", "]", is_form_tag},
};

/* Takes one unexpanded macro off the front of *s. */
static bool take_macro(struct str *s, const struct macro *m)
{
	struct str open = str_from(m->open), close = str_from(m->close);
	if (!str_starts(*s, open))
		return false;
	struct str rest = str_sub(*s, open.n, s->n);
	long end = str_find_str(rest, close);
	if (end < 0 || !m->inside(str_sub(rest, 0, (size_t)end)))
		return false;
	*s = str_trim(str_sub(rest, (size_t)end + close.n, rest.n));
	return true;
}

/* Nothing but macros: "{{first}} {{last}}". */
static bool only_macros(struct str s)
{
	while (s.n > 0) {
		size_t before = s.n;
		for (size_t i = 0; i < sizeof(MACROS) / sizeof(MACROS[0]); i++)
			if (take_macro(&s, &MACROS[i]))
				break;
		if (s.n == before)
			return false;
	}
	return true;
}

/* Nearly every text begins with something else. */
static bool may_be_no_value(char first)
{
	switch (first) {
	case 'n':
	case 'N':
	case 'u':
	case '#':
	case '(':
	case '[':
	case '{':
	case '$':
	case '%':
		return true;
	default:
		return false;
	}
}

static bool is_no_value(struct str s)
{
	if (s.n > 0 && !may_be_no_value(s.p[0]))
		return false;
	size_t n = sizeof(NO_VALUE_WORDS) / sizeof(NO_VALUE_WORDS[0]);
	for (size_t i = 0; i < n; i++)
		if (str_eq(s, str_from(NO_VALUE_WORDS[i])))
			return true;
	return only_macros(s);
}

struct str value_text(const struct value *v)
{
	if (v == NULL)
		return STR_NONE;
	if (v->type == VALUE_BOOL)
		return v->truth ? STR("true") : STR("false");
	if (v->type != VALUE_STRING && v->type != VALUE_NUMBER)
		return STR_NONE;
	struct str text = str_trim(v->text);
	return is_no_value(text) ? STR_NONE : text;
}

struct str value_member(const struct value *object, const char *key)
{
	return value_text(value_get(object, key));
}

struct str value_first(const struct value *object, const char *const *keys)
{
	for (; *keys != NULL; keys++) {
		struct str text = value_member(object, *keys);
		if (text.p != NULL)
			return text;
	}
	return STR_NONE;
}
