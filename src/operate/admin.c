/* SPDX-License-Identifier: MIT */
/*
 * The admin listener: which answer a path gets, and what whoever was let in
 * (admin_auth.c) may do. A request that changes something must be a POST that a
 * page of another origin cannot make: it carries the header X-Leadbridge or
 * comes over the Unix socket. Who may only read gets no POST and nothing
 * unmasked.
 */
#include "operate/admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "ingress/rate.h"
#include "operate/admin_internal.h"
#include "operate/backup.h"
#include "operate/health.h"
#include "payload/payload.h"

void admin_reply_json(struct exchange *x, int status, struct str body)
{
	struct reply reply = {.status = status, .body = body};
	reply.extra[reply.n_extra++] =
	    (struct header){STR("Cache-Control"), STR("no-store")};
	reply.extra[reply.n_extra++] =
	    (struct header){STR("X-Content-Type-Options"), STR("nosniff")};
	exchange_reply(x, &reply);
}

void admin_reply_error(struct exchange *x, int status, const char *code,
		       const char *message)
{
	struct buf body;
	buf_init(&body, 2048);
	buf_addf(&body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
	buf_add_json(&body, str_from(message));
	buf_addf(&body, "}}\n");
	struct reply reply = {.status = status, .body = buf_str(&body)};
	if (status == 401)
		reply.extra[reply.n_extra++] =
		    (struct header){STR("WWW-Authenticate"),
				    STR("Bearer realm=\"leadbridge\"")};
	exchange_reply(x, &reply);
	buf_release(&body);
}

/* Matches path against pattern; *subject is the segment "*" stood for. */
static bool matches(const char *pattern, struct str path, struct str *subject)
{
	struct str want = str_from(pattern);
	*subject = STR_NONE;
	long star = str_find(want, '*');
	if (star < 0)
		return str_eq(want, path);
	struct str before = str_sub(want, 0, (size_t)star);
	struct str after = str_sub(want, (size_t)star + 1, want.n);
	if (!str_starts(path, before) || !str_ends(path, after) ||
	    path.n <= before.n + after.n)
		return false;
	*subject = str_sub(path, before.n, path.n - after.n);
	return str_find(*subject, '/') < 0;
}

static const struct admin_route *find_route(const struct request *request,
					    struct str *subject, bool *known)
{
	enum http_method method =
	    request->method == HTTP_HEAD ? HTTP_GET : request->method;
	*known = false;
	for (const struct admin_route *r = ADMIN_ROUTES; r->path != NULL; r++) {
		if (!matches(r->path, request->path, subject))
			continue;
		*known = true;
		if (r->method == method)
			return r;
	}
	return NULL;
}

/* What the path takes instead. */
static void refuse_method(struct exchange *x, const struct request *request)
{
	bool get = false, post = false;
	struct str subject;
	for (const struct admin_route *r = ADMIN_ROUTES; r->path != NULL; r++) {
		if (!matches(r->path, request->path, &subject))
			continue;
		get |= r->method == HTTP_GET;
		post |= r->method == HTTP_POST;
	}
	struct reply reply = {
	    .status = 405,
	    .body = STR("{\"error\":{\"code\":\"method\",\"message\":"
			"\"this path takes another method\"}}\n"),
	};
	reply.extra[reply.n_extra++] =
	    (struct header){STR("Allow"), get && post ? STR("GET, HEAD, POST")
					  : get       ? STR("GET, HEAD")
						      : STR("POST")};
	exchange_reply(x, &reply);
}

/* The forms of the login page have no headers of their own; admin_auth.c has
 * looked at where they come from. */
static bool may_post(const struct admin_actor *actor, struct exchange *x)
{
	const struct request *r = exchange_request(x);
	if (str_eq(r->path, STR("/login")))
		return true;
	if (actor != admin_unix() &&
	    request_header_count(r, "X-Leadbridge") == 0) {
		admin_reply_error(x, 403, "csrf",
				  "send the header 'X-Leadbridge: 1'");
		return false;
	}
	if (actor->role == ROLE_FULL || str_eq(r->path, STR("/logout")))
		return true;
	admin_reply_error(x, 403, "read_only",
			  "this token may look and change nothing");
	return false;
}

/* Log in before anything else is told, also whether a path exists. */
static void on_headers(void *ctx, struct exchange *x)
{
	struct admin *a = ctx;
	const struct request *request = exchange_request(x);
	if (health_answer(a->road, x))
		return;
	const struct admin_actor *actor = admin_admit(a, x);
	if (actor == NULL)
		return;
	struct str subject;
	bool known;
	const struct admin_route *route = find_route(request, &subject, &known);
	if (route == NULL && !known) {
		admin_reply_error(x, 404, "not_found", "no such path");
		return;
	}
	if (route == NULL) {
		refuse_method(x, request);
		return;
	}
	if (route->method == HTTP_POST && !may_post(actor, x))
		return;
	exchange_set_data(x, (void *)(uintptr_t)actor);
	exchange_accept(x, route->answer == admin_post_import ? ADMIN_IMPORT_MAX
							      : ADMIN_BODY_MAX);
}

/* Who may only look sees nothing unmasked, cannot search for a person letter
 * by letter, and spends nothing of the CRM's rate limit. */
static bool may_see(const struct admin_call *c, const struct admin_route *route)
{
	if (c->actor->role != ROLE_READ)
		return true;
	return route->answer != admin_get_requests &&
	       route->answer != admin_get_there &&
	       value_get(c->params, "reveal") == NULL &&
	       value_get(c->params, "text") == NULL;
}

static void on_request(void *ctx, struct exchange *x)
{
	static const struct payload_limits limits = {.depth = 4, .values = 100};
	struct admin *a = ctx;
	struct admin_call call = {
	    .admin = a,
	    .exchange = x,
	    .request = exchange_request(x),
	    .actor = exchange_data(x),
	};
	bool known;
	const struct admin_route *route =
	    find_route(call.request, &call.subject, &known);
	struct value *params = NULL;
	if (call.request->query.n > 0 &&
	    payload_form(&a->scratch, call.request->query, &limits, &params,
			 NULL) != 0) {
		admin_reply_error(x, 400, "query", "malformed query string");
	} else {
		call.params = params;
		if (may_see(&call, route))
			route->answer(&call);
		else
			admin_reply_error(x, 403, "read_only",
					  "this token may look, masked");
	}
	arena_release(&a->scratch);
}

static void on_deadline(void *ctx, struct exchange *x)
{
	(void)ctx;
	admin_reply_error(x, 504, "timeout", "the store took too long");
}

static void build_listen(struct admin *a)
{
	const struct text_list *list = &a->road->config->admin.listen;
	free(a->listen);
	a->listen = xcalloc(list->n, sizeof(*a->listen));
	a->n_listen = list->n;
	for (size_t i = 0; i < list->n; i++)
		a->listen[i].address = list->v[i];
}

static struct listener_config listener_config_of(const struct admin *a)
{
	return (struct listener_config){
	    .listen = a->listen,
	    .n_listen = a->n_listen,
	    .limits = &a->road->config->limits,
	    .trusted_proxies = &a->road->config->trusted_proxies,
	    .unix_mode = 0660,
	};
}

int admin_new(struct admin **out, struct road *r, admin_reload_fn reload,
	      void *reload_ctx, struct err *err)
{
	struct admin *a = xcalloc(1, sizeof(*a));
	a->road = r;
	a->backup = backup_new();
	a->reload = reload;
	a->reload_ctx = reload_ctx;
	r->on_query = admin_on_query;
	r->on_query_ctx = a;
	r->on_asked = admin_on_asked;
	r->on_replayed = admin_on_replayed;
	r->on_replay_failed = admin_on_replay_failed;
	a->guesses = rate_table_new();
	build_listen(a);
	struct listener_config config = listener_config_of(a);
	struct http_handler handler = {
	    .ctx = a,
	    .on_headers = on_headers,
	    .on_request = on_request,
	    .on_deadline = on_deadline,
	};
	int rc = listener_new(&a->listener, r->loop, &config, &handler, err);
	if (rc != 0) {
		err_prefix(err, "admin listener");
		admin_free(a);
		return rc;
	}
	a->events = admin_events_new(a);
	*out = a;
	return 0;
}

int admin_reload(struct admin *a, struct err *err)
{
	build_listen(a);
	struct listener_config config = listener_config_of(a);
	return listener_reload(a->listener, &config, err);
}

void admin_drain(struct admin *a)
{
	if (a == NULL)
		return;
	admin_events_end(a->events);
	listener_stop_accepting(a->listener);
}

void admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	listener_free(a->listener);
	backup_free(a->backup);
	admin_events_free(a->events);
	rate_table_free(a->guesses);
	free(a->listen);
	free(a);
}

const char *admin_address(const struct admin *a, size_t i)
{
	return listener_address(a->listener, i);
}
