/* SPDX-License-Identifier: MIT */
/* The limiters by (host, token, customer): who shares a key shares one. */
#ifndef LB_LIMITS_H
#define LB_LIMITS_H

#include "delivery/limiter.h"

struct limits;

struct limits *limits_new(void);
void limits_free(struct limits *l);
/* A round of configuration: every destination asks for its limiter; those
 * nobody asked for are freed by limits_sweep(). */
void limits_begin(struct limits *l);
struct limiter *limits_get(struct limits *l,
			   const struct destination_config *c);
/* Those not asked for since limits_begin(), unless something is under way. */
void limits_sweep(struct limits *l);

#endif
