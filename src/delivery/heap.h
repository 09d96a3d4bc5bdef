/* SPDX-License-Identifier: MIT */
/*
 * A binary heap that knows where its members are, so that any of them can be
 * taken out. Smallest key first, then smallest id. Delivery thread only.
 */
#ifndef LB_HEAP_H
#define LB_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node { /* embedded in the member */
	int64_t key, id;
	size_t at; /* index + 1; 0: in no heap */
};

struct heap {
	struct heap_node **v;
	size_t n, cap;
};

void heap_release(struct heap *h);
void heap_add(struct heap *h, struct heap_node *node);
void heap_remove(struct heap *h, struct heap_node *node);
static inline struct heap_node *heap_first(const struct heap *h)
{
	return h->n > 0 ? h->v[0] : NULL;
}
/* The one that would come last; walks the half that has no children. */
struct heap_node *heap_last(const struct heap *h);
/* One that is far from the first: cheap, not exactly the last. */
static inline struct heap_node *heap_some_last(const struct heap *h)
{
	return h->n > 0 ? h->v[h->n - 1] : NULL;
}

#endif
