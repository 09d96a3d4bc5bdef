/* SPDX-License-Identifier: MIT */
/*
 * Stored leads as the JSON the admin API sends: a row of a list, and one lead
 * with its attempts and its request. This is the only place where a stored body
 * leaves for a person's eyes; what identifies somebody is masked unless the
 * question says otherwise. Reader thread only.
 */
#include <sqlite3.h>

#include "base/clock.h"
#include "base/member.h"
#include "lead/mask.h"
#include "leadbridge/lead.h"
#include "queue/sqlite_list.h"

enum { MASKED_MAX = 4 * 1024 * 1024 };

static void add_time(struct buf *b, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT];
	clock_format(wall_ms, text);
	member_text(b, name, str_from(text));
}

static void add_number(struct buf *b, const char *name, int64_t value)
{
	buf_addf(b, ",\"%s\":", name);
	buf_add_int(b, value);
}

static void add_column(struct buf *b, const char *name, struct sqlite3_stmt *st,
		       int column)
{
	member_text(b, name, sqlite_str(st, column));
}

static void add_name(struct buf *b, const char *name, const char *text)
{
	member_text(b, name, *text != '\0' ? str_from(text) : STR_NONE);
}

static void add_key(struct buf *b, struct sqlite3_stmt *st)
{
	char text[LEAD_KEY_TEXT];
	struct str key = sqlite_str(st, COL_KEY);
	if (key.n != 16)
		return;
	lead_key_text((const unsigned char *)key.p, text);
	member_text(b, "key", str_from(text));
}

static void add_person(const struct query *q, struct sqlite3_stmt *st,
		       struct buf *b)
{
	struct arena a;
	struct person person;
	arena_init(&a);
	buf_add_str(b, STR(",\"person\":"));
	if (person_read(&a, sqlite_str(st, COL_BODY), &person))
		person_to_json(&person, !q->reveal, b);
	else
		buf_add_str(b, STR("null"));
	arena_release(&a);
}

void unit_to_json(struct store_reader *r, const struct query *q,
		  struct sqlite3_stmt *st, struct buf *b)
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
	member_text(b, "state", str_from(unit_state_name(state)));
	add_column(b, "reason", st, COL_REASON);
	add_column(b, "topic", st, COL_TOPIC);
	add_column(b, "account", st, COL_ACCOUNT);
	add_column(b, "privacy", st, COL_PRIVACY);
	add_time(b, "received_at", sqlite3_column_int64(st, COL_RECEIVED_AT));
	bool waits = state == UNIT_WAITING || state == UNIT_FETCHING;
	add_time(b, waits ? "due_at" : "settled_at", at);
	add_number(b, "attempts", sqlite3_column_int64(st, COL_ATTEMPTS));
	add_number(b, "generation", sqlite3_column_int64(st, COL_GENERATION));
	member_text(b, "outcome",
		    str_from(outcome_name(
			(enum outcome)sqlite3_column_int(st, COL_OUTCOME))));
	add_number(b, "status", sqlite3_column_int64(st, COL_STATUS));
	add_number(b, "duration_ms", sqlite3_column_int64(st, COL_DURATION));
	add_column(b, "crm_id", st, COL_CRM_ID);
	if (sqlite3_column_type(st, COL_CONFIRMED_AT) == SQLITE_NULL)
		member_text(b, "confirmed_at", STR_NONE);
	else
		add_time(b, "confirmed_at",
			 sqlite3_column_int64(st, COL_CONFIRMED_AT));
	add_person(q, st, b);
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
		member_text(b, "outcome",
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

/* Text as it is stored, or as much of it as names nobody. */
static void add_hidden(struct buf *b, const char *name, struct str text,
		       void (*mask)(struct str text, struct buf *out))
{
	struct buf masked;
	if (mask == NULL || text.p == NULL) {
		member_text(b, name, text);
		return;
	}
	buf_init(&masked, MASKED_MAX);
	mask(text, &masked);
	member_text(b, name, buf_str(&masked));
	buf_release(&masked);
}

/* A URL's query is the sender's data. */
static struct str path_of(struct str target)
{
	long at = str_find(target, '?');
	return at < 0 ? target : str_sub(target, 0, (size_t)at);
}

/* "Name: value\n": the names alone. */
static void mask_headers(struct str headers, struct buf *out)
{
	while (headers.n > 0) {
		struct str rest, line = str_cut(headers, '\n', &rest), value;
		buf_add_str(out, str_cut(line, ':', &value));
		buf_add_char(out, '\n');
		headers = rest;
	}
}

static void add_response(struct buf *b, struct str response, struct str body,
			 bool reveal)
{
	struct buf masked;
	if (reveal || response.p == NULL) {
		member_text(b, "response", response);
		return;
	}
	buf_init(&masked, MASKED_MAX);
	mask_answer(response, body, &masked);
	member_text(b, "response", buf_str(&masked));
	buf_release(&masked);
}

static void add_request(struct buf *b, struct sqlite3_stmt *st, bool reveal)
{
	struct str target = sqlite_str(st, 4);
	buf_add_str(b, STR(",\"request\":{\"id\":"));
	buf_add_int(b, sqlite3_column_int64(st, 7));
	add_time(b, "received_at", sqlite3_column_int64(st, 2));
	add_column(b, "content_type", st, 3);
	member_text(b, "target", reveal ? target : path_of(target));
	add_hidden(b, "headers", sqlite_str(st, 5),
		   reveal ? NULL : mask_headers);
	add_hidden(b, "body", sqlite_str(st, 6), reveal ? NULL : mask_text);
	buf_add_char(b, '}');
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
		struct str body = sqlite_str(st, 0);
		buf_addf(b, ",\"masked\":%s", q->reveal ? "false" : "true");
		add_hidden(b, "body", body, q->reveal ? NULL : mask_lead);
		add_response(b, sqlite_str(st, 1), body, q->reveal);
	}
	if (rc == 1 && sqlite3_column_type(st, 2) != SQLITE_NULL)
		add_request(b, st, q->reveal);
	else if (rc == 1)
		buf_add_str(b, STR(",\"request\":null"));
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
		unit_to_json(r, q, st, &q->json);
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
