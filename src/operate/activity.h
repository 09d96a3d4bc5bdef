/* SPDX-License-Identifier: MIT */
/*
 * What has just become of which lead, for those who watch: ids, configured
 * names and states, nothing of a person. Kept only while somebody watches, and
 * only as many as a person could follow: the rest are counted. Written by the
 * loop and by the store thread, taken by the loop.
 */
#ifndef LB_ACTIVITY_H
#define LB_ACTIVITY_H

#include "leadbridge/store.h"

enum { ACTIVITY_MAX = 64 };

struct activity_lead {
	int64_t id, at_ms;
	enum unit_state state;
	char source[65], destination[QUEUE_NAME];
};

struct activity;

struct activity *activity_new(void);
void activity_free(struct activity *a); /* NULL is fine */
/* With nobody watching the calls below cost one look at a flag. */
void activity_watch(struct activity *a, bool on);
/* Is committed. Loop thread. */
void activity_accepted(struct activity *a, const struct submission *s);
/* Is committed. Store thread. */
void activity_settled(struct activity *a, const struct settlement *s,
		      int64_t now_ms);
/* What came since the last call, oldest first; a lead that went on in the
 * meantime is there once, as it is now. *missed: there was no room for them. */
size_t activity_take(struct activity *a, struct activity_lead out[ACTIVITY_MAX],
		     uint64_t *missed);

#endif
