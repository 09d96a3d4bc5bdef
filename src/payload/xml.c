/* SPDX-License-Identifier: MIT */
/*
 * XML to a tree, through expat; see the header. What makes XML dangerous is
 * refused: a document type ends the parse before anything in it is read, so
 * there are no entities to expand and nothing to fetch. Names are taken without
 * namespaces: expat would copy a long URI for every attribute that uses it.
 */
#include "payload/xml.h"

#include <expat.h>
#include <limits.h>

#include "base/mem.h"
#include "payload/members.h"

enum {
	DEPTH_MAX = 256,     /* whatever the configuration says */
	ATTRIBUTES_MAX = 64, /* of one element */
	NAME_MAX_BYTES = 256,
};

struct element {
	struct value *v;
	size_t text_from; /* where its text begins in the parser's buffer */
	struct str type;  /* x:type */
	bool nil;
};

struct xml {
	XML_Parser expat;
	struct arena *arena;
	struct members members;
	struct buf text; /* of the open elements, one behind the other */
	struct element open[DEPTH_MAX];
	size_t depth, max_depth;
	size_t left; /* values still allowed */
	int rc;
	struct err *err;
};

static void fail(struct xml *x, int code, const char *what)
{
	if (x->rc != 0)
		return;
	x->rc = err_set(x->err, code, "%s at line %lu, column %lu", what,
			XML_GetCurrentLineNumber(x->expat),
			XML_GetCurrentColumnNumber(x->expat) + 1);
	(void)XML_StopParser(x->expat, XML_FALSE);
}

static struct value *new_value(struct xml *x, enum value_type type)
{
	if (x->left == 0) {
		fail(x, LB_ELIMIT, "too many values");
		return NULL;
	}
	x->left--;
	return value_new(x->arena, type);
}

/* ---- building ----------------------------------------------------------- */

/* An element that comes again: what stands there becomes the first of a list.
 * It is closed, so nobody else knows where it stands. */
static void add_again(struct xml *x, struct value *there, struct value *child)
{
	if (there->type != VALUE_ARRAY) {
		struct value *first = new_value(x, there->type);
		if (first == NULL)
			return;
		*first = *there;
		first->next = NULL;
		first->key = STR_NONE;
		*there = (struct value){.type = VALUE_ARRAY,
					.key = there->key,
					.next = there->next};
		value_append(there, first);
	}
	value_append(there, child);
}

static void add_member(struct xml *x, struct value *parent, struct str name,
		       struct value *child)
{
	parent->type = VALUE_OBJECT;
	struct value *there = members_find(&x->members, parent, name);
	if (there != NULL) {
		add_again(x, there, child);
		return;
	}
	child->key = arena_copy(x->arena, name);
	members_add(&x->members, parent, child);
}

static void add_text(struct xml *x, struct value *parent, struct str name,
		     struct str text)
{
	struct value *v = new_value(x, VALUE_STRING);
	if (v == NULL)
		return;
	v->text = arena_copy(x->arena, text);
	add_member(x, parent, name, v);
}

/* ---- names and attributes ----------------------------------------------- */

/* "sf:Lead" is "Lead" and says that it had a prefix. */
static bool take_prefix(struct str *name)
{
	struct str local;
	(void)str_cut(*name, ':', &local);
	if (local.n == 0)
		return false;
	*name = local;
	return true;
}

static void read_attribute(struct xml *x, struct element *e, struct str name,
			   struct str value)
{
	if (str_eq(name, STR("xmlns")) || str_starts(name, STR("xmlns:")) ||
	    str_starts(name, STR("xml:")))
		return;
	bool prefix = take_prefix(&name);
	if (prefix && str_eq(name, STR("nil"))) {
		value = str_trim(value);
		e->nil = str_eq(value, STR("true")) || str_eq(value, STR("1"));
	} else if (prefix && str_eq(name, STR("type"))) {
		value = str_trim(value);
		(void)take_prefix(&value);
		e->type = arena_copy(x->arena, value);
	} else if (!prefix || !str_eq(name, STR("schemaLocation"))) {
		add_text(x, e->v,
			 arena_printf(x->arena, "@%.*s", STR_FMT(name)), value);
	}
}

static void read_attributes(struct xml *x, struct element *e,
			    const XML_Char **attributes)
{
	for (size_t n = 0; attributes[0] != NULL; attributes += 2) {
		struct str name = str_from(attributes[0]);
		if (n++ == ATTRIBUTES_MAX || name.n > NAME_MAX_BYTES) {
			fail(x, LB_ELIMIT, "too many or too long attributes");
			return;
		}
		read_attribute(x, e, name, str_from(attributes[1]));
	}
}

/* ---- what expat calls --------------------------------------------------- */

/* Text is plain whatever its type; what holds elements may be told by it. */
static void keep_type(struct xml *x, struct element *e)
{
	if (e->type.n == 0)
		return;
	add_text(x, e->v, STR("@type"), e->type);
	e->type = STR_NONE;
}

static void on_start(void *data, const XML_Char *tag,
		     const XML_Char **attributes)
{
	struct xml *x = data;
	if (x->rc != 0)
		return;
	struct str name = str_from(tag);
	(void)take_prefix(&name);
	if (x->depth == x->max_depth || name.n > NAME_MAX_BYTES) {
		fail(x, LB_ELIMIT,
		     x->depth == x->max_depth ? "nested too deeply"
					      : "name too long");
		return;
	}
	struct value *v = new_value(x, VALUE_STRING);
	if (v == NULL)
		return;
	struct element *parent = &x->open[x->depth - 1];
	keep_type(x, parent);
	add_member(x, parent->v, name, v);
	struct element *e = &x->open[x->depth++];
	*e = (struct element){.v = v, .text_from = x->text.n};
	read_attributes(x, e, attributes);
}

static void forget_text(struct buf *b, size_t n)
{
	if (b->p != NULL)
		b->p[b->n = n] = '\0';
}

static void on_end(void *data, const XML_Char *tag)
{
	struct xml *x = data;
	(void)tag;
	if (x->rc != 0)
		return;
	struct element *e = &x->open[--x->depth];
	struct str text =
	    str_trim(str_sub(buf_str(&x->text), e->text_from, x->text.n));
	if (e->v->type == VALUE_STRING) {
		e->v->text = arena_copy(x->arena, text);
		if (e->nil && text.n == 0)
			e->v->type = VALUE_NULL;
	} else if (text.n > 0) {
		add_text(x, e->v, STR("#text"), text);
	}
	forget_text(&x->text, e->text_from);
}

static void on_text(void *data, const XML_Char *p, int n)
{
	struct xml *x = data;
	if (x->rc != 0)
		return;
	buf_add(&x->text, p, (size_t)n);
	if (x->text.over)
		fail(x, LB_ELIMIT, "too much text");
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system,
		       const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	fail(data, LB_EINVAL, "a document type is not taken");
}

/* ---- the parse ---------------------------------------------------------- */

static int parse(struct xml *x, struct str text)
{
	static const XML_Memory_Handling_Suite memory = {xmalloc, xrealloc,
							 free};
	x->expat = XML_ParserCreate_MM(NULL, &memory, NULL);
	lb_assert(x->expat != NULL);
	XML_SetUserData(x->expat, x);
	XML_SetElementHandler(x->expat, on_start, on_end);
	XML_SetCharacterDataHandler(x->expat, on_text);
	XML_SetStartDoctypeDeclHandler(x->expat, on_doctype);
	enum XML_Status status =
	    XML_Parse(x->expat, text.p, (int)text.n, XML_TRUE);
	if (status != XML_STATUS_OK)
		fail(x, LB_EINVAL, XML_ErrorString(XML_GetErrorCode(x->expat)));
	XML_ParserFree(x->expat);
	return x->rc;
}

int payload_xml(struct arena *a, struct str text,
		const struct payload_limits *limits, struct value **out,
		struct err *err)
{
	if (text.n > INT_MAX)
		return err_set(err, LB_ELIMIT, "document too long");
	struct xml *x = arena_alloc(a, sizeof(*x));
	x->arena = a;
	x->max_depth = limits->depth < DEPTH_MAX ? limits->depth : DEPTH_MAX;
	x->left = limits->values;
	x->err = err;
	members_init(&x->members, a);
	/* A character of two bytes in UTF-16 can be three in UTF-8. */
	buf_init(&x->text, 2 * text.n);
	struct value *root = new_value(x, VALUE_OBJECT);
	if (root == NULL || x->max_depth == 0)
		return err_set(err, LB_ELIMIT, "too many values");
	x->open[x->depth++] = (struct element){.v = root};
	int rc = parse(x, text.p != NULL ? text : STR(""));
	buf_release(&x->text);
	if (rc == 0)
		*out = root;
	return rc;
}
