/* SPDX-License-Identifier: MIT */
/*
 * What came and went in the last hour, minute by minute, for the plots of a
 * daemon that has just started. A walk back through the ids, which grow with
 * time; it has only so long, and then says from when on it has seen all. Leads
 * that came earlier and were settled within the hour are not among it. Reader
 * thread only.
 */
#include <sqlite3.h>

#include "base/clock.h"
#include "queue/sqlite.h"

enum {
	PAST_MS = 100,
	LOOK_EVERY = 64,
	SLACK_MS = 60000, /* what came together is stored in any order */
	MINUTE_MS = 60000,
};

/* Its minute, or -1: not of the window. */
static int64_t minute_of(const struct query *q, int64_t at_ms)
{
	if (at_ms < q->since_ms || at_ms >= q->until_ms)
		return -1;
	int64_t i = (at_ms - q->since_ms) / MINUTE_MS;
	return i < QUERY_PAST_MINUTES ? i : -1;
}

static void count(struct query *q, struct sqlite3_stmt *st)
{
	enum unit_state state = (enum unit_state)sqlite3_column_int(st, 1);
	int64_t received = minute_of(q, sqlite3_column_int64(st, 0));
	int64_t settled = minute_of(q, sqlite3_column_int64(st, 2));
	if (received >= 0)
		q->past[received].accepted++;
	if (settled >= 0 && state == UNIT_DELIVERED)
		q->past[settled].delivered++;
	if (settled >= 0 && state == UNIT_DEAD)
		q->past[settled].dead++;
}

int reader_past(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int64_t stop_ms = clock_mono_ms() + PAST_MS;
	unsigned n = 0;
	q->past_whole_ms = q->since_ms;
	int rc = sqlite_prepare(r->db,
				"SELECT received_at, state, at FROM lead"
				" ORDER BY id DESC",
				&st, &q->err);
	while (rc == 0 && (rc = sqlite_row(st, &q->err)) == 1) {
		int64_t received_ms = sqlite3_column_int64(st, 0);
		rc = 0;
		if (received_ms < q->since_ms - SLACK_MS)
			break;
		count(q, st);
		if (++n % LOOK_EVERY == 0 && clock_mono_ms() >= stop_ms) {
			q->past_whole_ms = received_ms + SLACK_MS;
			break;
		}
	}
	(void)sqlite3_finalize(st);
	return rc;
}
