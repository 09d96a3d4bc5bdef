/* SPDX-License-Identifier: MIT */
/*
 * struct value: what every payload becomes, whether it came as JSON, as a form
 * or as XML. A tree in an arena; read only after the parser made it.
 *
 * Numbers keep their source text, so an id of 20 digits and an amount of
 * "129.00" survive from the first byte to the last.
 */
#ifndef LB_VALUE_H
#define LB_VALUE_H

#include "leadbridge/arena.h"
#include "leadbridge/str.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER, /* text: as written */
	VALUE_STRING, /* text: decoded UTF-8, no NUL inside */
	VALUE_ARRAY,
	VALUE_OBJECT,
};

enum {
	VALUE_HAS_DUPLICATES = 1, /* object: a member came twice; last wins */
	VALUE_IS_FILE = 2,        /* multipart: text is "name (N bytes)" */
};

struct value {
	enum value_type type;
	unsigned flags;
	struct str key;  /* name, when this is a member of an object */
	struct str text; /* NUMBER, STRING; "true"/"false" for BOOL */
	bool truth;      /* BOOL */
	uint32_t count;  /* ARRAY, OBJECT: children */
	struct value *first, *last;
	struct value *next; /* next sibling */
};

#define VALUE_EACH(child, parent)                                              \
	for (const struct value *child = (parent) != NULL ? (parent)->first    \
							  : NULL;              \
	     child != NULL; child = child->next)

/* All take NULL for "no such value" and pass it on. */
const struct value *value_get(const struct value *object, const char *key);
const struct value *value_get_str(const struct value *object, struct str key);
const struct value *value_at(const struct value *array, size_t index);
/* A jq path without filters: ".a.b[0]", ".\"odd key\"", ".[\"odd key\"]". */
const struct value *value_path(const struct value *root, struct str path);
/* Whether path is one value_path understands (for the configuration check). */
bool value_path_ok(struct str path);
/* STRING, NUMBER or BOOL as text, trimmed; everything else, and what counts
 * as "no value" (empty, "N/A", "null", "undefined", unexpanded {{macros}}),
 * is STR_NONE. */
struct str value_text(const struct value *v);
/* The same of object's member key. */
struct str value_member(const struct value *object, const char *key);
/* First member of the list that has a text; the list ends with NULL. */
struct str value_first(const struct value *object, const char *const *keys);
/* Whether `key` was given twice in any object on the way (proof, ids). */
bool value_has_duplicate(const struct value *object);

/* Builders, for the parsers and for tests. */
struct value *value_new(struct arena *a, enum value_type type);
void value_append(struct value *parent, struct value *child);
/* Writes v as JSON (compact, member order kept). */
void value_to_json(const struct value *v, struct buf *out);

#endif
