/* SPDX-License-Identifier: MIT */
/*
 * "did you mean": the nearest of several candidates to a misspelt word, by
 * edit distance. Offer every candidate, then ask for the best.
 */
#ifndef LB_SUGGEST_H
#define LB_SUGGEST_H

#include "leadbridge/str.h"

struct suggestion {
	struct str word, best;
	size_t distance; /* of best; beyond the limit: nothing is near */
};

void suggestion_init(struct suggestion *s, struct str word);
void suggestion_offer(struct suggestion *s, struct str candidate);
/* STR_NONE when no candidate is near enough to be meant. */
struct str suggestion_best(const struct suggestion *s);

#endif
