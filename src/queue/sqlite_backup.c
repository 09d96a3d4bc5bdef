/* SPDX-License-Identifier: MIT */
/*
 * A copy of the store as of one moment, while it is used: read through a
 * connection of its own, so that nobody waits for it; what is written meanwhile
 * stays in the log until it is done. Live rows only: what was deleted or erased
 * has no bytes in it. Runs on a thread of its own (operate/backup.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "queue/sqlite.h"

static int open_db(const char *path, struct sqlite3 **db, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(path, db, flags, NULL) != SQLITE_OK)
		return sqlite_fail(*db, err, "cannot open");
	return 0;
}

static int copy(const char *store, const char *to, struct err *err)
{
	struct sqlite3 *db = NULL;
	struct sqlite3_stmt *st = NULL;
	int rc = open_db(store, &db, err);
	if (rc == 0)
		rc = sqlite_setup_reader(db, err);
	/* VACUUM INTO writes nothing to the store itself. */
	if (rc == 0)
		rc = sqlite_exec(db, "PRAGMA query_only = 0", err);
	if (rc == 0)
		rc = sqlite_prepare(db, "VACUUM INTO ?1", &st, err);
	if (rc == 0) {
		sqlite_bind_str(st, 1, str_from(to));
		rc = sqlite_row(st, err);
	}
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return rc;
}

/* Who has a copy can read leads; he must not be able to act as us as well. */
static int strip(struct sqlite3 *db, struct err *err)
{
	int64_t there = 0;
	int rc = sqlite_number(db,
			       "SELECT count(*) FROM sqlite_schema"
			       " WHERE type = 'table' AND name = 'credential'",
			       &there, err);
	if (rc == 0 && there > 0)
		rc = sqlite_exec(db, "DELETE FROM credential", err);
	return rc;
}

static int finish(const char *to, struct err *err)
{
	struct sqlite3 *db = NULL;
	struct sqlite3_stmt *st = NULL;
	int rc = open_db(to, &db, err);
	if (rc == 0)
		rc = sqlite_exec(db,
				 "PRAGMA journal_mode = DELETE;"
				 "PRAGMA synchronous = FULL;"
				 "PRAGMA secure_delete = ON",
				 err);
	if (rc == 0)
		rc = strip(db, err);
	if (rc == 0)
		rc = sqlite_prepare(db, "PRAGMA quick_check(1)", &st, err);
	if (rc == 0)
		rc = sqlite_row(st, err);
	if (rc == 1)
		rc = str_eq(sqlite_str(st, 0), STR("ok"))
			 ? 0
			 : err_set(err, LB_EIO, "the copy is damaged");
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return rc;
}

static int sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd >= 0 ? fsync(fd) : -1;
	if (rc != 0)
		rc = err_set(err, LB_ESYSTEM, "cannot sync '%s': %s", path,
			     strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

int sqlite_backup(const char *store, const char *to, struct err *err)
{
	/* Made here, so that it never was anybody else's to read. */
	int fd =
	    open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, LB_ESYSTEM, "cannot make '%s': %s", to,
			       strerror(errno));
	close(fd);
	int rc = copy(store, to, err);
	if (rc == 0)
		rc = finish(to, err);
	if (rc == 0)
		rc = sync_file(to, err);
	if (rc != 0)
		(void)unlink(to);
	return rc;
}
