/* SPDX-License-Identifier: MIT */
/* Finds what is a person's; see the header. person_cut.c cuts it out. */
#include "sources/person.h"

#include "payload/payload.h"
#include "sources/person_parts.h"

enum { READ_DEPTH = 256, READ_VALUES = 200000 };

/* ---- reading ------------------------------------------------------------ */

void person_reread(struct reading *r)
{
	static const struct payload_limits limits = {.depth = READ_DEPTH,
						     .values = READ_VALUES};
	struct person_group *g = r->g;
	const struct submission sub = {.received_at_ms = g->received_at_ms,
				       .content_type = g->content_type,
				       .target = g->target,
				       .headers = g->headers,
				       .body = g->body};
	struct value *tree = NULL;
	kept_request(&sub, &r->request, r->headers);
	if (payload_parse(r->arena, &r->request,
			  PAYLOAD_JSON | PAYLOAD_FORM | PAYLOAD_MULTIPART |
			      PAYLOAD_XML,
			  &limits, true, &tree, NULL) == 0)
		r->tree = tree;
}

/* As source_remap() does; programs are not run here, they have no limit. */
void person_split(struct reading *r)
{
	struct source_call call = {r->source, &r->request, NULL, r->arena};
	struct err err;
	if (r->source == NULL || source_runs_programs(r->source) ||
	    process_parse(&call, &err) != 0)
		return;
	r->tree = call.payload;
	if (r->source->ops->split(&call, &r->events, &err) != 0 ||
	    r->events.n > EVENTS_MAX)
		r->events = (struct event_list){0};
	for (struct event *e = r->events.first; e != NULL; e = e->next) {
		struct new_event made = {0};
		judge_event(r->source, e);
		identity_fill(&call, r->store_secret, e, r->arena, &made);
		e->id = made.id;
	}
}

static bool in_raw_text(const struct reading *r, struct str text)
{
	return subject_in_text(r->who, r->arena, text);
}

/* ---- whose is it -------------------------------------------------------- */

static bool same_account(const struct subject *who, struct str account)
{
	return who->account.n == 0 || str_ieq(who->account, account);
}

/* All of an account, or one unit: no look inside is needed. */
static bool is_whole(const struct subject *who)
{
	return who->email.n == 0 && who->phone.n == 0 && who->customer.n == 0;
}

static bool in_json(const struct reading *r, struct str body, struct str topic)
{
	static const struct payload_limits limits = {.depth = READ_DEPTH,
						     .values = READ_VALUES};
	struct value *v = NULL;
	if (body.n == 0)
		return false;
	if (payload_json(r->arena, body, &limits, false, &v, NULL) == 0)
		return subject_in_value(r->who, r->arena, v, topic);
	return in_raw_text(r, body);
}

static bool unit_names(const struct reading *r, const struct person_unit *u)
{
	if (in_json(r, u->body, u->topic) ||
	    in_json(r, u->response, STR_NONE) || in_raw_text(r, u->event_id))
		return true;
	/* What is left when its bytes are gone. */
	return !r->g->has_raw && u->body.n == 0 &&
	       subject_in_id(r->who, u->event_id);
}

static bool unit_theirs(const struct reading *r, const struct person_unit *u)
{
	const struct subject *who = r->who;
	if (who->unit != 0)
		return u->id == who->unit;
	if (is_whole(who))
		return u->account.n > 0 && same_account(who, u->account);
	if (u->account.n > 0 && !same_account(who, u->account))
		return false;
	return unit_names(r, u);
}

/* Whether inner stands somewhere below outer. */
static bool is_below(const struct value *outer, const struct value *inner)
{
	const struct value *at[STEPS_MAX];
	size_t n = 0;
	at[n++] = outer->first;
	while (n > 0) {
		const struct value *v = at[n - 1];
		if (v == NULL) {
			n--;
			continue;
		}
		if (v == inner)
			return true;
		at[n - 1] = v->next;
		if (v->first != NULL && n < STEPS_MAX)
			at[n++] = v->first;
	}
	return false;
}

/* Some events are only the wrapping of others, which speak for themselves. */
static bool is_wrapping(const struct reading *r, const struct event *e)
{
	for (const struct event *o = r->events.first; o != NULL; o = o->next)
		if (o != e && e->body != NULL && o->body != NULL &&
		    is_below(e->body, o->body))
			return true;
	return false;
}

bool person_in_event(const struct reading *r, const struct event *e)
{
	const struct subject *who = r->who;
	if (who->unit != 0 ||
	    (e->account.n > 0 && !same_account(who, e->account)))
		return false;
	if (is_whole(who))
		return true;
	return subject_in_value(who, r->arena, e->body, e->topic) &&
	       !is_wrapping(r, e);
}

static void mark_events(struct reading *r)
{
	size_t i = 0;
	r->event_theirs = arena_alloc(r->arena, r->events.n + 1);
	for (struct event *e = r->events.first; e != NULL; e = e->next) {
		bool theirs = person_in_event(r, e);
		for (size_t k = 0; k < r->g->n_units; k++)
			if (str_eq(r->g->units[k].event_id, e->id))
				theirs |= r->g->units[k].theirs;
		r->event_theirs[i++] = theirs;
	}
}

/* Units of one event share its fate: they are one message of its sender. */
static void mark_units(struct reading *r)
{
	size_t i = 0;
	for (struct event *e = r->events.first; e != NULL; e = e->next, i++)
		for (size_t k = 0; r->event_theirs[i] && k < r->g->n_units; k++)
			if (str_eq(r->g->units[k].event_id, e->id))
				r->g->units[k].theirs = true;
}

/* Whether all of the request is about what its units are about. What was known
 * before has no unit here, but stands in the bytes. */
static bool is_single(const struct reading *r)
{
	const struct person_group *g = r->g;
	for (size_t i = 1; i < g->n_units; i++)
		if (!str_eq(g->units[i].event_id, g->units[0].event_id))
			return false;
	if (r->events.n > 0)
		return r->events.n == 1;
	return r->tree == NULL || r->tree->type != VALUE_ARRAY ||
	       r->tree->count <= 1;
}

bool person_in_raw(const struct reading *r)
{
	const struct person_group *g = r->g;
	/* At the root of several an id is nobody's. */
	bool several = r->events.n > 1 || g->n_units == 0;
	struct str topic = several ? STR("-") : g->units[0].topic;
	bool account = false;
	for (size_t i = 0; i < g->n_units; i++)
		account |= g->units[i].account.n == 0 ||
			   same_account(r->who, g->units[i].account);
	if (is_whole(r->who) || !account)
		return false;
	if (r->tree != NULL ? subject_in_value(r->who, r->arena, r->tree, topic)
			    : in_raw_text(r, g->body))
		return true;
	return in_raw_text(r, g->target) || in_raw_text(r, g->headers);
}

/* ---- the bytes -------------------------------------------------------------
 */

static bool is_json(const struct reading *r)
{
	struct str body = str_trim(r->g->body);
	return r->tree != NULL && body.n > 0 &&
	       (body.p[0] == '[' || body.p[0] == '{' || body.p[0] == '\xEF');
}

static bool any_event(const struct reading *r, bool theirs)
{
	for (size_t i = 0; i < r->events.n; i++)
		if (r->event_theirs[i] == theirs)
			return true;
	return false;
}

/* What becomes of the bytes that several share. */
static void judge_shared(struct reading *r, bool all)
{
	struct person_group *g = r->g;
	/* Of several accounts each event speaks for itself. */
	bool alone = r->who->account.n > 0 && r->events.n > 1;
	bool named = any_event(r, true) || (!alone && person_in_raw(r));
	if (all) {
		g->raw = RAW_GOES;
	} else if (!named && is_whole(r->who)) {
		/* An account's or a unit's part that cannot be found. */
		for (size_t i = 0; i < g->n_units; i++)
			if (g->units[i].theirs)
				g->raw = RAW_DROPPED;
	} else if (named) {
		bool cut = r->events.n > 1 && is_json(r) &&
			   !in_raw_text(r, g->target) &&
			   !in_raw_text(r, g->headers) &&
			   person_cut(r, &g->cut);
		g->raw = cut ? RAW_IS_CUT : RAW_DROPPED;
	}
}

/* Of a request that several share each sees their own part. */
static void show_parts(struct reading *r)
{
	size_t i = 0;
	for (struct event *e = r->events.first; e != NULL; e = e->next) {
		struct buf part;
		if (!r->event_theirs[i++] || !r->g->show)
			continue;
		buf_init(&part, r->g->body.n * 2 + 64);
		value_to_json(e->body, &part);
		struct str text = arena_copy(r->arena, buf_str(&part));
		buf_release(&part);
		for (size_t k = 0; k < r->g->n_units; k++)
			if (str_eq(r->g->units[k].event_id, e->id))
				r->g->units[k].part = text;
	}
}

bool source_names_person(const struct subject *who, struct arena *a,
			 const struct request *request)
{
	static const struct payload_limits limits = {.depth = READ_DEPTH,
						     .values = READ_VALUES};
	struct value *tree = NULL;
	if (is_whole(who))
		return who->account.n > 0;
	if (payload_parse(a, request,
			  PAYLOAD_JSON | PAYLOAD_FORM | PAYLOAD_MULTIPART |
			      PAYLOAD_XML,
			  &limits, true, &tree, NULL) == 0
		? subject_in_value(who, a, tree, STR_NONE)
		: subject_in_text(who, a, request->body))
		return true;
	for (size_t i = 0; i < request->n_headers; i++)
		if (subject_in_text(who, a, request->headers[i].value))
			return true;
	return subject_in_text(who, a, request->target);
}

void source_find_person(const struct source *source, const struct subject *who,
			struct str store_secret, struct arena *a,
			struct person_group *g)
{
	struct reading *r = arena_alloc(a, sizeof(*r));
	*r = (struct reading){.source = source,
			      .who = who,
			      .store_secret = store_secret,
			      .arena = a,
			      .g = g};
	bool all = true;
	g->raw = RAW_STAYS;
	for (size_t i = 0; i < g->n_units; i++)
		g->units[i].theirs = unit_theirs(r, &g->units[i]);
	if (g->has_raw) {
		person_reread(r);
		person_split(r);
	}
	mark_events(r);
	mark_units(r);
	if (g->has_raw && is_single(r) && person_in_raw(r))
		for (size_t i = 0; i < g->n_units; i++)
			g->units[i].theirs = true;
	for (size_t i = 0; i < g->n_units; i++)
		all = all && g->units[i].theirs;
	if (g->has_raw)
		judge_shared(r, all);
	show_parts(r);
}
