/* SPDX-License-Identifier: MIT */
/* What person.c, which finds, and person_cut.c, which cuts, share. */
#ifndef LB_SOURCES_PERSON_PARTS_H
#define LB_SOURCES_PERSON_PARTS_H

#include "leadbridge/person.h"
#include "sources/engine.h"

enum { STEPS_MAX = 64 }; /* down a tree */

/* The request as it was read again. */
struct reading {
	const struct source *source;
	const struct subject *who;
	struct str store_secret;
	struct arena *arena;
	struct person_group *g;
	struct request request;
	struct header headers[KEPT_HEADERS_MAX];
	const struct value *tree; /* NULL: nobody can read it */
	struct event_list events; /* none: it was not split */
	bool *event_theirs;       /* of each event, in order */
};

/* Parses the stored bytes, whatever they are. */
void person_reread(struct reading *r);
/* Finds the events as they were found when the request came. */
void person_split(struct reading *r);
bool person_in_event(const struct reading *r, const struct event *e);
/* Anywhere in the request: body, target, headers. */
bool person_in_raw(const struct reading *r);
/* The bytes without the events that are theirs; false: not exactly so. */
bool person_cut(struct reading *r, struct str *out);

#endif
