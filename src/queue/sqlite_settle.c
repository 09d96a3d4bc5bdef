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

/* The one place where the ledger learns of a change of state. destination is
 * NULL where none of the states is waiting. */
static void moved(struct name *source, struct name *destination,
		  enum unit_state from, enum unit_state to)
{
	lb_assert(unit_may_become(from, to));
	if (from == to)
		return;
	ledger_count(source, FIELD_STATE + (int)from, -1);
	ledger_count(source, FIELD_STATE + (int)to, 1);
	if (from == UNIT_WAITING)
		ledger_wait(destination, -1);
	if (to == UNIT_WAITING)
		ledger_wait(destination, 1);
}

static int add_attempt(struct store *s, const struct settlement *t,
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
	bool waits = t->state == UNIT_WAITING;
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

int sqlite_settle(struct store *s, const struct settlement *t, struct err *err)
{
	struct name *source = NULL, *destination = NULL;
	enum unit_state from = UNIT_WAITING;
	if (!unit_may_become(UNIT_WAITING, t->state) || t->state == UNIT_ERASED)
		return err_set(err, LB_EINVAL, "an attempt ends in '%s'?",
			       unit_state_name(t->state));
	int rc = settle_lead(s, t, from, err);
	/* Dead leads go back when the cause was not theirs (`contract`). */
	if (rc == LB_ENOTFOUND && t->state == UNIT_WAITING) {
		from = UNIT_DEAD;
		rc = settle_lead(s, t, from, err);
	}
	if (rc == 0)
		rc = ledger_name(s, t->lead->source, &source, err);
	if (rc == 0)
		rc = ledger_name(s, t->lead->destination, &destination, err);
	if (rc == 0)
		moved(source, destination, from, t->state);
	if (rc == 0 && t->outcome != OUTCOME_SENT && t->outcome != OUTCOME_NONE)
		rc = add_attempt(s, t, err);
	if (rc == 0 && (t->state == UNIT_DEAD || from == UNIT_DEAD))
		rc = settle_cold(s, t, err);
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

static int retry_allowed(struct sqlite3_stmt *st, struct err *err)
{
	if (sqlite3_column_int(st, COL_STATE) != UNIT_DEAD)
		return err_set(err, LB_EDENIED, "lead is not dead");
	/* The CRM holds another body under this key: the same bytes under it
	 * would be refused for ever, under a new one they may be a second
	 * lead. That needs a decision of its own. */
	if (sqlite3_column_int(st, COL_STATUS) == 409)
		return err_set(err, LB_EDENIED,
			       "the CRM has another lead under this key");
	return 0;
}

static void read_lead(struct store *s, struct sqlite3_stmt *st,
		      struct due_lead *lead)
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
	if (wants_new_key(sqlite3_column_int(st, COL_STATUS))) {
		lead->generation++;
		lead_key(lead->key, lead->source, sqlite_str(st, COL_EVENT_ID),
			 (uint32_t)sqlite3_column_int64(st, COL_INDEX),
			 lead->destination, lead->generation);
	}
}

static int load_dead(struct store *s, int64_t id, int64_t now_ms,
		     struct due_lead **out, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_RETRY];
	sqlite_bind_int(st, 1, id);
	int rc = sqlite_row(st, err);
	if (rc == 0)
		rc = err_set(err, LB_ENOTFOUND, "no such lead");
	if (rc == 1)
		rc = retry_allowed(st, err);
	if (rc == 0) {
		struct due_lead lead = {.id = id, .due_at_ms = now_ms};
		read_lead(s, st, &lead);
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
	int rc = sqlite_run(s, ST_RETRY, err);
	if (rc != 0)
		return rc;
	sqlite_bind_int(s->stmt[ST_RETRY_KEY], 1, lead->id);
	sqlite_bind_blob(s->stmt[ST_RETRY_KEY], 2, key);
	return sqlite_run(s, ST_RETRY_KEY, err);
}

int sqlite_retry(struct store *s, int64_t id, int64_t now_ms,
		 struct due_lead **out, struct err *err)
{
	struct due_lead *lead = NULL;
	int rc = load_dead(s, id, now_ms, &lead, err);
	if (rc != 0)
		return rc;
	rc = write_retry(s, lead, err);
	if (rc != 0) {
		free(lead);
		return rc;
	}
	moved(table_get(s->by_text, lead->source),
	      table_get(s->by_text, lead->destination), UNIT_DEAD,
	      UNIT_WAITING);
	*out = lead;
	return 0;
}

int sqlite_bury(struct store *s, int64_t id, int64_t now_ms, struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_UNIT];
	sqlite_bind_int(st, 1, id);
	int rc = sqlite_row(st, err);
	int64_t source = rc == 1 ? sqlite3_column_int64(st, 1) : 0;
	if (rc == 0)
		rc = err_set(err, LB_ENOTFOUND, "no such unit");
	else if (rc == 1 && sqlite3_column_int(st, 0) != UNIT_QUARANTINED)
		rc = err_set(err, LB_EDENIED, "unit is not quarantined");
	sqlite_reset(st);
	if (rc < 0)
		return rc;
	moved(ledger_source(s, source), NULL, UNIT_QUARANTINED, UNIT_IGNORED);
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
