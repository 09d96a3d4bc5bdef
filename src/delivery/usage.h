/* SPDX-License-Identifier: MIT */
/*
 * How much of its limits a provider says is used (Meta's X-App-Usage and its
 * kin), and how long to rest so that it need not refuse. Pure; any thread.
 */
#ifndef LB_USAGE_H
#define LB_USAGE_H

#include "leadbridge/outcome.h"

struct usage {
	int64_t percent;    /* the highest of all that are counted */
	int64_t regain_min; /* minutes until calls are taken again; 0: now */
};

/* False: the answer says nothing of it that can be read. */
bool usage_read(const struct attempt_result *r, struct usage *out);
/* What to wait before the next request; 0: nothing. */
int64_t usage_pause_ms(const struct usage *u);
/* After a refusal: -1 when it is not said. */
int64_t usage_regain_ms(const struct usage *u);

#endif
