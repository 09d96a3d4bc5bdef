/* SPDX-License-Identifier: MIT */
/*
 * Texts that must have a certain form, and the mappings made of them: URLs,
 * UUIDs, value paths, expectations, outcome overrides.
 */
#include "operate/config_values.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/network.h"
#include "leadbridge/lead.h"
#include "operate/expect.h"

enum { URL_MAX = 2000, HOST_MAX = 253 };

static void store_text(const struct key *k, void *base, struct str text)
{
	char **field = key_field(k, base);
	free(*field);
	*field = xstr_dup(text);
}

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

/* host, host:port, [address]:port; no user names. */
static bool authority_ok(struct str s)
{
	struct str host = s, port = STR_NONE;
	if (str_starts(s, STR("["))) {
		long end = str_find(s, ']');
		if (end < 3)
			return false;
		port = str_sub(s, (size_t)end + 1, s.n);
		if (port.n > 0 && port.p[0] != ':')
			return false;
		if (port.n > 0)
			port = str_sub(port, 1, port.n);
		struct address parsed;
		if (address_parse(str_sub(s, 1, (size_t)end), &parsed) != 0)
			return false;
	} else {
		host = str_cut(s, ':', &port);
		if (host.n == 0 || host.n > HOST_MAX)
			return false;
		for (size_t i = 0; i < host.n; i++)
			if (!host_char(host.p[i]))
				return false;
	}
	int64_t number;
	return port.p == NULL || port.n == 0 ||
	       str_to_int(port, 1, 65535, &number) == 0;
}

static bool url_ok(struct str s, bool with_user)
{
	struct str rest = STR_NONE;
	if (str_istarts(s, STR("https://")))
		rest = str_sub(s, 8, s.n);
	else if (str_istarts(s, STR("http://")))
		rest = str_sub(s, 7, s.n);
	if (rest.n == 0 || s.n > URL_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 ||
		    (unsigned char)s.p[i] >= 0x7F || s.p[i] == '#')
			return false;
	size_t end = 0;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	struct str authority = str_sub(rest, 0, end);
	long at = str_find(authority, '@');
	if (at >= 0 && with_user)
		authority = str_sub(authority, (size_t)at + 1, authority.n);
	return authority_ok(authority);
}

bool config_url_ok(struct str url)
{
	return url_ok(url, false);
}

void read_url(struct reader *r, const struct key *k, const struct node *n,
	      void *base)
{
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return;
	bool hidden = (k->flags & KEY_HIDDEN) != 0;
	const char *wanted = hidden ? "an http or https URL"
				    : "an http or https URL without user name "
				      "or fragment";
	if (url_ok(text, hidden))
		store_text(k, base, text);
	else if (str_find(text, '@') >= 0) /* it may hold a password */
		problems_error(r->problems, place_of(r, n), "'%s' must be %s",
			       k->name, wanted);
	else
		value_refuse(r, k, n, wanted);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

void read_uuid(struct reader *r, const struct key *k, const struct node *n,
	       void *base)
{
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return;
	bool ok = text.n == 36;
	for (size_t i = 0; ok && i < text.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		ok = dash ? text.p[i] == '-' : is_hex(text.p[i]);
	}
	if (ok)
		store_text(k, base, text);
	else
		value_refuse(r, k, n, "a UUID (8-4-4-4-12 hex digits)");
}

void read_country(struct reader *r, const struct key *k, const struct node *n,
		  void *base)
{
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return;
	if (text.n == 2 && phone_country_ok(text.p))
		store_text(k, base, text);
	else
		value_refuse(r, k, n, "a country of two capitals (US)");
}

void read_field(struct reader *r, const struct key *k, const struct node *n,
		void *base)
{
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return;
	if (value_path_ok(text))
		store_text(k, base, text);
	else
		value_refuse(r, k, n, "a path (.contact.email, .items[0].id)");
}

static bool token_ok(struct str s)
{
	static const struct str others = {"!#$%&'*+-.^_`|~", 15};
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if ((!host_char(c) || c == '.') && str_find(others, c) < 0)
			return false;
	}
	return s.n > 0;
}

void read_event_id(struct reader *r, const struct key *k, const struct node *n,
		   void *base)
{
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return;
	bool header = str_starts(text, STR("header:"));
	if (str_eq(text, STR("hash")) ||
	    (header && token_ok(str_sub(text, 7, text.n))) ||
	    (!header && value_path_ok(text)))
		store_text(k, base, text);
	else
		value_refuse(r, k, n, "header:NAME, a path (.id) or hash");
}

void read_expect(struct reader *r, const struct key *k, const struct node *n,
		 void *base)
{
	struct str text;
	struct expect parsed;
	const char *wrong = NULL;
	if (!value_text_of(r, k, n, &text))
		return;
	if (expect_parse(text, &parsed, &wrong) == 0)
		store_text(k, base, text);
	else if (wrong == NULL)
		value_refuse(r, k, n,
			     "like '1 per 6h' or '1 per 6h 08:00-20:00'");
	else
		problems_error(r->problems, place_of(r, n), "'%s': %s", k->name,
			       wrong);
}

/* Each member of the mapping as one pair. */
void read_map(struct reader *r, const struct key *k, const struct node *n,
	      void *base)
{
	struct text_map *map = key_field(k, base);
	if (n->kind != NODE_MAP) {
		if (!node_is_empty(n))
			value_refuse(r, k, n, "a mapping");
		return;
	}
	map->v = xrealloc(map->v, (map->n + n->count) * sizeof(*map->v));
	NODE_EACH(child, n)
	{
		struct str text;
		if (child->key.n == 0) {
			problems_error(r->problems, place_of_key(r, child),
				       "empty key in '%s'", k->name);
			continue;
		}
		if (!value_text_of(r, k, child, &text))
			continue;
		map->v[map->n++] = (struct text_pair){
		    .from = xstr_dup(child->key), .to = xstr_dup(text)};
	}
}

void read_expression_key(struct reader *r, const struct key *k,
			 const struct node *n, void *base)
{
	struct str text;
	if (value_text_of(r, k, n, &text))
		store_text(k, base, text);
}

/* In the order of enum outcome. */
static const char *const outcome_words[OUTCOMES] = {NULL,      "sent", "retry",
						    "limited", "park", "dead"};

const char *outcome_word(int outcome)
{
	return outcome > 0 && outcome < OUTCOMES ? outcome_words[outcome]
						 : NULL;
}

static bool outcome_of(struct str word, enum outcome *out)
{
	for (int i = 1; i < OUTCOMES; i++) {
		if (!str_eq(word, str_from(outcome_words[i])))
			continue;
		*out = (enum outcome)i;
		return true;
	}
	return false;
}

void read_outcomes(struct reader *r, const struct key *k, const struct node *n,
		   void *base)
{
	struct outcome_override **list = key_field(k, base);
	size_t *count = (size_t *)(void *)((char *)base + k->offset2);
	if (n->kind != NODE_MAP) {
		value_refuse(r, k, n, "a mapping of statuses to outcomes");
		return;
	}
	*list = xrealloc(*list, (*count + n->count) * sizeof(**list));
	NODE_EACH(child, n)
	{
		struct outcome_override one;
		int64_t status;
		if (str_to_int(child->key, 100, 599, &status) != 0) {
			problems_error(
			    r->problems, place_of_key(r, child),
			    "not a status from 100 to 599: '%.*s'",
			    (int)(child->key.n < 20 ? child->key.n : 20),
			    child->key.p);
			continue;
		}
		if (child->kind != NODE_TEXT ||
		    !outcome_of(child->text, &one.outcome)) {
			value_refuse(r, k, child,
				     "sent, retry, limited, park or dead");
			continue;
		}
		one.status = (int)status;
		(*list)[(*count)++] = one;
	}
}
