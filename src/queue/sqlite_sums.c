/* SPDX-License-Identifier: MIT */
/*
 * What the CRM should have, for a comparison with its own list: leads of one
 * destination that were delivered since a time, and those it may have without
 * our knowing (waiting, dead). Contacts leave as hashes. A walk over the ids
 * with a time it may take. Reader thread only.
 */
#include <sqlite3.h>

#include "base/clock.h"
#include "lead/mask.h"
#include "lead/sums.h"
#include "queue/sqlite_list.h"

enum { SUMS_MAX = 1000, SUMS_MS = 40 };

enum { ROW_ID, ROW_STATE, ROW_AT, ROW_DESTINATION };

static void add_sum(struct buf *b, const char *name, const char *sum)
{
	buf_addf(b, sum[0] != '\0' ? ",\"%s\":\"%s\"" : ",\"%s\":null", name,
		 sum);
}

static void add_row(struct store_reader *r, struct query *q,
		    struct sqlite3_stmt *st)
{
	char at[CLOCK_TEXT], sum[SUM_TEXT];
	struct str key = {(const char *)q->sum_key, sizeof(q->sum_key)};
	struct buf *b = &q->json;
	struct arena a;
	struct person p;
	arena_init(&a);
	(void)person_read(&a, sqlite_str(st, COL_BODY), &p);
	clock_format(sqlite3_column_int64(st, COL_AT), at);
	buf_addf(
	    b, "{\"id\":%lld,\"source\":\"%s\",\"state\":\"%s\",\"at\":\"%s\"",
	    (long long)sqlite3_column_int64(st, COL_ID),
	    reader_name(r, sqlite3_column_int64(st, COL_SOURCE)),
	    unit_state_name((enum unit_state)sqlite3_column_int(st, COL_STATE)),
	    at);
	buf_addf(b, ",\"crm_id\":");
	if (sqlite3_column_type(st, COL_CRM_ID) == SQLITE_NULL)
		buf_addf(b, "null");
	else
		buf_add_json(b, sqlite_str(st, COL_CRM_ID));
	sum_email(key, p.email, sum);
	add_sum(b, "email", sum);
	sum_phone(key, p.phone, sum);
	add_sum(b, "phone", sum);
	buf_add_char(b, '}');
	arena_release(&a);
}

static bool wanted(const struct query *q, struct sqlite3_stmt *st,
		   int64_t destination)
{
	if (sqlite3_column_int64(st, ROW_DESTINATION) != destination)
		return false;
	switch ((enum unit_state)sqlite3_column_int(st, ROW_STATE)) {
	case UNIT_DELIVERED:
		return sqlite3_column_int64(st, ROW_AT) >= q->since_ms;
	case UNIT_WAITING:
	case UNIT_DEAD:
		return true;
	case UNIT_FETCHING:
	case UNIT_QUARANTINED:
	case UNIT_IGNORED:
	case UNIT_ERASED:
		break;
	}
	return false;
}

static int walk(struct store_reader *r, struct query *q, int64_t destination,
		struct sqlite3_stmt *rows, struct sqlite3_stmt *unit)
{
	int64_t until = clock_mono_ms() + SUMS_MS;
	unsigned n = 0, looked = 0;
	int rc;
	while ((rc = sqlite_row(rows, &q->err)) == 1) {
		int64_t id = sqlite3_column_int64(rows, ROW_ID);
		if (wanted(q, rows, destination)) {
			sqlite_reset(unit);
			sqlite_bind_int(unit, 1, id);
			rc = sqlite_row(unit, &q->err);
			if (rc < 0)
				return rc;
			buf_add_str(&q->json, n++ > 0 ? STR(",") : STR(""));
			add_row(r, q, unit);
		}
		if (n < SUMS_MAX &&
		    (++looked % 64 != 0 || clock_mono_ms() < until))
			continue;
		q->next_cursor = id;
		return 0;
	}
	return rc;
}

int reader_sums(struct store_reader *r, struct query *q)
{
	struct sqlite3_stmt *rows = NULL, *unit = NULL;
	int64_t destination = 0;
	int rc = reader_name_id(r, q->destination, &destination, &q->err);
	if (rc == 0)
		rc = sqlite_prepare(r->db,
				    "SELECT id, state, at, destination"
				    " FROM lead WHERE id < ?1 ORDER BY id DESC",
				    &rows, &q->err);
	if (rc == 0)
		rc = sqlite_prepare(r->db, UNIT_COLUMNS " WHERE l.id = ?1",
				    &unit, &q->err);
	if (rc == 0) {
		sqlite_bind_int(rows, 1,
				q->after_id > 0 ? q->after_id : INT64_MAX);
		buf_add_str(&q->json, STR("{\"leads\":["));
		/* Nothing ever went to a name that is not there. */
		if (destination != NAME_NONE)
			rc = walk(r, q, destination, rows, unit);
		buf_addf(&q->json, "],\"next_cursor\":%lld}",
			 (long long)q->next_cursor);
	}
	(void)sqlite3_finalize(rows);
	(void)sqlite3_finalize(unit);
	return rc;
}
