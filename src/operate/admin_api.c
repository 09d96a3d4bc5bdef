/* SPDX-License-Identifier: MIT */
/*
 * What the admin API answers. Everything that needs the disk becomes a query
 * for the reader or store thread; its answer comes back through
 * admin_on_query(). Counters and conditions are answered at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "operate/admin_internal.h"

enum { PAGE_DEFAULT = 50, PAGE_MAX = 500, TEXT_MAX = 8 << 20 };

/* ---- questions to the store -------------------------------------------- */

/* False: it is there, but no number in its range. */
static bool int_param(const struct admin_call *c, const char *name, int64_t min,
		      int64_t max, int64_t *out)
{
	const struct value *v = value_get(c->params, name);
	return v == NULL || str_to_int(v->text, min, max, out) == 0;
}

static void text_param(const struct admin_call *c, const char *name, char *out,
		       size_t size)
{
	(void)!snprintf(out, size, "%.*s",
			STR_FMT(value_member(c->params, name)));
}

static struct query *new_query(struct admin_call *c, enum query_kind kind)
{
	struct query *q = query_new(kind);
	q->ticket = exchange_defer(c->exchange, ADMIN_WAIT_MS);
	q->ctx = c->admin->road;
	q->done = road_query_done;
	return q;
}

static void ask_list(struct admin_call *c, enum query_kind kind)
{
	int64_t cursor = 0, limit = PAGE_DEFAULT;
	if (!int_param(c, "cursor", 0, INT64_MAX, &cursor) ||
	    !int_param(c, "limit", 1, PAGE_MAX, &limit)) {
		admin_reply_error(c->exchange, 400, "query",
				  "limit is a number from 1 to 500, cursor the "
				  "next_cursor of a page");
		return;
	}
	struct query *q = new_query(c, kind);
	text_param(c, "state", q->state, sizeof(q->state));
	text_param(c, "source", q->source, sizeof(q->source));
	text_param(c, "destination", q->destination, sizeof(q->destination));
	q->after_id = cursor;
	q->limit = (size_t)limit;
	queue_ask(c->admin->road->queue, q);
}

static void ask_one(struct admin_call *c, enum query_kind kind)
{
	int64_t id;
	if (str_to_int(c->subject, 1, INT64_MAX, &id) != 0) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "an id is a number");
		return;
	}
	struct query *q = new_query(c, kind);
	q->id = id;
	queue_ask(c->admin->road->queue, q);
}

static void get_ledger(struct admin_call *c)
{
	struct query *q = new_query(c, QUERY_LEDGER);
	q->scan = str_eq(value_member(c->params, "scan"), STR("true"));
	queue_ask(c->admin->road->queue, q);
}

static void get_leads(struct admin_call *c)
{
	ask_list(c, QUERY_LEADS);
}

static void get_lead(struct admin_call *c)
{
	ask_one(c, QUERY_LEAD);
}

static void get_quarantine(struct admin_call *c)
{
	ask_list(c, QUERY_QUARANTINE);
}

static void post_retry(struct admin_call *c)
{
	ask_one(c, COMMAND_RETRY);
}

static void post_bury(struct admin_call *c)
{
	ask_one(c, COMMAND_BURY);
}

static void post_replay(struct admin_call *c)
{
	ask_one(c, QUERY_RAW);
}

/* ---- answered at once --------------------------------------------------- */

void admin_reply_buf(struct exchange *x, struct buf *b)
{
	if (b->over)
		admin_reply_error(x, 500, "too_large",
				  "the answer is too large");
	else
		admin_reply_json(x, 200, buf_str(b));
	buf_release(b);
}

void admin_add_time(struct buf *b, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT];
	if (at_ms <= 0) {
		buf_addf(b, ",\"%s\":null", name);
		return;
	}
	clock_format(at_ms, text);
	buf_addf(b, ",\"%s\":\"%s\"", name, text);
}

static int64_t waiting_of(const struct metrics_inputs *in, const char *name)
{
	for (size_t i = 0; i < in->n_backlog; i++)
		if (strcmp(in->backlog[i].name, name) == 0)
			return in->backlog[i].waiting;
	return 0;
}

static void add_destinations(struct buf *b, const struct metrics_inputs *in)
{
	buf_addf(b, "\"destinations\":[");
	for (size_t i = 0; i < in->n_status; i++) {
		const struct destination_status *s = &in->status[i];
		buf_addf(
		    b, "%s{\"name\":\"%s\",\"condition\":\"%s\",\"reason\":",
		    i > 0 ? "," : "", s->name, condition_name(s->condition));
		buf_add_json(b, str_from(s->reason));
		admin_add_time(b, "since", s->since_ms);
		admin_add_time(b, "until", s->until_ms);
		buf_addf(b,
			 ",\"waiting\":%lld,\"sending\":%lld,\"active\":%lld,"
			 "\"concurrency\":%lld,\"tokens_left\":%lld,"
			 "\"delivered\":%lld,\"retried\":%lld,"
			 "\"limited\":%lld,\"dead\":%lld}",
			 (long long)waiting_of(in, s->name),
			 (long long)s->sending, (long long)s->active,
			 (long long)s->concurrency, (long long)s->tokens_left,
			 (long long)s->delivered, (long long)s->retried,
			 (long long)s->limited, (long long)s->dead);
	}
	buf_add_char(b, ']');
}

static void get_destinations(struct admin_call *c)
{
	struct metrics_inputs in;
	struct buf b;
	buf_init(&b, TEXT_MAX);
	road_inputs(c->admin->road, &in);
	buf_add_char(&b, '{');
	add_destinations(&b, &in);
	buf_addf(&b, "}\n");
	road_inputs_release(&in);
	admin_reply_buf(c->exchange, &b);
}

static void add_listening(struct buf *b, const struct road *r)
{
	const char *at;
	buf_addf(b, "\"listening\":[");
	for (size_t i = 0; (at = listener_address(r->webhooks, i)) != NULL;
	     i++) {
		if (i > 0)
			buf_add_char(b, ',');
		buf_add_json(b, str_from(at));
	}
	buf_addf(b, "],");
}

static void get_status(struct admin_call *c)
{
	struct road *r = c->admin->road;
	struct metrics_inputs in;
	struct buf b;
	buf_init(&b, TEXT_MAX);
	road_inputs(r, &in);
	buf_addf(&b,
		 "{\"version\":\"%s\",\"uptime_s\":%lld,\"ready\":%s,"
		 "\"rss_bytes\":%lld,\"connections\":%zu,\"pending\":%zu,"
		 "\"ledger\":",
		 LB_VERSION, (long long)in.uptime_s,
		 road_ready(r) ? "true" : "false", (long long)in.rss_bytes,
		 listener_connections(r->webhooks),
		 listener_pending(r->webhooks));
	metrics_ledger(&in, &b);
	buf_add_char(&b, ',');
	add_listening(&b, r);
	add_destinations(&b, &in);
	buf_addf(&b, "}\n");
	road_inputs_release(&in);
	admin_reply_buf(c->exchange, &b);
}

static void get_metrics(struct admin_call *c)
{
	struct metrics_inputs in;
	struct buf b;
	buf_init(&b, TEXT_MAX);
	road_inputs(c->admin->road, &in);
	metrics_prometheus(c->admin->road->metrics, &in, &b);
	road_inputs_release(&in);
	exchange_reply(
	    c->exchange,
	    &(struct reply){
		.status = 200,
		.content_type = "text/plain; version=0.0.4; charset=utf-8",
		.body = buf_str(&b),
	    });
	buf_release(&b);
}

static void get_config(struct admin_call *c)
{
	struct buf b;
	buf_init(&b, TEXT_MAX);
	config_print(c->admin->road->config, &b);
	exchange_reply(c->exchange,
		       &(struct reply){
			   .status = 200,
			   .content_type = "text/plain; charset=utf-8",
			   .body = buf_str(&b),
		       });
	buf_release(&b);
}

/* A destination, or "@SOURCE", whose records are fetched. */
static bool is_known(const struct config *config, struct str name)
{
	if (name.n == 0 || name.p[0] != '@')
		return config_destination(config, name) != NULL;
	const struct source *source =
	    config_source(config, str_sub(name, 1, name.n));
	return source != NULL && source_fetches(source);
}

static void command(struct admin_call *c, enum destination_command what)
{
	struct road *r = c->admin->road;
	if (!is_known(r->config, c->subject)) {
		admin_reply_error(c->exchange, 404, "not_found",
				  "no such destination");
		return;
	}
	char name[QUEUE_NAME];
	(void)!snprintf(name, sizeof(name), "%.*s", STR_FMT(c->subject));
	log_info("destination_command", "destination=%s command=%s", name,
		 what == DESTINATION_PAUSE ? "pause" : "resume");
	delivery_command(r->delivery, name, what);
	admin_reply_json(c->exchange, 200, STR("{\"status\":\"ok\"}\n"));
}

static void post_pause(struct admin_call *c)
{
	command(c, DESTINATION_PAUSE);
}

static void post_resume(struct admin_call *c)
{
	command(c, DESTINATION_RESUME);
}

static void post_reload(struct admin_call *c)
{
	struct err err = {0};
	struct admin *a = c->admin;
	if (a->reload(a->reload_ctx, &err) != 0)
		admin_reply_error(c->exchange, 409, "reload_failed", err.text);
	else
		admin_reply_json(c->exchange, 200,
				 STR("{\"status\":\"reloaded\"}\n"));
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
	if (x == NULL) {
		query_free(q);
		return;
	}
	if (q->result != LB_OK) {
		reply_refused(x, q);
	} else if (q->kind == QUERY_RAW) {
		replay(a, x, q);
	} else if (q->kind == QUERY_LEDGER) {
		struct buf b;
		buf_init(&b, TEXT_MAX);
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

const struct admin_route ADMIN_ROUTES[] = {
    {HTTP_GET, "/metrics", get_metrics},
    {HTTP_GET, "/api/v1/status", get_status},
    {HTTP_GET, "/api/v1/ledger", get_ledger},
    {HTTP_GET, "/api/v1/leads", get_leads},
    {HTTP_POST, "/api/v1/leads", admin_post_lead},
    {HTTP_GET, "/api/v1/leads/*", get_lead},
    {HTTP_POST, "/api/v1/leads/*/retry", post_retry},
    {HTTP_GET, "/api/v1/quarantine", get_quarantine},
    {HTTP_GET, "/api/v1/quarantine/*", get_lead},
    {HTTP_POST, "/api/v1/quarantine/*/replay", post_replay},
    {HTTP_POST, "/api/v1/quarantine/*/bury", post_bury},
    {HTTP_GET, "/api/v1/sources", admin_get_sources},
    {HTTP_POST, "/api/v1/sources/*/retry-held", admin_post_retry_held},
    {HTTP_GET, "/api/v1/destinations", get_destinations},
    {HTTP_POST, "/api/v1/destinations/*/pause", post_pause},
    {HTTP_POST, "/api/v1/destinations/*/resume", post_resume},
    {HTTP_GET, "/api/v1/config", get_config},
    {HTTP_POST, "/api/v1/reload", post_reload},
    {HTTP_OTHER, NULL, NULL},
};
