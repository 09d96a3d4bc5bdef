/* SPDX-License-Identifier: MIT */
/*
 * The body of the CRM's bulk route: many leads, each with the name by which
 * the answer speaks of it. Pure.
 */
#ifndef LB_LEAD_BULK_H
#define LB_LEAD_BULK_H

#include <stdint.h>

#include "leadbridge/buf.h"

enum { BULK_ROWS_MAX = 500 }; /* the CRM's */

/* start, then each row, then end; out is not emptied. */
void lead_bulk_start(struct buf *out);
/* lead: as lead_to_json() wrote it. first: there is none before it. */
void lead_bulk_row(struct buf *out, bool first, int64_t ref, struct str lead);
/* Takes the row of that name out; every other byte stays. LB_ENOTFOUND: it is
 * not in there. */
LB_MUST_CHECK int lead_bulk_cut(struct str body, int64_t ref, struct buf *out);
/* dry_run: the CRM says what it would do, and does nothing. */
void lead_bulk_end(struct buf *out, bool dry_run);

#endif
