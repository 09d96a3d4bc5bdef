/* SPDX-License-Identifier: MIT */
/*
 * A bulk request with dry_run: the CRM is asked once what it would do, within
 * the limit of its bulk route; nothing is stored. Delivery thread only.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "delivery/attempt.h"
#include "delivery/bulk.h"

void preview_free(struct preview *p)
{
	if (p == NULL)
		return;
	free(p->body);
	free(p->note);
	free(p->answer);
	free(p);
}

static void refuse(struct preview *p, const char *reason, int64_t wait_ms)
{
	p->reason = reason;
	p->wait_ms = wait_ms;
	p->done(p->ctx, p);
}

static void unlink_preview(struct lane *lane, const struct preview *p)
{
	struct preview **at = &lane->previews;
	while (*at != NULL && *at != p)
		at = &(*at)->next;
	if (*at != NULL)
		*at = p->next;
}

static void on_answer(void *ctx, const struct attempt_result *r)
{
	struct preview *p = ctx;
	struct destination *d = p->destination_now;
	unlink_preview(d->lane, p);
	d->in_flight--;
	d->courier->in_flight--;
	struct attempt times = {.limiter = p->limiter, .started = p->started};
	destination_learn_limits(&times, r, clock_mono_ms());
	p->status = r->status;
	p->reason = transport_name(r->transport);
	p->answer = xstr_dup(r->body);
	p->answer_n = r->body.n;
	p->done(p->ctx, p);
	destination_pump(d);
	d->courier->answered(d->courier->ctx, d);
}

void preview_ask(struct destination *d, struct preview *p)
{
	int64_t now = clock_mono_ms();
	if (d == NULL || d->courier->stopping) {
		refuse(p, "no_destination", 0);
		return;
	}
	if (d->paused || (d->lane->base != NULL && d->lane->base->paused)) {
		refuse(p, "paused", 0);
		return;
	}
	int64_t ready = limiter_ready_at(d->limiter, now);
	if (ready > 0) {
		refuse(p, "limited", ready > now ? ready - now : 1000);
		return;
	}
	struct http_message m = {.path = "",
				 .header = "Accept-Encoding: identity",
				 .body = {p->body, p->body_n}};
	p->destination_now = d;
	p->limiter = d->limiter;
	p->started = now;
	p->next = d->lane->previews;
	d->lane->previews = p;
	limiter_take(d->limiter, now);
	d->in_flight++;
	d->courier->in_flight++;
	http_send(d->target, &m, on_answer, p);
}
