/* SPDX-License-Identifier: MIT */
/*
 * Deadlines of many objects under one timer: a hashed wheel of coarse ticks.
 * Setting, moving and clearing cost a few pointers, so that each phase of each
 * request can have its own absolute deadline. Fires up to a tick late, never
 * early. Loop thread.
 */
#ifndef LB_WHEEL_H
#define LB_WHEEL_H

#include <stdint.h>

#include "ingress/list.h"

enum { WHEEL_TICK_MS = 100, WHEEL_SLOTS = 512 };

struct timeout {
	struct link link; /* list_init() before first use */
	int64_t due_ms;   /* monotonic */
};

struct wheel {
	struct link slots[WHEEL_SLOTS];
	int64_t tick; /* the last one turned */
	size_t count;
};

void wheel_init(struct wheel *w, int64_t now_ms);
void wheel_set(struct wheel *w, struct timeout *t, int64_t due_ms);
void wheel_clear(struct wheel *w, struct timeout *t);
/* Calls fn for each timeout that is due; it is cleared before. fn may set and
 * clear any timeout. */
void wheel_turn(struct wheel *w, int64_t now_ms, void (*fn)(struct timeout *t));

#endif
