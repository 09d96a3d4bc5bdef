/* SPDX-License-Identifier: MIT */
/*
 * Leaves a destination alone that fails: opens after failures in a row from
 * different leads or when half of what was tried in a minute failed, then lets
 * single leads through until two in a row got an answer. Times are monotonic
 * ms, handed in. Delivery thread only.
 */
#ifndef LB_BREAKER_H
#define LB_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BREAKER_ROW_MAX = 64, /* failures in a row that can be asked for */
	BREAKER_SLICES = 12,  /* of 5 s: one minute */
	BREAKER_FRESH_PROBE_MS = 5000,
};

enum breaker_state {
	BREAKER_CLOSED,
	BREAKER_OPEN,      /* nothing goes out until open_until */
	BREAKER_HALF_OPEN, /* one at a time */
};

struct breaker {
	/* Configuration */
	int64_t failures, open_ms, max_open_ms;
	/* State */
	enum breaker_state state;
	int64_t open_until, next_open_ms, probed_at;
	bool probing; /* the probe is out */
	int successes;
	int64_t row[BREAKER_ROW_MAX]; /* leads of the failures in a row */
	int n_row;
	struct {
		int64_t slice;
		int64_t ok, failed;
	} slices[BREAKER_SLICES];
};

void breaker_init(struct breaker *b, int64_t failures, int64_t open_ms,
		  int64_t max_open_ms);
/* Whether a lead may go now. With `fresh` (a new one is there) an open breaker
 * lets it be the probe before the time, at most every 5 s. */
bool breaker_allows(struct breaker *b, int64_t now, bool fresh);
/* A lead went out; returns true when it is the probe. */
bool breaker_sent(struct breaker *b, int64_t now);
/* What came of it. Neither answered nor failed: nothing is learned, a probe's
 * place is free again. */
enum breaker_lesson { BREAKER_ANSWERED, BREAKER_FAILED, BREAKER_NOTHING };
void breaker_learn(struct breaker *b, int64_t now, int64_t lead, bool probe,
		   enum breaker_lesson lesson);
/* A person's word, or a new configuration: try again. */
void breaker_reset(struct breaker *b);

#endif
