/* SPDX-License-Identifier: MIT */
/*
 * The SQLite backend: the one connection that writes and checkpoints, its
 * transactions, and the meaning of SQLite's result codes. Store thread only,
 * but for the helpers, which work on any connection of the calling thread.
 */
#include "queue/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	CHECKPOINT_PAGES = 512, /* more makes the slowest commits slower */
	CLOCK_BOUND_MS = 24 * 60 * 60 * 1000, /* a due time at start */
};

/* clang-format off */
static const char *const sql[STATEMENTS] = {
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
	    "UPDATE lead SET state = 0, at = ?2, attempts = 0,"
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
	    "SELECT a.lead, a.n, a.at, l.state FROM attempt a"
	    " CROSS JOIN lead l ON l.id = a.lead"
	    " WHERE (a.lead, a.n) > (?1, ?2) ORDER BY a.lead, a.n LIMIT ?3",
	[ST_DROP_ATTEMPT] = "DELETE FROM attempt WHERE lead = ?1 AND n = ?2",
	[ST_OLD_KEYS] =
	    "DELETE FROM seen WHERE hash >= ?1 AND hash < ?2 AND at < ?3",
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

static int lock_file(struct store *s, struct err *err)
{
	char *path = xasprintf("%s.lock", s->path);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = 0;
	if (s->lock_fd < 0)
		rc = err_set(err, LB_ESYSTEM, "cannot open '%s': %s", path,
			     strerror(errno));
	else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
		rc = err_set(err, LB_EBUSY, "another daemon has the store '%s'",
			     s->path);
	free(path);
	return rc;
}

/* A new file gets its mode here. An existing one is only opened by SQLite:
 * closing another descriptor of it would drop SQLite's locks. */
static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST)
		return err_set(err, LB_ESYSTEM, "cannot make '%s': %s", path,
			       strerror(errno));
	return 0;
}

static int on_wal(void *ctx, struct sqlite3 *db, const char *name, int pages)
{
	(void)db, (void)name;
	struct store *s = ctx;
	s->wal_pages = pages;
	return SQLITE_OK;
}

static int open_writer(struct store *s, struct err *err)
{
	int rc = make_file(s->path, err);
	if (rc != 0)
		return rc;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK) {
		lb_assert(s->db != NULL);
		return sqlite_fail(s->db, err, "cannot open the store");
	}
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_busy_timeout(s->db, 5000);
	rc = sqlite_migrate(s->db, s->path, sqlite_migrations,
			    sqlite_n_migrations, err);
	/* Our own hook takes the place of the automatic checkpoint, so that
	 * it runs after the senders have their answers: see upkeep(). */
	if (rc == 0)
		(void)sqlite3_wal_hook(s->db, on_wal, s);
	for (size_t i = 0; rc == 0 && i < STATEMENTS; i++)
		rc = sqlite_prepare(s->db, sql[i], &s->stmt[i], err);
	return rc;
}

static int load_meta(struct store *s, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    s->db, "SELECT value FROM meta WHERE key = 'secret'", &st, err);
	if (rc == 0)
		rc = sqlite_row(st, err);
	if (rc == 1) {
		struct str secret = sqlite_str(st, 0);
		if (secret.n != sizeof(s->secret))
			rc = err_set(err, LB_EINVAL, "the store is damaged");
		else
			memcpy(s->secret, secret.p, secret.n);
	} else if (rc == 0) {
		rc = err_set(err, LB_EINVAL, "the store has no secret");
	}
	(void)sqlite3_finalize(st);
	if (rc < 0)
		return rc;
	int64_t last = 0, gone = 0;
	rc = sqlite_number(s->db, "SELECT max(id) FROM lead", &last, err);
	/* Ids are never used twice, also when the newest are removed. */
	if (rc == 0)
		rc = sqlite_number(
		    s->db, "SELECT value FROM meta WHERE key = 'last_id'",
		    &gone, err);
	s->next_id = (last > gone ? last : gone) + 1;
	return rc;
}

/* A store written while the clock was ahead must not wait for that day. */
static int clamp_due(struct store *s, int64_t now_ms, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db,
				"UPDATE lead SET at = ?2 WHERE state = 0 AND"
				" destination = ?1 AND at > ?2",
				&st, err);
	for (size_t i = 0; rc == 0 && i < s->n_names; i++) {
		sqlite_bind_int(st, 1, s->names[i]->id);
		sqlite_bind_int(st, 2, now_ms + CLOCK_BOUND_MS);
		rc = sqlite_row(st, err);
		sqlite_reset(st);
	}
	(void)sqlite3_finalize(st);
	return rc;
}

static void store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(s->stmt[i]);
	seen_close(s);
	ledger_close(s);
	(void)sqlite3_close(s->db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->path);
	mem_wipe(s->secret, sizeof(s->secret));
	free(s);
}

static int store_open(struct store **out, const struct store_config *config,
		      int64_t now_ms, struct err *err)
{
	struct store *s = xcalloc(1, sizeof(*s));
	s->lock_fd = -1;
	s->path = xstrdup(config->path);
	int rc = lock_file(s, err);
	if (rc == 0)
		rc = open_writer(s, err);
	if (rc == 0)
		rc = load_meta(s, err);
	if (rc == 0)
		rc = ledger_open(s, err);
	if (rc == 0)
		rc = seen_open(s, err);
	if (rc == 0)
		rc = clamp_due(s, now_ms, err);
	if (rc != 0) {
		store_close(s);
		return err_prefix(err, "store '%s'", config->path);
	}
	*out = s;
	return 0;
}

static struct str store_secret(const struct store *s)
{
	return (struct str){(const char *)s->secret, sizeof(s->secret)};
}

static void forget_transaction(struct store *s)
{
	s->in_transaction = false;
	ledger_rolled_back(s);
	seen_rolled_back(s);
}

static void store_rollback(struct store *s)
{
	struct err ignored;
	/* SQLite may have rolled back by itself (no space, I/O error). */
	if (!sqlite3_get_autocommit(s->db))
		(void)!sqlite_run(s, ST_ROLLBACK, &ignored);
	forget_transaction(s);
}

static int store_begin(struct store *s, struct err *err)
{
	lb_assert(!s->in_transaction);
	int rc = sqlite_run(s, ST_BEGIN, err);
	s->in_transaction = rc == 0;
	return rc;
}

static int store_commit(struct store *s, int64_t now_ms, struct err *err)
{
	lb_assert(s->in_transaction);
	int rc = seen_flush(s, err);
	if (rc == 0)
		rc = ledger_flush(s, now_ms, err);
	if (rc == 0)
		rc = sqlite_run(s, ST_COMMIT, err);
	if (rc != 0) {
		store_rollback(s);
		return rc;
	}
	s->in_transaction = false;
	ledger_committed(s);
	seen_committed(s);
	return 0;
}

static int checkpoint(struct store *s, int mode, struct err *err)
{
	int pages = 0;
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, mode, &pages, NULL);
	/* Busy: a reader still needs the log; the next one gets further. */
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		return sqlite_fail(s->db, err, "cannot checkpoint");
	if (mode == SQLITE_CHECKPOINT_TRUNCATE)
		s->wal_pages = pages > 0 ? pages : 0;
	return 0;
}

static int store_upkeep(struct store *s, struct err *err)
{
	seen_turn(s, false);
	if (s->wal_pages < CHECKPOINT_PAGES)
		return 0;
	return checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, err);
}

static int store_compact(struct store *s, struct err *err)
{
	return checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE, err);
}

static void store_totals(const struct store *s, struct queue_gauges *out)
{
	ledger_totals(s, out);
	int64_t page = 8192 + 24; /* with the frame's header */
	out->wal_bytes = s->wal_pages * page;
}

const struct store_ops sqlite_store = {
    .name = "sqlite",
    .open = store_open,
    .close = store_close,
    .secret = store_secret,
    .begin = store_begin,
    .put = sqlite_put,
    .settle = sqlite_settle,
    .retry = sqlite_retry,
    .bury = sqlite_bury,
    .commit = store_commit,
    .rollback = store_rollback,
    .upkeep = store_upkeep,
    .tidy = sqlite_tidy,
    .compact = store_compact,
    .totals = store_totals,
    .waiting = ledger_waiting,
    .reader_open = reader_open,
    .reader_close = reader_close,
    .refill = reader_refill,
    .answer = reader_answer,
    .oldest = reader_oldest,
    .check = reader_check,
};
