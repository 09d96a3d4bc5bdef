/* SPDX-License-Identifier: MIT */
/*
 * The reader thread: refill, questions of the admin API, and once a night the
 * full count of the ledger and a look at the form of what is on disk. Never
 * writes. A walk over the whole store may take minutes: to the watchdog that
 * counts as rest, and the end of the daemon cuts it short.
 */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/queue_parts.h"

enum {
	DAY_MS = 24 * 60 * 60 * 1000,
	NIGHT_MS = 3 * 60 * 60 * 1000 + 17 * 60 * 1000, /* 03:17 UTC */
	OLDEST_EVERY_MS = 5 * 1000,
	LOG_PAUSES = 50, /* of 2 ms */
};

static void refill(struct queue *q, struct message *m)
{
	struct refill_message *r = (void *)m;
	struct err err = {0};
	r->refill.destination = r->destination;
	r->refill.others = r->others;
	r->refill.now_ms = clock_wall_ms();
	int rc = q->ops->refill(q->reader, &r->refill, &err);
	if (rc != 0) {
		log_error("refill_failed", "destination=%s error=\"%s\"",
			  r->destination, err.text);
		/* What was read is good; the rest is still there. */
		r->refill.more = true;
	}
	fault_point("refill_read");
	q->events.refilled(q->events.ctx, r->destination, r->refill.chain,
			   r->refill.more, r->refill.next_due_at_ms);
	free(r->others);
	free(r);
}

static void recall(struct queue *q, struct message *m)
{
	struct recall_message *r = (void *)m;
	struct err err = {0};
	heartbeat_sleep(&q->reader_beat, true);
	int rc = q->ops->recall(q->reader, r->chain, &err);
	heartbeat_sleep(&q->reader_beat, false);
	if (rc != 0)
		log_error("recall_failed", "error=\"%s\"", err.text);
	fault_point("recall_read");
	q->events.recalled(q->events.ctx, r->chain);
	free(r);
}

static void note_difference(struct queue *q, const struct ledger *l)
{
	lock_take(q->lock);
	q->gauges.difference = l->difference;
	q->gauges.scanned = true;
	lock_drop(q->lock);
	if (l->difference != 0)
		log_error("ledger_difference", "difference=%lld",
			  (long long)l->difference);
}

static void ask(struct queue *q, struct query *question)
{
	heartbeat_sleep(&q->reader_beat, true);
	question->result = q->ops->answer(q->reader, question);
	heartbeat_sleep(&q->reader_beat, false);
	if (question->result == 0 && question->json.over)
		question->result = err_set(&question->err, LB_ELIMIT,
					   "the answer is too large");
	if (question->kind == QUERY_LEDGER && question->scan &&
	    question->result == 0)
		note_difference(q, &question->ledger);
	if (question->kind == QUERY_LEDGER && !question->scan) {
		lock_take(q->lock);
		question->ledger.difference = q->gauges.difference;
		lock_drop(q->lock);
	}
	question->done(question->ctx, question);
}

static void nightly(struct queue *q)
{
	struct err err = {0};
	struct query *scan = query_new(QUERY_LEDGER);
	scan->scan = true;
	int rc = q->ops->answer(q->reader, scan);
	if (rc == 0)
		note_difference(q, &scan->ledger);
	else
		log_error("ledger_scan_failed", "error=\"%s\"", scan->err.text);
	query_free(scan);
	if (q->ops->check(q->reader, &err) != 0)
		log_error("store_damaged", "error=\"%s\"", err.text);
}

/* ---- the oldest that waits --------------------------------------------- */

struct oldest {
	char name[QUEUE_NAME];
	int64_t cursor;
};

struct oldest_list {
	struct oldest *v;
	size_t n, cap;
};

/* One entry per destination, at the index it has in the backlog. */
static size_t follow(struct queue *q, struct oldest_list *list)
{
	lock_take(q->lock);
	list->v = xgrow(list->v, &list->cap, q->n_backlog, sizeof(*list->v));
	for (size_t i = 0; i < q->n_backlog; i++) {
		if (i >= list->n || q->older)
			list->v[i].cursor = 0;
		memcpy(list->v[i].name, q->backlog[i].name,
		       sizeof(list->v[i].name));
	}
	list->n = q->n_backlog;
	q->older = false;
	lock_drop(q->lock);
	return list->n;
}

static void look_at_oldest(struct queue *q, struct oldest_list *list)
{
	size_t n = follow(q, list);
	for (size_t i = 0; i < n; i++) {
		struct err err = {0};
		int64_t at = 0;
		if (q->ops->oldest(q->reader, list->v[i].name,
				   &list->v[i].cursor, &at, &err) != 0) {
			log_error("oldest_failed", "error=\"%s\"", err.text);
			return;
		}
		lock_take(q->lock);
		q->backlog[i].oldest_received_ms = at;
		lock_drop(q->lock);
	}
}

/* ---- the thread -------------------------------------------------------- */

static int64_t next_night(int64_t now_ms)
{
	int64_t at = now_ms - now_ms % DAY_MS + NIGHT_MS;
	return at > now_ms ? at : at + DAY_MS;
}

/* A reader holds the log of the store: if one followed the other without a
 * pause it would only grow, and every checkpoint would be work for nothing.
 * With nobody writing, the log may stay as it is. */
static void let_log_end(struct queue *q)
{
	static const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
	for (int i = 0; i < LOG_PAUSES && q->log_long; i++)
		(void)nanosleep(&pause, NULL);
}

/* Returns false when the thread is to end. */
static bool handle(struct queue *q, struct message *m)
{
	let_log_end(q);
	if (m->kind == MESSAGE_REFILL) {
		refill(q, m);
	} else if (m->kind == MESSAGE_RECALL) {
		recall(q, m);
	} else if (m->kind == MESSAGE_QUERY) {
		ask(q, (void *)m);
	} else {
		free(m);
		return false;
	}
	return true;
}

void reader_main(void *ctx)
{
	struct queue *q = ctx;
	int64_t night = next_night(clock_wall_ms());
	int64_t oldest_at = 0;
	struct oldest_list oldest = {0};
	bool go_on = true;
	/* Whoever asks can wait; a sender who waits for a commit should not. */
	worker_stand_back();
	while (go_on) {
		heartbeat_sleep(&q->reader_beat, true);
		struct message *m = mailbox_wait(q->to_reader, OLDEST_EVERY_MS);
		heartbeat_sleep(&q->reader_beat, false);
		while (m != NULL) {
			struct message *next = m->next;
			go_on = handle(q, m) && go_on;
			heartbeat_beat(&q->reader_beat);
			m = next;
		}
		if (go_on && clock_mono_ms() >= oldest_at) {
			look_at_oldest(q, &oldest);
			oldest_at = clock_mono_ms() + OLDEST_EVERY_MS;
		}
		if (go_on && clock_wall_ms() >= night) {
			heartbeat_sleep(&q->reader_beat, true);
			nightly(q);
			heartbeat_sleep(&q->reader_beat, false);
			night = next_night(clock_wall_ms());
		}
	}
	free(oldest.v);
}
