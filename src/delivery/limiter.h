/* SPDX-License-Identifier: MIT */
/*
 * How many requests a key may still make: sliding windows from the
 * configuration, all at once, corrected downwards by what the other side says
 * remains. Destinations that share (host, token, customer) share one limiter.
 *
 * A token is held from sending until the answer plus the window: the other
 * side counted it somewhere in between. Times are monotonic ms, handed in.
 * Delivery thread only.
 */
#ifndef LB_LIMITER_H
#define LB_LIMITER_H

#include "delivery/headers.h"
#include "leadbridge/config.h"

struct limiter;

#define LIMITER_NEVER INT64_MAX /* only an answer can free a token */

struct limiter *limiter_new(const struct rate_list *rates);
void limiter_free(struct limiter *l);
/* New numbers; what was sent stays known. */
void limiter_configure(struct limiter *l, const struct rate_list *rates);
/* Adds windows, or narrows them: for a destination that shares the key. */
void limiter_add(struct limiter *l, const struct rate_list *rates);

/* 0: a request may leave now. Else when to ask again, or LIMITER_NEVER. */
int64_t limiter_ready_at(struct limiter *l, int64_t now);
/* A request leaves; only after limiter_ready_at() was 0. */
void limiter_take(struct limiter *l, int64_t now);
/* Its answer is there, or it is over without one. */
void limiter_answered(struct limiter *l, int64_t now);
/* It never left the house (refused, no address): the token is free again. */
void limiter_return(struct limiter *l);
/* What the answer to a request sent at sent_at says remains. */
void limiter_hint(struct limiter *l, const struct rate_hint *hint,
		  int64_t sent_at, int64_t now);

/* What keeps the next request back: the window that says longest, or what the
 * other side's headers said remains. */
struct limiter_reason {
	int64_t count, window_ms;
	bool header;
	bool expecting; /* limiter_recalled() is awaited */
};
void limiter_why(struct limiter *l, int64_t now, struct limiter_reason *out);
/* The window with the least per time; false: none is configured. */
bool limiter_slowest(const struct limiter *l, struct limiter_reason *out);

/* How many destinations use it; more than one wake each other. */
void limiter_set_users(struct limiter *l, int users);
bool limiter_shared(const struct limiter *l);
/* An answer is awaited, or some still count: it must not be forgotten. */
bool limiter_busy(struct limiter *l, int64_t now);
/* Of the tightest window; -1: no limit known. */
int64_t limiter_left(struct limiter *l, int64_t now);

/* The longest window that knows nothing of what was sent before it was made,
 * and the most it may hold; 0: every window knows. */
int64_t limiter_blank(const struct limiter *l, size_t *most);
/* Until limiter_recalled() no request leaves: what was sent before the start
 * is being looked up. */
void limiter_expect(struct limiter *l);
/* One that was sent before: over at `at`, any order. */
void limiter_recall(struct limiter *l, int64_t at);
/* That was all of them. */
void limiter_recalled(struct limiter *l, int64_t now);

#endif
