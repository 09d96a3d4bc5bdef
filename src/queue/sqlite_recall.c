/* SPDX-License-Identifier: MIT */
/*
 * When each destination was sent to of late, and for how long it asked to be
 * left alone, so that both hold over a restart. Delivered leads tell the time
 * of their last attempt, `attempt` that of all others; what was under way when
 * the process ended left no row, so the leads that wait stand in for it. A walk
 * over the narrow table, once after a start. Reader thread only.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "queue/sqlite.h"

enum { SLACK = 1024 }; /* kept beyond `most` before the oldest are dropped */

struct recalling {
	struct store_reader *r;
	struct recall **by_id; /* of the name of the destination; or NULL */
	size_t n;
	int64_t since_ms; /* the earliest of all */
};

static int newest_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x < y) - (x > y);
}

static void add(const struct recalling *c, int64_t destination, int64_t at)
{
	struct recall *to = destination > 0 && (size_t)destination < c->n
				? c->by_id[destination]
				: NULL;
	if (to == NULL || at < to->since_ms)
		return;
	/* The rows of a bulk request went in one. */
	if (is_bulk_queue(str_from(to->destination)) && to->n > 0 &&
	    to->at_ms[to->n - 1] == at)
		return;
	if (to->n >= to->most + SLACK) {
		qsort(to->at_ms, to->n, sizeof(*to->at_ms), newest_first);
		to->n = to->most;
	}
	to->at_ms = xgrow(to->at_ms, &to->cap, to->n + 1, sizeof(*to->at_ms));
	to->at_ms[to->n++] = at;
}

static int read_delivered(const struct recalling *c, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(c->r->db,
				"SELECT destination, at FROM lead"
				" WHERE state = 2 AND at >= ?1",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, c->since_ms);
	while ((rc = sqlite_row(st, err)) == 1)
		add(c, sqlite3_column_int64(st, 0),
		    sqlite3_column_int64(st, 1));
	(void)sqlite3_finalize(st);
	return rc;
}

static int read_others(const struct recalling *c, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    c->r->db,
	    "SELECT l.destination, a.at + a.duration_ms, a.reason"
	    " FROM attempt a CROSS JOIN lead l ON l.id = a.lead"
	    " WHERE a.at + a.duration_ms >= ?1",
	    &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, c->since_ms);
	while ((rc = sqlite_row(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);
		const struct recall *to =
		    id > 0 && (size_t)id < c->n ? c->by_id[id] : NULL;
		if (to != NULL && to->counts(sqlite_str(st, 2)))
			add(c, id, sqlite3_column_int64(st, 1));
	}
	(void)sqlite3_finalize(st);
	return rc;
}

/* Who asked for time, and how long: the lead that was told so still waits for
 * the end of it. */
static int read_limited(const struct recalling *c, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(
	    c->r->db,
	    "SELECT l.destination, max(l.at) FROM attempt a"
	    " CROSS JOIN lead l ON l.id = a.lead"
	    " WHERE a.outcome = ?1 AND l.state = 0 AND NOT EXISTS"
	    " (SELECT 1 FROM attempt b WHERE b.lead = a.lead AND b.n > a.n)"
	    " GROUP BY l.destination",
	    &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, OUTCOME_LIMITED);
	while ((rc = sqlite_row(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);
		if (id > 0 && (size_t)id < c->n && c->by_id[id] != NULL)
			c->by_id[id]->limited_until_ms =
			    sqlite3_column_int64(st, 1);
	}
	(void)sqlite3_finalize(st);
	return rc;
}

/* Never more than wait can have been under way. */
static int read_in_flight(struct store_reader *r, struct recall *to, int64_t id,
			  struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db,
				"SELECT count(*) FROM (SELECT 1 FROM lead"
				" INDEXED BY lead_due WHERE state = 0 AND"
				" destination = ?1 LIMIT ?2)",
				&st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, id);
	sqlite_bind_int(st, 2, to->in_flight_most);
	rc = sqlite_row(st, err);
	if (rc == 1)
		to->in_flight = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

static int find_names(struct recalling *c, struct recall *chain,
		      struct err *err)
{
	int rc = reader_load_names(c->r, err);
	c->n = c->r->n_names + 1;
	c->by_id = xcalloc(c->n, sizeof(struct recall *));
	for (struct recall *to = chain; rc == 0 && to != NULL; to = to->next) {
		int64_t id = 0;
		rc = reader_name_id(c->r, to->destination, &id, err);
		to->in_flight = id == 0 ? 0 : to->in_flight_most;
		if (id == 0 || (size_t)id >= c->n)
			continue;
		c->by_id[id] = to;
		if (c->since_ms == 0 || to->since_ms < c->since_ms)
			c->since_ms = to->since_ms;
	}
	return rc;
}

int reader_recall(struct store_reader *r, struct recall *chain, struct err *err)
{
	struct recalling c = {.r = r};
	for (struct recall *to = chain; to != NULL; to = to->next)
		to->in_flight = to->in_flight_most;
	int rc = find_names(&c, chain, err);
	if (rc == 0 && c.since_ms != 0)
		rc = read_delivered(&c, err);
	if (rc == 0 && c.since_ms != 0)
		rc = read_others(&c, err);
	if (rc == 0)
		rc = read_limited(&c, err);
	for (size_t i = 0; rc == 0 && i < c.n; i++)
		if (c.by_id[i] != NULL)
			rc = read_in_flight(r, c.by_id[i], (int64_t)i, err);
	free(c.by_id);
	return rc;
}
