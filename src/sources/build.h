/* SPDX-License-Identifier: MIT */
/*
 * Puts together what the store takes: copies everything that is kept into the
 * submission, so that neither the request nor the configuration is needed any
 * more.
 */
#ifndef LB_BUILD_H
#define LB_BUILD_H

#include "leadbridge/source.h"
#include "leadbridge/store.h"

struct build {
	const struct source_call *call;
	struct str store_secret;
	struct submission *sub;
};

void build_start(struct build *b, const struct source_call *call,
		 struct str store_secret, size_t n_events);
/* Adds the event with its units; lead is read only when the fate is LEAD. */
void build_add(struct build *b, struct event *event, const struct lead *lead);
/* The submission, now the caller's. */
struct submission *build_finish(struct build *b, int matched_secret);

#endif
