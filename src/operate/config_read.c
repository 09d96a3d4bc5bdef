/* SPDX-License-Identifier: MIT */
/*
 * Walks the tree by the rows of the key table and fills the structs: nested
 * keys, entries of listen, destinations and sources, defaults, compulsory
 * keys, unknown keys with a suggestion. Judges each key for itself only.
 */
#include "operate/config_read.h"

#include <stdlib.h>

#include "base/mem.h"
#include "operate/suggest.h"

enum {
	LISTEN_MAX = 64,
	DESTINATIONS_MAX = 1000,
	NAME_MAX_BYTES = 64,
	SHOWN_MAX = 60,
};

/* One struct being filled. */
struct target {
	enum key_section section;
	void *base;
	bool *seen; /* per row of the table */
};

static size_t index_of(const struct key *k)
{
	return (size_t)(k - key_at(0));
}

static bool was_seen(const struct target *t, const char *name)
{
	return t->seen[index_of(key_find(t->section, str_from(name)))];
}

/* The part of the row's name that stands right behind prefix, or STR_NONE. */
static struct str component(const struct key *k, struct str prefix)
{
	struct str name = str_from(k->name), rest;
	if (!str_starts(name, prefix))
		return STR_NONE;
	return str_cut(str_sub(name, prefix.n, name.n), '.', &rest);
}

static void refuse_unknown(struct reader *r, enum key_section section,
			   const struct node *n, struct str prefix)
{
	struct suggestion near;
	suggestion_init(&near, n->key);
	for (size_t i = 0; i < key_count(); i++) {
		struct str part = component(key_at(i), prefix);
		if (key_at(i)->section == section && part.p != NULL)
			suggestion_offer(&near, part);
	}
	struct str best = suggestion_best(&near);
	int shown = (int)(n->key.n < SHOWN_MAX ? n->key.n : SHOWN_MAX);
	struct str name = arena_printf(&r->arena, "%.*s%.*s", STR_FMT(prefix),
				       STR_FMT(n->key));
	if (key_find(section, name) != NULL)
		problems_error(r->problems, place_of_key(r, n),
			       "key '%.*s' must be nested: one mapping for "
			       "each part",
			       shown, n->key.p);
	else if (best.p != NULL)
		problems_error(r->problems, place_of_key(r, n),
			       "unknown key '%.*s' (did you mean '%.*s'?)",
			       shown, n->key.p, STR_FMT(best));
	else
		problems_error(r->problems, place_of_key(r, n),
			       "unknown key '%.*s'", shown, n->key.p);
}

static void read_member(struct reader *r, struct target *t,
			const struct node *n, struct str prefix);

static void read_members(struct reader *r, struct target *t,
			 const struct node *map, struct str prefix)
{
	NODE_EACH(child, map)
	read_member(r, t, child, prefix);
}

/* One key: a row of its own, or a group of rows below it. The tree's depth
 * bounds the recursion. */
static void read_member(struct reader *r, struct target *t,
			const struct node *n, struct str prefix)
{
	struct str name = arena_printf(&r->arena, "%.*s%.*s", STR_FMT(prefix),
				       STR_FMT(n->key));
	bool dotted = str_find(n->key, '.') >= 0 || n->key.n == 0;
	const struct key *k = dotted ? NULL : key_find(t->section, name);
	bool group = !dotted && key_has_children(t->section, name);
	if (group && (n->kind == NODE_MAP || node_is_empty(n))) {
		name = arena_printf(&r->arena, "%.*s.", STR_FMT(name));
		read_members(r, t, n, name);
	} else if (k != NULL) {
		t->seen[index_of(k)] = true;
		key_kind(k->type)->read(r, k, n, t->base);
	} else if (group) {
		problems_error(r->problems, place_of(r, n),
			       "'%.*s' must be a mapping, not a %s",
			       STR_FMT(name),
			       n->kind == NODE_LIST ? "list" : "text");
	} else {
		refuse_unknown(r, t->section, n, prefix);
	}
}

static void ignore_report(void *ctx, int line, int column, const char *text)
{
	(void)ctx;
	(void)line;
	(void)column;
	(void)text;
}

/* Lists and mappings are written in flow style; a default is never wrong. */
static void set_default(struct reader *r, const struct key *k, void *base)
{
	struct str def = str_from(k->def);
	struct node *n = NULL;
	if (def.p[0] == '[' || def.p[0] == '{') {
		int code =
		    yaml_tree_parse(&r->arena, def, 0, &n, ignore_report, NULL);
		lb_assert(code == 0 && n != NULL);
	} else {
		n = node_text(&r->arena, def);
	}
	key_kind(k->type)->read(r, k, n, base);
}

/* What the file did not say: the default, or a complaint at `where`. */
static void finish(struct reader *r, struct target *t, const struct node *where,
		   const char *what)
{
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (k->section != t->section || t->seen[i])
			continue;
		if (k->def != NULL)
			set_default(r, k, t->base);
		if ((k->flags & KEY_REQUIRED) == 0 || r->incomplete)
			continue;
		struct place at = where->key.p != NULL ? place_of_key(r, where)
						       : place_of(r, where);
		problems_error(r->problems, at, "%s has no '%s'", what,
			       k->name);
	}
}

/* An entry of a section: all its keys. */
static struct target read_entry(struct reader *r, enum key_section section,
				const struct node *n, void *base,
				const char *what)
{
	struct target t = {
	    .section = section,
	    .base = base,
	    .seen = arena_alloc(&r->arena, key_count() * sizeof(bool)),
	};
	read_members(r, &t, n, STR(""));
	finish(r, &t, n, what);
	return t;
}

/* ---- listen ------------------------------------------------------------ */

static void add_listen(struct reader *r, const struct node *n)
{
	struct config *c = r->config;
	const struct key *address = key_find(SECTION_LISTEN, STR("address"));
	struct listen_config *l = &c->listen[c->n_listen];
	r->listen[c->n_listen++] = n;
	l->line = n->line;
	if (n->kind == NODE_TEXT)
		read_text(r, address, n, l);
	else
		(void)read_entry(r, SECTION_LISTEN, n, l, "the address");
	if (l->key.reference != NULL &&
	    str_starts(str_from(l->key.reference), STR("file:")))
		l->key_path = xstrdup(l->key.reference + 5);
}

void read_listen(struct reader *r, const struct key *k, const struct node *n,
		 void *base)
{
	(void)base;
	size_t count = n->kind == NODE_LIST ? n->count : 1;
	if (count > LISTEN_MAX || count == 0) {
		value_refuse(r, k, n, "a list of 1 to 64 addresses");
		return;
	}
	r->config->listen = xcalloc(count, sizeof(*r->config->listen));
	r->listen = arena_alloc(&r->arena, count * sizeof(struct node *));
	const struct node *one = n->kind == NODE_LIST ? n->first : n;
	for (size_t i = 0; i < count; i++, one = one->next) {
		if (one->kind == NODE_LIST)
			value_refuse(r, k, one, "a mapping or an address");
		else
			add_listen(r, one);
	}
}

/* ---- destinations and sources ------------------------------------------ */

static bool name_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!letter && (c != '-' || i == 0))
			return false;
	}
	return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

/* Whether n can be an entry called `what` at all. */
static bool entry_ok(struct reader *r, const struct node *n, const char *what)
{
	bool ok = true;
	if (!name_ok(n->key)) {
		problems_error(
		    r->problems, place_of_key(r, n),
		    "'%.*s' is not a name for a %s (a-z, 0-9 and '-', at "
		    "most 64)",
		    (int)(n->key.n < SHOWN_MAX ? n->key.n : SHOWN_MAX),
		    n->key.p, what);
		ok = false;
	}
	/* Both would make the ids and keys of leadbridgectl. */
	if (strcmp(what, "source") == 0 &&
	    (str_eq(n->key, STR("manual")) || str_eq(n->key, STR("import")))) {
		problems_error(r->problems, place_of_key(r, n),
			       "source '%.*s' is reserved for leads %s: name "
			       "it otherwise",
			       STR_FMT(n->key),
			       n->key.p[0] == 'm' ? "added by hand"
						  : "that are imported");
		ok = false;
	}
	if (n->kind != NODE_MAP) {
		problems_error(
		    r->problems, place_of(r, n), "%s '%.*s' must be a mapping",
		    what, (int)(n->key.n < SHOWN_MAX ? n->key.n : SHOWN_MAX),
		    n->key.p);
		ok = false;
	}
	return ok;
}

static void add_destination(struct reader *r, const struct node *n)
{
	struct config *c = r->config;
	struct destination_config *d = xcalloc(1, sizeof(*d));
	d->name = xstr_dup(n->key);
	d->file = xstrdup(r->files[n->file]);
	d->line = n->key_line;
	d->position = (unsigned)c->n_destinations;
	r->destinations[c->n_destinations] = n;
	c->destinations[c->n_destinations++] = d;
	struct str what = arena_printf(&r->arena, "destination '%s'", d->name);
	(void)read_entry(r, SECTION_DESTINATION, n, d, what.p);
}

void read_destinations(struct reader *r, const struct key *k,
		       const struct node *n, void *base)
{
	(void)base;
	if (node_is_empty(n))
		return;
	if (n->kind != NODE_MAP || n->count > DESTINATIONS_MAX) {
		value_refuse(r, k, n, "a mapping of at most 1000 names");
		return;
	}
	struct config *c = r->config;
	c->destinations = xcalloc(n->count, sizeof(struct config *));
	r->destinations =
	    arena_alloc(&r->arena, n->count * sizeof(struct node *));
	NODE_EACH(child, n)
	if (entry_ok(r, child, "destination"))
		add_destination(r, child);
}

static void add_source(struct reader *r, const struct node *n)
{
	struct config *c = r->config;
	struct source *s = xcalloc(1, sizeof(*s));
	s->name = xstr_dup(n->key);
	s->line = n->key_line;
	s->position = (unsigned)c->n_sources;
	size_t before = r->problems->errors;
	size_t at = c->n_sources++;
	r->sources[at] = n;
	c->sources[at] = s;
	struct str what = arena_printf(&r->arena, "source '%s'", s->name);
	struct target t = read_entry(r, SECTION_SOURCE, n, s, what.p);
	if (!was_seen(&t, "attribution") && s->ops != NULL)
		s->attribution = (s->ops->flags & SOURCE_ATTRIBUTION) != 0;
	r->source_is_read[at] = r->problems->errors == before;
}

void read_sources(struct reader *r, const struct key *k, const struct node *n,
		  void *base)
{
	(void)base;
	if (node_is_empty(n))
		return;
	if (n->kind != NODE_MAP) {
		value_refuse(r, k, n, "a mapping");
		return;
	}
	struct config *c = r->config;
	c->sources = xcalloc(n->count, sizeof(struct source *));
	r->sources = arena_alloc(&r->arena, n->count * sizeof(struct node *));
	r->source_is_read = arena_alloc(&r->arena, n->count * sizeof(bool));
	NODE_EACH(child, n)
	if (entry_ok(r, child, "source"))
		add_source(r, child);
}

/* ---- the whole --------------------------------------------------------- */

void config_read(struct reader *r, const struct node *root)
{
	if (root->kind != NODE_MAP) {
		problems_error(r->problems, place_of(r, root),
			       "the file must be a mapping of keys");
		return;
	}
	(void)read_entry(r, SECTION_TOP, root, r->config, "the file");
}

void config_release_section(enum key_section section, void *base)
{
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (k->section == section && key_kind(k->type)->release != NULL)
			key_kind(k->type)->release(k, base);
	}
}
