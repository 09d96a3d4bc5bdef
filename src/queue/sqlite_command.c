/* SPDX-License-Identifier: MIT */
/*
 * What a person, or the daemon on a person's behalf, does with what is stored:
 * one case per command, each in the transaction of the batch, with its line in
 * the audit log. Store thread only; the audit log is read on the reader thread.
 */
#include <sqlite3.h>

#include "base/clock.h"
#include "queue/sqlite.h"

static int retry(struct store *s, struct query *q, int64_t now_ms,
		 struct err *err)
{
	return sqlite_retry(s, q->id, now_ms, &q->due, err);
}

static int run(struct store *s, struct query *q, int64_t now_ms,
	       struct err *err)
{
	switch (q->kind) {
	case COMMAND_RETRY:
		return retry(s, q, now_ms, err);
	case COMMAND_BURY:
		return sqlite_bury(s, q->id, now_ms, err);
	case COMMAND_NOTE:
		return 0;
	case COMMAND_PRIVACY:
		return sqlite_privacy(s, q, now_ms, err);
	case QUERY_LEDGER:
	case QUERY_LEADS:
	case QUERY_LEAD:
	case QUERY_QUARANTINE:
	case QUERY_RAW:
	case QUERY_BACKLOG:
	case QUERY_AUDIT:
	case QUERY_PRIVACY:
		break;
	}
	return err_set(err, LB_EINVAL, "not a command");
}

static int note(struct store *s, const struct audit *a, int64_t now_ms,
		struct err *err)
{
	if (a->actor[0] == '\0')
		return 0;
	struct sqlite3_stmt *st = s->stmt[ST_AUDIT];
	sqlite_bind_int(st, 1, now_ms);
	sqlite_bind_str(st, 2, str_from(a->actor));
	sqlite_bind_str(st, 3, str_from(a->action));
	sqlite_bind_str(st, 4, str_from(a->subject));
	return sqlite_run(s, ST_AUDIT, err);
}

int sqlite_command(struct store *s, struct query *q, int64_t now_ms,
		   struct err *err)
{
	int rc = run(s, q, now_ms, err);
	return rc == 0 ? note(s, &q->audit, now_ms, err) : rc;
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
