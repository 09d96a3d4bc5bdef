/* SPDX-License-Identifier: MIT */
/*
 * What is different when a destination is a provider that is asked for a
 * record: see the header. What to ask and what it means is the source's
 * (sources/fetch.c), without I/O.
 */
#include "delivery/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	/* A fresh object may not be visible yet. */
	MISSING_GRACE_MS = 10 * 60 * 1000,
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
};

/* As the defaults of a destination. */
static int64_t pauses[] = {0,           2 * SECOND, 10 * SECOND, 30 * SECOND,
			   2 * MINUTE,  5 * MINUTE, 10 * MINUTE, 20 * MINUTE,
			   40 * MINUTE, HOUR};

static const struct destination_config usual = {
    .concurrency = 4,
    .connect_timeout_ms = 5 * SECOND,
    .timeout_ms = 30 * SECOND,
    .max_age_ms = 72 * (int64_t)HOUR,
    .retry = {pauses, sizeof(pauses) / sizeof(pauses[0])},
    .retry_every_ms = FETCH_RETRY_EVERY_MS,
    .probe_ms = 5 * MINUTE,
    .nxdomain_grace_ms = 60 * MINUTE,
    .breaker_failures = 5,
    .breaker_open_ms = 5 * SECOND,
    .breaker_max_open_ms = 2 * MINUTE,
};

/* ---- the account --------------------------------------------------------- */

static void set_header(struct account *a, size_t i, const char *name,
		       char *value)
{
	secret_release(&a->values[i]);
	a->values[i] =
	    (struct secret){(unsigned char *)value, strlen(value), NULL};
	a->headers[i].name = (char *)(uintptr_t)name;
	a->headers[i].value = (struct secrets){&a->values[i], 1};
}

void account_authorize(struct account *a, struct str token)
{
	set_header(a, 0, "Authorization",
		   xasprintf("%s %.*s", a->source->ops->fetch->authorization,
			     STR_FMT(token)));
}

struct account *account_new(const struct source *source)
{
	const struct fetch_ops *fetch = source->ops->fetch;
	const struct api_rule *api = &source->api;
	struct account *a = xcalloc(1, sizeof(*a));
	a->source = source;
	a->config = usual;
	a->config.name = a->name;
	(void)fetch_queue(str_from(source->name), a->name);
	a->config.url =
	    api->url != NULL ? api->url : (char *)(uintptr_t)fetch->url;
	a->config.allow_http = api->allow_http;
	a->config.allow_private = api->allow_private;
	/* Who shares it shares a limiter; what is sent are the headers. */
	a->config.token = api->oauth.token_url != NULL
			      ? api->oauth.refresh_token
			      : api->token;
	account_authorize(a, secret_str(&api->token));
	a->config.headers = a->headers;
	a->config.n_headers = 1;
	const char *version =
	    api->version != NULL ? api->version : fetch->version;
	if (fetch->version_header != NULL && version != NULL) {
		set_header(a, 1, fetch->version_header, xstrdup(version));
		a->config.n_headers = 2;
	}
	return a;
}

void account_free(struct account *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < 2; i++)
		secret_release(&a->values[i]);
	free(a);
}

/* ---- one fetch ----------------------------------------------------------- */

static struct str description(const struct attempt *a)
{
	return a->entry->lead->body;
}

bool fetch_possible(const struct attempt *a, struct ruling *ruling)
{
	struct fetch_request request;
	struct arena scratch;
	arena_init(&scratch);
	int rc = source_fetch_request(a->d->account->source, description(a),
				      &scratch, &request);
	arena_release(&scratch);
	if (rc == 0)
		return true;
	*ruling = (struct ruling){.state = UNIT_QUARANTINED,
				  .outcome = OUTCOME_DEAD,
				  .reason = "names no record"};
	return false;
}

void fetch_send(struct attempt *a, http_done_cb cb)
{
	struct fetch_request request;
	struct arena scratch;
	arena_init(&scratch);
	lb_assert(source_fetch_request(a->d->account->source, description(a),
				       &scratch, &request) == 0);
	struct http_message m = {
	    .get = request.method == HTTP_GET,
	    .path = arena_copy(&scratch, request.path).p,
	    .header = "Accept-Encoding: identity",
	    .body = request.body,
	};
	m.again = attempt_again;
	http_send(a->d->target, &m, cb, a);
	arena_release(&scratch);
}

void fetch_judge(const struct attempt *a, const struct attempt_result *r,
		 struct verdict *v)
{
	struct account *account = a->d->account;
	source_fetch_judge(account->source, description(a), r, v);
	if (r->transport != TRANSPORT_ANSWERED || r->status != 401 ||
	    !oauth_refused(account, a->started))
		return;
	v->outcome = OUTCOME_RETRY;
	v->reason = "token_expired";
	v->parks_at_once = false;
}

void fetch_take(const struct attempt *a, struct str record,
		struct ruling *ruling)
{
	struct fetched got;
	source_fetched(a->d->account->source, description(a), record, &got);
	switch (got.fate) {
	case FATE_LEAD:
		ruling->state = UNIT_WAITING;
		ruling->rendered_n = got.json.n;
		ruling->rendered =
		    xstr_dup((struct str){got.json.p, got.json.n});
		break;
	case FATE_IGNORE:
		ruling->state = UNIT_IGNORED;
		ruling->reason = got.reason;
		break;
	case FATE_QUARANTINE:
	case FATE_FETCH:
		ruling->state = UNIT_QUARANTINED;
		ruling->reason = got.reason;
		break;
	}
	buf_release(&got.json);
}

bool fetch_give_up(const struct attempt *a, const struct verdict *v,
		   struct ruling *ruling)
{
	const struct due_lead *lead = a->entry->lead;
	bool late =
	    lead->first_failed_at_ms != 0 &&
	    clock_wall_ms() - lead->first_failed_at_ms >= MISSING_GRACE_MS;
	bool lost = v->missing && late;
	if (!lost && v->outcome != OUTCOME_DEAD)
		return false;
	struct ruling known = *ruling;
	fetch_take(a, STR_NONE, &known);
	if (known.state == UNIT_WAITING) {
		known.outcome = OUTCOME_SENT;
		known.counts = true;
		*ruling = known;
		destination_alarm(a->d, v->reason);
		return true;
	}
	if (!lost)
		return false; /* refused: as a CRM's refusal */
	ruling->state = UNIT_DEAD;
	ruling->outcome = OUTCOME_DEAD;
	ruling->counts = true;
	return true;
}
