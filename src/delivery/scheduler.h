/* SPDX-License-Identifier: MIT */
/*
 * Which lead of a destination goes next. Holds a bounded number of leads in
 * memory (the rest stay on disk) and knows every id it has given out until that
 * one is forgotten, so that a lead read twice from disk is sent once.
 *
 * Fresh leads (accepted less than ten minutes ago, and due) go newest first,
 * round robin over their sources; everything else that is due goes oldest
 * first. While both wait, one slot in four is the backlog's. Times are
 * monotonic ms, handed in. Delivery thread only.
 */
#ifndef LB_SCHEDULER_H
#define LB_SCHEDULER_H

#include "delivery/heap.h"
#include "leadbridge/store.h"

enum {
	SCHEDULER_LEADS_MAX = 1024,
	SCHEDULER_BYTES_MAX = 4 * 1024 * 1024,
	SCHEDULER_FRESH_MS = 10 * 60 * 1000,
};

enum entry_place { ENTRY_LATER, ENTRY_FRESH, ENTRY_BACKLOG, ENTRY_OUT };

/* A lead in memory, from the moment it is known until it is forgotten. */
struct entry {
	struct due_lead *lead; /* NULL while a settlement owns it */
	struct heap_node order;
	struct heap_node age; /* fresh ones: oldest first */
	struct fresh *fresh;  /* its source's heap, or NULL */
	enum entry_place place;
	int64_t id;
	int64_t due, received; /* monotonic */
	int64_t triable_mark;  /* destination's triable clock, see there */
	size_t bytes;
	bool alone; /* of a fetch: what refused a whole request may be it */
};

struct scheduler;

struct scheduler *scheduler_new(void);
void scheduler_free(struct scheduler *s); /* with its leads */

/* Takes the lead; NULL when its id is already known (the lead is freed). */
struct entry *scheduler_add(struct scheduler *s, struct due_lead *lead,
			    int64_t due, int64_t received);
/* Puts back one that was picked, with its lead. */
void scheduler_back(struct scheduler *s, struct entry *e, int64_t due);
/* The next one, which stays known and is the caller's until scheduler_back()
 * or scheduler_forget(); NULL: none is due. avoid: an id that only goes when
 * there is no other (0: none). newest: the newest there is, out of turn and
 * whatever the backlog's share. */
struct entry *scheduler_pick(struct scheduler *s, int64_t now, int64_t avoid,
			     bool newest);
struct entry *scheduler_find(const struct scheduler *s, int64_t id);
/* Where a lead is, and how many go before it as things are: for a person. Of
 * what is fresh newer ones may yet come. False: it is not in memory. */
struct scheduler_place {
	enum entry_place place;
	size_t ahead;
	int64_t due; /* LATER */
};
bool scheduler_place(struct scheduler *s, int64_t id, int64_t now,
		     struct scheduler_place *out);
/* Frees a picked entry, and its lead if it still has one. */
void scheduler_forget(struct scheduler *s, struct entry *e);

/* The lead was erased: it is not sent any more, also when a refill that read it
 * before comes later. One that is out is its holder's. */
void scheduler_erase(struct scheduler *s, int64_t id);

/* Drops from memory what is over the ceilings: the backlog first, then what is
 * not due, then the oldest fresh ones. Returns how many; they are on disk. */
size_t scheduler_trim(struct scheduler *s);

/* When the next one becomes due, INT64_MAX: never. 0: one is due. */
int64_t scheduler_next_due(struct scheduler *s, int64_t now);
bool scheduler_has_fresh(struct scheduler *s, int64_t now);
size_t scheduler_known(const struct scheduler *s);   /* with those out */
size_t scheduler_waiting(const struct scheduler *s); /* in memory, not out */
bool scheduler_full(const struct scheduler *s);
/* While a refill is under way, ids that are forgotten stay known, because the
 * refill may have read them before. */
void scheduler_refill_begins(struct scheduler *s);
void scheduler_refill_ends(struct scheduler *s);

#endif
