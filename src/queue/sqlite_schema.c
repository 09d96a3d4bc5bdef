/* SPDX-License-Identifier: MIT */
/*
 * Schema of the SQLite store, its migrations and the settings of connections.
 * A version is never edited once released: add the next one. Runs before the
 * threads start.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/sqlite.h"

/*
 * Why it looks like this (numbers in docs/store.md):
 *  - Everything an accept writes is appended, ids come from counters, not
 *    from the data. Where the data must decide (`seen`), see sqlite_seen.c.
 *  - `lead` is narrow: a change of state rewrites 80 bytes, not the body.
 *  - Indexes only over what waits: each is paid at every accept.
 *  - A request has the id of its first unit; its others follow without a gap,
 *    so no index is needed to go from one to the other.
 *  - lead.at is when it is due while it waits, afterwards when it got there.
 */
static const char version_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
    "CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
    "CREATE TABLE seen(hash BLOB PRIMARY KEY, at INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE seen_log(id INTEGER PRIMARY KEY, entries BLOB NOT NULL)"
    " STRICT;"
    "CREATE TABLE request(id INTEGER PRIMARY KEY, units INTEGER NOT NULL,"
    " received_at INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " content_type TEXT, target TEXT, headers TEXT, body BLOB) STRICT;"
    "CREATE TABLE lead(id INTEGER PRIMARY KEY, request INTEGER NOT NULL,"
    " source INTEGER NOT NULL, destination INTEGER NOT NULL,"
    " state INTEGER NOT NULL, at INTEGER NOT NULL,"
    " received_at INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, outcome INTEGER NOT NULL,"
    " status INTEGER NOT NULL, first_failed_at INTEGER NOT NULL,"
    " triable_ms INTEGER NOT NULL, duration_ms INTEGER, crm_id TEXT) STRICT;"
    "CREATE INDEX lead_due ON lead(destination, at) WHERE state = 0;"
    "CREATE TABLE cold(id INTEGER PRIMARY KEY, idx INTEGER NOT NULL,"
    " occurred_at INTEGER NOT NULL, key BLOB NOT NULL,"
    " event_id TEXT NOT NULL, topic TEXT, account TEXT, privacy TEXT,"
    " reason TEXT, response TEXT, body BLOB) STRICT;"
    "CREATE TABLE attempt(lead INTEGER NOT NULL, n INTEGER NOT NULL,"
    " at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,"
    " outcome INTEGER NOT NULL, status INTEGER NOT NULL,"
    " counts INTEGER NOT NULL, reason TEXT, PRIMARY KEY(lead, n))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE ledger(source INTEGER NOT NULL, day INTEGER NOT NULL,"
    " field INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(source, day, field)) STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES('secret', randomblob(32)),"
    " ('instance', lower(hex(randomblob(16)))), ('last_id', 0);";

/* What waits for a fetch is found by its source. */
static const char version_2[] =
    "CREATE INDEX lead_fetch ON lead(source, at) WHERE state = 1;";

/* What is rare is found without a walk over what was delivered. */
static const char version_3[] =
    "CREATE TABLE audit(id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
    " actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL)"
    " STRICT;"
    "ALTER TABLE lead ADD COLUMN confirmed_at INTEGER;"
    "CREATE TABLE credential(id BLOB PRIMARY KEY, token TEXT NOT NULL,"
    " at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX lead_aside ON lead(state, id) WHERE state IN (3, 4);"
    /* Rows of an import that go in one request. state 0: it waits. first: the
     * id of its first row. */
    "CREATE TABLE bulk(id INTEGER PRIMARY KEY, file TEXT NOT NULL,"
    " number INTEGER NOT NULL, options TEXT NOT NULL,"
    " source INTEGER NOT NULL, destination INTEGER NOT NULL,"
    " first INTEGER NOT NULL,"
    " units INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " state INTEGER NOT NULL, at INTEGER NOT NULL,"
    " received_at INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, first_failed_at INTEGER NOT NULL,"
    " triable_ms INTEGER NOT NULL, key BLOB NOT NULL, body BLOB) STRICT;"
    "CREATE INDEX bulk_due ON bulk(destination, at) WHERE state = 0;"
    "CREATE INDEX bulk_file ON bulk(file, destination);"
    /* person: whom an open request is about; NULL once it is done. */
    "CREATE TABLE privacy(id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
    " source INTEGER NOT NULL, topic TEXT NOT NULL, unit INTEGER NOT NULL,"
    " state INTEGER NOT NULL, due_at INTEGER NOT NULL,"
    " done_at INTEGER NOT NULL DEFAULT 0, person TEXT,"
    " units INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0,"
    " cut INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,"
    " copies INTEGER NOT NULL DEFAULT 0) STRICT;";

const struct migration sqlite_migrations[] = {
    {1, version_1},
    {2, version_2},
    {3, version_3},
};
const size_t sqlite_n_migrations =
    sizeof(sqlite_migrations) / sizeof(*sqlite_migrations);

static int setup_writer(struct sqlite3 *db, struct err *err)
{
	return sqlite_exec(db,
			   "PRAGMA page_size = 8192;"
			   "PRAGMA journal_mode = WAL;"
			   "PRAGMA synchronous = FULL;"
			   "PRAGMA secure_delete = ON;"
			   "PRAGMA journal_size_limit = 67108864;"
			   "PRAGMA cache_size = -8192;"
			   "PRAGMA temp_store = MEMORY;"
			   "PRAGMA trusted_schema = OFF",
			   err);
}

/* It must never checkpoint: two connections that do may damage the log in
 * SQLite before 3.51.3 (sqlite.org/wal.html, the WAL-reset bug). */
int sqlite_setup_reader(struct sqlite3 *db, struct err *err)
{
	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_busy_timeout(db, 5000);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return sqlite_exec(db,
			   "PRAGMA wal_autocheckpoint = 0;"
			   "PRAGMA query_only = 1;"
			   "PRAGMA cache_size = -2048;"
			   "PRAGMA temp_store = MEMORY;"
			   "PRAGMA trusted_schema = OFF",
			   err);
}

/* A copy of the store as it is, so that the older program can be used again.
 * It appears whole or not at all. */
static int copy_before(struct sqlite3 *db, const char *path, int version,
		       struct err *err)
{
	char *to = xasprintf("%s.v%d", path, version);
	char *part = xasprintf("%s.part", to);
	struct sqlite3_stmt *st = NULL;
	int rc = 0, fd = -1;
	if (access(to, F_OK) == 0)
		goto out; /* from an attempt that was cut short */
	(void)unlink(part);
	/* For the owner alone, as the store is. */
	fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		rc = err_set(err, LB_ESYSTEM, "cannot make '%s': %s", part,
			     strerror(errno));
		goto out;
	}
	close(fd);
	rc = sqlite_prepare(db, "VACUUM INTO ?1", &st, err);
	if (rc == 0) {
		sqlite_bind_str(st, 1, str_from(part));
		rc = sqlite_row(st, err);
	}
	fault_point("migration_copy");
	if (rc == 0 && rename(part, to) != 0)
		rc = err_set(err, LB_ESYSTEM, "cannot rename '%s': %s", part,
			     strerror(errno));
	if (rc == 0)
		log_info("store_copied", "version=%d path=\"%s\"", version, to);
out:
	(void)sqlite3_finalize(st);
	free(part);
	free(to);
	return rc;
}

static int run_migration(struct sqlite3 *db, const struct migration *m,
			 struct err *err)
{
	char number[64];
	(void)snprintf(number, sizeof(number),
		       "PRAGMA user_version = %d; PRAGMA application_id = %d",
		       m->version, SQLITE_APPLICATION_ID);
	int rc = sqlite_exec(db, "BEGIN IMMEDIATE", err);
	if (rc != 0)
		return rc;
	rc = sqlite_exec(db, m->sql, err);
	if (rc == 0)
		rc = sqlite_exec(db, number, err);
	fault_point("migration");
	if (rc == 0)
		return sqlite_exec(db, "COMMIT", err);
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return err_prefix(err, "migration to version %d", m->version);
}

/* Refuses what is not ours to write, before anything is written. */
static int inspect(struct sqlite3 *db, int newest, int64_t *version,
		   struct err *err)
{
	int64_t application = 0, tables = 0;
	int rc = sqlite_number(db, "PRAGMA user_version", version, err);
	if (rc == 0)
		rc = sqlite_number(db, "PRAGMA application_id", &application,
				   err);
	if (rc == 0)
		rc = sqlite_number(db, "SELECT count(*) FROM sqlite_schema",
				   &tables, err);
	if (rc != 0)
		return rc;
	if (tables > 0 && application != SQLITE_APPLICATION_ID)
		return err_set(err, LB_EINVAL, "not a store of leadbridge");
	if (*version > newest)
		return err_set(err, LB_EVERSION,
			       "made by a newer program (schema %d, this one "
			       "knows %d)",
			       (int)*version, newest);
	return 0;
}

int sqlite_migrate(struct sqlite3 *db, const char *path,
		   const struct migration *list, size_t n, struct err *err)
{
	int64_t version = 0;
	int newest = list[n - 1].version;
	int rc = inspect(db, newest, &version, err);
	if (rc == 0)
		rc = setup_writer(db, err);
	if (rc == 0 && version > 0 && version < newest)
		rc = copy_before(db, path, (int)version, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (list[i].version > version)
			rc = run_migration(db, &list[i], err);
	return rc;
}
