/* SPDX-License-Identifier: MIT */
/*
 * Privacy requests, one after the other: a sender's as soon as it is due, a
 * person's as soon as it is asked. Each walks over the store on the reader
 * thread and erases what it finds on the store thread, slice by slice; this is
 * who asks for the next slice. A restart goes on with what was open. Loop
 * thread.
 */
#ifndef LB_PRIVACY_H
#define LB_PRIVACY_H

#include "operate/road.h"
#include "queue/privacy.h"

struct privacy *privacy_new(struct road *r);
/* No further questions: the queue is about to end. */
void privacy_stop(struct privacy *p);
void privacy_free(struct privacy *p); /* NULL is fine */
/* There may be something to do. */
void privacy_kick(struct privacy *p);
/* An answer to one of its own questions. Takes it. */
void privacy_answer(struct privacy *p, struct query *q);
/* How far the request of that number is, where it is under way: units that were
 * looked at, and the last one there is. */
bool privacy_progress(const struct privacy *p, int64_t id, int64_t *at,
		      int64_t *newest);

/* One question for all of a person: a slice from `after` on, as JSON. The
 * context ends with the query: privacy_search_free(). person is JSON. */
struct search;
LB_MUST_CHECK int privacy_search(struct road *r, struct str person,
				 const char *source, struct search **out,
				 struct err *err);
struct query *privacy_search_query(struct search *s, int64_t after, bool show);
void privacy_search_free(struct search *s); /* NULL is fine */

#endif
