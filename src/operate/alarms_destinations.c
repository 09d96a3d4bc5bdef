/* SPDX-License-Identifier: MIT */
/*
 * What is an alarm of a destination: parked, failing for long, a lead that
 * waits for long, a budget that burns. An account's fetches ("@SOURCE") wait
 * like leads do. Pure; on the loop thread, once a second.
 */
#include "operate/alarms_judge.h"

#include "base/mem.h"
#include "operate/metrics_internal.h"

enum {
	TROUBLE_MS = 10 * 60 * 1000,
	SERVER_MS = 24 * 60 * 60 * 1000,
	FOLLOWS_MS = 30 * 1000, /* a bulk route resumes after its destination */
};

/* "destination 'mega'", "the account of source 'ads'" */
enum { WHO_TEXT = QUEUE_NAME + 32 };

static const char *who_text(const char *name, char out[WHO_TEXT])
{
	if (name[0] == '@')
		(void)!snprintf(out, WHO_TEXT, "the account of source '%s'",
				name + 1);
	else if (is_bulk_queue(str_from(name)))
		(void)!snprintf(out, WHO_TEXT, "the bulk route of '%s'",
				name + 1);
	else
		(void)!snprintf(out, WHO_TEXT, "destination '%s'", name);
	return out;
}

/* Bulk requests stand still because their destination does: told once. */
static bool is_told(const struct alarm_facts *f,
		    const struct destination_status *s)
{
	if (s->condition == CONDITION_OK || !is_bulk_queue(str_from(s->name)))
		return false;
	const struct destination_status *base =
	    metrics_status(f->in, s->name + 1);
	return base != NULL && base->condition == s->condition;
}

static void judge_condition(struct judge *j, const struct alarm_facts *f,
			    const struct destination_status *s)
{
	char who[WHO_TEXT];
	bool follows = is_bulk_queue(str_from(s->name));
	if (is_told(f, s))
		return;
	switch (s->condition) {
	case CONDITION_PARKED:
		alarms_see(
		    j->alarms,
		    &(struct alarm_sight){.kind = ALARM_DESTINATION_PARKED,
					  .subject = s->name,
					  .raise_ms = follows ? FOLLOWS_MS : 0},
		    "%s is parked (%s): its leads wait until its "
		    "settings or its credential are right",
		    who_text(s->name, who), s->reason);
		break;
	case CONDITION_BROKEN:
		alarms_see(j->alarms,
			   &(struct alarm_sight){
			       .kind = ALARM_BREAKER_OPEN,
			       .subject = s->name,
			       .raise_ms = f->in->config->alarms.breaker_ms},
			   "%s fails and rests between single tries (%s)",
			   who_text(s->name, who), s->reason);
		break;
	case CONDITION_OK:
	case CONDITION_LIMITED:
	case CONDITION_PAUSED:
		break;
	}
}

/* What delivery says in passing; it is over when it was not said again. */
static void judge_trouble(struct judge *j, const struct alarm_facts *f,
			  const struct destination_status *s)
{
	static const struct {
		const char *reason, *text;
	} rows[] = {
	    {"dns_nxdomain", "the name of its host does not exist"},
	    {"poison", "it cannot take one lead while it takes others"},
	    {"max_age", "it has refused a lead until it grew too old"},
	    {"not_found", "a record was not found: its lead went without it"},
	    {"oauth_unreachable", "no access token can be had"},
	};
	char who[WHO_TEXT];
	const char *text = s->trouble;
	if (s->trouble[0] == '\0' || s->condition == CONDITION_PARKED ||
	    f->wall_ms - s->trouble_ms >= TROUBLE_MS)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].reason, s->trouble) == 0)
			text = rows[i].text;
	alarms_see(j->alarms,
		   &(struct alarm_sight){.kind = ALARM_DESTINATION_TROUBLE,
					 .subject = s->name},
		   "%s: %s", who_text(s->name, who), text);
}

/* Servers of others renew at the last moment, and by themselves. */
static void judge_server(struct judge *j, const struct alarm_facts *f,
			 const struct destination_status *s)
{
	char who[WHO_TEXT], span[SPAN_TEXT];
	int64_t left = s->certificate_ends_ms - f->wall_ms;
	if (s->certificate_ends_ms == 0 || left > SERVER_MS || left <= 0)
		return;
	alarms_see(j->alarms,
		   &(struct alarm_sight){.kind = ALARM_CERTIFICATE,
					 .subject = s->name},
		   "the certificate of the server of %s ends in %s: tell those "
		   "who run it",
		   who_text(s->name, who), span_text(left, span));
}

static int64_t waits_ms(const struct alarm_facts *f,
			const struct queue_backlog *b)
{
	if (b->waiting <= 0 || b->oldest_received_ms <= 0)
		return 0;
	return f->wall_ms - b->oldest_received_ms;
}

static void judge_waiting(struct judge *j, const struct alarm_facts *f,
			  const struct queue_backlog *b)
{
	char who[WHO_TEXT], span[SPAN_TEXT];
	int64_t ms = waits_ms(f, b);
	/* A long file takes as long as its limit makes it. */
	if (ms <= f->in->config->alarms.oldest_waiting_ms ||
	    is_bulk_queue(str_from(b->name)))
		return;
	alarms_see(j->alarms,
		   &(struct alarm_sight){.kind = ALARM_OLDEST_WAITING,
					 .subject = b->name},
		   "the oldest of %lld leads for %s has waited %s",
		   (long long)b->waiting, who_text(b->name, who),
		   span_text(ms, span));
}

/* ---- slo ---------------------------------------------------------------- */

static struct slo *slo_of(struct target *t)
{
	if (t->slo == NULL)
		t->slo = xcalloc(1, sizeof(*t->slo));
	return t->slo;
}

static void follow_slo(const struct alarm_facts *f,
		       const struct destination_config *d, struct target *t)
{
	struct metrics_slo now;
	metrics_slo(f->metrics, str_from(d->name), &now);
	if (now.good != t->good || now.late != t->late)
		slo_count(slo_of(t), f->mono_ms, now.good - t->good,
			  now.late - t->late);
	else if (t->slo != NULL)
		slo_count(t->slo, f->mono_ms, 0, 0);
	t->good = now.good;
	t->late = now.late;
}

static void judge_slo(struct judge *j, const struct destination_config *d,
		      const struct target *t)
{
	static const enum alarm_kind kinds[] = {
	    [SLO_FAST] = ALARM_SLO_BURN_FAST, [SLO_SLOW] = ALARM_SLO_BURN_SLOW};
	static const int minutes[] = {[SLO_FAST] = 60, [SLO_SLOW] = 6 * 60};
	char span[SPAN_TEXT], window[SPAN_TEXT];
	for (int p = SLO_FAST; p <= SLO_SLOW; p++) {
		if (t->slo == NULL || !slo_burns(t->slo, (enum slo_pace)p))
			continue;
		alarms_see(
		    j->alarms,
		    &(struct alarm_sight){.kind = kinds[p], .subject = d->name},
		    "destination '%s': too many leads take longer than %s; "
		    "its budget burns %.1f times too fast over %s",
		    d->name, span_text(d->slo_ms, span),
		    slo_burn(t->slo, minutes[p]),
		    span_text((int64_t)minutes[p] * 60000, window));
	}
}

static void judge_late(struct judge *j, const struct alarm_facts *f,
		       const struct queue_backlog *b)
{
	struct target *t = table_get(j->targets, str_from(b->name));
	if (t != NULL && t->slo_ms > 0 && waits_ms(f, b) > t->slo_ms)
		slo_waits_late(slo_of(t), f->mono_ms);
}

void judge_destinations(struct judge *j, const struct alarm_facts *f)
{
	const struct metrics_inputs *in = f->in;
	for (size_t i = 0; i < in->n_status; i++) {
		judge_condition(j, f, &in->status[i]);
		judge_trouble(j, f, &in->status[i]);
		judge_server(j, f, &in->status[i]);
	}
	for (size_t i = 0; i < in->n_backlog; i++) {
		judge_waiting(j, f, &in->backlog[i]);
		judge_late(j, f, &in->backlog[i]);
	}
	for (size_t i = 0; i < in->config->n_destinations; i++) {
		const struct destination_config *d =
		    in->config->destinations[i];
		struct target *t = table_get(j->targets, str_from(d->name));
		if (t == NULL)
			continue;
		follow_slo(f, d, t);
		judge_slo(j, d, t);
	}
}
