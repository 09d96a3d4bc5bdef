/* SPDX-License-Identifier: MIT */
/*
 * GET /api/v1/queue and /api/v1/queue/ID: why something waits. The store knows
 * when a lead is due and what its last attempt came to, delivery what holds its
 * destination and its place there; the answer has both. Loop thread.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "operate/admin_internal.h"

static struct delivery_ask *ask_new(struct road *r, struct ticket ticket)
{
	struct delivery_ask *a = delivery_ask_new(DELIVERY_WHY);
	a->ticket = ticket;
	a->ctx = r;
	a->done = road_ask_done;
	return a;
}

void admin_get_queue(struct admin_call *c)
{
	struct road *r = c->admin->road;
	delivery_ask(r->delivery,
		     ask_new(r, exchange_defer(c->exchange, ADMIN_WAIT_MS)));
}

void admin_get_waiting(struct admin_call *c)
{
	admin_ask_one(c, QUERY_WAITS, NULL);
}

/* ---- the rule that set the lead's own time ------------------------------ */

static int64_t longest_try(const struct destination_config *d)
{
	return d != NULL ? d->timeout_ms : 0;
}

static void add_step(struct buf *b, const struct destination_config *d,
		     const struct query_waits *w)
{
	int64_t step = w->attempts;
	bool listed = d != NULL && step < (int64_t)d->retry.n;
	int64_t delay = d == NULL ? INT64_MAX / 2
			: listed  ? d->retry.v[step]
				  : d->retry_every_ms;
	/* Jitter adds half at most, and the attempt took time itself. */
	if (w->due_ms - w->last_ms > delay * 3 / 2 + longest_try(d))
		buf_addf(b, "Retry-After of an answer %s", w->reason);
	else if (listed)
		buf_addf(b,
			 "back-off: step %lld of retry, %lld s with jitter, "
			 "after %s",
			 (long long)step + 1,
			 (long long)d->retry.v[step] / 1000, w->reason);
	else if (d != NULL)
		buf_addf(b,
			 "back-off: retry_every, %lld s with jitter, after %s",
			 (long long)d->retry_every_ms / 1000, w->reason);
	else
		buf_addf(b, "back-off after %s", w->reason);
}

static void add_rule(struct buf *out, const struct config *config,
		     const struct query *q)
{
	const struct query_waits *w = &q->waits;
	struct buf b;
	buf_init(&b, 512);
	switch (w->outcome) {
	case OUTCOME_NONE:
	case OUTCOME_SENT:
		buf_addf(&b, "first try: at once");
		break;
	case OUTCOME_RETRY:
		add_step(&b,
			 config_destination(config, str_from(q->destination)),
			 w);
		break;
	case OUTCOME_LIMITED:
		buf_addf(&b, "the destination asked for time with %s",
			 w->reason);
		break;
	case OUTCOME_PARK:
		buf_addf(&b, "waits with its destination, after %s", w->reason);
		break;
	case OUTCOME_DEAD:
		buf_addf(&b, "put back by a person, after %s", w->reason);
		break;
	}
	buf_addf(out, ",\"rule\":");
	buf_add_json(out, buf_str(&b));
	buf_release(&b);
}

static void add_stored(struct buf *b, const struct config *config,
		       const struct query *q)
{
	const struct query_waits *w = &q->waits;
	buf_addf(b, "{\"id\":%lld,\"state\":\"%s\",\"source\":\"%s\"",
		 (long long)q->id, q->state, q->source);
	admin_add_time(b, "received_at", w->received_ms);
	if (!w->waits)
		return;
	admin_add_time(b, "due_at", w->due_ms);
	buf_addf(b, ",\"attempts\":%lld", (long long)w->attempts);
	admin_add_time(b, "last_attempt", w->last_ms);
	buf_addf(b, ",\"last_reason\":");
	if (w->last_ms > 0)
		buf_add_json(b, str_from(w->reason));
	else
		buf_addf(b, "null");
	add_rule(b, config, q);
}

bool admin_on_waits(struct admin *a, struct exchange *x, const struct query *q)
{
	if (q->kind != QUERY_WAITS)
		return false;
	struct delivery_ask *ask = ask_new(a->road, q->ticket);
	add_stored(&ask->json, a->road->config, q);
	if (!q->waits.waits) { /* nobody has to be asked */
		buf_addf(&ask->json, ",\"queue\":null}\n");
		admin_reply_json(x, 200, buf_str(&ask->json));
		delivery_ask_free(ask);
		return true;
	}
	buf_addf(&ask->json, ",\"queue\":");
	(void)!snprintf(ask->destination, sizeof(ask->destination), "%s",
			q->destination);
	ask->lead = q->id;
	ask->due_at_ms = q->waits.due_ms;
	delivery_ask(a->road->delivery, ask);
	return true;
}

/* ---- delivery has answered ---------------------------------------------- */

static void reply_all(struct admin *a, struct exchange *x,
		      const struct delivery_ask *ask)
{
	struct queue_backlog *waiting = NULL;
	size_t n = 0;
	struct buf b;
	buf_init(&b, ADMIN_TEXT_MAX);
	buf_addf(&b, "{\"destinations\":");
	buf_add_str(&b, buf_str(&ask->json));
	buf_addf(&b, ",\"waiting\":{");
	queue_backlog(a->road->queue, &waiting, &n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s\"%s\":%lld", i > 0 ? "," : "", waiting[i].name,
			 (long long)waiting[i].waiting);
	free(waiting);
	buf_addf(&b, "}}\n");
	admin_reply_buf(x, &b);
}

static void reply_why(struct admin *a, struct exchange *x,
		      struct delivery_ask *ask)
{
	if (ask->destination[0] == '\0') {
		reply_all(a, x, ask);
		return;
	}
	/* A destination that is configured no more: its leads wait on disk. */
	buf_addf(&ask->json, ask->result == LB_OK ? "}\n" : "null}\n");
	admin_reply_json(x, 200, buf_str(&ask->json));
}

void admin_on_asked(void *ctx, struct delivery_ask *ask)
{
	struct admin *a = ctx;
	struct exchange *x = listener_find(a->listener, ask->ticket);
	if (x != NULL && ask->kind == DELIVERY_SEND &&
	    is_bulk_queue(str_from(ask->destination)))
		admin_on_preview(x, ask);
	else if (x != NULL && ask->kind == DELIVERY_WHY)
		reply_why(a, x, ask);
	else if (x != NULL)
		admin_on_sent(a, x, ask);
	delivery_ask_free(ask);
}
