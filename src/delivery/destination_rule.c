/* SPDX-License-Identifier: MIT */
/*
 * From a verdict on one answer to the next step of the lead and of its
 * destination: the rules that need memory (how often, since when, which other
 * leads). Every attempt ends in exactly one settlement.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "delivery/answer.h"
#include "delivery/attempt.h"
#include "delivery/backoff.h"
#include "delivery/bulk.h"
#include "delivery/destination.h"
#include "delivery/fetch.h"

enum {
	SUCCESSES_PER_SLOT = 10,
	LIMITED_FIRST_MS = 2000, /* when the other side names no time */
	LIMITED_MOST_MS = 120000,
	POISON_FAILURES = 5,
	POISON_OTHERS = 5,
	POISON_SHARE = 95,   /* per cent of the others' attempts */
	FAILING_MAX = 256,   /* leads watched for poison */
	SOON_MS = 60 * 1000, /* a retry due within stays in memory */
};

struct failing { /* a lead that got 5xx */
	int failures;
	int64_t delivered, tried; /* of the destination, at the first */
};

static struct str id_key(const int64_t *id)
{
	return (struct str){(const char *)id, sizeof(*id)};
}

/* ---- concurrency --------------------------------------------------------- */

static void more_slots(struct destination *d)
{
	if (++d->slot_successes < SUCCESSES_PER_SLOT)
		return;
	d->slot_successes = 0;
	if (d->slots < d->config->concurrency)
		d->slots++;
}

/* Once for all that left before it was halved last. */
static void fewer_slots(struct destination *d, int64_t started, int64_t now)
{
	if (started < d->slots_halved_at)
		return;
	d->slots_halved_at = now;
	d->slot_successes = 0;
	d->slots = d->slots > 1 ? d->slots / 2 : 1;
}

static void adapt_slots(struct destination *d, const struct attempt *a,
			const struct attempt_result *r, enum outcome outcome,
			int64_t now)
{
	if (outcome == OUTCOME_SENT)
		more_slots(d);
	else if (outcome == OUTCOME_LIMITED || r->status == 503 ||
		 r->transport == TRANSPORT_TIMEOUT ||
		 r->transport == TRANSPORT_TIMEOUT_CONNECT)
		fewer_slots(d, a->started, now);
}

/* ---- what the destination learns ----------------------------------------- */

static void learn_breaker(struct destination *d, const struct attempt *a,
			  const struct verdict *v, int64_t now)
{
	enum breaker_lesson lesson = BREAKER_NOTHING;
	if (v->transient)
		lesson = BREAKER_FAILED;
	else if (v->outcome == OUTCOME_SENT || v->outcome == OUTCOME_DEAD ||
		 v->outcome == OUTCOME_RETRY)
		lesson = BREAKER_ANSWERED;
	breaker_learn(&d->breaker, now, a->entry->id, a->breaker_probe, lesson);
}

/* NXDOMAIN is transient for a while (a domain being moved), then a person must
 * look; they are told at once. */
static void learn_dns(struct destination *d, const struct attempt_result *r,
		      struct verdict *v, int64_t now)
{
	if (r->transport != TRANSPORT_DNS_NXDOMAIN) {
		if (r->transport != TRANSPORT_DNS_FAILED)
			d->nxdomain_since = 0;
		return;
	}
	if (d->nxdomain_since == 0) {
		d->nxdomain_since = now;
		destination_alarm(d, v->reason);
	}
	if (now - d->nxdomain_since < d->config->nxdomain_grace_ms)
		return;
	v->outcome = OUTCOME_PARK;
	v->parks_at_once = true;
	v->transient = false;
}

static void learn_limited(struct destination *d, const struct attempt *a,
			  const struct verdict *v, int64_t now)
{
	int64_t wait = v->wait_ms;
	if (wait < 0) {
		/* One step for all that were under way together. */
		if (a->started >= d->limited_at || d->limited_step == 0) {
			d->limited_step = d->limited_step == 0
					      ? LIMITED_FIRST_MS
					      : d->limited_step * 2;
			if (d->limited_step > LIMITED_MOST_MS)
				d->limited_step = LIMITED_MOST_MS;
		}
		wait = d->limited_step;
	}
	d->limited_at = now;
	int64_t until = now + backoff_later(wait);
	if (until <= d->limited_until)
		return;
	d->limited_until = until;
	d->limited_reason = v->reason;
}

/* Who said so, for people. */
static const char *limited_by(const struct attempt_result *r,
			      const struct verdict *v)
{
	if (header_retry_after(r) >= 0)
		return "Retry-After";
	if (v->wait_ms < 0)
		return "back-off";
	return r->usage[1].n > 0 ? "usage headers" : "RateLimit-Reset";
}

void destination_recall(struct destination *d, int64_t limited_until_ms)
{
	int64_t in = limited_until_ms - clock_wall_ms();
	/* A clock that was moved makes no longer waits than a header may. */
	if (in <= 0 || in > HEADER_WAIT_MAX_MS * INT64_C(11) / 10)
		return;
	int64_t until = clock_mono_ms() + in;
	if (until <= d->limited_until)
		return;
	d->limited_until = until;
	d->limited_reason = d->limited_by = "before_start";
}

/* Any answer that is not of the kind that parked it shows that it may go on;
 * answers to what left before say nothing. */
static void learn_park(struct destination *d, const struct attempt *a,
		       const struct attempt_result *r, const struct verdict *v,
		       int64_t now)
{
	if (a->park_probe) {
		d->park.probing = false;
		/* A reload meanwhile: it was the old configuration's probe. */
		if (a->started >= d->since)
			d->park.probe_at = now + d->config->probe_ms;
		d->park.lead = a->entry->id; /* another one next time */
	}
	if (d->park.on && r->transport == TRANSPORT_ANSWERED &&
	    a->started >= d->park.since && v->outcome != d->park.class &&
	    v->outcome != OUTCOME_PARK)
		destination_unpark(d);
}

/* ---- what follows for the lead ------------------------------------------- */

static void rule_park(struct destination *d, const struct attempt *a,
		      const struct verdict *v, struct ruling *ruling)
{
	int64_t id = a->entry->id;
	/* Those of one request got one answer. */
	bool other = d->odd_lead != 0 && d->odd_lead != id && !a->is_mate;
	ruling->state = destination_waits(d);
	/* Sent with a credential or to an address that is no more in force:
	 * what that gets says nothing of the new one. */
	if (a->started < d->since) {
		ruling->wait_ms = 0;
		return;
	}
	if (d->park.on || d->virgin || v->parks_at_once || other) {
		destination_park(d, v->reason, OUTCOME_PARK, id);
		ruling->wait_ms = 0;
		return;
	}
	/* One odd answer parks nobody: only this lead is set back. */
	if (!a->is_mate)
		d->odd_lead = id;
	ruling->ages = true;
	ruling->wait_ms = d->config->probe_ms;
}

/* Puts the leads of the row back that are committed as dead; those whose
 * commit is still under way follow in destination_settled(). */
static void undo_dead(struct destination *d, struct due_lead *lead)
{
	struct settlement *s = xcalloc(1, sizeof(*s));
	s->lead = lead;
	s->state = destination_waits(d);
	s->started_at_ms = s->due_at_ms = clock_wall_ms();
	s->first_failed_at_ms = lead->first_failed_at_ms;
	s->triable_ms = lead->triable_ms;
	s->outcome = OUTCOME_PARK;
	s->reason = "contract";
	d->total.dead--;
	d->courier->ops.settle(d->courier->ops.ctx, s);
}

void destination_forget_dead(struct destination *d)
{
	struct dead_row *row = &d->dead_row;
	for (int i = 0; i < row->n; i++) {
		if (row->leads[i] == NULL)
			continue;
		struct entry *e = scheduler_find(d->leads, row->leads[i]->id);
		if (e != NULL)
			scheduler_forget(d->leads, e);
		free(row->leads[i]);
	}
	*row = (struct dead_row){0};
}

void destination_revive(struct destination *d, int64_t id)
{
	struct dead_row *row = &d->dead_row;
	for (int i = 0; i < row->n; i++) {
		if (row->leads[i] == NULL || !due_lead_holds(row->leads[i], id))
			continue;
		struct entry *e = scheduler_find(d->leads, row->ids[i]);
		if (e != NULL)
			scheduler_forget(d->leads, e);
		free(row->leads[i]);
		row->n--;
		row->ids[i] = row->ids[row->n];
		row->leads[i] = row->leads[row->n];
		row->leads[row->n] = NULL;
		return;
	}
}

void destination_erased(struct destination *d, int64_t id)
{
	destination_revive(d, id);
	scheduler_erase(d->leads, id);
	if (d->lane == NULL)
		return;
	d->more = true; /* the other rows, as another request */
	d->stale = d->refilling;
}

static bool in_row(const struct dead_row *row, int64_t id)
{
	for (int i = 0; i < row->n; i++)
		if (row->ids[i] == id)
			return true;
	return false;
}

static void rule_dead(struct destination *d, const struct attempt *a,
		      const struct verdict *v, struct ruling *ruling)
{
	struct dead_row *row = &d->dead_row;
	bool contract = d->park.on && d->park.class == OUTCOME_DEAD;
	ruling->state = UNIT_DEAD;
	ruling->counts = true;
	if (!in_row(row, a->entry->id) && row->n < DEAD_ROW)
		row->ids[row->n++] = a->entry->id;
	if (!contract && row->n < DEAD_ROW)
		return;
	ruling->state = destination_waits(d);
	ruling->counts = false;
	ruling->outcome = OUTCOME_PARK;
	ruling->wait_ms = 0;
	if (contract)
		return;
	log_warn("destination_contract", "destination=%s answer=%s", d->name,
		 v->reason);
	destination_park(d, "contract", OUTCOME_DEAD, a->entry->id);
	for (int i = 0; i < row->n; i++) {
		if (row->leads[i] == NULL)
			continue;
		undo_dead(d, row->leads[i]);
		row->leads[i] = NULL;
	}
}

static bool is_poison(struct destination *d, int64_t id)
{
	struct failing *f = table_get(d->failing, id_key(&id));
	if (f == NULL) {
		if (table_count(d->failing) >= FAILING_MAX)
			return false;
		f = xcalloc(1, sizeof(*f));
		f->delivered = d->total.delivered;
		f->tried = d->total.tried;
		table_put(d->failing, id_key(&id), f);
	}
	f->failures++;
	int64_t others = d->total.delivered - f->delivered;
	/* Its own later attempts are not the others'. */
	int64_t tried = d->total.tried - f->tried - (f->failures - 1);
	return f->failures >= POISON_FAILURES && others >= POISON_OTHERS &&
	       others * 100 >= tried * POISON_SHARE;
}

static void rule_retry(struct destination *d, const struct attempt *a,
		       const struct attempt_result *r, const struct verdict *v,
		       struct ruling *ruling)
{
	const struct due_lead *lead = a->entry->lead;
	ruling->state = destination_waits(d);
	ruling->counts = true;
	ruling->ages = true;
	ruling->wait_ms =
	    backoff_next(d->config, lead->attempts + 1, v->wait_ms);
	if (r->status < 500 || !is_poison(d, lead->id))
		return;
	ruling->state = UNIT_DEAD;
	ruling->outcome = OUTCOME_DEAD;
	ruling->reason = "poison";
	destination_alarm(d, "poison");
}

static void rule(struct destination *d, const struct attempt *a,
		 const struct attempt_result *r, const struct verdict *v,
		 struct ruling *ruling)
{
	int64_t left;
	switch (v->outcome) {
	case OUTCOME_SENT:
		ruling->state = UNIT_DELIVERED;
		if (d->account != NULL)
			fetch_take(a, r->body, ruling);
		else if (d->lane != NULL)
			bulk_take(a, r->body, ruling);
		ruling->counts = true;
		d->total.delivered++;
		d->limited_step = 0;
		d->odd_lead = 0;
		destination_forget_dead(d);
		break;
	case OUTCOME_LIMITED:
		left = d->limited_until - clock_mono_ms();
		ruling->wait_ms = left > 0 ? left : 0;
		d->total.limited++;
		break;
	case OUTCOME_PARK:
		rule_park(d, a, v, ruling);
		d->total.parked++;
		break;
	case OUTCOME_DEAD:
		rule_dead(d, a, v, ruling);
		break;
	case OUTCOME_RETRY:
	case OUTCOME_NONE:
		rule_retry(d, a, r, v, ruling);
		d->total.retried++;
		break;
	}
}

/* ---- settling ------------------------------------------------------------ */

/* Age counts only while it could have been tried, and from the first failure
 * on: a lead that was never tried never dies of it. */
static void rule_age(struct destination *d, const struct attempt *a,
		     struct settlement *s, struct ruling *ruling, int64_t now)
{
	struct due_lead *lead = a->entry->lead;
	s->first_failed_at_ms = lead->first_failed_at_ms;
	s->triable_ms = lead->triable_ms;
	int64_t triable = destination_triable(d, now);
	if (lead->first_failed_at_ms != 0)
		s->triable_ms += triable - a->entry->triable_mark;
	else if (ruling->ages)
		s->first_failed_at_ms = s->started_at_ms;
	a->entry->triable_mark = triable;
	lead->triable_ms = s->triable_ms; /* the waiting itself: see below */
	if (!ruling->ages || s->triable_ms < d->config->max_age_ms ||
	    ruling->state != destination_waits(d))
		return;
	ruling->state = UNIT_DEAD;
	ruling->outcome = OUTCOME_DEAD;
	ruling->reason = "max_age";
	destination_alarm(d, "max_age");
}

static void settle(struct attempt *a, const struct attempt_result *r,
		   struct ruling *ruling, int64_t now)
{
	struct destination *d = a->d;
	struct settlement *s = xcalloc(1, sizeof(*s));
	s->started_at_ms = a->started_ms;
	s->duration_ms = now - a->started;
	rule_age(d, a, s, ruling, now);
	s->state = ruling->state;
	s->counts = ruling->counts;
	s->outcome = ruling->outcome;
	s->reason = ruling->reason;
	s->http_status = r->status;
	s->rendered = ruling->rendered;
	s->rendered_n = ruling->rendered_n;
	s->rows = ruling->rows;
	s->n_rows = ruling->n_rows;
	if (s->state == destination_waits(d)) {
		s->due_at_ms = clock_wall_ms() + ruling->wait_ms;
		/* On disk as if the wait were over: what comes back from there
		 * has no memory of it. */
		if (s->first_failed_at_ms != 0 && ruling->ages)
			s->triable_ms += ruling->wait_ms;
	} else {
		free(table_remove(d->failing, id_key(&a->entry->id)));
	}
	if (s->state == UNIT_DELIVERED)
		answer_lead_id(r->body, s->crm_id, sizeof(s->crm_id));
	if (s->state == UNIT_DEAD) {
		d->total.dead++;
		if (r->transport == TRANSPORT_ANSWERED && r->body.n > 0)
			s->response = answer_keep(r->body);
	}
	s->lead = a->entry->lead;
	a->entry->lead = NULL;
	log_debug("attempt", "destination=%s lead=%lld outcome=%s reason=%s",
		  d->name, (long long)s->lead->id, outcome_name(s->outcome),
		  s->reason);
	d->courier->ops.settle(d->courier->ops.ctx, s);
}

static void log_location(const struct destination *d,
			 const struct attempt_result *r)
{
	struct str s = r->location;
	long at = str_find_str(s, STR("://"));
	if (r->status < 300 || r->status > 399 || at < 0)
		return;
	s = str_sub(s, (size_t)at + 3, s.n);
	size_t n = 0;
	while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '"' &&
	       s.p[n] != ' ' && n < 255)
		n++;
	log_warn("destination_redirect", "destination=%s host=\"%.*s\"",
		 d->name, (int)n, s.p);
}

void destination_refuse(struct attempt *a, struct ruling *ruling)
{
	struct attempt_result none = {.transport = TRANSPORT_OTHER};
	settle(a, &none, ruling, clock_mono_ms());
}

void destination_conclude(struct attempt *a, const struct attempt_result *r,
			  const struct verdict *v)
{
	struct destination *d = a->d;
	struct ruling ruling = {
	    .state = destination_waits(d),
	    .outcome = v->outcome,
	    .reason = v->reason,
	};
	if (d->account == NULL || !fetch_give_up(a, v, &ruling))
		rule(d, a, r, v, &ruling);
	if (v->outcome != OUTCOME_LIMITED && v->outcome != OUTCOME_PARK)
		d->total.tried++;
	settle(a, r, &ruling, clock_mono_ms());
}

void destination_judge(struct attempt *a, const struct attempt_result *result)
{
	struct destination *d = a->d;
	int64_t now = clock_mono_ms();
	struct verdict v =
	    outcome_judge(result, d->config->overrides, d->config->n_overrides);
	if (d->account != NULL)
		fetch_judge(a, result, &v);
	else if (d->lane != NULL)
		bulk_judge(a, result, &v);
	bool was_parked = d->park.on;
	if (result->certificate_ends_ms != 0)
		d->certificate_ends_ms = result->certificate_ends_ms;
	learn_dns(d, result, &v, now);
	tokens_settle(&a->tokens, result, now);
	learn_breaker(d, a, &v, now);
	int64_t limited_until = d->limited_until;
	if (v.outcome == OUTCOME_LIMITED)
		learn_limited(d, a, &v, now);
	if (d->limited_until != limited_until)
		d->limited_by = limited_by(result, &v);
	learn_park(d, a, result, &v, now);
	adapt_slots(d, a, result, v.outcome, now);
	if (d->account == NULL || !fetch_conclude(a, result, &v))
		destination_conclude(a, result, &v);
	if (result->transport == TRANSPORT_ANSWERED ||
	    v.outcome == OUTCOME_PARK)
		d->virgin = false;
	if (d->park.on && !was_parked)
		log_location(d, result);
}

/* ---- after the commit ---------------------------------------------------- */

static void waits_again(struct destination *d, struct entry *e,
			struct settlement *s)
{
	struct due_lead *lead = s->lead;
	int64_t in = s->due_at_ms - clock_wall_ms();
	lead->attempts += s->counts ? 1 : 0;
	lead->due_at_ms = s->due_at_ms;
	lead->first_failed_at_ms = s->first_failed_at_ms;
	if (in > SOON_MS || scheduler_full(d->leads) || d->courier->stopping) {
		destination_later_on_disk(d, s->due_at_ms);
		if (in <= 0)
			d->more = true;
		scheduler_forget(d->leads, e);
		return;
	}
	e->lead = lead;
	s->lead = NULL;
	scheduler_back(d->leads, e, clock_mono_ms() + (in > 0 ? in : 0));
}

/* A dead one of a row stays at hand: should the row become five, it waits
 * again. */
static void is_dead(struct destination *d, struct entry *e,
		    struct settlement *s)
{
	struct dead_row *row = &d->dead_row;
	bool contract = d->park.on && d->park.class == OUTCOME_DEAD;
	for (int i = 0; i < row->n; i++) {
		if (row->ids[i] != e->id)
			continue;
		struct due_lead *lead = s->lead;
		s->lead = NULL;
		lead->attempts += s->counts ? 1 : 0;
		if (contract)
			undo_dead(d, lead);
		else
			row->leads[i] = lead;
		return;
	}
	scheduler_forget(d->leads, e);
}

void destination_settled(struct destination *d, struct settlement *s)
{
	struct entry *e = scheduler_find(d->leads, s->lead->id);
	if (s->result == LB_ENOSPC || s->result == LB_EBUSY) {
		s->next = d->refused; /* again in a second */
		d->refused = s;
		return;
	}
	if (e == NULL) { /* of a destination that was away in between */
		settlement_free(s);
		return;
	}
	if (s->result != LB_OK) { /* erased meanwhile, or the store failed */
		scheduler_forget(d->leads, e);
		d->more |= d->lane != NULL;
	} else if (s->state == destination_waits(d))
		waits_again(d, e, s);
	else if (s->state == UNIT_DEAD)
		is_dead(d, e, s);
	else
		scheduler_forget(d->leads, e);
	settlement_free(s);
}
