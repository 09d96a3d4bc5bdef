/* SPDX-License-Identifier: MIT */
/*
 * Keys whose values are secrets: references are resolved here, at load time.
 * What is wrong is said with the reference, never with the bytes; a text that
 * is no reference is never shown, since it may be the secret itself.
 */
#include "operate/config_values.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "leadbridge/store.h"

static const struct str forms[] = {
    {"credential:", 11}, {"file:", 5}, {"env:", 4}, {"plain:", 6}};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static bool is_reference(struct str text)
{
	for (size_t i = 0; i < FORMS; i++)
		if (str_starts(text, forms[i]))
			return true;
	return false;
}

/* Some senders are proven by a public key: anybody may read that. */
static bool is_public(const struct secret *s)
{
	return str_starts(secret_str(s), STR("-----BEGIN PUBLIC KEY-----"));
}

static void warn_weak(struct reader *r, const struct key *k,
		      const struct node *n, struct str reference)
{
	if (str_starts(reference, STR("plain:")))
		problems_warn(r->problems, place_of(r, n),
			      "'%s' is in the clear; use file:, credential: "
			      "or env:",
			      k->name);
	if (!str_starts(reference, STR("file:")))
		return;
	struct stat st;
	char *path = xstr_dup(str_sub(reference, 5, reference.n));
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IRWXO) != 0)
		problems_warn(r->problems, place_of(r, n),
			      "'%s' is open to everybody (mode %04o; wanted: "
			      "0640 or less)",
			      path, (unsigned)(st.st_mode & 07777));
	free(path);
}

static bool load(struct reader *r, const struct key *k, const struct node *n,
		 struct str reference, struct secret *out)
{
	struct err err = {0};
	if (!is_reference(reference)) {
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be credential:NAME, file:PATH, "
			       "env:NAME or plain:TEXT",
			       k->name);
		return false;
	}
	*out = (struct secret){0};
	if (secret_load(out, reference, &err) != 0) {
		problems_error(r->problems, place_of(r, n), "'%s': %s", k->name,
			       err.text);
		return false;
	}
	if (!is_public(out))
		warn_weak(r, k, n, reference);
	return true;
}

/* Adds one more to the list. */
static void append(struct secrets *list, struct secret one)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = one;
}

void read_secret(struct reader *r, const struct key *k, const struct node *n,
		 void *base)
{
	struct secret *field = key_field(k, base);
	struct secret one;
	struct str text;
	if (!value_text_of(r, k, n, &text) || !load(r, k, n, text, &one))
		return;
	secret_release(field);
	*field = one;
}

static void add_secret(struct reader *r, const struct key *k,
		       const struct node *n, struct str text, void *base)
{
	struct secret one;
	if (load(r, k, n, text, &one))
		append(key_field(k, base), one);
}

void read_secrets(struct reader *r, const struct key *k, const struct node *n,
		  void *base)
{
	if (n->kind == NODE_LIST && n->count == 0)
		problems_error(r->problems, place_of(r, n), "'%s' is empty",
			       k->name);
	else
		value_list(r, k, n, base, add_secret);
}

/* "name<sep>SECRET"; further entries of a list must have the same name. */
static void add_named(struct reader *r, const struct key *k,
		      const struct node *n, struct str text, void *base)
{
	char **name = key_field(k, base);
	struct secrets *list =
	    (struct secrets *)(void *)((char *)base + k->offset2);
	struct str rest;
	struct str first = str_cut(text, k->choices[0], &rest);
	struct secret one;
	if (first.n == 0 || rest.n == 0) {
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be NAME%sSECRET", k->name,
			       k->choices);
		return;
	}
	if (*name != NULL && !str_eq(first, str_from(*name))) {
		problems_error(r->problems, place_of(r, n),
			       "'%s' must have one name; the first is '%s'",
			       k->name, *name);
		return;
	}
	if (!load(r, k, n, rest, &one))
		return;
	if (*name == NULL)
		*name = xstr_dup(first);
	append(list, one);
}

void read_named_secret(struct reader *r, const struct key *k,
		       const struct node *n, void *base)
{
	value_list(r, k, n, base, add_named);
}

/* An account's id also stands in names and metrics. */
static bool account_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') ||
		      (s.p[i] >= 'a' && s.p[i] <= 'z') ||
		      (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		      str_find(STR("._-"), s.p[i]) >= 0))
			return false;
	return s.n > 0 && s.n <= ACCOUNT_MAX;
}

static void add_token(struct reader *r, const struct key *k,
		      const struct node *n, void *base)
{
	struct named_secret **tokens = key_field(k, base);
	size_t *count = (size_t *)(void *)((char *)base + k->offset2);
	struct secret one;
	struct str text;
	if (!account_ok(n->key))
		problems_error(r->problems, place_of_key(r, n),
			       "'%s': not the id of an account", k->name);
	else if (value_text_of(r, k, n, &text) && load(r, k, n, text, &one)) {
		*tokens = xrealloc(*tokens, (*count + 1) * sizeof(**tokens));
		(*tokens)[(*count)++] =
		    (struct named_secret){xstr_dup(n->key), one};
	}
}

void read_tokens(struct reader *r, const struct key *k, const struct node *n,
		 void *base)
{
	if (n->kind != NODE_MAP) {
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be a mapping of accounts to secrets",
			       k->name);
		return;
	}
	NODE_EACH(child, n)
	{
		add_token(r, k, child, base);
	}
}

static bool header_name_ok(struct str s)
{
	static const struct str marks = {"!#$%&'*+-.^_`|~", 15};
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') ||
			      (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && str_find(marks, c) < 0)
			return false;
	}
	return s.n > 0 && s.n <= 100;
}

/* What the delivery sets itself. */
static bool header_is_ours(struct str name)
{
	static const char *const ours[] = {
	    "authorization",
	    "content-type",
	    "content-length",
	    "host",
	    "transfer-encoding",
	    "connection",
	    "idempotency-key",
	    "expect",
	    "te",
	    "upgrade",
	};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_ieq(name, str_from(ours[i])))
			return true;
	return false;
}

static bool value_is_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
			return false;
	return true;
}

/* A reference, or the value itself. */
static bool load_value(struct reader *r, const struct key *k,
		       const struct node *n, struct str value,
		       struct secret *out)
{
	if (is_reference(value)) {
		if (!load(r, k, n, value, out))
			return false;
	} else {
		struct err err = {0};
		struct str plain =
		    arena_printf(&r->arena, "plain:%.*s", STR_FMT(value));
		*out = (struct secret){0};
		if (secret_load(out, plain, &err) != 0) {
			problems_error(r->problems, place_of(r, n), "'%s': %s",
				       k->name, err.text);
			return false;
		}
		if ((k->flags & KEY_PROOF) != 0)
			warn_weak(r, k, n, plain);
	}
	if (value_is_clean(secret_str(out)))
		return true;
	problems_error(r->problems, place_of(r, n),
		       "'%s': control character in the value", k->name);
	secret_release(out);
	return false;
}

static struct header_rule *header_of(const struct key *k, void *base,
				     struct str name)
{
	struct header_rule **rules = key_field(k, base);
	size_t *n = (size_t *)(void *)((char *)base + k->offset2);
	for (size_t i = 0; i < *n; i++)
		if (str_ieq(str_from((*rules)[i].name), name))
			return &(*rules)[i];
	*rules = xrealloc(*rules, (*n + 1) * sizeof(**rules));
	struct header_rule *rule = &(*rules)[(*n)++];
	*rule = (struct header_rule){.name = xstr_dup(name)};
	return rule;
}

struct header_line {
	struct str name, value;
};

static void add_header(struct reader *r, const struct key *k,
		       const struct node *n, struct header_line line,
		       void *base)
{
	struct secret one;
	struct str name = line.name;
	if (!header_name_ok(name)) {
		problems_error(r->problems, place_of(r, n),
			       "'%s': not the name of a header", k->name);
		return;
	}
	if ((k->flags & KEY_PROOF) == 0 && header_is_ours(name)) {
		problems_error(r->problems, place_of(r, n),
			       "'%s': leadbridge sets the header '%.*s' itself",
			       k->name, STR_FMT(name));
		return;
	}
	if (load_value(r, k, n, line.value, &one))
		append(&header_of(k, base, name)->value, one);
}

/* "Name: value" */
static void add_header_line(struct reader *r, const struct key *k,
			    const struct node *n, struct str text, void *base)
{
	struct str rest;
	struct str name = str_cut(text, ':', &rest);
	struct str value = str_trim(rest);
	if (value.n == 0)
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be \"Name: value\" or a mapping",
			       k->name);
	else
		add_header(r, k, n, (struct header_line){name, value}, base);
}

void read_headers(struct reader *r, const struct key *k, const struct node *n,
		  void *base)
{
	if (n->kind != NODE_MAP) {
		value_list(r, k, n, base, add_header_line);
		return;
	}
	NODE_EACH(child, n)
	{
		struct str text;
		const struct node *one =
		    child->kind == NODE_LIST ? child->first : child;
		for (; one != NULL; one = one != child ? one->next : NULL)
			if (value_text_of(r, k, one, &text))
				add_header(
				    r, k, one,
				    (struct header_line){child->key, text},
				    base);
	}
}
