/* SPDX-License-Identifier: MIT */
/*
 * What the files that read leads for people share:
 *
 *   sqlite_list.c   pages of leads: which way through the store, how far
 *   sqlite_match.c  whether a lead has what somebody looks for
 *   sqlite_unit.c   a lead as JSON
 *   sqlite_sums.c   contacts as hashes, to compare with the CRM's list
 */
#ifndef LB_QUEUE_SQLITE_LIST_H
#define LB_QUEUE_SQLITE_LIST_H

#include "queue/sqlite.h"

#define UNIT_COLUMNS                                                           \
	"SELECT l.id, l.source, l.destination, l.state, l.at, l.received_at,"  \
	" l.attempts, l.generation, l.outcome, l.status, l.duration_ms,"       \
	" l.crm_id, l.confirmed_at, c.key, c.event_id, c.topic, c.account, "   \
	"c.privacy,"                                                           \
	" c.reason, c.idx, c.body FROM lead l CROSS JOIN cold c ON c.id = "    \
	"l.id"

enum { /* columns of UNIT_COLUMNS */
       COL_ID,
       COL_SOURCE,
       COL_DESTINATION,
       COL_STATE,
       COL_AT,
       COL_RECEIVED_AT,
       COL_ATTEMPTS,
       COL_GENERATION,
       COL_OUTCOME,
       COL_STATUS,
       COL_DURATION,
       COL_CRM_ID,
       COL_CONFIRMED_AT,
       COL_KEY,
       COL_EVENT_ID,
       COL_TOPIC,
       COL_ACCOUNT,
       COL_PRIVACY,
       COL_REASON,
       COL_INDEX,
       COL_BODY,
};

/* The row of UNIT_COLUMNS as a JSON object, without its closing brace. */
void unit_to_json(struct store_reader *r, const struct query *q,
		  struct sqlite3_stmt *st, struct buf *b);

/* ---- sqlite_match.c ---------------------------------------------------- */

enum { NEEDLE_MAX = 256 };

/* What a person looks for, prepared once for all rows. */
struct needle {
	struct arena arena;
	struct str text;   /* part of anything */
	struct str email;  /* normalised, whole; or NONE */
	struct str digits; /* of a phone number, or NONE */
	unsigned char key[16];
	bool is_key;
	struct str reason; /* part of the reason; or NONE */
};

void needle_init(struct needle *n, const char *text, const char *reason);
void needle_release(struct needle *n);
/* False: every row has it. */
bool needle_given(const struct needle *n);
/* Whether a row of UNIT_COLUMNS has it, or the request it came with, where that
 * is given. */
bool needle_found(const struct needle *n, struct sqlite3_stmt *st,
		  struct str request);

#endif
