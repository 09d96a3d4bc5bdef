/* SPDX-License-Identifier: MIT */
/*
 * The reading side: a walk over all that is stored, for one person. There is no
 * index over persons, so it reads every lead and request, in slices of a few
 * hundredths of a second, one question each: refills go in between, and
 * acceptance, which is another thread's, knows nothing of it. Reader thread.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "queue/privacy.h"
#include "queue/sqlite.h"

enum {
	SLICE_US = 40 * 1000,
	SLICE_UNITS = 64,         /* found; what is erased in one commit */
	SLICE_BYTES = 512 * 1024, /* of what was found */
	SLICE_ROWS = 20000,       /* looked at */
};

#define WALK                                                                   \
	"SELECT l.id, l.request, l.source, l.state, l.destination,"            \
	" c.event_id, c.topic, c.account, c.body, c.response, l.received_at,"  \
	" l.crm_id, l.attempts, l.status, c.reason FROM lead l"                \
	" CROSS JOIN cold c ON c.id = l.id WHERE l.id > ?1 ORDER BY l.id"

enum { /* columns of WALK */
       COL_ID,
       COL_REQUEST,
       COL_SOURCE,
       COL_STATE,
       COL_DESTINATION,
       COL_EVENT_ID,
       COL_TOPIC,
       COL_ACCOUNT,
       COL_BODY,
       COL_RESPONSE,
       COL_RECEIVED_AT,
       COL_CRM_ID,
       COL_ATTEMPTS,
       COL_STATUS,
       COL_REASON,
};

/* What is shown of a unit beside what is searched. */
struct shown {
	int64_t attempts;
	int status;
	struct str destination, crm_id, reason;
};

struct walk {
	struct store_reader *r;
	struct query *q;
	struct sqlite3_stmt *rows, *raw;
	struct arena arena; /* of one group */
	struct person_group group;
	struct shown *shown;
	size_t cap_units, cap_shown;
	int64_t source; /* only of this one; -1: any */
	int64_t last;   /* id of the last row of the group */
	size_t bytes, n_rows, n_shown;
};

/* ---- a group ------------------------------------------------------------ */

static struct str keep(struct walk *w, struct sqlite3_stmt *st, int column)
{
	return arena_copy(&w->arena, sqlite_str(st, column));
}

static void add_row(struct walk *w)
{
	struct sqlite3_stmt *st = w->rows;
	struct person_group *g = &w->group;
	enum unit_state state =
	    (enum unit_state)sqlite3_column_int(st, COL_STATE);
	int64_t source = sqlite3_column_int64(st, COL_SOURCE);
	w->last = sqlite3_column_int64(st, COL_ID);
	g->request = sqlite3_column_int64(st, COL_REQUEST);
	if (state == UNIT_ERASED || (w->source >= 0 && source != w->source))
		return;
	g->source = str_from(reader_name(w->r, source));
	g->received_at_ms = sqlite3_column_int64(st, COL_RECEIVED_AT);
	g->units =
	    xgrow(g->units, &w->cap_units, g->n_units + 1, sizeof(*g->units));
	w->shown =
	    xgrow(w->shown, &w->cap_shown, g->n_units + 1, sizeof(*w->shown));
	w->shown[g->n_units] = (struct shown){
	    .attempts = sqlite3_column_int64(st, COL_ATTEMPTS),
	    .status = sqlite3_column_int(st, COL_STATUS),
	    .destination = str_from(
		reader_name(w->r, sqlite3_column_int64(st, COL_DESTINATION))),
	    .crm_id = keep(w, st, COL_CRM_ID),
	    .reason = keep(w, st, COL_REASON),
	};
	g->units[g->n_units++] = (struct person_unit){
	    .id = w->last,
	    .state = state,
	    .event_id = keep(w, st, COL_EVENT_ID),
	    .topic = keep(w, st, COL_TOPIC),
	    .account = keep(w, st, COL_ACCOUNT),
	    .body = keep(w, st, COL_BODY),
	    .response = keep(w, st, COL_RESPONSE),
	};
}

static int read_raw(struct walk *w)
{
	struct person_group *g = &w->group;
	g->has_raw = false;
	sqlite_bind_int(w->raw, 1, g->request);
	int rc = sqlite_row(w->raw, &w->q->err);
	if (rc == 1 && sqlite3_column_type(w->raw, 3) != SQLITE_NULL) {
		g->has_raw = true;
		g->content_type = keep(w, w->raw, 0);
		g->target = keep(w, w->raw, 1);
		g->headers = keep(w, w->raw, 2);
		g->body = keep(w, w->raw, 3);
	}
	sqlite_reset(w->raw);
	return rc < 0 ? rc : 0;
}

/* ---- what was found ----------------------------------------------------- */

static void add_text(struct buf *b, const char *name, struct str text)
{
	buf_addf(b, ",\"%s\":", name);
	if (text.p == NULL)
		buf_add_str(b, STR("null"));
	else
		buf_add_json(b, text);
}

static void show_unit(struct walk *w, size_t i)
{
	struct buf *b = &w->q->json;
	const struct person_group *g = &w->group;
	const struct person_unit *u = &g->units[i];
	const struct shown *s = &w->shown[i];
	bool alone = g->has_raw && g->raw == RAW_GOES;
	char at[CLOCK_TEXT];
	clock_format(g->received_at_ms, at);
	buf_addf(b, "%s{\"id\":%lld,\"request\":%lld,\"received_at\":\"%s\"",
		 w->n_shown++ > 0 ? "," : "", (long long)u->id,
		 (long long)g->request, at);
	add_text(b, "source", g->source);
	add_text(b, "destination",
		 s->destination.n > 0 ? s->destination : STR_NONE);
	add_text(b, "state", str_from(unit_state_name(u->state)));
	add_text(b, "reason", s->reason);
	add_text(b, "topic", u->topic);
	add_text(b, "account", u->account);
	add_text(b, "event_id", u->event_id);
	buf_addf(b, ",\"attempts\":%lld,\"status\":%d", (long long)s->attempts,
		 s->status);
	add_text(b, "crm_id", s->crm_id);
	add_text(b, "lead", u->body);
	add_text(b, "response", u->response);
	add_text(b, "headers", alone ? g->headers : STR_NONE);
	add_text(b, "target", alone ? g->target : STR_NONE);
	add_text(b, "received", alone ? g->body : u->part);
	buf_addf(b, ",\"shared\":%s}",
		 g->has_raw && g->raw != RAW_GOES ? "true" : "false");
}

static void add_raw(struct walk *w)
{
	struct privacy_work *work = w->q->privacy;
	const struct person_group *g = &w->group;
	if (!g->has_raw || g->raw == RAW_STAYS)
		return;
	w->bytes += g->body.n;
	work->raws = xgrow(work->raws, &work->cap_raws, work->n_raws + 1,
			   sizeof(*work->raws));
	struct privacy_raw *raw = &work->raws[work->n_raws++];
	*raw = (struct privacy_raw){.request = g->request, .fate = g->raw};
	if (g->raw != RAW_IS_CUT)
		return;
	raw->cut = xstr_dup(g->cut);
	raw->cut_n = g->cut.n;
}

static int end_group(struct walk *w)
{
	struct privacy_work *work = w->q->privacy;
	struct person_group *g = &w->group;
	int rc = 0;
	if (g->n_units > 0)
		rc = read_raw(w);
	if (rc == 0 && g->n_units > 0) {
		g->show = work->show;
		work->judge(work->ctx, &w->arena, g);
		for (size_t i = 0; i < g->n_units; i++) {
			if (!g->units[i].theirs)
				continue;
			work->units =
			    xgrow(work->units, &work->cap_units,
				  work->n_units + 1, sizeof(*work->units));
			work->units[work->n_units++] = g->units[i].id;
			w->bytes += g->units[i].body.n;
			if (work->show)
				show_unit(w, i);
		}
		add_raw(w);
	}
	work->next = w->last;
	g->n_units = 0;
	g->raw = RAW_STAYS;
	g->cut = STR_NONE;
	arena_release(&w->arena);
	arena_init(&w->arena);
	return rc;
}

static bool is_enough(const struct walk *w, int64_t until_us)
{
	const struct privacy_work *work = w->q->privacy;
	return work->unit != 0 || clock_mono_us() >= until_us ||
	       work->n_units >= SLICE_UNITS || work->n_raws >= SLICE_UNITS ||
	       w->bytes >= SLICE_BYTES || w->n_rows >= SLICE_ROWS;
}

/* ---- the walk ----------------------------------------------------------- */

static int walk_slice(struct walk *w)
{
	struct privacy_work *work = w->q->privacy;
	int64_t until_us = clock_mono_us() + SLICE_US, request = 0;
	int rc;
	work->next = work->after;
	sqlite_bind_int(w->rows, 1, work->after);
	while ((rc = sqlite_row(w->rows, &w->q->err)) == 1) {
		int64_t next = sqlite3_column_int64(w->rows, COL_REQUEST);
		if (request != 0 && next != request) {
			rc = end_group(w);
			work->end = work->unit != 0;
			if (rc != 0 || is_enough(w, until_us))
				return rc;
		}
		request = next;
		w->n_rows++;
		add_row(w);
	}
	if (rc == 0 && request != 0)
		rc = end_group(w);
	work->end = rc == 0;
	return rc;
}

/* A unit's request begins behind the one before it. */
static int find_unit(struct walk *w)
{
	struct privacy_work *work = w->q->privacy;
	struct sqlite3_stmt *st = NULL;
	int rc =
	    sqlite_prepare(w->r->db, "SELECT request FROM lead WHERE id = ?1",
			   &st, &w->q->err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(st, 1, work->unit);
	rc = sqlite_row(st, &w->q->err);
	if (rc == 1)
		work->after = sqlite3_column_int64(st, 0) - 1;
	(void)sqlite3_finalize(st);
	return rc < 0 ? rc : 0;
}

static int prepare(struct walk *w)
{
	struct query *q = w->q;
	w->source = -1;
	int rc = 0;
	if (q->privacy->source[0] != '\0')
		rc = reader_name_id(w->r, q->privacy->source, &w->source,
				    &q->err);
	if (rc == 0)
		rc = sqlite_prepare(w->r->db, WALK, &w->rows, &q->err);
	if (rc == 0)
		rc = sqlite_prepare(w->r->db,
				    "SELECT content_type, target, headers, body"
				    " FROM request WHERE id = ?1",
				    &w->raw, &q->err);
	if (rc == 0)
		rc = sqlite_number(w->r->db, "SELECT max(id) FROM lead",
				   &q->privacy->newest, &q->err);
	if (rc == 0 && q->privacy->unit != 0)
		rc = find_unit(w);
	return rc;
}

int reader_person(struct store_reader *r, struct query *q)
{
	struct walk w = {.r = r, .q = q};
	arena_init(&w.arena);
	if (q->privacy->show)
		buf_add_str(&q->json, STR("{\"found\":["));
	int rc = prepare(&w);
	if (rc == 0)
		rc = walk_slice(&w);
	const struct privacy_work *work = q->privacy;
	if (rc == 0 && work->show) {
		q->next_cursor = work->end ? 0 : work->next;
		buf_addf(&q->json,
			 "],\"next_cursor\":%lld,\"at\":%lld,\"newest\":%lld}",
			 (long long)q->next_cursor, (long long)work->next,
			 (long long)work->newest);
	}
	(void)sqlite3_finalize(w.rows);
	(void)sqlite3_finalize(w.raw);
	arena_release(&w.arena);
	free(w.group.units);
	free(w.shown);
	return rc;
}
