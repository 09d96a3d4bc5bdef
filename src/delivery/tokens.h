/* SPDX-License-Identifier: MIT */
/*
 * What one request holds of a limiter, from its leaving to its answer: a token,
 * and one more for each time curl sends it again by itself. Delivery thread
 * only.
 */
#ifndef LB_TOKENS_H
#define LB_TOKENS_H

#include "delivery/limiter.h"
#include "leadbridge/outcome.h"

struct tokens {
	struct limiter *limiter; /* the one they are of */
	int n;
	int64_t sent_at; /* monotonic */
};

/* Only after limiter_ready_at() was 0. */
void tokens_take(struct tokens *t, struct limiter *l, int64_t now);
/* Whether the request may leave once more: its connection died under it, and
 * the other side may have counted it already. */
bool tokens_again(struct tokens *t);
/* It is over: what counts, what does not, what the answer says remains. */
void tokens_settle(struct tokens *t, const struct attempt_result *r,
		   int64_t now);

#endif
