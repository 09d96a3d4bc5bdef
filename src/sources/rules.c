/* SPDX-License-Identifier: MIT */
/*
 * The rules any source may have, whatever its platform: `allow`, `header`,
 * `basic`, `param`, `origins`. All of them must hold. The URL token was judged
 * in admit.c, before the body was read.
 */
#include "base/codec.h"
#include "base/network.h"
#include "payload/payload.h"
#include "sources/engine.h"

bool rules_prove(const struct source *source)
{
	return source->token.n > 0 || source->n_headers > 0 ||
	       source->basic_user != NULL || source->param_name != NULL;
}

/* ---- allow -------------------------------------------------------------- */

static bool address_allowed(const struct source_call *call)
{
	const struct network_list *allow = &call->source->allow;
	struct address client;
	if (allow->n == 0)
		return true;
	return address_parse(call->request->client, &client) == 0 &&
	       network_list_contains(allow, &client);
}

/* ---- header, basic, param ----------------------------------------------- */

static bool headers_fit(const struct source_call *call)
{
	for (size_t i = 0; i < call->source->n_headers; i++) {
		const struct header_rule *rule = &call->source->headers[i];
		struct str value = request_header(call->request, rule->name);
		if (request_header_count(call->request, rule->name) != 1 ||
		    secrets_match(&rule->value, str_trim(value)) < 0)
			return false;
	}
	return true;
}

static bool basic_fits(const struct source_call *call)
{
	const struct source *source = call->source;
	if (source->basic_user == NULL)
		return true;
	struct str value = request_header(call->request, "Authorization");
	if (request_header_count(call->request, "Authorization") != 1 ||
	    !str_istarts(value, STR("Basic ")))
		return false;
	value = str_trim(str_sub(value, 6, value.n));
	unsigned char *raw = arena_alloc(call->arena, value.n + 1);
	size_t n = 0;
	if (base64_decode(value, BASE64_STANDARD, raw, value.n, &n) != 0)
		return false;
	struct str password;
	struct str user =
	    str_cut((struct str){(const char *)raw, n}, ':', &password);
	/* Both are judged, so that time does not tell them apart. */
	bool known = secrets_match(&source->basic_password, password) >= 0;
	return str_eq(user, str_from(source->basic_user)) && known;
}

static bool form_body(const struct request *request)
{
	struct str type = request_media_type(request);
	return str_ieq(type, STR("application/x-www-form-urlencoded")) ||
	       str_ieq(type, STR("multipart/form-data"));
}

static struct str query_param(const struct source_call *call, const char *name)
{
	struct payload_limits limits = {.depth = 4, .values = 1000};
	struct value *query = NULL;
	if (call->request->query.n == 0 ||
	    payload_form(call->arena, call->request->query, &limits, &query,
			 NULL) != 0)
		return STR_NONE;
	const struct value *v = value_get(query, name);
	return v != NULL && v->type == VALUE_STRING ? v->text : STR_NONE;
}

static bool param_fits(const struct source_call *call)
{
	const struct source *source = call->source;
	if (source->param_name == NULL)
		return true;
	struct str given = query_param(call, source->param_name);
	if (given.p == NULL && form_body(call->request)) {
		if (call->payload == NULL)
			return true; /* asked again after the parse */
		const struct value *v =
		    value_get(call->payload, source->param_name);
		if (v != NULL && v->type == VALUE_STRING)
			given = v->text;
	}
	return secrets_match(&source->param_value, given) >= 0;
}

/* ---- origins ------------------------------------------------------------ */

struct str origin_allowed(const struct source *source, struct str origin)
{
	for (size_t i = 0; i < source->origins.n; i++) {
		struct str one = str_from(source->origins.v[i]);
		if (origin.n > 0 && str_ieq(one, origin))
			return one;
	}
	return STR_NONE;
}

/* A browser always names the origin of a POST from another site. Whoever holds
 * the token may leave it out: servers do not send one. */
static bool origin_fits(const struct source_call *call)
{
	const struct source *source = call->source;
	if (source->origins.n == 0)
		return true;
	struct str origin = request_header(call->request, "Origin");
	if (origin.n == 0)
		return rules_prove(source);
	return origin_allowed(source, origin).p != NULL;
}

static const struct {
	const char *why;
	bool (*fits)(const struct source_call *call);
} rules[] = {
    {"address", address_allowed}, {"header", headers_fit},
    {"basic", basic_fits},        {"param", param_fits},
    {"origin", origin_fits},
};

const char *rules_check(const struct source_call *call)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!rules[i].fits(call))
			return rules[i].why;
	return NULL;
}
