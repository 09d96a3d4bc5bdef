/* SPDX-License-Identifier: MIT */
/*
 * The reading side counts: the ledger from its running totals, the scan that
 * compares them with the rows, and the oldest lead that waits. Reader thread
 * only.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "queue/sqlite.h"

/* Ids grow with time, so the first that waits is the oldest, and none before
 * it will wait again but by a person's word. */
int reader_oldest(struct store_reader *r, const char *destination,
		  int64_t *cursor, int64_t *received_at_ms, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int64_t id = 0;
	bool fetch = destination[0] == '@';
	*received_at_ms = 0;
	int rc = reader_name_id(r, destination + fetch, &id, err);
	if (rc == 0)
		rc = sqlite_prepare(
		    r->db,
		    fetch ? "SELECT id, received_at FROM lead NOT INDEXED WHERE"
			    " id >= ?1 AND state = 1 AND source = ?2"
			    " ORDER BY id LIMIT 1"
			  : "SELECT id, received_at FROM lead NOT INDEXED WHERE"
			    " id >= ?1 AND state = 0 AND destination = ?2"
			    " ORDER BY id LIMIT 1",
		    &st, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, *cursor);
	sqlite_bind_int(st, 2, id);
	rc = sqlite_row(st, err);
	if (rc == 1) {
		*cursor = sqlite3_column_int64(st, 0);
		*received_at_ms = sqlite3_column_int64(st, 1);
	}
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

/* ---- ledger ------------------------------------------------------------ */

struct counts {
	int64_t running[FIELDS];
	int64_t rows[UNIT_STATES];
};

static int read_counts(struct store_reader *r, const char *text, bool rows,
		       struct counts *c, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(r->db, text, &st, err);
	int64_t max = rows ? UNIT_STATES : FIELDS;
	while (rc == 0 && (rc = sqlite_row(st, err)) == 1) {
		int64_t id = sqlite3_column_int64(st, 0);
		int64_t field = sqlite3_column_int64(st, 1);
		int64_t n = sqlite3_column_int64(st, 2);
		rc = 0;
		if (id < 1 || id > (int64_t)r->n_names || field < 0 ||
		    field >= max)
			rc = err_set(err, LB_EINVAL, "the ledger is damaged");
		else if (rows)
			c[id - 1].rows[field] += n;
		else
			c[id - 1].running[field] += n;
	}
	(void)sqlite3_finalize(st);
	return rc;
}

static int64_t fill_row(struct ledger_row *row, const struct counts *c,
			bool scanned)
{
	int64_t off = 0, sum = 0;
	row->accepted = c->running[FIELD_ACCEPTED];
	row->duplicates = c->running[FIELD_DUPLICATES];
	for (int i = 0; i < UNIT_STATES; i++) {
		int64_t running = c->running[FIELD_STATE + i];
		int64_t expired = c->running[FIELD_EXPIRED + i];
		int64_t counted = c->rows[i] + expired;
		row->states[i] = scanned ? counted : running;
		row->expired += expired;
		off += llabs(counted - running);
		sum += row->states[i];
	}
	return scanned ? off + llabs(row->accepted - sum) : 0;
}

static void add_row(struct ledger_row *total, const struct ledger_row *row)
{
	total->accepted += row->accepted;
	total->duplicates += row->duplicates;
	total->expired += row->expired;
	for (int i = 0; i < UNIT_STATES; i++)
		total->states[i] += row->states[i];
}

static bool is_source(const struct ledger_row *row)
{
	return row->accepted != 0 || row->duplicates != 0 || row->expired != 0;
}

static void fill_ledger(struct store_reader *r, const struct counts *c,
			bool scanned, struct ledger *out)
{
	out->sources = xcalloc(r->n_names + 1, sizeof(*out->sources));
	for (size_t i = 0; i < r->n_names; i++) {
		struct ledger_row row = {0};
		out->difference += fill_row(&row, &c[i], scanned);
		if (!is_source(&row))
			continue;
		(void)snprintf(row.source, sizeof(row.source), "%s",
			       r->names[i]);
		add_row(&out->total, &row);
		out->sources[out->n_sources++] = row;
	}
	if (scanned)
		out->scanned_at_ms = clock_wall_ms();
}

int reader_ledger(struct store_reader *r, struct query *q)
{
	struct counts *c = NULL;
	/* One transaction, so that totals and rows are of the same moment. */
	int rc = sqlite_exec(r->db, "BEGIN", &q->err);
	if (rc != 0)
		return rc;
	rc = reader_load_names(r, &q->err);
	if (rc != 0)
		goto out;
	c = xcalloc(r->n_names + 1, sizeof(*c));
	rc = read_counts(r,
			 "SELECT source, field, sum(n) FROM ledger"
			 " GROUP BY source, field",
			 false, c, &q->err);
	/* Counted here: GROUP BY would sort every row, in memory. */
	if (rc == 0 && q->scan)
		rc = read_counts(r, "SELECT source, state, 1 FROM lead", true,
				 c, &q->err);
	if (rc == 0)
		fill_ledger(r, c, q->scan, &q->ledger);
out:
	(void)sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	free(c);
	return rc;
}
