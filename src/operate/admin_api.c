/* SPDX-License-Identifier: MIT */
/*
 * The table of what the admin API answers, and what is answered at once and
 * concerns the daemon as a whole. admin_leads.c, admin_sources.c and
 * admin_destinations.c have the rest. Loop thread.
 */
#include <stdio.h>

#include "base/clock.h"
#include "operate/admin_internal.h"

/* ---- for all of them ---------------------------------------------------- */

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

/* ---- the audit log ------------------------------------------------------ */

void admin_audit(const struct admin_call *c, struct audit *a,
		 const char *action, struct str subject)
{
	if (c->actor == admin_unix())
		(void)!snprintf(a->actor, sizeof(a->actor), "unix:%lld",
				(long long)exchange_peer_uid(c->exchange));
	else
		(void)!snprintf(a->actor, sizeof(a->actor), "%s",
				c->actor->name);
	(void)!snprintf(a->action, sizeof(a->action), "%s", action);
	(void)!snprintf(a->subject, sizeof(a->subject), "%.*s",
			STR_FMT(subject));
}

static void noted(void *ctx, struct query *q)
{
	(void)ctx;
	query_free(q);
}

void admin_note(const struct admin_call *c, const char *action,
		struct str subject)
{
	struct query *q = query_new(COMMAND_NOTE);
	q->done = noted;
	admin_audit(c, &q->audit, action, subject);
	queue_ask(c->admin->road->queue, q);
}

static void get_audit(struct admin_call *c)
{
	admin_ask_list(c, QUERY_AUDIT);
}

/* ---- answered at once --------------------------------------------------- */

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
	buf_init(&b, ADMIN_TEXT_MAX);
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
	admin_add_destinations(&b, &in);
	buf_addf(&b, "}\n");
	road_inputs_release(&in);
	admin_reply_buf(c->exchange, &b);
}

static void get_metrics(struct admin_call *c)
{
	struct metrics_inputs in;
	struct buf b;
	buf_init(&b, ADMIN_TEXT_MAX);
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
	buf_init(&b, ADMIN_TEXT_MAX);
	config_print(c->admin->road->config, &b);
	exchange_reply(c->exchange,
		       &(struct reply){
			   .status = 200,
			   .content_type = "text/plain; charset=utf-8",
			   .body = buf_str(&b),
		       });
	buf_release(&b);
}

static void post_reload(struct admin_call *c)
{
	struct err err = {0};
	struct admin *a = c->admin;
	if (a->reload(a->reload_ctx, &err) != 0) {
		admin_reply_error(c->exchange, 409, "reload_failed", err.text);
		return;
	}
	admin_note(c, "reload", STR("configuration"));
	admin_reply_json(c->exchange, 200, STR("{\"status\":\"reloaded\"}\n"));
}

const struct admin_route ADMIN_ROUTES[] = {
    {HTTP_GET, "/", admin_get_page},
    {HTTP_GET, "/assets/*", admin_get_asset},
    {HTTP_GET, "/login", admin_get_login},
    {HTTP_POST, "/login", admin_post_login},
    {HTTP_POST, "/logout", admin_post_logout},
    {HTTP_GET, "/metrics", get_metrics},
    {HTTP_GET, "/api/v1/session", admin_get_session},
    {HTTP_GET, "/api/v1/events", admin_get_events},
    {HTTP_GET, "/api/v1/history", admin_get_history},
    {HTTP_GET, "/api/v1/status", get_status},
    {HTTP_GET, "/api/v1/ledger", admin_get_ledger},
    {HTTP_GET, "/api/v1/leads", admin_get_leads},
    {HTTP_POST, "/api/v1/leads", admin_post_lead},
    {HTTP_GET, "/api/v1/leads/count", admin_get_count},
    {HTTP_GET, "/api/v1/leads/*", admin_get_lead},
    {HTTP_POST, "/api/v1/leads/retry", admin_post_retry_many},
    {HTTP_POST, "/api/v1/leads/bury", admin_post_bury_many},
    {HTTP_POST, "/api/v1/leads/send-as-new", admin_post_send_as_new_many},
    {HTTP_POST, "/api/v1/leads/*/retry", admin_post_retry},
    {HTTP_POST, "/api/v1/leads/*/bury", admin_post_bury_lead},
    {HTTP_POST, "/api/v1/leads/*/send-as-new", admin_post_send_as_new},
    {HTTP_GET, "/api/v1/requests", admin_get_requests},
    {HTTP_POST, "/api/v1/import", admin_post_import},
    {HTTP_GET, "/api/v1/import/*", admin_get_import},
    {HTTP_GET, "/api/v1/quarantine", admin_get_quarantine},
    {HTTP_GET, "/api/v1/quarantine/*", admin_get_lead},
    {HTTP_POST, "/api/v1/quarantine/*/replay", admin_post_replay},
    {HTTP_POST, "/api/v1/quarantine/*/bury", admin_post_bury},
    {HTTP_GET, "/api/v1/sources", admin_get_sources},
    {HTTP_POST, "/api/v1/sources/*/retry-held", admin_post_retry_held},
    {HTTP_GET, "/api/v1/destinations", admin_get_destinations},
    {HTTP_POST, "/api/v1/destinations/*/pause", admin_post_pause},
    {HTTP_POST, "/api/v1/destinations/*/resume", admin_post_resume},
    {HTTP_POST, "/api/v1/destinations/*/drain", admin_post_drain},
    {HTTP_POST, "/api/v1/destinations/*/test", admin_post_test},
    {HTTP_GET, "/api/v1/destinations/*/leads-here", admin_get_here},
    {HTTP_GET, "/api/v1/destinations/*/leads-there", admin_get_there},
    {HTTP_GET, "/api/v1/queue", admin_get_queue},
    {HTTP_GET, "/api/v1/queue/*", admin_get_waiting},
    {HTTP_GET, "/api/v1/audit", get_audit},
    {HTTP_GET, "/api/v1/privacy", admin_get_privacy},
    {HTTP_GET, "/api/v1/privacy/*", admin_get_privacy_one},
    {HTTP_POST, "/api/v1/privacy/erase", admin_post_privacy_erase},
    {HTTP_POST, "/api/v1/privacy/search", admin_post_privacy_search},
    {HTTP_POST, "/api/v1/privacy/*/cancel", admin_post_privacy_cancel},
    {HTTP_POST, "/api/v1/leads/*/erase", admin_post_lead_erase},
    {HTTP_GET, "/api/v1/backup", admin_get_backup},
    {HTTP_POST, "/api/v1/backup", admin_post_backup},
    {HTTP_GET, "/api/v1/alarms", admin_get_alarms},
    {HTTP_GET, "/api/v1/config", get_config},
    {HTTP_POST, "/api/v1/reload", post_reload},
    {HTTP_OTHER, NULL, NULL},
};
