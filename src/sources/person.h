/* SPDX-License-Identifier: MIT */
/*
 * What of a stored request is a person's. The adapter that split the request
 * when it came splits it again, so that each unit finds the element it was made
 * from; an element that is the person's is cut out of what the others share.
 * Pure, any thread.
 */
#ifndef LB_SOURCES_PERSON_H
#define LB_SOURCES_PERSON_H

#include "leadbridge/person.h"
#include "leadbridge/source.h"

/* source: NULL where it is no longer configured; then a request with several
 * events cannot be told apart. Fills the out-members of g. */
void source_find_person(const struct source *source, const struct subject *who,
			struct str store_secret, struct arena *a,
			struct person_group *g);

/* Whether a request that was not stored names the person. */
bool source_names_person(const struct subject *who, struct arena *a,
			 const struct request *request);

#endif
