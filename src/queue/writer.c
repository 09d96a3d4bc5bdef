/* SPDX-License-Identifier: MIT */
/*
 * The store thread. It takes whatever came in while the last commit ran and
 * makes the next batch of it: no delay of its own, and batches grow with the
 * load by themselves. Between batches it looks after room on the disk,
 * retention and the log of the store.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/queue_parts.h"

enum {
	LOOK_MS = 250,        /* at the room on the disk */
	FULL_MS = 2000,       /* after a write found no room */
	IDLE_MS = 1000,       /* longest sleep */
	SLICE_GAP_MS = 5,     /* between slices of retention, when idle */
	SLICE_BUSY_MS = 1000, /* under load */
	TIDY_EVERY_MS = 6 * 60 * 60 * 1000,
	COMPACT_EVERY_MS = 24 * 60 * 60 * 1000,
};

static const char *const condition_words[] = {
    [QUEUE_OK] = "ok",
    [QUEUE_FULL] = "full",
    [QUEUE_FAILED] = "failed",
};

void queue_set_condition(struct queue *q, enum queue_condition condition,
			 const char *text)
{
	if (q->condition == (int)condition || q->condition == QUEUE_FAILED)
		return;
	q->condition = (int)condition;
	if (condition == QUEUE_OK)
		log_info("store_condition", "condition=%s text=\"%s\"",
			 condition_words[condition], text);
	else
		log_error("store_condition", "condition=%s text=\"%s\"",
			  condition_words[condition], text);
	q->events.condition(q->events.ctx, condition, text);
}

void queue_out_of_room(struct queue *q, const char *text)
{
	/* Room may be short in a way the file system does not show (a quota):
	 * opening and closing in turn would help nobody. */
	q->looked_at_ms = clock_mono_ms() + FULL_MS;
	queue_set_condition(q, QUEUE_FULL, text);
}

static void look_at_room(struct queue *q, int64_t now)
{
	if (q->looked_at_ms != 0 && now - q->looked_at_ms < LOOK_MS)
		return;
	q->looked_at_ms = now;
	if (space_is_enough(&q->space))
		queue_set_condition(q, QUEUE_OK, "room again");
	else
		queue_set_condition(q, QUEUE_FULL, "free space is low");
}

/* What the store did between batches failed. No room is no reason to stop. */
static void judge(struct queue *q, int rc, const struct err *err)
{
	if (rc == LB_ENOSPC) {
		(void)space_give_up(&q->space);
		queue_out_of_room(q, err->text);
	} else if (rc != 0) {
		queue_set_condition(q, QUEUE_FAILED, err->text);
	}
}

static void tidy(struct queue *q, int64_t now, bool busy)
{
	struct err err = {0};
	if (now < q->tidy_at_ms ||
	    (busy && now - q->slice_at_ms < SLICE_BUSY_MS))
		return;
	q->slice_at_ms = now;
	q->tidying = false;
	int rc = q->ops->tidy(q->store, &q->retain, clock_wall_ms(),
			      &q->tidying, &err);
	if (!q->tidying)
		q->tidy_at_ms = now + TIDY_EVERY_MS;
	judge(q, rc, &err);
}

static void compact(struct queue *q, int64_t now)
{
	struct err err = {0};
	if (now < q->compact_at_ms)
		return;
	q->compact_at_ms = now + COMPACT_EVERY_MS;
	judge(q, q->ops->compact(q->store, &err), &err);
}

static void between_batches(struct queue *q, bool busy)
{
	struct err err = {0};
	int64_t now = clock_mono_ms();
	if (q->condition == QUEUE_FAILED)
		return;
	judge(q, q->ops->upkeep(q->store, &err), &err);
	q->log_long = q->ops->log_long(q->store);
	look_at_room(q, now);
	if (q->condition != QUEUE_FAILED)
		tidy(q, now, busy);
	if (!busy && q->condition != QUEUE_FAILED)
		compact(q, now);
}

static void configure(struct queue *q, struct message *m)
{
	const struct configure_message *c = (const void *)m;
	q->retain = c->retain;
	q->space.low_water = c->low_water;
	free(m);
}

/* Takes the words to the thread itself out of what came in. */
static void take(struct queue *q, struct message *m)
{
	struct message **last = &q->inbox;
	while (*last != NULL)
		last = &(*last)->next;
	while (m != NULL) {
		struct message *next = m->next;
		m->next = NULL;
		if (m->kind == MESSAGE_STOP) {
			q->stopping = true;
			free(m);
		} else if (m->kind == MESSAGE_CONFIGURE) {
			configure(q, m);
		} else {
			*last = m;
			last = &m->next;
		}
		m = next;
	}
}

static void receive(struct queue *q)
{
	if (q->inbox != NULL || q->stopping) {
		take(q, mailbox_take(q->to_store));
		return;
	}
	heartbeat_sleep(&q->store_beat, true);
	take(q, mailbox_wait(q->to_store, q->tidying ? SLICE_GAP_MS : IDLE_MS));
	heartbeat_sleep(&q->store_beat, false);
}

/* Settlements that found no room are tried with each batch again. */
static void take_held(struct queue *q)
{
	struct message *held = q->held, **last = &held;
	while (*last != NULL)
		last = &(*last)->next;
	*last = q->inbox;
	q->inbox = held;
	q->held = NULL;
}

void writer_main(void *ctx)
{
	struct queue *q = ctx;
	struct batch *b = xcalloc(1, sizeof(*b));
	struct err err = {0};
	for (;;) {
		receive(q);
		take_held(q);
		bool busy = q->inbox != NULL;
		if (!busy && q->stopping)
			break;
		if (busy) {
			b->n = b->bytes = 0;
			batch_gather(b, &q->inbox);
			batch_run(q, b);
			heartbeat_beat(&q->store_beat);
		}
		between_batches(q, busy);
	}
	if (q->condition != QUEUE_FAILED)
		judge(q, q->ops->compact(q->store, &err), &err);
	free(b);
}
