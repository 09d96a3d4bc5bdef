/* SPDX-License-Identifier: MIT */
/*
 * What alarms must remember across a restart: how long a source has been
 * silent, when each secret was used last, which alarms are raised and since
 * when. As JSON, so that a person can read it; nothing in it identifies
 * anybody. Pure.
 */
#include "operate/alarms_judge.h"

#include <stdlib.h>

#include "base/mem.h"
#include "payload/payload.h"

/* ---- saving ------------------------------------------------------------- */

static void comma(struct buf *b)
{
	if (b->n > 0 && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[')
		buf_add_char(b, ',');
}

static void save_silence(const struct silence *s, struct buf *b)
{
	if (s->n_events == 0)
		return;
	buf_addf(b, "\"counted_ms\":%lld,\"events\":[",
		 (long long)s->counted_ms);
	for (int64_t i = 0; i < s->n_events; i++) { /* the oldest first */
		comma(b);
		buf_add_int(b, s->events[(s->next + i) % s->n_events]);
	}
	buf_add_char(b, ']');
}

static void save_watch(void *ctx, struct str key, void *value)
{
	struct buf *b = ctx;
	const struct watch *w = value;
	comma(b);
	buf_addf(b, "\"%.*s\":{", STR_FMT(key));
	save_silence(&w->silence, b);
	comma(b);
	buf_addf(b, "\"last_event\":%lld,\"secrets\":{",
		 (long long)w->last_event_ms);
	for (size_t i = 0; i < w->n_secrets; i++) {
		comma(b);
		buf_addf(b, "\"%s\":[%lld,%lld]", w->secrets[i].id,
			 (long long)w->secrets[i].first_ms,
			 (long long)w->secrets[i].used_ms);
	}
	buf_addf(b, "}}");
}

/* told_at is of a clock that begins anew with the host. */
static void save_alarm(const struct judge *j, const struct alarm *a,
		       struct buf *b)
{
	comma(b);
	buf_addf(b,
		 "{\"name\":\"%s\",\"severity\":%d,\"since\":%lld,"
		 "\"told\":%lld,\"value\":%lld,\"subject\":",
		 ALARM_RULES[a->kind].name, (int)a->severity,
		 (long long)a->since_ms,
		 (long long)(j->wall_ms - (j->mono_ms - a->told_at)),
		 (long long)a->value);
	buf_add_json(b, str_from(a->subject));
	buf_addf(b, ",\"text\":");
	buf_add_json(b, str_from(a->text));
	buf_add_char(b, '}');
}

void judge_save(const struct judge *j, struct buf *out)
{
	const struct alarm **raised = NULL;
	buf_addf(out, "{\"v\":1,\"sources\":{");
	table_each(j->watches, save_watch, out);
	buf_addf(out, "},\"alarms\":[");
	size_t n = alarms_raised(j->alarms, &raised);
	for (size_t i = 0; i < n; i++)
		save_alarm(j, raised[i], out);
	free((void *)raised);
	buf_addf(out, "]}\n");
}

/* ---- loading ------------------------------------------------------------ */

static int64_t number(const struct value *v)
{
	int64_t n;
	if (str_to_int(value_text(v), INT64_MIN, INT64_MAX, &n) != 0)
		return 0;
	return n;
}

static void load_silence(struct silence *s, const struct value *v)
{
	const struct value *events = value_get(v, "events");
	int64_t counted = number(value_get(v, "counted_ms"));
	if (s->n_events == 0 || events == NULL || events->type != VALUE_ARRAY ||
	    counted < 0)
		return;
	/* As many as are expected now, the latest. */
	int64_t skip = (int64_t)events->count - s->n_events;
	s->counted_ms = counted;
	for (int64_t i = 0; i < s->n_events; i++) /* expected more often now */
		s->events[i] = counted;
	VALUE_EACH (one, events) {
		int64_t at = number(one);
		if (skip-- > 0 || at < 0 || at > counted)
			continue;
		s->events[s->next] = at;
		s->next = (s->next + 1) % s->n_events;
	}
}

static void load_secrets(struct watch *w, const struct value *v,
			 int64_t wall_ms)
{
	for (size_t i = 0; i < w->n_secrets; i++) {
		struct watched_secret *s = &w->secrets[i];
		const struct value *known = value_get(v, s->id);
		int64_t first = number(value_at(known, 0));
		int64_t used = number(value_at(known, 1));
		if (first > 0 && first <= wall_ms && used <= wall_ms) {
			s->first_ms = first;
			s->used_ms = used;
		}
	}
}

static void load_alarm(struct judge *j, const struct value *v, int64_t wall_ms,
		       int64_t mono_ms)
{
	struct alarm a = {.since_ms = number(value_get(v, "since")),
			  .value = number(value_get(v, "value"))};
	int kind = alarm_find(value_member(v, "name"));
	int64_t severity = number(value_get(v, "severity"));
	if (kind < 0 || severity < SEVERITY_INFO ||
	    severity > SEVERITY_CRITICAL)
		return;
	a.kind = (enum alarm_kind)kind;
	a.severity = (enum severity)severity;
	(void)!snprintf(a.subject, sizeof(a.subject), "%.*s",
			STR_FMT(value_member(v, "subject")));
	(void)!snprintf(a.text, sizeof(a.text), "%.*s",
			STR_FMT(value_member(v, "text")));
	alarms_restore(j->alarms, &a, wall_ms, mono_ms,
		       number(value_get(v, "told")));
}

static void load_watch(void *ctx, struct str key, void *value)
{
	const struct value *sources = ctx;
	struct watch *w = value;
	const struct value *v = value_get_str(sources, key);
	load_silence(&w->silence, value_get(v, "counted_ms") ? v : NULL);
	load_secrets(w, value_get(v, "secrets"), w->configured_ms);
	int64_t last = number(value_get(v, "last_event"));
	if (last > 0 && last <= w->configured_ms)
		w->last_event_ms = last;
}

int judge_load(struct judge *j, struct str text, int64_t wall_ms,
	       int64_t mono_ms, struct err *err)
{
	struct payload_limits limits = {.depth = 8, .values = 1000000};
	struct arena arena;
	struct value *root = NULL;
	arena_init(&arena);
	int rc = payload_json(&arena, text, &limits, false, &root, err);
	if (rc == 0 && !str_eq(value_member(root, "v"), STR("1")))
		rc = err_set(err, LB_EINVAL, "not written by this version");
	if (rc == 0) {
		table_each(j->watches, load_watch,
			   (void *)(uintptr_t)value_get(root, "sources"));
		VALUE_EACH (one, value_get(root, "alarms"))
			load_alarm(j, one, wall_ms, mono_ms);
	}
	arena_release(&arena);
	return rc;
}
