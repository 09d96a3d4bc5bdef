/* SPDX-License-Identifier: MIT */
/*
 * What an answer's headers say about time: Retry-After and the three families
 * of RateLimit headers. Pure; every value comes from the other side and is
 * bounded here. A malformed header counts as absent.
 */
#ifndef LB_DELIVERY_HEADERS_H
#define LB_DELIVERY_HEADERS_H

#include "leadbridge/outcome.h"

enum {
	HEADER_WAIT_MIN_MS = 1000,
	HEADER_WAIT_MAX_MS = 6 * 3600 * 1000,
	RATE_HINTS_MAX = 4,
};

/* One window as the other side sees it; -1: not said. */
struct rate_hint {
	int64_t limit, remaining, reset_ms, window_ms;
};

/* Delta seconds (decimals too) or an HTTP-date, measured against the answer's
 * own Date where it has one; within [1 s, 6 h], or -1. */
int64_t header_retry_after(const struct attempt_result *r);
/* The windows an answer names; returns how many. */
size_t header_rate_hints(const struct attempt_result *r,
			 struct rate_hint out[RATE_HINTS_MAX]);
/* How long until something is left again by RateLimit headers, or -1. */
int64_t header_rate_reset(const struct attempt_result *r);

#endif
