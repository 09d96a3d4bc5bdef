/* SPDX-License-Identifier: MIT */
/*
 * The SQLite backend: the one connection that writes and checkpoints, and its
 * transactions. Store thread only.
 */
#include "queue/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"

enum {
	CHECKPOINT_PAGES = 512, /* more makes the slowest commits slower */
	/* While a reader holds the log it cannot begin anew: then a checkpoint
	 * after each commit would be two syncs for nothing. */
	CHECKPOINT_LONG = 2048, /* 16 MiB */
	CHECKPOINT_STEP = 64,
	SCRUB_MS = 200, /* between tries to empty the log */
	BUSY_MS = 5000, /* somebody's tool holds the file */
};

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
	if (pages < s->wal_pages)
		s->checkpoint_at = CHECKPOINT_PAGES;
	s->wal_pages = pages;
	s->wal_done = false;
	return SQLITE_OK;
}

static int open_writer(struct store *s, struct err *err)
{
	int rc = make_file(s->path, err);
	if (rc != 0)
		return rc;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(s->path, &s->db, flags, sqlite_pages_layer()) !=
	    SQLITE_OK) {
		lb_assert(s->db != NULL);
		return sqlite_fail(s->db, err, "cannot open the store");
	}
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	rc = sqlite_migrate(s->db, s->path, sqlite_migrations,
			    sqlite_n_migrations, err);
	/* Our own hook takes the place of the automatic checkpoint, so that
	 * it runs after the senders have their answers: see upkeep(). */
	if (rc == 0)
		(void)sqlite3_wal_hook(s->db, on_wal, s);
	for (size_t i = 0; rc == 0 && i < STATEMENTS; i++)
		rc = sqlite_prepare(s->db, sqlite_sql[i], &s->stmt[i], err);
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

static int store_clamp_due(struct store *s, struct str destination,
			   int64_t latest_ms, int64_t to_ms, struct err *err)
{
	bool fetch = destination.n > 0 && destination.p[0] == '@';
	struct name *name =
	    table_get(s->by_text, str_sub(destination, fetch, destination.n));
	struct sqlite3_stmt *st = NULL;
	if (name == NULL)
		return 0;
	int rc = sqlite_prepare(s->db,
				fetch ? "UPDATE lead SET at = ?3 WHERE"
					" state = 1 AND source = ?1 AND at > ?2"
				      : "UPDATE lead SET at = ?3 WHERE"
					" state = 0 AND destination = ?1 AND"
					" at > ?2",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, name->id);
	sqlite_bind_int(st, 2, latest_ms);
	sqlite_bind_int(st, 3, to_ms);
	rc = sqlite_row(st, err);
	(void)sqlite3_finalize(st);
	if (rc == 0 && is_bulk_queue(destination))
		rc = bulk_clamp_due(s, name->id, latest_ms, to_ms, err);
	return rc;
}

static void store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(s->stmt[i]);
	confirm_close(s);
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
		      struct err *err)
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
		rc = confirm_open(s, err);
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
	int pages = 0, done = 0;
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, mode, &pages, &done);
	fault_point("checkpoint");
	/* Busy: a reader still needs the log; the next one gets further. */
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		return sqlite_fail(s->db, err, "cannot checkpoint");
	s->wal_done = rc == SQLITE_OK && pages == done;
	if (mode == SQLITE_CHECKPOINT_TRUNCATE)
		s->wal_pages = pages > 0 ? pages : 0;
	return 0;
}

/* Not now rather than late: nobody waits here for a reader to end. */
static int store_compact(struct store *s, struct err *err)
{
	(void)sqlite3_busy_timeout(s->db, 0);
	int rc = checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE, err);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	return rc;
}

static bool store_log_long(const struct store *s)
{
	return s->wal_pages > CHECKPOINT_LONG && !s->wal_done;
}

/* What was erased still stands in the log: it goes when no reader is in the
 * way, at the next call if not at this one. */
static int scrub(struct store *s, struct err *err)
{
	int rc = store_compact(s, err);
	s->scrub = rc != 0 || s->wal_pages > 0;
	s->scrub_at_ms = clock_mono_ms() + SCRUB_MS;
	return rc;
}

static int store_upkeep(struct store *s, struct err *err)
{
	seen_turn(s, false);
	if (s->scrub && clock_mono_ms() >= s->scrub_at_ms)
		return scrub(s, err);
	bool idle = s->wal_pages == s->wal_before && !s->wal_done;
	s->wal_before = s->wal_pages;
	if (s->wal_pages < CHECKPOINT_PAGES ||
	    (s->wal_pages < s->checkpoint_at && !idle))
		return 0;
	s->checkpoint_at =
	    s->wal_pages + (s->wal_pages < CHECKPOINT_LONG ? CHECKPOINT_PAGES
							   : CHECKPOINT_STEP);
	return checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, err);
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
    .clamp_due = store_clamp_due,
    .close = store_close,
    .secret = store_secret,
    .begin = store_begin,
    .put = sqlite_put,
    .settle = sqlite_settle,
    .command = sqlite_command,
    .commit = store_commit,
    .rollback = store_rollback,
    .upkeep = store_upkeep,
    .tidy = sqlite_tidy,
    .compact = store_compact,
    .log_long = store_log_long,
    .totals = store_totals,
    .waiting = ledger_waiting,
    .aside = ledger_aside,
    .confirmed = ledger_confirmed,
    .reader_open = reader_open,
    .reader_close = reader_close,
    .reader_interrupt = reader_interrupt,
    .refill = reader_refill,
    .recall = reader_recall,
    .answer = reader_answer,
    .oldest = reader_oldest,
    .check = reader_check,
    .backup = sqlite_backup,
};
