/* SPDX-License-Identifier: MIT */
/*
 * Refresh tokens that took the place of configured ones. They are live secrets:
 * no list, no log and no backup shows them. Written on the store thread, read
 * on the reader thread.
 */
#include <sqlite3.h>

#include "base/mem.h"
#include "queue/sqlite.h"

static struct str id_of(const struct credential *c)
{
	return (struct str){(const char *)c->id, sizeof(c->id)};
}

int sqlite_keep_credential(struct store *s, const struct credential *c,
			   int64_t now_ms, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db,
				"INSERT OR REPLACE INTO credential"
				"(id, token, at) VALUES(?1, ?2, ?3)",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_blob(st, 1, id_of(c));
	sqlite_bind_str(st, 2, str_from(c->token));
	sqlite_bind_int(st, 3, now_ms);
	rc = sqlite_row(st, err);
	(void)sqlite3_finalize(st);
	return rc;
}

int reader_credential(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    r->db, "SELECT token FROM credential WHERE id = ?1", &st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_blob(st, 1, id_of(q->credential));
	rc = sqlite_row(st, &q->err);
	if (rc == 1)
		q->credential->token = xstr_dup(sqlite_str(st, 0));
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}
