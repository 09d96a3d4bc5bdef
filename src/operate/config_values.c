/* SPDX-License-Identifier: MIT */
/*
 * Numbers, words and plain lists: from a node of the tree into the field of a
 * row. Each function reports what is wrong at the node's place and then leaves
 * the field as it was.
 */
#include "operate/config_values.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/network.h"
#include "operate/profiles.h"
#include "operate/suggest.h"

enum { LIST_MAX = 1000, SHOWN_MAX = 60 };

struct place place_of(const struct reader *r, const struct node *n)
{
	return (struct place){r->files[n->file], n->line, n->column};
}

struct place place_of_key(const struct reader *r, const struct node *n)
{
	return (struct place){r->files[n->file], n->key_line, n->key_column};
}

void value_refuse(struct reader *r, const struct key *k, const struct node *n,
		  const char *wanted)
{
	char range[100] = "";
	if (k->min != 0 || k->max != 0) {
		struct buf b;
		buf_init(&b, sizeof(range) - 1);
		const struct key_kind *kind = key_kind(k->type);
		bool open_ended = k->max == 0;
		buf_add_str(&b,
			    open_ended ? STR(" of at least ") : STR(" from "));
		struct key bare = {.type = k->type};
		kind->write(&bare, &k->min, &b);
		if (!open_ended) {
			buf_add_str(&b, STR(" to "));
			kind->write(&bare, &k->max, &b);
		}
		snprintf(range, sizeof(range), "%.*s", STR_FMT(buf_str(&b)));
		buf_release(&b);
	}
	if (n->kind != NODE_TEXT)
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be %s%s, not a %s", k->name, wanted,
			       range,
			       n->kind == NODE_LIST ? "list" : "mapping");
	else
		problems_error(
		    r->problems, place_of(r, n),
		    "'%s' must be %s%s, not '%.*s'", k->name, wanted, range,
		    (int)(n->text.n < SHOWN_MAX ? n->text.n : SHOWN_MAX),
		    n->text.p);
}

bool value_text_of(struct reader *r, const struct key *k, const struct node *n,
		   struct str *text)
{
	if (n->kind != NODE_TEXT) {
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be a text, not a %s", k->name,
			       n->kind == NODE_LIST ? "list" : "mapping");
		return false;
	}
	if (n->text.n == 0) {
		problems_error(r->problems, place_of(r, n), "'%s' is empty",
			       k->name);
		return false;
	}
	*text = n->text;
	return true;
}

void value_list(struct reader *r, const struct key *k, const struct node *n,
		void *base, value_each fn)
{
	struct str text;
	if (n->kind == NODE_TEXT && value_text_of(r, k, n, &text))
		fn(r, k, n, text, base);
	if (n->kind == NODE_TEXT)
		return;
	if (n->kind == NODE_MAP || n->count > LIST_MAX) {
		value_refuse(r, k, n, "a list of at most 1000 entries");
		return;
	}
	NODE_EACH(child, n)
	if (value_text_of(r, k, child, &text))
		fn(r, k, child, text, base);
}

static bool in_range(const struct key *k, int64_t v)
{
	if (k->min == 0 && k->max == 0)
		return v >= 0;
	return v >= k->min && (k->max == 0 || v <= k->max);
}

void read_bool(struct reader *r, const struct key *k, const struct node *n,
	       void *base)
{
	bool *field = key_field(k, base);
	if (n->kind == NODE_TEXT && str_eq(n->text, STR("true")))
		*field = true;
	else if (n->kind == NODE_TEXT && str_eq(n->text, STR("false")))
		*field = false;
	else
		value_refuse(r, k, n, "true or false");
}

void read_int(struct reader *r, const struct key *k, const struct node *n,
	      void *base)
{
	int64_t *field = key_field(k, base);
	int64_t v;
	if (n->kind != NODE_TEXT ||
	    str_to_int(n->text, INT64_MIN, INT64_MAX, &v) != 0 ||
	    !in_range(k, v)) {
		value_refuse(r, k, n, "a number");
		return;
	}
	*field = v;
}

/* Ten years: what is longer overflows something somewhere. */
#define DURATION_MAX ((int64_t)3650 * 86400 * 1000)

void read_duration(struct reader *r, const struct key *k, const struct node *n,
		   void *base)
{
	int64_t *field = key_field(k, base);
	int64_t v;
	if (n->kind != NODE_TEXT || str_to_duration(n->text, &v) != 0 ||
	    !in_range(k, v) || v > DURATION_MAX) {
		value_refuse(r, k, n, "a duration (500ms, 10s, 5m, 6h, 30d)");
		return;
	}
	*field = v;
}

static bool size_of(struct reader *r, const struct key *k, const struct node *n,
		    int64_t *out)
{
	if (n->kind == NODE_TEXT && str_to_size(n->text, out) == 0 &&
	    in_range(k, *out))
		return true;
	value_refuse(r, k, n, "a size (64KiB, 10MB)");
	return false;
}

void read_size(struct reader *r, const struct key *k, const struct node *n,
	       void *base)
{
	int64_t *field = key_field(k, base);
	int64_t v;
	if (size_of(r, k, n, &v))
		*field = v;
}

void read_body_size(struct reader *r, const struct key *k, const struct node *n,
		    void *base)
{
	size_t *field = key_field(k, base);
	int64_t v;
	if (size_of(r, k, n, &v))
		*field = (size_t)v;
}

void read_byte_rate(struct reader *r, const struct key *k, const struct node *n,
		    void *base)
{
	int64_t *field = key_field(k, base);
	int64_t v;
	struct str size = n->text;
	if (str_ends(size, STR("/s")))
		size.n -= 2;
	if (n->kind != NODE_TEXT || str_to_size(size, &v) != 0 ||
	    !in_range(k, v)) {
		value_refuse(r, k, n, "bytes per second (1KiB/s)");
		return;
	}
	*field = v;
}

void read_text(struct reader *r, const struct key *k, const struct node *n,
	       void *base)
{
	char **field = key_field(k, base);
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return;
	if (str_find(text, '\n') >= 0 || str_find(text, '\t') >= 0) {
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be one line without tabs", k->name);
		return;
	}
	free(*field);
	*field = xstr_dup(text);
}

/* Position of the word in choices, or -1 (reported). */
static int choice_of(struct reader *r, const struct key *k,
		     const struct node *n)
{
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return -1;
	struct suggestion near;
	suggestion_init(&near, text);
	struct str rest = str_from(k->choices);
	for (int i = 0; rest.p != NULL; i++) {
		struct str word = str_cut(rest, ' ', &rest);
		if (str_eq(word, text))
			return i;
		suggestion_offer(&near, word);
	}
	struct str best = suggestion_best(&near);
	if (best.p != NULL)
		problems_error(r->problems, place_of(r, n),
			       "unknown %s '%.*s' (did you mean '%.*s'?)",
			       k->name, STR_FMT(text), STR_FMT(best));
	else
		problems_error(r->problems, place_of(r, n),
			       "'%s' must be one of: %s", k->name, k->choices);
	return -1;
}

void read_word(struct reader *r, const struct key *k, const struct node *n,
	       void *base)
{
	if (choice_of(r, k, n) >= 0)
		read_text(r, k, n, base);
}

void read_choice(struct reader *r, const struct key *k, const struct node *n,
		 void *base)
{
	_Static_assert(sizeof(enum log_level) == sizeof(unsigned) &&
			   sizeof(enum tests_rule) == sizeof(unsigned) &&
			   sizeof(enum bad_proof_rule) == sizeof(unsigned),
		       "choices are stored as unsigned");
	int position = choice_of(r, k, n);
	unsigned *field = key_field(k, base);
	if (position >= 0)
		*field = (unsigned)position;
}

void read_either(struct reader *r, const struct key *k, const struct node *n,
		 void *base)
{
	int position = choice_of(r, k, n);
	bool *field = key_field(k, base);
	if (position >= 0)
		*field = position > 0;
}

void read_platform(struct reader *r, const struct key *k, const struct node *n,
		   void *base)
{
	const struct source_ops **field = key_field(k, base);
	struct str text;
	if (!value_text_of(r, k, n, &text))
		return;
	struct profile_list profiles = {0};
	if (r->config != NULL)
		profiles = (struct profile_list){r->config->profiles,
						 r->config->n_profiles};
	const struct profile *profile = profiles_find(&profiles, text);
	*field = profile != NULL ? &profile->ops : source_ops_find(text);
	if (*field != NULL)
		return;
	struct suggestion near;
	suggestion_init(&near, text);
	for (size_t i = 0; source_ops_at(i) != NULL; i++)
		suggestion_offer(&near, str_from(source_ops_at(i)->platform));
	for (size_t i = 0; i < profiles.n; i++)
		suggestion_offer(&near, str_from(profiles.v[i]->platform));
	struct str best = suggestion_best(&near);
	int shown = (int)(text.n < SHOWN_MAX ? text.n : SHOWN_MAX);
	if (best.p != NULL)
		problems_error(r->problems, place_of(r, n),
			       "unknown platform '%.*s' (did you mean "
			       "'%.*s'?)",
			       shown, text.p, STR_FMT(best));
	else
		problems_error(r->problems, place_of(r, n),
			       "unknown platform '%.*s'", shown, text.p);
}

static void add_text(struct reader *r, const struct key *k,
		     const struct node *n, struct str text, void *base)
{
	struct text_list *list = key_field(k, base);
	if (str_find(text, '\n') >= 0) {
		value_refuse(r, k, n, "texts of one line");
		return;
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = xstr_dup(text);
}

void read_texts(struct reader *r, const struct key *k, const struct node *n,
		void *base)
{
	value_list(r, k, n, base, add_text);
}

static void add_rate(struct reader *r, const struct key *k,
		     const struct node *n, struct str text, void *base)
{
	struct rate_list *list = key_field(k, base);
	struct str unit;
	struct str count = str_cut(text, '/', &unit);
	struct rate rate;
	char window[24];
	/* "12/4s" is twelve in four seconds; "10/s" leaves the one out. */
	bool bare = unit.n > 0 && (unit.p[0] < '0' || unit.p[0] > '9');
	(void)!snprintf(window, sizeof(window), "%s%.*s", bare ? "1" : "",
			STR_FMT(unit));
	if (str_to_int(count, 1, 1000000000, &rate.count) != 0 || unit.n == 0 ||
	    unit.n > 8 || list->n == 8 ||
	    str_to_duration(str_from(window), &rate.window_ms) != 0 ||
	    rate.window_ms < 1000 || rate.window_ms > 86400000) {
		value_refuse(r, k, n, "a rate (10/s, 60/min, 1000/h, 12/4s)");
		return;
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = rate;
}

void read_rates(struct reader *r, const struct key *k, const struct node *n,
		void *base)
{
	value_list(r, k, n, base, add_rate);
}

static void add_duration(struct reader *r, const struct key *k,
			 const struct node *n, struct str text, void *base)
{
	struct duration_list *list = key_field(k, base);
	int64_t ms;
	if (str_to_duration(text, &ms) != 0 || ms > 7 * 86400000LL ||
	    list->n == 100) {
		value_refuse(r, k, n, "at most 100 durations up to 7d");
		return;
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = ms;
}

void read_durations(struct reader *r, const struct key *k, const struct node *n,
		    void *base)
{
	value_list(r, k, n, base, add_duration);
}

static void add_network(struct reader *r, const struct key *k,
			const struct node *n, struct str text, void *base)
{
	struct network_list *list = key_field(k, base);
	struct network one;
	if (network_parse(text, &one) != 0) {
		value_refuse(r, k, n,
			     "addresses or networks (192.0.2.0/24, "
			     "\"2001:db8::/32\", unix)");
		return;
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = one;
}

void read_networks(struct reader *r, const struct key *k, const struct node *n,
		   void *base)
{
	value_list(r, k, n, base, add_network);
}
