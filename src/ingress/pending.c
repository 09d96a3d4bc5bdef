/* SPDX-License-Identifier: MIT */
/* Slots with generations; see the header. */
#include "ingress/pending.h"

#include <stdlib.h>

#include "base/mem.h"

void pending_init(struct pending *t)
{
	*t = (struct pending){.first_free = UINT32_MAX};
}

void pending_release(struct pending *t)
{
	free(t->slots);
	pending_init(t);
}

struct ticket pending_put(struct pending *t, void *p)
{
	lb_assert(p != NULL);
	uint32_t slot = t->first_free;
	if (slot == UINT32_MAX) {
		t->slots =
		    xgrow(t->slots, &t->cap, t->n_slots + 1, sizeof(*t->slots));
		slot = (uint32_t)t->n_slots++;
		t->slots[slot] = (struct pending_slot){.generation = 1};
	} else {
		t->first_free = t->slots[slot].next_free;
	}
	t->slots[slot].p = p;
	t->count++;
	return (struct ticket){slot, t->slots[slot].generation};
}

void *pending_find(const struct pending *t, struct ticket ticket)
{
	if (ticket.slot >= t->n_slots ||
	    t->slots[ticket.slot].generation != ticket.generation)
		return NULL;
	return t->slots[ticket.slot].p;
}

void pending_remove(struct pending *t, struct ticket ticket)
{
	lb_assert(pending_find(t, ticket) != NULL);
	struct pending_slot *s = &t->slots[ticket.slot];
	s->p = NULL;
	if (++s->generation == 0)
		s->generation = 1;
	s->next_free = t->first_free;
	t->first_free = ticket.slot;
	t->count--;
}
