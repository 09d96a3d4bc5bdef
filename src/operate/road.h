/* SPDX-License-Identifier: MIT */
/*
 * The road, laid: listener -> source -> queue -> delivery, and the answers
 * back. Owns the stations of one running daemon and the mailbox through which
 * the other threads report to the loop.
 */
#ifndef LB_ROAD_H
#define LB_ROAD_H

#include "base/loop.h"
#include "delivery/ask.h"
#include "delivery/delivery.h"
#include "ingress/listener.h"
#include "ingress/rate.h"
#include "leadbridge/config.h"
#include "operate/activity.h"
#include "operate/held.h"
#include "operate/metrics.h"
#include "queue/queue.h"

struct road {
	struct loop *loop;
	struct config *config; /* in force; one reference */
	struct metrics *metrics;
	struct activity *activity; /* for those who watch the page */
	struct queue *queue;
	struct delivery *delivery;
	struct listener *webhooks;
	struct rate_table *rates; /* of addresses, per source */
	struct held *held;        /* refused, while setting up */
	struct alarms *alarms;    /* NULL: not yet, or no more */
	struct mailbox *reports;  /* to the loop: submissions, queries */
	struct loop_watch *reports_watch;
	struct heartbeat heartbeat; /* of the loop */
	struct loop_timer *beat;
	struct mapper *mapper; /* runs what has no limit: jq */
	struct loop_timer *mapper_look;
	uint64_t mapped_in, mapped_out; /* tasks, in their order */
	struct privacy *privacy;        /* requests that are under way */
	int64_t started_ms;             /* monotonic */
	bool draining;
	void (*on_query)(void *ctx, struct query *q); /* admin answers */
	void (*on_replayed)(void *ctx, struct submission *s);
	void (*on_replay_failed)(void *ctx, struct ticket t, const char *text);
	void (*on_asked)(void *ctx, struct delivery_ask *a);
	void *on_query_ctx;           /* of the four */
	void (*on_failed)(void *ctx); /* the store gave up: loop thread */
	void *on_failed_ctx;
};

/* Opens the store, starts delivery, opens the webhook listener. */
LB_MUST_CHECK int road_open(struct road *r, struct config *config,
			    struct err *err);
/* No new connections; what is open is still taken, committed, answered. */
void road_drain(struct road *r);
bool road_drained(const struct road *r);
/* In-flight deliveries get grace_ms; then everything is committed and the
 * threads end. The counters can still be read until road_close(). */
void road_quiesce(struct road *r, int64_t grace_ms);
void road_close(struct road *r);
/* Swaps a checked configuration in; on error nothing has changed. */
LB_MUST_CHECK int road_reload(struct road *r, struct config *next,
			      struct err *err);
/* For `done` of a query: hands it to the loop thread. Any thread. */
void road_query_done(void *ctx, struct query *q);
/* The same for those of operate/privacy.c. */
void road_privacy_done(void *ctx, struct query *q);
/* The same for `done` of what delivery was asked. */
void road_ask_done(void *ctx, struct delivery_ask *a);
/* Maps a stored request again with the configuration in force and submits it
 * in place of quarantined unit `unit`; on_replayed says what became of it. */
LB_MUST_CHECK int road_replay(struct road *r, const struct submission *raw,
			      int64_t unit, struct ticket ticket,
			      struct err *err);
/* Judges the held requests of a source again and submits what is proven now.
 * *why: what the last one is still refused for, or NULL. */
struct held_retry {
	size_t proven, refused;
	const char *why;
};
void road_retry_held(struct road *r, const struct source *source,
		     struct held_retry *out);
/* Able to persist: what /readyz says. */
bool road_ready(const struct road *r);
/* Fills what the metrics do not know; release with road_inputs_release. */
void road_inputs(struct road *r, struct metrics_inputs *in);
void road_inputs_release(struct metrics_inputs *in);

#endif
