/* SPDX-License-Identifier: MIT */
/*
 * What no single key can judge: addresses, secrets that belong together, URLs
 * that need TLS. Sources are checked in config_check_source.c. Also derives
 * what follows from several keys.
 */
#include "operate/config_check.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/network.h"
#include "delivery/address.h"
#include "operate/profiles.h"

struct place place_within(const struct reader *r, const struct node *n,
			  const char *dotted)
{
	struct str rest = str_from(dotted);
	const struct node *at = n;
	while (rest.p != NULL && at != NULL && at->kind == NODE_MAP) {
		struct str part = str_cut(rest, '.', &rest);
		const struct node *child = node_get(at, part);
		if (child == NULL)
			break;
		at = child;
	}
	if (at == NULL)
		return (struct place){r->files[0], 0, 0};
	if (at == n && at->key.p != NULL)
		return place_of_key(r, at);
	return place_of(r, at);
}

static void check_file(struct reader *r, struct place at, const char *path)
{
	if (path != NULL && access(path, R_OK) != 0)
		problems_error(r->problems, at, "cannot read '%s'", path);
}

/* ---- listen and admin -------------------------------------------------- */

static void check_address(struct reader *r, struct place at,
			  const char *address)
{
	if (address != NULL && !config_address_ok(str_from(address)))
		problems_error(r->problems, at,
			       "'%.100s' is not an address (host:port, "
			       "[address]:port, unix:/path, systemd:NAME)",
			       address);
}

static bool is_listened(const struct config *c, size_t before,
			const char *address)
{
	if (str_ends(str_from(address), STR(":0"))) /* any free port */
		return false;
	for (size_t i = 0; i < before; i++)
		if (c->listen[i].address != NULL &&
		    str_eq(str_from(c->listen[i].address), str_from(address)))
			return true;
	return false;
}

static void check_listen(struct reader *r, size_t i)
{
	const struct listen_config *l = &r->config->listen[i];
	struct place at = place_within(r, r->listen[i], "address");
	if (l->address == NULL)
		return;
	check_address(r, at, l->address);
	if (is_listened(r->config, i, l->address))
		problems_error(r->problems, at, "'%s' is given twice",
			       l->address);
	at = place_within(r, r->listen[i], "tls");
	if (r->listen[i]->kind != NODE_MAP ||
	    node_get(r->listen[i], STR("tls")) == NULL)
		return;
	if (l->certificate == NULL)
		problems_error(r->problems, at, "'tls' has no 'certificate'");
	else
		check_file(r, place_within(r, r->listen[i], "tls.certificate"),
			   l->certificate);
	if (node_get(node_get(r->listen[i], STR("tls")), STR("key")) == NULL)
		problems_error(r->problems, at, "'tls' has no 'key'");
}

/* A token that is on both lists would be less than it seems, or more. */
static void check_tokens(struct reader *r, const struct node *root)
{
	const struct admin_config *a = &r->config->admin;
	for (size_t i = 0; i < a->read_token.n; i++)
		if (secrets_match(&a->token, secret_str(&a->read_token.v[i])) >=
		    0)
			problems_error(
			    r->problems,
			    place_within(r, root, "admin.read_token"),
			    "'admin.read_token' is the same as 'admin.token'");
	for (size_t i = 0; i < a->hosts.n; i++)
		if (strpbrk(a->hosts.v[i], ":/@ ") != NULL)
			problems_error(r->problems,
				       place_within(r, root, "admin.hosts"),
				       "'%s' is not a name alone (no scheme, "
				       "no port)",
				       a->hosts.v[i]);
}

static void check_admin(struct reader *r, const struct node *root)
{
	const struct admin_config *a = &r->config->admin;
	struct place at = place_within(r, root, "admin.listen");
	const struct node *admin = node_get(root, STR("admin"));
	bool has_token = admin != NULL && admin->kind == NODE_MAP &&
			 node_get(admin, STR("token")) != NULL;
	for (size_t i = 0; i < a->listen.n; i++) {
		const char *address = a->listen.v[i];
		check_address(r, at, address);
		if (!config_address_is_tcp(str_from(address)))
			continue;
		if (!a->allow_remote &&
		    !config_address_is_loopback(str_from(address)))
			problems_error(r->problems, at,
				       "'%s' is not a loopback address (set "
				       "admin.allow_remote to allow it)",
				       address);
		if (!has_token)
			problems_error(r->problems, at,
				       "'%s' needs admin.token", address);
	}
	check_tokens(r, root);
}

/* ---- store, limits, public_url ----------------------------------------- */

static void check_store(struct reader *r, const struct node *root)
{
	const struct store_config *s = &r->config->store;
	if (s->backend != NULL && str_eq(str_from(s->backend), STR("postgres")))
		problems_error(r->problems,
			       place_within(r, root, "store.backend"),
			       "this build has no backend 'postgres'");
	else if (s->url != NULL)
		problems_warn(r->problems, place_within(r, root, "store.url"),
			      "'store.url' means nothing to backend 'sqlite'");
	if (s->retain.keys_ms < s->retain.leads_ms)
		problems_error(r->problems,
			       place_within(r, root, "store.retain"),
			       "'store.retain.keys' is shorter than "
			       "'store.retain.leads': a late repetition would "
			       "become a second lead");
}

/* Stored without a slash at its end. */
static void check_public_url(struct reader *r, const struct node *root)
{
	char *url = r->config->public_url;
	if (url == NULL)
		return;
	if (str_find(str_from(url), '?') >= 0)
		problems_error(r->problems, place_within(r, root, "public_url"),
			       "'public_url' must have no query");
	for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
		url[n - 1] = '\0';
}

/* ---- destinations ------------------------------------------------------ */

static void check_tls(struct reader *r, size_t i, const char *key,
		      const char *url)
{
	const struct destination_config *d = r->config->destinations[i];
	if (url == NULL || d->allow_http ||
	    str_istarts(str_from(url), STR("https:")))
		return;
	problems_error(r->problems, place_within(r, r->destinations[i], key),
		       "'%s' must be https (set allow_http to allow http)",
		       key);
}

/* The host of an http or https URL, without brackets. */
static struct str host_of(struct str url)
{
	long at = str_find_str(url, STR("://"));
	struct str rest, port;
	url = str_sub(url, at < 0 ? 0 : (size_t)at + 3, url.n);
	if (str_starts(url, STR("[")))
		return str_cut(str_sub(url, 1, url.n), ']', &rest);
	url =
	    str_cut(str_cut(str_cut(url, '/', &rest), '?', &rest), '#', &rest);
	return str_cut(url, ':', &port);
}

/* What a name leads to is judged at each connect; an address is known now. */
static void check_reach(struct reader *r, size_t i, const char *key,
			const char *url)
{
	const struct destination_config *d = r->config->destinations[i];
	struct address parsed;
	char text[ADDRESS_TEXT];
	struct str host = host_of(str_from(url));
	if (url == NULL || d->allow_private || d->proxy != NULL ||
	    address_parse(host, &parsed) != 0)
		return;
	(void)!snprintf(text, sizeof(text), "%.*s", STR_FMT(host));
	if (!address_text_is_public(text))
		problems_warn(r->problems,
			      place_within(r, r->destinations[i], key),
			      "'%s' is not a public address: nothing will be "
			      "sent there unless allow_private is set",
			      text);
}

/* A bearer token goes into a header. */
static bool token_ok(const struct secret *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->bytes[i] <= 0x20 || s->bytes[i] >= 0x7F)
			return false;
	return true;
}

/* url with /bulk behind its path, and url. */
static void derive_urls(struct destination_config *d)
{
	if (d->url == NULL)
		return;
	struct str query;
	struct str path = str_cut(str_from(d->url), '?', &query);
	while (path.n > 0 && path.p[path.n - 1] == '/')
		path.n--;
	if (d->bulk_url == NULL)
		d->bulk_url =
		    xasprintf("%.*s/bulk%s%.*s", STR_FMT(path),
			      query.p != NULL ? "?" : "", STR_FMT(query));
	if (d->list_url == NULL)
		d->list_url = xstrdup(d->url);
}

static bool is_used(const struct config *c, const char *name)
{
	struct str wanted = str_from(name);
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct source *s = c->sources[i];
		for (size_t j = 0; j < s->destinations.n; j++)
			if (str_eq(str_from(s->destinations.v[j]), wanted))
				return true;
		for (size_t j = 0; j < s->route.map.n; j++)
			if (str_eq(str_from(s->route.map.v[j].to), wanted))
				return true;
		if (str_eq(str_from(s->route.fallback), wanted))
			return true;
	}
	return false;
}

static void check_destination(struct reader *r, size_t i)
{
	struct destination_config *d = r->config->destinations[i];
	const struct node *n = r->destinations[i];
	struct config_problems *p = r->problems;
	if (str_eq(str_from(d->name), STR("quarantine")))
		problems_error(p, place_of_key(r, n),
			       "'quarantine' cannot be the name of a "
			       "destination");
	check_tls(r, i, "url", d->url);
	check_tls(r, i, "bulk_url", d->bulk_url);
	check_tls(r, i, "list_url", d->list_url);
	check_reach(r, i, "url", d->url);
	derive_urls(d);
	if (!token_ok(&d->token))
		problems_error(p, place_within(r, n, "token"),
			       "'token' holds blanks or control characters");
	if (d->proxy != NULL && !d->allow_private)
		problems_error(p, place_within(r, n, "proxy"),
			       "'proxy' needs allow_private: only the proxy's "
			       "address can be checked");
	check_file(r, place_within(r, n, "ca"), d->ca);
	if (d->breaker_open_ms > d->breaker_max_open_ms)
		problems_error(p, place_within(r, n, "breaker"),
			       "'breaker.open' is longer than "
			       "'breaker.max_open'");
	if (d->connect_timeout_ms > d->timeout_ms)
		problems_error(p, place_within(r, n, "connect_timeout"),
			       "'connect_timeout' is longer than 'timeout'");
	if (r->config->n_sources > 0 && !is_used(r->config, d->name))
		problems_warn(p, place_of_key(r, n),
			      "no source uses destination '%s'", d->name);
}

/* ---- the whole --------------------------------------------------------- */

void config_check(struct reader *r, const struct node *root)
{
	struct config *c = r->config;
	if (root->kind != NODE_MAP)
		return;
	if (r->listen != NULL)
		for (size_t i = 0; i < c->n_listen; i++)
			check_listen(r, i);
	check_public_url(r, root);
	check_admin(r, root);
	check_store(r, root);
	config_check_alarms(r, root);
	for (size_t i = 0; i < c->n_destinations; i++)
		check_destination(r, i);
	profiles_compile(r);
	for (size_t i = 0; i < c->n_sources; i++)
		config_check_source(r, i);
	struct place file = {r->files[0], 0, 0};
	if (c->n_sources == 0)
		problems_warn(r->problems, file, "no source is configured");
}
