/* SPDX-License-Identifier: MIT */
/*
 * GET /api/v1/events: what happens, as it happens, for whoever has the page
 * open, and GET /api/v1/history: the last hour.
 *
 *   event: status   when it has changed, at most every two seconds
 *   event: leads    what became of which lead, at most every quarter second:
 *                   up to 64 of them and the number of those left out
 *   event: beat     every ten seconds, and the time: a dead line shows
 *
 * Each turn builds a text once and hands it to at most 32 clients; a client
 * that does not take it is dropped by the listener. Nothing of a person is in
 * it. Loop thread.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "operate/admin_internal.h"

enum {
	CLIENTS_MAX = 32,
	TURN_TEXT_MAX = 2 * ADMIN_TEXT_MAX,
	QUIET_TURN_MS = 2000, /* nobody watches: only the history grows */
	TURN_MS = 250,
	STATUS_MS = 2000,
	BEAT_MS = 10000,
	MINUTE_MS = 60000,
	/* Then the browser comes back, and has to prove itself again. */
	STREAM_MS = 3600 * 1000,
};

struct client {
	struct ticket ticket;
	int64_t until_ms;
};

struct admin_events {
	struct admin *admin;
	struct activity *activity;
	struct loop_timer *timer;
	struct client clients[CLIENTS_MAX];
	size_t n;
	struct history history;
	struct buf status; /* as it was sent last */
	int64_t looked_ms, beat_ms;
};

/* ---- what was before -------------------------------------------------------
 */

static void ask_past(struct admin_events *e)
{
	struct road *r = e->admin->road;
	struct query *q = query_new(QUERY_PAST);
	int64_t now_ms = clock_wall_ms();
	q->until_ms = now_ms;
	q->since_ms = now_ms - now_ms % MINUTE_MS -
		      (QUERY_PAST_MINUTES - 1) * (int64_t)MINUTE_MS;
	q->ctx = r;
	q->done = road_query_done;
	queue_ask(r->queue, q);
}

void admin_events_past(struct admin_events *e, const struct query *q)
{
	size_t from = 0;
	if (q->result != LB_OK)
		return; /* it begins empty, then */
	while (from < QUERY_PAST_MINUTES &&
	       q->since_ms + (int64_t)from * MINUTE_MS < q->past_whole_ms)
		from++;
	history_recall(&e->history, q->past + from, QUERY_PAST_MINUTES - from,
		       q->since_ms + (int64_t)from * MINUTE_MS);
}

/* ---- what is told ----------------------------------------------------------
 */

static void look(struct admin_events *e, const struct metrics_inputs *in)
{
	struct history_look now = {
	    .waiting = in->gauges.states[UNIT_WAITING] +
		       in->gauges.states[UNIT_FETCHING],
	    .oldest_s = metrics_oldest_s(in),
	};
	metrics_totals(e->admin->road->metrics, &now.accepted, &now.delivered,
		       &now.dead);
	history_add(&e->history, &now, in->now_ms);
}

static void print_status(struct admin_events *e,
			 const struct metrics_inputs *in, struct buf *b)
{
	buf_addf(b, "event: status\ndata: {\"ready\":%s,\"ledger\":",
		 road_ready(e->admin->road) ? "true" : "false");
	metrics_ledger(in, b);
	buf_addf(b, ",\"oldest_waiting_s\":%lld,",
		 (long long)metrics_oldest_s(in));
	admin_add_destinations(b, in);
	buf_addf(b, "}\n\n");
}

static void print_leads(struct admin_events *e, struct buf *b)
{
	struct activity_lead leads[ACTIVITY_MAX];
	uint64_t missed;
	char at[CLOCK_TEXT];
	size_t n = activity_take(e->activity, leads, &missed);
	if (n == 0)
		return;
	buf_addf(b, "event: leads\ndata: {\"leads\":[");
	for (size_t i = 0; i < n; i++) {
		const struct activity_lead *l = &leads[i];
		clock_format(l->at_ms, at);
		buf_addf(b,
			 "%s{\"id\":%lld,\"source\":\"%s\","
			 "\"destination\":\"%s\",\"state\":\"%s\","
			 "\"at\":\"%s\"}",
			 i > 0 ? "," : "", (long long)l->id, l->source,
			 l->destination, unit_state_name(l->state), at);
	}
	buf_addf(b, "],\"missed\":%llu}\n\n", (unsigned long long)missed);
}

/* Looks at everything, rarely; the text of it where it has changed. */
static void add_status(struct admin_events *e, struct buf *b, int64_t now_ms)
{
	struct metrics_inputs in;
	struct buf status;
	if (now_ms - e->looked_ms < STATUS_MS)
		return;
	e->looked_ms = now_ms;
	buf_init(&status, ADMIN_TEXT_MAX);
	road_inputs(e->admin->road, &in);
	look(e, &in);
	if (e->n > 0)
		print_status(e, &in, &status);
	road_inputs_release(&in);
	if (!status.over && !str_eq(buf_str(&status), buf_str(&e->status))) {
		buf_add_str(b, buf_str(&status));
		buf_release(&e->status);
		e->status = status;
	} else {
		buf_release(&status);
	}
}

static void add_beat(struct admin_events *e, struct buf *b, int64_t now_ms)
{
	char now[CLOCK_TEXT];
	if (now_ms - e->beat_ms < BEAT_MS)
		return;
	e->beat_ms = now_ms;
	clock_format(clock_wall_ms(), now);
	/* The comment is for proxies, which count on it. */
	buf_addf(b, ":\nevent: beat\ndata: {\"now\":\"%s\"}\n\n", now);
}

/* ---- whom it is told -------------------------------------------------------
 */

static void drop(struct admin_events *e, size_t i)
{
	e->clients[i] = e->clients[--e->n];
	if (e->n > 0)
		return;
	activity_watch(e->activity, false);
	loop_timer_every(e->timer, QUIET_TURN_MS);
}

static void tell(struct admin_events *e, struct str text, int64_t now_ms)
{
	for (size_t i = e->n; i-- > 0;) {
		const struct client *c = &e->clients[i];
		struct exchange *x =
		    listener_find(e->admin->listener, c->ticket);
		if (x != NULL && now_ms >= c->until_ms)
			exchange_finish(x);
		else if (x != NULL && (text.n == 0 || exchange_send(x, text)))
			continue;
		drop(e, i);
	}
}

static void on_turn(void *ctx)
{
	struct admin_events *e = ctx;
	struct buf text;
	int64_t now_ms = clock_mono_ms();
	buf_init(&text, TURN_TEXT_MAX);
	add_status(e, &text, now_ms);
	if (e->n > 0) {
		add_beat(e, &text, now_ms);
		print_leads(e, &text);
	}
	tell(e, buf_str(&text), now_ms);
	buf_release(&text);
}

/* ---- calls ------------------------------------------------------------------
 */

static void begin(struct admin_events *e, struct exchange *x)
{
	struct reply head = {.status = 200,
			     .content_type = "text/event-stream"};
	head.extra[head.n_extra++] =
	    (struct header){STR("Cache-Control"), STR("no-store")};
	/* nginx would keep it all for later. */
	head.extra[head.n_extra++] =
	    (struct header){STR("X-Accel-Buffering"), STR("no")};
	if (e->n == 0) {
		activity_watch(e->activity, true);
		loop_timer_every(e->timer, TURN_MS);
	}
	e->clients[e->n++] = (struct client){exchange_stream(x, &head),
					     clock_mono_ms() + STREAM_MS};
	/* The next turn brings the new one up to date. */
	buf_reset(&e->status);
	e->looked_ms = e->beat_ms = 0;
}

void admin_get_events(struct admin_call *c)
{
	struct admin_events *e = c->admin->events;
	if (c->request->method == HTTP_HEAD)
		exchange_reply(c->exchange, &(struct reply){.status = 204});
	else if (e->n == CLIENTS_MAX)
		admin_reply_error(c->exchange, 503, "too_many",
				  "as many as there may be are watching");
	else
		begin(e, c->exchange);
}

void admin_get_history(struct admin_call *c)
{
	struct metrics_inputs in;
	struct buf b;
	buf_init(&b, ADMIN_TEXT_MAX);
	road_inputs(c->admin->road, &in);
	look(c->admin->events, &in);
	road_inputs_release(&in);
	history_print(&c->admin->events->history, &b);
	admin_reply_buf(c->exchange, &b);
}

/* ---- life -------------------------------------------------------------------
 */

struct admin_events *admin_events_new(struct admin *a)
{
	struct admin_events *e = xcalloc(1, sizeof(*e));
	e->admin = a;
	e->activity = a->road->activity;
	buf_init(&e->status, ADMIN_TEXT_MAX);
	e->timer = loop_timer_new(a->road->loop, on_turn, e);
	loop_timer_every(e->timer, QUIET_TURN_MS);
	ask_past(e);
	return e;
}

void admin_events_end(struct admin_events *e)
{
	for (size_t i = e->n; i-- > 0;) {
		struct exchange *x =
		    listener_find(e->admin->listener, e->clients[i].ticket);
		if (x != NULL)
			exchange_finish(x);
		drop(e, i);
	}
	loop_timer_stop(e->timer);
}

void admin_events_free(struct admin_events *e)
{
	if (e == NULL)
		return;
	loop_timer_free(e->timer);
	buf_release(&e->status);
	free(e);
}
