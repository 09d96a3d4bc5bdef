/* SPDX-License-Identifier: MIT */
/*
 * What all backends share: the table of backends, the table of state changes
 * and the life of the structs that travel between the threads. Any thread.
 */
#include "queue/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct store_ops *const backends[] = {
    &sqlite_store,
};

const struct store_ops *store_find(const char *name)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

int unit_state_find(const char *name)
{
	for (int i = 0; i < UNIT_STATES; i++)
		if (strcmp(unit_state_name((enum unit_state)i), name) == 0)
			return i;
	return -1;
}

#define TO(state) (1U << (state))

static const unsigned transitions[UNIT_STATES] = {
    [UNIT_WAITING] =
	TO(UNIT_WAITING) | TO(UNIT_DELIVERED) | TO(UNIT_DEAD) | TO(UNIT_ERASED),
    [UNIT_FETCHING] = TO(UNIT_FETCHING) | TO(UNIT_WAITING) | TO(UNIT_DEAD) |
		      TO(UNIT_IGNORED) | TO(UNIT_QUARANTINED) | TO(UNIT_ERASED),
    [UNIT_DELIVERED] = TO(UNIT_ERASED),
    [UNIT_DEAD] = TO(UNIT_WAITING) | TO(UNIT_FETCHING) | TO(UNIT_IGNORED) |
		  TO(UNIT_ERASED),
    [UNIT_QUARANTINED] = TO(UNIT_IGNORED) | TO(UNIT_ERASED),
    [UNIT_IGNORED] = TO(UNIT_ERASED),
    [UNIT_ERASED] = 0,
};

bool unit_may_become(enum unit_state from, enum unit_state to)
{
	return (unsigned)from < UNIT_STATES && (unsigned)to < UNIT_STATES &&
	       (transitions[from] & TO(to)) != 0;
}

static int unit_check(const struct submission *s, const struct new_unit *u,
		      struct err *err)
{
	if (u->event >= s->n_events)
		return err_set(err, LB_EINVAL, "unit of no event");
	switch (u->state) {
	case UNIT_WAITING:
	case UNIT_FETCHING:
		if (u->destination.n == 0)
			return err_set(err, LB_EINVAL,
				       "unit without a destination");
		if ((u->state == UNIT_FETCHING) != is_fetch(u->body))
			return err_set(err, LB_EINVAL,
				       "body does not fit the state '%s'",
				       unit_state_name(u->state));
		return 0;
	case UNIT_QUARANTINED:
	case UNIT_IGNORED:
		return 0;
	case UNIT_DELIVERED:
	case UNIT_DEAD:
	case UNIT_ERASED:
		break;
	}
	return err_set(err, LB_EINVAL, "no new unit is '%s'",
		       unit_state_name(u->state));
}

int submission_check(const struct submission *s, struct err *err)
{
	if (s->bulk != NULL && (s->bulk->file.n == 0 || s->replay_of != 0))
		return err_set(err, LB_EINVAL, "a bulk request of no file");
	if (s->source.n == 0)
		return err_set(err, LB_EINVAL, "submission without a source");
	uint64_t units = 0;
	for (uint32_t i = 0; i < s->n_events; i++) {
		const struct new_event *e = &s->events[i];
		if (e->id.n == 0 || e->n_units == 0)
			return err_set(err, LB_EINVAL,
				       "event without an id or a unit");
		units += e->n_units;
	}
	if (s->n_events == 0 || units != s->n_units)
		return err_set(err, LB_EINVAL, "units and events disagree");
	uint32_t at = 0;
	for (uint32_t i = 0; i < s->n_events; i++)
		for (uint32_t k = 0; k < s->events[i].n_units; k++, at++) {
			if (s->units[at].event != i)
				return err_set(err, LB_EINVAL,
					       "units are not in order");
			int rc = unit_check(s, &s->units[at], err);
			if (rc != 0)
				return rc;
		}
	return 0;
}

void ledger_release(struct ledger *l)
{
	free(l->sources);
	*l = (struct ledger){0};
}
