/* SPDX-License-Identifier: MIT */
/*
 * What is an alarm of a source: silence, wrong proofs, stale signatures,
 * secrets nobody uses any more, leads set aside. Also the life of the judge.
 * Pure; on the loop thread, once a second.
 */
#include "operate/alarms_judge.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/crypto.h"
#include "base/mem.h"

const char *span_text(int64_t ms, char out[SPAN_TEXT])
{
	long long s = ms / 1000;
	if (s < 60)
		(void)!snprintf(out, SPAN_TEXT, "%llds", s);
	else if (s < 3600)
		(void)!snprintf(out, SPAN_TEXT, "%lldm", s / 60);
	else if (s < 86400)
		(void)!snprintf(out, SPAN_TEXT, "%lldh %lldm", s / 3600,
				s / 60 % 60);
	else
		(void)!snprintf(out, SPAN_TEXT, "%lldd %lldh", s / 86400,
				s / 3600 % 24);
	return out;
}

/* ---- life --------------------------------------------------------------- */

struct judge *judge_new(void)
{
	struct judge *j = xcalloc(1, sizeof(*j));
	j->alarms = alarms_table_new();
	j->watches = table_new();
	j->targets = table_new();
	return j;
}

static void watch_free(void *p)
{
	struct watch *w = p;
	silence_release(&w->silence);
	free(w);
}

static void target_free(void *p)
{
	struct target *t = p;
	free(t->slo);
	free(t);
}

void judge_free(struct judge *j)
{
	if (j == NULL)
		return;
	alarms_table_free(j->alarms);
	table_free(j->watches, watch_free);
	table_free(j->targets, target_free);
	free(j);
}

static void id_of(const struct secret *secret, struct str key,
		  char id[SECRET_ID])
{
	unsigned char mac[DIGEST_MAX];
	struct str part = secret_str(secret);
	crypto_hmac(DIGEST_SHA256, key, &part, 1, mac);
	hex_encode(mac, (SECRET_ID - 1) / 2, id);
}

/* Keeps what is known of those that stay. */
static void watch_secrets(struct watch *w, const struct source *s,
			  struct str key, int64_t wall_ms)
{
	struct watched_secret old[METRICS_SECRETS];
	size_t n_old = w->n_secrets;
	memcpy(old, w->secrets, sizeof(old));
	w->n_secrets =
	    s->secret.n < METRICS_SECRETS ? s->secret.n : METRICS_SECRETS;
	for (size_t i = 0; i < w->n_secrets; i++) {
		struct watched_secret *now = &w->secrets[i];
		*now = (struct watched_secret){.first_ms = wall_ms};
		id_of(&s->secret.v[i], key, now->id);
		for (size_t k = 0; k < n_old; k++)
			if (strcmp(old[k].id, now->id) == 0)
				*now = old[k];
	}
}

static void configure_source(struct judge *j, const struct source *s,
			     struct str key, int64_t wall_ms)
{
	struct str name = str_from(s->name);
	struct watch *w = table_get(j->watches, name);
	const char *wrong;
	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		(void)!table_put(j->watches, name, w);
	}
	w->here = true;
	w->expects = s->expect != NULL &&
		     expect_parse(str_from(s->expect), &w->expect, &wrong) == 0;
	if (w->expects)
		silence_expect(&w->silence, &w->expect);
	else
		silence_release(&w->silence);
	w->token_ends_ms = token_ends_ms(secret_str(&s->api.token));
	watch_secrets(w, s, key, wall_ms);
	w->configured_ms = wall_ms;
}

static void configure_target(struct judge *j,
			     const struct destination_config *d)
{
	struct str name = str_from(d->name);
	struct target *t = table_get(j->targets, name);
	if (t == NULL) {
		t = xcalloc(1, sizeof(*t));
		(void)!table_put(j->targets, name, t);
	}
	t->here = true;
	t->slo_ms = d->slo_ms;
	t->token_ends_ms = token_ends_ms(secret_str(&d->token));
}

static void leave_watch(void *ctx, struct str key, void *value)
{
	(void)ctx, (void)key;
	((struct watch *)value)->here = false;
}

static void leave_target(void *ctx, struct str key, void *value)
{
	(void)ctx, (void)key;
	((struct target *)value)->here = false;
}

static void sweep_watch(void *ctx, struct str key, void *value)
{
	struct judge *j = ctx;
	if (((struct watch *)value)->here)
		return;
	(void)!table_remove(j->watches, key);
	watch_free(value);
}

static void sweep_target(void *ctx, struct str key, void *value)
{
	struct judge *j = ctx;
	if (((struct target *)value)->here)
		return;
	(void)!table_remove(j->targets, key);
	target_free(value);
}

void judge_configure(struct judge *j, const struct config *config,
		     struct str key, int64_t wall_ms)
{
	table_each(j->watches, leave_watch, NULL);
	table_each(j->targets, leave_target, NULL);
	for (size_t i = 0; i < config->n_sources; i++)
		configure_source(j, config->sources[i], key, wall_ms);
	for (size_t i = 0; i < config->n_destinations; i++)
		configure_target(j, config->destinations[i]);
	table_each(j->watches, sweep_watch, j);
	table_each(j->targets, sweep_target, j);
}

/* ---- silence ------------------------------------------------------------ */

static void judge_silence(struct judge *j, const struct alarm_facts *f,
			  const struct source *s, struct watch *w,
			  const struct metrics_source *m)
{
	char span[SPAN_TEXT];
	if (!w->expects)
		return;
	if (j->mono_ms > 0 && f->mono_ms > j->mono_ms)
		silence_pass(&w->silence, &w->expect, f->wall_ms,
			     f->mono_ms - j->mono_ms);
	silence_heard(&w->silence, m->requests - w->requests);
	if (!silence_is_odd(&w->silence, &w->expect))
		return;
	alarms_see(j->alarms,
		   &(struct alarm_sight){.kind = ALARM_SOURCE_SILENT,
					 .subject = s->name},
		   "source '%s' has been silent for %s of the time that "
		   "counts; expected is %s",
		   s->name, span_text(silence_ms(&w->silence), span),
		   s->expect);
}

/* ---- proofs ------------------------------------------------------------- */

static void add(uint32_t *n, uint64_t more)
{
	*n = more > UINT32_MAX - *n ? UINT32_MAX : *n + (uint32_t)more;
}

static void count_proofs(struct watch *w, const struct metrics_source *m,
			 int64_t mono_ms)
{
	int64_t slot = mono_ms / WATCH_SLOT_MS + 1;
	if (slot - w->slot >= WATCH_SLOTS || slot < w->slot) {
		memset(w->slots, 0, sizeof(w->slots));
		w->slot = slot;
	}
	while (w->slot < slot) {
		w->slot++;
		memset(&w->slots[w->slot % WATCH_SLOTS], 0,
		       sizeof(w->slots[0]));
	}
	size_t at = (size_t)(w->slot % WATCH_SLOTS);
	add(&w->slots[at].good, m->requests - w->requests);
	add(&w->slots[at].bad, m->bad_proofs - w->bad);
	add(&w->slots[at].stale, m->stale - w->stale);
	w->requests = m->requests;
	w->bad = m->bad_proofs;
	w->stale = m->stale;
}

struct proofs {
	uint64_t good, bad, stale;
};

static struct proofs sum(const struct watch *w, int slots)
{
	struct proofs p = {0};
	for (int i = 0; i < slots && w->slot - i > 0; i++) {
		size_t at = (size_t)((w->slot - i) % WATCH_SLOTS);
		p.good += w->slots[at].good;
		p.bad += w->slots[at].bad;
		p.stale += w->slots[at].stale;
	}
	return p;
}

/* Raised at the configured share, cleared at half of it. */
static void judge_proofs(struct judge *j, const struct alarm_facts *f,
			 const struct source *s, const struct watch *w)
{
	struct proofs p = sum(w, WATCH_SLOTS);
	uint64_t percent = (uint64_t)f->in->config->alarms.bad_signatures;
	if (alarms_is_raised(j->alarms, ALARM_BAD_SIGNATURES, s->name))
		percent = percent / 2 + 1;
	unsigned long long all = p.good + p.bad;
	if (p.bad < WATCH_BAD_MIN || p.bad * 100 < percent * all)
		return;
	alarms_see(
	    j->alarms,
	    &(struct alarm_sight){.kind = ALARM_BAD_SIGNATURES,
				  .subject = s->name},
	    "source '%s': the proof of %llu of %llu requests of the last "
	    "hour was wrong or missing; compare the secret with the "
	    "sender's",
	    s->name, (unsigned long long)p.bad, all);
}

static void judge_skew(struct judge *j, const struct source *s,
		       const struct watch *w)
{
	struct proofs p = sum(w, WATCH_SKEW_SLOTS);
	if (p.stale < WATCH_STALE_MIN || p.stale < p.good)
		return;
	alarms_see(
	    j->alarms,
	    &(struct alarm_sight){.kind = ALARM_CLOCK_SKEW, .subject = s->name},
	    "source '%s': %llu right signatures of the last 15 minutes "
	    "were refused for their time; compare this host's clock",
	    s->name, (unsigned long long)p.stale);
}

/* ---- secrets ------------------------------------------------------------ */

static int64_t busy_ms(const struct watched_secret *s)
{
	return s->used_ms > s->first_ms ? s->used_ms : s->first_ms;
}

static void judge_secrets(struct judge *j, const struct alarm_facts *f,
			  const struct source *s, struct watch *w,
			  const struct metrics_source *m)
{
	int64_t wait = f->in->config->alarms.old_secret_ms, used = 0;
	for (size_t i = 0; i < w->n_secrets; i++) {
		/* Of before the reload: another may have had its place. */
		if (m->secret_used_ms[i] > w->secrets[i].used_ms &&
		    m->secret_used_ms[i] >= w->configured_ms)
			w->secrets[i].used_ms = m->secret_used_ms[i];
		if (w->secrets[i].used_ms > used)
			used = w->secrets[i].used_ms;
	}
	for (size_t i = 0; w->n_secrets > 1 && i < w->n_secrets; i++) {
		int64_t since = busy_ms(&w->secrets[i]);
		if (f->wall_ms - since < wait || used <= since)
			continue;
		char span[SPAN_TEXT];
		alarms_see(j->alarms,
			   &(struct alarm_sight){.kind = ALARM_OLD_SECRET,
						 .subject = s->name},
			   "source '%s': secret %zu of %zu has proved nothing "
			   "for %s while another did: it is safe to remove",
			   s->name, i + 1, w->n_secrets,
			   span_text(f->wall_ms - since, span));
		return;
	}
}

static void see_source(struct judge *j, const struct alarm_facts *f,
		       const struct source *s)
{
	struct watch *w = table_get(j->watches, str_from(s->name));
	struct metrics_source m;
	if (w == NULL)
		return;
	metrics_source(f->metrics, str_from(s->name), &m);
	if (m.last_event_ms > 0)
		w->last_event_ms = m.last_event_ms;
	judge_silence(j, f, s, w, &m);
	count_proofs(w, &m, f->mono_ms);
	judge_proofs(j, f, s, w);
	judge_skew(j, s, w);
	judge_secrets(j, f, s, w, &m);
}

/* ---- leads set aside ---------------------------------------------------- */

static void judge_aside(struct judge *j, const struct queue_aside *row)
{
	long long dead = row->dead, quarantined = row->quarantined;
	if (dead > 0)
		alarms_see(j->alarms,
			   &(struct alarm_sight){.kind = ALARM_DEAD_LETTERS,
						 .subject = row->source,
						 .value = dead},
			   "%lld lead%s of source '%s' %s refused for good: "
			   "retry, or leave %s",
			   dead, dead == 1 ? "" : "s", row->source,
			   dead == 1 ? "was" : "were",
			   dead == 1 ? "it" : "them");
	if (quarantined > 0)
		alarms_see(j->alarms,
			   &(struct alarm_sight){.kind = ALARM_QUARANTINE,
						 .subject = row->source,
						 .value = quarantined},
			   "%lld event%s of source '%s' could not be "
			   "understood: see the quarantine, correct the "
			   "source, replay",
			   quarantined, quarantined == 1 ? "" : "s",
			   row->source);
}

void judge_look(struct judge *j, const struct alarm_facts *f)
{
	const struct config *c = f->in->config;
	for (size_t i = 0; i < c->n_sources; i++)
		see_source(j, f, c->sources[i]);
	for (size_t i = 0; i < f->n_aside; i++)
		judge_aside(j, &f->aside[i]);
	judge_destinations(j, f);
	judge_host(j, f);
	j->wall_ms = f->wall_ms;
	j->mono_ms = f->mono_ms;
}
