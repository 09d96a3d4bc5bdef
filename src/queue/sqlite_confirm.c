/* SPDX-License-Identifier: MIT */
/*
 * The CRM says of a lead that it made it: the lead with that CRM id is marked.
 * An index over every lead would be paid at every accept, for one look at each
 * lead, mostly seconds after it was delivered. So the last deliveries are
 * remembered here, and what is not among them (the daemon was restarted) is
 * looked for in the newest leads only. A confirmation may be quicker than the
 * answer it confirms: those that fit no lead yet are remembered, too. What is
 * remembered is a hint and survives a rolled back transaction; the row decides.
 * Store thread only.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "queue/sqlite.h"

enum {
	DELIVERED_KEPT = 1024,
	EARLY_KEPT = 64,
	NEWEST = 20000, /* leads that are looked through; some ms */
};

struct delivered {
	uint64_t hash; /* of the CRM's id */
	int64_t lead;  /* 0: free */
};

struct early {
	char crm_id[64]; /* "": free */
	int64_t at_ms;
	int64_t lead; /* that got it; 0: none yet */
};

struct confirmations {
	struct delivered delivered[DELIVERED_KEPT];
	struct early early[EARLY_KEPT];
	size_t n_delivered, n_early; /* ever; the place of the next */
	struct sqlite3_stmt *find, *mark;
};

int confirm_open(struct store *s, struct err *err)
{
	s->confirmations = xcalloc(1, sizeof(*s->confirmations));
	int rc = sqlite_prepare(s->db,
				"SELECT id FROM lead WHERE id > ?1 AND"
				" state = 2 AND crm_id = ?2"
				" ORDER BY id DESC LIMIT 1",
				&s->confirmations->find, err);
	if (rc != 0)
		return rc;
	return sqlite_prepare(s->db,
			      "UPDATE lead SET confirmed_at = ?3 WHERE id = ?1"
			      " AND state = 2 AND crm_id = ?2"
			      " AND confirmed_at IS NULL",
			      &s->confirmations->mark, err);
}

void confirm_close(struct store *s)
{
	if (s->confirmations == NULL)
		return;
	(void)sqlite3_finalize(s->confirmations->find);
	(void)sqlite3_finalize(s->confirmations->mark);
	free(s->confirmations);
}

static uint64_t hash_of(const struct store *s, struct str crm_id)
{
	return siphash(s->secret, crm_id.p, crm_id.n);
}

/* ---- marking ------------------------------------------------------------- */

struct confirmation {
	struct str crm_id;
	int64_t at_ms;
};

/* Whether the lead was waiting to be confirmed. */
static int mark(struct store *s, int64_t lead, const struct confirmation *c,
		bool *marked, struct err *err)
{
	struct sqlite3_stmt *st = s->confirmations->mark;
	sqlite_bind_int(st, 1, lead);
	sqlite_bind_str(st, 2, c->crm_id);
	sqlite_bind_int(st, 3, c->at_ms);
	int rc = sqlite_row(st, err);
	*marked = rc == 0 && sqlite3_changes(s->db) > 0;
	sqlite_reset(st);
	return rc;
}

static int destination_of(struct store *s, int64_t lead, struct name **out,
			  struct err *err)
{
	struct sqlite3_stmt *st = s->stmt[ST_GET_RETRY];
	sqlite_bind_int(st, 1, lead);
	int rc = sqlite_row(st, err);
	*out = rc == 1 ? ledger_source(s, sqlite3_column_int64(st, 2)) : NULL;
	sqlite_reset(st);
	return rc < 0 ? rc : 0;
}

static int confirm(struct store *s, int64_t lead, const struct confirmation *c,
		   struct err *err)
{
	struct name *destination = NULL;
	bool marked = false;
	int rc = mark(s, lead, c, &marked, err);
	if (rc == 0 && marked)
		rc = destination_of(s, lead, &destination, err);
	if (rc == 0 && destination != NULL)
		ledger_confirm(destination);
	return rc;
}

/* ---- a confirmation came ------------------------------------------------- */

static int64_t recently_delivered(const struct store *s, struct str crm_id)
{
	const struct confirmations *c = s->confirmations;
	uint64_t hash = hash_of(s, crm_id);
	for (size_t i = 1; i <= DELIVERED_KEPT && i <= c->n_delivered; i++) {
		const struct delivered *d =
		    &c->delivered[(c->n_delivered - i) % DELIVERED_KEPT];
		if (d->hash == hash)
			return d->lead;
	}
	return 0;
}

static int find(struct store *s, struct str crm_id, int64_t *lead,
		struct err *err)
{
	struct sqlite3_stmt *st = s->confirmations->find;
	*lead = recently_delivered(s, crm_id);
	if (*lead != 0)
		return 0;
	sqlite_bind_int(st, 1, s->next_id - 1 - NEWEST);
	sqlite_bind_str(st, 2, crm_id);
	int rc = sqlite_row(st, err);
	if (rc == 1)
		*lead = sqlite3_column_int64(st, 0);
	sqlite_reset(st);
	return rc < 0 ? rc : 0;
}

/* A transaction that is tried again finds what it left here. */
static void remember_early(struct store *s, const struct confirmation *c)
{
	struct confirmations *all = s->confirmations;
	struct early *e = &all->early[all->n_early % EARLY_KEPT];
	for (size_t i = 0; i < EARLY_KEPT; i++)
		if (str_eq(str_from(all->early[i].crm_id), c->crm_id))
			return;
	*e = (struct early){.at_ms = c->at_ms};
	memcpy(e->crm_id, c->crm_id.p, c->crm_id.n);
	all->n_early++;
}

static int one_came(struct store *s, const struct confirmation *c,
		    struct err *err)
{
	int64_t lead = 0;
	int rc = find(s, c->crm_id, &lead, err);
	if (rc != 0)
		return rc;
	if (lead != 0)
		return confirm(s, lead, c, err);
	remember_early(s, c);
	ledger_unmatched(s, 1);
	return 0;
}

int confirm_put(struct store *s, const struct submission *sub, struct err *err)
{
	for (uint32_t i = 0; i < sub->n_events; i++) {
		const struct new_event *e = &sub->events[i];
		struct confirmation c = {e->confirms, sub->received_at_ms};
		if (e->duplicate || c.crm_id.n == 0 ||
		    c.crm_id.n >= sizeof(s->confirmations->early[0].crm_id))
			continue;
		int rc = one_came(s, &c, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* ---- a lead was delivered ------------------------------------------------ */

static struct early *waits_for(struct store *s, int64_t lead, struct str crm_id)
{
	struct early *early = s->confirmations->early;
	for (size_t i = 0; i < EARLY_KEPT; i++)
		if (str_eq(str_from(early[i].crm_id), crm_id) &&
		    (early[i].lead == 0 || early[i].lead == lead))
			return &early[i];
	return NULL;
}

int confirm_delivered(struct store *s, const struct settlement *t,
		      struct err *err)
{
	struct confirmations *all = s->confirmations;
	struct str crm_id = str_from(t->crm_id);
	if (t->state != UNIT_DELIVERED || crm_id.n == 0)
		return 0;
	all->delivered[all->n_delivered++ % DELIVERED_KEPT] =
	    (struct delivered){hash_of(s, crm_id), t->lead->id};
	struct early *e = waits_for(s, t->lead->id, crm_id);
	if (e == NULL)
		return 0;
	struct confirmation c = {crm_id, e->at_ms};
	e->lead = t->lead->id;
	ledger_unmatched(s, -1);
	return confirm(s, t->lead->id, &c, err);
}
