/* SPDX-License-Identifier: MIT */
/*
 * Bulk requests: the rows of an import that go to the CRM together. The bytes
 * are made and stored in the transaction that accepts the rows, and sent as
 * they are stored; each row is a lead of its own in the ledger. The writing
 * side on the store thread; refill at the end on the reader thread.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lead/bulk.h"
#include "leadbridge/lead.h"
#include "queue/sqlite.h"

enum {
	REFILL_BYTES = 8 * 1024 * 1024, /* of one answer */
};

/* ---- accepting ---------------------------------------------------------- */

int bulk_check(struct store *s, struct submission *sub, struct err *err)
{
	char queue[QUEUE_NAME];
	struct name *name =
	    table_get(s->by_text, bulk_queue(sub->bulk->destination, queue));
	if (name == NULL)
		return 0;
	struct sqlite3_stmt *st = s->stmt[ST_BULK_OPTIONS];
	sqlite_bind_str(st, 1, sub->bulk->file);
	sqlite_bind_int(st, 2, name->id);
	int rc = sqlite_row(st, err);
	if (rc == 1)
		rc = str_eq(sqlite_str(st, 0), sub->bulk->options)
			 ? 0
			 : err_set(err, LB_EDENIED,
				   "this file went there with other options");
	sqlite_reset(st);
	return rc;
}

int bulk_add(struct store *s, const struct bulk_request *b,
	     struct due_lead *due, struct err *err)
{
	struct name *destination = NULL, *source = NULL;
	int rc = ledger_name(s, due->destination, &destination, err);
	if (rc == 0)
		rc = ledger_name(s, due->source, &source, err);
	if (rc != 0)
		return rc;
	struct sqlite3_stmt *st = s->stmt[ST_ADD_BULK];
	sqlite_bind_str(st, 1, b->file);
	sqlite_bind_int(st, 2, b->number);
	sqlite_bind_str(st, 3, b->options);
	sqlite_bind_int(st, 4, destination->id);
	sqlite_bind_int(st, 5, due->id);
	sqlite_bind_int(st, 6, due->units);
	sqlite_bind_int(st, 7, due->due_at_ms);
	sqlite_bind_int(st, 8, due->received_at_ms);
	sqlite_bind_int(st, 9, due->generation);
	sqlite_bind_blob(st, 10,
			 (struct str){(char *)due->key, sizeof(due->key)});
	sqlite_bind_blob(st, 11, due->body);
	sqlite_bind_int(st, 12, source->id);
	sqlite_bind_int(st, 13, due->units > 0 ? 0 : 1);
	sqlite_bind_int(st, 14, due->rows);
	rc = sqlite_run(s, ST_ADD_BULK, err);
	if (rc == 0)
		due->bulk = sqlite3_last_insert_rowid(s->db);
	return rc;
}

/* The rows that are new and wait, in one body. Without any it is stored all
 * the same, as done: the import has them. */
static void gather(const struct submission *sub, struct due_lead *due,
		   struct buf *body)
{
	lead_bulk_start(body);
	for (uint32_t i = 0; i < sub->n_units; i++) {
		const struct new_unit *u = &sub->units[i];
		bool first = due->units == 0;
		if (u->id == 0)
			continue;
		if (due->id == 0 || (first && u->state == UNIT_WAITING))
			due->id = u->id;
		if (u->state != UNIT_WAITING)
			continue;
		lead_bulk_row(body, first, u->id, u->body);
		due->units = (uint32_t)(u->id - due->id + 1);
		due->rows++;
	}
	lead_bulk_end(body, false);
}

int bulk_put(struct store *s, struct submission *sub, struct err *err)
{
	struct bulk_request *b = sub->bulk;
	char queue[QUEUE_NAME];
	struct due_lead due = {.source = sub->source,
			       .destination = bulk_queue(b->destination, queue),
			       .received_at_ms = sub->received_at_ms,
			       .occurred_at_ms = sub->received_at_ms,
			       .due_at_ms = sub->received_at_ms};
	struct buf body;
	int rc = 0;
	free(b->due); /* of a transaction that failed */
	b->due = NULL;
	buf_init(&body, BULK_BODY_MAX);
	gather(sub, &due, &body);
	if (body.over)
		rc = err_set(err, LB_ESYSTEM, "rows too large for a request");
	if (rc == 0 && due.id != 0) {
		memcpy(due.key, b->key, sizeof(due.key));
		due.body = buf_str(&body);
		rc = bulk_add(s, b, &due, err);
	}
	if (rc == 0 && due.units > 0)
		b->due = due_lead_new(&due);
	buf_release(&body);
	return rc;
}

int bulk_retry(struct store *s, struct due_lead **lead, struct err *err)
{
	const struct bulk_request none = {.file = STR(""), .options = STR("")};
	struct due_lead due = **lead;
	struct buf body;
	buf_init(&body, BULK_BODY_MAX);
	lead_bulk_start(&body);
	lead_bulk_row(&body, true, due.id, due.body);
	lead_bulk_end(&body, false);
	due.body = buf_str(&body);
	due.units = due.rows = 1;
	int rc = bulk_add(s, &none, &due, err);
	if (rc == 0) {
		struct due_lead *old = *lead;
		*lead = due_lead_new(&due); /* from what is in the old one */
		free(old);
	}
	buf_release(&body);
	return rc;
}

/* ---- settling ----------------------------------------------------------- */

/* 1: it waits, 0: it does not. */
static int waits(struct store *s, int64_t id, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_BULK];
	sqlite_bind_int(st, 1, id);
	int rc = sqlite_row(st, err);
	if (rc == 1)
		rc = sqlite3_column_int(st, 0) == 0;
	sqlite_reset(st);
	return rc;
}

/* One row of it, through the door of every other lead. Rows that wait no more
 * (erased, sent again by a person) are left alone. */
static int settle_row(struct store *s, const struct settlement *t,
		      const struct row_result *row, struct err *err)
{
	struct due_lead lead = *t->lead;
	struct settlement one = *t;
	one.lead = &lead;
	one.rows = NULL;
	one.n_rows = 0;
	lead.id = row->id;
	lead.bulk = 0;
	one.state = row->state;
	if (t->state == UNIT_DELIVERED) {
		memcpy(one.crm_id, row->crm_id, sizeof(one.crm_id));
		one.response = row->response;
		if (row->state == UNIT_DEAD) {
			one.outcome = OUTCOME_DEAD;
			one.reason = row->response != NULL ? "row_failed"
							   : "row_unnamed";
		}
	}
	int rc = sqlite_settle_one(s, &one, err);
	return rc == LB_ENOTFOUND ? 0 : rc;
}

static const struct row_result *result_of(const struct settlement *t,
					  int64_t id)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (t->rows[i].id == id)
			return &t->rows[i];
	return NULL;
}

/* All of its rows; of a delivered one those the CRM did not name are dead. */
static int settle_rows(struct store *s, const struct settlement *t,
		       struct err *err)
{
	int rc = 0;
	int64_t first = t->lead->id;
	for (uint32_t i = 0; rc == 0 && i < t->lead->units; i++) {
		struct row_result plain = {.id = first + i, .state = t->state};
		const struct row_result *row = &plain;
		if (t->state == UNIT_DELIVERED) {
			plain.state = UNIT_DEAD;
			row = result_of(t, first + i);
		}
		rc = settle_row(s, t, row != NULL ? row : &plain, err);
	}
	return rc;
}

static int again(struct store *s, const struct settlement *t, struct err *err)
{
	const struct due_lead *l = t->lead;
	struct sqlite3_stmt *st = s->stmt[ST_BULK_AGAIN];
	sqlite_bind_int(st, 1, l->bulk);
	sqlite_bind_int(st, 2, t->due_at_ms);
	sqlite_bind_int(st, 3, t->counts ? 1 : 0);
	sqlite_bind_int(st, 4, t->first_failed_at_ms);
	sqlite_bind_int(st, 5, t->triable_ms);
	int rc = sqlite_run(s, ST_BULK_AGAIN, err);
	if (rc != 0)
		return rc;
	st = s->stmt[ST_BULK_ROWS];
	sqlite_bind_int(st, 1, l->id);
	sqlite_bind_int(st, 2, l->units);
	sqlite_bind_int(st, 3, t->due_at_ms);
	sqlite_bind_int(st, 4, t->counts ? 1 : 0);
	sqlite_bind_int(st, 5, t->outcome);
	sqlite_bind_int(st, 6, t->http_status);
	sqlite_bind_int(st, 7, l->generation);
	rc = sqlite_run(s, ST_BULK_ROWS, err);
	return rc == 0 ? sqlite_add_attempt(s, t, err) : rc;
}

/* 1: its rows are dead, and none of them was erased; 0: no. */
static int may_undo(struct store *s, const struct due_lead *l, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    s->db,
	    "SELECT coalesce(sum(state = 3), 0), coalesce(sum(state = 6), 0)"
	    " FROM lead WHERE id >= ?1 AND id < ?1 + ?2 AND generation = ?3",
	    &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, l->id);
	sqlite_bind_int(st, 2, l->units);
	sqlite_bind_int(st, 3, l->generation);
	rc = sqlite_row(st, err);
	if (rc == 1)
		rc = sqlite3_column_int(st, 0) > 0 &&
		     sqlite3_column_int(st, 1) == 0;
	(void)sqlite3_finalize(st);
	return rc;
}

/* It was dead, and the cause was not its own (`contract`). */
static int undo(struct store *s, const struct settlement *t, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_UNDO_BULK];
	int rc = may_undo(s, t->lead, err);
	if (rc <= 0)
		return rc < 0 ? rc
			      : err_set(err, LB_ENOTFOUND,
					"request does not wait");
	sqlite_bind_int(st, 1, t->lead->bulk);
	sqlite_bind_blob(st, 2, t->lead->body);
	rc = sqlite_run(s, ST_UNDO_BULK, err);
	if (rc == 0)
		rc = settle_rows(s, t, err);
	return rc == 0 ? again(s, t, err) : rc;
}

int bulk_settle(struct store *s, const struct settlement *t, struct err *err)
{
	bool again_wanted = t->state == UNIT_WAITING;
	if (!again_wanted && t->state != UNIT_DELIVERED &&
	    t->state != UNIT_DEAD)
		return err_set(err, LB_EINVAL, "a bulk request ends in '%s'?",
			       unit_state_name(t->state));
	int rc = waits(s, t->lead->bulk, err);
	if (rc < 0)
		return rc;
	if (again_wanted)
		return rc == 1 ? again(s, t, err) : undo(s, t, err);
	if (rc == 0)
		return err_set(err, LB_ENOTFOUND, "request does not wait");
	sqlite_bind_int(s->stmt[ST_END_BULK], 1, t->lead->bulk);
	rc = sqlite_run(s, ST_END_BULK, err);
	return rc == 0 ? settle_rows(s, t, err) : rc;
}

int bulk_clamp_due(struct store *s, int64_t destination, int64_t latest_ms,
		   int64_t to_ms, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db,
				"UPDATE bulk SET at = ?3 WHERE state = 0"
				" AND destination = ?1 AND at > ?2",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, destination);
	sqlite_bind_int(st, 2, latest_ms);
	sqlite_bind_int(st, 3, to_ms);
	rc = sqlite_row(st, err);
	(void)sqlite3_finalize(st);
	return rc;
}

/* ---- refill, reader thread ---------------------------------------------- */

static struct due_lead *due_of(struct store_reader *r, struct sqlite3_stmt *st,
			       const char *destination)
{
	struct str key = sqlite_str(st, 10);
	struct due_lead due = {
	    .bulk = sqlite3_column_int64(st, 0),
	    .id = sqlite3_column_int64(st, 1),
	    .units = (uint32_t)sqlite3_column_int64(st, 2),
	    .source = str_from(reader_name(r, sqlite3_column_int64(st, 3))),
	    .destination = str_from(destination),
	    .received_at_ms = sqlite3_column_int64(st, 4),
	    .occurred_at_ms = sqlite3_column_int64(st, 4),
	    .due_at_ms = sqlite3_column_int64(st, 5),
	    .attempts = (uint32_t)sqlite3_column_int64(st, 6),
	    .generation = (uint32_t)sqlite3_column_int64(st, 7),
	    .first_failed_at_ms = sqlite3_column_int64(st, 8),
	    .triable_ms = sqlite3_column_int64(st, 9),
	    .body = sqlite_str(st, 11),
	    .rows = (uint32_t)sqlite3_column_int64(st, 12),
	};
	memcpy(due.key, key.p,
	       key.n < sizeof(due.key) ? key.n : sizeof(due.key));
	return due_lead_new(&due);
}

static int read_due(struct store_reader *r, struct refill *q,
		    struct sqlite3_stmt *st, struct err *err)
{
	struct due_lead **last = &q->chain;
	size_t n = 0, bytes = 0;
	int rc;
	while ((rc = sqlite_row(st, err)) == 1) {
		if (n++ == q->backlog || bytes >= REFILL_BYTES) {
			q->more = true;
			return 0;
		}
		*last = due_of(r, st, q->destination);
		bytes += (*last)->body.n;
		last = &(*last)->next;
	}
	return rc;
}

static int read_next(struct store_reader *r, struct refill *q,
		     int64_t destination, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db,
				"SELECT at FROM bulk INDEXED BY bulk_due"
				" WHERE state = 0 AND destination = ?1"
				" AND at > ?2 ORDER BY at LIMIT 1",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, destination);
	sqlite_bind_int(st, 2, q->now_ms);
	rc = sqlite_row(st, err);
	q->next_due_at_ms = rc == 1 ? sqlite3_column_int64(st, 0) : 0;
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

int reader_refill_bulk(struct store_reader *r, struct refill *q,
		       struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int64_t destination = 0;
	int rc = reader_name_id(r, q->destination, &destination, err);
	if (rc != 0 || destination == NAME_NONE)
		return rc;
	rc = sqlite_prepare(r->db,
			    "SELECT id, first, units, source, received_at, at,"
			    " attempts, generation, first_failed_at,"
			    " triable_ms, key, body, rows FROM bulk"
			    " INDEXED BY bulk_due WHERE state = 0"
			    " AND destination = ?1 AND at <= ?2"
			    " ORDER BY at LIMIT ?3",
			    &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, destination);
	sqlite_bind_int(st, 2, q->now_ms);
	sqlite_bind_int(st, 3, (int64_t)q->backlog + 1);
	rc = read_due(r, q, st, err);
	(void)sqlite3_finalize(st);
	return rc == 0 ? read_next(r, q, destination, err) : rc;
}
