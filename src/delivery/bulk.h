/* SPDX-License-Identifier: MIT */
/*
 * Bulk requests as one more kind of destination, "+NAME", beside the one of
 * that name: the rows of imports. Scheduler, limiter, breaker and park rules
 * are those of every destination, and it waits while NAME may not be sent to;
 * NAME never waits for it. Here is what differs. Delivery thread only.
 */
#ifndef LB_DELIVERY_BULK_H
#define LB_DELIVERY_BULK_H

#include "delivery/destination.h"

struct lane {
	struct destination_config config; /* borrows from that of base */
	char name[QUEUE_NAME];
	struct destination *base;
};

/* A destination for the bulk requests of c; base outlives it, or lane_leave()
 * says so. */
struct lane *lane_new(const struct destination_config *c,
		      struct destination *base);
void lane_free(struct lane *lane); /* NULL is fine */
/* The same configuration for somebody who needs no lane. */
void lane_config(const struct destination_config *c,
		 struct destination_config *out, char name[QUEUE_NAME]);
/* Nothing was imported through it since the start: not worth a line. */
bool lane_idle(const struct destination *d);
/* The destination it waits for now, or NULL: it may send. */
const struct destination *lane_held(const struct destination *d);

void bulk_judge(const struct attempt *a, const struct attempt_result *r,
		struct verdict *v);
/* What the CRM said of each row. */
void bulk_take(const struct attempt *a, struct str body, struct ruling *ruling);

#endif
