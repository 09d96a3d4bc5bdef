/* SPDX-License-Identifier: MIT */
/*
 * Group commit: one batch of requests, settlements and commands becomes one
 * transaction; after its commit, and only then, everybody is told. A commit is
 * never tried twice. Store thread only.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/privacy.h"
#include "queue/queue_parts.h"

static size_t events_of(const struct message *m)
{
	if (m->kind != MESSAGE_SUBMIT)
		return 1;
	const struct submission *s = (const void *)m;
	return s->n_events > 0 ? s->n_events : 1;
}

void batch_gather(struct batch *b, struct message **list)
{
	size_t events = 0;
	while (*list != NULL && b->n < BATCH_ITEMS && events < BATCH_ITEMS &&
	       b->bytes < BATCH_BYTES) {
		struct message *m = *list;
		struct item *it = &b->items[b->n++];
		*list = m->next;
		*it = (struct item){.message = m,
				    .kind = (enum message_kind)m->kind};
		if (it->kind == MESSAGE_SUBMIT)
			it->bytes = submission_size((const void *)m);
		events += events_of(m);
		b->bytes += it->bytes;
	}
}

/* ---- writing ----------------------------------------------------------- */

static int run_command(struct queue *q, struct item *it, struct err *err)
{
	struct query *c = (void *)it->message;
	return q->ops->command(q->store, c, clock_wall_ms(), err);
}

static int run_item(struct queue *q, struct item *it, struct err *err)
{
	switch (it->kind) {
	case MESSAGE_SUBMIT:
		return q->ops->put(q->store, (void *)it->message, err);
	case MESSAGE_SETTLE:
		return q->ops->settle(q->store, (const void *)it->message, err);
	case MESSAGE_QUERY:
		return run_command(q, it, err);
	case MESSAGE_REFILL:
	case MESSAGE_RECALL:
	case MESSAGE_CONFIGURE:
	case MESSAGE_STOP:
		break;
	}
	return err_set(err, LB_EINVAL, "message nobody knows");
}

static bool is_refusal(int rc) /* nothing was written for this one */
{
	return rc == LB_EINVAL || rc == LB_ENOTFOUND || rc == LB_EDENIED;
}

static void note_error(struct item *it, const struct err *err)
{
	if (it->kind == MESSAGE_QUERY)
		((struct query *)(void *)it->message)->err = *err;
}

static void undo(struct queue *q, struct batch *b)
{
	q->ops->rollback(q->store);
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].kind == MESSAGE_QUERY)
			query_undo((void *)b->items[i].message);
}

static int write_items(struct queue *q, struct batch *b, struct err *err)
{
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		if (it->final)
			continue;
		it->result = run_item(q, it, err);
		if (is_refusal(it->result)) {
			note_error(it, err);
			continue;
		}
		if (it->result == LB_ESYSTEM) {
			note_error(it, err);
			it->final = true;
		}
		if (it->result != 0)
			return it->result;
	}
	return 0;
}

/* One transaction over everything that is not final yet. */
static int try_once(struct queue *q, struct batch *b, struct err *err)
{
	fault_point("store_begin");
	int rc = q->ops->begin(q->store, err);
	if (rc != 0)
		return rc == LB_ENOSPC ? rc : LB_EIO;
	rc = write_items(q, b, err);
	if (rc != 0) {
		undo(q, b);
		return rc;
	}
	rc = q->ops->commit(q->store, clock_wall_ms(), err);
	if (rc != 0) {
		undo(q, b);
		return rc == LB_ENOSPC ? rc : LB_EIO;
	}
	for (size_t i = 0; i < b->n; i++)
		b->items[i].final = true;
	return 0;
}

static void refuse(struct batch *b, bool submissions_only, int code)
{
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		if (it->final ||
		    (submissions_only && it->kind != MESSAGE_SUBMIT))
			continue;
		it->result = code;
		it->final = true;
	}
}

/* Settling must go on where accepting stops: what was done is not forgotten.
 * What finds no room even so is kept until there is some. */
static int without_room(struct queue *q, struct batch *b, struct err *err)
{
	queue_out_of_room(q, err->text);
	refuse(b, true, LB_ENOSPC);
	if (space_give_up(&q->space))
		log_warn("reserve_given_up", "bytes=%lld",
			 (long long)q->space.reserve);
	int rc = try_once(q, b, err);
	while (rc == LB_ESYSTEM)
		rc = try_once(q, b, err);
	return rc;
}

static void write_batch(struct queue *q, struct batch *b)
{
	struct err err = {0};
	int rc = LB_EIO;
	if (q->condition != QUEUE_FAILED)
		rc = try_once(q, b, &err);
	while (rc == LB_ESYSTEM) {
		/* Which one spoiled it is final now; the others go again. */
		log_error("store_refused", "error=\"%s\"", err.text);
		rc = try_once(q, b, &err);
	}
	if (rc == LB_ENOSPC)
		rc = without_room(q, b, &err);
	if (rc != 0 && rc != LB_ENOSPC) {
		queue_set_condition(q, QUEUE_FAILED, err.text);
		refuse(b, false, LB_EIO);
	}
}

/* ---- reporting --------------------------------------------------------- */

struct handover {
	struct due_lead *first, **last;
	bool more;
};

static bool has_appetite(struct queue *q, struct str destination)
{
	struct appetite *a = table_get(q->appetites, destination);
	if (a == NULL || a->n == 0)
		return false;
	a->n--;
	return true;
}

static void hand_over(struct queue *q, struct handover *h,
		      const struct due_lead *lead)
{
	if (!has_appetite(q, lead->destination)) {
		h->more = true;
		return;
	}
	*h->last = due_lead_new(lead);
	h->last = &(*h->last)->next;
}

static void hand_over_units(struct queue *q, struct handover *h,
			    const struct submission *s)
{
	if (s->bulk != NULL) { /* its units go in one request */
		if (s->bulk->due != NULL)
			hand_over(q, h, s->bulk->due);
		return;
	}
	for (uint32_t i = 0; i < s->n_units; i++) {
		const struct new_unit *u = &s->units[i];
		char queue[QUEUE_NAME];
		bool fetch = u->state == UNIT_FETCHING;
		if (u->id == 0 || (u->state != UNIT_WAITING && !fetch))
			continue;
		struct due_lead lead = {
		    .id = u->id,
		    .source = s->source,
		    .destination =
			fetch ? fetch_queue(s->source, queue) : u->destination,
		    .to = fetch ? u->destination : STR_NONE,
		    .received_at_ms = s->received_at_ms,
		    .occurred_at_ms = s->events[u->event].occurred_at_ms,
		    .due_at_ms = s->received_at_ms,
		    .body = u->body,
		};
		memcpy(lead.key, u->key, sizeof(lead.key));
		hand_over(q, h, &lead);
	}
}

/* What was fetched waits for its destination now. */
static void hand_over_fetched(struct queue *q, struct handover *h,
			      const struct settlement *s)
{
	if (s->lead->to.n == 0 || s->state != UNIT_WAITING)
		return;
	struct due_lead lead = *s->lead;
	lead.destination = s->lead->to;
	lead.to = STR_NONE;
	lead.body = (struct str){s->rendered, s->rendered_n};
	lead.due_at_ms = s->started_at_ms + s->duration_ms;
	lead.first_failed_at_ms = lead.triable_ms = 0;
	lead.attempts = 0;
	fault_point("fetch_committed");
	q->older = true;
	hand_over(q, h, &lead);
}

/* What a command made to wait. */
static void hand_over_changed(struct queue *q, struct handover *h,
			      const struct query *c)
{
	for (const struct due_lead *l = c->due; l != NULL; l = l->next) {
		q->older = true;
		hand_over(q, h, l);
	}
}

static void collect_due(struct queue *q, struct batch *b, struct handover *h)
{
	lock_take(q->lock);
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		if (it->result != 0)
			continue;
		if (it->kind == MESSAGE_SUBMIT) {
			hand_over_units(q, h, (const void *)it->message);
		} else if (it->kind == MESSAGE_SETTLE) {
			hand_over_fetched(q, h, (const void *)it->message);
		} else if (it->kind == MESSAGE_QUERY) {
			hand_over_changed(q, h, (const void *)it->message);
		}
	}
	queue_publish(q);
	lock_drop(q->lock);
}

static void report_submissions(struct queue *q, struct batch *b)
{
	struct submission *first = NULL, **last = &first;
	int64_t n = 0, bytes = 0;
	for (size_t i = 0; i < b->n; i++) {
		if (b->items[i].kind != MESSAGE_SUBMIT)
			continue;
		struct submission *s = (void *)b->items[i].message;
		s->result = b->items[i].result;
		s->next = NULL;
		*last = s;
		last = &s->next;
		n++;
		bytes += (int64_t)b->items[i].bytes;
	}
	q->pending -= n;
	q->pending_bytes -= bytes;
	if (first == NULL)
		return;
	fault_point("store_committed");
	q->events.submitted(q->events.ctx, first);
}

static void report_settlements(struct queue *q, struct batch *b)
{
	struct settlement *first = NULL, **last = &first;
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		if (it->kind != MESSAGE_SETTLE)
			continue;
		struct settlement *s = (void *)it->message;
		if (!it->final && !q->stopping) {
			it->message->next = q->held;
			q->held = it->message;
			continue;
		}
		s->result = it->final ? it->result : LB_ENOSPC;
		s->next = NULL;
		*last = s;
		last = &s->next;
	}
	if (first == NULL)
		return;
	fault_point("settle_committed");
	q->events.settled(q->events.ctx, first);
}

/* Before anybody is told that it is done. */
static void report_erased(struct queue *q, const struct query *c)
{
	const struct privacy_work *w = c->privacy;
	if (c->kind == COMMAND_PRIVACY && c->result == 0 && w->n_units > 0 &&
	    w->verb == PRIVACY_ERASE && q->events.erased != NULL)
		q->events.erased(q->events.ctx, w->units, w->n_units);
}

static void report_commands(struct queue *q, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];
		if (it->kind != MESSAGE_QUERY)
			continue;
		struct query *c = (void *)it->message;
		c->result = it->final ? it->result : LB_ENOSPC;
		if (c->result != 0)
			query_undo(c);
		else if (c->json.n == 0)
			buf_add_str(&c->json, STR("{\"status\":\"done\"}"));
		fault_point("command_committed");
		report_erased(q, c);
		c->done(c->ctx, c);
	}
}

void batch_run(struct queue *q, struct batch *b)
{
	struct handover h = {.last = &h.first};
	if (q->condition == QUEUE_FULL)
		refuse(b, true, LB_ENOSPC);
	write_batch(q, b);
	collect_due(q, b, &h);
	report_submissions(q, b);
	if (h.first != NULL || h.more)
		q->events.due(q->events.ctx, h.first, h.more);
	report_settlements(q, b);
	report_commands(q, b);
}
