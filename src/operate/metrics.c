/* SPDX-License-Identifier: MIT */
/*
 * The counters: who accepted, refused, delivered how much since the start, and
 * how long it took. Writers take the lock for a few additions; what is shown
 * is written by metrics_log.c and prometheus.c under the same lock.
 */
#include "operate/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "operate/metrics_internal.h"

struct metrics *metrics_new(void)
{
	struct metrics *m = xcalloc(1, sizeof(*m));
	m->lock = lock_new();
	m->sources = table_new();
	m->destinations = table_new();
	m->routes = table_new();
	return m;
}

static void source_free(void *p)
{
	struct source_series *s = p;
	free(s->speed);
	free(s);
}

static void destination_free(void *p)
{
	struct destination_series *d = p;
	free(d->speed);
	free(d);
}

void metrics_free(struct metrics *m)
{
	if (m == NULL)
		return;
	table_free(m->sources, source_free);
	table_free(m->destinations, destination_free);
	table_free(m->routes, free);
	lock_free(m->lock);
	free(m);
}

static void *series(struct table *t, struct str name, size_t size)
{
	void *p = table_get(t, name);
	if (p == NULL) {
		p = xcalloc(1, size);
		(void)!table_put(t, name, p);
	}
	return p;
}

static void bounds_add(struct bounded *b, const double *bounds, double seconds)
{
	size_t i = 0;
	while (i < BOUNDS && seconds > bounds[i])
		i++;
	b->count[i]++;
	b->sum += seconds;
}

const double ACCEPT_BOUNDS[BOUNDS] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
				      0.05,   0.1,   0.25,   0.5,   1,    4};
const double AGE_BOUNDS[BOUNDS] = {0.1, 0.5, 1,   2,    5,     10,
				   30,  60,  300, 3600, 21600, 86400};

static void count_units(struct counters *c, const struct submission *s)
{
	c->accepted += s->n_accepted;
	c->duplicates += s->n_duplicates;
	c->quarantined += s->accepted_by_state[UNIT_QUARANTINED];
	c->ignored += s->accepted_by_state[UNIT_IGNORED];
}

void metrics_accepted(struct metrics *m, const struct submission *s,
		      int64_t accept_us)
{
	lock_take(m->lock);
	struct source_series *source =
	    series(m->sources, s->source, sizeof(*source));
	count_units(&m->total, s);
	count_units(&source->c, s);
	source->last_event_ms = s->received_at_ms;
	source->last_secret = s->matched_secret;
	source->requests++;
	if (s->matched_secret >= 0 && s->matched_secret < METRICS_SECRETS)
		source->secret_used_ms[s->matched_secret] = s->received_at_ms;
	histogram_add(&m->accept_us, accept_us);
	bounds_add(&m->accept, ACCEPT_BOUNDS, (double)accept_us / 1e6);
	lock_drop(m->lock);
}

static void count_reason(struct rejects *r, const char *reason)
{
	for (size_t i = 0; i < REASONS; i++) {
		if (r->v[i].reason == NULL)
			r->v[i].reason = reason;
		if (strcmp(r->v[i].reason, reason) == 0) {
			r->v[i].n++;
			return;
		}
	}
	r->others++;
}

void metrics_rejected(struct metrics *m, const char *source, const char *reason)
{
	lock_take(m->lock);
	count_reason(&m->rejected, reason);
	if (source != NULL) {
		struct source_series *s =
		    series(m->sources, str_from(source), sizeof(*s));
		count_reason(&s->rejected, reason);
	}
	lock_drop(m->lock);
}

static uint64_t count_rejects(const struct rejects *r)
{
	uint64_t n = r->others;
	for (size_t i = 0; i < REASONS; i++)
		n += r->v[i].n;
	return n;
}

/* What a sender with the wrong secret, token or address is refused for. */
static bool is_bad_proof(const char *reason)
{
	static const char *const words[] = {"signature",
					    "signature_missing",
					    "signature_duplicate",
					    "token",
					    "header",
					    "basic",
					    "param",
					    "address",
					    "origin"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(reason, words[i]) == 0)
			return true;
	return false;
}

static void sort_rejects(const struct rejects *r, struct metrics_source *out)
{
	for (size_t i = 0; i < REASONS && r->v[i].reason != NULL; i++) {
		if (is_bad_proof(r->v[i].reason))
			out->bad_proofs += r->v[i].n;
		else if (strcmp(r->v[i].reason, "stale") == 0)
			out->stale += r->v[i].n;
	}
}

void metrics_source(struct metrics *m, struct str name,
		    struct metrics_source *out)
{
	*out = (struct metrics_source){.last_secret = -1};
	lock_take(m->lock);
	const struct source_series *s = table_get(m->sources, name);
	if (s != NULL) {
		out->accepted = s->c.accepted;
		out->duplicates = s->c.duplicates;
		out->rejected = count_rejects(&s->rejected);
		out->requests = s->requests;
		sort_rejects(&s->rejected, out);
		memcpy(out->secret_used_ms, s->secret_used_ms,
		       sizeof(out->secret_used_ms));
		out->last_event_ms = s->last_event_ms;
		if (s->last_event_ms > 0)
			out->last_secret = s->last_secret;
	}
	lock_drop(m->lock);
}

void metrics_remember(struct metrics *m, struct str source,
		      int64_t last_event_ms)
{
	lock_take(m->lock);
	struct source_series *s = series(m->sources, source, sizeof(*s));
	if (s->last_event_ms == 0) {
		s->last_event_ms = last_event_ms;
		s->last_secret = -1;
	}
	lock_drop(m->lock);
}

/* A bulk request is one attempt, and as many leads as it has rows. */
static void count_rows(struct counters *c, const struct settlement *s)
{
	uint64_t rows = s->lead->rows, dead = rows;
	for (size_t i = 0; i < s->n_rows; i++)
		dead -= s->rows[i].state == UNIT_DELIVERED;
	if (s->state == UNIT_DELIVERED)
		c->delivered += rows - dead - 1; /* one is counted */
	if (s->state == UNIT_DELIVERED)
		c->dead += dead;
	else if (s->state == UNIT_DEAD)
		c->dead += rows - 1;
}

static void count_outcome(struct counters *c, const struct settlement *s)
{
	c->attempts[s->outcome]++;
	if (s->state == UNIT_DELIVERED)
		c->delivered++;
	else if (s->state == UNIT_DEAD)
		c->dead++;
	else if (s->outcome == OUTCOME_RETRY)
		c->retried++;
	else if (s->outcome == OUTCOME_LIMITED)
		c->limited++;
	if (s->lead->bulk != 0)
		count_rows(c, s);
}

void metrics_configure(struct metrics *m, const struct config *config)
{
	lock_take(m->lock);
	for (size_t i = 0; i < config->n_destinations; i++) {
		const struct destination_config *c = config->destinations[i];
		struct destination_series *d =
		    series(m->destinations, str_from(c->name), sizeof(*d));
		d->slo_ms = c->slo_ms;
	}
	lock_drop(m->lock);
}

void metrics_slo(struct metrics *m, struct str name, struct metrics_slo *out)
{
	*out = (struct metrics_slo){0};
	lock_take(m->lock);
	const struct destination_series *d = table_get(m->destinations, name);
	if (d != NULL)
		*out = d->slo;
	lock_drop(m->lock);
}

static void count_slo(struct destination_series *d, int64_t age_ms,
		      bool delivered)
{
	if (d->slo_ms <= 0)
		return;
	if (delivered && age_ms <= d->slo_ms)
		d->slo.good++;
	else
		d->slo.late++;
}

/* event_ms < 0: the sender does not say when it happened. */
static void count_speed(struct speed **at, int64_t age_ms, int64_t event_ms)
{
	if (*at == NULL)
		*at = xcalloc(1, sizeof(**at));
	struct speed *s = *at;
	histogram_add(&s->age_ms, age_ms);
	bounds_add(&s->age, AGE_BOUNDS, (double)age_ms / 1e3);
	if (event_ms < 0)
		return;
	histogram_add(&s->event_ms, event_ms);
	bounds_add(&s->event, AGE_BOUNDS, (double)event_ms / 1e3);
}

/* A clock that is wrong, ours or theirs, makes no negative time. */
static int64_t since(int64_t at_ms, int64_t now_ms)
{
	return now_ms > at_ms ? now_ms - at_ms : 0;
}

static void count_delivered(struct metrics *m, const struct settlement *s,
			    struct source_series *source,
			    struct destination_series *d, int64_t now_ms)
{
	int64_t age_ms = since(s->lead->received_at_ms, now_ms);
	int64_t event_ms = s->lead->occurred_at_ms > 0
			       ? since(s->lead->occurred_at_ms, now_ms)
			       : -1;
	if (s->lead->bulk == 0) { /* an import is in no hurry */
		histogram_add(&m->age_ms, age_ms);
		bounds_add(&m->age, AGE_BOUNDS, (double)age_ms / 1e3);
	}
	count_speed(&source->speed, age_ms, event_ms);
	count_speed(&d->speed, age_ms, event_ms);
	count_slo(d, age_ms, true);
	char key[160];
	int n =
	    snprintf(key, sizeof(key), "%.*s\n%.*s", STR_FMT(s->lead->source),
		     STR_FMT(s->lead->destination));
	if (n > 0 && (size_t)n < sizeof(key)) {
		struct route_series *r =
		    series(m->routes, str_from(key), sizeof(*r));
		r->delivered++;
	}
}

void metrics_settled(struct metrics *m, const struct settlement *s,
		     int64_t now_ms)
{
	lock_take(m->lock);
	struct source_series *source =
	    series(m->sources, s->lead->source, sizeof(*source));
	struct destination_series *d =
	    series(m->destinations, s->lead->destination, sizeof(*d));
	count_outcome(&m->total, s);
	count_outcome(&source->c, s);
	count_outcome(&d->c, s);
	if (s->state == UNIT_DELIVERED)
		count_delivered(m, s, source, d, now_ms);
	else if (s->state == UNIT_DEAD)
		count_slo(d, 0, false);
	lock_drop(m->lock);
}

void metrics_totals(struct metrics *m, uint64_t *accepted, uint64_t *delivered,
		    uint64_t *dead)
{
	lock_take(m->lock);
	*accepted = m->total.accepted;
	*delivered = m->total.delivered;
	*dead = m->total.dead;
	lock_drop(m->lock);
}

int64_t metrics_parked(const struct metrics_inputs *in)
{
	int64_t parked = 0;
	for (size_t i = 0; i < in->n_backlog; i++)
		/* Fetches of a parked account are counted as fetching. */
		if (in->backlog[i].name[0] != '@' &&
		    metrics_is_parked(in, in->backlog[i].name))
			parked += in->backlog[i].waiting;
	/* Gauges and backlog may be a commit apart. */
	int64_t waiting = in->gauges.states[UNIT_WAITING];
	return parked < waiting ? parked : waiting;
}

const struct destination_status *metrics_status(const struct metrics_inputs *in,
						const char *name)
{
	for (size_t i = 0; i < in->n_status; i++)
		if (strcmp(in->status[i].name, name) == 0)
			return &in->status[i];
	return NULL;
}

const struct queue_backlog *metrics_backlog(const struct metrics_inputs *in,
					    const char *name)
{
	for (size_t i = 0; i < in->n_backlog; i++)
		if (strcmp(in->backlog[i].name, name) == 0)
			return &in->backlog[i];
	return NULL;
}

bool metrics_is_parked(const struct metrics_inputs *in, const char *name)
{
	const struct destination_status *s = metrics_status(in, name);
	return s != NULL && (s->condition == CONDITION_PARKED ||
			     s->condition == CONDITION_PAUSED);
}
