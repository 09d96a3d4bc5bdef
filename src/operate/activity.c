/* SPDX-License-Identifier: MIT */
/* What has just become of which lead; see the header. */
#include "operate/activity.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct activity {
	_Atomic bool watched;
	struct lock *lock;
	struct activity_lead v[ACTIVITY_MAX];
	size_t n;
	uint64_t missed;
};

struct activity *activity_new(void)
{
	struct activity *a = xcalloc(1, sizeof(*a));
	a->lock = lock_new();
	return a;
}

void activity_free(struct activity *a)
{
	if (a == NULL)
		return;
	lock_free(a->lock);
	free(a);
}

void activity_watch(struct activity *a, bool on)
{
	a->watched = on;
	lock_take(a->lock);
	if (!on)
		a->n = a->missed = 0;
	lock_drop(a->lock);
}

static struct activity_lead *place_of(struct activity *a, int64_t id)
{
	for (size_t i = a->n; i > 0; i--)
		if (a->v[i - 1].id == id)
			return &a->v[i - 1];
	if (a->n < ACTIVITY_MAX)
		return &a->v[a->n++];
	a->missed++;
	return NULL;
}

static void add(struct activity *a, int64_t id, enum unit_state state,
		struct str source, struct str destination, int64_t at_ms)
{
	struct activity_lead *l = place_of(a, id);
	if (l == NULL)
		return;
	l->id = id;
	l->at_ms = at_ms;
	l->state = state;
	(void)!snprintf(l->source, sizeof(l->source), "%.*s", STR_FMT(source));
	(void)!snprintf(l->destination, sizeof(l->destination), "%.*s",
			STR_FMT(destination));
}

void activity_accepted(struct activity *a, const struct submission *s)
{
	if (!a->watched)
		return;
	lock_take(a->lock);
	for (uint32_t i = 0; i < s->n_units; i++) {
		const struct new_unit *u = &s->units[i];
		if (u->id != 0)
			add(a, u->id, u->state, s->source, u->destination,
			    s->received_at_ms);
	}
	lock_drop(a->lock);
}

void activity_settled(struct activity *a, const struct settlement *s,
		      int64_t now_ms)
{
	if (!a->watched)
		return;
	const struct due_lead *lead = s->lead;
	lock_take(a->lock);
	add(a, lead->id, s->state, lead->source,
	    lead->to.n > 0 ? lead->to : lead->destination, now_ms);
	lock_drop(a->lock);
}

size_t activity_take(struct activity *a, struct activity_lead out[ACTIVITY_MAX],
		     uint64_t *missed)
{
	lock_take(a->lock);
	size_t n = a->n;
	memcpy(out, a->v, n * sizeof(*out));
	*missed = a->missed;
	a->n = 0;
	a->missed = 0;
	lock_drop(a->lock);
	return n;
}
