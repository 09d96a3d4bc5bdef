/* SPDX-License-Identifier: MIT */
/*
 * The reading side: lists and single leads as the JSON the admin API sends.
 * This is the only place where a stored body leaves for a person's eyes.
 * Reader thread only.
 */
#include <sqlite3.h>

#include "base/clock.h"
#include "leadbridge/lead.h"
#include "queue/sqlite.h"

enum { LIST_MAX = 1000 };

#define UNIT_COLUMNS                                                           \
	"SELECT l.id, l.source, l.destination, l.state, l.at, l.received_at,"  \
	" l.attempts, l.generation, l.outcome, l.status, l.duration_ms,"       \
	" l.crm_id, c.key, c.event_id, c.topic, c.account, c.privacy,"         \
	" c.reason, c.idx FROM lead l CROSS JOIN cold c ON c.id = l.id"

enum { /* columns of UNIT_COLUMNS */
       COL_ID,
       COL_SOURCE,
       COL_DESTINATION,
       COL_STATE,
       COL_AT,
       COL_RECEIVED_AT,
       COL_ATTEMPTS,
       COL_GENERATION,
       COL_OUTCOME,
       COL_STATUS,
       COL_DURATION,
       COL_CRM_ID,
       COL_KEY,
       COL_EVENT_ID,
       COL_TOPIC,
       COL_ACCOUNT,
       COL_PRIVACY,
       COL_REASON,
       COL_INDEX,
};

static void add_text(struct buf *b, const char *name, struct str value)
{
	buf_addf(b, ",\"%s\":", name);
	if (value.p == NULL)
		buf_add_str(b, STR("null"));
	else
		buf_add_json(b, value);
}

static void add_time(struct buf *b, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT];
	clock_format(wall_ms, text);
	add_text(b, name, str_from(text));
}

static void add_number(struct buf *b, const char *name, int64_t value)
{
	buf_addf(b, ",\"%s\":", name);
	buf_add_int(b, value);
}

static void add_column(struct buf *b, const char *name, struct sqlite3_stmt *st,
		       int column)
{
	add_text(b, name, sqlite_str(st, column));
}

static void add_name(struct buf *b, const char *name, const char *text)
{
	add_text(b, name, *text != '\0' ? str_from(text) : STR_NONE);
}

static void add_key(struct buf *b, struct sqlite3_stmt *st)
{
	char text[LEAD_KEY_TEXT];
	struct str key = sqlite_str(st, COL_KEY);
	if (key.n != 16)
		return;
	lead_key_text((const unsigned char *)key.p, text);
	add_text(b, "key", str_from(text));
}

/* Without the closing brace. */
static void add_unit(struct store_reader *r, struct buf *b,
		     struct sqlite3_stmt *st)
{
	enum unit_state state =
	    (enum unit_state)sqlite3_column_int(st, COL_STATE);
	int64_t at = sqlite3_column_int64(st, COL_AT);
	buf_add_str(b, STR("{\"id\":"));
	buf_add_int(b, sqlite3_column_int64(st, COL_ID));
	add_key(b, st);
	add_column(b, "event_id", st, COL_EVENT_ID);
	add_number(b, "index", sqlite3_column_int64(st, COL_INDEX));
	add_name(b, "source",
		 reader_name(r, sqlite3_column_int64(st, COL_SOURCE)));
	add_name(b, "destination",
		 reader_name(r, sqlite3_column_int64(st, COL_DESTINATION)));
	add_text(b, "state", str_from(unit_state_name(state)));
	add_column(b, "reason", st, COL_REASON);
	add_column(b, "topic", st, COL_TOPIC);
	add_column(b, "account", st, COL_ACCOUNT);
	add_column(b, "privacy", st, COL_PRIVACY);
	add_time(b, "received_at", sqlite3_column_int64(st, COL_RECEIVED_AT));
	bool waits = state == UNIT_WAITING || state == UNIT_FETCHING;
	add_time(b, waits ? "due_at" : "settled_at", at);
	add_number(b, "attempts", sqlite3_column_int64(st, COL_ATTEMPTS));
	add_number(b, "generation", sqlite3_column_int64(st, COL_GENERATION));
	add_text(b, "outcome",
		 str_from(outcome_name(
		     (enum outcome)sqlite3_column_int(st, COL_OUTCOME))));
	add_number(b, "status", sqlite3_column_int64(st, COL_STATUS));
	add_number(b, "duration_ms", sqlite3_column_int64(st, COL_DURATION));
	add_column(b, "crm_id", st, COL_CRM_ID);
}

struct filter {
	int64_t state, source, destination; /* -1: any */
	bool nothing;                       /* names one that is not there */
};

static int find_name(struct store_reader *r, const char *text, int64_t *id,
		     struct filter *f, struct err *err)
{
	*id = -1;
	if (*text == '\0')
		return 0;
	int rc = reader_name_id(r, text, id, err);
	f->nothing = f->nothing || *id == NAME_NONE;
	return rc;
}

static int make_filter(struct store_reader *r, struct query *q,
		       struct filter *f)
{
	f->state = -1;
	if (q->kind == QUERY_QUARANTINE) {
		f->state = UNIT_QUARANTINED;
	} else if (q->state[0] != '\0') {
		f->state = unit_state_find(q->state);
		if (f->state < 0)
			return err_set(&q->err, LB_EINVAL, "unknown state '%s'",
				       q->state);
	}
	int rc = find_name(r, q->source, &f->source, f, &q->err);
	if (rc == 0)
		rc = find_name(r, q->destination, &f->destination, f, &q->err);
	return rc;
}

static int list_rows(struct store_reader *r, struct query *q,
		     struct sqlite3_stmt *st, int64_t limit)
{
	int64_t n = 0, last = 0;
	int rc;
	while ((rc = sqlite_row(st, &q->err)) == 1) {
		if (n++ == limit) {
			q->next_cursor = last;
			return 0;
		}
		if (n > 1)
			buf_add_char(&q->json, ',');
		last = sqlite3_column_int64(st, COL_ID);
		add_unit(r, &q->json, st);
		buf_add_char(&q->json, '}');
	}
	return rc;
}

int reader_list(struct store_reader *r, struct query *q)
{
	struct filter f = {0};
	struct sqlite3_stmt *st = NULL;
	int64_t limit =
	    q->limit > 0 && q->limit < LIST_MAX ? (int64_t)q->limit : LIST_MAX;
	int rc = make_filter(r, q, &f);
	if (rc == 0)
		rc = sqlite_prepare(
		    r->db,
		    UNIT_COLUMNS " WHERE l.id < ?1 AND (?2 < 0 OR l.state = ?2)"
				 " AND (?3 < 0 OR l.source = ?3)"
				 " AND (?4 < 0 OR l.destination = ?4)"
				 " ORDER BY l.id DESC LIMIT ?5",
		    &st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->after_id > 0 ? q->after_id : INT64_MAX);
	sqlite_bind_int(st, 2, f.state);
	sqlite_bind_int(st, 3, f.source);
	sqlite_bind_int(st, 4, f.destination);
	sqlite_bind_int(st, 5, f.nothing ? 0 : limit + 1);
	buf_add_str(&q->json, STR("{\"leads\":["));
	rc = list_rows(r, q, st, limit);
	buf_add_str(&q->json, STR("],\"next_cursor\":"));
	buf_add_int(&q->json, q->next_cursor);
	buf_add_char(&q->json, '}');
	(void)sqlite3_finalize(st);
	return rc;
}

/* ---- one lead ---------------------------------------------------------- */

static int add_attempts(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db,
				"SELECT n, at, duration_ms, outcome, status,"
				" counts, reason FROM attempt WHERE lead = ?1"
				" ORDER BY n LIMIT 1000",
				&st, &q->err);
	if (rc != 0)
		return rc;
	struct buf *b = &q->json;
	sqlite_bind_int(st, 1, q->id);
	buf_add_str(b, STR(",\"failed_attempts\":["));
	for (int n = 0; (rc = sqlite_row(st, &q->err)) == 1; n++) {
		buf_add_str(b, n > 0 ? STR(",{\"n\":") : STR("{\"n\":"));
		buf_add_int(b, sqlite3_column_int64(st, 0));
		add_time(b, "at", sqlite3_column_int64(st, 1));
		add_number(b, "duration_ms", sqlite3_column_int64(st, 2));
		add_text(b, "outcome",
			 str_from(outcome_name(
			     (enum outcome)sqlite3_column_int(st, 3))));
		add_number(b, "status", sqlite3_column_int64(st, 4));
		buf_addf(b, ",\"counts\":%s",
			 sqlite3_column_int(st, 5) != 0 ? "true" : "false");
		add_column(b, "reason", st, 6);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
	(void)sqlite3_finalize(st);
	return rc;
}

static int add_stored(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    r->db,
	    "SELECT c.body, c.response, r.received_at, r.content_type,"
	    " r.target, r.headers, r.body, r.id FROM lead l"
	    " JOIN cold c ON c.id = l.id"
	    " LEFT JOIN request r ON r.id = l.request WHERE l.id = ?1",
	    &st, &q->err);
	if (rc != 0)
		return rc;
	struct buf *b = &q->json;
	sqlite_bind_int(st, 1, q->id);
	rc = sqlite_row(st, &q->err);
	if (rc == 1) {
		add_column(b, "body", st, 0);
		add_column(b, "response", st, 1);
	}
	if (rc == 1 && sqlite3_column_type(st, 2) != SQLITE_NULL) {
		buf_add_str(b, STR(",\"request\":{\"id\":"));
		buf_add_int(b, sqlite3_column_int64(st, 7));
		add_time(b, "received_at", sqlite3_column_int64(st, 2));
		add_column(b, "content_type", st, 3);
		add_column(b, "target", st, 4);
		add_column(b, "headers", st, 5);
		add_column(b, "body", st, 6);
		buf_add_char(b, '}');
	} else if (rc == 1) {
		buf_add_str(b, STR(",\"request\":null"));
	}
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

int reader_lead(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db, UNIT_COLUMNS " WHERE l.id = ?1", &st,
				&q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->id);
	rc = sqlite_row(st, &q->err);
	if (rc == 1)
		add_unit(r, &q->json, st);
	(void)sqlite3_finalize(st);
	if (rc == 0)
		return err_set(&q->err, LB_ENOTFOUND, "no such lead");
	if (rc == 1)
		rc = add_attempts(r, q);
	if (rc == 0)
		rc = add_stored(r, q);
	buf_add_char(&q->json, '}');
	return rc;
}

/* ---- what waits -------------------------------------------------------- */

int reader_backlog(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	struct buf *b = &q->json;
	/* Ids grow with time: the least one is the oldest, from the index
	 * alone. */
	int rc = sqlite_prepare(
	    r->db,
	    "SELECT d.destination, d.n, l.received_at, d.due FROM"
	    " (SELECT destination, count(*) AS n, min(id) AS id,"
	    " min(at) AS due FROM lead INDEXED BY lead_due WHERE state = 0"
	    " GROUP BY destination) d JOIN lead l ON l.id = d.id",
	    &st, &q->err);
	if (rc != 0)
		return rc;
	buf_add_str(b, STR("{\"destinations\":{"));
	for (int n = 0; (rc = sqlite_row(st, &q->err)) == 1; n++) {
		if (n > 0)
			buf_add_char(b, ',');
		buf_add_json(
		    b, str_from(reader_name(r, sqlite3_column_int64(st, 0))));
		buf_add_str(b, STR(":{\"waiting\":"));
		buf_add_int(b, sqlite3_column_int64(st, 1));
		add_time(b, "oldest_received_at", sqlite3_column_int64(st, 2));
		add_time(b, "next_due_at", sqlite3_column_int64(st, 3));
		buf_add_char(b, '}');
	}
	buf_add_str(b, STR("}}"));
	(void)sqlite3_finalize(st);
	return rc;
}
