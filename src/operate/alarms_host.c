/* SPDX-License-Identifier: MIT */
/*
 * What is an alarm of the daemon itself: its store, its disk, its clock, its
 * certificates and the tokens it was given. Pure; on the loop thread, once a
 * second.
 */
#include "operate/alarms_judge.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"
#include "payload/payload.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, SOON_MS = 2 * DAY_MS };

/* ---- tokens ------------------------------------------------------------- */

enum { TOKEN_MAX = 8 * 1024 };

/* The claims of a JWT stand between its two dots; whether it is genuine is the
 * other side's business. */
int64_t token_ends_ms(struct str token)
{
	struct payload_limits limits = {.depth = 8, .values = 200};
	struct str rest, tail;
	struct value *claims = NULL;
	struct arena scratch;
	int64_t ends = 0;
	size_t n = 0;
	(void)str_cut(token, '.', &rest);
	struct str part = str_cut(rest, '.', &tail);
	if (token.n > TOKEN_MAX || part.n == 0 || tail.p == NULL)
		return 0;
	unsigned char *text = xmalloc(part.n);
	arena_init(&scratch);
	if (base64_decode(part, BASE64_URL, text, part.n, &n) == 0 &&
	    payload_json(&scratch, (struct str){(char *)text, n}, &limits,
			 false, &claims, NULL) == 0 &&
	    str_to_int(value_member(claims, "exp"), 1, INT64_C(1) << 40,
		       &ends) != 0)
		ends = 0;
	arena_release(&scratch);
	mem_wipe(text, part.n);
	free(text);
	return ends * 1000;
}

static void judge_token(struct judge *j, const struct alarm_facts *f,
			const char *subject, int64_t ends_ms)
{
	int64_t left = ends_ms - f->wall_ms;
	char span[SPAN_TEXT];
	if (ends_ms == 0 || left > f->in->config->alarms.token_ms)
		return;
	struct alarm_sight s = {.kind = ALARM_TOKEN, .subject = subject};
	if (left <= SOON_MS)
		s.severity = SEVERITY_CRITICAL;
	if (left <= 0)
		alarms_see(j->alarms, &s,
			   "the token of '%s' ended %s ago: put a new one in "
			   "its file and reload",
			   subject, span_text(-left, span));
	else
		alarms_see(j->alarms, &s,
			   "the token of '%s' ends in %s: put a new one in its "
			   "file and reload",
			   subject, span_text(left, span));
}

static void judge_tokens(struct judge *j, const struct alarm_facts *f)
{
	const struct config *c = f->in->config;
	char queue[QUEUE_NAME];
	for (size_t i = 0; i < c->n_destinations; i++) {
		const char *name = c->destinations[i]->name;
		const struct target *t = table_get(j->targets, str_from(name));
		if (t != NULL)
			judge_token(j, f, name, t->token_ends_ms);
	}
	for (size_t i = 0; i < c->n_sources; i++) {
		struct str name = str_from(c->sources[i]->name);
		const struct watch *w = table_get(j->watches, name);
		if (w != NULL && w->token_ends_ms > 0)
			judge_token(j, f, fetch_queue(name, queue).p,
				    w->token_ends_ms);
	}
}

/* ---- certificates ------------------------------------------------------- */

static void judge_certificate(struct judge *j, const struct alarm_facts *f,
			      const struct alarm_certificate *c)
{
	int64_t left = c->ends_ms - f->wall_ms;
	char span[SPAN_TEXT];
	if (c->ends_ms == 0 || left > f->in->config->alarms.certificate_ms)
		return;
	struct alarm_sight s = {.kind = ALARM_CERTIFICATE,
				.subject = c->address};
	if (left <= SOON_MS)
		s.severity = SEVERITY_CRITICAL;
	if (left <= 0)
		alarms_see(j->alarms, &s,
			   "the certificate of %.64s ended %s ago: senders "
			   "refuse it; renew it and reload",
			   c->address, span_text(-left, span));
	else
		alarms_see(j->alarms, &s,
			   "the certificate of %.64s ends in %s: renew it and "
			   "reload",
			   c->address, span_text(left, span));
}

/* ---- store, disk, clock -------------------------------------------------- */

static void judge_disk(struct judge *j, const struct alarm_facts *f)
{
	if (f->disk_all <= 0) {
		alarms_unknown(j->alarms, ALARM_DISK_LOW);
		return;
	}
	int64_t least = f->in->config->alarms.disk;
	if (least > f->disk_all / 8)
		least = f->disk_all / 8;
	if (alarms_is_raised(j->alarms, ALARM_DISK_LOW, ""))
		least += least / 10;
	if (f->disk_free >= least)
		return;
	alarms_see(j->alarms,
		   &(struct alarm_sight){.kind = ALARM_DISK_LOW, .subject = ""},
		   "%lld MiB are free on the store's file system: nothing is "
		   "accepted once store.low_water is reached",
		   (long long)(f->disk_free >> 20));
}

static void judge_store(struct judge *j, const struct alarm_facts *f)
{
	struct alarm_sight s = {.subject = ""};
	int64_t difference = f->in->gauges.difference;
	if (f->store == QUEUE_FULL) {
		s.kind = ALARM_STORE_FULL;
		alarms_see(j->alarms, &s,
			   "there is no room on the disk: senders are told to "
			   "try later");
	}
	if (f->store == QUEUE_FAILED) {
		s.kind = ALARM_STORE_FAILED;
		alarms_see(j->alarms, &s,
			   "writing to the store failed: the daemon ends and "
			   "is started again");
	}
	if (!f->in->gauges.scanned)
		alarms_unknown(j->alarms, ALARM_LEDGER_DIFFERENCE);
	if (difference != 0) {
		s.kind = ALARM_LEDGER_DIFFERENCE;
		alarms_see(j->alarms, &s,
			   "the ledger is off by %lld leads: run leadbridgectl "
			   "ledger and keep its output",
			   (long long)difference);
	}
}

static void judge_clock(struct judge *j, const struct alarm_facts *f)
{
	char span[SPAN_TEXT];
	if (j->mono_ms == 0)
		return;
	int64_t jump = (f->wall_ms - j->wall_ms) - (f->mono_ms - j->mono_ms);
	if (llabs(jump) < WATCH_JUMP_MS)
		return;
	alarms_see(
	    j->alarms,
	    &(struct alarm_sight){.kind = ALARM_CLOCK_JUMP, .subject = ""},
	    "this host's clock jumped %s by %s: signatures and "
	    "schedules depend on it",
	    jump > 0 ? "forward" : "back", span_text(llabs(jump), span));
}

void judge_host(struct judge *j, const struct alarm_facts *f)
{
	judge_store(j, f);
	judge_disk(j, f);
	judge_clock(j, f);
	judge_tokens(j, f);
	for (size_t i = 0; i < f->n_certificates; i++)
		judge_certificate(j, f, &f->certificates[i]);
}
