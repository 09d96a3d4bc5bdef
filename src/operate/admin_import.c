/* SPDX-License-Identifier: MIT */
/*
 * POST /api/v1/import: some rows of a file, at most one bulk request of them.
 * Each row goes the way of every other lead, through the source engine and the
 * store, as an event of the reserved source "import"; its id is the file's, the
 * destination's and its line, so that the same rows again add nothing. With
 * "dry_run" nothing is stored: the CRM is asked what it would do.
 * GET /api/v1/import/FILE: how far it is. Loop thread.
 *
 *   {"file":"SHA-256, hex","number":0,"options":"SHA-256, hex",
 *    "destination":"mega","country":"US","source_platform":"direct",
 *    "stage_slug":"","dry_run":false,
 *    "rows":[{"line":2,"name":"","first_name":"","last_name":"","phone":"",
 *             "email":"","fields":{"slug":"text"}}]}
 */
#include <stdlib.h>

#include "base/mem.h"
#include "delivery/answer.h"
#include "delivery/ask.h"
#include "lead/bulk.h"
#include "operate/admin_internal.h"
#include "payload/payload.h"

enum {
	FILE_HEX = 64,
	IMPORT_DEPTH = 5,
	IMPORT_VALUES = BULK_ROWS_MAX * 300,
	NUMBER_MOST = 1000000,
	TURN_MS = 100 * 1000, /* a dry run waits for the limit */
	ANSWER_MOST = 2 << 20,
};

static const struct payload_limits limits = {.depth = IMPORT_DEPTH,
					     .values = IMPORT_VALUES};

/* ---- the reserved source ---------------------------------------------------
 */

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	struct str file = value_member(call->payload, "file");
	VALUE_EACH (row, value_get(call->payload, "rows")) {
		struct event *event;
		int64_t line;
		if (str_to_int(value_member(row, "line"), 1, INT64_MAX,
			       &line) != 0)
			return err_set(err, LB_EINVAL, "row without a line");
		event = event_list_add(events, call->arena);
		event->body = row;
		event->id = arena_printf(
		    call->arena, "%.*s:%s:%lld", STR_FMT(file),
		    call->source->destinations.v[0] + 1, (long long)line);
		event->topic = STR("row");
		event->occurred_at_ms = call->request->received_at_ms;
	}
	return 0;
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	const struct value *row = event->body;
	bool found = lead_set_name(lead, value_member(row, "name"));
	found |= lead_set_names(lead, value_member(row, "first_name"),
				value_member(row, "last_name"));
	admin_map_typed(call, event, lead, found);
}

static const struct source_ops import_ops = {
    .platform = "import",
    .source_platform = "direct",
    .source_type = "import",
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .split = split,
    .map = map,
};

/* What the configuration would say of it, were it there, and the rest of the
 * call. */
struct import {
	struct source source;
	char *destinations[1];
	char queue[QUEUE_NAME];
	const struct value *body;
	struct str destination;
	int64_t number;
};

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("0123456789abcdef", s.p[i]) == NULL)
			return false;
	return s.n == FILE_HEX;
}

static int check_names(const struct config *config, const struct import *m,
		       struct err *err)
{
	if (config_destination(config, m->destination) == NULL)
		return err_set(err, LB_EINVAL, "no destination '%.*s'",
			       STR_FMT(m->destination));
	return admin_check_origin(&m->source, err);
}

static int check_rows(const struct import *m, struct err *err)
{
	const struct value *rows = value_get(m->body, "rows");
	if (!is_hex(value_member(m->body, "file")) ||
	    !is_hex(value_member(m->body, "options")))
		return err_set(err, LB_EINVAL,
			       "'file' and 'options' are SHA-256 in hex");
	if (str_to_int(value_member(m->body, "number"), 0, NUMBER_MOST,
		       &(int64_t){0}) != 0)
		return err_set(err, LB_EINVAL, "'number' is no number");
	if (rows == NULL || rows->type != VALUE_ARRAY || rows->count == 0 ||
	    rows->count > BULK_ROWS_MAX)
		return err_set(err, LB_EINVAL, "'rows' holds 1 to %d rows",
			       BULK_ROWS_MAX);
	return 0;
}

static int make_import(const struct config *config, const struct value *body,
		       struct import *m, struct arena *a, struct err *err)
{
	static char name[] = "import";
	struct str destination = value_member(body, "destination");
	if (destination.n == 0 && config->n_destinations == 1)
		destination = str_from(config->destinations[0]->name);
	if (destination.n == 0)
		return err_set(err, LB_EINVAL,
			       "there are %zu destinations: name one",
			       config->n_destinations);
	*m = (struct import){.body = body, .destination = destination};
	(void)bulk_queue(destination, m->queue);
	m->destinations[0] = m->queue;
	m->source = (struct source){
	    .name = name,
	    .ops = &import_ops,
	    .source_platform = admin_member(a, body, "source_platform"),
	    .country = admin_member(a, body, "country"),
	    .stage = {.fixed = admin_member(a, body, "stage_slug")},
	    .destinations = {m->destinations, 1},
	    .max_body = ADMIN_IMPORT_MAX,
	    .json_depth = IMPORT_DEPTH,
	    .values = IMPORT_VALUES,
	};
	int rc = check_names(config, m, err);
	return rc == 0 ? check_rows(m, err) : rc;
}

/* ---- the rows as leads -----------------------------------------------------
 */

/* Somebody sits there and sees which rows are none: nothing to quarantine. */
static void settle_fates(struct submission *s)
{
	for (uint32_t i = 0; i < s->n_units; i++)
		if (s->units[i].state == UNIT_QUARANTINED)
			s->units[i].state = UNIT_IGNORED;
}

static void make_bulk(const struct import *m, struct submission *s)
{
	struct bulk_request *b = arena_alloc(&s->arena, sizeof(*b));
	struct arena *a = &s->arena;
	b->destination = arena_copy(a, m->destination);
	b->file = arena_copy(a, value_member(m->body, "file"));
	b->options = arena_copy(a, value_member(m->body, "options"));
	lb_assert(str_to_int(value_member(m->body, "number"), 0, NUMBER_MOST,
			     &b->number) == 0);
	lead_key(b->key, STR("import"), b->file, (uint32_t)b->number,
		 b->destination, 0);
	/* Under which each of its rows goes. */
	for (uint32_t i = 0; i < s->n_units; i++)
		memcpy(s->units[i].key, b->key, sizeof(b->key));
	s->bulk = b;
}

static int make_leads(struct admin_call *c, struct import *m,
		      struct submission **out, struct err *err)
{
	struct road *r = c->admin->road;
	struct value *body = NULL;
	struct reply reply = {0};
	const char *why = NULL;
	struct header type;
	struct request request = admin_typed_request(c, &type);
	int rc = payload_json(&c->admin->scratch, c->request->body, &limits,
			      false, &body, err);
	if (rc == 0 && body->type != VALUE_OBJECT)
		rc = err_set(err, LB_EINVAL, "body is not an object");
	if (rc == 0)
		rc = make_import(r->config, body, m, &c->admin->scratch, err);
	if (rc != 0)
		return rc;
	if (source_process(&m->source, &request, queue_secret(r->queue), out,
			   &reply, &why) != 0)
		return err_set(err, LB_EINVAL, "not rows: %s", why);
	settle_fates(*out);
	make_bulk(m, *out);
	return 0;
}

/* Of "FILE:DESTINATION:17". */
static long long line_of(struct str event_id)
{
	int64_t line = 0;
	struct str rest = event_id;
	while (str_find(rest, ':') >= 0)
		(void)str_cut(rest, ':', &rest);
	return str_to_int(rest, 0, INT64_MAX, &line) == 0 ? line : 0;
}

static void add_ignored(const struct submission *s, struct buf *b)
{
	const char *between = "";
	buf_addf(b, "\"ignored\":[");
	for (uint32_t i = 0; i < s->n_units; i++) {
		const struct new_unit *u = &s->units[i];
		if (u->state != UNIT_IGNORED)
			continue;
		buf_addf(b, "%s{\"line\":%lld,\"reason\":", between,
			 line_of(s->events[u->event].id));
		buf_add_json(b, u->reason);
		buf_add_char(b, '}');
		between = ",";
	}
	buf_add_char(b, ']');
}

/* ---- the CRM's own dry run -------------------------------------------------
 */

static void reply_rows(struct exchange *x, const struct delivery_ask *ask,
		       struct str answer)
{
	struct buf b;
	buf_init(&b, ADMIN_TEXT_MAX);
	buf_addf(&b, "{\"status\":\"dry_run\",");
	buf_add_str(&b, buf_str(&ask->json));
	buf_addf(&b, ",\"answer\":");
	buf_add_str(&b, answer);
	buf_addf(&b, "}\n");
	admin_reply_buf(x, &b);
}

static void preview(struct admin_call *c, const struct import *m,
		    const struct submission *s)
{
	struct delivery_ask *ask = delivery_ask_new(DELIVERY_SEND);
	struct buf body;
	bool first = true;
	buf_init(&body, (size_t)4 * ADMIN_IMPORT_MAX);
	lead_bulk_start(&body);
	for (uint32_t i = 0; i < s->n_units; i++) {
		const struct new_unit *u = &s->units[i];
		if (u->state != UNIT_WAITING)
			continue;
		lead_bulk_row(&body, first, line_of(s->events[u->event].id),
			      u->body);
		first = false;
	}
	lead_bulk_end(&body, true);
	add_ignored(s, &ask->json);
	if (first) { /* nothing to ask */
		reply_rows(c->exchange, ask, STR("{\"results\":[]}"));
		delivery_ask_free(ask);
		buf_release(&body);
		return;
	}
	(void)!snprintf(ask->destination, sizeof(ask->destination), "%s",
			m->queue);
	buf_release(&ask->answer);
	buf_init(&ask->answer, ANSWER_MOST);
	ask->body = buf_take(&body, NULL);
	ask->wait_ms = TURN_MS;
	ask->ctx = c->admin->road;
	ask->done = road_ask_done;
	ask->ticket = exchange_defer(c->exchange, INT64_C(2) * ADMIN_WAIT_MS);
	delivery_ask(c->admin->road->delivery, ask);
}

static bool is_answer(struct str text)
{
	static const struct payload_limits most = {.depth = 16,
						   .values = 100000};
	struct arena a;
	struct value *root = NULL;
	arena_init(&a);
	bool is = payload_json(&a, text, &most, false, &root, NULL) == 0 &&
		  value_get(root, "results") != NULL;
	arena_release(&a);
	return is;
}

void admin_on_preview(struct exchange *x, const struct delivery_ask *ask)
{
	struct str answer = buf_str(&ask->answer);
	char *words = answer_keep(answer);
	struct buf b;
	buf_init(&b, 2048);
	if (ask->result == LB_EBUSY)
		buf_addf(&b, "the limit of the bulk route leaves no turn: try "
			     "again later");
	else if (ask->result != LB_OK)
		buf_addf(&b, "the CRM was not asked");
	else if (ask->transport != TRANSPORT_ANSWERED)
		buf_addf(&b, "the CRM did not answer: %s",
			 transport_name(ask->transport));
	else if (ask->status != 200 || !is_answer(answer))
		buf_addf(&b, "the CRM answered %d: %.300s", ask->status, words);
	if (b.n > 0)
		admin_reply_error(x, 409, "dry_run", b.p);
	else
		reply_rows(x, ask, answer);
	buf_release(&b);
	free(words);
}

/* ---- the calls -------------------------------------------------------------
 */

static void submit(struct admin_call *c, const struct import *m,
		   struct submission *s)
{
	if (str_eq(value_member(m->body, "number"), STR("0")))
		admin_note(c, "import", m->destination);
	s->by_hand = true;
	s->ticket = exchange_defer(c->exchange, ADMIN_WAIT_MS);
	if (queue_submit(c->admin->road->queue, s) == 0)
		return;
	submission_free(s);
	admin_reply_error(c->exchange, 503, "store",
			  "the store takes nothing now");
}

void admin_post_import(struct admin_call *c)
{
	struct submission *s = NULL;
	struct import m = {0};
	struct err err = {0};
	if (make_leads(c, &m, &s, &err) != 0) {
		submission_free(s);
		admin_reply_error(c->exchange, 422, "refused", err.text);
	} else if (str_eq(value_member(m.body, "dry_run"), STR("true"))) {
		preview(c, &m, s);
		submission_free(s);
	} else {
		submit(c, &m, s);
	}
}

void admin_on_imported(struct exchange *x, const struct submission *s)
{
	struct buf b;
	if (s->result == LB_EDENIED) {
		admin_reply_error(x, 409, "refused",
				  "this file went to that destination before, "
				  "with another mapping or other options; give "
				  "the same ones to go on with it");
		return;
	}
	if (s->result != LB_OK) {
		admin_reply_error(x, 503, "store", "nothing was changed");
		return;
	}
	buf_init(&b, ADMIN_TEXT_MAX);
	buf_addf(&b,
		 "{\"status\":\"%s\",\"accepted\":%u,\"waiting\":%u,"
		 "\"duplicates\":%u,",
		 s->n_accepted > 0 ? "accepted" : "duplicate", s->n_accepted,
		 s->accepted_by_state[UNIT_WAITING], s->n_duplicates);
	add_ignored(s, &b);
	buf_addf(&b, "}\n");
	admin_reply_buf(x, &b);
}

void admin_get_import(struct admin_call *c)
{
	const struct config *config = c->admin->road->config;
	struct str destination = value_member(c->params, "destination");
	char queue[QUEUE_NAME];
	if (destination.n == 0 && config->n_destinations == 1)
		destination = str_from(config->destinations[0]->name);
	if (!is_hex(c->subject) ||
	    config_destination(config, destination) == NULL) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "no such file or destination");
		return;
	}
	struct query *q = query_new(QUERY_IMPORT);
	q->reveal = c->actor->role == ROLE_FULL;
	(void)!snprintf(q->file, sizeof(q->file), "%.*s", STR_FMT(c->subject));
	(void)bulk_queue(destination, queue);
	(void)!snprintf(q->destination, sizeof(q->destination), "%s", queue);
	admin_ask(c, q);
}
