/* SPDX-License-Identifier: MIT */
/*
 * The body of the CRM's bulk route: many leads, each with the name by which
 * the answer speaks of it. Pure.
 */
#ifndef LB_LEAD_BULK_H
#define LB_LEAD_BULK_H

#include "leadbridge/lead.h"

enum {
	BULK_ROWS_MAX = 500, /* the CRM's */
	BULK_BODY_MAX = BULK_ROWS_MAX * (LEAD_JSON_MAX + 64),
};

/* start, then each row, then end; out is not emptied. */
void lead_bulk_start(struct buf *out);
/* lead: as lead_to_json() wrote it. first: there is none before it. */
void lead_bulk_row(struct buf *out, bool first, int64_t ref, struct str lead);
/* dry_run: the CRM says what it would do, and does nothing. */
void lead_bulk_end(struct buf *out, bool dry_run);

#endif
