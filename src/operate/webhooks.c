/* SPDX-License-Identifier: MIT */
/*
 * One webhook, from its headers to its answer. The 200 is written in
 * webhooks_stored(), after the commit, and nowhere else.
 */
#include "operate/webhooks.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "leadbridge/source.h"
#include "operate/health.h"
#include "operate/mapped.h"
#include "operate/privacy.h"

enum { SHOWN_MAX = 4 << 20 }; /* of a dry run */
#define TOO_MUCH                                                               \
	"{\"error\":{\"code\":\"too_large\",\"message\":\"too much to "        \
	"show\"}}"

/* What an exchange carries between its two phases and its answer. */
struct visit {
	struct config *config; /* keeps the source alive over a reload */
	const struct source *source;
	int64_t read_us; /* body complete */
};

static void reply_not_found(struct exchange *x)
{
	exchange_reply(x, &(struct reply){
			      .status = 404,
			      .body = STR("{\"error\":{\"code\":\"not_found\","
					  "\"message\":\"not found\"}}"),
			  });
}

/* "OPTIONS *" asks the server itself, not a path (RFC 9110 9.3.7). */
static void reply_to_ping(struct exchange *x)
{
	struct reply reply = {.status = 204};
	reply.extra[reply.n_extra++] =
	    (struct header){STR("Allow"), STR("GET, HEAD, POST, OPTIONS")};
	exchange_reply(x, &reply);
}

/* "/in/NAME" or "/in/NAME/TOKEN" */
static bool split_path(struct str path, struct str *name, struct str *token)
{
	if (!str_starts(path, STR("/in/")))
		return false;
	*name = str_cut(str_sub(path, 4, path.n), '/', token);
	return true;
}

/* Whether the address has come too often: then it is told so. Proxies stand
 * for many people; a client of theirs counts by its own address. */
static bool limit(struct road *r, struct exchange *x,
		  const struct source_call *call)
{
	struct address who;
	const struct config *c = r->config;
	const struct rate_list *rates = source_rates(call->source);
	if (rates->n == 0 || address_parse(call->request->client, &who) != 0 ||
	    who.local || network_list_contains(&c->trusted_proxies, &who))
		return false;
	int64_t wait_ms =
	    rate_table_take(r->rates, rates, str_from(call->source->name), &who,
			    clock_mono_ms());
	if (wait_ms == 0)
		return false;
	struct reply reply = {0};
	source_limited(call, wait_ms, &reply);
	metrics_rejected(r->metrics, call->source->name, "rate");
	exchange_reply(x, &reply);
	return true;
}

static void on_headers(void *ctx, struct exchange *x)
{
	struct road *r = ctx;
	if (health_answer(r, x))
		return;
	const struct request *request = exchange_request(x);
	if (str_eq(request->target, STR("*"))) {
		reply_to_ping(x);
		return;
	}
	struct str name, token;
	if (!split_path(request->path, &name, &token)) {
		metrics_rejected(r->metrics, NULL, "not_found");
		reply_not_found(x);
		return;
	}
	const struct source *source = config_source(r->config, name);
	struct arena scratch = {0};
	struct source_call call = {
	    .source = source, .request = request, .arena = &scratch};
	struct reply reply = {0};
	bool challenge = false;
	if (source_admit(&call, token, &reply, &challenge) != 0) {
		if (!challenge)
			metrics_rejected(r->metrics,
					 source != NULL ? source->name : NULL,
					 source_refusal_word(reply.status));
		exchange_reply(x, &reply);
		arena_release(&scratch);
		return;
	}
	if (limit(r, x, &call)) {
		arena_release(&scratch);
		return;
	}
	struct visit *v = xcalloc(1, sizeof(*v));
	v->config = config_ref(r->config);
	v->source = source;
	exchange_set_data(x, v);
	exchange_accept(x, source->max_body);
	arena_release(&scratch);
}

/* s: as much as is known of the request; NULL: nothing any more. */
static void try_later(struct exchange *x, const struct source *source,
		      const struct submission *s)
{
	struct reply reply = {0};
	source_answer(source, s, ANSWER_TRY_LATER, &reply);
	exchange_reply(x, &reply);
}

void webhooks_refused(struct road *r, const struct source *source,
		      struct ticket ticket, const char *why,
		      const struct reply *reply)
{
	struct exchange *x = listener_find(r->webhooks, ticket);
	metrics_rejected(r->metrics, source->name, why);
	if (x == NULL)
		return;
	if (reply != NULL)
		exchange_reply(x, reply);
	else
		try_later(x, source, NULL);
}

/* A URL with ?dry_run=1 left in a sender's settings would lose its leads: that
 * it is used shows in the counters. */
static void show(struct road *r, struct exchange *x,
		 const struct source *source, const struct submission *s)
{
	struct buf b;
	struct reply reply = {.status = 200};
	buf_init(&b, SHOWN_MAX);
	if (source_dry_run(s, &b) == 0)
		reply.body = buf_str(&b);
	else
		reply = (struct reply){.status = 413, .body = STR(TOO_MUCH)};
	metrics_rejected(r->metrics, source->name, "dry_run");
	exchange_reply(x, &reply);
	buf_release(&b);
}

void webhooks_show(struct road *r, const struct source *source,
		   struct ticket ticket, const struct submission *s)
{
	struct exchange *x = listener_find(r->webhooks, ticket);
	if (x != NULL)
		show(r, x, source, s);
}

static void refused(struct road *r, struct exchange *x, int code,
		    const char *why)
{
	const struct source *source =
	    ((const struct visit *)exchange_data(x))->source;
	metrics_rejected(r->metrics, source->name, why);
	log_debug("refused", "source=%s reason=%s", source->name, why);
	if (code == LB_EDENIED && source->on_bad_proof == BAD_PROOF_HOLD)
		held_keep(r->held, str_from(source->name), exchange_request(x));
}

static void submit(struct road *r, struct exchange *x, struct submission *s)
{
	struct visit *v = exchange_data(x);
	if (source_dry_run_asked(v->source, exchange_request(x))) {
		show(r, x, v->source, s);
		submission_free(s);
		return;
	}
	s->source_position = v->source->position;
	s->ticket = exchange_defer(x, v->config->limits.answer_ms);
	fault_point("webhook_processed");
	int rc = queue_submit(r->queue, s);
	if (rc != 0) {
		metrics_rejected(r->metrics, v->source->name,
				 rc == LB_ENOSPC ? "no_space" : "busy");
		try_later(x, v->source, s);
		submission_free(s);
	}
}

/* Its source runs programs: the rest happens elsewhere. */
static void map_elsewhere(struct road *r, struct exchange *x)
{
	struct visit *v = exchange_data(x);
	struct mapped *m = NULL;
	struct submission *s = NULL;
	struct reply reply = {0};
	const char *why = "busy";
	const struct request *request = exchange_request(x);
	int rc = mapped_webhook(r, v->config, v->source, request, &m, &s,
				&reply, &why);
	if (rc == LB_EBUSY) {
		metrics_rejected(r->metrics, v->source->name, why);
		try_later(x, v->source, NULL);
	} else if (rc != 0) {
		refused(r, x, rc, why);
		exchange_reply(x, &reply);
	} else if (s != NULL) {
		submit(r, x, s);
	} else {
		bool dry = source_dry_run_asked(v->source, request);
		mapped_answer(m, exchange_defer(x, v->config->limits.answer_ms),
			      dry);
	}
}

static void on_request(void *ctx, struct exchange *x)
{
	struct road *r = ctx;
	struct visit *v = exchange_data(x);
	v->read_us = clock_mono_us();
	fault_point("webhook_read");
	if (source_runs_programs(v->source)) {
		map_elsewhere(r, x);
		return;
	}
	struct submission *s = NULL;
	struct reply reply = {0};
	const char *why = "other";
	int rc = source_process(v->source, exchange_request(x),
				queue_secret(r->queue), &s, &reply, &why);
	if (rc == 0) {
		submit(r, x, s);
		return;
	}
	refused(r, x, rc, why);
	exchange_reply(x, &reply);
	submission_free(s);
}

/* What a sender wants erased is begun as soon as it is on disk. */
static void look_for_privacy(struct road *r, const struct submission *s)
{
	for (uint32_t i = 0; i < s->n_events; i++)
		if (s->result == LB_OK && s->events[i].privacy != NULL)
			privacy_kick(r->privacy);
}

void webhooks_stored(struct road *r, struct submission *s)
{
	look_for_privacy(r, s);
	if (s->result == LB_OK)
		activity_accepted(r->activity, s);
	if (s->by_hand && s->result == LB_OK)
		metrics_accepted(r->metrics, s,
				 (clock_wall_ms() - s->received_at_ms) * 1000);
	if (s->replay_of != 0 || s->by_hand) {
		r->on_replayed(r->on_query_ctx, s);
		submission_free(s);
		return;
	}
	/* Until it is on disk it stays where it was held. */
	if (s->held != 0 && s->result == LB_OK)
		held_remove(r->held, s->held);
	struct exchange *x = listener_find(r->webhooks, s->ticket);
	struct visit *v = x != NULL ? exchange_data(x) : NULL;
	if (s->result == LB_OK) {
		int64_t took =
		    v != NULL ? clock_mono_us() - v->read_us
			      : (clock_wall_ms() - s->received_at_ms) * 1000;
		metrics_accepted(r->metrics, s, took);
	} else {
		char name[65];
		(void)!snprintf(name, sizeof(name), "%.*s", STR_FMT(s->source));
		metrics_rejected(r->metrics, name,
				 s->result == LB_ENOSPC ? "no_space" : "store");
	}
	if (v != NULL) {
		enum answer_kind kind = ANSWER_ACCEPTED;
		if (s->result != LB_OK)
			kind = ANSWER_TRY_LATER;
		else if (s->n_events > 0 && s->n_duplicates == s->n_events)
			kind = ANSWER_DUPLICATE;
		struct reply reply = {0};
		source_answer(v->source, s, kind, &reply);
		fault_point("answer_ready");
		exchange_reply(x, &reply);
		fault_point("answer_written");
	}
	submission_free(s);
}

int road_replay(struct road *r, const struct submission *raw, int64_t unit,
		struct ticket ticket, struct err *err)
{
	const struct source *source = config_source(r->config, raw->source);
	if (source == NULL)
		return err_set(err, LB_ENOTFOUND, "source '%.*s' is gone",
			       STR_FMT(raw->source));
	if (source_runs_programs(source))
		return mapped_replay(r, source, raw, unit, ticket, err);
	struct submission *s = NULL;
	int rc = source_remap(source, raw, queue_secret(r->queue), &s, err);
	if (rc != 0)
		return rc;
	s->source_position = source->position;
	s->ticket = ticket;
	s->replay_of = unit;
	rc = queue_submit(r->queue, s);
	if (rc != 0) {
		submission_free(s);
		return err_set(err, rc, "the store takes nothing now");
	}
	return 0;
}

/* NULL: submitted; else what it is refused for. */
static const char *retry_one(struct road *r, const struct source *source,
			     const struct held_request *held)
{
	struct request request = held->request;
	struct submission *s = NULL;
	struct reply reply = {0};
	const char *why = "other";
	request.public_url = str_from(r->config->public_url);
	struct mapped *m = NULL;
	int rc = source_runs_programs(source)
		     ? mapped_webhook(r, r->config, source, &request, &m, &s,
				      &reply, &why)
		     : source_process(source, &request, queue_secret(r->queue),
				      &s, &reply, &why);
	if (rc != 0) {
		submission_free(s);
		return rc == LB_EBUSY ? "busy" : why;
	}
	if (m != NULL) {
		mapped_held(m, held->number);
		return NULL;
	}
	s->source_position = source->position;
	s->held = held->number;
	if (queue_submit(r->queue, s) == 0)
		return NULL;
	submission_free(s);
	return "busy";
}

void road_retry_held(struct road *r, const struct source *source,
		     struct held_retry *out)
{
	*out = (struct held_retry){0};
	for (const struct held_request *h = r->held->first; h != NULL;
	     h = h->next) {
		if (!str_eq(h->source, str_from(source->name)))
			continue;
		const char *why = retry_one(r, source, h);
		out->proven += why == NULL;
		out->refused += why != NULL;
		if (why != NULL)
			out->why = why;
	}
}

static void on_deadline(void *ctx, struct exchange *x)
{
	struct road *r = ctx;
	struct visit *v = exchange_data(x);
	metrics_rejected(r->metrics, v->source->name, "answer_timeout");
	try_later(x, v->source, NULL);
}

static void on_end(void *ctx, struct exchange *x, int status, int64_t took_us)
{
	(void)ctx, (void)status, (void)took_us;
	struct visit *v = exchange_data(x);
	if (v == NULL)
		return;
	exchange_set_data(x, NULL);
	config_unref(v->config);
	free(v);
}

static void on_refused(void *ctx, int status, const char *reason)
{
	(void)status;
	struct road *r = ctx;
	metrics_rejected(r->metrics, NULL, reason);
}

struct http_handler webhooks_handler(struct road *r)
{
	return (struct http_handler){
	    .ctx = r,
	    .on_headers = on_headers,
	    .on_request = on_request,
	    .on_deadline = on_deadline,
	    .on_end = on_end,
	    .on_refused = on_refused,
	};
}
