/* SPDX-License-Identifier: MIT */
/*
 * What a person, or the daemon on a person's behalf, does with what is stored:
 * one case per command, each in the transaction of the batch, with its line in
 * the audit log. Store thread only; the audit log is read on the reader thread.
 */
#include <sqlite3.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "queue/sqlite.h"

static int retry(struct store *s, struct query *q, int64_t id, int64_t now_ms,
		 struct err *err)
{
	struct due_lead *lead = NULL;
	bool as_new = q->kind == COMMAND_SEND_AS_NEW;
	int rc = sqlite_retry(s, id, as_new, now_ms, &lead, err);
	if (rc != 0)
		return rc;
	lead->next = q->due;
	q->due = lead;
	return 0;
}

static int run_one(struct store *s, struct query *q, int64_t id, int64_t now_ms,
		   struct err *err)
{
	switch (q->kind) {
	case COMMAND_RETRY:
	case COMMAND_SEND_AS_NEW:
		return retry(s, q, id, now_ms, err);
	case COMMAND_BURY:
		return sqlite_bury(s, id, now_ms, err);
	case COMMAND_NOTE:
		return 0;
	case COMMAND_PRIVACY:
		return sqlite_privacy(s, q, now_ms, err);
	case COMMAND_CREDENTIAL:
		return sqlite_keep_credential(s, q->credential, now_ms, err);
	case QUERY_LEDGER:
	case QUERY_LEADS:
	case QUERY_LEAD:
	case QUERY_QUARANTINE:
	case QUERY_RAW:
	case QUERY_BACKLOG:
	case QUERY_CREDENTIAL:
	case QUERY_AUDIT:
	case QUERY_IMPORT:
	case QUERY_REQUESTS:
	case QUERY_PRIVACY:
	case QUERY_COUNT:
	case QUERY_IDS:
	case QUERY_WAITS:
	case QUERY_SUMS:
	case QUERY_PAST:
		break;
	}
	return err_set(err, LB_EINVAL, "not a command");
}

static int note(struct store *s, const struct audit *a, struct str subject,
		int64_t now_ms, struct err *err)
{
	if (a->actor[0] == '\0')
		return 0;
	struct sqlite3_stmt *st = s->stmt[ST_AUDIT];
	sqlite_bind_int(st, 1, now_ms);
	sqlite_bind_str(st, 2, str_from(a->actor));
	sqlite_bind_str(st, 3, str_from(a->action));
	sqlite_bind_str(st, 4, subject);
	return sqlite_run(s, ST_AUDIT, err);
}

/* Each by itself, with a line of its own: what is not to be changed (any more)
 * is counted, and the others go on. */
static int run_many(struct store *s, struct query *q, int64_t now_ms,
		    struct err *err)
{
	int rc = 0;
	q->n_changed = q->n_refused = 0;
	for (size_t i = 0; rc == 0 && i < q->n_ids; i++) {
		char subject[24];
		rc = run_one(s, q, q->ids[i], now_ms, err);
		if (rc == LB_EDENIED || rc == LB_ENOTFOUND) {
			q->err = *err; /* the last one's reason */
			q->n_refused++;
			rc = 0;
			continue;
		}
		q->n_changed++;
		(void)snprintf(subject, sizeof(subject), "%lld",
			       (long long)q->ids[i]);
		if (rc == 0)
			rc = note(s, &q->audit, str_from(subject), now_ms, err);
	}
	return rc;
}

int sqlite_command(struct store *s, struct query *q, int64_t now_ms,
		   struct err *err)
{
	int rc = q->n_ids > 0 ? run_many(s, q, now_ms, err)
			      : run_one(s, q, q->id, now_ms, err);
	if (rc == 0 && q->n_ids == 0)
		rc =
		    note(s, &q->audit, str_from(q->audit.subject), now_ms, err);
	fault_point("command_written");
	return rc;
}

/* ---- reading it --------------------------------------------------------- */

static void add_line(struct buf *b, struct sqlite3_stmt *st)
{
	static const char *const names[] = {"actor", "action", "subject"};
	char at[CLOCK_TEXT];
	clock_format(sqlite3_column_int64(st, 1), at);
	buf_addf(b, "{\"id\":%lld,\"at\":\"%s\"",
		 (long long)sqlite3_column_int64(st, 0), at);
	for (int i = 0; i < 3; i++) {
		buf_addf(b, ",\"%s\":", names[i]);
		buf_add_json(b, sqlite_str(st, i + 2));
	}
	buf_add_char(b, '}');
}

int reader_audit(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *st = NULL;
	int64_t limit = (int64_t)q->limit, n = 0, last = 0;
	int rc = sqlite_prepare(r->db,
				"SELECT id, at, actor, action, subject"
				" FROM audit WHERE id < ?1"
				" ORDER BY id DESC LIMIT ?2",
				&st, &q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, q->after_id > 0 ? q->after_id : INT64_MAX);
	sqlite_bind_int(st, 2, limit + 1);
	buf_add_str(&q->json, STR("{\"audit\":["));
	while ((rc = sqlite_row(st, &q->err)) == 1) {
		if (n++ == limit) {
			q->next_cursor = last;
			rc = 0;
			break;
		}
		if (n > 1)
			buf_add_char(&q->json, ',');
		last = sqlite3_column_int64(st, 0);
		add_line(&q->json, st);
	}
	buf_addf(&q->json, "],\"next_cursor\":%lld}",
		 (long long)q->next_cursor);
	(void)sqlite3_finalize(st);
	return rc;
}
