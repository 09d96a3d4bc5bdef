/* SPDX-License-Identifier: MIT */
/*
 * JSON to a tree: RFC 8259, strict, in one pass and without recursion. The text
 * is copied into the arena once; strings are decoded in that copy and values
 * point into it. Why not a library: ids above 2^64 would be clamped, names cut
 * at NUL, and two megabytes of "[{},{}" would cost hundreds. Any thread.
 *
 * Strings are read in json_string.c; here are structure, numbers and words.
 */
#include "payload/json.h"

#include "payload/members.h"
#include "payload/payload.h"

enum {
	DEPTH_MAX = 256,    /* whatever the configuration says */
	NUMBER_MAX = 64,    /* characters */
	EXPONENT_MAX = 400, /* either way; nothing real is out there */
};

struct parser {
	struct json_text t;
	struct arena *arena;
	struct members members;
	struct value *open[DEPTH_MAX]; /* containers not yet closed */
	size_t depth, max_depth;
	size_t left; /* values still allowed */
};

static void skip_blank(struct parser *p)
{
	char *at = p->t.at;
	while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
		at++;
	p->t.at = at;
}

/* The value the text at hand will fill, as the next child of the innermost
 * container. A member given again is filled anew: the last one wins. */
static int next_slot(struct parser *p, struct str key, struct value **out)
{
	if (p->left == 0)
		return json_fail(&p->t, LB_ELIMIT, "too many values");
	p->left--;
	struct value *parent = p->depth > 0 ? p->open[p->depth - 1] : NULL;
	bool object = parent != NULL && parent->type == VALUE_OBJECT;
	struct value *v =
	    object ? members_find(&p->members, parent, key) : NULL;
	if (v != NULL) {
		parent->flags |= VALUE_HAS_DUPLICATES;
		*v = (struct value){.key = v->key, .next = v->next};
	} else {
		v = arena_alloc(p->arena, sizeof(*v));
		v->key = key;
		if (object)
			members_add(&p->members, parent, v);
		else if (parent != NULL)
			value_append(parent, v);
	}
	*out = v;
	return 0;
}

static size_t digits(const char *at)
{
	size_t n = 0;
	while (at[n] >= '0' && at[n] <= '9')
		n++;
	return n;
}

/* The exponent, sign included, behind 'e'; *n is its length. */
static int exponent(struct parser *p, const char *at, size_t *n)
{
	size_t sign = *at == '+' || *at == '-';
	size_t len = digits(at + sign);
	if (len == 0)
		return json_fail(&p->t, LB_EINVAL, "number without digits");
	int64_t v;
	if (str_to_int((struct str){at + sign, len}, 0, EXPONENT_MAX, &v) != 0)
		return json_fail(&p->t, LB_ELIMIT, "number out of range");
	*n = sign + len;
	return 0;
}

static int read_number(struct parser *p, struct value *v)
{
	const char *from = p->t.at, *at = from;
	at += *at == '-';
	size_t whole = digits(at);
	if (whole == 0 || (whole > 1 && *at == '0'))
		return json_fail(&p->t, LB_EINVAL, "malformed number");
	at += whole;
	if (*at == '.') {
		size_t fraction = digits(++at);
		if (fraction == 0)
			return json_fail(&p->t, LB_EINVAL,
					 "number without digits");
		at += fraction;
	}
	if (*at == 'e' || *at == 'E') {
		size_t n = 0;
		int rc = exponent(p, ++at, &n);
		if (rc != 0)
			return rc;
		at += n;
	}
	if (at - from > NUMBER_MAX)
		return json_fail(&p->t, LB_ELIMIT, "number too long");
	v->type = VALUE_NUMBER;
	v->text = (struct str){from, (size_t)(at - from)};
	p->t.at += at - from;
	return 0;
}

static int read_word(struct parser *p, struct value *v)
{
	static const struct {
		struct str text;
		enum value_type type;
		bool truth;
	} words[] = {
	    {{"true", 4}, VALUE_BOOL, true},
	    {{"false", 5}, VALUE_BOOL, false},
	    {{"null", 4}, VALUE_NULL, false},
	};
	struct str rest = {p->t.at, (size_t)(p->t.end - p->t.at)};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_starts(rest, words[i].text))
			continue;
		v->type = words[i].type;
		v->truth = words[i].truth;
		if (v->type == VALUE_BOOL)
			v->text = words[i].text;
		p->t.at += words[i].text.n;
		return 0;
	}
	return json_fail(&p->t, LB_EINVAL,
			 rest.n == 0 ? "the text ends early"
				     : "a value was expected");
}

static int open_container(struct parser *p, struct value *v,
			  enum value_type type)
{
	if (p->depth == p->max_depth)
		return json_fail(&p->t, LB_ELIMIT, "nested too deeply");
	v->type = type;
	p->open[p->depth++] = v;
	p->t.at++;
	return 0;
}

static int read_value(struct parser *p, struct value *v)
{
	switch (*p->t.at) {
	case '{':
		return open_container(p, v, VALUE_OBJECT);
	case '[':
		return open_container(p, v, VALUE_ARRAY);
	case '"':
		v->type = VALUE_STRING;
		return json_string(&p->t, &v->text);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return read_number(p, v);
	default:
		return read_word(p, v);
	}
}

static int read_key(struct parser *p, struct str *key)
{
	if (*p->t.at != '"')
		return json_fail(&p->t, LB_EINVAL, "a name was expected");
	int rc = json_string(&p->t, key);
	if (rc != 0)
		return rc;
	skip_blank(p);
	if (*p->t.at != ':')
		return json_fail(&p->t, LB_EINVAL, "':' was expected");
	p->t.at++;
	skip_blank(p);
	return 0;
}

/* One element of the innermost container, or its end. */
static int read_element(struct parser *p)
{
	struct value *parent = p->open[p->depth - 1];
	bool object = parent->type == VALUE_OBJECT;
	skip_blank(p);
	if (*p->t.at == (object ? '}' : ']')) {
		p->t.at++;
		p->depth--;
		return 0;
	}
	if (parent->first != NULL) {
		if (*p->t.at != ',')
			return json_fail(&p->t, LB_EINVAL,
					 object ? "',' or '}' was expected"
						: "',' or ']' was expected");
		p->t.at++;
		skip_blank(p);
	}
	struct str key = STR_NONE;
	struct value *v;
	int rc = object ? read_key(p, &key) : 0;
	if (rc != 0)
		return rc;
	rc = next_slot(p, key, &v);
	return rc != 0 ? rc : read_value(p, v);
}

int payload_json(struct arena *a, struct str text,
		 const struct payload_limits *limits, bool lenient,
		 struct value **out, struct err *err)
{
	if (str_starts(text, STR("\xEF\xBB\xBF")))
		text = str_sub(text, 3, text.n);
	if (text.p == NULL)
		text = STR("");
	struct parser p;
	p.t = json_text(a, text, lenient, err);
	p.arena = a;
	p.depth = 0;
	p.max_depth = limits->depth < DEPTH_MAX ? limits->depth : DEPTH_MAX;
	p.left = limits->values;
	members_init(&p.members, a);
	struct value *root;
	skip_blank(&p);
	int rc = next_slot(&p, STR_NONE, &root);
	if (rc == 0)
		rc = read_value(&p, root);
	while (rc == 0 && p.depth > 0)
		rc = read_element(&p);
	if (rc != 0)
		return rc;
	skip_blank(&p);
	if (p.t.at != p.t.end)
		return json_fail(&p.t, LB_EINVAL,
				 "something stands behind the document");
	*out = root;
	return 0;
}
