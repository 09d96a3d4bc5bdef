/* SPDX-License-Identifier: MIT */
/*
 * Follow-up fetches as one more kind of destination: the account at a provider
 * whose records a source's notifications name. Scheduler, limiter, breaker and
 * park rules are those of every destination; here is what differs. Delivery
 * thread only.
 */
#ifndef LB_DELIVERY_FETCH_H
#define LB_DELIVERY_FETCH_H

#include "delivery/destination.h"

struct account {
	struct destination_config config; /* borrows from source */
	const struct source *source;
	struct header_rule headers[2]; /* Authorization, version */
	struct secret values[2];
	char name[QUEUE_NAME];
	/* With api.oauth; monotonic times: */
	int64_t access_got, access_until;
	int64_t refresh_at, refresh_pause;
	bool refreshing;
};

/* A source for which source_fetches() is true, and which outlives it. */
struct account *account_new(const struct source *source);
void account_free(struct account *a); /* NULL is fine */
/* Sets the credentials of the next requests. */
void account_authorize(struct account *a, struct str token);

/* False: what is stored names no record that could be asked for; the ruling
 * says what becomes of it. */
bool fetch_possible(const struct attempt *a, struct ruling *ruling);
void fetch_send(struct attempt *a, http_done_cb cb);
void fetch_judge(const struct attempt *a, const struct attempt_result *r,
		 struct verdict *v);
/* The record is there: the lead, or why there is none. */
void fetch_take(const struct attempt *a, struct str record,
		struct ruling *ruling);
/* Whether nothing is to be hoped for from the provider any more; then what the
 * notification said is delivered if it is enough. */
bool fetch_give_up(const struct attempt *a, const struct verdict *v,
		   struct ruling *ruling);

/* ---- oauth.c ------------------------------------------------------------- */

/* Whether there is an access token, or none is needed. Gets one if a lead is
 * due; *wake as of may_send(). */
bool oauth_ready(struct destination *d, int64_t now, int64_t *wake);
/* The access token was refused: true when a new one is worth a try. */
bool oauth_refused(struct account *a, int64_t sent_at);

#endif
