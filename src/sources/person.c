/* SPDX-License-Identifier: MIT */
/* Finds and cuts out what is a person's; see the header. */
#include "sources/person.h"

#include "payload/json_cut.h"
#include "payload/payload.h"
#include "sources/engine.h"

enum { CUTS_MAX = 64, STEPS_MAX = 64, READ_DEPTH = 256, READ_VALUES = 200000 };

/* The request as it was read again. */
struct reading {
	const struct source *source;
	const struct subject *who;
	struct str store_secret;
	struct arena *arena;
	struct person_group *g;
	struct request request;
	struct header headers[KEPT_HEADERS_MAX];
	const struct value *tree; /* NULL: nobody can read it */
	struct event_list events; /* none: it was not split */
	bool *event_theirs;       /* of each event, in order */
};

/* ---- reading ------------------------------------------------------------ */

static void read_request(struct reading *r)
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
static void split(struct reading *r)
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

static bool event_names(const struct reading *r, const struct event *e)
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
		bool theirs = event_names(r, e);
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

static bool raw_names(const struct reading *r)
{
	const struct person_group *g = r->g;
	struct str topic = g->n_units == 1 ? g->units[0].topic : STR_NONE;
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

/* ---- cutting ------------------------------------------------------------ */

struct path {
	struct json_step steps[STEPS_MAX];
	size_t n;
	size_t cut; /* steps up to the innermost element of a list */
	bool exact; /* no object on the way gave a member twice */
};

static bool holds_text(const struct value *body, const struct value *leaf)
{
	if (leaf->first != NULL || leaf->text.n == 0)
		return false;
	VALUE_EACH (v, body)
		if (v->text.p == leaf->text.p)
			return true;
	return body->text.p == leaf->text.p;
}

/* Where an event's body stands in the tree, or a text that its adapter took
 * from there. Walks without recursion: at[] is the way down. */
static bool find_path(const struct value *root, const struct value *body,
		      struct path *path)
{
	const struct value *at[STEPS_MAX];
	size_t n = 0;
	at[n++] = root;
	while (n > 0) {
		const struct value *v = at[n - 1];
		if (v == body || holds_text(body, v)) {
			path->n = n - 1;
			path->cut = 0;
			path->exact = true;
			for (size_t i = 0; i + 1 < n; i++) {
				bool list = at[i]->type == VALUE_ARRAY;
				path->exact &=
				    (at[i]->flags & VALUE_HAS_DUPLICATES) == 0;
				path->steps[i].key =
				    list ? STR_NONE : at[i + 1]->key;
				path->cut = list ? i + 1 : path->cut;
			}
			if (path->cut > 0)
				return true;
		}
		if (v->first != NULL && n < STEPS_MAX) {
			path->steps[n - 1].index = 0;
			at[n++] = v->first;
			continue;
		}
		while (n > 1 && at[n - 1]->next == NULL)
			n--;
		if (n <= 1)
			return false;
		at[n - 1] = at[n - 1]->next;
		path->steps[n - 2].index++;
	}
	return false;
}

/* Whether an event's id must outlive a cut. What is ignored is never replayed
 * and may be told apart by its place alone; what is in quarantine under a hash
 * of the whole is replaced by what a replay makes of it, whatever its id. */
static bool id_matters(const struct reading *r, const struct event *e)
{
	for (size_t k = 0; k < r->g->n_units; k++) {
		const struct person_unit *u = &r->g->units[k];
		if (!str_eq(u->event_id, e->id))
			continue;
		return u->state != UNIT_IGNORED &&
		       (u->state != UNIT_QUARANTINED ||
			!str_starts(e->id, STR("h:")));
	}
	return true;
}

static bool names_left(struct reading *after)
{
	for (const struct event *e = after->events.first; e != NULL;
	     e = e->next)
		if (event_names(after, e))
			return true;
	return after->who->account.n == 0 && raw_names(after);
}

/* The ids of what is left, and nothing of the person, must be what the others
 * were: only then is the cut exact. */
static bool cut_is_exact(const struct reading *before, struct str cut)
{
	struct person_group g = *before->g;
	struct reading after = {.source = before->source,
				.who = before->who,
				.store_secret = before->store_secret,
				.arena = before->arena,
				.g = &g};
	g.body = cut;
	read_request(&after);
	split(&after);
	const struct event *left = after.events.first;
	size_t i = 0;
	for (struct event *e = before->events.first; e != NULL; e = e->next) {
		if (before->event_theirs[i++])
			continue;
		if (left == NULL ||
		    (id_matters(before, e) && !str_eq(left->id, e->id)))
			return false;
		left = left->next;
	}
	return left == NULL && !names_left(&after);
}

/* From the last one to the first: what is in front keeps its place. */
static bool cut_events(struct reading *r, struct str *out)
{
	const struct event *theirs[CUTS_MAX];
	size_t n = 0, i = 0;
	for (struct event *e = r->events.first; e != NULL; e = e->next) {
		if (!r->event_theirs[i++])
			continue;
		if (n == CUTS_MAX)
			return false;
		theirs[n++] = e;
	}
	struct str text = r->g->body;
	while (n > 0) {
		struct path path = {0};
		struct buf b;
		if (!find_path(r->tree, theirs[--n]->body, &path) ||
		    !path.exact)
			return false;
		buf_init(&b, text.n + 1);
		int rc = json_cut(text, path.steps, path.cut, &b);
		text = arena_copy(r->arena, buf_str(&b));
		buf_release(&b);
		if (rc != 0)
			return false;
	}
	*out = text;
	return cut_is_exact(r, text);
}

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
	bool named = any_event(r, true) || (!alone && raw_names(r));
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
			   cut_events(r, &g->cut);
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
		read_request(r);
		split(r);
	}
	mark_events(r);
	mark_units(r);
	if (g->has_raw && is_single(r) && raw_names(r))
		for (size_t i = 0; i < g->n_units; i++)
			g->units[i].theirs = true;
	for (size_t i = 0; i < g->n_units; i++)
		all = all && g->units[i].theirs;
	if (g->has_raw)
		judge_shared(r, all);
	show_parts(r);
}
