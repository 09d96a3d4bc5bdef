/* SPDX-License-Identifier: MIT */
/*
 * The tree every payload becomes: build it, walk it, write it. What counts as
 * text is in text.c, paths are in path.c. Pure, any thread.
 */
#include "leadbridge/value.h"

struct value *value_new(struct arena *a, enum value_type type)
{
	struct value *v = arena_alloc(a, sizeof(*v));
	v->type = type;
	return v;
}

void value_append(struct value *parent, struct value *child)
{
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

const struct value *value_get_str(const struct value *object, struct str key)
{
	if (object == NULL || object->type != VALUE_OBJECT)
		return NULL;
	VALUE_EACH (child, object)
		if (str_eq(child->key, key))
			return child;
	return NULL;
}

const struct value *value_get(const struct value *object, const char *key)
{
	return value_get_str(object, str_from(key));
}

const struct value *value_at(const struct value *array, size_t index)
{
	if (array == NULL || array->type != VALUE_ARRAY ||
	    index >= array->count)
		return NULL;
	const struct value *child = array->first;
	while (index-- > 0)
		child = child->next;
	return child;
}

bool value_has_duplicate(const struct value *object)
{
	return object != NULL && (object->flags & VALUE_HAS_DUPLICATES) != 0;
}

static void write_children(const struct value *v, struct buf *out)
{
	VALUE_EACH (child, v) {
		if (child != v->first)
			buf_add_char(out, ',');
		if (v->type == VALUE_OBJECT) {
			buf_add_json(out, child->key);
			buf_add_char(out, ':');
		}
		/* As deep as the parser's ceiling allowed. */
		value_to_json(child, out);
	}
}

void value_to_json(const struct value *v, struct buf *out)
{
	enum value_type type = v != NULL ? v->type : VALUE_NULL;
	switch (type) {
	case VALUE_NULL:
		buf_add(out, "null", 4);
		break;
	case VALUE_BOOL:
		buf_add_str(out, v->truth ? STR("true") : STR("false"));
		break;
	case VALUE_NUMBER:
		buf_add_str(out, v->text);
		break;
	case VALUE_STRING:
		buf_add_json(out, v->text);
		break;
	case VALUE_ARRAY:
		buf_add_char(out, '[');
		write_children(v, out);
		buf_add_char(out, ']');
		break;
	case VALUE_OBJECT:
		buf_add_char(out, '{');
		write_children(v, out);
		buf_add_char(out, '}');
		break;
	}
}
