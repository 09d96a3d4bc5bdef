/* SPDX-License-Identifier: MIT */
/*
 * What became of a lead, and what a person decided: changes of state, each
 * with its change of the ledger. Store thread only.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "leadbridge/lead.h"
#include "queue/sqlite.h"

struct move {
	struct name *source;
	enum unit_state from, to;
	/* In which it waited, in which it waits; NULL: in none. */
	struct name *old_queue, *new_queue;
};

/* The one place where the ledger learns of a change of state. */
static void moved(const struct move *m)
{
	lb_assert(unit_may_become(m->from, m->to));
	if (m->from == m->to)
		return;
	ledger_count(m->source, FIELD_STATE + (int)m->from, -1);
	ledger_count(m->source, FIELD_STATE + (int)m->to, 1);
	if (m->from == UNIT_WAITING || m->from == UNIT_FETCHING)
		ledger_wait(m->old_queue, -1);
	if (m->to == UNIT_WAITING || m->to == UNIT_FETCHING)
		ledger_wait(m->new_queue, 1);
}

void sqlite_erased(struct name *source, enum unit_state from,
		   struct name *queue)
{
	moved(&(struct move){.source = source,
			     .from = from,
			     .to = UNIT_ERASED,
			     .old_queue = queue});
}

int sqlite_add_attempt(struct store *s, const struct settlement *t,
		       struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_ADD_ATTEMPT];
	sqlite_bind_int(st, 1, t->lead->id);
	sqlite_bind_int(st, 2, t->started_at_ms);
	sqlite_bind_int(st, 3, t->duration_ms);
	sqlite_bind_int(st, 4, t->outcome);
	sqlite_bind_int(st, 5, t->http_status);
	sqlite_bind_int(st, 6, t->counts ? 1 : 0);
	sqlite_bind_str(st, 7, str_from(t->reason));
	return sqlite_run(s, ST_ADD_ATTEMPT, err);
}

static int settle_cold(struct store *s, const struct settlement *t,
		       struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_SETTLE_COLD];
	sqlite_bind_int(st, 1, t->lead->id);
	sqlite_bind_str(st, 2, str_from(t->reason));
	sqlite_bind_str(st, 3, str_from(t->response));
	return sqlite_run(s, ST_SETTLE_COLD, err);
}

static int settle_lead(struct store *s, const struct settlement *t,
		       enum unit_state from, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_SETTLE];
	int64_t ended_at = t->started_at_ms + t->duration_ms;
	bool waits = t->state == UNIT_WAITING || t->state == UNIT_FETCHING;
	sqlite_bind_int(st, 1, t->lead->id);
	sqlite_bind_int(st, 2, t->state);
	sqlite_bind_int(st, 3, waits ? t->due_at_ms : ended_at);
	sqlite_bind_int(st, 4, t->counts ? 1 : 0);
	sqlite_bind_int(st, 5, t->outcome);
	sqlite_bind_int(st, 6, t->http_status);
	sqlite_bind_int(st, 7, t->first_failed_at_ms);
	sqlite_bind_int(st, 8, t->triable_ms);
	sqlite_bind_int(st, 9, t->duration_ms);
	sqlite_bind_str(st, 10,
			t->crm_id[0] != '\0' ? str_from(t->crm_id) : STR_NONE);
	sqlite_bind_int(st, 11, t->lead->generation);
	sqlite_bind_int(st, 12, from);
	int rc = sqlite_run(s, ST_SETTLE, err);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		rc = err_set(err, LB_ENOTFOUND, "lead does not wait");
	return rc;
}

static bool was_fetched(const struct settlement *t)
{
	return t->lead->to.n > 0 && t->state == UNIT_WAITING;
}

/* The lead's own bytes take the place of the description, and it waits for its
 * destination as if it had just come. */
static int settle_fetched(struct store *s, const struct settlement *t,
			  struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_FETCHED];
	sqlite_bind_int(st, 1, t->lead->id);
	sqlite_bind_int(st, 2, t->started_at_ms + t->duration_ms);
	sqlite_bind_int(st, 3, t->lead->generation);
	int rc = sqlite_run(s, ST_FETCHED, err);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		rc = err_set(err, LB_ENOTFOUND, "lead does not wait");
	if (rc != 0)
		return rc;
	sqlite_bind_int(s->stmt[ST_SET_BODY], 1, t->lead->id);
	sqlite_bind_blob(s->stmt[ST_SET_BODY], 2,
			 (struct str){t->rendered, t->rendered_n});
	return sqlite_run(s, ST_SET_BODY, err);
}

static int settle_state(struct store *s, const struct settlement *t,
			enum unit_state *from, struct err *err)
{
	enum unit_state again = *from;
	if (was_fetched(t))
		return settle_fetched(s, t, err);
	int rc = settle_lead(s, t, *from, err);
	/* Dead leads go back when the cause was not theirs (`contract`). */
	if (rc != LB_ENOTFOUND || t->state != again)
		return rc;
	*from = UNIT_DEAD;
	return settle_lead(s, t, *from, err);
}

/* Where a settlement may lead from here; DELIVERED needs the lead's bytes. */
static int settle_check(const struct settlement *t, enum unit_state from,
			struct err *err)
{
	struct str rendered = {t->rendered, t->rendered_n};
	if (!unit_may_become(from, t->state) || t->state == UNIT_ERASED)
		return err_set(err, LB_EINVAL, "an attempt ends in '%s'?",
			       unit_state_name(t->state));
	if (was_fetched(t) && (rendered.n == 0 || is_fetch(rendered)))
		return err_set(err, LB_EINVAL, "a fetch without a lead");
	return 0;
}

static int settle_move(struct store *s, const struct settlement *t,
		       enum unit_state from, struct err *err)
{
	struct move m = {.from = from, .to = t->state};
	int rc = ledger_name(s, t->lead->source, &m.source, err);
	if (rc == 0)
		rc = ledger_name(s, t->lead->destination, &m.old_queue, err);
	m.new_queue = m.old_queue;
	if (rc == 0 && was_fetched(t))
		rc = ledger_name(s, t->lead->to, &m.new_queue, err);
	if (rc == 0)
		moved(&m);
	return rc;
}

int sqlite_settle_one(struct store *s, const struct settlement *t,
		      struct err *err)
{
	enum unit_state from = t->lead->to.n > 0 ? UNIT_FETCHING : UNIT_WAITING;
	int rc = settle_check(t, from, err);
	if (rc == 0)
		rc = settle_state(s, t, &from, err);
	if (rc == 0)
		rc = settle_move(s, t, from, err);
	if (rc == 0)
		rc = confirm_delivered(s, t, err);
	if (rc == 0 && t->outcome != OUTCOME_SENT && t->outcome != OUTCOME_NONE)
		rc = sqlite_add_attempt(s, t, err);
	bool ends = t->state == UNIT_DEAD || t->state == UNIT_IGNORED ||
		    t->state == UNIT_QUARANTINED;
	if (rc == 0 && (ends || from == UNIT_DEAD))
		rc = settle_cold(s, t, err);
	return rc;
}

int sqlite_settle(struct store *s, const struct settlement *t, struct err *err)
{
	int rc = t->lead->bulk != 0 ? bulk_settle(s, t, err)
				    : sqlite_settle_one(s, t, err);
	fault_point("settle_written");
	return rc;
}

/* After these the CRM created nothing, and may have kept its answer under the
 * old key. */
static bool wants_new_key(int status)
{
	return status == 400 || status == 413 || status == 422 || status == 451;
}

enum { /* columns of ST_GET_RETRY */
       COL_STATE,
       COL_SOURCE,
       COL_DESTINATION,
       COL_RECEIVED_AT,
       COL_GENERATION,
       COL_STATUS,
       COL_INDEX,
       COL_OCCURRED_AT,
       COL_KEY,
       COL_EVENT_ID,
       COL_BODY,
};

static int retry_allowed(struct sqlite3_stmt *st, bool as_new, struct err *err)
{
	bool fetch = is_fetch(sqlite_str(st, COL_BODY));
	if (sqlite3_column_int(st, COL_STATE) != UNIT_DEAD)
		return err_set(err, LB_EDENIED, "lead is not dead");
	if (as_new && fetch)
		return err_set(err, LB_EDENIED,
			       "nothing of it was sent yet: retry it");
	/* The CRM holds another body under this key: the same bytes under it
	 * would be refused for ever, under a new one they may be a second
	 * lead. That needs a decision of its own. */
	if (!as_new && !fetch && sqlite3_column_int(st, COL_STATUS) == 409)
		return err_set(err, LB_EDENIED,
			       "the CRM has another lead under this key: only "
			       "send-as-new sends it, and the CRM may then "
			       "have it twice");
	return 0;
}

static void read_lead(struct store *s, struct sqlite3_stmt *st, bool as_new,
		      struct due_lead *lead, char queue[QUEUE_NAME])
{
	int64_t source = sqlite3_column_int64(st, COL_SOURCE);
	int64_t destination = sqlite3_column_int64(st, COL_DESTINATION);
	lead->source = str_from(ledger_source(s, source)->text);
	lead->destination = str_from(ledger_source(s, destination)->text);
	lead->received_at_ms = sqlite3_column_int64(st, COL_RECEIVED_AT);
	lead->occurred_at_ms = sqlite3_column_int64(st, COL_OCCURRED_AT);
	lead->generation = (uint32_t)sqlite3_column_int64(st, COL_GENERATION);
	lead->body = sqlite_str(st, COL_BODY);
	struct str key = sqlite_str(st, COL_KEY);
	memcpy(lead->key, key.p,
	       key.n < sizeof(lead->key) ? key.n : sizeof(lead->key));
	if (is_fetch(lead->body)) { /* the CRM has seen nothing of it */
		lead->to = lead->destination;
		lead->destination = fetch_queue(lead->source, queue);
	} else if (is_bulk_queue(lead->destination) || as_new ||
		   wants_new_key(sqlite3_column_int(st, COL_STATUS))) {
		/* A row alone is another body than the request it was in. */
		lead->generation++;
		lead_key(lead->key, lead->source, sqlite_str(st, COL_EVENT_ID),
			 (uint32_t)sqlite3_column_int64(st, COL_INDEX),
			 lead->destination, lead->generation);
	}
}

static int load_dead(struct store *s, const struct due_lead *which, bool as_new,
		     struct due_lead **out, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_RETRY];
	sqlite_bind_int(st, 1, which->id);
	int rc = sqlite_row(st, err);
	if (rc == 0)
		rc = err_set(err, LB_ENOTFOUND, "no such lead");
	if (rc == 1)
		rc = retry_allowed(st, as_new, err);
	if (rc == 0) {
		struct due_lead lead = *which;
		char queue[QUEUE_NAME];
		read_lead(s, st, as_new, &lead, queue);
		*out = due_lead_new(&lead);
	}
	sqlite_reset(st);
	return rc;
}

static int write_retry(struct store *s, const struct due_lead *lead,
		       struct err *err)
{
	struct str key = {(const char *)lead->key, sizeof(lead->key)};
	sqlite_bind_int(s->stmt[ST_RETRY], 1, lead->id);
	sqlite_bind_int(s->stmt[ST_RETRY], 2, lead->due_at_ms);
	sqlite_bind_int(s->stmt[ST_RETRY], 3, lead->generation);
	sqlite_bind_int(s->stmt[ST_RETRY], 4,
			lead->to.n > 0 ? UNIT_FETCHING : UNIT_WAITING);
	int rc = sqlite_run(s, ST_RETRY, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(s->stmt[ST_RETRY_KEY], 1, lead->id);
	sqlite_bind_blob(s->stmt[ST_RETRY_KEY], 2, key);
	return sqlite_run(s, ST_RETRY_KEY, err);
}

int sqlite_retry(struct store *s, int64_t id, bool as_new, int64_t now_ms,
		 struct due_lead **out, struct err *err)
{
	struct due_lead which = {.id = id, .due_at_ms = now_ms}, *lead = NULL;
	int rc = load_dead(s, &which, as_new, &lead, err);
	if (rc != 0)
		return rc;
	struct move m = {
	    .source = table_get(s->by_text, lead->source),
	    .from = UNIT_DEAD,
	    .to = lead->to.n > 0 ? UNIT_FETCHING : UNIT_WAITING,
	};
	rc = write_retry(s, lead, err);
	if (rc == 0 && is_bulk_queue(lead->destination))
		rc = bulk_retry(s, &lead, err);
	if (rc == 0)
		rc = ledger_name(s, lead->destination, &m.new_queue, err);
	if (rc != 0) {
		free(lead);
		return rc;
	}
	moved(&m);
	*out = lead;
	return 0;
}

int sqlite_bury(struct store *s, int64_t id, int64_t now_ms, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_UNIT];
	sqlite_bind_int(st, 1, id);
	int rc = sqlite_row(st, err);
	int64_t source = rc == 1 ? sqlite3_column_int64(st, 1) : 0;
	enum unit_state from =
	    rc == 1 ? (enum unit_state)sqlite3_column_int(st, 0) : UNIT_ERASED;
	sqlite_reset(st);
	if (rc == 0)
		rc = err_set(err, LB_ENOTFOUND, "no such unit");
	else if (rc == 1 && from != UNIT_QUARANTINED && from != UNIT_DEAD)
		rc = err_set(err, LB_EDENIED,
			     "unit is neither dead nor quarantined");
	if (rc < 0)
		return rc;
	moved(&(struct move){.source = ledger_source(s, source),
			     .from = from,
			     .to = UNIT_IGNORED});
	sqlite_bind_int(s->stmt[ST_SET_STATE], 1, id);
	sqlite_bind_int(s->stmt[ST_SET_STATE], 2, UNIT_IGNORED);
	sqlite_bind_int(s->stmt[ST_SET_STATE], 3, now_ms);
	rc = sqlite_run(s, ST_SET_STATE, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(s->stmt[ST_SET_REASON], 1, id);
	sqlite_bind_str(s->stmt[ST_SET_REASON], 2, STR("buried"));
	return sqlite_run(s, ST_SET_REASON, err);
}
