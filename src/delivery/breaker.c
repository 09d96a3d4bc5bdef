/* SPDX-License-Identifier: MIT */
/* The circuit breaker of one destination; see the header. */
#include "delivery/breaker.h"

#include <string.h>

#include "base/crypto.h"

enum {
	SLICE_MS = 5000,
	RATE_LEAST = 10, /* attempts in a minute before a share counts */
	CLOSE_AFTER = 2,
};

void breaker_init(struct breaker *b, int64_t failures, int64_t open_ms,
		  int64_t max_open_ms)
{
	memset(b, 0, sizeof(*b));
	b->failures = failures < BREAKER_ROW_MAX ? failures : BREAKER_ROW_MAX;
	b->open_ms = open_ms;
	b->max_open_ms = max_open_ms;
	b->next_open_ms = open_ms;
}

bool breaker_allows(struct breaker *b, int64_t now, bool fresh)
{
	switch (b->state) {
	case BREAKER_CLOSED:
		return true;
	case BREAKER_OPEN:
		if (now >= b->open_until)
			return true;
		return fresh && now - b->probed_at >= BREAKER_FRESH_PROBE_MS;
	case BREAKER_HALF_OPEN:
		return !b->probing;
	}
	return false;
}

bool breaker_sent(struct breaker *b, int64_t now)
{
	if (b->state == BREAKER_CLOSED)
		return false;
	b->state = BREAKER_HALF_OPEN;
	b->probing = true;
	b->probed_at = now;
	return true;
}

static void open_it(struct breaker *b, int64_t now)
{
	/* A fifth more or less, so that many bridges do not return at once. */
	int64_t fifth = b->next_open_ms / 5;
	int64_t wait = b->next_open_ms - fifth +
		       (int64_t)crypto_random_below((uint64_t)(2 * fifth) + 1);
	b->state = BREAKER_OPEN;
	b->open_until = now + wait;
	b->probed_at = now;
	b->probing = false;
	b->successes = 0;
	b->n_row = 0;
	memset(b->slices, 0, sizeof(b->slices));
	b->next_open_ms *= 2;
	if (b->next_open_ms > b->max_open_ms)
		b->next_open_ms = b->max_open_ms;
}

void breaker_reset(struct breaker *b)
{
	b->state = BREAKER_CLOSED;
	b->next_open_ms = b->open_ms;
	b->probing = false;
	b->successes = 0;
	b->n_row = 0;
	memset(b->slices, 0, sizeof(b->slices));
}

static void learn_half_open(struct breaker *b, int64_t now,
			    enum breaker_lesson lesson)
{
	b->probing = false;
	if (lesson == BREAKER_FAILED)
		open_it(b, now);
	else if (lesson == BREAKER_ANSWERED && ++b->successes >= CLOSE_AFTER)
		breaker_reset(b);
}

static void count(struct breaker *b, int64_t now, bool failed)
{
	int64_t slice = now / SLICE_MS;
	size_t i = (size_t)(slice % BREAKER_SLICES);
	if (b->slices[i].slice != slice) {
		b->slices[i].slice = slice;
		b->slices[i].ok = b->slices[i].failed = 0;
	}
	if (failed)
		b->slices[i].failed++;
	else
		b->slices[i].ok++;
}

static bool half_failed(const struct breaker *b, int64_t now)
{
	int64_t slice = now / SLICE_MS, ok = 0, failed = 0;
	for (size_t i = 0; i < BREAKER_SLICES; i++) {
		if (b->slices[i].slice <= slice - BREAKER_SLICES)
			continue;
		ok += b->slices[i].ok;
		failed += b->slices[i].failed;
	}
	return ok + failed >= RATE_LEAST && failed >= ok;
}

static void add_to_row(struct breaker *b, int64_t lead)
{
	for (int i = 0; i < b->n_row; i++)
		if (b->row[i] == lead)
			return;
	if (b->n_row < BREAKER_ROW_MAX)
		b->row[b->n_row++] = lead;
}

void breaker_learn(struct breaker *b, int64_t now, int64_t lead, bool probe,
		   enum breaker_lesson lesson)
{
	if (b->state == BREAKER_HALF_OPEN && probe) {
		learn_half_open(b, now, lesson);
		return;
	}
	/* Open: what was still under way changes nothing. */
	if (b->state != BREAKER_CLOSED || lesson == BREAKER_NOTHING)
		return;
	count(b, now, lesson == BREAKER_FAILED);
	if (lesson == BREAKER_ANSWERED) {
		b->n_row = 0;
		return;
	}
	add_to_row(b, lead);
	if (b->n_row >= b->failures || half_failed(b, now))
		open_it(b, now);
}
