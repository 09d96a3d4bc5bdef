/* SPDX-License-Identifier: MIT */
/*
 * The Prometheus page: text format 0.0.4, names after the OpenMetrics rules.
 * Label values are configured names and static words only, so nothing needs
 * escaping and nobody outside can add a series.
 */
#include <string.h>

#include "operate/alarms.h"
#include "operate/metrics_internal.h"

static void head(struct buf *b, const char *name, const char *type,
		 const char *help)
{
	buf_addf(b, "# HELP leadbridge_%s %s\n# TYPE leadbridge_%s %s\n", name,
		 help, name, type);
}

static void histogram(struct buf *b, const char *name, const struct bounded *h,
		      const double *bounds)
{
	uint64_t n = 0;
	for (size_t i = 0; i < BOUNDS; i++) {
		n += h->count[i];
		buf_addf(b, "leadbridge_%s_bucket{le=\"%g\"} %llu\n", name,
			 bounds[i], (unsigned long long)n);
	}
	n += h->count[BOUNDS];
	buf_addf(b, "leadbridge_%s_bucket{le=\"+Inf\"} %llu\n", name,
		 (unsigned long long)n);
	buf_addf(b, "leadbridge_%s_sum %.6f\nleadbridge_%s_count %llu\n", name,
		 h->sum, name, (unsigned long long)n);
}

/* One label, the name of whose it is, beside what the time counts from. */
static void speed(struct buf *b, const char *of, const char *name,
		  const struct speed *s)
{
	static const char *const since[] = {"receipt", "event"};
	for (int i = 0; s != NULL && i < 2; i++) {
		const struct bounded *h = i == 0 ? &s->age : &s->event;
		uint64_t n = 0;
		for (size_t k = 0; k <= BOUNDS; k++) {
			char le[32] = "+Inf";
			if (k < BOUNDS)
				(void)!snprintf(le, sizeof(le), "%g",
						AGE_BOUNDS[k]);
			n += h->count[k];
			buf_addf(b,
				 "leadbridge_%s_lead_age_seconds_bucket{%s="
				 "\"%s\",since=\"%s\",le=\"%s\"} %llu\n",
				 of, of, name, since[i], le,
				 (unsigned long long)n);
		}
		buf_addf(b,
			 "leadbridge_%s_lead_age_seconds_sum{%s=\"%s\","
			 "since=\"%s\"} %.6f\n",
			 of, of, name, since[i], h->sum);
		buf_addf(b,
			 "leadbridge_%s_lead_age_seconds_count{%s=\"%s\","
			 "since=\"%s\"} %llu\n",
			 of, of, name, since[i], (unsigned long long)n);
	}
}

static const struct source_series *source_of(struct metrics *m,
					     const char *name)
{
	static const struct source_series none;
	const struct source_series *s = table_get(m->sources, str_from(name));
	return s != NULL ? s : &none;
}

static void add_sources(struct metrics *m, const struct config *c,
			struct buf *b)
{
	head(b, "leads_accepted_total", "counter",
	     "Units stored, per source, since start.");
	for (size_t i = 0; i < c->n_sources; i++)
		buf_addf(
		    b, "leadbridge_leads_accepted_total{source=\"%s\"} %llu\n",
		    c->sources[i]->name,
		    (unsigned long long)source_of(m, c->sources[i]->name)
			->c.accepted);
	head(b, "leads_duplicate_total", "counter",
	     "Elements refused as already stored.");
	for (size_t i = 0; i < c->n_sources; i++)
		buf_addf(
		    b, "leadbridge_leads_duplicate_total{source=\"%s\"} %llu\n",
		    c->sources[i]->name,
		    (unsigned long long)source_of(m, c->sources[i]->name)
			->c.duplicates);
}

static void add_rejects(struct buf *b, const char *source,
			const struct rejects *r)
{
	for (size_t i = 0; i < REASONS && r->v[i].reason != NULL; i++)
		buf_addf(b,
			 "leadbridge_requests_rejected_total{source=\"%s\","
			 "reason=\"%s\"} %llu\n",
			 source, r->v[i].reason, (unsigned long long)r->v[i].n);
}

static uint64_t without_source(struct metrics *m, const struct config *c,
			       const char *reason, uint64_t total)
{
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct rejects *r =
		    &source_of(m, c->sources[i]->name)->rejected;
		for (size_t k = 0; k < REASONS && r->v[k].reason != NULL; k++)
			if (strcmp(r->v[k].reason, reason) == 0)
				total -= r->v[k].n;
	}
	return total;
}

static void add_all_rejects(struct metrics *m, const struct config *c,
			    struct buf *b)
{
	head(b, "requests_rejected_total", "counter",
	     "Requests refused, by reason; source is empty where unknown.");
	for (size_t i = 0; i < c->n_sources; i++)
		add_rejects(b, c->sources[i]->name,
			    &source_of(m, c->sources[i]->name)->rejected);
	struct rejects rest = m->rejected;
	for (size_t i = 0; i < REASONS && rest.v[i].reason != NULL; i++)
		rest.v[i].n =
		    without_source(m, c, rest.v[i].reason, rest.v[i].n);
	add_rejects(b, "", &rest);
}

static void on_route(void *ctx, struct str key, void *value)
{
	struct buf *b = ctx;
	const struct route_series *r = value;
	struct str destination, source = str_cut(key, '\n', &destination);
	buf_addf(b,
		 "leadbridge_leads_delivered_total{source=\"%.*s\","
		 "destination=\"%.*s\"} %llu\n",
		 STR_FMT(source), STR_FMT(destination),
		 (unsigned long long)r->delivered);
}

static void add_attempts(struct metrics *m, const struct config *c,
			 struct buf *b)
{
	head(b, "delivery_attempts_total", "counter",
	     "Attempts that were settled, by outcome.");
	for (size_t i = 0; i < c->n_destinations; i++) {
		const char *name = c->destinations[i]->name;
		const struct destination_series *d =
		    table_get(m->destinations, str_from(name));
		for (int o = OUTCOME_SENT; d != NULL && o < OUTCOMES; o++)
			buf_addf(b,
				 "leadbridge_delivery_attempts_total{"
				 "destination=\"%s\",outcome=\"%s\"} %llu\n",
				 name, outcome_name((enum outcome)o),
				 (unsigned long long)d->c.attempts[o]);
	}
}

static void add_speeds(struct metrics *m, const struct config *c, struct buf *b)
{
	head(b, "source_lead_age_seconds", "histogram",
	     "To CRM 2xx, per source, since receipt or the sender's event.");
	for (size_t i = 0; i < c->n_sources; i++)
		speed(b, "source", c->sources[i]->name,
		      source_of(m, c->sources[i]->name)->speed);
	head(b, "destination_lead_age_seconds", "histogram",
	     "The same, per destination.");
	for (size_t i = 0; i < c->n_destinations; i++) {
		const char *name = c->destinations[i]->name;
		const struct destination_series *d =
		    table_get(m->destinations, str_from(name));
		speed(b, "destination", name, d != NULL ? d->speed : NULL);
	}
}

static void add_slos(struct metrics *m, const struct config *c, struct buf *b)
{
	head(b, "slo_leads_total", "counter",
	     "Leads by whether the CRM had them within the slo.");
	for (size_t i = 0; i < c->n_destinations; i++) {
		const char *name = c->destinations[i]->name;
		const struct destination_series *d =
		    table_get(m->destinations, str_from(name));
		if (d == NULL || d->slo_ms <= 0)
			continue;
		buf_addf(b,
			 "leadbridge_slo_leads_total{destination=\"%s\","
			 "within=\"true\"} %llu\n"
			 "leadbridge_slo_leads_total{destination=\"%s\","
			 "within=\"false\"} %llu\n",
			 name, (unsigned long long)d->slo.good, name,
			 (unsigned long long)d->slo.late);
	}
}

static void add_states(const struct metrics_inputs *in, struct buf *b)
{
	head(b, "leads", "gauge",
	     "Leads by state; waiting and parked per destination.");
	for (int s = 0; s < UNIT_STATES; s++)
		if (s != UNIT_WAITING)
			buf_addf(b,
				 "leadbridge_leads{state=\"%s\","
				 "destination=\"\"} %lld\n",
				 unit_state_name((enum unit_state)s),
				 (long long)in->gauges.states[s]);
	for (size_t i = 0; i < in->n_backlog; i++)
		if (in->backlog[i].name[0] != '@') /* those are fetching */
			buf_addf(b,
				 "leadbridge_leads{state=\"%s\","
				 "destination=\"%s\"} %lld\n",
				 metrics_is_parked(in, in->backlog[i].name)
				     ? "parked"
				     : "waiting",
				 in->backlog[i].name,
				 (long long)in->backlog[i].waiting);
	head(b, "oldest_waiting_seconds", "gauge",
	     "Age of the oldest undelivered lead.");
	for (size_t i = 0; i < in->n_backlog; i++) {
		int64_t at = in->backlog[i].oldest_received_ms;
		buf_addf(b,
			 "leadbridge_oldest_waiting_seconds{"
			 "destination=\"%s\"} %.3f\n",
			 in->backlog[i].name,
			 at > 0 ? (double)(in->now_ms - at) / 1e3 : 0.0);
	}
}

static void add_confirmed(const struct metrics_inputs *in, struct buf *b)
{
	head(b, "leads_confirmed_total", "counter",
	     "Delivered leads the CRM confirmed.");
	for (size_t i = 0; i < in->n_backlog; i++)
		if (in->backlog[i].confirmed > 0)
			buf_addf(b,
				 "leadbridge_leads_confirmed_total{"
				 "destination=\"%s\"} %lld\n",
				 in->backlog[i].name,
				 (long long)in->backlog[i].confirmed);
	head(b, "confirmations_unmatched", "gauge",
	     "Confirmations of the CRM that fit no delivered lead.");
	buf_addf(b, "leadbridge_confirmations_unmatched %lld\n",
		 (long long)in->gauges.unmatched);
}

static void add_conditions(const struct metrics_inputs *in, struct buf *b)
{
	head(b, "destination_condition", "gauge",
	     "1 for the condition a destination is in.");
	for (size_t i = 0; i < in->n_status; i++)
		for (int c = CONDITION_OK; c <= CONDITION_PAUSED; c++)
			buf_addf(b,
				 "leadbridge_destination_condition{"
				 "destination=\"%s\",condition=\"%s\"} %d\n",
				 in->status[i].name,
				 condition_name((enum condition)c),
				 in->status[i].condition == (enum condition)c);
}

void metrics_prometheus(struct metrics *m, const struct metrics_inputs *in,
			struct buf *b)
{
	lock_take(m->lock);
	add_sources(m, in->config, b);
	add_all_rejects(m, in->config, b);
	head(b, "leads_delivered_total", "counter", "Leads the CRM has.");
	table_each(m->routes, on_route, b);
	add_attempts(m, in->config, b);
	head(b, "accept_duration_seconds", "histogram",
	     "Request read to answer.");
	histogram(b, "accept_duration_seconds", &m->accept, ACCEPT_BOUNDS);
	head(b, "lead_age_seconds", "histogram", "Received to CRM 2xx.");
	histogram(b, "lead_age_seconds", &m->age, AGE_BOUNDS);
	add_speeds(m, in->config, b);
	add_slos(m, in->config, b);
	lock_drop(m->lock);
	add_states(in, b);
	add_confirmed(in, b);
	add_conditions(in, b);
	if (in->alarms != NULL) {
		head(b, "alarm", "gauge", "1 for each alarm that is raised.");
		alarms_show_prometheus(in->alarms, b);
	}
	head(b, "ledger_difference", "gauge",
	     "Of the last full scan; anything but 0 is an alarm.");
	buf_addf(b, "leadbridge_ledger_difference %lld\n",
		 (long long)in->gauges.difference);
	head(b, "resident_bytes", "gauge", "Resident memory.");
	buf_addf(b, "leadbridge_resident_bytes %lld\n",
		 (long long)in->rss_bytes);
	head(b, "uptime_seconds", "gauge", "Since start.");
	buf_addf(b, "leadbridge_uptime_seconds %lld\n",
		 (long long)in->uptime_s);
	head(b, "build_info", "gauge", "Always 1.");
	buf_addf(b, "leadbridge_build_info{version=\"%s\"} 1\n", LB_VERSION);
}
