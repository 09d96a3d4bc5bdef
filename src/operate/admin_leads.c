/* SPDX-License-Identifier: MIT */
/*
 * What the admin API says and does about leads, the quarantine and the ledger.
 * Each call becomes a query for the reader or the store thread; its answer
 * comes back through admin_on_query(). Loop thread.
 */
#include "operate/admin_internal.h"
#include "operate/privacy.h"

/* ---- questions to the store -------------------------------------------- */

static void answer_here(struct admin_call *c, struct query *q)
{
	q->ticket = exchange_defer(c->exchange, ADMIN_WAIT_MS);
	q->ctx = c->admin->road;
	q->done = road_query_done;
}

struct query *admin_query(struct admin_call *c, enum query_kind kind)
{
	struct query *q = query_new(kind);
	answer_here(c, q);
	return q;
}

void admin_ask(struct admin_call *c, struct query *q)
{
	answer_here(c, q);
	queue_ask(c->admin->road->queue, q);
}

void admin_ask_list(struct admin_call *c, enum query_kind kind)
{
	struct err err = {0};
	struct query *q = query_new(kind);
	if (admin_take_filter(c, q, &err) != 0) {
		query_free(q);
		admin_reply_error(c->exchange, 400, "query", err.text);
		return;
	}
	q->reveal = admin_reveals(c, STR("list"));
	admin_ask(c, q);
}

void admin_ask_one(struct admin_call *c, enum query_kind kind,
		   const char *action)
{
	int64_t id;
	if (str_to_int(c->subject, 1, INT64_MAX, &id) != 0) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "an id is a number");
		return;
	}
	struct query *q = query_new(kind);
	q->id = id;
	if (action != NULL)
		admin_audit(c, &q->audit, action, c->subject);
	else
		q->reveal = admin_reveals(c, c->subject);
	admin_ask(c, q);
}

void admin_get_ledger(struct admin_call *c)
{
	struct query *q = admin_query(c, QUERY_LEDGER);
	q->scan = str_eq(value_member(c->params, "scan"), STR("true"));
	queue_ask(c->admin->road->queue, q);
}

void admin_get_leads(struct admin_call *c)
{
	admin_ask_list(c, QUERY_LEADS);
}

void admin_get_lead(struct admin_call *c)
{
	admin_ask_one(c, QUERY_LEAD, NULL);
}

void admin_get_quarantine(struct admin_call *c)
{
	admin_ask_list(c, QUERY_QUARANTINE);
}

void admin_post_bury(struct admin_call *c)
{
	admin_ask_one(c, COMMAND_BURY, "quarantine.bury");
}

void admin_post_replay(struct admin_call *c)
{
	admin_note(c, "quarantine.replay", c->subject);
	admin_ask_one(c, QUERY_RAW, NULL);
}

/* ---- answers of the store ----------------------------------------------- */

static void reply_refused(struct exchange *x, const struct query *q)
{
	const char *text = q->err.text;
	switch ((enum lb_code)q->result) {
	case LB_ENOTFOUND:
		admin_reply_error(x, 404, "not_found",
				  text[0] != '\0' ? text : "no such lead");
		break;
	case LB_EDENIED:
	case LB_EINVAL:
		admin_reply_error(x, 409, "refused", text);
		break;
	case LB_OK:
	case LB_ELIMIT:
	case LB_EIO:
	case LB_ENOSPC:
	case LB_EBUSY:
	case LB_EVERSION:
	case LB_ESYSTEM:
		admin_reply_error(x, 503, "store", text);
		break;
	}
}

static void add_ledger_row(struct buf *b, const struct ledger_row *row,
			   int64_t parked)
{
	static const struct {
		const char *name;
		enum unit_state state;
	} rows[] = {
	    {"delivered", UNIT_DELIVERED}, {"fetching", UNIT_FETCHING},
	    {"dead", UNIT_DEAD},           {"quarantined", UNIT_QUARANTINED},
	    {"ignored", UNIT_IGNORED},     {"erased", UNIT_ERASED},
	};
	buf_addf(b, "\"accepted\":%lld,\"waiting\":%lld,\"parked\":%lld",
		 (long long)row->accepted,
		 (long long)(row->states[UNIT_WAITING] - parked),
		 (long long)parked);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		buf_addf(b, ",\"%s\":%lld", rows[i].name,
			 (long long)row->states[rows[i].state]);
	buf_addf(b, ",\"duplicates\":%lld", (long long)row->duplicates);
}

static void add_ledger(struct road *r, const struct ledger *ledger,
		       struct buf *b)
{
	struct metrics_inputs in;
	road_inputs(r, &in);
	int64_t parked = metrics_parked(&in);
	if (parked > ledger->total.states[UNIT_WAITING])
		parked = ledger->total.states[UNIT_WAITING];
	road_inputs_release(&in);
	buf_add_char(b, '{');
	add_ledger_row(b, &ledger->total, parked);
	buf_addf(b, ",\"difference\":%lld", (long long)ledger->difference);
	admin_add_time(b, "scanned_at", ledger->scanned_at_ms);
	buf_addf(b, ",\"sources\":{");
	for (size_t i = 0; i < ledger->n_sources; i++) {
		buf_addf(b, "%s\"%s\":{", i > 0 ? "," : "",
			 ledger->sources[i].source);
		add_ledger_row(b, &ledger->sources[i], 0);
		buf_add_char(b, '}');
	}
	buf_addf(b, "}}\n");
}

/* The stored request is here: map it again and put what comes out in its
 * place. The answer follows when that is committed. */
static void replay(struct admin *a, struct exchange *x, struct query *q)
{
	struct err err = {0};
	int rc = road_replay(a->road, q->raw, q->id, q->ticket, &err);
	if (rc != 0)
		admin_reply_error(x, 409, "replay_failed", err.text);
}

void admin_on_query(void *ctx, struct query *q)
{
	struct admin *a = ctx;
	struct exchange *x = listener_find(a->listener, q->ticket);
	if (q->kind == QUERY_PAST)
		admin_events_past(a->events, q);
	if (q->kind == COMMAND_PRIVACY && q->result == LB_OK)
		privacy_kick(a->road->privacy);
	if (x == NULL) {
		query_free(q);
		return;
	}
	if (q->result != LB_OK) {
		reply_refused(x, q);
	} else if (admin_on_slice(a, x, q) || admin_on_waits(a, x, q)) {
		/* answered, or on its way to the store */
	} else if (q->kind == QUERY_RAW) {
		replay(a, x, q);
	} else if (q->kind == QUERY_PRIVACY) {
		admin_privacy_answered(a, x, q);
	} else if (q->kind == QUERY_LEDGER) {
		struct buf b;
		buf_init(&b, ADMIN_TEXT_MAX);
		add_ledger(a->road, &q->ledger, &b);
		admin_reply_buf(x, &b);
	} else {
		admin_reply_json(x, 200, buf_str(&q->json));
	}
	query_free(q);
}

void admin_on_replay_failed(void *ctx, struct ticket t, const char *text)
{
	struct admin *a = ctx;
	struct exchange *x = listener_find(a->listener, t);
	if (x != NULL)
		admin_reply_error(x, 409, "replay_failed", text);
}

void admin_on_replayed(void *ctx, struct submission *s)
{
	struct admin *a = ctx;
	struct exchange *x = listener_find(a->listener, s->ticket);
	if (x == NULL)
		return;
	if (s->bulk != NULL) {
		admin_on_imported(x, s);
		return;
	}
	if (s->result != LB_OK) {
		admin_reply_error(x, 503, "store", "nothing was changed");
		return;
	}
	if (s->by_hand) {
		admin_on_added(x, s);
		return;
	}
	struct buf b;
	buf_init(&b, 512);
	buf_addf(&b, "{\"status\":\"replayed\"");
	for (int i = 0; i < UNIT_STATES; i++)
		if (s->accepted_by_state[i] > 0)
			buf_addf(&b, ",\"%s\":%u",
				 unit_state_name((enum unit_state)i),
				 s->accepted_by_state[i]);
	buf_addf(&b, "}\n");
	admin_reply_buf(x, &b);
}
