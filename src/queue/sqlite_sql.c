/* SPDX-License-Identifier: MIT */
/*
 * The statements of the writing side, and what makes SQLite's C interface
 * short: its result codes as ours, rows, bindings. Works on any connection of
 * the calling thread.
 */
#include <errno.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "queue/sqlite.h"

/* clang-format off */
const char *const sqlite_sql[STATEMENTS] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_ADD_NAME] = "INSERT INTO name(id, text) VALUES(?1, ?2)",
	[ST_ADD_REQUEST] =
	    "INSERT INTO request(id, units, received_at, flags, content_type,"
	    " target, headers, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[ST_ADD_LEAD] =
	    "INSERT INTO lead(id, request, source, destination, state, at,"
	    " received_at, attempts, generation, outcome, status,"
	    " first_failed_at, triable_ms)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6, 0, 0, 0, 0, 0, 0)",
	[ST_ADD_COLD] =
	    "INSERT INTO cold(id, idx, occurred_at, key, event_id, topic,"
	    " account, privacy, reason, body)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[ST_GET_SEEN] = "SELECT at FROM seen WHERE hash = ?1",
	[ST_PUT_SEEN] = "INSERT OR REPLACE INTO seen(hash, at) VALUES(?1, ?2)",
	[ST_LOG_SEEN] = "INSERT INTO seen_log(id, entries) VALUES(?1, ?2)",
	[ST_TRIM_SEEN] = "DELETE FROM seen_log WHERE id <= ?1",
	[ST_SETTLE] =
	    "UPDATE lead SET state = ?2, at = ?3, attempts = attempts + ?4,"
	    " outcome = ?5, status = ?6, first_failed_at = ?7,"
	    " triable_ms = ?8, duration_ms = ?9, crm_id = ?10"
	    " WHERE id = ?1 AND state = ?12 AND generation = ?11",
	[ST_SETTLE_COLD] =
	    "UPDATE cold SET reason = ?2, response = ?3 WHERE id = ?1",
	/* What the fetch took is none of the delivery's tries. */
	[ST_FETCHED] =
	    "UPDATE lead SET state = 0, at = ?2, attempts = 0, outcome = 0,"
	    " status = 0, first_failed_at = 0, triable_ms = 0"
	    " WHERE id = ?1 AND state = 1 AND generation = ?3",
	[ST_SET_BODY] =
	    "UPDATE cold SET body = ?2, reason = NULL WHERE id = ?1",
	[ST_ADD_ATTEMPT] =
	    "INSERT INTO attempt(lead, n, at, duration_ms, outcome, status,"
	    " counts, reason) SELECT ?1, coalesce(max(n), 0) + 1,"
	    " ?2, ?3, ?4, ?5, ?6, ?7 FROM attempt WHERE lead = ?1",
	[ST_GET_UNIT] =
	    "SELECT state, source, request, event_id FROM lead"
	    " JOIN cold USING (id) WHERE id = ?1",
	[ST_SET_STATE] = "UPDATE lead SET state = ?2, at = ?3 WHERE id = ?1",
	[ST_SET_REASON] = "UPDATE cold SET reason = ?2 WHERE id = ?1",
	[ST_GET_RETRY] =
	    "SELECT state, source, destination, received_at, generation,"
	    " status, idx, occurred_at, key, event_id, body FROM lead"
	    " JOIN cold USING (id) WHERE id = ?1",
	[ST_RETRY] =
	    "UPDATE lead SET state = ?4, at = ?2, attempts = 0,"
	    " generation = ?3, first_failed_at = 0, triable_ms = 0"
	    " WHERE id = ?1",
	[ST_RETRY_KEY] =
	    "UPDATE cold SET key = ?2, reason = NULL, response = NULL"
	    " WHERE id = ?1",
	[ST_DROP_LEAD] = "DELETE FROM lead WHERE id = ?1",
	[ST_DROP_COLD] = "DELETE FROM cold WHERE id = ?1",
	[ST_DROP_ATTEMPTS] = "DELETE FROM attempt WHERE lead = ?1",
	[ST_DROP_REQUEST] = "DELETE FROM request WHERE id = ?1",
	[ST_REQUEST_LEADS] =
	    "SELECT 1 FROM lead WHERE id >= ?1 AND id < ?1 +"
	    " (SELECT units FROM request WHERE id = ?1) LIMIT 1",
	[ST_REQUEST_KEPT] =
	    "SELECT 1 FROM lead WHERE id >= ?1 AND id < ?1 + ?2"
	    " AND state NOT IN (2, 5, 6) LIMIT 1",
	[ST_ADD_LEDGER] =
	    "INSERT INTO ledger(source, day, field, n)"
	    " VALUES(?1, ?2, ?3, ?4)"
	    " ON CONFLICT DO UPDATE SET n = n + excluded.n",
	[ST_OLD_REQUESTS] =
	    "SELECT id, units FROM request WHERE id > ?1 AND received_at < ?2"
	    " ORDER BY id LIMIT ?3",
	[ST_CLEAR_BODIES] =
	    "UPDATE cold SET body = NULL WHERE id >= ?1 AND id < ?1 + ?2",
	[ST_OLD_LEADS] =
	    "SELECT id, source, state, received_at, request FROM lead"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2",
	[ST_OLD_ATTEMPTS] =
	    "SELECT a.lead, a.n, a.at, l.state, l.received_at FROM attempt a"
	    " CROSS JOIN lead l ON l.id = a.lead"
	    " WHERE (a.lead, a.n) > (?1, ?2) ORDER BY a.lead, a.n LIMIT ?3",
	[ST_DROP_ATTEMPT] = "DELETE FROM attempt WHERE lead = ?1 AND n = ?2",
	[ST_OLD_KEYS] =
	    "DELETE FROM seen WHERE hash >= ?1 AND hash < ?2 AND at < ?3",
	[ST_AUDIT] =
	    "INSERT INTO audit(at, actor, action, subject)"
	    " VALUES(?1, ?2, ?3, ?4)",
	[ST_ADD_BULK] =
	    "INSERT INTO bulk(file, number, options, destination, first,"
	    " units, state, at, received_at, attempts, generation,"
	    " first_failed_at, triable_ms, key, body, source, rows)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?13, ?7, ?8, 0, ?9, 0, 0, ?10,"
	    " ?11, ?12, ?14)",
	[ST_GET_BULK] = "SELECT state FROM bulk WHERE id = ?1",
	[ST_BULK_OPTIONS] =
	    "SELECT options FROM bulk WHERE file = ?1 AND destination = ?2"
	    " LIMIT 1",
	[ST_BULK_AGAIN] =
	    "UPDATE bulk SET at = ?2, attempts = attempts + ?3,"
	    " first_failed_at = ?4, triable_ms = ?5 WHERE id = ?1",
	[ST_BULK_ROWS] =
	    "UPDATE lead SET at = ?3, attempts = attempts + ?4, outcome = ?5,"
	    " status = ?6 WHERE id >= ?1 AND id < ?1 + ?2 AND state = 0"
	    " AND generation = ?7",
	[ST_END_BULK] = "UPDATE bulk SET state = 1, body = NULL WHERE id = ?1",
	[ST_UNDO_BULK] = "UPDATE bulk SET state = 0, body = ?2 WHERE id = ?1",
	[ST_OLD_BULKS] =
	    "DELETE FROM bulk WHERE state = 1 AND received_at < ?1",
	[ST_LAST_ID] = "UPDATE meta SET value = ?1 WHERE key = 'last_id'",
};
/* clang-format on */

int sqlite_fail(struct sqlite3 *db, struct err *err, const char *what)
{
	int rc = sqlite3_extended_errcode(db);
	int no = sqlite3_system_errno(db);
	lb_assert((rc & 0xff) != SQLITE_NOMEM);
	int code = LB_EIO;
	switch (rc & 0xff) {
	case SQLITE_FULL:
		code = LB_ENOSPC;
		break;
	case SQLITE_IOERR:
		/* A failed sync is never "no space": the kernel may have
		 * dropped the pages, and the next sync would say all is well.
		 */
		if ((no == ENOSPC || no == EDQUOT) && rc != SQLITE_IOERR_FSYNC)
			code = LB_ENOSPC;
		break;
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH:
	case SQLITE_RANGE:
	case SQLITE_ERROR:
		code = LB_ESYSTEM;
		break;
	default:
		break;
	}
	return err_set(err, code, "%s: %s (sqlite %d, errno %d)", what,
		       sqlite3_errmsg(db), rc, no);
}

int sqlite_exec(struct sqlite3 *db, const char *text, struct err *err)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(db, err, "cannot set up the store");
	return 0;
}

int sqlite_prepare(struct sqlite3 *db, const char *text,
		   struct sqlite3_stmt **out, struct err *err)
{
	if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, out,
			       NULL) != SQLITE_OK)
		return sqlite_fail(db, err, "cannot prepare a statement");
	return 0;
}

void sqlite_reset(struct sqlite3_stmt *st)
{
	(void)sqlite3_reset(st); /* repeats what step said */
}

int sqlite_row(struct sqlite3_stmt *st, struct err *err)
{
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return sqlite_fail(sqlite3_db_handle(st), err, "cannot read or write");
}

int sqlite_run(struct store *s, enum statement which, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[which];
	int rc = sqlite_row(st, err);
	sqlite_reset(st);
	return rc < 0 ? rc : 0;
}

/* Binding to a parameter that exists, of a statement that was reset, cannot
 * fail but for memory; STATIC: the bytes outlive the step. */
void sqlite_bind_str(struct sqlite3_stmt *st, int at, struct str s)
{
	lb_assert(sqlite3_bind_text(st, at, s.p, (int)s.n, SQLITE_STATIC) ==
		  SQLITE_OK);
}

void sqlite_bind_blob(struct sqlite3_stmt *st, int at, struct str s)
{
	lb_assert(sqlite3_bind_blob(st, at, s.p, (int)s.n, SQLITE_STATIC) ==
		  SQLITE_OK);
}

void sqlite_bind_int(struct sqlite3_stmt *st, int at, int64_t v)
{
	lb_assert(sqlite3_bind_int64(st, at, v) == SQLITE_OK);
}

void sqlite_bind_null(struct sqlite3_stmt *st, int at)
{
	lb_assert(sqlite3_bind_null(st, at) == SQLITE_OK);
}

struct str sqlite_str(struct sqlite3_stmt *st, int column)
{
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return STR_NONE;
	const void *p = sqlite3_column_blob(st, column);
	size_t n = (size_t)sqlite3_column_bytes(st, column);
	return (struct str){p != NULL ? p : "", n};
}

int sqlite_number(struct sqlite3 *db, const char *text, int64_t *out,
		  struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(db, text, &st, err);
	if (rc == 0)
		rc = sqlite_row(st, err);
	if (rc >= 0)
		*out = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}
