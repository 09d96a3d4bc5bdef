/* SPDX-License-Identifier: MIT */
/*
 * One source against the rest of the configuration: that its destinations
 * exist, that a route is not ambiguous, that what it accepts fits the limits,
 * and (through source_prepare) that somebody is proven.
 */
#include "operate/config_check.h"

#include <stdlib.h>

#include "base/mem.h"
#include "operate/suggest.h"
#include "sources/programs.h"

static void check_known(struct reader *r, struct place at, const char *name)
{
	const struct config *c = r->config;
	if (config_destination(c, str_from(name)) != NULL)
		return;
	struct suggestion near;
	suggestion_init(&near, str_from(name));
	for (size_t i = 0; i < c->n_destinations; i++)
		suggestion_offer(&near, str_from(c->destinations[i]->name));
	struct str best = suggestion_best(&near);
	if (best.p != NULL)
		problems_error(r->problems, at,
			       "unknown destination '%.64s' (did you mean "
			       "'%.*s'?)",
			       name, STR_FMT(best));
	else
		problems_error(r->problems, at, "unknown destination '%.64s'",
			       name);
}

/* The i-th entry of a key that may be a list or one text. */
static struct place place_of_entry(const struct reader *r, const struct node *n,
				   const char *key, size_t i)
{
	const struct node *list = node_get(n, str_from(key));
	const struct node *one = list != NULL ? list->first : NULL;
	for (; one != NULL && i > 0; i--)
		one = one->next;
	return one != NULL ? place_of(r, one) : place_within(r, n, key);
}

static void check_destinations(struct reader *r, const struct source *s,
			       const struct node *n)
{
	const struct text_list *list = &s->destinations;
	for (size_t i = 0; i < list->n; i++) {
		struct place at = place_of_entry(r, n, "destination", i);
		check_known(r, at, list->v[i]);
		for (size_t j = 0; j < i; j++)
			if (str_eq(str_from(list->v[i]), str_from(list->v[j])))
				problems_error(r->problems, at,
					       "'%.64s' is given twice",
					       list->v[i]);
	}
}

/* Accounts are compared without case by the adapters. */
static void check_twins(struct reader *r, const struct node *map,
			const struct node *n)
{
	for (const struct node *twin = map->first; twin != n; twin = twin->next)
		if (str_ieq(twin->key, n->key)) {
			problems_error(r->problems, place_of_key(r, n),
				       "ambiguous route: '%.*s' is also given "
				       "at line %d",
				       STR_FMT(n->key), twin->key_line);
			return;
		}
}

static void check_route(struct reader *r, struct source *s,
			const struct node *n)
{
	const struct node *route = node_get(n, STR("route"));
	if (route == NULL || route->kind != NODE_MAP)
		return;
	if (s->destinations.n > 0)
		problems_error(r->problems, place_of_key(r, route),
			       "ambiguous route: 'destination' and 'route' "
			       "exclude each other");
	const struct node *map = node_get(route, STR("map"));
	if (map != NULL && map->kind == NODE_MAP)
		NODE_EACH(child, map)
		{
			if (child->kind == NODE_TEXT && child->text.n > 0)
				check_known(r, place_of(r, child),
					    child->text.p);
			check_twins(r, map, child);
		}
	if (s->route.fallback == NULL)
		return;
	if (!str_eq(str_from(s->route.fallback), STR("quarantine"))) {
		check_known(r, place_within(r, n, "route.default"),
			    s->route.fallback);
		return;
	}
	free(s->route.fallback);
	s->route.fallback = NULL;
}

/* ---- URLs -------------------------------------------------------------- */

static void check_urls(struct reader *r, const struct node *n,
		       const struct text_list *list, const char *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (!config_url_ok(str_from(list->v[i])))
			problems_error(
			    r->problems, place_of_entry(r, n, key, i),
			    "'%.100s' is not an http or https URL", list->v[i]);
}

/* scheme://host[:port], as browsers send it. */
static void check_origins(struct reader *r, const struct source *s,
			  const struct node *n)
{
	for (size_t i = 0; i < s->origins.n; i++) {
		struct str origin = str_from(s->origins.v[i]);
		long at = str_find_str(origin, STR("://"));
		if (config_url_ok(origin) && at > 0 &&
		    str_find(str_sub(origin, (size_t)at + 3, origin.n), '/') <
			0)
			continue;
		problems_error(r->problems, place_of_entry(r, n, "origins", i),
			       "'%.100s' is not an origin "
			       "(https://www.example.com, no path)",
			       s->origins.v[i]);
	}
}

static void check_signed_url(struct reader *r, const struct source *s,
			     const struct node *n)
{
	bool always = s->ops != NULL && s->secret.n > 0 &&
		      (s->ops->flags & SOURCE_SIGNS_URL) != 0;
	bool chosen =
	    s->scheme.signed_text != NULL &&
	    str_find_str(str_from(s->scheme.signed_text), STR("{url}")) >= 0;
	if (r->config->public_url != NULL || (!always && !chosen))
		return;
	problems_error(
	    r->problems,
	    place_within(r, n, chosen ? "scheme.signed" : "platform"),
	    "'public_url' must be set: source '%s' signs the URL", s->name);
}

/* Its leads would wait: a token of another account opens nothing there. */
static void check_token_of(struct reader *r, const struct source *s,
			   const struct node *n, const char *account)
{
	if (source_account_token(s, str_from(account)) == NULL)
		problems_warn(r->problems, place_within(r, n, "api.tokens"),
			      "'api.tokens' has none for account '%.64s': its "
			      "leads will wait for one",
			      account);
}

static void check_tokens(struct reader *r, const struct source *s,
			 const struct node *n)
{
	const struct api_rule *api = &s->api;
	if (api->n_tokens == 0 || api->token.n > 0 ||
	    api->oauth.refresh_token.n > 0)
		return;
	for (size_t i = 0; i < s->accounts.n; i++)
		check_token_of(r, s, n, s->accounts.v[i]);
	for (size_t i = 0; s->accounts.n == 0 && i < s->route.map.n; i++)
		check_token_of(r, s, n, s->route.map.v[i].from);
}

static void check_accounts(struct reader *r, const struct source *s,
			   const struct node *n)
{
	if ((s->ops->flags & SOURCE_MANY_ACCOUNTS) == 0 || s->accounts.n > 0 ||
	    s->route.map.n > 0)
		return;
	problems_warn(r->problems, place_of_key(r, n),
		      "source '%s' takes the leads of every account its app "
		      "serves: set account or route",
		      s->name);
}

/* ---- limits ------------------------------------------------------------ */

static void check_body(struct reader *r, const struct source *s,
		       const struct node *n)
{
	const struct limits_config *l = &r->config->limits;
	int64_t most = l->pending_bytes < l->receiving_bytes
			   ? l->pending_bytes
			   : l->receiving_bytes;
	if ((int64_t)s->max_body <= most)
		return;
	problems_error(r->problems, place_within(r, n, "max_body"),
		       "'max_body' is larger than %s: such a request could "
		       "never be accepted",
		       most == l->pending_bytes ? "limits.pending_bytes"
						: "limits.receiving_bytes");
}

static void set_limits(const struct config *c, struct source *s)
{
	s->json_depth = c->limits.json_depth;
	s->values = c->limits.values;
	if (s->max_body == 0)
		s->max_body = s->ops->max_body;
	if (s->max_body == 0)
		s->max_body = (size_t)c->limits.body;
}

/* Compiled here, so that what jq says comes with the expression's line. */
static bool check_expressions(struct reader *r, struct source *s,
			      const struct node *n)
{
	struct program_problem problem = {0};
	struct err err = {0};
	if (programs_prepare(s, &problem, &err) == 0)
		return true;
	const struct node *map = node_get(n, STR("map"));
	const struct node *bad =
	    problem.key != NULL && map != NULL && map->kind == NODE_MAP
		? node_get(map, str_from(problem.key))
		: node_get(n, STR("filter"));
	struct place at = place_of(r, bad != NULL ? bad : n);
	if (problem.key != NULL && program_is_whole(problem.key)) {
		struct place in = {problem.key + 5, problem.line, 1};
		problems_error(r->problems, in, "jq: %s", err.text);
		return false;
	}
	bool block =
	    bad != NULL && bad->quoted && str_find(bad->text, '\n') >= 0;
	at.line += problem.line - (block ? 0 : 1);
	problems_error(r->problems, at, "jq: %s", err.text);
	return false;
}

void config_check_source(struct reader *r, size_t i)
{
	struct source *s = r->config->sources[i];
	const struct node *n = r->sources[i];
	check_destinations(r, s, n);
	check_route(r, s, n);
	check_urls(r, n, &s->redirect, "redirect");
	check_origins(r, s, n);
	check_signed_url(r, s, n);
	check_tokens(r, s, n);
	if (s->ops == NULL)
		return;
	check_accounts(r, s, n);
	set_limits(r->config, s);
	check_body(r, s, n);
	struct err err = {0};
	if (r->source_is_read[i] && !check_expressions(r, s, n))
		return;
	if (r->source_is_read[i] && source_prepare(s, &err) != 0)
		problems_error(r->problems, place_of_key(r, n),
			       "source '%s': %s", s->name, err.text);
}
