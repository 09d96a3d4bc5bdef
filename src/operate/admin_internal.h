/* SPDX-License-Identifier: MIT */
/* What admin.c and admin_auth.c (who may ask, where to) share with the files
 * that answer: admin_api.c and one admin_*.c for each thing it is about. */
#ifndef LB_ADMIN_INTERNAL_H
#define LB_ADMIN_INTERNAL_H

#include "leadbridge/value.h"
#include "operate/admin.h"
#include "operate/admin_auth.h"
#include "operate/admin_session.h"
#include "operate/history.h"

enum {
	ADMIN_BODY_MAX = 64 * 1024,
	ADMIN_IMPORT_MAX = 8 << 20,
	ADMIN_WAIT_MS = 60000,
	ADMIN_TEXT_MAX = 8 << 20
};

struct admin {
	struct road *road;
	struct listener *listener;
	struct listen_config *listen; /* built from the text list */
	size_t n_listen;
	admin_reload_fn reload;
	void *reload_ctx;
	struct arena scratch; /* of the call being answered */
	struct backup *backup;
	struct rate_table *guesses;
	struct sessions sessions;
	struct admin_events *events;
};

/* One call: "/api/v1/leads/17/retry" has subject "17". */
struct admin_call {
	struct admin *admin;
	struct exchange *exchange;
	const struct request *request;
	const struct admin_actor *actor;
	struct str subject;         /* the path part of "*", or NONE */
	const struct value *params; /* query string as an object */
};

struct admin_route {
	enum http_method method;
	const char *path; /* "*" stands for one path segment */
	void (*answer)(struct admin_call *call);
};
extern const struct admin_route ADMIN_ROUTES[]; /* ends with path NULL */

void admin_reply_json(struct exchange *x, int status, struct str body);
void admin_reply_error(struct exchange *x, int status, const char *code,
		       const char *message);
/* Answers 200 and releases b. */
void admin_reply_buf(struct exchange *x, struct buf *b);
/* ,"name":"2026-..." or null. */
void admin_add_time(struct buf *b, const char *name, int64_t at_ms);
/* Who did what, for a command that goes to the store. */
void admin_audit(const struct admin_call *c, struct audit *a,
		 const char *action, struct str subject);
/* The same line alone, of what needs nothing else of the store. */
void admin_note(const struct admin_call *c, const char *action,
		struct str subject);

/* ---- admin_page.c ---------------------------------------------------------
 */

void admin_get_page(struct admin_call *c);
void admin_get_asset(struct admin_call *c);
void admin_get_login(struct admin_call *c);
void admin_post_login(struct admin_call *c);
void admin_post_logout(struct admin_call *c);
void admin_get_session(struct admin_call *c);

/* ---- admin_events.c -------------------------------------------------------
 */

void admin_get_events(struct admin_call *c);
void admin_get_history(struct admin_call *c);
struct admin_events *admin_events_new(struct admin *a);
/* The store remembers what happened before the start. */
void admin_events_past(struct admin_events *e, const struct query *q);
/* Says good-bye to those who watch; nobody new can come. */
void admin_events_end(struct admin_events *e);
void admin_events_free(struct admin_events *e); /* NULL is fine */

/* ---- admin_leads.c --------------------------------------------------------
 */

void admin_get_ledger(struct admin_call *c);
void admin_get_leads(struct admin_call *c);
void admin_get_lead(struct admin_call *c);
void admin_get_quarantine(struct admin_call *c);
void admin_post_replay(struct admin_call *c);
void admin_post_bury(struct admin_call *c);
/* A query whose answer goes back to this call. */
struct query *admin_query(struct admin_call *c, enum query_kind kind);
/* Asks with a query that was made before; the answer goes back to this call. */
void admin_ask(struct admin_call *c, struct query *q);
/* Asks for a page: limit, cursor and filters are those of the call. */
void admin_ask_list(struct admin_call *c, enum query_kind kind);
/* About the lead the path names. action: the word of the audit log, or NULL:
 * it changes nothing. */
void admin_ask_one(struct admin_call *c, enum query_kind kind,
		   const char *action);

/* A query or a replay is answered: loop thread. */
void admin_on_query(void *ctx, struct query *q);
void admin_on_replayed(void *ctx, struct submission *s);
void admin_on_replay_failed(void *ctx, struct ticket t, const char *text);

/* ---- admin_filter.c -------------------------------------------------------
 */

/* state, source, destination, since, until, text, reason, cursor, limit. */
LB_MUST_CHECK int admin_take_filter(const struct admin_call *c, struct query *q,
				    struct err *err);
/* A time, or how long ago; *out stays where the parameter is not given. */
LB_MUST_CHECK int admin_take_time(const struct admin_call *c, const char *name,
				  int64_t *out, struct err *err);
/* Whether the call asks for personal data as it is; notes who saw it. */
bool admin_reveals(const struct admin_call *c, struct str subject);

/* ---- admin_bulk.c ---------------------------------------------------------
 */

void admin_get_count(struct admin_call *c);
void admin_post_retry(struct admin_call *c);
void admin_post_bury_lead(struct admin_call *c);
void admin_post_send_as_new(struct admin_call *c);
void admin_post_retry_many(struct admin_call *c);
void admin_post_bury_many(struct admin_call *c);
void admin_post_send_as_new_many(struct admin_call *c);
/* True: q was a step of a command on many leads. */
bool admin_on_slice(struct admin *a, struct exchange *x, const struct query *q);

/* ---- admin_queue.c --------------------------------------------------------
 */

void admin_get_queue(struct admin_call *c);
void admin_get_waiting(struct admin_call *c);
/* True: q was about why a lead waits, and delivery is asked now. */
bool admin_on_waits(struct admin *a, struct exchange *x, const struct query *q);
/* Delivery has answered. Takes it. */
void admin_on_asked(void *ctx, struct delivery_ask *ask);

/* ---- admin_crm.c ----------------------------------------------------------
 */

void admin_post_test(struct admin_call *c);
void admin_get_here(struct admin_call *c);
void admin_get_there(struct admin_call *c);
void admin_on_sent(struct admin *a, struct exchange *x,
		   const struct delivery_ask *ask);

/* ---- admin_manual.c -------------------------------------------------------
 */

void admin_post_lead(struct admin_call *c);
/* The lead is on disk, or was before. */
void admin_on_added(struct exchange *x, const struct submission *s);

/* ---- admin_requests.c -----------------------------------------------------
 */

void admin_get_requests(struct admin_call *c);

/* ---- admin_import.c -------------------------------------------------------
 */

void admin_post_import(struct admin_call *c);
void admin_get_import(struct admin_call *c);
/* The rows are on disk, or were before, or are refused. */
void admin_on_imported(struct exchange *x, const struct submission *s);
/* The CRM answered a dry run. */
void admin_on_preview(struct exchange *x, const struct delivery_ask *ask);

/* ---- admin_sources.c ------------------------------------------------------
 */

void admin_get_sources(struct admin_call *c);
void admin_post_retry_held(struct admin_call *c);

/* ---- admin_alarms.c -------------------------------------------------------
 */

void admin_get_alarms(struct admin_call *c);

/* ---- admin_destinations.c -------------------------------------------------
 */

void admin_get_destinations(struct admin_call *c);
void admin_post_pause(struct admin_call *c);
void admin_post_resume(struct admin_call *c);
void admin_post_drain(struct admin_call *c);
/* "destinations":[...] */
void admin_add_destinations(struct buf *b, const struct metrics_inputs *in);

/* ---- admin_privacy.c ------------------------------------------------------
 */

void admin_get_privacy(struct admin_call *c);
void admin_get_privacy_one(struct admin_call *c);
void admin_post_privacy_erase(struct admin_call *c);
void admin_post_privacy_search(struct admin_call *c);
void admin_post_privacy_cancel(struct admin_call *c);
void admin_post_lead_erase(struct admin_call *c);
void admin_get_backup(struct admin_call *c);
void admin_post_backup(struct admin_call *c);
/* A query of these is answered well. */
void admin_privacy_answered(struct admin *a, struct exchange *x,
			    struct query *q);

#endif
