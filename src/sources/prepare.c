/* SPDX-License-Identifier: MIT */
/*
 * Checks one configured source before it takes a request, once per load of the
 * configuration. Fails closed: what nothing proves does not start.
 */
#include "sources/adapter.h"
#include "sources/engine.h"
#include "sources/profile.h"
#include "sources/programs.h"

enum {
	WINDOW_DEFAULT_MS = 30 * 60 * 1000,
	BODY_DEFAULT = 1 << 20,
	DEPTH_DEFAULT = 32,
	VALUES_DEFAULT = 20000,
};

static void fill_defaults(struct source *s)
{
	if (s->max_body == 0)
		s->max_body = s->ops->max_body;
	if (s->max_body == 0)
		s->max_body = BODY_DEFAULT;
	if (s->dedup_window_ms == 0)
		s->dedup_window_ms = WINDOW_DEFAULT_MS;
	if (s->json_depth == 0)
		s->json_depth = DEPTH_DEFAULT;
	if (s->values == 0)
		s->values = VALUES_DEFAULT;
}

/* ---- proof -------------------------------------------------------------- */

static int check_proof(const struct source *s, struct err *err)
{
	const char *platform = s->ops->platform;
	if (s->secret.n > 0 && s->ops->verify == NULL)
		return err_set(err, LB_EINVAL,
			       "'secret' proves nothing for platform '%s': use "
			       "token, header, basic or param",
			       platform);
	bool signs =
	    s->ops->verify != NULL && (s->state != NULL || s->secret.n > 0);
	if (signs || rules_prove(s) || (s->ops->flags & SOURCE_OPEN))
		return 0;
	return err_set(
	    err, LB_EINVAL, "nothing proves who sends: platform '%s' needs %s",
	    platform,
	    s->ops->verify != NULL ? "secret, token or header"
				   : "token, header, basic or param");
}

static bool empty_secret(const struct secrets *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].n == 0)
			return true;
	return false;
}

/* A rule without a value, or with an empty one, would let everybody in. */
static int check_rules(const struct source *s, struct err *err)
{
	for (size_t i = 0; i < s->n_headers; i++) {
		const struct header_rule *rule = &s->headers[i];
		if (rule->value.n == 0 || empty_secret(&rule->value))
			return err_set(err, LB_EINVAL,
				       "header '%s' has no value", rule->name);
	}
	if (s->basic_user != NULL &&
	    (s->basic_password.n == 0 || empty_secret(&s->basic_password)))
		return err_set(err, LB_EINVAL, "basic has no password");
	if (s->param_name != NULL &&
	    (s->param_value.n == 0 || empty_secret(&s->param_value)))
		return err_set(err, LB_EINVAL, "param '%s' has no value",
			       s->param_name);
	if (empty_secret(&s->secret) || empty_secret(&s->token))
		return err_set(err, LB_EINVAL, "secret or token is empty");
	return 0;
}

/* ---- what a lead becomes ------------------------------------------------ */

static bool is_mapped(const struct source *s, const char *name)
{
	for (size_t i = 0; i < s->map.n; i++)
		if (str_eq(str_from(s->map.v[i].from), str_from(name)) ||
		    program_is_whole(s->map.v[i].from))
			return true;
	return false;
}

static int check_origin(const struct source *s, struct err *err)
{
	if (s->source_platform != NULL &&
	    !lead_platform_ok(str_from(s->source_platform)))
		return err_set(err, LB_EINVAL, "unknown source_platform '%s'",
			       s->source_platform);
	if (s->source_type != NULL && !lead_type_ok(str_from(s->source_type)))
		return err_set(err, LB_EINVAL, "unknown source_type '%s'",
			       s->source_type);
	bool leads = (s->ops->flags & SOURCE_NO_LEADS) == 0;
	if (leads && s->ops->source_platform == NULL && !s->attribution &&
	    s->source_platform == NULL && !is_mapped(s, "source_platform"))
		return err_set(err, LB_EINVAL,
			       "source_platform must be set for platform '%s'",
			       s->ops->platform);
	if (s->country != NULL && !phone_country_ok(s->country))
		return err_set(err, LB_EINVAL, "unknown country '%s'",
			       s->country);
	return 0;
}

/* A URL here would fit no referrer, and nobody would notice. */
static int check_hosts(const struct text_list *hosts, const char *what,
		       struct err *err)
{
	for (size_t i = 0; i < hosts->n; i++) {
		struct str host = str_from(hosts->v[i]);
		if (str_find(host, '.') < 1 || str_find(host, '/') >= 0 ||
		    str_find(host, ':') >= 0 || str_find(host, '*') >= 0 ||
		    str_find(host, ' ') >= 0)
			return err_set(err, LB_EINVAL,
				       "not a host name in %s: '%s'", what,
				       hosts->v[i]);
	}
	return 0;
}

static int check_attribution(const struct source *s, struct err *err)
{
	int code = check_hosts(&s->own_hosts, "own_hosts", err);
	if (code == 0)
		code = check_hosts(&s->excluded_hosts, "excluded_hosts", err);
	return code;
}

static int check_path(const char *path, const char *what, struct err *err)
{
	if (path == NULL || value_path_ok(str_from(path)))
		return 0;
	return err_set(err, LB_EINVAL, "not a value path in %s: '%s'", what,
		       path);
}

static int check_event_id(const struct source *s, struct err *err)
{
	struct str id = str_from(s->event_id);
	if (str_eq(id, STR("hash")))
		return 0;
	if (str_starts(id, STR("header:"))) {
		if (id.n > 7)
			return 0;
		return err_set(err, LB_EINVAL, "event_id names no header");
	}
	return check_path(s->event_id, "event_id", err);
}

static int check_paths(const struct source *s, struct err *err)
{
	int code = check_event_id(s, err);
	if (code == 0)
		code = check_path(s->route.by, "route", err);
	if (code == 0)
		code = check_path(s->stage.from, "stage_slug", err);
	return code;
}

static int check_destination(const struct source *s, struct err *err)
{
	if (s->destinations.n > 0 || s->route.map.n > 0 ||
	    s->route.fallback != NULL || (s->ops->flags & SOURCE_NO_LEADS))
		return 0;
	return err_set(err, LB_EINVAL, "no destination");
}

int source_prepare(struct source *source, struct err *err)
{
	static int (*const checks[])(const struct source *, struct err *) = {
	    check_rules, check_origin,      check_attribution,
	    check_paths, check_destination, fetch_check};
	int code = 0;
	fill_defaults(source);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		code = checks[i](source, err);
		if (code != 0)
			return code;
	}
	struct program_problem where = {0};
	code = programs_prepare(source, &where, err);
	if (code == 0 && source->ops->prepare != NULL)
		code = source->ops->prepare(source, err);
	if (code == 0)
		code = check_proof(source, err);
	if (code != 0)
		source_release(source);
	return code;
}

void source_release(struct source *source)
{
	if (source->ops != NULL && source->ops->release != NULL)
		source->ops->release(source);
	source->state = NULL;
	programs_release(source);
}

bool source_runs_programs(const struct source *source)
{
	return profile_runs_program(source) ||
	       (source->program != NULL && source->program->mapping != NULL);
}
