/* SPDX-License-Identifier: MIT */
/* Questions and single requests of a person, on the delivery thread. */
#ifndef LB_DESTINATION_ASK_H
#define LB_DESTINATION_ASK_H

#include "delivery/ask.h"
#include "delivery/destination.h"

/* ---- destination_ask.c --------------------------------------------------- */

/* Takes a DELIVERY_SEND; it leaves with a pump. */
void destination_ask(struct destination *d, struct delivery_ask *a);
/* Sends those whose turn it is. When to look again; INT64_MAX: no need. */
int64_t destination_ask_pump(struct destination *d, int64_t now);
/* Those that waited too long. */
void destination_ask_tick(struct destination *d, int64_t now);
/* The HTTP client ends: nobody will answer. */
void destination_ask_free(struct destination *d);

/* ---- destination_why.c --------------------------------------------------- */

/* {"destination":...}, with "lead" where a is about one. */
void destination_why(struct destination *d, const struct delivery_ask *a,
		     struct buf *b);

#endif
