/* SPDX-License-Identifier: MIT */
/*
 * Names of sources and destinations as small numbers, and the ledger: totals
 * per source and day, changed in the transaction that changes a state. The
 * changes of a transaction are gathered in memory and written once, just
 * before its commit. Store thread only.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "queue/sqlite.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static struct name *add_name(struct store *s, int64_t id, struct str text)
{
	struct name *n = xcalloc(1, sizeof(*n));
	n->id = id;
	n->text = xstr_dup(text);
	s->names = xgrow(s->names, &s->cap_names, (size_t)id, sizeof(void *));
	s->names[id - 1] = n;
	s->n_names = (size_t)id;
	(void)table_put(s->by_text, text, n);
	return n;
}

int ledger_name(struct store *s, struct str text, struct name **out,
		struct err *err)
{
	*out = table_get(s->by_text, text);
	if (*out != NULL)
		return 0;
	struct sqlite3_stmt *st = s->stmt[ST_ADD_NAME];
	int64_t id = (int64_t)s->n_names + 1;
	sqlite_bind_int(st, 1, id);
	sqlite_bind_str(st, 2, text);
	int rc = sqlite_run(s, ST_ADD_NAME, err);
	if (rc == 0)
		*out = add_name(s, id, text);
	return rc;
}

struct name *ledger_source(struct store *s, int64_t id)
{
	lb_assert(id > 0 && (size_t)id <= s->n_names);
	return s->names[id - 1];
}

void ledger_count(struct name *source, int field, int64_t n)
{
	lb_assert(field >= 0 && field < FIELDS);
	source->delta[field] += n;
	source->changed = true;
}

void ledger_wait(struct name *destination, int64_t n)
{
	lb_assert(destination != NULL);
	destination->waiting_delta += n;
	destination->changed = true;
}

void ledger_confirm(struct name *destination)
{
	destination->confirmed_delta++;
	destination->changed = true;
}

void ledger_unmatched(struct store *s, int64_t n)
{
	s->unmatched_delta += n;
}

static int flush_name(struct store *s, const struct name *n, int64_t day,
		      struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_ADD_LEDGER];
	for (int i = 0; i < FIELDS; i++) {
		if (n->delta[i] == 0)
			continue;
		sqlite_bind_int(st, 1, n->id);
		sqlite_bind_int(st, 2, day);
		sqlite_bind_int(st, 3, i);
		sqlite_bind_int(st, 4, n->delta[i]);
		int rc = sqlite_run(s, ST_ADD_LEDGER, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int ledger_flush(struct store *s, int64_t now_ms, struct err *err)
{
	for (size_t i = 0; i < s->n_names; i++) {
		if (!s->names[i]->changed)
			continue;
		int rc = flush_name(s, s->names[i], now_ms / DAY_MS, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void end_deltas(struct store *s, bool committed)
{
	s->unmatched += committed ? s->unmatched_delta : 0;
	s->unmatched_delta = 0;
	for (size_t i = 0; i < s->n_names; i++) {
		struct name *n = s->names[i];
		if (!n->changed)
			continue;
		for (int f = 0; committed && f < FIELDS; f++) {
			n->total[f] += n->delta[f];
			s->total[f] += n->delta[f];
		}
		if (committed) {
			n->waiting += n->waiting_delta;
			n->confirmed += n->confirmed_delta;
		}
		n->waiting_delta = n->confirmed_delta = 0;
		memset(n->delta, 0, sizeof(n->delta));
		n->changed = false;
	}
}

void ledger_committed(struct store *s)
{
	end_deltas(s, true);
	s->n_committed = s->n_names;
}

void ledger_rolled_back(struct store *s)
{
	end_deltas(s, false);
	while (s->n_names > s->n_committed) {
		struct name *n = s->names[--s->n_names];
		(void)table_remove(s->by_text, str_from(n->text));
		free(n->text);
		free(n);
	}
}

void ledger_totals(const struct store *s, struct queue_gauges *out)
{
	out->unmatched = s->unmatched;
	out->accepted = s->total[FIELD_ACCEPTED];
	out->duplicates = s->total[FIELD_DUPLICATES];
	for (int i = 0; i < UNIT_STATES; i++)
		out->states[i] = s->total[FIELD_STATE + i];
}

void ledger_waiting(const struct store *s, waiting_fn fn, void *ctx)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (s->names[i]->waiting != 0)
			fn(ctx, s->names[i]->text, s->names[i]->waiting);
}

/* Neither expires, so the totals are what is there. */
void ledger_aside(const struct store *s, aside_fn fn, void *ctx)
{
	for (size_t i = 0; i < s->n_names; i++) {
		const struct name *n = s->names[i];
		int64_t dead = n->total[FIELD_STATE + UNIT_DEAD];
		int64_t kept = n->total[FIELD_STATE + UNIT_QUARANTINED];
		if (dead > 0 || kept > 0)
			fn(ctx, n->text, dead, kept);
	}
}

void ledger_confirmed(const struct store *s, waiting_fn fn, void *ctx)
{
	for (size_t i = 0; i < s->n_names; i++)
		if (s->names[i]->confirmed != 0)
			fn(ctx, s->names[i]->text, s->names[i]->confirmed);
}

static int load_names(struct store *s, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db, "SELECT id, text FROM name ORDER BY id",
				&st, err);
	while (rc == 0 && (rc = sqlite_row(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);
		rc = 0;
		if (id != (int64_t)s->n_names + 1)
			rc = err_set(err, LB_EINVAL, "the store is damaged");
		else
			(void)add_name(s, id, sqlite_str(st, 1));
	}
	(void)sqlite3_finalize(st);
	s->n_committed = s->n_names;
	return rc;
}

static int load_total(struct store *s, struct sqlite3_stmt *st)
{
	int64_t id = sqlite3_column_int64(st, 0);
	int64_t field = sqlite3_column_int64(st, 1);
	int64_t n = sqlite3_column_int64(st, 2);
	if (id < 1 || (size_t)id > s->n_names || field < 0 || field >= FIELDS)
		return LB_EINVAL;
	s->names[id - 1]->total[field] = n;
	s->total[field] += n;
	return 0;
}

static int load_waiting(struct store *s, struct sqlite3_stmt *st)
{
	int64_t id = sqlite3_column_int64(st, 0);
	if (id < 1 || (size_t)id > s->n_names)
		return LB_EINVAL;
	s->names[id - 1]->waiting = sqlite3_column_int64(st, 1);
	return 0;
}

static int load_fetching(struct store *s, struct sqlite3_stmt *st)
{
	char queue[QUEUE_NAME];
	int64_t id = sqlite3_column_int64(st, 0);
	if (id < 1 || (size_t)id > s->n_names)
		return LB_EINVAL;
	struct str source = str_from(s->names[id - 1]->text);
	struct name *n = table_get(s->by_text, fetch_queue(source, queue));
	if (n == NULL)
		return LB_EINVAL;
	n->waiting = sqlite3_column_int64(st, 1);
	return 0;
}

static int load(struct store *s, const char *text,
		int (*row)(struct store *s, struct sqlite3_stmt *st),
		struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(s->db, text, &st, err);
	while (rc == 0 && (rc = sqlite_row(st, err)) == 1) {
		rc = row(s, st);
		if (rc != 0)
			(void)err_set(err, rc, "the ledger is damaged");
	}
	(void)sqlite3_finalize(st);
	return rc;
}

int ledger_open(struct store *s, struct err *err)
{
	s->by_text = table_new();
	int rc = load_names(s, err);
	if (rc == 0)
		rc = load(s,
			  "SELECT source, field, sum(n) FROM ledger"
			  " GROUP BY source, field",
			  load_total, err);
	/* A walk over the index of what waits: 50 ms for a million. */
	if (rc == 0)
		rc = load(s,
			  "SELECT destination, count(*) FROM lead"
			  " INDEXED BY lead_due WHERE state = 0"
			  " GROUP BY destination",
			  load_waiting, err);
	if (rc == 0)
		rc = load(s,
			  "SELECT source, count(*) FROM lead"
			  " INDEXED BY lead_fetch WHERE state = 1"
			  " GROUP BY source",
			  load_fetching, err);
	return rc;
}

void ledger_close(struct store *s)
{
	for (size_t i = 0; i < s->n_names; i++) {
		free(s->names[i]->text);
		free(s->names[i]);
	}
	free(s->names);
	table_free(s->by_text, NULL);
}
