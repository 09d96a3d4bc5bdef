/* SPDX-License-Identifier: MIT */
/*
 * Finding a member while a tree is built, in constant time however many there
 * are: small objects are searched, large ones enter one hash index under a
 * random key. One index serves all objects of a parse.
 */
#ifndef LB_MEMBERS_H
#define LB_MEMBERS_H

#include "leadbridge/arena.h"
#include "leadbridge/value.h"

struct member_slot;

struct members {
	struct arena *arena;
	struct member_slot *slots;
	size_t n_slots; /* 0 until an object is large; a power of two */
	size_t used;
	unsigned char secret[16];
};

void members_init(struct members *m, struct arena *a);
/* object's member of that name, or NULL. */
struct value *members_find(const struct members *m, const struct value *object,
			   struct str key);
/* Appends child, whose key is set and new, to object. */
void members_add(struct members *m, struct value *object, struct value *child);

#endif
