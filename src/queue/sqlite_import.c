/* SPDX-License-Identifier: MIT */
/*
 * How far the import of a file is: its requests, what became of their rows, and
 * the rows somebody has to look at. The CRM's words about a row may name whose
 * row it is; the digest of the file stands in the id of every lead of it, so it
 * proves nothing. Reader thread only.
 */
#include <sqlite3.h>

#include "lead/mask.h"
#include "queue/sqlite.h"

enum { TROUBLES_MAX = 1000 }; /* rows listed in one answer */

struct import {
	struct store_reader *r;
	struct query *q;
	int64_t destination;
	int64_t requests, sent;
	int64_t states[UNIT_STATES];
	int64_t troubles;
	char options[65];
};

static int prepare(struct import *m, const char *text, struct sqlite3_stmt **st)
{
	int rc = sqlite_prepare(m->r->db, text, st, &m->q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_str(*st, 1, str_from(m->q->file));
	sqlite_bind_int(*st, 2, m->destination);
	return 0;
}

static int read_requests(struct import *m)
{
	struct sqlite3_stmt *st = NULL;
	int rc = prepare(m,
			 "SELECT state, options FROM bulk"
			 " WHERE file = ?1 AND destination = ?2",
			 &st);
	while (rc == 0 && (rc = sqlite_row(st, &m->q->err)) == 1) {
		m->requests++;
		m->sent += sqlite3_column_int(st, 0) != 0;
		(void)!snprintf(m->options, sizeof(m->options), "%.*s",
				STR_FMT(sqlite_str(st, 1)));
		rc = 0;
	}
	(void)sqlite3_finalize(st);
	return rc;
}

/* A row belongs to the stored request of the first of its bulk request. */
#define ROWS                                                                   \
	" FROM bulk b JOIN lead f ON f.id = b.first"                           \
	" JOIN request r ON r.id = f.request"                                  \
	" JOIN lead l ON l.id >= r.id AND l.id < r.id + r.units"

static int read_states(struct import *m)
{
	struct sqlite3_stmt *st = NULL;
	int rc = prepare(m,
			 "SELECT l.state, count(*)" ROWS
			 " WHERE b.file = ?1 AND b.destination = ?2"
			 " GROUP BY l.state",
			 &st);
	while (rc == 0 && (rc = sqlite_row(st, &m->q->err)) == 1) {
		int state = sqlite3_column_int(st, 0);
		if (state >= 0 && state < UNIT_STATES)
			m->states[state] = sqlite3_column_int64(st, 1);
		rc = 0;
	}
	(void)sqlite3_finalize(st);
	return rc;
}

/* Event ids of rows end in ":LINE". */
static int64_t line_of(struct str event_id)
{
	int64_t line = 0;
	struct str rest = event_id;
	while (rest.n > 0 && str_find(rest, ':') >= 0)
		(void)str_cut(rest, ':', &rest);
	return str_to_int(rest, 0, INT64_MAX, &line) == 0 ? line : 0;
}

static void add_words(struct buf *b, struct str words, bool reveal)
{
	struct buf masked;
	buf_init(&masked, words.n * 4 + 64);
	if (!reveal)
		mask_text(words, &masked);
	buf_add_json(b, reveal ? words : buf_str(&masked));
	buf_release(&masked);
}

static void add_trouble(struct import *m, struct sqlite3_stmt *st)
{
	struct buf *b = &m->q->json;
	if (m->troubles++ > 0)
		buf_add_char(b, ',');
	buf_addf(b, "{\"line\":%lld,\"id\":%lld,\"state\":\"%s\",\"reason\":",
		 (long long)line_of(sqlite_str(st, 2)),
		 (long long)sqlite3_column_int64(st, 0),
		 unit_state_name((enum unit_state)sqlite3_column_int(st, 1)));
	buf_add_json(b, sqlite_str(st, 3));
	buf_addf(b, ",\"response\":");
	if (sqlite3_column_type(st, 4) == SQLITE_NULL)
		buf_addf(b, "null");
	else
		add_words(b, sqlite_str(st, 4), m->q->reveal);
	buf_add_char(b, '}');
}

static int read_troubles(struct import *m)
{
	struct sqlite3_stmt *st = NULL;
	int rc = prepare(m,
			 "SELECT l.id, l.state, c.event_id, c.reason,"
			 " c.response" ROWS " JOIN cold c ON c.id = l.id"
			 " WHERE b.file = ?1 AND b.destination = ?2"
			 " AND l.state IN (3, 4, 5) ORDER BY l.id LIMIT ?3",
			 &st);
	if (rc == 0)
		sqlite_bind_int(st, 3, TROUBLES_MAX);
	while (rc == 0 && (rc = sqlite_row(st, &m->q->err)) == 1) {
		add_trouble(m, st);
		rc = 0;
	}
	(void)sqlite3_finalize(st);
	return rc;
}

static void add_head(struct import *m)
{
	struct buf *b = &m->q->json;
	int64_t rows = 0;
	for (int i = 0; i < UNIT_STATES; i++)
		rows += m->states[i];
	buf_addf(b,
		 "{\"file\":\"%s\",\"destination\":\"%s\",\"options\":\"%s\","
		 "\"requests\":%lld,\"sent\":%lld,\"rows\":%lld",
		 m->q->file, m->q->destination + 1, m->options,
		 (long long)m->requests, (long long)m->sent, (long long)rows);
	for (int i = 0; i < UNIT_STATES; i++)
		buf_addf(b, ",\"%s\":%lld", unit_state_name((enum unit_state)i),
			 (long long)m->states[i]);
	buf_addf(b, ",\"troubles\":[");
}

int reader_import(struct store_reader *r, struct query *q)
{
	struct import m = {.r = r, .q = q};
	int rc = reader_name_id(r, q->destination, &m.destination, &q->err);
	if (rc == 0)
		rc = read_requests(&m);
	if (rc == 0 && m.requests == 0)
		rc = err_set(&q->err, LB_ENOTFOUND, "no such import");
	if (rc == 0)
		rc = read_states(&m);
	if (rc != 0)
		return rc;
	add_head(&m);
	rc = read_troubles(&m);
	buf_addf(&q->json, "]}\n");
	return rc;
}
