/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked ring with a head. A node that is in no list points at itself,
 * so removing is always safe.
 */
#ifndef LB_LIST_H
#define LB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

/* The struct that `member` of type struct link is part of. */
#define LIST_OWNER(link, type, member)                                         \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void list_init(struct link *l)
{
	l->prev = l->next = l;
}

static inline bool list_empty(const struct link *l)
{
	return l->next == l;
}

static inline void list_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

static inline void list_append(struct link *head, struct link *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* All of `from` moves to the empty list `to`. */
static inline void list_move(struct link *to, struct link *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	list_init(from);
}

#endif
