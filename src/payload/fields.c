/* SPDX-License-Identifier: MIT */
/* Fields to a tree; see the header. Any thread, one at a time. */
#include "payload/fields.h"

enum { BRACKETS_MAX = 32 }; /* whatever the configuration says */

static const struct str REPLACEMENT = {"\xEF\xBF\xBD", 3};

/* What windows-1252 has where latin-1 has controls; the rest is the same. */
static const uint16_t WINDOWS_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
    0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static unsigned code_point(unsigned char c)
{
	if (c == 0)
		return 0xFFFD;
	return c >= 0x80 && c < 0xA0 ? WINDOWS_1252[c - 0x80] : c;
}

static size_t put_code_point(char *to, unsigned c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xC0 | c >> 6);
		to[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	to[0] = (char)(0xE0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 63));
	to[2] = (char)(0x80 | (c & 63));
	return 3;
}

/* utf8: only NUL is replaced. U+FFFD is what percent decoding made of NUL. */
static struct str rewrite(struct arena *a, struct str text, bool utf8)
{
	char *out = arena_alloc(a, 3 * text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (str_starts(str_sub(text, i, text.n), REPLACEMENT)) {
			memcpy(out + n, REPLACEMENT.p, REPLACEMENT.n);
			n += REPLACEMENT.n;
			i += REPLACEMENT.n - 1;
		} else if (utf8 && c != 0) {
			out[n++] = (char)c;
		} else {
			n += put_code_point(out + n, code_point(c));
		}
	}
	return (struct str){out, n};
}

struct str fields_text(struct arena *a, struct str text)
{
	bool utf8 = str_is_utf8(text);
	if (utf8 && str_find(text, '\0') < 0)
		return text;
	return rewrite(a, text, utf8);
}

static int take_value(struct fields *f, struct err *err)
{
	if (f->left == 0)
		return err_set(err, LB_ELIMIT, "too many fields");
	f->left--;
	return 0;
}

int fields_init(struct fields *f, struct arena *a,
		const struct payload_limits *limits, struct err *err)
{
	*f = (struct fields){
	    .arena = a, .left = limits->values, .depth = limits->depth};
	members_init(&f->members, a);
	f->root = value_new(a, VALUE_OBJECT);
	return take_value(f, err);
}

struct name {
	struct str steps[BRACKETS_MAX]; /* "a[b][]": "a", "b", "" */
	size_t n;
};

/* Splits a name with brackets; false where it is a plain name. */
static bool split_name(struct str text, struct name *name)
{
	long open = str_find(text, '[');
	if (open <= 0)
		return false;
	name->steps[0] = str_sub(text, 0, (size_t)open);
	name->n = 1;
	struct str rest = str_sub(text, (size_t)open, text.n);
	while (rest.n > 0) {
		long close = str_find(rest, ']');
		if (rest.p[0] != '[' || close < 0)
			return false;
		if (name->n < BRACKETS_MAX)
			name->steps[name->n] = str_sub(rest, 1, (size_t)close);
		name->n++;
		rest = str_sub(rest, (size_t)close + 1, rest.n);
	}
	return true;
}

static int add_new(struct fields *f, struct value *object, struct str key,
		   struct value *child, struct err *err)
{
	child->key = key;
	members_add(&f->members, object, child);
	return take_value(f, err);
}

/* A name given again: what stands there becomes the first of a list. An object
 * takes the text under the empty name. */
static int add_again(struct fields *f, struct value *v, struct value *child,
		     struct err *err)
{
	while (v->type == VALUE_OBJECT) {
		struct value *inner = members_find(&f->members, v, STR(""));
		if (inner == NULL)
			return add_new(f, v, STR(""), child, err);
		v = inner;
	}
	if (v->type != VALUE_ARRAY) {
		struct value *first = value_new(f->arena, v->type);
		first->flags = v->flags;
		first->text = v->text;
		*v = (struct value){
		    .type = VALUE_ARRAY, .key = v->key, .next = v->next};
		value_append(v, first);
		int rc = take_value(f, err);
		if (rc != 0)
			return rc;
	}
	value_append(v, child);
	return take_value(f, err);
}

static int put(struct fields *f, struct value *object, struct str key,
	       struct value *child, struct err *err)
{
	struct value *there = members_find(&f->members, object, key);
	if (there != NULL)
		return add_again(f, there, child, err);
	return add_new(f, object, key, child, err);
}

/* "[]" is the next number. */
static struct str step_key(struct fields *f, const struct value *object,
			   struct str step)
{
	if (step.n > 0)
		return step;
	return arena_printf(f->arena, "%u", (unsigned)object->count);
}

/* Whether every object on the way to the last step can be one. */
static bool way_is_free(struct fields *f, const struct name *name)
{
	const struct value *v = f->root;
	for (size_t i = 0; v != NULL && i + 1 < name->n; i++) {
		v = members_find(&f->members, v,
				 step_key(f, v, name->steps[i]));
		if (v != NULL && v->type != VALUE_OBJECT)
			return false;
	}
	return true;
}

static int put_nested(struct fields *f, const struct name *name,
		      struct value *child, struct err *err)
{
	struct value *v = f->root;
	for (size_t i = 0; i + 1 < name->n; i++) {
		struct str key = step_key(f, v, name->steps[i]);
		struct value *next = members_find(&f->members, v, key);
		if (next == NULL) {
			next = value_new(f->arena, VALUE_OBJECT);
			int rc = add_new(f, v, key, next, err);
			if (rc != 0)
				return rc;
		}
		v = next;
	}
	return put(f, v, step_key(f, v, name->steps[name->n - 1]), child, err);
}

int fields_add(struct fields *f, struct str name, struct str value,
	       unsigned flags, struct err *err)
{
	struct value *child = value_new(f->arena, VALUE_STRING);
	child->text = fields_text(f->arena, value);
	child->flags = flags;
	struct str key = fields_text(f->arena, name);
	struct name split;
	if (!split_name(key, &split))
		return put(f, f->root, key, child, err);
	/* The outer object, one for each step but the last, and a list there
	 * if the name comes again. */
	if (split.n > BRACKETS_MAX || split.n >= f->depth)
		return err_set(err, LB_ELIMIT,
			       "field name with too many brackets");
	if (!way_is_free(f, &split))
		return put(f, f->root, key, child, err);
	return put_nested(f, &split, child, err);
}

static bool is_list(const struct value *v)
{
	unsigned i = 0;
	VALUE_EACH (child, v) {
		int64_t index;
		if (str_to_int(child->key, i, i, &index) != 0 ||
		    child->key.p[0] == '-' ||
		    (child->key.n > 1 && child->key.p[0] == '0'))
			return false;
		i++;
	}
	return i > 0;
}

/* As deep as the brackets were. */
static void make_lists(struct value *v)
{
	for (struct value *child = v->first; child != NULL;
	     child = child->next) {
		make_lists(child);
		if (child->type != VALUE_OBJECT || !is_list(child))
			continue;
		child->type = VALUE_ARRAY;
		for (struct value *each = child->first; each != NULL;
		     each = each->next)
			each->key = STR_NONE;
	}
}

struct value *fields_end(struct fields *f)
{
	make_lists(f->root);
	return f->root;
}
