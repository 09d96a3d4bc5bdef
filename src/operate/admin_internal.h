/* SPDX-License-Identifier: MIT */
/* What admin.c (who may ask, where to) and the files that answer share:
 * admin_api.c, admin_leads.c, admin_sources.c, admin_destinations.c,
 * admin_manual.c. */
#ifndef LB_ADMIN_INTERNAL_H
#define LB_ADMIN_INTERNAL_H

#include "leadbridge/value.h"
#include "operate/admin.h"

enum {
	ADMIN_BODY_MAX = 64 * 1024,
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
};

/* One call: "/api/v1/leads/17/retry" has subject "17". */
struct admin_call {
	struct admin *admin;
	struct exchange *exchange;
	const struct request *request;
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

/* ---- admin_leads.c --------------------------------------------------------
 */

void admin_get_ledger(struct admin_call *c);
void admin_get_leads(struct admin_call *c);
void admin_get_lead(struct admin_call *c);
void admin_post_retry(struct admin_call *c);
void admin_get_quarantine(struct admin_call *c);
void admin_post_replay(struct admin_call *c);
void admin_post_bury(struct admin_call *c);
/* A query whose answer goes back to this call. */
struct query *admin_query(struct admin_call *c, enum query_kind kind);
/* Asks for a page: limit, cursor and filters are those of the call. */
void admin_ask_list(struct admin_call *c, enum query_kind kind);

/* A query or a replay is answered: loop thread. */
void admin_on_query(void *ctx, struct query *q);
void admin_on_replayed(void *ctx, struct submission *s);
void admin_on_replay_failed(void *ctx, struct ticket t, const char *text);

/* ---- admin_manual.c -------------------------------------------------------
 */

void admin_post_lead(struct admin_call *c);
/* The lead is on disk, or was before. */
void admin_on_added(struct exchange *x, const struct submission *s);

/* ---- admin_sources.c ------------------------------------------------------
 */

void admin_get_sources(struct admin_call *c);
void admin_post_retry_held(struct admin_call *c);

/* ---- admin_destinations.c -------------------------------------------------
 */

void admin_get_destinations(struct admin_call *c);
void admin_post_pause(struct admin_call *c);
void admin_post_resume(struct admin_call *c);
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
