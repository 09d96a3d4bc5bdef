/* SPDX-License-Identifier: MIT */
/*
 * Slots with generations: what may outlive the thing it points at travels as
 * {slot, generation} and is looked up when it comes back. Loop thread.
 */
#ifndef LB_PENDING_H
#define LB_PENDING_H

#include <stddef.h>
#include <stdint.h>

#include "leadbridge/store.h"

struct pending_slot {
	void *p; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct pending {
	struct pending_slot *slots;
	size_t n_slots, cap;
	uint32_t first_free; /* UINT32_MAX: none */
	size_t count;
};

void pending_init(struct pending *t);
void pending_release(struct pending *t);
/* p must not be NULL. A ticket's generation is never 0: {0} finds nothing. */
struct ticket pending_put(struct pending *t, void *p);
void *pending_find(const struct pending *t, struct ticket ticket);
/* From here on the ticket finds nothing. */
void pending_remove(struct pending *t, struct ticket ticket);

#endif
