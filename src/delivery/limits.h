/* SPDX-License-Identifier: MIT */
/* The limiters by (host, token, customer): who shares a key shares one. */
#ifndef LB_LIMITS_H
#define LB_LIMITS_H

#include "delivery/limiter.h"
#include "leadbridge/store.h"

struct limits;

struct limits *limits_new(void);
void limits_free(struct limits *l);
/* A round of configuration: every destination asks for its limiter; those
 * nobody asked for are freed by limits_sweep(). */
void limits_begin(struct limits *l);
struct limiter *limits_get(struct limits *l,
			   const struct destination_config *c);
/* Those not asked for since limits_begin(), unless something still counts. */
void limits_sweep(struct limits *l, int64_t now);

/* What to ask the queue so that limits also hold over a restart: a chain for
 * the destinations whose limit has a window without a past, or NULL. Their
 * limiters let nothing through until limits_recalled(). */
struct recall *limits_ask(struct limits *l, const struct config *config,
			  int64_t wall_ms);
/* The answer; frees it. */
void limits_recalled(struct limits *l, const struct config *config,
		     struct recall *chain);

#endif
