/* SPDX-License-Identifier: MIT */
/*
 * Custom fields of a lead: added under a slug, replaced under the same one,
 * counted and capped. Answers keep their type; lists become one line, objects
 * their JSON without the members that may not leave.
 */
#include <string.h>

#include "base/mem.h"
#include "lead/fields.h"
#include "lead/text.h"

enum {
	NUMBER_DIGITS = 15,   /* what a double always gives back */
	NUMBER_EXPONENT = 15, /* beyond, a number is an id or a mistake */
	DEPTH_MAX = 64,       /* of a value; parsers allow less */
};

static struct lead_field *find(const struct lead *l, struct str slug)
{
	for (size_t i = 0; i < l->n_fields; i++)
		if (str_eq(l->fields[i].slug, slug))
			return &l->fields[i];
	return NULL;
}

static struct lead_field *new_field(struct lead *l)
{
	if (l->n_fields == LEAD_FIELDS_MAX)
		return NULL;
	if (l->n_fields == l->cap_fields) {
		size_t cap = l->cap_fields == 0 ? 16 : l->cap_fields * 2;
		struct lead_field *fields =
		    arena_alloc(l->arena, cap * sizeof(*fields));
		if (l->n_fields > 0)
			memcpy(fields, l->fields,
			       l->n_fields * sizeof(*fields));
		l->fields = fields;
		l->cap_fields = cap;
	}
	return &l->fields[l->n_fields++];
}

/* slug and text live long enough already. */
static bool put(struct lead *l, struct str slug, enum field_type type,
		struct str text)
{
	if (slug.n == 0 || slug_refused(slug))
		return false;
	if (str_eq(slug, STR("lead_line"))) {
		bool buyer = str_ieq(text, STR("buyer"));
		if (!buyer && !str_ieq(text, STR("seller")))
			return false;
		text = buyer ? STR("buyer") : STR("seller");
	}
	struct lead_field *f = find(l, slug);
	if (f == NULL)
		f = new_field(l);
	if (f == NULL) {
		l->n_dropped++;
		return false;
	}
	*f = (struct lead_field){slug, text, type};
	return true;
}

/* Digits from s.p[i] on; returns the index after them. */
static size_t digits(struct str s, size_t i)
{
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i;
}

/* The grammar of RFC 8259; *mantissa is the end of what an exponent follows. */
static bool number_grammar(struct str s, size_t *mantissa)
{
	size_t i = s.n > 0 && s.p[0] == '-' ? 1 : 0;
	size_t end = digits(s, i);
	if (end == i || (s.p[i] == '0' && end > i + 1))
		return false;
	i = end;
	if (i < s.n && s.p[i] == '.') {
		end = digits(s, i + 1);
		if (end == i + 1)
			return false;
		i = end;
	}
	*mantissa = i;
	if (i == s.n)
		return true;
	if (s.p[i] != 'e' && s.p[i] != 'E')
		return false;
	i++;
	if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
		i++;
	end = digits(s, i);
	return end > i && end == s.n;
}

bool number_safe(struct str s)
{
	size_t mantissa;
	if (!number_grammar(s, &mantissa))
		return false;
	size_t significant = 0;
	for (size_t i = 0; i < mantissa; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9' &&
		    (s.p[i] != '0' || significant > 0))
			significant++;
	if (significant > NUMBER_DIGITS)
		return false;
	if (mantissa == s.n)
		return true;
	struct str exponent = str_sub(s, mantissa + 1, s.n);
	if (str_starts(exponent, STR("+")))
		exponent = str_sub(exponent, 1, exponent.n);
	int64_t e;
	return str_to_int(exponent, -NUMBER_EXPONENT, NUMBER_EXPONENT, &e) == 0;
}

/* Caps, decides on the type that can be kept, copies. */
static bool add(struct lead *l, struct str slug, enum field_type type,
		struct str text)
{
	text = str_trim(text);
	lead_input(l, slug, text, NULL);
	if (type == FIELD_NULL)
		return put(l, slug, type, STR("null"));
	bool may_be_absent = type == FIELD_STRING || text.n == 0;
	if (may_be_absent && text_absent(text))
		return false;
	bool truth = str_eq(text, STR("true"));
	if ((type == FIELD_NUMBER && !number_safe(text)) ||
	    (type == FIELD_BOOL && !truth && !str_eq(text, STR("false"))))
		type = FIELD_STRING;
	return put(l, slug, type,
		   arena_copy(l->arena, text_cut(text, LEAD_FIELD_TEXT_MAX)));
}

bool lead_add(struct lead *l, const char *slug, struct str text)
{
	return add(l, slug_make(l->arena, str_from(slug)), FIELD_STRING, text);
}

bool lead_add_typed(struct lead *l, struct str name, enum field_type type,
		    struct str text)
{
	return add(l, slug_make(l->arena, name), type, text);
}

/* The JSON of v, as lead_add's rules would have it inside: members with names
 * that are refused are left out. */
static void write_value(struct arena *a, const struct value *v, int depth,
			struct buf *out)
{
	if (v->type == VALUE_STRING) {
		buf_add_json(out, v->text);
		return;
	}
	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT) {
		buf_add_str(out, v->type == VALUE_NULL ? STR("null") : v->text);
		return;
	}
	bool object = v->type == VALUE_OBJECT, first = true;
	buf_add_char(out, object ? '{' : '[');
	VALUE_EACH (child, v) {
		if (depth == DEPTH_MAX || out->over ||
		    (object && slug_refused(slug_make(a, child->key))))
			continue;
		if (!first)
			buf_add_char(out, ',');
		first = false;
		if (object) {
			buf_add_json(out, child->key);
			buf_add_char(out, ':');
		}
		write_value(a, child, depth + 1, out);
	}
	buf_add_char(out, object ? '}' : ']');
}

/* "red, green": false when a member is not a scalar. */
static bool join_scalars(const struct value *array, struct buf *out)
{
	VALUE_EACH (child, array) {
		if (child->type == VALUE_ARRAY || child->type == VALUE_OBJECT)
			return false;
		struct str text = value_text(child);
		if (text.p == NULL || out->over)
			continue;
		if (out->n > 0)
			buf_add(out, ", ", 2);
		buf_add_str(out, text_cut(text, out->max - out->n));
	}
	return true;
}

static bool add_compound(struct lead *l, struct str slug, const struct value *v)
{
	struct buf b;
	buf_init(&b, LEAD_FIELD_TEXT_MAX);
	if (v->type == VALUE_OBJECT || !join_scalars(v, &b)) {
		buf_reset(&b);
		write_value(l->arena, v, 0, &b);
	}
	struct str text = buf_str(&b);
	bool empty = str_eq(text, STR("{}")) || str_eq(text, STR("[]"));
	bool added = !empty && add(l, slug, FIELD_STRING, text);
	lead_input(l, slug, STR_NONE, v);
	buf_release(&b);
	return added;
}

bool lead_add_value(struct lead *l, struct str name, const struct value *v)
{
	if (v == NULL)
		return false;
	struct str slug = slug_make(l->arena, name);
	switch (v->type) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return add(l, slug, FIELD_BOOL, v->text);
	case VALUE_NUMBER:
		return add(l, slug, FIELD_NUMBER, v->text);
	case VALUE_STRING:
		return add(l, slug, FIELD_STRING, v->text);
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		if (slug_refused(slug))
			return false;
		return add_compound(l, slug, v);
	}
	return false;
}

/* slug with _2, _3 … behind it, cut so that it still is a slug. */
static struct str numbered(struct arena *a, struct str slug, unsigned number)
{
	struct str end = arena_printf(a, "_%u", number);
	size_t room = LEAD_SLUG_MAX - end.n;
	return arena_printf(a, "%.*s%.*s", STR_FMT(str_sub(slug, 0, room)),
			    STR_FMT(end));
}

bool lead_add_beside(struct lead *l, struct str name, const struct value *v)
{
	struct str slug = slug_make(l->arena, name);
	const struct lead_field *first = find(l, slug);
	if (first == NULL || l->n_fields == LEAD_FIELDS_MAX)
		return first == NULL && lead_add_value(l, slug, v);
	size_t at = (size_t)(first - l->fields), n = l->n_fields;
	struct str free_slug = slug;
	for (unsigned i = 2; find(l, free_slug) != NULL; i++)
		free_slug = numbered(l->arena, slug, i);
	if (!lead_add_value(l, free_slug, v))
		return false;
	/* The same answer twice is one answer. */
	if (l->fields[at].type == l->fields[n].type &&
	    str_eq(l->fields[at].text, l->fields[n].text))
		l->n_fields = n;
	return true;
}

struct str lead_get(const struct lead *l, const char *slug)
{
	const struct lead_field *f = find(l, str_from(slug));
	return f != NULL ? f->text : STR_NONE;
}

void lead_drop(struct lead *l, const char *slug)
{
	struct lead_field *f = find(l, str_from(slug));
	if (f == NULL)
		return;
	size_t after = l->n_fields - (size_t)(f - l->fields) - 1;
	memmove(f, f + 1, after * sizeof(*f));
	l->n_fields--;
}

void field_note(struct lead *l, const char *slug, enum field_type type,
		struct str text)
{
	if (find(l, str_from(slug)) == NULL && l->n_fields == LEAD_FIELDS_MAX)
		l->n_fields--;
	text = arena_copy(l->arena, text_cut(text, LEAD_FIELD_TEXT_MAX));
	bool added = put(l, slug_make(l->arena, str_from(slug)), type, text);
	lb_assert(added);
}
