/* SPDX-License-Identifier: MIT */
/*
 * Cuts a person's events out of the request they share with others, byte for
 * byte, and makes sure of it by reading what is left. Pure.
 */
#include "payload/json_cut.h"
#include "sources/person_parts.h"

enum { CUTS_MAX = 64 };

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
		if (person_in_event(after, e))
			return true;
	return after->who->account.n == 0 && person_in_raw(after);
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
	person_reread(&after);
	person_split(&after);
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
bool person_cut(struct reading *r, struct str *out)
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
