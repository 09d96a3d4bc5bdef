/* SPDX-License-Identifier: MIT */
/*
 * Memory that lives as long as one request: taken in pieces, given back at
 * once. Owned by one thread at a time; moves with the struct it is part of.
 * Allocation dies rather than fail: what may be asked for is bounded by the
 * ceilings of the parsers.
 */
#ifndef LB_ARENA_H
#define LB_ARENA_H

#include <stddef.h>

#include "leadbridge/buf.h"
#include "leadbridge/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	char *at;
	size_t left;
	size_t total; /* bytes handed out, for accounting */
};

void arena_init(struct arena *a);
void arena_release(struct arena *a); /* safe on a zeroed struct */
/* Zeroed, aligned for any type, never NULL. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy that ends in NUL (not counted); STR_NONE stays STR_NONE. */
struct str arena_copy(struct arena *a, struct str s);
struct str arena_copy_buf(struct arena *a, const struct buf *b);
struct str arena_printf(struct arena *a, const char *format, ...)
    LB_PRINTF(2, 3);

#endif
