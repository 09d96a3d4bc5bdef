/* SPDX-License-Identifier: MIT */
/*
 * Follow-up fetches as one more kind of destination: the account at a provider
 * whose records a source's notifications name. Scheduler, limiter, breaker and
 * park rules are those of every destination; here is what differs. Delivery
 * thread only.
 *
 * A source is one account, "@SOURCE". Where accounts have tokens of their own
 * (api.tokens), each of those is one more, "@SOURCE:ACCOUNT", and shares with
 * the others nothing but the queue on disk. What waits there is told apart by
 * the account its description names.
 *
 * fetch.c        the account, one fetch
 * fetch_batch.c  what several leads fetch together
 * oauth.c        access tokens
 */
#ifndef LB_DELIVERY_FETCH_H
#define LB_DELIVERY_FETCH_H

#include "delivery/destination.h"

struct refresher;
struct refreshers;

/* What all accounts of a source take from: the queue hands new leads over to
 * their source, whoever of them it is. */
struct granted {
	size_t n;
	int users;
};

struct account {
	struct account *next;             /* of accounts_new() */
	struct destination_config config; /* borrows from source */
	const struct source *source;
	struct header_rule headers[2]; /* Authorization, version */
	struct secret values[2];
	char name[QUEUE_NAME];
	struct granted *granted;
	bool has_token; /* access or, with a refresher, refresh token */
	bool brief;     /* more than the essential fields are refused */
	struct refresher *refresher; /* with api.oauth; not owned */
	unsigned token_n;            /* the refresher's that is in force here */
};

/* A source for which source_fetches() is true, and which outlives it; with own,
 * the account with that token alone. */
struct account *account_new(const struct source *source,
			    const struct named_secret *own);
void account_free(struct account *a); /* NULL is fine */
/* All accounts of a source: those with a token of their own, and one for the
 * others. NULL: nothing is fetched for it. */
struct account *accounts_new(const struct source *source,
			     struct refreshers *refreshers,
			     const struct delivery_ops *ops);
/* Of the accounts of a source, one of which is `to`, that which has the lead in
 * memory; else `to`. */
struct destination *account_holding(struct destination *const *list, size_t n,
				    struct destination *to, int64_t lead);
/* Sets the credentials of the next requests. */
void account_authorize(struct account *a, struct str token);
/* Which account a lead that waits to be fetched belongs to. */
struct str account_of(const struct config *config, const struct due_lead *lead,
		      char name[QUEUE_NAME]);

/* As may_send(): whether there is a token to ask with. */
bool fetch_ready(struct destination *d, int64_t now, int64_t *wake);
/* Since a reload another account may be the one that asks. */
bool fetch_is_ours(const struct attempt *a);
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

/* ---- fetch_batch.c ------------------------------------------------------- */

/* Adds to a first lead others that are due, where one request fetches many. */
void fetch_gather(struct attempt *a, int64_t now);
/* The request for all of them; false: they cannot be asked for together. */
bool fetch_batch_request(const struct attempt *a, struct arena *scratch,
			 struct fetch_request *out);
/* What the answer as a whole means. */
void fetch_batch_judge(const struct attempt *a, const struct attempt_result *r,
		       struct verdict *v);
/* Rules on each lead; true: nothing is left to be done. */
bool fetch_conclude(struct attempt *a, const struct attempt_result *r,
		    const struct verdict *v);

/* ---- oauth.c ------------------------------------------------------------- */

struct refreshers *refreshers_new(void);
void refreshers_free(struct refreshers *r);
/* As limits_begin() and limits_sweep(): a round of configuration. */
void refreshers_begin(struct refreshers *r);
void refreshers_sweep(struct refreshers *r);
/* The one that accounts with this refresh token share. */
struct refresher *refreshers_get(struct refreshers *r,
				 const struct source *source,
				 struct str refresh_token);
/* An answer of the store. Takes it. */
void refreshers_answer(struct refreshers *r, struct credential *c);
/* Every second: what the store could not keep is tried again. */
void refreshers_tick(struct refreshers *r, struct courier *courier);

/* Whether there is an access token, or none is needed. Gets one if a lead is
 * due; *wake as of may_send(). */
bool oauth_ready(struct destination *d, int64_t now, int64_t *wake);
/* Whether one is being fetched. */
bool oauth_refreshing(const struct account *a);
/* The access token was refused: true when a new one is worth a try. */
bool oauth_refused(struct account *a, int64_t sent_at);

#endif
