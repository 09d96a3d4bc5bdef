/* SPDX-License-Identifier: MIT */
/*
 * A row of a bulk request is erased while it waits: its bytes go, and the rows
 * beside it wait as another request, under another key. What is on the wire
 * meanwhile settles nothing any more. Store thread only.
 */
#include <sqlite3.h>

#include "lead/bulk.h"
#include "leadbridge/lead.h"
#include "queue/sqlite.h"

struct cut {
	int64_t id, units;
	struct arena arena; /* of the texts of bulk and due */
	struct bulk_request bulk;
	struct due_lead *due; /* what goes in its place */
};

/* 1: the request in which the unit waits; 0: in none. */
static int find_cut(struct store *s, int64_t unit, struct cut *c,
		    struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db,
				"SELECT id, file, number, options, source,"
				" destination, first, units, received_at,"
				" generation FROM bulk WHERE state = 0"
				" AND first <= ?1 AND first + units > ?1",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, unit);
	rc = sqlite_row(st, err);
	if (rc == 1) {
		struct name *to = ledger_source(s, sqlite3_column_int64(st, 5));
		c->id = sqlite3_column_int64(st, 0);
		c->bulk.file = arena_copy(&c->arena, sqlite_str(st, 1));
		c->bulk.number = sqlite3_column_int64(st, 2);
		c->bulk.options = arena_copy(&c->arena, sqlite_str(st, 3));
		c->due->source = str_from(
		    ledger_source(s, sqlite3_column_int64(st, 4))->text);
		c->due->destination = str_from(to->text);
		c->due->id = sqlite3_column_int64(st, 6);
		c->units = sqlite3_column_int64(st, 7);
		c->due->received_at_ms = sqlite3_column_int64(st, 8);
		c->due->generation = (uint32_t)sqlite3_column_int64(st, 9);
	}
	(void)sqlite3_finalize(st);
	return rc;
}

/* The rows that still wait, in a body without the others. */
static int gather_rest(struct store *s, struct cut *c, struct buf *body,
		       struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int64_t first = c->due->id;
	int rc = sqlite_prepare(s->db,
				"SELECT l.id, c.body FROM lead l JOIN cold c"
				" USING (id) WHERE l.id >= ?1 AND l.id <"
				" ?1 + ?2 AND l.state = 0 AND l.generation = ?3"
				" ORDER BY l.id",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, first);
	sqlite_bind_int(st, 2, c->units);
	sqlite_bind_int(st, 3, c->due->generation);
	lead_bulk_start(body);
	while ((rc = sqlite_row(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);
		if (c->due->rows == 0)
			c->due->id = id;
		lead_bulk_row(body, c->due->rows++ == 0, id, sqlite_str(st, 1));
		c->due->units = (uint32_t)(id - c->due->id + 1);
	}
	lead_bulk_end(body, false);
	(void)sqlite3_finalize(st);
	return rc;
}

/* Other bytes need another key. */
static int rename_rest(struct store *s, struct cut *c, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	struct due_lead *due = c->due;
	due->generation++;
	lead_key(due->key, due->source, c->bulk.file, (uint32_t)c->bulk.number,
		 str_sub(due->destination, 1, due->destination.n),
		 due->generation);
	int rc = sqlite_prepare(s->db,
				"UPDATE cold SET key = ?3 WHERE id IN (SELECT"
				" id FROM lead WHERE id >= ?1 AND id < ?1 + ?2"
				" AND state = 0 AND generation = ?4 - 1)",
				&st, err);
	for (int i = 0; rc == 0 && i < 2; i++) {
		sqlite_bind_int(st, 1, due->id);
		sqlite_bind_int(st, 2, due->units);
		if (i == 0)
			sqlite_bind_blob(
			    st, 3,
			    (struct str){(char *)due->key, sizeof(due->key)});
		sqlite_bind_int(st, i == 0 ? 4 : 3, due->generation);
		rc = sqlite_row(st, err);
		(void)sqlite3_finalize(st);
		st = NULL;
		if (rc == 0 && i == 0)
			rc = sqlite_prepare(
			    s->db,
			    "UPDATE lead SET generation = ?3 WHERE id >= ?1"
			    " AND id < ?1 + ?2 AND state = 0"
			    " AND generation = ?3 - 1",
			    &st, err);
	}
	return rc;
}

static int cut(struct store *s, struct cut *c, struct err *err)
{
	struct buf body;
	buf_init(&body, BULK_BODY_MAX);
	sqlite_bind_int(s->stmt[ST_END_BULK], 1, c->id);
	int rc = sqlite_run(s, ST_END_BULK, err);
	if (rc == 0)
		rc = gather_rest(s, c, &body, err);
	if (rc == 0 && c->due->rows > 0)
		rc = rename_rest(s, c, err);
	if (rc == 0 && c->due->rows > 0) {
		c->due->body = buf_str(&body);
		rc = bulk_add(s, &c->bulk, c->due, err);
	}
	buf_release(&body);
	return rc;
}

int bulk_cut(struct store *s, int64_t unit, int64_t now_ms, struct err *err)
{
	struct due_lead due = {.due_at_ms = now_ms};
	struct cut c = {.due = &due};
	arena_init(&c.arena);
	int rc = find_cut(s, unit, &c, err);
	if (rc == 1)
		rc = cut(s, &c, err);
	arena_release(&c.arena);
	return rc;
}
