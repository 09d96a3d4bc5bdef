/* SPDX-License-Identifier: MIT */
/*
 * Delivery: its own thread, its own event loop with curl multi, the scheduler
 * and its timers. Gets due leads, sends each until the CRM has it, and reports
 * settlements to the queue. See delivery/scheduler.c for order and limits and
 * delivery/outcome.c for what an answer means.
 */
#ifndef LB_DELIVERY_H
#define LB_DELIVERY_H

#include "base/worker.h"
#include "leadbridge/config.h"
#include "leadbridge/store.h"

struct delivery;
struct queue;

enum condition { /* of a destination; the first that applies */
		 CONDITION_OK,
		 CONDITION_LIMITED, /* waits for the rate limit */
		 CONDITION_BROKEN,  /* breaker open */
		 CONDITION_PARKED, /* configuration or credential: a person must
				      act */
		 CONDITION_PAUSED, /* a person said so */
};
const char *condition_name(enum condition c);

/* *out is set before the thread runs, so that the answers of the queue to its
 * first questions find it. */
LB_MUST_CHECK int delivery_start(struct delivery **out, struct config *config,
				 struct queue *queue, struct err *err);
/* In-flight requests get grace_ms, then it ends; what is unsettled is sent
 * again after the next start, under the same key. */
void delivery_stop(struct delivery *d, int64_t grace_ms);
/* After delivery_stop() and after the queue has stopped calling. */
void delivery_free(struct delivery *d); /* NULL is fine */

/* ---- any thread (the queue's callbacks, the admin API) ----------------- */

void delivery_due(struct delivery *d, struct due_lead *chain, bool more);
void delivery_settled(struct delivery *d, struct settlement *chain);
void delivery_refilled(struct delivery *d, const char *destination,
		       struct due_lead *chain, bool more,
		       int64_t next_due_at_ms);
/* These were erased: they are not sent any more. */
void delivery_erased(struct delivery *d, const int64_t *ids, size_t n);
void delivery_recalled(struct delivery *d, struct recall *chain);
/* The store's answer; whose it is, it says. Takes it. */
void delivery_credential(struct credential *c);
/* New configuration; parked destinations probe at once. */
void delivery_configure(struct delivery *d, struct config *config);
/* A person's word. LB_ENOTFOUND is reported through `done` like success. */
enum destination_command { DESTINATION_PAUSE, DESTINATION_RESUME };
void delivery_command(struct delivery *d, const char *destination,
		      enum destination_command command);

struct destination_status {
	char name[QUEUE_NAME];
	enum condition condition;
	char reason[64];     /* stable word: "http_401", "paused" */
	int64_t since_ms;    /* wall clock */
	int64_t until_ms;    /* LIMITED: when it goes on; 0: unknown */
	int64_t sending;     /* in flight */
	int64_t active;      /* leads in memory */
	int64_t tokens_left; /* of the tightest window; -1: no limit known */
	int64_t delivered, retried, limited, dead, parked; /* since start */
	int64_t concurrency;                               /* in force now */
	char trouble[64];   /* word for what a person should look at, or "" */
	int64_t trouble_ms; /* wall clock: last time */
	int64_t certificate_ends_ms; /* of its server; 0: not known */
};
/* A copy of the state as of the last turn, for the metrics and the admin API;
 * *out is from malloc. Any thread. */
void delivery_status(struct delivery *d, struct destination_status **out,
		     size_t *n);
struct heartbeat *delivery_heartbeat(struct delivery *d);

#endif
