/* SPDX-License-Identifier: MIT */
/*
 * One table of the keys of a profile, and how each is read. Folders and the
 * configuration are in profiles_load.c. Reads nothing but the tree handed in.
 */
#include "operate/profiles.h"

#include <stdlib.h>

#include "base/mem.h"
#include "operate/profiles_internal.h"
#include "operate/suggest.h"

struct row;

typedef void (*row_reader)(struct reader *r, const struct row *row,
			   const struct node *n, void *field);

struct row {
	const char *name;
	row_reader read;
	size_t offset;
	bool required;
};

static void refuse(struct reader *r, const struct row *row,
		   const struct node *n, const char *wanted)
{
	problems_error(r->problems, place_of(r, n), "'%s' must be %s",
		       row->name, wanted);
}

/* The line its text begins at: that of a block is the one below the '|'. */
static int text_line(const struct node *n)
{
	return n->line + (n->quoted && str_find(n->text, '\n') >= 0 ? 1 : 0);
}

/* ---- types -------------------------------------------------------------- */

static void read_string(struct reader *r, const struct row *row,
			const struct node *n, void *field)
{
	char **out = field;
	if (n->kind != NODE_TEXT || n->text.n == 0) {
		refuse(r, row, n, "a text");
		return;
	}
	free(*out);
	*out = xstr_dup(n->text);
}

static void read_flag(struct reader *r, const struct row *row,
		      const struct node *n, void *field)
{
	bool yes = n->kind == NODE_TEXT && str_eq(n->text, STR("true"));
	bool no = n->kind == NODE_TEXT && str_eq(n->text, STR("false"));
	if (!yes && !no)
		refuse(r, row, n, "true or false");
	*(bool *)field = yes;
}

static void read_status(struct reader *r, const struct row *row,
			const struct node *n, void *field)
{
	if (n->kind != NODE_TEXT ||
	    str_to_int(n->text, 200, 599, (int64_t *)field) != 0)
		refuse(r, row, n, "a status from 200 to 599");
}

static void read_time(struct reader *r, const struct row *row,
		      const struct node *n, void *field)
{
	if (n->kind != NODE_TEXT ||
	    str_to_duration(n->text, (int64_t *)field) != 0)
		refuse(r, row, n, "a duration (5m)");
}

static void read_bytes(struct reader *r, const struct row *row,
		       const struct node *n, void *field)
{
	int64_t bytes;
	if (n->kind != NODE_TEXT || str_to_size(n->text, &bytes) != 0 ||
	    bytes < 1024 || bytes > (int64_t)1 << 30)
		refuse(r, row, n, "a size from 1KiB to 1GiB");
	else
		*(size_t *)field = (size_t)bytes;
}

static void add_word(struct reader *r, const struct row *row,
		     const struct node *n, struct text_list *list)
{
	if (n->kind != NODE_TEXT || n->text.n == 0 || list->n == 1000) {
		refuse(r, row, n, "a text, or a list of them");
		return;
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = xstr_dup(n->text);
}

static void read_words(struct reader *r, const struct row *row,
		       const struct node *n, void *field)
{
	if (n->kind != NODE_LIST) {
		add_word(r, row, n, field);
		return;
	}
	NODE_EACH(child, n)
	add_word(r, row, child, field);
}

/* Text, or a list of alternatives: the first usable one counts. */
static void read_expression(struct reader *r, const struct row *row,
			    const struct node *n, void *field)
{
	struct expression *e = field;
	if (n->kind != NODE_TEXT || n->text.n == 0) {
		refuse(r, row, n, "an expression");
		return;
	}
	expression_release(e);
	expression_parse(e, str_trim(n->text), text_line(n));
}

static void read_path(struct reader *r, const struct row *row,
		      const struct node *n, void *field)
{
	if (n->kind == NODE_TEXT && value_path_ok(n->text))
		read_string(r, row, n, field);
	else
		refuse(r, row, n, "a path (.token)");
}

static void read_table(struct reader *r, const struct row *row,
		       const struct node *n, void *field)
{
	struct text_map *map = field;
	if (n->kind != NODE_MAP) {
		refuse(r, row, n, "a mapping");
		return;
	}
	map->v = xrealloc(map->v, (map->n + n->count) * sizeof(*map->v));
	NODE_EACH(child, n)
	{
		if (child->kind != NODE_TEXT || child->text.n == 0) {
			refuse(r, row, child, "a mapping of texts");
			continue;
		}
		map->v[map->n++] = (struct text_pair){xstr_dup(child->key),
						      xstr_dup(child->text)};
	}
}

/* ---- tables of keys ----------------------------------------------------- */

/* Fills base by rows (ended by a row without a name); says what is unknown. */
static void read_rows(struct reader *r, const struct row *rows,
		      const struct node *map, void *base)
{
	NODE_EACH(child, map)
	{
		const struct row *row = rows;
		struct suggestion near;
		suggestion_init(&near, child->key);
		for (; row->name != NULL; row++) {
			if (str_eq(child->key, str_from(row->name)))
				break;
			suggestion_offer(&near, str_from(row->name));
		}
		struct str best = suggestion_best(&near);
		int shown = (int)(child->key.n < 60 ? child->key.n : 60);
		if (row->name != NULL)
			row->read(r, row, child, (char *)base + row->offset);
		else if (best.p != NULL)
			problems_error(r->problems, place_of_key(r, child),
				       "unknown key '%.*s' (did you mean "
				       "'%.*s'?)",
				       shown, child->key.p, STR_FMT(best));
		else
			problems_error(r->problems, place_of_key(r, child),
				       "unknown key '%.*s'", shown,
				       child->key.p);
	}
}

#define RULE(field) offsetof(struct profile_rule, field)
static const struct row rule_rows[] = {
    {"from", read_expression, RULE(from), true},
    {"map", read_table, RULE(map), false},
    {"default", read_string, RULE(fallback), false},
    {NULL, NULL, 0, false},
};

static void read_rule_map(struct reader *r, const struct row *row,
			  const struct node *n, struct profile_rule *rule)
{
	read_rows(r, rule_rows, n, rule);
	if (rule->from.text == NULL)
		refuse(r, row, n, "a mapping with 'from'");
}

/* Text is a constant. */
static void read_rule(struct reader *r, const struct row *row,
		      const struct node *n, void *field)
{
	struct profile_rule *rule = field;
	if (n->kind == NODE_MAP)
		read_rule_map(r, row, n, rule);
	else
		read_string(r, row, n, &rule->fixed);
}

/* Text is an expression. */
static void read_fields(struct reader *r, const struct row *row,
			const struct node *n, void *field)
{
	/* field is the list, n_fields stands behind it. */
	struct profile *p =
	    (struct profile *)(void *)((char *)field - row->offset);
	if (n->kind != NODE_MAP || n->count > LEAD_FIELDS_MAX) {
		refuse(r, row, n, "a mapping of at most 100 fields");
		return;
	}
	p->fields = xcalloc(n->count + 1, sizeof(*p->fields));
	NODE_EACH(child, n)
	{
		struct profile_field *f = &p->fields[p->n_fields++];
		f->slug = xstr_dup(child->key);
		if (child->kind == NODE_MAP)
			read_rule_map(r, row, child, &f->rule);
		else
			read_expression(r, row, child, &f->rule.from);
	}
}

#define SCHEME(field) offsetof(struct scheme_rule, field)
static const struct row scheme_rows[] = {
    {"name", read_string, SCHEME(name), false},
    {"algorithm", read_string, SCHEME(algorithm), false},
    {"header", read_string, SCHEME(header), false},
    {"encoding", read_string, SCHEME(encoding), false},
    {"prefix", read_string, SCHEME(prefix), false},
    {"signed", read_string, SCHEME(signed_text), false},
    {"timestamp_header", read_string, SCHEME(timestamp_header), false},
    {"id_header", read_string, SCHEME(id_header), false},
    {"tolerance", read_time, SCHEME(tolerance_ms), false},
    {NULL, NULL, 0, false},
};

static void read_scheme(struct reader *r, const struct row *row,
			const struct node *n, void *field)
{
	struct scheme_rule *rule = field;
	if (n->kind == NODE_MAP)
		read_rows(r, scheme_rows, n, rule);
	else
		read_string(r, row, n, &rule->name);
}

#define IN(field) offsetof(struct profile, field)
static const struct row challenge_rows[] = {
    {"echo", read_string, IN(challenge_param), true},
    {"token", read_string, IN(challenge_token), false},
    {NULL, NULL, 0, false},
};

static const struct row answer_rows[] = {
    {"status", read_status, IN(answer.status), false},
    {"body", read_string, IN(answer.body), false},
    {"content_type", read_string, IN(answer.content_type), false},
    {NULL, NULL, 0, false},
};

static const struct row mail_rows[] = {
    {"from", read_expression, IN(mail.from), true},
    {"name", read_expression, IN(mail.name), false},
    {"reply_to", read_expression, IN(mail.reply_to), false},
    {"headers", read_expression, IN(mail.headers), false},
    {"text", read_expression, IN(mail.text), false},
    {"signature", read_expression, IN(mail.signature), false},
    {"html", read_expression, IN(mail.html), false},
    {"envelope", read_expression, IN(mail.envelope), false},
    {NULL, NULL, 0, false},
};

static const struct {
	const char *name;
	const struct row *rows;
} groups[] = {
    {"answer", answer_rows},
    {"handshake", challenge_rows},
    {"mail", mail_rows},
};

/* A group of keys of the profile itself. */
static void read_group(struct reader *r, const struct row *row,
		       const struct node *n, void *field)
{
	const struct profile *p = field;
	size_t i = 0;
	while (strcmp(groups[i].name, row->name) != 0)
		i++;
	if (n->kind != NODE_MAP) {
		refuse(r, row, n, "a mapping");
		return;
	}
	read_rows(r, groups[i].rows, n, field);
	if (groups[i].rows == challenge_rows && p->challenge_param == NULL)
		refuse(r, row, n, "a mapping with 'echo'");
}

static const struct row profile_rows[] = {
    {"platform", read_string, IN(platform), true},
    {"about", read_string, IN(about), true},
    {"documentation", read_string, IN(documentation), false},
    {"payloads", read_words, IN(payloads), false},
    {"lenient", read_flag, IN(lenient), false},
    {"camel_case", read_flag, IN(camel_case), false},
    {"max_body", read_bytes, IN(max_body), false},
    {"scheme", read_scheme, IN(scheme), false},
    {"secret_in_body", read_path, IN(secret_in_body), false},
    {"handshake", read_group, 0, false},
    {"headers", read_words, IN(headers), false},
    {"mail", read_group, 0, false},
    {"each", read_expression, IN(each), false},
    {"id", read_expression, IN(id), false},
    {"event", read_expression, IN(event), false},
    {"events", read_words, IN(events), false},
    {"account", read_expression, IN(account), false},
    {"occurred_at", read_expression, IN(occurred_at), false},
    {"test", read_expression, IN(test), false},
    {"filter", read_expression, IN(filter), false},
    {"source_platform", read_rule, IN(source_platform), true},
    {"source_type", read_rule, IN(source_type), true},
    {"stage_slug", read_rule, IN(stage_slug), false},
    {"attribution", read_flag, IN(attribution), false},
    {"contact_name", read_expression, IN(contact_name), false},
    {"not_names", read_expression, IN(not_names), false},
    {"contact_email", read_expression, IN(contact_email), false},
    {"contact_phone", read_expression, IN(contact_phone), false},
    {"landing_page", read_expression, IN(landing_page), false},
    {"answers", read_expression, IN(answers), false},
    {"fields", read_fields, IN(fields), false},
    {"rest", read_expression, IN(rest), false},
    {"except", read_words, IN(except), false},
    {"answer", read_group, 0, false},
    {"try_later", read_status, IN(try_later), false},
    {"refusal", read_status, IN(refusal), false},
    {NULL, NULL, 0, false},
};

/* ---- one profile -------------------------------------------------------- */

static void check_present(struct reader *r, const struct node *root)
{
	for (const struct row *row = profile_rows; row->name != NULL; row++)
		if (row->required &&
		    node_get(root, str_from(row->name)) == NULL)
			problems_error(r->problems, place_of(r, root),
				       "the profile has no '%s'", row->name);
}

/* Words that lead_platform_ok() or lead_type_ok() know. */
static void check_word(struct reader *r, const struct node *root,
		       const char *key, const struct profile_rule *rule,
		       bool (*known)(struct str))
{
	const struct node *n = node_get(root, str_from(key));
	const char *word = rule->fixed != NULL ? rule->fixed : rule->fallback;
	if (n == NULL)
		return;
	if (word == NULL || !known(str_from(word)))
		problems_error(r->problems, place_of(r, n), "unknown %s '%s'%s",
			       key, word != NULL ? word : "",
			       word == NULL ? ": 'default' is missing" : "");
	for (size_t i = 0; i < rule->map.n; i++)
		if (!known(str_from(rule->map.v[i].to)))
			problems_error(r->problems, place_of(r, n),
				       "unknown %s '%s'", key,
				       rule->map.v[i].to);
}

static bool platform_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!letter && (c != '_' || i == 0))
			return false;
	}
	return s.n > 0 && s.n <= 64;
}

static void check_profile(struct reader *r, const struct node *root,
			  struct profile *p)
{
	check_present(r, root);
	check_word(r, root, "source_platform", &p->source_platform,
		   lead_platform_ok);
	check_word(r, root, "source_type", &p->source_type, lead_type_ok);
	const struct node *n = node_get(root, STR("platform"));
	if (p->platform == NULL)
		return;
	if (!platform_ok(str_from(p->platform)))
		problems_error(r->problems, place_of(r, n),
			       "'platform' must be of a-z, 0-9 and '_'");
	else if (source_ops_find(str_from(p->platform)) != NULL)
		problems_error(r->problems, place_of(r, n),
			       "platform '%s' is built in", p->platform);
}

struct profile *profile_read(struct reader *r, const struct node *root)
{
	struct profile *p = xcalloc(1, sizeof(*p));
	size_t before = r->problems->errors;
	struct err err = {0};
	p->file = xstrdup(r->files[root->file]);
	if (root->kind == NODE_MAP) {
		read_rows(r, profile_rows, root, p);
		check_profile(r, root, p);
	} else {
		problems_error(r->problems, place_of(r, root),
			       "a profile must be a mapping");
	}
	if (r->problems->errors == before && profile_finish(p, &err) != 0)
		problems_error(r->problems, place_of(r, root), "%s", err.text);
	if (r->problems->errors == before)
		return p;
	profile_free(p);
	return NULL;
}
