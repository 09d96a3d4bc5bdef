/* SPDX-License-Identifier: MIT */
/*
 * put: one received request with its events and units into the transaction
 * under way. Known events are left out; of a request without a new event
 * nothing is stored. A replay takes the place of the quarantined unit it is
 * made from. Store thread only.
 */
#include <sqlite3.h>

#include "base/fault.h"
#include "base/mem.h"
#include "queue/sqlite.h"

enum { FLAG_TEST = 1, SECRET_SHIFT = 8 }; /* request.flags */

/* The quarantined unit a replay replaces. */
struct replaced {
	int64_t id, request;
	struct name *source;
	struct str event_id; /* in the arena of the submission */
};

static int find_replaced(struct store *s, struct submission *sub,
			 struct replaced *r, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_UNIT];
	sqlite_bind_int(st, 1, sub->replay_of);
	int rc = sqlite_row(st, err);
	if (rc == 0) {
		rc = err_set(err, LB_ENOTFOUND, "no such unit");
	} else if (rc == 1 && sqlite3_column_int(st, 0) != UNIT_QUARANTINED) {
		rc = err_set(err, LB_EDENIED, "unit is not quarantined");
	} else if (rc == 1) {
		r->id = sub->replay_of;
		r->source = ledger_source(s, sqlite3_column_int64(st, 1));
		r->request = sqlite3_column_int64(st, 2);
		r->event_id = arena_copy(&sub->arena, sqlite_str(st, 3));
		rc = 0;
	}
	sqlite_reset(st);
	return rc;
}

static void set_joined(struct submission *sub, uint32_t first,
		       const struct new_event *e, struct str reason)
{
	for (uint32_t k = first; k < first + e->n_units; k++) {
		struct new_unit *u = &sub->units[k];
		if (u->state != UNIT_WAITING && u->state != UNIT_FETCHING)
			continue;
		u->state = UNIT_IGNORED;
		u->reason = reason;
	}
}

static void unset_joined(struct submission *sub, uint32_t first,
			 const struct new_event *e)
{
	for (uint32_t k = first; k < first + e->n_units; k++) {
		struct new_unit *u = &sub->units[k];
		if (u->state != UNIT_IGNORED)
			continue;
		u->state = is_fetch(u->body) ? UNIT_FETCHING : UNIT_WAITING;
		u->reason = STR_NONE;
	}
}

/* Ignores the event's leads where the person, or the conversation, has one
 * already. What a transaction that failed said of it is taken back first. */
static int join(struct store *s, struct submission *sub, struct new_event *e,
		uint32_t first, struct err *err)
{
	const struct once *hit = NULL;
	if (e->joined)
		unset_joined(sub, first, e);
	e->joined = false;
	if (e->n_once == 0 || e->duplicate || sub->replay_of != 0)
		return 0;
	int rc = seen_once(s, e, sub->received_at_ms, &hit, err);
	if (rc != 0 || hit == NULL)
		return rc;
	e->joined = true;
	set_joined(sub, first, e, hit->reason);
	return 0;
}

static int find_duplicates(struct store *s, struct submission *sub,
			   const struct replaced *r, struct err *err)
{
	uint32_t unit = 0;
	for (uint32_t i = 0; i < sub->n_events; i++) {
		struct new_event *e = &sub->events[i];
		int rc = 0;
		e->duplicate = false;
		/* The event of the unit itself is known by that unit only. */
		if (r->id != 0 && str_eq(e->id, r->event_id))
			seen_note(s, e, sub->received_at_ms);
		else
			rc = seen_add(s, e, sub->received_at_ms, &e->duplicate,
				      err);
		if (rc == 0)
			rc = join(s, sub, e, unit, err);
		if (rc != 0)
			return rc;
		sub->n_duplicates += e->duplicate ? 1 : 0;
		for (uint32_t k = 0; k < e->n_units; k++, unit++)
			sub->units[unit].id = e->duplicate ? 0 : s->next_id++;
	}
	return 0;
}

static int put_request(struct store *s, const struct submission *sub,
		       int64_t id, int64_t units, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_ADD_REQUEST];
	int64_t flags = (sub->test ? FLAG_TEST : 0) |
			((int64_t)(sub->matched_secret + 1) << SECRET_SHIFT);
	sqlite_bind_int(st, 1, id);
	sqlite_bind_int(st, 2, units);
	sqlite_bind_int(st, 3, sub->received_at_ms);
	sqlite_bind_int(st, 4, flags);
	sqlite_bind_str(st, 5, sub->content_type);
	sqlite_bind_str(st, 6, sub->target);
	sqlite_bind_str(st, 7, sub->headers);
	sqlite_bind_blob(st, 8, sub->body);
	return sqlite_run(s, ST_ADD_REQUEST, err);
}

static int put_lead(struct store *s, const struct submission *sub,
		    const struct new_unit *u, int64_t request, int64_t source,
		    struct err *err)
{
	struct name *destination = NULL;
	if (u->destination.n > 0) {
		int rc = ledger_name(s, u->destination, &destination, err);
		if (rc != 0)
			return rc;
	}
	struct sqlite3_stmt *st = s->stmt[ST_ADD_LEAD];
	sqlite_bind_int(st, 1, u->id);
	sqlite_bind_int(st, 2, request);
	sqlite_bind_int(st, 3, source);
	sqlite_bind_int(st, 4,
			destination != NULL ? destination->id : NAME_NONE);
	sqlite_bind_int(st, 5, u->state);
	sqlite_bind_int(st, 6, sub->received_at_ms);
	int rc = sqlite_run(s, ST_ADD_LEAD, err);
	if (rc == 0 && u->state == UNIT_FETCHING) {
		char queue[QUEUE_NAME];
		rc = ledger_name(s, fetch_queue(sub->source, queue),
				 &destination, err);
	}
	if (rc == 0 && (u->state == UNIT_WAITING || u->state == UNIT_FETCHING))
		ledger_wait(destination, 1);
	return rc;
}

static int put_cold(struct store *s, const struct new_event *e,
		    const struct new_unit *u, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_ADD_COLD];
	struct str key = {(const char *)u->key, sizeof(u->key)};
	sqlite_bind_int(st, 1, u->id);
	sqlite_bind_int(st, 2, u->index);
	sqlite_bind_int(st, 3, e->occurred_at_ms);
	sqlite_bind_blob(st, 4, key);
	sqlite_bind_str(st, 5, e->id);
	sqlite_bind_str(st, 6, e->topic);
	sqlite_bind_str(st, 7, e->account);
	sqlite_bind_str(st, 8, str_from(e->privacy));
	sqlite_bind_str(st, 9, u->reason);
	sqlite_bind_blob(st, 10, u->body);
	return sqlite_run(s, ST_ADD_COLD, err);
}

static int put_units(struct store *s, struct submission *sub,
		     struct name *source, int64_t request, struct err *err)
{
	for (uint32_t i = 0; i < sub->n_units; i++) {
		const struct new_unit *u = &sub->units[i];
		if (u->id == 0)
			continue;
		int rc = put_lead(s, sub, u, request, source->id, err);
		if (rc == 0)
			rc = put_cold(s, &sub->events[u->event], u, err);
		if (rc == 0 && sub->events[u->event].privacy != NULL)
			rc = sqlite_put_privacy(s, &sub->events[u->event],
						u->id, source->id,
						sub->received_at_ms, err);
		if (rc != 0)
			return rc;
		sub->n_accepted++;
		sub->accepted_by_state[u->state]++;
		ledger_count(source, FIELD_STATE + (int)u->state, 1);
		ledger_count(source, FIELD_ACCEPTED, 1);
	}
	return 0;
}

/* With successors the unit ends, and they count in its place. Where all of it
 * had come in another way meanwhile, it is ignored. */
static int end_replaced(struct store *s, const struct replaced *r,
			const struct submission *sub, struct err *err)
{
	ledger_count(r->source, FIELD_STATE + UNIT_QUARANTINED, -1);
	if (sub->n_accepted > 0) {
		ledger_count(r->source, FIELD_ACCEPTED, -1);
		return sqlite_drop_unit(s, r->id, r->request, err);
	}
	ledger_count(r->source, FIELD_STATE + UNIT_IGNORED, 1);
	lb_assert(unit_may_become(UNIT_QUARANTINED, UNIT_IGNORED));
	sqlite_bind_int(s->stmt[ST_SET_STATE], 1, r->id);
	sqlite_bind_int(s->stmt[ST_SET_STATE], 2, UNIT_IGNORED);
	sqlite_bind_int(s->stmt[ST_SET_STATE], 3, sub->received_at_ms);
	int rc = sqlite_run(s, ST_SET_STATE, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(s->stmt[ST_SET_REASON], 1, r->id);
	sqlite_bind_str(s->stmt[ST_SET_REASON], 2, STR("duplicate"));
	return sqlite_run(s, ST_SET_REASON, err);
}

/* From here on a failure spoils the transaction. */
static int spoil(int rc)
{
	return rc == 0 || rc == LB_ENOSPC || rc == LB_EIO ? rc : LB_ESYSTEM;
}

static int put_new(struct store *s, struct submission *sub, struct name *source,
		   struct err *err)
{
	int64_t first = 0, units = 0;
	for (uint32_t i = 0; i < sub->n_units; i++) {
		if (sub->units[i].id == 0)
			continue;
		if (first == 0)
			first = sub->units[i].id;
		units++;
	}
	if (units == 0)
		return 0;
	int rc = put_request(s, sub, first, units, err);
	if (rc == 0)
		rc = put_units(s, sub, source, first, err);
	if (rc == 0 && sub->bulk != NULL)
		rc = bulk_put(s, sub, err);
	return rc;
}

int sqlite_put(struct store *s, struct submission *sub, struct err *err)
{
	struct replaced replaced = {0};
	struct name *source = NULL;
	sub->n_duplicates = sub->n_accepted = 0;
	memset(sub->accepted_by_state, 0, sizeof(sub->accepted_by_state));
	int rc = submission_check(sub, err);
	if (rc == 0 && sub->bulk != NULL)
		rc = bulk_check(s, sub, err);
	if (rc == 0 && sub->replay_of != 0)
		rc = find_replaced(s, sub, &replaced, err);
	if (rc != 0)
		return rc;
	rc = ledger_name(s, sub->source, &source, err);
	if (rc == 0)
		rc = find_duplicates(s, sub, &replaced, err);
	if (rc == 0)
		rc = put_new(s, sub, source, err);
	if (rc == 0)
		rc = confirm_put(s, sub, err);
	if (rc == 0 && replaced.id != 0)
		rc = end_replaced(s, &replaced, sub, err);
	if (rc == 0 && sub->n_duplicates > 0)
		ledger_count(source, FIELD_DUPLICATES, sub->n_duplicates);
	fault_point("store_put");
	return spoil(rc);
}
