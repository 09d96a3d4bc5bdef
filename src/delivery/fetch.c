/* SPDX-License-Identifier: MIT */
/*
 * What is different when a destination is a provider that is asked for a
 * record: see the header. What to ask and what it means is the source's
 * (sources/fetch.c), without I/O.
 */
#include "delivery/fetch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "delivery/usage.h"

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

static void set_name(struct account *a, struct str source, const char *own)
{
	(void)fetch_queue(source, a->name);
	size_t n = strlen(a->name);
	if (own != NULL)
		(void)!snprintf(a->name + n, sizeof(a->name) - n, ":%s", own);
}

struct account *account_new(const struct source *source,
			    const struct named_secret *own)
{
	const struct fetch_ops *fetch = source->ops->fetch;
	const struct api_rule *api = &source->api;
	struct account *a = xcalloc(1, sizeof(*a));
	a->granted = xcalloc(1, sizeof(*a->granted));
	a->granted->users = 1;
	a->source = source;
	a->config = usual;
	a->config.name = a->name;
	set_name(a, str_from(source->name), own != NULL ? own->name : NULL);
	a->config.url =
	    api->url != NULL ? api->url : (char *)(uintptr_t)fetch->url;
	a->config.allow_http = api->allow_http;
	a->config.allow_private = api->allow_private;
	/* Who shares it shares a limiter; what is sent are the headers. */
	if (own != NULL)
		a->config.token = own->secret;
	else if (source_token_url(source) != NULL)
		a->config.token = api->oauth.refresh_token;
	else
		a->config.token = api->token;
	a->has_token = a->config.token.n > 0;
	account_authorize(a, source_token_url(source) != NULL
				 ? STR("")
				 : secret_str(&a->config.token));
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

static struct account *add_account(const struct source *source,
				   const struct named_secret *own,
				   struct refreshers *refreshers,
				   struct account *next)
{
	struct account *a = account_new(source, own);
	a->next = next;
	if (next != NULL) {
		free(a->granted);
		a->granted = next->granted;
		a->granted->users++;
	}
	if (a->has_token && source_token_url(source) != NULL)
		a->refresher = refreshers_get(refreshers, source,
					      secret_str(&a->config.token));
	return a;
}

struct account *accounts_new(const struct source *source,
			     struct refreshers *refreshers,
			     const struct delivery_ops *ops)
{
	struct account *list = NULL;
	if (!source_fetches(source))
		return NULL;
	if (ops->set_apart != NULL)
		ops->set_apart(ops->ctx, source);
	list = add_account(source, NULL, refreshers, list);
	for (size_t i = 0; i < source->api.n_tokens; i++)
		list = add_account(source, &source->api.tokens[i], refreshers,
				   list);
	return list;
}

void account_free(struct account *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < 2; i++)
		secret_release(&a->values[i]);
	if (--a->granted->users == 0)
		free(a->granted);
	free(a);
}

struct str account_of(const struct config *config, const struct due_lead *lead,
		      char name[QUEUE_NAME])
{
	struct str queue = lead->destination;
	const struct named_secret *own = NULL;
	struct arena scratch;
	if (queue.n == 0 || queue.p[0] != '@')
		return queue;
	const struct source *source =
	    config_source(config, str_sub(queue, 1, queue.n));
	if (source == NULL || source->api.n_tokens == 0)
		return queue;
	arena_init(&scratch);
	own = source_account_token(
	    source, source_fetch_account(source, lead->body, &scratch));
	arena_release(&scratch);
	if (own == NULL)
		return queue;
	(void)!snprintf(name, QUEUE_NAME, "%.*s:%s", STR_FMT(queue), own->name);
	return str_from(name);
}

/* ---- one fetch ----------------------------------------------------------- */

static struct str description(const struct attempt *a)
{
	return a->entry->lead->body;
}

/* An account without a token is one nobody has configured: it waits for that,
 * as for a dead one. */
bool fetch_ready(struct destination *d, int64_t now, int64_t *wake)
{
	if (d->account->has_token)
		return oauth_ready(d, now, wake);
	if (scheduler_next_due(d->leads, now) != 0)
		return true;
	destination_park(d, "no_token", OUTCOME_PARK, 0);
	*wake = INT64_MAX;
	return false;
}

struct destination *account_holding(struct destination *const *list, size_t n,
				    struct destination *to, int64_t lead)
{
	if (to == NULL || to->account == NULL || lead == 0)
		return to;
	for (size_t i = 0; i < n; i++)
		if (list[i]->account != NULL &&
		    list[i]->account->source == to->account->source &&
		    scheduler_find(list[i]->leads, lead) != NULL)
			return list[i];
	return to;
}

bool fetch_is_ours(const struct attempt *a)
{
	char name[QUEUE_NAME];
	struct str whose = account_of(a->d->all, a->entry->lead, name);
	return str_eq(whose, str_from(a->d->name));
}

bool fetch_possible(const struct attempt *a, struct ruling *ruling)
{
	struct fetch_request request = {.brief = false};
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
	struct account *account = a->d->account;
	struct fetch_request request = {.brief = account->brief};
	struct arena scratch;
	arena_init(&scratch);
	bool many =
	    a->mates != NULL && fetch_batch_request(a, &scratch, &request);
	if (!many)
		lb_assert(source_fetch_request(account->source, description(a),
					       &scratch, &request) == 0);
	a->brief = request.brief;
	struct http_message m = {
	    .get = request.method == HTTP_GET,
	    .path = arena_copy(&scratch, request.path).p,
	    .header = "Accept-Encoding: identity",
	    .body = request.body,
	    .answer_max = many ? FETCH_BATCH_BYTES : 0,
	};
	fault_point("fetch_asked");
	m.again = attempt_again;
	http_send(a->d->target, &m, cb, a);
	arena_release(&scratch);
}

/* A provider that says how much of its limit is used gets time before it has
 * to refuse. */
static void fetch_pace(struct destination *d, const struct attempt_result *r,
		       struct verdict *v)
{
	struct usage used;
	if (r->transport != TRANSPORT_ANSWERED || !usage_read(r, &used))
		return;
	if (v->outcome == OUTCOME_LIMITED) {
		if (v->wait_ms < 0)
			v->wait_ms = usage_regain_ms(&used);
		return;
	}
	int64_t until = clock_mono_ms() + usage_pause_ms(&used);
	if (until <= clock_mono_ms() || until <= d->limited_until)
		return;
	d->limited_until = until;
	d->limited_reason = "usage";
	d->limited_by = "usage headers";
}

void fetch_judge(const struct attempt *a, const struct attempt_result *r,
		 struct verdict *v)
{
	struct account *account = a->d->account;
	if (a->mates != NULL)
		fetch_batch_judge(a, r, v);
	else
		source_fetch_judge(account->source, description(a), r, v);
	if (v->shorter && a->brief)
		v->shorter = false; /* it was not that */
	fetch_pace(a->d, r, v);
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
		fault_point("fetch_rendered");
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
