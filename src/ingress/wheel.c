/* SPDX-License-Identifier: MIT */
/* Hashed wheel of deadlines; see the header. */
#include "ingress/wheel.h"

void wheel_init(struct wheel *w, int64_t now_ms)
{
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slots[i]);
	w->tick = now_ms / WHEEL_TICK_MS;
	w->count = 0;
}

static void put(struct wheel *w, struct timeout *t)
{
	/* Rounded up: looked at when it is due for certain. */
	int64_t tick = (t->due_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
	if (tick <= w->tick)
		tick = w->tick + 1;
	list_append(&w->slots[tick % WHEEL_SLOTS], &t->link);
}

void wheel_set(struct wheel *w, struct timeout *t, int64_t due_ms)
{
	if (list_empty(&t->link))
		w->count++;
	else
		list_remove(&t->link);
	t->due_ms = due_ms;
	put(w, t);
}

void wheel_clear(struct wheel *w, struct timeout *t)
{
	if (list_empty(&t->link))
		return;
	list_remove(&t->link);
	w->count--;
}

static void turn_slot(struct wheel *w, int64_t now_ms,
		      void (*fn)(struct timeout *t))
{
	struct link work;
	list_move(&work, &w->slots[w->tick % WHEEL_SLOTS]);
	while (!list_empty(&work)) {
		struct timeout *t = LIST_OWNER(work.next, struct timeout, link);
		list_remove(&t->link);
		if (t->due_ms > now_ms) { /* a later round */
			put(w, t);
			continue;
		}
		w->count--;
		fn(t);
	}
}

void wheel_turn(struct wheel *w, int64_t now_ms, void (*fn)(struct timeout *t))
{
	int64_t last = now_ms / WHEEL_TICK_MS;
	/* Asleep for longer than a round: one round sees every slot. */
	if (last - w->tick > WHEEL_SLOTS)
		w->tick = last - WHEEL_SLOTS;
	while (w->tick < last) {
		w->tick++;
		turn_slot(w, now_ms, fn);
	}
}
