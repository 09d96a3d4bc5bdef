/* SPDX-License-Identifier: MIT */
/*
 * The stations of one running daemon: start, drain, reload, close, and the
 * mailbox through which the store and reader threads report to the loop. What
 * happens to one webhook is in webhooks.c.
 */
#include "operate/road.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "operate/mapped.h"
#include "operate/privacy.h"
#include "operate/webhooks.h"

enum report_kind {
	REPORT_SUBMISSION = 1,
	REPORT_QUERY,
	REPORT_CONDITION,
	REPORT_MAPPED,
	REPORT_PRIVACY,
	REPORT_ASKED,
};

struct condition_report {
	struct message message;
	enum queue_condition condition;
	char text[200];
};

/* ---- called on the store and reader threads: hand over only ------------- */

static void on_submitted(void *ctx, struct submission *chain)
{
	struct road *r = ctx;
	struct message *first = NULL, *last = NULL;
	for (struct submission *s = chain; s != NULL; s = s->next) {
		s->message.kind = REPORT_SUBMISSION;
		s->message.next = NULL;
		if (last != NULL)
			last->next = &s->message;
		else
			first = &s->message;
		last = &s->message;
	}
	if (first != NULL)
		mailbox_post_chain(r->reports, first, last);
}

static void on_due(void *ctx, struct due_lead *chain, bool more)
{
	struct road *r = ctx;
	delivery_due(r->delivery, chain, more);
}

static void on_settled(void *ctx, struct settlement *chain)
{
	struct road *r = ctx;
	int64_t now = clock_wall_ms();
	for (struct settlement *s = chain; s != NULL; s = s->next)
		if (s->result == LB_OK) {
			metrics_settled(r->metrics, s, now);
			activity_settled(r->activity, s, now);
		}
	delivery_settled(r->delivery, chain);
}

static void on_refilled(void *ctx, const char *destination,
			struct due_lead *chain, bool more,
			int64_t next_due_at_ms)
{
	struct road *r = ctx;
	delivery_refilled(r->delivery, destination, chain, more,
			  next_due_at_ms);
}

static void on_recalled(void *ctx, struct recall *chain)
{
	struct road *r = ctx;
	delivery_recalled(r->delivery, chain);
}

static void on_erased(void *ctx, const int64_t *ids, size_t n)
{
	struct road *r = ctx;
	delivery_erased(r->delivery, ids, n);
}

static void on_condition(void *ctx, enum queue_condition condition,
			 const char *text)
{
	struct road *r = ctx;
	struct condition_report *c = xcalloc(1, sizeof(*c));
	c->message.kind = REPORT_CONDITION;
	c->condition = condition;
	(void)!snprintf(c->text, sizeof(c->text), "%s", text);
	mailbox_post(r->reports, &c->message);
}

void road_query_done(void *ctx, struct query *q)
{
	struct road *r = ctx;
	q->message.kind = REPORT_QUERY;
	mailbox_post(r->reports, &q->message);
}

void road_privacy_done(void *ctx, struct query *q)
{
	struct road *r = ctx;
	q->message.kind = REPORT_PRIVACY;
	mailbox_post(r->reports, &q->message);
}

void road_ask_done(void *ctx, struct delivery_ask *a)
{
	struct road *r = ctx;
	a->message.kind = REPORT_ASKED;
	mailbox_post(r->reports, &a->message);
}

/* ---- loop thread ------------------------------------------------------- */

static void take_condition(struct road *r, struct condition_report *c)
{
	switch (c->condition) {
	case QUEUE_OK:
		log_info("store_ok", "reason=\"%s\"", c->text);
		break;
	case QUEUE_FULL:
		log_error("store_full", "reason=\"%s\" action=try_later",
			  c->text);
		break;
	case QUEUE_FAILED:
		log_error("store_failed", "reason=\"%s\" action=exit", c->text);
		r->on_failed(r->on_failed_ctx);
		break;
	}
	free(c);
}

static void on_reports(void *ctx)
{
	struct road *r = ctx;
	struct message *next;
	for (struct message *m = mailbox_take(r->reports); m != NULL;
	     m = next) {
		next = m->next;
		switch ((enum report_kind)m->kind) {
		case REPORT_SUBMISSION:
			webhooks_stored(r, (struct submission *)m);
			break;
		case REPORT_QUERY:
			r->on_query(r->on_query_ctx, (struct query *)m);
			break;
		case REPORT_CONDITION:
			take_condition(r, (struct condition_report *)m);
			break;
		case REPORT_MAPPED:
			mapped_done(r, m);
			break;
		case REPORT_PRIVACY:
			privacy_answer(r->privacy, (struct query *)m);
			break;
		case REPORT_ASKED:
			r->on_asked(r->on_query_ctx, (struct delivery_ask *)m);
			break;
		}
	}
}

static void on_beat(void *ctx)
{
	struct road *r = ctx;
	heartbeat_beat(&r->heartbeat);
	held_expire(r->held, clock_wall_ms());
}

static struct listener_config listener_config_of(const struct config *c)
{
	return (struct listener_config){
	    .listen = c->listen,
	    .n_listen = c->n_listen,
	    .limits = &c->limits,
	    .trusted_proxies = &c->trusted_proxies,
	    .public_url = c->public_url,
	    .unix_mode = 0660,
	};
}

static int open_stations(struct road *r, struct err *err)
{
	struct queue_events events = {
	    .ctx = r,
	    .submitted = on_submitted,
	    .due = on_due,
	    .settled = on_settled,
	    .refilled = on_refilled,
	    .recalled = on_recalled,
	    .erased = on_erased,
	    .condition = on_condition,
	};
	int rc = queue_open(&r->queue, r->config, &events, err);
	if (rc == 0)
		rc = mapped_open(r, REPORT_MAPPED, err);
	if (rc != 0)
		return rc;
	r->privacy = privacy_new(r);
	rc = delivery_start(&r->delivery, r->config, r->queue, err);
	if (rc != 0)
		return rc;
	struct listener_config config = listener_config_of(r->config);
	struct http_handler handler = webhooks_handler(r);
	return listener_new(&r->webhooks, r->loop, &config, &handler, err);
}

int road_open(struct road *r, struct config *config, struct err *err)
{
	r->config = config_ref(config);
	r->started_ms = clock_mono_ms();
	r->metrics = metrics_new();
	r->activity = activity_new();
	metrics_configure(r->metrics, config);
	r->reports = mailbox_new();
	r->rates = rate_table_new();
	r->held = held_new();
	if (loop_watch_read(r->loop, mailbox_fd(r->reports), on_reports, r,
			    &r->reports_watch) != 0)
		return err_set(err, LB_ESYSTEM, "cannot watch the mailbox");
	r->beat = loop_timer_new(r->loop, on_beat, r);
	loop_timer_every(r->beat, 500);
	return open_stations(r, err);
}

void road_drain(struct road *r)
{
	r->draining = true;
	if (r->webhooks != NULL)
		listener_stop_accepting(r->webhooks);
}

bool road_drained(const struct road *r)
{
	return r->webhooks == NULL || (listener_pending(r->webhooks) == 0 &&
				       listener_connections(r->webhooks) == 0);
}

void road_quiesce(struct road *r, int64_t grace_ms)
{
	privacy_stop(r->privacy);
	/* What was being mapped may still be stored. */
	mapped_stop(r);
	if (r->reports != NULL)
		on_reports(r);
	/* Delivery reports to the queue, the queue to the loop: in that order,
	 * so that nobody writes to one who is gone. */
	if (r->delivery != NULL)
		delivery_stop(r->delivery, grace_ms);
	if (r->queue != NULL)
		queue_stop(r->queue);
	if (r->reports != NULL)
		on_reports(r);
}

void road_close(struct road *r)
{
	listener_free(r->webhooks);
	mapped_close(r);
	privacy_free(r->privacy);
	rate_table_free(r->rates);
	held_free(r->held);
	delivery_free(r->delivery);
	queue_free(r->queue);
	loop_watch_free(r->reports_watch);
	loop_timer_free(r->beat);
	mailbox_free(r->reports);
	activity_free(r->activity);
	metrics_free(r->metrics);
	config_unref(r->config);
}

int road_reload(struct road *r, struct config *next, struct err *err)
{
	struct listener_config config = listener_config_of(next);
	int rc = listener_reload(r->webhooks, &config, err);
	if (rc != 0)
		return rc;
	struct config *old = r->config;
	r->config = config_ref(next);
	log_setup(next->log_level, next->log_json);
	metrics_configure(r->metrics, next);
	queue_configure(r->queue, next);
	delivery_configure(r->delivery, next);
	config_unref(old);
	return 0;
}

bool road_ready(const struct road *r)
{
	return !r->draining && queue_condition(r->queue) == QUEUE_OK;
}
