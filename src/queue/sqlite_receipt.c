/* SPDX-License-Identifier: MIT */
/*
 * Privacy requests on the reading side: the list of them, which says when and
 * how much but not about whom, and the next one to do. Reader thread only.
 */
#include <sqlite3.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/member.h"
#include "queue/privacy.h"
#include "queue/sqlite.h"

#define RECEIPT                                                                \
	"SELECT id, at, source, topic, unit, state, due_at, done_at, units,"   \
	" requests, cut, dropped, copies FROM privacy"

enum { /* columns of RECEIPT */
       COL_ID,
       COL_AT,
       COL_SOURCE,
       COL_TOPIC,
       COL_UNIT,
       COL_STATE,
       COL_DUE_AT,
       COL_DONE_AT,
       COL_UNITS,
       COL_REQUESTS,
       COL_CUT,
       COL_DROPPED,
       COL_COPIES,
};

static const char *state_word(int64_t state, bool due)
{
	switch ((enum privacy_state)state) {
	case PRIVACY_RECORDED:
		return "recorded";
	case PRIVACY_OPEN:
		return due ? "open" : "waiting";
	case PRIVACY_DONE:
		return "done";
	case PRIVACY_CANCELLED:
		break;
	}
	return "cancelled";
}

static void add_receipt(struct store_reader *r, struct query *q,
			struct sqlite3_stmt *st)
{
	static const struct {
		const char *name;
		int column;
	} counts[] = {
	    {"units", COL_UNITS},
	    {"requests", COL_REQUESTS},
	    {"cut", COL_CUT},
	    {"dropped", COL_DROPPED},
	    {"copies_removed", COL_COPIES},
	    {"unit", COL_UNIT},
	};
	struct buf *b = &q->json;
	bool due = sqlite3_column_int64(st, COL_DUE_AT) <= q->privacy->now_ms;
	buf_addf(b, "{\"id\":%lld,\"source\":",
		 (long long)sqlite3_column_int64(st, COL_ID));
	buf_add_json(
	    b, str_from(reader_name(r, sqlite3_column_int64(st, COL_SOURCE))));
	buf_add_str(b, STR(",\"topic\":"));
	buf_add_json(b, sqlite_str(st, COL_TOPIC));
	buf_addf(b, ",\"state\":\"%s\"",
		 state_word(sqlite3_column_int64(st, COL_STATE), due));
	member_time(b, "asked_at", sqlite3_column_int64(st, COL_AT));
	member_time(b, "due_at", sqlite3_column_int64(st, COL_DUE_AT));
	member_time(b, "done_at", sqlite3_column_int64(st, COL_DONE_AT));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		buf_addf(b, ",\"%s\":%lld", counts[i].name,
			 (long long)sqlite3_column_int64(st, counts[i].column));
	buf_add_char(b, '}');
}

static int list(struct store_reader *r, struct query *q)
{
	return reader_newest(r, q, "privacy",
			     RECEIPT " WHERE id < ?1 ORDER BY id DESC"
				     " LIMIT ?2",
			     add_receipt);
}

static int one(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db, RECEIPT " WHERE id = ?1", &st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->id);
	rc = sqlite_row(st, &q->err);
	if (rc == 1)
		add_receipt(r, q, st);
	(void)sqlite3_finalize(st);
	if (rc == 0)
		return err_set(&q->err, LB_ENOTFOUND,
			       "no request of that number");
	return rc < 0 ? rc : 0;
}

static int next(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	struct privacy_work *w = q->privacy;
	int rc = sqlite_prepare(r->db,
				"SELECT id, source, person, due_at FROM privacy"
				" WHERE state = 1 ORDER BY due_at, id LIMIT 1",
				&st, &q->err);
	if (rc == 0)
		rc = sqlite_row(st, &q->err);
	if (rc == 1 && sqlite3_column_int64(st, 3) > w->now_ms) {
		w->due_at_ms = sqlite3_column_int64(st, 3);
	} else if (rc == 1) {
		q->id = sqlite3_column_int64(st, 0);
		(void)snprintf(w->source, sizeof(w->source), "%s",
			       reader_name(r, sqlite3_column_int64(st, 1)));
		w->person = xstr_dup(sqlite_str(st, 2));
	}
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

int reader_privacy(struct store_reader *r, struct query *q)
{
	switch (q->privacy->verb) {
	case PRIVACY_SEARCH:
		return reader_person(r, q);
	case PRIVACY_LIST:
		return q->id != 0 ? one(r, q) : list(r, q);
	case PRIVACY_NEXT:
		return next(r, q);
	case PRIVACY_ASK:
	case PRIVACY_CANCEL:
	case PRIVACY_ERASE:
	case PRIVACY_END:
	case PRIVACY_WAIT:
		break;
	}
	return err_set(&q->err, LB_EINVAL, "not a question");
}
