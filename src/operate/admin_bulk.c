/* SPDX-License-Identifier: MIT */
/*
 * What a person does with leads: retry, bury, send as new; one by its id, or a
 * slice of all a filter has. A slice is found on the reader thread and changed
 * by its ids on the store thread, where it takes as long as a batch of
 * requests; whoever asked goes on with next_cursor. So nothing long is ever
 * under way in the daemon, and nothing is half done when it ends. Loop thread.
 */
#include "operate/admin_internal.h"

static const struct bulk {
	enum query_kind kind;
	const char *action;
} RETRY = {COMMAND_RETRY, "lead.retry"}, BURY = {COMMAND_BURY, "lead.bury"},
  AS_NEW = {COMMAND_SEND_AS_NEW, "lead.send-as-new"};

static bool may_change(const struct query *q, enum query_kind kind)
{
	if (str_eq(str_from(q->state), STR("dead")))
		return true;
	return kind == COMMAND_BURY &&
	       str_eq(str_from(q->state), STR("quarantined"));
}

static void on_many(struct admin_call *c, const struct bulk *bulk)
{
	struct err err = {0};
	struct query *q = query_new(QUERY_IDS);
	int rc = admin_take_filter(c, q, &err);
	if (rc == 0 && !may_change(q, bulk->kind))
		rc = err_set(&err, LB_EINVAL, "state must be dead%s",
			     bulk->kind == COMMAND_BURY ? " or quarantined"
							: "");
	if (rc != 0) {
		query_free(q);
		admin_reply_error(c->exchange, 400, "query", err.text);
		return;
	}
	q->limit = QUERY_IDS_MAX;
	q->then = bulk->kind;
	admin_audit(c, &q->audit, bulk->action, STR("ids"));
	admin_ask(c, q);
}

void admin_post_retry_many(struct admin_call *c)
{
	on_many(c, &RETRY);
}

void admin_post_bury_many(struct admin_call *c)
{
	on_many(c, &BURY);
}

void admin_post_send_as_new_many(struct admin_call *c)
{
	on_many(c, &AS_NEW);
}

void admin_post_retry(struct admin_call *c)
{
	admin_ask_one(c, RETRY.kind, RETRY.action);
}

void admin_post_bury_lead(struct admin_call *c)
{
	admin_ask_one(c, BURY.kind, BURY.action);
}

void admin_post_send_as_new(struct admin_call *c)
{
	admin_ask_one(c, AS_NEW.kind, AS_NEW.action);
}

void admin_get_count(struct admin_call *c)
{
	admin_ask_list(c, QUERY_COUNT);
}

/* ---- the slice ---------------------------------------------------------- */

static void reply_slice(struct exchange *x, const struct query *q)
{
	struct buf b;
	buf_init(&b, 4096);
	buf_addf(&b, "{\"changed\":%zu,\"refused\":%zu,\"why\":", q->n_changed,
		 q->n_refused);
	if (q->n_refused > 0)
		buf_add_json(&b, str_from(q->err.text));
	else
		buf_addf(&b, "null");
	buf_addf(&b, ",\"next_cursor\":%lld}\n", (long long)q->next_cursor);
	admin_reply_buf(x, &b);
}

/* What the reader found goes to the store thread. */
static void change(struct admin *a, struct exchange *x, const struct query *q)
{
	if (q->n_ids == 0) {
		reply_slice(x, q);
		return;
	}
	struct query *next = query_new(q->then);
	memcpy(next->ids, q->ids, q->n_ids * sizeof(*q->ids));
	next->n_ids = q->n_ids;
	next->next_cursor = q->next_cursor;
	next->audit = q->audit;
	next->ticket = q->ticket;
	next->ctx = q->ctx;
	next->done = q->done;
	queue_ask(a->road->queue, next);
}

bool admin_on_slice(struct admin *a, struct exchange *x, const struct query *q)
{
	if (q->kind == QUERY_IDS)
		change(a, x, q);
	else if (q->kind >= COMMAND_RETRY && q->n_ids > 0)
		reply_slice(x, q);
	else
		return false;
	return true;
}
