/* SPDX-License-Identifier: MIT */
/*
 * Compares what two configurations make of a request. Events are compared in
 * order, units of an event by destination, leads member by member; see the
 * header. Counts go to one tally per source and member.
 */
#include "operate/rehearsal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "operate/rehearsal_parts.h"
#include "payload/payload.h"

static const struct payload_limits limits = {.depth = 8, .values = 20000};

struct rehearsal *rehearsal_new(const struct config *now,
				const struct config *next)
{
	struct rehearsal *r = xcalloc(1, sizeof(*r));
	r->now = now;
	r->next = next;
	arena_init(&r->arena);
	return r;
}

void rehearsal_free(struct rehearsal *r)
{
	if (r == NULL)
		return;
	arena_release(&r->arena);
	free(r);
}

/* ---- tallies -------------------------------------------------------------
 */

static struct tally *tally_of(struct rehearsal *r, struct str source)
{
	struct tally **at = &r->first;
	while (*at != NULL && !str_eq((*at)->source, source))
		at = &(*at)->next;
	if (*at == NULL) {
		*at = arena_alloc(&r->arena, sizeof(**at));
		(*at)->source = arena_copy(&r->arena, source);
	}
	return *at;
}

static struct change *change_of(struct comparing *c, struct str member,
				enum change_kind kind)
{
	struct change **at = &c->tally->changes;
	while (*at != NULL &&
	       ((*at)->kind != kind || !str_eq((*at)->member, member)))
		at = &(*at)->next;
	if (*at == NULL) {
		if (c->tally->n_changes == CHANGES_MAX)
			return NULL;
		c->tally->n_changes++;
		*at = arena_alloc(&c->r->arena, sizeof(**at));
		(*at)->kind = kind;
		(*at)->member = arena_copy(&c->r->arena, member);
	}
	return *at;
}

static void count(struct comparing *c, struct str member, struct str now,
		  struct str next)
{
	enum change_kind kind = now.p == NULL    ? CHANGE_ADDED
				: next.p == NULL ? CHANGE_REMOVED
						 : CHANGE_CHANGED;
	struct change *change = change_of(c, member, kind);
	c->differs = true;
	if (change == NULL)
		return;
	if (change->n++ < EXAMPLES_MAX) {
		struct example *e = &change->examples[change->n - 1];
		e->now = arena_copy(&c->r->arena, now);
		e->next = arena_copy(&c->r->arena, next);
	}
}

/* ---- one lead ------------------------------------------------------------
 */

static struct str text_of(struct comparing *c, const struct value *v)
{
	struct buf b;
	if (v->type == VALUE_STRING)
		return v->text.p != NULL ? v->text : STR("");
	buf_init(&b, LEAD_JSON_MAX);
	value_to_json(v, &b);
	struct str text = arena_copy_buf(&c->scratch, &b);
	buf_release(&b);
	return text;
}

static void compare_members(struct comparing *c, const char *prefix,
			    const struct value *now, const struct value *next)
{
	VALUE_EACH (member, now) {
		const struct value *other = value_get_str(next, member->key);
		struct str was = text_of(c, member), is = STR_NONE;
		if (member->type == VALUE_OBJECT)
			continue;
		if (other != NULL)
			is = text_of(c, other);
		if (other == NULL || !str_eq(was, is) ||
		    member->type != other->type)
			count(c,
			      arena_printf(&c->scratch, "%s%.*s", prefix,
					   STR_FMT(member->key)),
			      was, is);
	}
	VALUE_EACH (member, next) {
		if (member->type == VALUE_OBJECT ||
		    value_get_str(now, member->key) != NULL)
			continue;
		count(c,
		      arena_printf(&c->scratch, "%s%.*s", prefix,
				   STR_FMT(member->key)),
		      STR_NONE, text_of(c, member));
	}
}

static const struct value *lead_of(struct comparing *c, struct str body)
{
	struct value *v = NULL;
	if (payload_json(&c->scratch, body, &limits, false, &v, NULL) != 0)
		return NULL;
	return v;
}

static void compare_bodies(struct comparing *c, struct str now, struct str next)
{
	if (str_eq(now, next))
		return;
	if (is_fetch(now) || is_fetch(next)) {
		count(c, STR("fetch"), now, next);
		return;
	}
	const struct value *a = lead_of(c, now), *b = lead_of(c, next);
	compare_members(c, "", a, b);
	compare_members(c, "custom_fields.", value_get(a, "custom_fields"),
			value_get(b, "custom_fields"));
}

/* ---- one event -----------------------------------------------------------
 */

struct units { /* of one event */
	const struct new_unit *v;
	uint32_t n;
};

static struct units units_of(const struct submission *s, uint32_t event)
{
	struct units u = {NULL, 0};
	for (uint32_t i = 0; i < s->n_units; i++) {
		if (s->units[i].event != event)
			continue;
		if (u.n++ == 0)
			u.v = &s->units[i];
	}
	return u;
}

/* "lead", "quarantined: unknown account" */
static struct str fate_of(struct comparing *c, struct units u)
{
	if (u.n == 0)
		return STR("nothing");
	switch (u.v[0].state) {
	case UNIT_WAITING:
		return STR("lead");
	case UNIT_FETCHING:
		return STR("fetch");
	case UNIT_QUARANTINED:
	case UNIT_IGNORED:
	case UNIT_DELIVERED:
	case UNIT_DEAD:
	case UNIT_ERASED:
		break;
	}
	return arena_printf(&c->scratch, "%s: %.*s",
			    unit_state_name(u.v[0].state),
			    STR_FMT(u.v[0].reason));
}

static struct str destinations_of(struct comparing *c, struct units u)
{
	struct str all = STR_NONE;
	for (uint32_t i = 0; i < u.n; i++) {
		struct str to = u.v[i].destination;
		if (to.n > 0 && all.n > 0)
			all = arena_printf(&c->scratch, "%.*s, %.*s",
					   STR_FMT(all), STR_FMT(to));
		else if (to.n > 0)
			all = to;
	}
	return all;
}

static void compare_units(struct comparing *c, struct units now,
			  struct units next)
{
	for (uint32_t i = 0; i < now.n; i++)
		for (uint32_t k = 0; k < next.n; k++) {
			const struct new_unit *a = &now.v[i], *b = &next.v[k];
			char was[LEAD_KEY_TEXT], is[LEAD_KEY_TEXT];
			if (a->destination.n == 0 ||
			    !str_eq(a->destination, b->destination))
				continue;
			if (memcmp(a->key, b->key, sizeof(a->key)) == 0)
				continue;
			lead_key_text(a->key, was);
			lead_key_text(b->key, is);
			count(c, STR("key"), str_from(was), str_from(is));
		}
	/* The bytes are the same for every destination. */
	if (now.n > 0 && next.n > 0 && now.v[0].body.n > 0 &&
	    next.v[0].body.n > 0)
		compare_bodies(c, now.v[0].body, next.v[0].body);
}

static void compare_events(struct comparing *c, struct units now,
			   struct units next)
{
	struct str was = fate_of(c, now), is = fate_of(c, next);
	if (!str_eq(was, is))
		count(c, STR("fate"), was, is);
	struct str to = destinations_of(c, now), now_to;
	now_to = destinations_of(c, next);
	if (to.n > 0 && now_to.n > 0 && !str_eq(to, now_to))
		count(c, STR("destination"), to, now_to);
	compare_units(c, now, next);
}

/* ---- one request ---------------------------------------------------------
 */

static struct submission *mapped(const struct config *config,
				 const struct submission *raw,
				 struct arena *arena, struct str *why)
{
	struct submission *s = NULL;
	struct err err = {0};
	const struct source *source = config_source(config, raw->source);
	if (source == NULL)
		*why = STR("refused: no such source");
	else if (source_rehearse(source, raw, &s, &err) != 0)
		*why = arena_printf(arena, "unreadable: %s", err.text);
	return s;
}

static void compare(struct comparing *c, const struct submission *now,
		    const struct submission *next)
{
	uint32_t most =
	    now->n_events > next->n_events ? now->n_events : next->n_events;
	for (uint32_t i = 0; i < most; i++)
		compare_events(c, units_of(now, i), units_of(next, i));
}

void rehearsal_take(struct rehearsal *r, const struct submission *raw)
{
	struct str was = STR("read"), is = STR("read");
	if (config_source(r->now, raw->source) == NULL) {
		r->skipped++; /* gone already, or never a webhook */
		return;
	}
	struct comparing c = {.r = r, .tally = tally_of(r, raw->source)};
	arena_init(&c.scratch);
	struct submission *now = mapped(r->now, raw, &c.scratch, &was);
	struct submission *next = mapped(r->next, raw, &c.scratch, &is);
	c.tally->requests++;
	r->requests++;
	if (!str_eq(was, is))
		count(&c, STR("request"), was, is);
	else if (now != NULL && next != NULL)
		compare(&c, now, next);
	c.tally->differ += c.differs;
	r->differ += c.differs;
	submission_free(now);
	submission_free(next);
	arena_release(&c.scratch);
}

bool rehearsal_differs(const struct rehearsal *r)
{
	return r->differ > 0;
}
