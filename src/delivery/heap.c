/* SPDX-License-Identifier: MIT */
/* Binary heap with positions; see the header. */
#include "delivery/heap.h"

#include <stdlib.h>

#include "base/mem.h"

void heap_release(struct heap *h)
{
	free(h->v);
	*h = (struct heap){0};
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->id < b->id;
}

static void set(struct heap *h, size_t i, struct heap_node *node)
{
	h->v[i] = node;
	node->at = i + 1;
}

static void up(struct heap *h, size_t i, struct heap_node *node)
{
	while (i > 0 && before(node, h->v[(i - 1) / 2])) {
		set(h, i, h->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	set(h, i, node);
}

static void down(struct heap *h, size_t i, struct heap_node *node)
{
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= h->n)
			break;
		if (child + 1 < h->n && before(h->v[child + 1], h->v[child]))
			child++;
		if (!before(h->v[child], node))
			break;
		set(h, i, h->v[child]);
		i = child;
	}
	set(h, i, node);
}

void heap_add(struct heap *h, struct heap_node *node)
{
	lb_assert(node->at == 0);
	h->v = xgrow(h->v, &h->cap, h->n + 1, sizeof(struct heap_node *));
	h->n++;
	up(h, h->n - 1, node);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	lb_assert(node->at > 0 && h->v[node->at - 1] == node);
	size_t i = node->at - 1;
	struct heap_node *last = h->v[--h->n];
	node->at = 0;
	if (last == node)
		return;
	if (i > 0 && before(last, h->v[(i - 1) / 2]))
		up(h, i, last);
	else
		down(h, i, last);
}

struct heap_node *heap_last(const struct heap *h)
{
	struct heap_node *last = NULL;
	for (size_t i = h->n / 2; i < h->n; i++)
		if (last == NULL || before(last, h->v[i]))
			last = h->v[i];
	return last;
}
