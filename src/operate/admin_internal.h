/* SPDX-License-Identifier: MIT */
/* What admin.c (who may ask, where to) and admin_api.c (what is answered)
 * share. */
#ifndef LB_ADMIN_INTERNAL_H
#define LB_ADMIN_INTERNAL_H

#include "leadbridge/value.h"
#include "operate/admin.h"

enum { ADMIN_BODY_MAX = 64 * 1024, ADMIN_WAIT_MS = 60000 };

struct admin {
	struct road *road;
	struct listener *listener;
	struct listen_config *listen; /* built from the text list */
	size_t n_listen;
	admin_reload_fn reload;
	void *reload_ctx;
	struct arena scratch; /* of the call being answered */
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
/* A query or a replay is answered: loop thread. */
void admin_on_query(void *ctx, struct query *q);
void admin_on_replayed(void *ctx, struct submission *s);
void admin_on_replay_failed(void *ctx, struct ticket t, const char *text);

#endif
