/* SPDX-License-Identifier: MIT */
/*
 * How often one address may come, per source: a table of fixed size, keyed so
 * that nobody can aim at a slot. When it is full the slot that is nearest to
 * being idle is given up: under a flood of addresses somebody is let through
 * too often, nobody is turned away too early. Loop thread.
 */
#ifndef LB_INGRESS_RATE_H
#define LB_INGRESS_RATE_H

#include "base/network.h"
#include "leadbridge/source.h"

struct rate_table;

struct rate_table *rate_table_new(void);
void rate_table_free(struct rate_table *t); /* NULL is fine */

/* Counts one request of `who` for the source. 0: it may; else it was not
 * counted, and the ms until it might. A rate of n per window lets n come at
 * once and then one each window/n. An IPv6 customer counts as a /64. */
int64_t rate_table_take(struct rate_table *t, const struct rate_list *rates,
			struct str source, const struct address *who,
			int64_t now_ms);
/* The same answer, and nothing is counted. */
int64_t rate_table_wait(struct rate_table *t, const struct rate_list *rates,
			struct str source, const struct address *who,
			int64_t now_ms);

#endif
