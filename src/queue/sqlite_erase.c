/* SPDX-License-Identifier: MIT */
/*
 * Privacy requests on the writing side: what was found to be a person's is
 * overwritten, the units become `erased` in the ledger of the same transaction,
 * and the request itself is opened, counted and closed here. The event hashes
 * stay (keyed, of no use to anybody without the store): a sender's retry of
 * what was erased is a duplicate. Store thread only.
 *
 * Every table that holds personal data is named in erase_unit() or erase_raw();
 * one that is added later needs its line there, and its walk in
 * sqlite_person.c.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/privacy.h"
#include "queue/sqlite.h"

/* A statement that is used once in a while, with up to three numbers. */
static int run_sql(struct store *s, const char *sql, const int64_t *v, int n,
		   struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db, sql, &st, err);
	for (int i = 0; rc == 0 && i < n; i++)
		sqlite_bind_int(st, i + 1, v[i]);
	if (rc == 0)
		rc = sqlite_row(st, err);
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

/* ---- units -------------------------------------------------------------- */

struct erased_unit {
	enum unit_state state;
	int64_t source, destination;
};

/* 1: it is there. */
static int get_unit(struct store *s, int64_t id, struct erased_unit *u,
		    struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    s->db, "SELECT state, source, destination FROM lead WHERE id = ?1",
	    &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, id);
	rc = sqlite_row(st, err);
	if (rc == 1) {
		u->state = (enum unit_state)sqlite3_column_int(st, 0);
		u->source = sqlite3_column_int64(st, 1);
		u->destination = sqlite3_column_int64(st, 2);
	}
	(void)sqlite3_finalize(st);
	return rc;
}

static int queue_of(struct store *s, const struct erased_unit *u,
		    struct name **out, struct err *err)
{
	char queue[QUEUE_NAME];
	*out = NULL;
	if (u->state == UNIT_WAITING) {
		*out = ledger_source(s, u->destination);
		return 0;
	}
	if (u->state != UNIT_FETCHING)
		return 0;
	struct str source = str_from(ledger_source(s, u->source)->text);
	return ledger_name(s, fetch_queue(source, queue), out, err);
}

static int erase_unit(struct store *s, int64_t id, int64_t now_ms, int64_t *n,
		      struct err *err)
{
	struct erased_unit u;
	struct name *queue = NULL;
	int rc = get_unit(s, id, &u, err);
	if (rc != 1 || u.state == UNIT_ERASED)
		return rc < 0 ? rc : 0;
	rc = queue_of(s, &u, &queue, err);
	if (rc == 0)
		rc = run_sql(s,
			     "UPDATE lead SET state = 6, at = ?2, crm_id = NULL"
			     " WHERE id = ?1",
			     (int64_t[]){id, now_ms}, 2, err);
	if (rc == 0)
		rc = run_sql(s,
			     "UPDATE cold SET occurred_at = 0, key = x'',"
			     " event_id = 'erased', topic = NULL,"
			     " account = NULL, reason = NULL, response = NULL,"
			     " body = NULL WHERE id = ?1",
			     &id, 1, err);
	if (rc == 0 && u.state == UNIT_WAITING &&
	    is_bulk_queue(str_from(queue->text)))
		rc = bulk_cut(s, id, now_ms, err);
	if (rc != 0)
		return rc;
	sqlite_erased(ledger_source(s, u.source), u.state, queue);
	++*n;
	return 0;
}

/* ---- stored requests ---------------------------------------------------- */

static int cut_raw(struct store *s, const struct privacy_raw *raw,
		   struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    s->db, "UPDATE request SET body = ?2 WHERE id = ?1", &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, raw->request);
	sqlite_bind_blob(st, 2, (struct str){raw->cut, raw->cut_n});
	rc = sqlite_row(st, err);
	(void)sqlite3_finalize(st);
	return rc;
}

static int erase_raw(struct store *s, const struct privacy_raw *raw,
		     struct err *err)
{
	switch (raw->fate) {
	case RAW_STAYS:
		return 0;
	case RAW_GOES:
		return run_sql(s, "DELETE FROM request WHERE id = ?1",
			       &raw->request, 1, err);
	case RAW_IS_CUT:
		return cut_raw(s, raw, err);
	case RAW_DROPPED:
		break;
	}
	return run_sql(s,
		       "UPDATE request SET target = NULL, headers = NULL,"
		       " body = NULL WHERE id = ?1",
		       &raw->request, 1, err);
}

/* ---- requests of a person ----------------------------------------------- */

static int erase(struct store *s, const struct query *q, int64_t now_ms,
		 struct err *err)
{
	const struct privacy_work *w = q->privacy;
	int64_t n[5] = {q->id, 0, 0, 0, 0}; /* units, gone, cut, dropped */
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < w->n_units; i++)
		rc = erase_unit(s, w->units[i], now_ms, &n[1], err);
	for (size_t i = 0; rc == 0 && i < w->n_raws; i++) {
		rc = erase_raw(s, &w->raws[i], err);
		n[2] += w->raws[i].fate == RAW_GOES;
		n[3] += w->raws[i].fate == RAW_IS_CUT;
		n[4] += w->raws[i].fate == RAW_DROPPED;
	}
	if (rc == 0)
		rc = run_sql(s,
			     "UPDATE privacy SET units = units + ?2,"
			     " requests = requests + ?3, cut = cut + ?4,"
			     " dropped = dropped + ?5 WHERE id = ?1",
			     n, 5, err);
	fault_point("privacy_erase");
	return rc;
}

struct privacy_row {
	int64_t at, source, unit, due_at;
	struct str topic, person;
	enum privacy_state state;
};

static int add_row(struct store *s, const struct privacy_row *row,
		   struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db,
				"INSERT INTO privacy(at, source, topic, unit,"
				" state, due_at, person)"
				" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, row->at);
	sqlite_bind_int(st, 2, row->source);
	sqlite_bind_str(st, 3, row->topic);
	sqlite_bind_int(st, 4, row->unit);
	sqlite_bind_int(st, 5, row->state);
	sqlite_bind_int(st, 6, row->due_at);
	sqlite_bind_str(st, 7, row->person);
	rc = sqlite_row(st, err);
	(void)sqlite3_finalize(st);
	return rc;
}

int sqlite_put_privacy(struct store *s, const struct new_event *e, int64_t unit,
		       int64_t source, int64_t now_ms, struct err *err)
{
	bool erases = e->person.n > 0;
	return add_row(s,
		       &(struct privacy_row){
			   .at = now_ms,
			   .source = source,
			   .unit = unit,
			   .topic = str_from(e->privacy),
			   .person = e->person,
			   .due_at = erases ? now_ms + e->person_wait_ms : 0,
			   .state = erases ? PRIVACY_OPEN : PRIVACY_RECORDED,
		       },
		       err);
}

static int ask(struct store *s, struct query *q, int64_t now_ms,
	       struct err *err)
{
	struct privacy_work *w = q->privacy;
	struct privacy_row row = {.at = now_ms,
				  .topic = STR("erase"),
				  .person = str_from(w->person),
				  .due_at = now_ms,
				  .state = PRIVACY_OPEN};
	char hex[PRIVACY_HASH_TEXT];
	if (w->source[0] != '\0') {
		const struct name *name =
		    table_get(s->by_text, str_from(w->source));
		if (name == NULL)
			return err_set(err, LB_ENOTFOUND,
				       "nothing came from source '%s'",
				       w->source);
		row.source = name->id;
	}
	int rc = add_row(s, &row, err);
	if (rc != 0)
		return rc;
	q->id = sqlite3_last_insert_rowid(s->db);
	privacy_hash(sqlite_store.secret(s), str_from(w->person), hex);
	(void)!snprintf(q->audit.subject, sizeof(q->audit.subject), "%lld %s",
			(long long)q->id, hex);
	buf_addf(&q->json, "{\"id\":%lld}", (long long)q->id);
	return 0;
}

static int cancel(struct store *s, int64_t id, int64_t now_ms, struct err *err)
{
	int rc = run_sql(s,
			 "UPDATE privacy SET state = 3, done_at = ?2,"
			 " person = NULL WHERE id = ?1 AND state = 1"
			 " AND due_at > ?2",
			 (int64_t[]){id, now_ms}, 2, err);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		rc =
		    err_set(err, LB_EDENIED, "no request of that number waits");
	if (rc == 0)
		s->scrub = true;
	return rc;
}

/* Copies from before a migration hold everybody as they were then: nobody can
 * be taken out of one, so it goes. */
static int64_t remove_copies(struct store *s)
{
	int64_t n = 0;
	int newest = sqlite_migrations[sqlite_n_migrations - 1].version;
	for (int v = 1; v < newest; v++) {
		char *path = xasprintf("%s.v%d", s->path, v);
		if (unlink(path) == 0) {
			log_warn("store_copy_removed",
				 "path=\"%s\" reason=privacy", path);
			n++;
		}
		free(path);
	}
	return n;
}

static int end(struct store *s, int64_t id, int64_t now_ms, struct err *err)
{
	int rc = run_sql(s,
			 "UPDATE privacy SET state = 2, done_at = ?2,"
			 " person = NULL, copies = ?3 WHERE id = ?1",
			 (int64_t[]){id, now_ms, remove_copies(s)}, 3, err);
	s->scrub = true;
	fault_point("privacy_end");
	return rc;
}

int sqlite_privacy(struct store *s, struct query *q, int64_t now_ms,
		   struct err *err)
{
	switch (q->privacy->verb) {
	case PRIVACY_ASK:
		return ask(s, q, now_ms, err);
	case PRIVACY_CANCEL:
		return cancel(s, q->id, now_ms, err);
	case PRIVACY_ERASE:
		return erase(s, q, now_ms, err);
	case PRIVACY_END:
		return end(s, q->id, now_ms, err);
	case PRIVACY_WAIT:
		q->privacy->clean = !s->scrub;
		return 0;
	case PRIVACY_SEARCH:
	case PRIVACY_LIST:
	case PRIVACY_NEXT:
		break;
	}
	return err_set(err, LB_EINVAL, "not a command");
}
