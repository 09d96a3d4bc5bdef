/* SPDX-License-Identifier: MIT */
/*
 * Pages of leads, newest first, however many are stored. Rare states have an
 * index, what waits has another; everything else is a walk back through the
 * ids, which grow with time. A walk has a time it may take: then it answers
 * what it found, and from where to go on. Reader thread only.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "queue/sqlite_list.h"

enum {
	LIST_MAX = 1000,
	WALK_MS = 40,        /* of one answer */
	GATHER_MAX = 100000, /* entries of the index of what waits */
	LOOK_EVERY = 64,     /* rows between looks at the clock */
	BLOCK = 32,          /* rows that say when an id was given */
	SLACK_IDS = 4096,    /* what came together is stored in any order */
};

struct filter {
	int64_t state, source, destination; /* -1: any */
	bool nothing;                       /* names one that is not there */
	int64_t from_id, to_id;             /* only ids from..to-1 */
	struct needle needle;
};

struct walk {
	struct store_reader *r;
	struct query *q;
	struct filter f;
	struct sqlite3_stmt *rows; /* ids in falling order, or one by its id */
	struct sqlite3_stmt *unit, *request;
	int64_t *ids; /* instead of `rows` in order */
	size_t n_ids, cap_ids, at_id;
	int64_t until;            /* monotonic */
	int64_t n, limit, last;   /* found; of those the last */
	int64_t seen_id, seen_at; /* the last one looked at */
	unsigned looked;
	bool in_time;
};

#define NARROW                                                                 \
	"SELECT id, source, destination, state, received_at, at FROM lead "
enum { N_ID, N_SOURCE, N_DESTINATION, N_STATE, N_RECEIVED, N_AT };

/* ---- the filter --------------------------------------------------------- */

static int find_name(struct store_reader *r, const char *text, int64_t *id,
		     struct filter *f, struct err *err)
{
	*id = -1;
	if (*text == '\0')
		return 0;
	int rc = reader_name_id(r, text, id, err);
	f->nothing = f->nothing || *id == NAME_NONE;
	return rc;
}

/* What a row says of the time its id was given: of a settled one also when it
 * was settled. That is too late for one that waited, which makes a walk longer
 * but no row is missed; a unit replayed out of the quarantine has an id newer
 * than its request. */
#define ID_GIVEN "SELECT max(max(received_at, iif(state < 2, 0, at))) FROM"
#define RECEIVED "SELECT max(received_at) FROM"
#define OF_BLOCK                                                               \
	" (SELECT received_at, state, at FROM lead WHERE id >= ?1"             \
	" ORDER BY id LIMIT ?2)"

/* The first id from which on rows are of that time or later. */
static int first_id(struct store_reader *r, const char *sql, int64_t at_ms,
		    int64_t *out, struct err *err)
{
	struct sqlite3_stmt *st = NULL;
	int64_t low = 0, high = 0;
	int rc = sqlite_number(r->db, "SELECT max(id) FROM lead", &high, err);
	if (rc == 0)
		rc = sqlite_prepare(r->db, sql, &st, err);
	high++;
	while (rc == 0 && low < high) {
		int64_t middle = low + (high - low) / 2;
		sqlite_bind_int(st, 1, middle);
		sqlite_bind_int(st, 2, BLOCK);
		rc = sqlite_row(st, err);
		if (rc == 1 && sqlite3_column_int64(st, 0) >= at_ms)
			high = middle;
		else
			low = middle + 1;
		sqlite_reset(st);
		rc = rc < 0 ? rc : 0;
	}
	(void)sqlite3_finalize(st);
	*out = low;
	return rc;
}

static int make_window(struct walk *w)
{
	struct query *q = w->q;
	int rc = 0;
	w->f.to_id = q->after_id > 0 ? q->after_id : INT64_MAX;
	if (q->since_ms > 0)
		rc = first_id(w->r, ID_GIVEN OF_BLOCK, q->since_ms,
			      &w->f.from_id, &q->err);
	if (rc == 0 && q->until_ms > 0) {
		int64_t end;
		rc = first_id(w->r, RECEIVED OF_BLOCK, q->until_ms, &end,
			      &q->err);
		if (end < INT64_MAX - SLACK_IDS && end + SLACK_IDS < w->f.to_id)
			w->f.to_id = end + SLACK_IDS;
	}
	return rc;
}

static int make_filter(struct walk *w)
{
	struct query *q = w->q;
	struct filter *f = &w->f;
	f->state = -1;
	needle_init(&f->needle, q->text, q->reason);
	if (q->kind == QUERY_QUARANTINE) {
		f->state = UNIT_QUARANTINED;
	} else if (q->state[0] != '\0') {
		f->state = unit_state_find(q->state);
		if (f->state < 0)
			return err_set(&q->err, LB_EINVAL, "unknown state '%s'",
				       q->state);
	}
	int rc = find_name(w->r, q->source, &f->source, f, &q->err);
	if (rc == 0)
		rc = find_name(w->r, q->destination, &f->destination, f,
			       &q->err);
	return rc == 0 ? make_window(w) : rc;
}

static bool passes(const struct walk *w, struct sqlite3_stmt *st)
{
	const struct filter *f = &w->f;
	int64_t received = sqlite3_column_int64(st, N_RECEIVED);
	if (f->state >= 0 && sqlite3_column_int64(st, N_STATE) != f->state)
		return false;
	if (f->source >= 0 && sqlite3_column_int64(st, N_SOURCE) != f->source)
		return false;
	if (f->destination >= 0 &&
	    sqlite3_column_int64(st, N_DESTINATION) != f->destination)
		return false;
	return (w->q->since_ms == 0 || received >= w->q->since_ms) &&
	       (w->q->until_ms == 0 || received < w->q->until_ms);
}

/* ---- which way ---------------------------------------------------------- */

static int newest_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x < y) - (x > y);
}

static const struct waiting {
	const char *all, *of_one;
} DUE = {"SELECT id FROM lead INDEXED BY lead_due WHERE state = 0",
	 "SELECT id FROM lead INDEXED BY lead_due WHERE state = 0"
	 " AND destination = ?1"},
  FETCH = {"SELECT id FROM lead INDEXED BY lead_fetch WHERE state = 1",
	   "SELECT id FROM lead INDEXED BY lead_fetch WHERE state = 1"
	   " AND source = ?1"};

/* What waits is in no order of its own: all of it, if that is not too much. */
static int gather(struct walk *w, struct waiting sql, int64_t name,
		  bool *enough)
{
	struct sqlite3_stmt *st = NULL;
	int rc = sqlite_prepare(w->r->db, name < 0 ? sql.all : sql.of_one, &st,
				&w->q->err);
	if (rc != 0)
		return rc;
	if (name >= 0)
		sqlite_bind_int(st, 1, name);
	size_t n = 0;
	while ((rc = sqlite_row(st, &w->q->err)) == 1 && n++ < GATHER_MAX) {
		int64_t id = sqlite3_column_int64(st, 0);
		if (id < w->f.from_id || id >= w->f.to_id)
			continue;
		w->ids =
		    xgrow(w->ids, &w->cap_ids, w->n_ids + 1, sizeof(*w->ids));
		w->ids[w->n_ids++] = id;
	}
	*enough = rc == 0;
	(void)sqlite3_finalize(st);
	if (w->n_ids > 0)
		qsort(w->ids, w->n_ids, sizeof(*w->ids), newest_first);
	return rc < 0 ? rc : 0;
}

static int choose(struct walk *w)
{
	static const char by_id[] =
	    NARROW "WHERE id < ?1 AND id >= ?2 ORDER BY id DESC";
	static const char aside[] =
	    NARROW "INDEXED BY lead_aside WHERE state IN (3, 4) AND state = ?3"
		   " AND id < ?1 AND id >= ?2 ORDER BY id DESC";
	const struct filter *f = &w->f;
	const char *sql = by_id;
	bool gathered = false;
	int rc = 0;
	if (f->state == UNIT_WAITING)
		rc = gather(w, DUE, f->destination, &gathered);
	else if (f->state == UNIT_FETCHING)
		rc = gather(w, FETCH, f->source, &gathered);
	else if (f->state == UNIT_DEAD || f->state == UNIT_QUARANTINED)
		sql = aside;
	if (!gathered) {
		free(w->ids);
		w->ids = NULL;
		w->n_ids = w->cap_ids = 0;
	} else {
		sql = NARROW "WHERE id = ?1";
	}
	if (rc == 0)
		rc = sqlite_prepare(w->r->db, sql, &w->rows, &w->q->err);
	if (rc == 0 && !gathered) {
		sqlite_bind_int(w->rows, 1, f->to_id);
		sqlite_bind_int(w->rows, 2, f->from_id);
	}
	if (rc == 0 && sql == aside)
		sqlite_bind_int(w->rows, 3, f->state);
	/* A list of none is in order, too. */
	if (gathered && w->ids == NULL)
		w->ids = xcalloc(1, sizeof(*w->ids));
	return rc;
}

static int next_row(struct walk *w)
{
	if (w->ids == NULL)
		return sqlite_row(w->rows, &w->q->err);
	while (w->at_id < w->n_ids) {
		sqlite_reset(w->rows);
		sqlite_bind_int(w->rows, 1, w->ids[w->at_id++]);
		int rc = sqlite_row(w->rows, &w->q->err);
		if (rc != 0)
			return rc; /* 0: it is gone meanwhile */
	}
	return 0;
}

/* ---- the walk ----------------------------------------------------------- */

static void emit(struct walk *w, int64_t id)
{
	struct query *q = w->q;
	w->n++;
	w->last = id;
	if (q->kind == QUERY_COUNT)
		return;
	if (q->kind == QUERY_IDS) {
		q->ids[q->n_ids++] = id;
		return;
	}
	if (w->n > 1)
		buf_add_char(&q->json, ',');
	unit_to_json(w->r, q, w->unit, &q->json);
	buf_add_char(&q->json, '}');
}

/* 1: the unit at hand has what is looked for. */
static int search(struct walk *w, int64_t id)
{
	struct str request = STR_NONE;
	if (sqlite3_column_int(w->unit, COL_STATE) == UNIT_QUARANTINED) {
		sqlite_reset(w->request);
		sqlite_bind_int(w->request, 1, id);
		int rc = sqlite_row(w->request, &w->q->err);
		if (rc < 0)
			return rc;
		if (rc == 1)
			request = sqlite_str(w->request, 0);
	}
	return needle_found(&w->f.needle, w->unit, request) ? 1 : 0;
}

/* 1: it belongs to the answer; its unit is at hand. */
static int look(struct walk *w, int64_t id)
{
	bool needs_unit = w->q->kind != QUERY_COUNT && w->q->kind != QUERY_IDS;
	bool needle = needle_given(&w->f.needle);
	if (!needs_unit && !needle)
		return 1;
	sqlite_reset(w->unit);
	sqlite_bind_int(w->unit, 1, id);
	int rc = sqlite_row(w->unit, &w->q->err);
	w->looked += LOOK_EVERY / 4;
	return rc == 1 && needle ? search(w, id) : rc;
}

static bool out_of_time(struct walk *w)
{
	if (++w->looked < LOOK_EVERY)
		return false;
	w->looked = 0;
	return clock_mono_ms() >= w->until;
}

static int run(struct walk *w)
{
	int rc;
	while ((rc = next_row(w)) == 1) {
		int64_t id = sqlite3_column_int64(w->rows, N_ID);
		rc = passes(w, w->rows) ? look(w, id) : 0;
		if (rc < 0)
			return rc;
		if (rc == 1 && w->n == w->limit) {
			w->q->next_cursor = w->last;
			w->in_time = true;
			return 0;
		}
		w->seen_id = id;
		w->seen_at = sqlite3_column_int64(w->rows, N_RECEIVED);
		if (rc == 1)
			emit(w, id);
		if (out_of_time(w)) {
			w->q->next_cursor = id;
			w->in_time = false;
			return 0;
		}
	}
	return rc;
}

static void add_end(struct walk *w)
{
	char text[CLOCK_TEXT];
	struct buf *b = &w->q->json;
	buf_addf(b, "\"next_cursor\":%lld,\"scanned_to\":",
		 (long long)w->q->next_cursor);
	if (w->in_time || w->seen_id == 0) {
		buf_addf(b, "null}");
		return;
	}
	clock_format(w->seen_at, text);
	buf_addf(b, "\"%s\"}", text);
}

static void add_counted(struct walk *w)
{
	buf_addf(&w->q->json, "{\"count\":%lld,", (long long)w->n);
	add_end(w);
}

static int64_t limit_of(const struct query *q)
{
	if (q->kind == QUERY_COUNT)
		return INT64_MAX;
	int64_t most = q->kind == QUERY_IDS ? QUERY_IDS_MAX : LIST_MAX;
	return q->limit > 0 && (int64_t)q->limit < most ? (int64_t)q->limit
							: most;
}

int reader_list(struct store_reader *r, struct query *q)
{
	struct walk w = {.r = r,
			 .q = q,
			 .limit = limit_of(q),
			 .until = clock_mono_ms() + WALK_MS,
			 .in_time = true};
	bool list = q->kind == QUERY_LEADS || q->kind == QUERY_QUARANTINE;
	int rc = make_filter(&w);
	if (rc == 0)
		rc = choose(&w);
	if (rc == 0)
		rc = sqlite_prepare(r->db, UNIT_COLUMNS " WHERE l.id = ?1",
				    &w.unit, &q->err);
	if (rc == 0)
		rc = sqlite_prepare(r->db,
				    "SELECT r.body FROM lead l JOIN request r"
				    " ON r.id = l.request WHERE l.id = ?1",
				    &w.request, &q->err);
	if (rc == 0 && list)
		buf_add_str(&q->json, STR("{\"leads\":["));
	if (rc == 0 && !w.f.nothing)
		rc = run(&w);
	if (rc == 0 && list) {
		buf_add_str(&q->json, STR("],"));
		add_end(&w);
	} else if (rc == 0 && q->kind == QUERY_COUNT) {
		add_counted(&w);
	}
	(void)sqlite3_finalize(w.rows);
	(void)sqlite3_finalize(w.unit);
	(void)sqlite3_finalize(w.request);
	needle_release(&w.f.needle);
	free(w.ids);
	return rc;
}
