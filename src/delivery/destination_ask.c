/* SPDX-License-Identifier: MIT */
/*
 * Single requests to a CRM that are no lead's: a page of its list, a test of
 * its idempotency. They use the destination's settings and its limiter, and
 * while leads are due they take one token in four, so that a long list delays
 * nobody much. A pause, a park or an open breaker does not hold them: to look
 * is what a person does then. Delivery thread only.
 */
#include "delivery/destination_ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "delivery/attempt.h"
#include "delivery/backoff.h"

enum {
	LEADS_PER_ASK = 3,
	JSON_MAX = 1024 * 1024,
	HEADER_MAX = 127,
	TIME_MS = 2000, /* where a 429 names none */
};

struct delivery_ask *delivery_ask_new(enum delivery_ask_kind kind)
{
	struct delivery_ask *a = xcalloc(1, sizeof(*a));
	a->kind = kind;
	buf_init(&a->json, JSON_MAX);
	buf_init(&a->answer, ANSWER_BODY_MAX);
	return a;
}

void delivery_ask_free(struct delivery_ask *a)
{
	if (a == NULL)
		return;
	free(a->query);
	free(a->body);
	buf_release(&a->json);
	buf_release(&a->answer);
	free(a);
}

static void unlink_ask(struct delivery_ask **list, struct delivery_ask *a)
{
	while (*list != NULL && *list != a)
		list = &(*list)->next;
	if (*list == a)
		*list = a->next;
	a->next = NULL;
}

void destination_ask(struct destination *d, struct delivery_ask *a)
{
	struct delivery_ask **last = &d->asks;
	while (*last != NULL)
		last = &(*last)->next;
	*last = a;
	a->d = d;
	a->until = clock_mono_ms() + a->wait_ms;
}

/* ---- sending ------------------------------------------------------------- */

static bool ask_again(void *ctx)
{
	struct delivery_ask *a = ctx;
	return tokens_again(&a->tokens);
}

/* Whoever asked for time did so for the key, and leads use it too. */
static bool asked_for_time(struct destination *d,
			   const struct attempt_result *r)
{
	if (r->transport != TRANSPORT_ANSWERED || r->status != 429)
		return false;
	int64_t wait = header_retry_after(r), now = clock_mono_ms();
	d->limited_by = wait >= 0 ? "Retry-After" : "RateLimit-Reset";
	if (wait < 0)
		wait = header_rate_reset(r);
	int64_t until = now + backoff_later(wait < 0 ? TIME_MS : wait);
	if (until > d->limited_until)
		d->limited_until = until;
	d->limited_reason = "http_429";
	return true;
}

static void on_answer(void *ctx, const struct attempt_result *r)
{
	struct delivery_ask *a = ctx;
	struct destination *d = a->d;
	tokens_settle(&a->tokens, r, clock_mono_ms());
	unlink_ask(&d->asking, a);
	d->courier->in_flight--;
	if (asked_for_time(d, r) && d->limited_until < a->until) {
		a->next = d->asks; /* its turn comes again */
		d->asks = a;
		destination_pump(d);
		return;
	}
	a->transport = r->transport;
	a->status = r->status;
	a->complete = r->body_complete;
	buf_add_str(&a->answer, r->body);
	a->done(a->ctx, a);
	destination_pump(d);
	d->courier->answered(d->courier->ctx, d);
}

static void send_ask(struct delivery_ask *a, int64_t now)
{
	struct destination *d = a->d;
	char line[HEADER_MAX + 1];
	a->next = d->asking;
	d->asking = a;
	d->courier->in_flight++;
	d->leads_since_ask = 0;
	tokens_take(&a->tokens, d->limiter, now);
	if (!a->list) {
		(void)!snprintf(line, sizeof(line), "Idempotency-Key: %s",
				a->key);
		struct http_message m = {
		    .path = "",
		    .header =
			a->key[0] != '\0' ? line : "Accept-Encoding: identity",
		    .body = str_from(a->body),
		    .borrowed = true,
		    .again = ask_again};
		http_send(d->target, &m, on_answer, a);
		return;
	}
	struct http_target *t =
	    attempt_list_target(d->courier->http, d->config);
	struct http_message m = {.get = true,
				 .path = a->query,
				 .borrowed = true,
				 .again = ask_again};
	http_send(t, &m, on_answer, a);
	http_target_free(t);
}

int64_t destination_ask_pump(struct destination *d, int64_t now)
{
	while (d->asks != NULL && !d->courier->stopping) {
		struct delivery_ask *a = d->asks;
		if (d->limited_until > now)
			return d->limited_until;
		int64_t ready = limiter_ready_at(d->limiter, now);
		if (ready > 0)
			return ready; /* LIMITER_NEVER: an answer will say */
		bool held = d->paused || d->park.on ||
			    d->breaker.state != BREAKER_CLOSED;
		if (!held && d->leads_since_ask < LEADS_PER_ASK &&
		    scheduler_next_due(d->leads, now) == 0 &&
		    d->in_flight < d->slots)
			return INT64_MAX; /* with the next answer */
		unlink_ask(&d->asks, a);
		send_ask(a, now);
	}
	return INT64_MAX;
}

void destination_ask_tick(struct destination *d, int64_t now)
{
	for (struct delivery_ask *a = d->asks, *next; a != NULL; a = next) {
		next = a->next;
		if (now < a->until)
			continue;
		unlink_ask(&d->asks, a);
		a->result = LB_EBUSY;
		a->done(a->ctx, a);
	}
}

static void free_list(struct delivery_ask *a)
{
	while (a != NULL) {
		struct delivery_ask *next = a->next;
		delivery_ask_free(a);
		a = next;
	}
}

void destination_ask_free(struct destination *d)
{
	free_list(d->asks);
	free_list(d->asking);
	d->asks = d->asking = NULL;
}
