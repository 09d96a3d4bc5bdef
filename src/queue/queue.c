/* SPDX-License-Identifier: MIT */
/*
 * The queue as other threads see it: opening and closing, and the calls that
 * put something into a mailbox. What happens then is in writer.c, batch.c and
 * reader.c.
 */
#include "queue/queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "queue/queue_parts.h"

enum { QUIET_START_MS = 60 * 1000 };

static struct queue_backlog *backlog_of(struct queue *q, const char *name)
{
	for (size_t i = 0; i < q->n_backlog; i++)
		if (strcmp(q->backlog[i].name, name) == 0)
			return &q->backlog[i];
	q->backlog = xgrow(q->backlog, &q->cap_backlog, q->n_backlog + 1,
			   sizeof(*q->backlog));
	struct queue_backlog *b = &q->backlog[q->n_backlog++];
	*b = (struct queue_backlog){0};
	(void)snprintf(b->name, sizeof(b->name), "%s", name);
	return b;
}

static void on_waiting(void *ctx, const char *destination, int64_t waiting)
{
	backlog_of(ctx, destination)->waiting = waiting;
}

static void on_aside(void *ctx, const char *source, int64_t dead,
		     int64_t quarantined)
{
	struct queue *q = ctx;
	q->aside =
	    xgrow(q->aside, &q->cap_aside, q->n_aside + 1, sizeof(*q->aside));
	struct queue_aside *a = &q->aside[q->n_aside++];
	*a = (struct queue_aside){.dead = dead, .quarantined = quarantined};
	(void)snprintf(a->source, sizeof(a->source), "%s", source);
}

static void on_confirmed(void *ctx, const char *destination, int64_t confirmed)
{
	backlog_of(ctx, destination)->confirmed = confirmed;
}

void queue_publish(struct queue *q)
{
	q->ops->totals(q->store, &q->gauges);
	for (size_t i = 0; i < q->n_backlog; i++)
		q->backlog[i].waiting = 0;
	q->ops->waiting(q->store, on_waiting, q);
	q->n_aside = 0;
	q->ops->aside(q->store, on_aside, q);
	q->ops->confirmed(q->store, on_confirmed, q);
}

static void free_parts(struct queue *q)
{
	space_release(&q->space);
	mailbox_free(q->to_store);
	mailbox_free(q->to_reader);
	table_free(q->appetites, free);
	table_free(q->apart, free);
	free(q->backlog);
	free(q->aside);
	lock_free(q->lock);
	mem_wipe(q->secret, sizeof(q->secret));
	free(q);
}

static struct queue *make(const struct config *config,
			  const struct queue_events *events)
{
	struct queue *q = xcalloc(1, sizeof(*q));
	q->events = *events;
	q->retain = config->store.retain;
	q->pending_max = config->limits.pending;
	q->pending_bytes_max = config->limits.pending_bytes;
	q->to_store = mailbox_new();
	q->to_reader = mailbox_new();
	q->appetites = table_new();
	q->apart = table_new();
	q->lock = lock_new();
	/* Not in the first minute: a start has enough to do. */
	q->tidy_at_ms =
	    clock_mono_ms() + (fault_armed("retention") ? 0 : QUIET_START_MS);
	q->compact_at_ms = q->tidy_at_ms;
	return q;
}

/* The longest wait that can be meant: jitter adds half to a pause at most. */
static int64_t longest_wait(int64_t retry_every_ms)
{
	int64_t longest = retry_every_ms * 3 / 2;
	return longest > ASKED_WAIT_MAX_MS ? longest : ASKED_WAIT_MAX_MS;
}

/* Due times a clock wrote that was ahead: nobody waits for that day. */
static int clamp_due(struct queue *q, const struct config *config,
		     struct err *err)
{
	int64_t now = clock_wall_ms();
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < config->n_destinations; i++) {
		const struct destination_config *c = config->destinations[i];
		char bulk[QUEUE_NAME];
		int64_t latest = now + longest_wait(c->retry_every_ms);
		struct str names[] = {str_from(c->name),
				      bulk_queue(str_from(c->name), bulk)};
		for (int k = 0; rc == 0 && k < 2; k++)
			rc = q->ops->clamp_due(q->store, names[k], latest,
					       now + c->retry_every_ms, err);
	}
	for (size_t i = 0; rc == 0 && i < config->n_sources; i++) {
		char queue[QUEUE_NAME];
		rc = q->ops->clamp_due(
		    q->store,
		    fetch_queue(str_from(config->sources[i]->name), queue),
		    now + longest_wait(FETCH_RETRY_EVERY_MS),
		    now + FETCH_RETRY_EVERY_MS, err);
	}
	return rc;
}

static int open_store(struct queue *q, const struct config *config,
		      struct err *err)
{
	const struct store_config *c = &config->store;
	q->ops = store_find(c->backend);
	if (q->ops == NULL)
		return err_set(err, LB_EINVAL, "unknown store backend '%s'",
			       c->backend);
	int rc = q->ops->open(&q->store, c, err);
	if (rc != 0)
		return rc;
	rc = clamp_due(q, config, err);
	if (rc != 0)
		return rc;
	struct str secret = q->ops->secret(q->store);
	lb_assert(secret.n == sizeof(q->secret));
	memcpy(q->secret, secret.p, secret.n);
	queue_publish(q);
	space_init(&q->space, c);
	/* Known before the first request: nobody is told later. */
	if (!space_is_enough(&q->space))
		q->condition = QUEUE_FULL;
	return q->ops->reader_open(&q->reader, c, err);
}

static void post_stop(struct mailbox *to)
{
	struct message *stop = xcalloc(1, sizeof(*stop));
	stop->kind = MESSAGE_STOP;
	mailbox_post(to, stop);
}

static void stop_threads(struct queue *q)
{
	if (q->store_worker != NULL)
		post_stop(q->to_store);
	if (q->reader_worker != NULL) {
		post_stop(q->to_reader);
		if (q->reader_beat.asleep)
			q->ops->reader_interrupt(q->reader);
	}
	worker_join(q->reader_worker);
	worker_join(q->store_worker);
	q->store_worker = q->reader_worker = NULL;
	/* The reader first: the last connection to close cleans up. */
	if (q->reader != NULL)
		q->ops->reader_close(q->reader);
	if (q->store != NULL)
		q->ops->close(q->store);
	q->reader = NULL;
	q->store = NULL;
}

int queue_open(struct queue **out, const struct config *config,
	       const struct queue_events *events, struct err *err)
{
	struct queue *q = make(config, events);
	int rc = open_store(q, config, err);
	if (rc == 0)
		rc = worker_start(&q->store_worker, "store", writer_main, q,
				  err);
	if (rc == 0)
		rc = worker_start(&q->reader_worker, "reader", reader_main, q,
				  err);
	if (rc != 0) {
		queue_free(q);
		return rc;
	}
	*out = q;
	return 0;
}

void queue_stop(struct queue *q)
{
	stop_threads(q);
}

void queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	stop_threads(q);
	free_parts(q);
}

struct str queue_secret(const struct queue *q)
{
	return (struct str){(const char *)q->secret, sizeof(q->secret)};
}

enum queue_condition queue_condition(const struct queue *q)
{
	return (enum queue_condition)q->condition;
}

void queue_configure(struct queue *q, struct config *config)
{
	struct configure_message *m = xcalloc(1, sizeof(*m));
	m->message.kind = MESSAGE_CONFIGURE;
	m->retain = config->store.retain;
	m->low_water = config->store.low_water;
	q->pending_max = config->limits.pending;
	q->pending_bytes_max = config->limits.pending_bytes;
	mailbox_post(q->to_store, &m->message);
}

int queue_submit(struct queue *q, struct submission *s)
{
	int64_t bytes = (int64_t)submission_size(s);
	switch (queue_condition(q)) {
	case QUEUE_OK:
		break;
	case QUEUE_FULL:
		return LB_ENOSPC;
	case QUEUE_FAILED:
		return LB_EIO;
	}
	if (q->pending >= q->pending_max ||
	    q->pending_bytes + bytes > q->pending_bytes_max)
		return LB_EBUSY;
	q->pending++;
	q->pending_bytes += bytes;
	s->message.kind = MESSAGE_SUBMIT;
	mailbox_post(q->to_store, &s->message);
	return 0;
}

void queue_settle(struct queue *q, struct settlement *s)
{
	fault_point("settle_judged");
	s->message.kind = MESSAGE_SETTLE;
	mailbox_post(q->to_store, &s->message);
}

void queue_set_appetite(struct queue *q, const char *destination, size_t n)
{
	struct str name = str_from(destination);
	lock_take(q->lock);
	struct appetite *a = table_get(q->appetites, name);
	if (a == NULL) {
		a = xcalloc(1, sizeof(*a));
		(void)table_put(q->appetites, name, a);
	}
	a->n = n;
	lock_drop(q->lock);
}

void queue_refill(struct queue *q, const char *destination, size_t fresh,
		  int64_t fresh_after_ms, size_t backlog)
{
	struct refill_message *m = xcalloc(1, sizeof(*m));
	m->message.kind = MESSAGE_REFILL;
	(void)snprintf(m->destination, sizeof(m->destination), "%s",
		       destination);
	m->refill.fresh = fresh;
	m->refill.fresh_after_ms = fresh_after_ms;
	m->refill.backlog = backlog;
	lock_take(q->lock);
	m->others = xstrdup(table_get(q->apart, str_from(destination)));
	lock_drop(q->lock);
	mailbox_post(q->to_reader, &m->message);
}

void queue_set_apart(struct queue *q, const char *queue, struct str accounts)
{
	struct str name = str_from(queue);
	lock_take(q->lock);
	if (accounts.n > 0)
		free(table_put(q->apart, name, xstr_dup(accounts)));
	else
		free(table_remove(q->apart, name));
	lock_drop(q->lock);
}

void queue_recall(struct queue *q, struct recall *chain)
{
	struct recall_message *m = xcalloc(1, sizeof(*m));
	m->message.kind = MESSAGE_RECALL;
	m->chain = chain;
	mailbox_post(q->to_reader, &m->message);
}

void queue_ask(struct queue *q, struct query *query)
{
	bool writes = query->kind >= COMMAND_RETRY;
	query->message.kind = MESSAGE_QUERY;
	mailbox_post(writes ? q->to_store : q->to_reader, &query->message);
}

void queue_backlog(const struct queue *q, struct queue_backlog **out, size_t *n)
{
	lock_take(q->lock);
	struct queue_backlog *copy = xcalloc(q->n_backlog + 1, sizeof(*copy));
	for (size_t i = 0; i < q->n_backlog; i++) {
		copy[i] = q->backlog[i];
		if (copy[i].waiting == 0)
			copy[i].oldest_received_ms = 0;
	}
	*n = q->n_backlog;
	lock_drop(q->lock);
	*out = copy;
}

void queue_aside(const struct queue *q, struct queue_aside **out, size_t *n)
{
	lock_take(q->lock);
	struct queue_aside *copy = xcalloc(q->n_aside + 1, sizeof(*copy));
	if (q->n_aside > 0)
		memcpy(copy, q->aside, q->n_aside * sizeof(*copy));
	*n = q->n_aside;
	lock_drop(q->lock);
	*out = copy;
}

void queue_gauges(const struct queue *q, struct queue_gauges *out)
{
	lock_take(q->lock);
	*out = q->gauges;
	lock_drop(q->lock);
}

struct heartbeat *queue_heartbeat_store(struct queue *q)
{
	return &q->store_beat;
}

struct heartbeat *queue_heartbeat_reader(struct queue *q)
{
	return &q->reader_beat;
}
