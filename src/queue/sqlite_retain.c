/* SPDX-License-Identifier: MIT */
/*
 * Retention, one small slice per call: bytes, attempts, leads and known events
 * that are old enough. Only what is delivered, ignored or erased goes; what
 * still needs somebody stays whole however old it is. The counts of removed
 * rows move to `expired`, so that the ledger balances. Store thread only.
 */
#include <sqlite3.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "queue/sqlite.h"

enum { SLICE = 200, KEY_SLICES = 4096 };

enum step {
	STEP_REQUESTS,
	STEP_ATTEMPTS,
	STEP_LEADS,
	STEP_KEYS,
	STEP_NOTES,
	STEPS
};

struct old { /* one row of a slice; read before anything is removed */
	int64_t id, second, at, source, received_at;
	int state;
};

static bool may_go(int state)
{
	return state == UNIT_DELIVERED || state == UNIT_IGNORED ||
	       state == UNIT_ERASED;
}

static int run_on(struct store *s, enum statement st, int64_t id,
		  struct err *err)
{
	sqlite_bind_int(s->stmt[st], 1, id);
	return sqlite_run(s, st, err);
}

static int run_on_two(struct store *s, enum statement st, int64_t a, int64_t b,
		      struct err *err)
{
	sqlite_bind_int(s->stmt[st], 2, b);
	return run_on(s, st, a, err);
}

/* Whether the statement, bound to two numbers, finds a row. */
static int found(struct store *s, enum statement which, int64_t a, int64_t b,
		 struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[which];
	sqlite_bind_int(st, 1, a);
	if (sqlite3_bind_parameter_count(st) > 1)
		sqlite_bind_int(st, 2, b);
	int rc = sqlite_row(st, err);
	sqlite_reset(st);
	return rc;
}

static int drop_rows(struct store *s, int64_t id, struct err *err)
{
	int rc = run_on(s, ST_DROP_LEAD, id, err);
	if (rc == 0)
		rc = run_on(s, ST_DROP_COLD, id, err);
	if (rc == 0)
		rc = run_on(s, ST_DROP_ATTEMPTS, id, err);
	return rc;
}

int sqlite_drop_unit(struct store *s, int64_t id, int64_t request,
		     struct err *err)
{
	int rc = drop_rows(s, id, err);
	if (rc != 0)
		return rc;
	rc = found(s, ST_REQUEST_LEADS, request, 0, err);
	if (rc == 0)
		rc = run_on(s, ST_DROP_REQUEST, request, err);
	return rc < 0 ? rc : 0;
}

static int read_slice(struct store *s, enum statement which, struct old *v,
		      int *n, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[which];
	int rc;
	*n = 0;
	while ((rc = sqlite_row(st, err)) == 1) {
		struct old *o = &v[(*n)++];
		*o = (struct old){.id = sqlite3_column_int64(st, 0),
				  .second = sqlite3_column_int64(st, 1)};
		if (which == ST_OLD_ATTEMPTS) {
			o->at = sqlite3_column_int64(st, 2);
			o->state = sqlite3_column_int(st, 3);
			o->received_at = sqlite3_column_int64(st, 4);
		} else if (which == ST_OLD_LEADS) {
			o->source = o->second;
			o->state = sqlite3_column_int(st, 2);
			o->at = sqlite3_column_int64(st, 3);
			o->second = sqlite3_column_int64(st, 4);
		}
	}
	sqlite_reset(st);
	return rc;
}

/* Each step handles the rows after the cursor and moves it; *end when there
 * are no more that are old enough. */
typedef int (*step_fn)(struct store *s, int64_t before_ms, bool *end,
		       struct err *err);

static int tidy_requests(struct store *s, int64_t before_ms, bool *end,
			 struct err *err)
{
	struct old v[SLICE];
	int n = 0;
	struct sqlite3_stmt *st = s->stmt[ST_OLD_REQUESTS];
	sqlite_bind_int(st, 1, s->tidy.cursor);
	sqlite_bind_int(st, 2, before_ms);
	sqlite_bind_int(st, 3, SLICE);
	int rc = read_slice(s, ST_OLD_REQUESTS, v, &n, err);
	for (int i = 0; rc == 0 && i < n; i++) {
		s->tidy.cursor = v[i].id;
		rc = found(s, ST_REQUEST_KEPT, v[i].id, v[i].second, err);
		if (rc == 1) {
			rc = 0;
			continue;
		}
		if (rc == 0)
			rc = run_on_two(s, ST_CLEAR_BODIES, v[i].id,
					v[i].second, err);
		if (rc == 0)
			rc = run_on(s, ST_DROP_REQUEST, v[i].id, err);
	}
	*end = n < SLICE;
	return rc;
}

static int tidy_attempts(struct store *s, int64_t before_ms, bool *end,
			 struct err *err)
{
	struct old v[SLICE];
	int n = 0;
	struct sqlite3_stmt *st = s->stmt[ST_OLD_ATTEMPTS];
	sqlite_bind_int(st, 1, s->tidy.cursor);
	sqlite_bind_int(st, 2, s->tidy.second);
	sqlite_bind_int(st, 3, SLICE);
	int rc = read_slice(s, ST_OLD_ATTEMPTS, v, &n, err);
	*end = n < SLICE;
	for (int i = 0; rc == 0 && i < n; i++) {
		s->tidy.cursor = v[i].id;
		s->tidy.second = v[i].second;
		/* No attempt is older than its lead, and leads are in order. */
		if (v[i].received_at >= before_ms) {
			*end = true;
			break;
		}
		if (may_go(v[i].state) && v[i].at < before_ms)
			rc = run_on_two(s, ST_DROP_ATTEMPT, v[i].id,
					v[i].second, err);
	}
	return rc;
}

static int tidy_leads(struct store *s, int64_t before_ms, bool *end,
		      struct err *err)
{
	struct old v[SLICE];
	int n = 0;
	struct sqlite3_stmt *st = s->stmt[ST_OLD_LEADS];
	sqlite_bind_int(st, 1, s->tidy.cursor);
	sqlite_bind_int(st, 2, SLICE);
	int rc = read_slice(s, ST_OLD_LEADS, v, &n, err);
	*end = n < SLICE;
	for (int i = 0; rc == 0 && i < n; i++) {
		s->tidy.cursor = v[i].id;
		if (v[i].at >= before_ms) {
			*end = true;
			break;
		}
		if (!may_go(v[i].state))
			continue;
		ledger_count(ledger_source(s, v[i].source),
			     FIELD_EXPIRED + v[i].state, 1);
		rc = sqlite_drop_unit(s, v[i].id, v[i].second, err);
	}
	return rc;
}

static int tidy_keys(struct store *s, int64_t before_ms, bool *end,
		     struct err *err)
{
	/* The last bound has 17 bytes and is above every hash. */
	unsigned char from[16] = {0}, to[17];
	memset(to, 0xff, sizeof(to));
	unsigned at = s->tidy.slice, next = at + 1;
	size_t n = sizeof(to);
	from[0] = (unsigned char)(at >> 4);
	from[1] = (unsigned char)(at << 4);
	if (next < KEY_SLICES) {
		memset(to, 0, sizeof(to));
		to[0] = (unsigned char)(next >> 4);
		to[1] = (unsigned char)(next << 4);
		n = sizeof(from);
	}
	struct sqlite3_stmt *st = s->stmt[ST_OLD_KEYS];
	sqlite_bind_blob(st, 1, (struct str){(char *)from, sizeof(from)});
	sqlite_bind_blob(st, 2, (struct str){(char *)to, n});
	sqlite_bind_int(st, 3, before_ms);
	s->tidy.slice = next;
	*end = next == KEY_SLICES;
	return sqlite_run(s, ST_OLD_KEYS, err);
}

/* Lines of the audit log, and receipts of what is not open any more. Few: a
 * slice takes the oldest, and no cursor is needed. */
static int tidy_notes(struct store *s, int64_t before_ms, bool *end,
		      struct err *err)
{
	static const char *const rows[] = {
	    "DELETE FROM audit WHERE id IN (SELECT id FROM audit"
	    " WHERE at < ?1 ORDER BY id LIMIT ?2)",
	    "DELETE FROM privacy WHERE id IN (SELECT id FROM privacy"
	    " WHERE at < ?1 AND state <> 1 ORDER BY id LIMIT ?2)",
	};
	int rc = 0;
	*end = true;
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		struct sqlite3_stmt *st = NULL;
		rc = sqlite_prepare(s->db, rows[i], &st, err);
		if (rc == 0) {
			sqlite_bind_int(st, 1, before_ms);
			sqlite_bind_int(st, 2, SLICE);
			rc = sqlite_row(st, err);
		}
		(void)sqlite3_finalize(st);
		*end = *end && sqlite3_changes(s->db) < SLICE;
	}
	return rc;
}

static int tidy_step(struct store *s, const struct retain_config *retain,
		     int64_t now_ms, bool *end, struct err *err)
{
	const struct {
		step_fn fn;
		int64_t keep_ms;
	} steps[STEPS] = {
	    [STEP_REQUESTS] = {tidy_requests, retain->payloads_ms},
	    [STEP_ATTEMPTS] = {tidy_attempts, retain->attempts_ms},
	    [STEP_LEADS] = {tidy_leads, retain->leads_ms},
	    [STEP_KEYS] = {tidy_keys, retain->keys_ms},
	    [STEP_NOTES] = {tidy_notes, retain->keys_ms},
	};
	lb_assert(s->tidy.step >= 0 && s->tidy.step < STEPS);
	return steps[s->tidy.step].fn(s, now_ms - steps[s->tidy.step].keep_ms,
				      end, err);
}

/* An id is never used twice, also when the newest leads are gone. */
static int note_last_id(struct store *s, struct err *err)
{
	return run_on(s, ST_LAST_ID, s->next_id - 1, err);
}

/* Their rows are gone by now, or about to go. */
static int end_of_leads(struct store *s, int64_t before_ms, struct err *err)
{
	int rc = run_on(s, ST_OLD_BULKS, before_ms, err);
	return rc == 0 ? note_last_id(s, err) : rc;
}

int sqlite_tidy(struct store *s, const struct retain_config *retain,
		int64_t now_ms, bool *more, struct err *err)
{
	struct tidy before = s->tidy;
	if (s->tidy.step == STEP_KEYS && s->tidy.slice == 0)
		seen_turn(s, true); /* the log must not keep them for ever */
	bool end = false;
	int rc = sqlite_store.begin(s, err);
	if (rc == 0)
		rc = tidy_step(s, retain, now_ms, &end, err);
	if (rc == 0 && end && s->tidy.step == STEP_LEADS)
		rc = end_of_leads(s, now_ms - retain->leads_ms, err);
	seen_idle(s, true);
	fault_point("retention");
	if (rc == 0)
		rc = sqlite_store.commit(s, now_ms, err);
	else
		sqlite_store.rollback(s);
	seen_idle(s, false);
	if (rc != 0) {
		s->tidy = before;
		return rc;
	}
	if (end)
		s->tidy = (struct tidy){.step = (before.step + 1) % STEPS};
	*more = !end || s->tidy.step != 0;
	return 0;
}
