/* SPDX-License-Identifier: MIT */
/*
 * Single requests to a destination's CRM on a person's behalf: a test lead
 * whose answers prove that the CRM keeps its word about idempotency keys, and
 * the pages of its own list for reconciling. Both are sent by delivery, with
 * the destination's settings and through its limiter; the caller cannot choose
 * what is sent. Contacts of the list leave as keyed hashes. Loop thread.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lead/sums.h"
#include "operate/admin_internal.h"
#include "payload/payload.h"

enum {
	TAG_TEST,
	TAG_LIST,
	WAIT_MS = 45 * 1000, /* for a token; the rest is for the answer */
	PAGE = 50, /* of the CRM's list: fits what is read of an answer */
};

static const struct payload_limits limits = {.depth = 32, .values = 20000};

static struct delivery_ask *ask_new(struct admin_call *c, int tag)
{
	struct delivery_ask *a = delivery_ask_new(DELIVERY_SEND);
	(void)!snprintf(a->destination, sizeof(a->destination), "%.*s",
			STR_FMT(c->subject));
	a->ctx = c->admin->road;
	a->done = road_ask_done;
	a->tag = tag;
	a->wait_ms = WAIT_MS;
	return a;
}

static void send_ask(struct admin_call *c, struct delivery_ask *a)
{
	a->ticket = exchange_defer(c->exchange, ADMIN_WAIT_MS + WAIT_MS);
	delivery_ask(c->admin->road->delivery, a);
}

/* A CRM, no account that is fetched from. */
static bool known(struct admin_call *c)
{
	if (config_destination(c->admin->road->config, c->subject) != NULL)
		return true;
	admin_reply_error(c->exchange, 404, "not_found", "no such destination");
	return false;
}

/* ---- a test lead --------------------------------------------------------- */

/* {"key":"UUID","changed":false}: the bytes depend on nothing else. */
static int make_test(struct admin_call *c, struct delivery_ask *a,
		     struct err *err)
{
	struct arena *arena = &c->admin->scratch;
	struct value *body = NULL;
	struct lead lead;
	struct buf json;
	int rc =
	    payload_json(arena, c->request->body, &limits, false, &body, err);
	if (rc != 0)
		return rc;
	struct str key = value_member(body, "key");
	if (key.n != LEAD_KEY_TEXT - 1)
		return err_set(err, LB_EINVAL, "'key' is a UUID");
	for (size_t i = 0; i < key.n; i++)
		if (strchr("0123456789abcdef-", key.p[i]) == NULL)
			return err_set(err, LB_EINVAL, "'key' is a UUID");
	bool changed = str_eq(value_member(body, "changed"), STR("true"));
	(void)!snprintf(a->key, sizeof(a->key), "%.*s", STR_FMT(key));
	lead_init(&lead, arena);
	lead.source_platform = STR("direct");
	lead.source_type = STR("manual");
	(void)lead_set_name(&lead, STR("Leadbridge Test"));
	(void)lead_set_email(
	    &lead,
	    arena_printf(arena, "leadbridge-test-%.8s@example.com", a->key));
	(void)lead_add(&lead, "leadbridge_test", STR("true"));
	(void)lead_add(&lead, "leadbridge_body",
		       changed ? STR("changed") : STR("first"));
	lead_finish(&lead);
	buf_init(&json, LEAD_JSON_MAX);
	rc = lead_to_json(&lead, &json);
	a->body = xstr_dup(buf_str(&json));
	buf_release(&json);
	return rc;
}

void admin_post_test(struct admin_call *c)
{
	struct err err = {0};
	if (!known(c))
		return;
	struct delivery_ask *a = ask_new(c, TAG_TEST);
	if (make_test(c, a, &err) != 0) {
		delivery_ask_free(a);
		admin_reply_error(c->exchange, 400, "body", err.text);
		return;
	}
	admin_note(c, "destination.test", c->subject);
	send_ask(c, a);
}

static void reply_test(struct exchange *x, const struct delivery_ask *a)
{
	struct arena arena;
	struct value *root = NULL;
	struct buf b;
	arena_init(&arena);
	buf_init(&b, 4096);
	if (payload_json(&arena, buf_str(&a->answer), &limits, true, &root,
			 NULL) != 0)
		root = NULL;
	buf_addf(&b, "{\"transport\":\"%s\",\"status\":%d,\"crm_id\":",
		 transport_name(a->transport), a->status);
	buf_add_json(&b, value_member(value_get(root, "lead"), "id"));
	buf_addf(&b, ",\"message\":");
	buf_add_json(&b, value_member(value_get(root, "error"), "message"));
	buf_addf(&b, "}\n");
	admin_reply_buf(x, &b);
	arena_release(&arena);
}

/* ---- the CRM's list ------------------------------------------------------ */

static void add_encoded(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		buf_addf(b, "%%%02X", (unsigned char)text.p[i]);
}

/* By when they were changed: a lead that was merged into an older one has an
 * old created_at. */
void admin_get_there(struct admin_call *c)
{
	struct err err = {0};
	char since[CLOCK_TEXT];
	int64_t since_ms = 0, limit = PAGE;
	struct buf query;
	if (!known(c))
		return;
	struct str wanted = value_member(c->params, "limit");
	if (admin_take_time(c, "since", &since_ms, &err) != 0 ||
	    since_ms == 0 ||
	    (wanted.n > 0 && str_to_int(wanted, 1, PAGE, &limit) != 0)) {
		admin_reply_error(c->exchange, 400, "query",
				  "since is a time, limit a number to 50");
		return;
	}
	struct delivery_ask *a = ask_new(c, TAG_LIST);
	clock_format(since_ms, since);
	buf_init(&query, 8192);
	buf_addf(&query, "?sort_by=updated_at&sort_dir=asc&updated_since=");
	add_encoded(&query, str_from(since));
	struct str cursor = value_member(c->params, "cursor");
	if (cursor.n > 0) {
		buf_addf(&query, "&cursor=");
		add_encoded(&query, cursor);
	}
	a->list = true;
	a->limit = limit;
	buf_addf(&query, "&limit=%lld", (long long)limit);
	a->query = xstr_dup(buf_str(&query));
	buf_release(&query);
	send_ask(c, a);
}

/* More than is read of an answer: the same page, half as long. */
static bool ask_less(struct admin *a, const struct delivery_ask *ask)
{
	if (ask->tag != TAG_LIST || ask->transport != TRANSPORT_ANSWERED ||
	    ask->complete || ask->limit < 2)
		return false;
	struct delivery_ask *next = delivery_ask_new(DELIVERY_SEND);
	long end = str_find_str(str_from(ask->query), STR("&limit="));
	memcpy(next->destination, ask->destination, sizeof(next->destination));
	next->ticket = ask->ticket;
	next->ctx = ask->ctx;
	next->done = ask->done;
	next->tag = ask->tag;
	next->wait_ms = ask->wait_ms;
	next->list = true;
	next->limit = ask->limit / 2;
	next->query = xasprintf("%.*s&limit=%lld", (int)end, ask->query,
				(long long)next->limit);
	delivery_ask(a->road->delivery, next);
	return true;
}

void admin_get_here(struct admin_call *c)
{
	struct err err = {0};
	struct query *q = query_new(QUERY_SUMS);
	struct str secret = queue_secret(c->admin->road->queue);
	struct str cursor = value_member(c->params, "cursor");
	if (admin_take_time(c, "since", &q->since_ms, &err) != 0 ||
	    (cursor.n > 0 &&
	     str_to_int(cursor, 0, INT64_MAX, &q->after_id) != 0)) {
		query_free(q);
		admin_reply_error(c->exchange, 400, "query",
				  "since is a time, cursor a number");
		return;
	}
	memcpy(q->sum_key, secret.p, sizeof(q->sum_key));
	(void)!snprintf(q->destination, sizeof(q->destination), "%.*s",
			STR_FMT(c->subject));
	admin_ask(c, q);
}

static void add_member(struct buf *b, const char *name, struct str value)
{
	buf_addf(b, ",\"%s\":", name);
	if (value.n == 0)
		buf_addf(b, "null");
	else
		buf_add_json(b, value);
}

static void add_row(struct buf *b, struct str key, const struct value *lead)
{
	char sum[SUM_TEXT];
	buf_addf(b, "{\"id\":");
	buf_add_json(b, value_member(lead, "id"));
	add_member(b, "created_at", value_member(lead, "created_at"));
	sum_email(key, value_member(lead, "contact_email"), sum);
	add_member(b, "email", str_from(sum));
	sum_phone(key, value_member(lead, "contact_phone"), sum);
	add_member(b, "phone", str_from(sum));
	buf_add_char(b, '}');
}

static void reply_list(struct admin *a, struct exchange *x,
		       const struct delivery_ask *ask)
{
	struct arena arena;
	struct value *root = NULL;
	const struct value *leads = NULL;
	struct buf b;
	arena_init(&arena);
	if (payload_json(&arena, buf_str(&ask->answer), &limits, true, &root,
			 NULL) == 0)
		leads = value_get(root, "leads");
	if (ask->status != 200 || leads == NULL || leads->type != VALUE_ARRAY) {
		char text[128];
		(void)!snprintf(text, sizeof(text),
				"the CRM does not give its list: %s %d",
				transport_name(ask->transport), ask->status);
		admin_reply_error(x, 502, "crm", text);
	} else {
		buf_init(&b, ADMIN_TEXT_MAX);
		buf_addf(&b, "{\"leads\":[");
		VALUE_EACH (lead, leads) {
			if (lead != leads->first)
				buf_add_char(&b, ',');
			add_row(&b, queue_secret(a->road->queue), lead);
		}
		buf_addf(&b, "],\"limit\":%lld", (long long)ask->limit);
		add_member(&b, "next_cursor",
			   value_member(root, "next_cursor"));
		buf_addf(&b, "}\n");
		admin_reply_buf(x, &b);
	}
	arena_release(&arena);
}

void admin_on_sent(struct admin *a, struct exchange *x,
		   const struct delivery_ask *ask)
{
	if (ask->result == LB_EBUSY)
		admin_reply_error(x, 503, "limited",
				  "the rate limit left no room in time; see "
				  "queue list");
	else if (ask->result != LB_OK)
		admin_reply_error(x, 404, "not_found", "no such destination");
	else if (ask->tag == TAG_TEST)
		reply_test(x, ask);
	else if (!ask_less(a, ask))
		reply_list(a, x, ask);
}
