/* SPDX-License-Identifier: MIT */
/*
 * What is configured under `api`: whether it is enough, fits the platform, and
 * whose token it is. Pure; any thread.
 */
#include "sources/adapter.h"
#include "sources/engine.h"

static bool any_oauth(const struct oauth_rule *o)
{
	return o->token_url != NULL || o->client_id != NULL ||
	       o->client_secret.n > 0 || o->refresh_token.n > 0;
}

const char *source_token_url(const struct source *source)
{
	const struct oauth_rule *o = &source->api.oauth;
	if (source->ops->fetch == NULL || !any_oauth(o))
		return NULL;
	return o->token_url != NULL ? o->token_url
				    : source->ops->fetch->token_url;
}

bool source_fetches(const struct source *source)
{
	return source->ops->fetch != NULL &&
	       (source->api.token.n > 0 || source->api.n_tokens > 0 ||
		source_token_url(source) != NULL);
}

const struct named_secret *source_account_token(const struct source *source,
						struct str account)
{
	for (size_t i = 0; i < source->api.n_tokens; i++)
		if (str_eq(str_from(source->api.tokens[i].name), account))
			return &source->api.tokens[i];
	return NULL;
}

struct str fetch_token(const struct source *source, struct str account)
{
	const struct named_secret *own = source_account_token(source, account);
	return secret_str(own != NULL ? &own->secret : &source->api.token);
}

static bool is_clean(const struct secret *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->bytes[i] <= 0x20 || s->bytes[i] >= 0x7F)
			return false;
	return true;
}

static int check_oauth(const struct source *source, struct err *err)
{
	const struct oauth_rule *o = &source->api.oauth;
	bool all = source_token_url(source) != NULL && o->client_id != NULL &&
		   o->client_secret.n > 0 &&
		   (o->refresh_token.n > 0 || source->api.n_tokens > 0);
	if (!any_oauth(o))
		return 0;
	if (!source->ops->fetch->oauth)
		return err_set(err, LB_EINVAL,
			       "api.oauth is not for platform '%s': use "
			       "api.token",
			       source->ops->platform);
	if (!all)
		return err_set(err, LB_EINVAL,
			       "api.oauth needs token_url, client_id, "
			       "client_secret and refresh_token");
	if (source->api.token.n > 0)
		return err_set(err, LB_EINVAL,
			       "api.token and api.oauth exclude each other");
	return 0;
}

/* Whether an element of the account can come at all. */
static bool account_comes(const struct source *source, struct str account)
{
	bool any = source->accounts.n == 0 && source->route.map.n == 0;
	for (size_t i = 0; i < source->accounts.n; i++)
		any |= str_eq(str_from(source->accounts.v[i]), account);
	for (size_t i = 0; i < source->route.map.n; i++)
		any |= str_eq(str_from(source->route.map.v[i].from), account);
	return any || source->route.fallback != NULL ||
	       source->route.by != NULL;
}

static int check_tokens(const struct source *source, struct err *err)
{
	for (size_t i = 0; i < source->api.n_tokens; i++) {
		const struct named_secret *one = &source->api.tokens[i];
		if (!is_clean(&one->secret))
			return err_set(err, LB_EINVAL,
				       "api.tokens: that of '%s' holds blanks "
				       "or control characters",
				       one->name);
		if (!account_comes(source, str_from(one->name)))
			return err_set(err, LB_EINVAL,
				       "api.tokens: '%s' is no account of this "
				       "source",
				       one->name);
	}
	return 0;
}

static struct str host_of(struct str url)
{
	long at = str_find_str(url, STR("://"));
	url = str_sub(url, at < 0 ? 0 : (size_t)at + 3, url.n);
	size_t n = 0;
	while (n < url.n && str_find(STR("/?#:"), url.p[n]) < 0)
		n++;
	return str_sub(url, 0, n);
}

static int check_url(const struct source *source, struct err *err)
{
	const struct fetch_ops *fetch = source->ops->fetch;
	struct str url = str_from(source->api.url);
	if (url.n == 0 && fetch->url == NULL)
		return err_set(err, LB_EINVAL,
			       "api needs url for platform "
			       "'%s'",
			       source->ops->platform);
	if (str_starts(url, STR("http:")) && !source->api.allow_http)
		return err_set(err, LB_EINVAL,
			       "api.url has no TLS: token and contacts would "
			       "travel in the clear");
	if (url.n == 0 || fetch->hosts == NULL || source->api.allow_private ||
	    word_in(fetch->hosts, host_of(url)))
		return 0;
	return err_set(err, LB_EINVAL,
		       "api.url names no data centre of platform '%s'",
		       source->ops->platform);
}

int fetch_check(const struct source *source, struct err *err)
{
	const struct api_rule *api = &source->api;
	bool any = api->url != NULL || api->token.n > 0 ||
		   api->version != NULL || api->n_tokens > 0 ||
		   any_oauth(&api->oauth);
	if (source->ops->fetch == NULL)
		return any ? err_set(err, LB_EINVAL,
				     "api: nothing is fetched for platform "
				     "'%s'",
				     source->ops->platform)
			   : 0;
	if (!any)
		return 0;
	int code = check_oauth(source, err);
	if (code == 0 && !source_fetches(source))
		code = err_set(err, LB_EINVAL, "api needs token%s",
			       source->ops->fetch->oauth ? " or oauth" : "");
	if (code == 0 && !is_clean(&api->token))
		code = err_set(err, LB_EINVAL,
			       "api.token holds blanks or control characters");
	if (code == 0)
		code = check_tokens(source, err);
	return code == 0 ? check_url(source, err) : code;
}
