/* SPDX-License-Identifier: MIT */
/*
 * The last hour in minutes, for the plots of the dashboard: what came in and
 * went out, and the most that waited. In memory, sixty rows; at the start it is
 * filled with what the store remembers. Pure, one thread.
 */
#ifndef LB_HISTORY_H
#define LB_HISTORY_H

#include "leadbridge/buf.h"

enum { HISTORY_MINUTES = 60 };

/* Since the start of the process, but for what waits: that is now. */
struct history_look {
	uint64_t accepted, delivered, dead;
	int64_t waiting, oldest_s;
};

struct history_minute {
	int64_t at_ms;
	struct history_look look; /* of this minute; waiting, oldest_s: most */
};

struct history {
	struct history_minute v[HISTORY_MINUTES]; /* a ring */
	size_t first, n;
	struct history_look last;
};

/* Every few seconds. A clock that was set back begins anew. */
void history_add(struct history *h, const struct history_look *look,
		 int64_t now_ms);
/* What happened before the first look: n minutes from at_ms on, which are added
 * to those that are there. */
struct queue_minute;
void history_recall(struct history *h, const struct queue_minute *past,
		    size_t n, int64_t at_ms);
/* {"minutes":[{"at":"...","accepted":n,...},...]}, oldest first; the last one
 * is not over yet. */
void history_print(const struct history *h, struct buf *b);

#endif
