/* SPDX-License-Identifier: MIT */
/* Open addressing under SipHash; see the header. Any thread, one at a time. */
#include "payload/members.h"

#include "base/crypto.h"
#include "base/table.h"

/* Up to here a walk over the members beats hashing the name. */
enum { WALK = 24 };

/* An object is known by its first child: a member given twice is filled anew in
 * its old place, and must not meet the members of its former self. */
struct member_slot {
	uint64_t hash;
	const struct value *first;
	struct value *child;
};

void members_init(struct members *m, struct arena *a)
{
	*m = (struct members){.arena = a};
}

static uint64_t hash_of(const struct members *m, const struct value *first,
			struct str key)
{
	uint64_t hash = siphash(m->secret, key.p, key.n);
	hash ^= (uint64_t)(uintptr_t)first * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* The slot that holds the member, or the empty one where it belongs. */
static struct member_slot *find_slot(const struct members *m, uint64_t hash,
				     const struct value *first, struct str key)
{
	size_t i = (size_t)hash & (m->n_slots - 1);
	while (m->slots[i].first != NULL &&
	       !(m->slots[i].hash == hash && m->slots[i].first == first &&
		 str_eq(m->slots[i].child->key, key)))
		i = (i + 1) & (m->n_slots - 1);
	return &m->slots[i];
}

struct value *members_find(const struct members *m, const struct value *object,
			   struct str key)
{
	const struct value *first = object->first;
	if (object->count > WALK)
		return find_slot(m, hash_of(m, first, key), first, key)->child;
	struct value *child = object->first;
	while (child != NULL && !str_eq(child->key, key))
		child = child->next;
	return child;
}

static void grow(struct members *m)
{
	struct member_slot *old = m->slots;
	size_t n_old = m->n_slots;
	if (n_old == 0)
		crypto_random(m->secret, sizeof(m->secret));
	m->n_slots = n_old == 0 ? 128 : n_old * 2;
	m->slots = arena_alloc(m->arena, m->n_slots * sizeof(*m->slots));
	for (size_t i = 0; i < n_old; i++)
		if (old[i].first != NULL)
			*find_slot(m, old[i].hash, old[i].first,
				   old[i].child->key) = old[i];
}

static void insert(struct members *m, const struct value *first,
		   struct value *child)
{
	if (4 * (m->used + 1) > 3 * m->n_slots)
		grow(m);
	uint64_t hash = hash_of(m, first, child->key);
	*find_slot(m, hash, first, child->key) =
	    (struct member_slot){.hash = hash, .first = first, .child = child};
	m->used++;
}

void members_add(struct members *m, struct value *object, struct value *child)
{
	value_append(object, child);
	if (object->count == WALK + 1) {
		for (struct value *each = object->first; each != NULL;
		     each = each->next)
			insert(m, object->first, each);
	} else if (object->count > WALK) {
		insert(m, object->first, child);
	}
}
