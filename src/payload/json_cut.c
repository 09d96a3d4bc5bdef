/* SPDX-License-Identifier: MIT */
/* Cuts an element out of well-formed JSON; see the header. */
#include "payload/json_cut.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blank(struct str text, size_t at)
{
	while (at < text.n && is_blank(text.p[at]))
		at++;
	return at;
}

/* at is the opening quote; behind the closing one. */
static size_t skip_string(struct str text, size_t at)
{
	for (at++; at < text.n && text.p[at] != '"'; at++)
		if (text.p[at] == '\\')
			at++;
	return at < text.n ? at + 1 : text.n;
}

/* Behind the value that begins at `at`. */
static size_t skip_value(struct str text, size_t at)
{
	size_t depth = 0;
	while (at < text.n) {
		char c = text.p[at];
		if (c == '"') {
			at = skip_string(text, at);
		} else if (c == '{' || c == '[') {
			depth++;
			at++;
		} else if (c == '}' || c == ']') {
			if (depth == 0)
				return at;
			depth--;
			at++;
		} else if (depth == 0 && (c == ',' || is_blank(c))) {
			return at;
		} else {
			at++;
			continue;
		}
		if (depth == 0)
			return at;
	}
	return text.n;
}

struct span {
	size_t from, to; /* of the value */
	size_t before;   /* where the value in front of it ends; 0: the first */
	size_t after;    /* where the one behind it begins; 0: the last */
};

/* Behind the name and its colon; *fits: it is that name. */
static size_t skip_name(struct str text, size_t at, struct str key, bool *fits)
{
	size_t end = skip_string(text, at);
	*fits = end > at + 1 && str_eq(str_sub(text, at + 1, end - 1), key);
	at = skip_blank(text, end);
	return skip_blank(text, at < text.n ? at + 1 : at);
}

/* The child the step names, of the container that begins at `at`. */
static int find_child(struct str text, size_t at, const struct json_step *step,
		      struct span *out)
{
	char open = step->key.p != NULL ? '{' : '[';
	*out = (struct span){0};
	if (at >= text.n || text.p[at] != open)
		return LB_EINVAL;
	at = skip_blank(text, at + 1);
	for (size_t i = 0; at < text.n; i++) {
		bool fits = i == step->index;
		if (text.p[at] == '}' || text.p[at] == ']')
			return LB_EINVAL;
		if (step->key.p != NULL)
			at = skip_name(text, at, step->key, &fits);
		out->from = at;
		out->to = skip_value(text, at);
		at = skip_blank(text, out->to);
		bool more = at < text.n && text.p[at] == ',';
		size_t next = more ? skip_blank(text, at + 1) : 0;
		out->after = next;
		if (fits)
			return 0;
		if (!more)
			return LB_EINVAL;
		out->before = out->to;
		at = next;
	}
	return LB_EINVAL;
}

int json_cut(struct str text, const struct json_step *steps, size_t n,
	     struct buf *out)
{
	struct span span = {0};
	size_t at = str_starts(text, STR("\xEF\xBB\xBF")) ? 3 : 0;
	if (n == 0 || steps[n - 1].key.p != NULL)
		return LB_EINVAL;
	at = skip_blank(text, at);
	for (size_t i = 0; i < n; i++) {
		if (find_child(text, at, &steps[i], &span) != 0)
			return LB_EINVAL;
		at = span.from;
	}
	size_t from =
	    span.after == 0 && span.before > 0 ? span.before : span.from;
	size_t to = span.after > 0 ? span.after : span.to;
	buf_add_str(out, str_sub(text, 0, from));
	buf_add_str(out, str_sub(text, to, text.n));
	return out->over ? LB_ELIMIT : 0;
}
