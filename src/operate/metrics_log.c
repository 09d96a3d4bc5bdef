/* SPDX-License-Identifier: MIT */
/*
 * One line of the metrics log: JSON, version 1, stable names, no personal
 * data. The quantiles are of the interval that ends with the line.
 */
#include <string.h>

#include "base/clock.h"
#include "operate/alarms.h"
#include "operate/metrics_internal.h"

static void member(struct buf *b, const char *name, int64_t v)
{
	buf_addf(b, "\"%s\":%lld,", name, (long long)v);
}

/* Replaces the comma behind the last member. */
static void end_object(struct buf *b)
{
	if (b->n > 0 && b->p[b->n - 1] == ',')
		b->p[b->n - 1] = '}';
	else
		buf_add_char(b, '}');
}

void metrics_ledger(const struct metrics_inputs *in, struct buf *out)
{
	const int64_t *states = in->gauges.states;
	int64_t parked = metrics_parked(in);
	buf_add_char(out, '{');
	member(out, "accepted", in->gauges.accepted);
	member(out, "delivered", states[UNIT_DELIVERED]);
	member(out, "waiting", states[UNIT_WAITING] - parked);
	member(out, "parked", parked);
	member(out, "fetching", states[UNIT_FETCHING]);
	member(out, "dead", states[UNIT_DEAD]);
	member(out, "quarantined", states[UNIT_QUARANTINED]);
	member(out, "ignored", states[UNIT_IGNORED]);
	member(out, "erased", states[UNIT_ERASED]);
	member(out, "duplicates", in->gauges.duplicates);
	member(out, "difference", in->gauges.difference);
	end_object(out);
}

static void add_rejects(struct buf *b, const struct rejects *r)
{
	buf_addf(b, "\"rejected\":{");
	for (size_t i = 0; i < REASONS && r->v[i].reason != NULL; i++)
		member(b, r->v[i].reason, (int64_t)r->v[i].n);
	if (r->others > 0)
		member(b, "other", (int64_t)r->others);
	end_object(b);
	buf_add_char(b, ',');
}

static void add_counters(struct buf *b, const struct counters *c,
			 const struct rejects *r)
{
	member(b, "accepted", (int64_t)c->accepted);
	member(b, "duplicates", (int64_t)c->duplicates);
	if (r != NULL)
		add_rejects(b, r);
	member(b, "delivered", (int64_t)c->delivered);
	member(b, "retried", (int64_t)c->retried);
	member(b, "limited", (int64_t)c->limited);
	member(b, "dead", (int64_t)c->dead);
	member(b, "quarantined", (int64_t)c->quarantined);
	member(b, "ignored", (int64_t)c->ignored);
}

static void add_quantiles(struct buf *b, const char *name, struct histogram *h,
			  double unit, bool max)
{
	buf_addf(b, "\"%s\":{\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f", name,
		 (double)histogram_quantile(h, 0.50) / unit,
		 (double)histogram_quantile(h, 0.95) / unit,
		 (double)histogram_quantile(h, 0.99) / unit);
	if (max)
		buf_addf(b, ",\"max\":%.3f", (double)h->max / unit);
	buf_add(b, "},", 2);
	histogram_clear(h);
}

static void add_speed(struct buf *b, struct speed *s)
{
	if (s == NULL)
		return;
	add_quantiles(b, "lead_age_s", &s->age_ms, 1e3, false);
	if (s->event.count[0] > 0 || s->event.sum > 0)
		add_quantiles(b, "event_age_s", &s->event_ms, 1e3, false);
}

static void add_sources(struct metrics *m, const struct metrics_inputs *in,
			struct buf *b)
{
	static const struct source_series none;
	buf_addf(b, "\"sources\":{");
	for (size_t i = 0; i < in->config->n_sources; i++) {
		const char *name = in->config->sources[i]->name;
		const struct source_series *s =
		    table_get(m->sources, str_from(name));
		if (s == NULL)
			s = &none;
		buf_addf(b, "\"%s\":{", name);
		add_counters(b, &s->c, &s->rejected);
		add_speed(b, s->speed);
		if (s->last_event_ms > 0)
			member(b, "last_event_s",
			       (in->now_ms - s->last_event_ms) / 1000);
		end_object(b);
		buf_add_char(b, ',');
	}
	end_object(b);
	buf_add_char(b, ',');
}

static void add_condition(struct buf *b, const struct destination_status *s)
{
	if (s == NULL)
		return;
	member(b, "sending", s->sending);
	member(b, "concurrency", s->concurrency);
	if (s->tokens_left >= 0)
		member(b, "tokens_left", s->tokens_left);
	buf_addf(b, "\"condition\":\"%s\",\"reason\":",
		 condition_name(s->condition));
	buf_add_json(b, str_from(s->reason));
	buf_add_char(b, ',');
}

static void add_slo(struct buf *b, const struct metrics_inputs *in,
		    const char *name, const struct destination_series *d)
{
	if (d->slo_ms <= 0)
		return;
	buf_addf(b, "\"slo_s\":%.3f,", (double)d->slo_ms / 1e3);
	member(b, "within_slo", (int64_t)d->slo.good);
	member(b, "beyond_slo", (int64_t)d->slo.late);
	if (in->alarms != NULL)
		alarms_show_burn(in->alarms, name, b);
}

static void add_destination(struct metrics *m, const struct metrics_inputs *in,
			    const char *name, struct buf *b)
{
	struct destination_series *d =
	    table_get(m->destinations, str_from(name));
	const struct queue_backlog *waiting = metrics_backlog(in, name);
	buf_addf(b, "\"%s\":{", name);
	if (d != NULL) {
		add_speed(b, d->speed);
		add_slo(b, in, name, d);
		member(b, "delivered", (int64_t)d->c.delivered);
		member(b, "retried", (int64_t)d->c.retried);
		member(b, "limited", (int64_t)d->c.limited);
		member(b, "dead", (int64_t)d->c.dead);
	}
	bool parked = metrics_is_parked(in, name);
	int64_t n = waiting != NULL ? waiting->waiting : 0;
	member(b, "confirmed", waiting != NULL ? waiting->confirmed : 0);
	member(b, "waiting", parked ? 0 : n);
	member(b, "parked", parked ? n : 0);
	if (waiting != NULL && waiting->oldest_received_ms > 0)
		member(b, "oldest_waiting_s",
		       (in->now_ms - waiting->oldest_received_ms) / 1000);
	add_condition(b, metrics_status(in, name));
	end_object(b);
	buf_add_char(b, ',');
}

int64_t metrics_oldest_s(const struct metrics_inputs *in)
{
	int64_t oldest = 0;
	for (size_t i = 0; i < in->n_backlog; i++) {
		int64_t at = in->backlog[i].oldest_received_ms;
		if (at > 0 && (oldest == 0 || at < oldest))
			oldest = at;
	}
	return oldest > 0 && in->now_ms > oldest ? (in->now_ms - oldest) / 1000
						 : 0;
}

static void add_gauges(const struct metrics_inputs *in, struct buf *b)
{
	int64_t parked = metrics_parked(in), sending = 0;
	for (size_t i = 0; i < in->n_status; i++)
		sending += in->status[i].sending;
	member(b, "waiting", in->gauges.states[UNIT_WAITING] - parked);
	member(b, "parked", parked);
	member(b, "fetching", in->gauges.states[UNIT_FETCHING]);
	member(b, "sending", sending);
	member(b, "oldest_waiting_s", metrics_oldest_s(in));
	member(b, "ledger_difference", in->gauges.difference);
	member(b, "unmatched", in->gauges.unmatched);
}

void metrics_line(struct metrics *m, const struct metrics_inputs *in,
		  struct buf *out)
{
	char at[CLOCK_TEXT];
	clock_format(in->now_ms, at);
	buf_addf(out,
		 "{\"v\":1,\"ts\":\"%s\",\"uptime_s\":%lld,\"ledger\":", at,
		 (long long)in->uptime_s);
	metrics_ledger(in, out);
	lock_take(m->lock);
	buf_addf(out, ",\"since_start\":{");
	add_counters(out, &m->total, &m->rejected);
	end_object(out);
	buf_add_char(out, ',');
	add_gauges(in, out);
	add_quantiles(out, "accept_ms", &m->accept_us, 1e3, true);
	add_quantiles(out, "lead_age_s", &m->age_ms, 1e3, false);
	member(out, "rss_bytes", in->rss_bytes);
	add_sources(m, in, out);
	buf_addf(out, "\"destinations\":{");
	for (size_t i = 0; i < in->config->n_destinations; i++)
		add_destination(m, in, in->config->destinations[i]->name, out);
	lock_drop(m->lock);
	end_object(out);
	if (in->alarms != NULL)
		alarms_show_line(in->alarms, out);
	buf_add_char(out, '}');
}
