/* SPDX-License-Identifier: MIT */
/* Why a lead waits, as far as the store knows: when it is due and what its last
 * attempt came to. Reader thread only. */
#include <sqlite3.h>
#include <stdio.h>

#include "base/clock.h"
#include "queue/sqlite.h"

static int last_attempt(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc =
	    sqlite_prepare(r->db,
			   "SELECT at, outcome, status, reason FROM attempt"
			   " WHERE lead = ?1 ORDER BY n DESC LIMIT 1",
			   &st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->id);
	rc = sqlite_row(st, &q->err);
	if (rc == 1) {
		q->waits.last_ms = sqlite3_column_int64(st, 0);
		q->waits.outcome = (enum outcome)sqlite3_column_int(st, 1);
		q->waits.status = sqlite3_column_int(st, 2);
		(void)!snprintf(q->waits.reason, sizeof(q->waits.reason),
				"%.*s", STR_FMT(sqlite_str(st, 3)));
	}
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

static void take(struct store_reader *r, struct query *q,
		 struct sqlite3_stmt *st)
{
	enum unit_state state = (enum unit_state)sqlite3_column_int(st, 0);
	int64_t source = sqlite3_column_int64(st, 1);
	int64_t destination = sqlite3_column_int64(st, 2);
	struct str name = str_from(reader_name(r, source));
	(void)!snprintf(q->state, sizeof(q->state), "%s",
			unit_state_name(state));
	(void)!snprintf(q->source, sizeof(q->source), "%.*s", STR_FMT(name));
	if (state == UNIT_FETCHING)
		(void)fetch_queue(name, q->destination);
	else
		(void)!snprintf(q->destination, sizeof(q->destination), "%s",
				reader_name(r, destination));
	q->waits.due_ms = sqlite3_column_int64(st, 3);
	q->waits.received_ms = sqlite3_column_int64(st, 4);
	q->waits.attempts = sqlite3_column_int64(st, 5);
	q->waits.waits = state == UNIT_WAITING || state == UNIT_FETCHING;
}

int reader_waits(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db,
				"SELECT state, source, destination, at,"
				" received_at, attempts FROM lead"
				" WHERE id = ?1",
				&st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->id);
	rc = sqlite_row(st, &q->err);
	if (rc == 1)
		take(r, q, st);
	(void)sqlite3_finalize(st);
	if (rc == 0)
		return err_set(&q->err, LB_ENOTFOUND, "no such lead");
	return rc == 1 ? last_attempt(r, q) : rc;
}
