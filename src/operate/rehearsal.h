/* SPDX-License-Identifier: MIT */
/*
 * Stored requests mapped under two configurations, and what differs: field by
 * field for each source, with counts and a few examples. Proofs are not judged
 * again. Command line only; nothing is stored or sent.
 */
#ifndef LB_REHEARSAL_H
#define LB_REHEARSAL_H

#include "leadbridge/config.h"
#include "leadbridge/store.h"

struct rehearsal;

/* Both outlive it. */
struct rehearsal *rehearsal_new(const struct config *now,
				const struct config *next);
void rehearsal_free(struct rehearsal *r);
/* One stored request: source, content type, target, headers, body. */
void rehearsal_take(struct rehearsal *r, const struct submission *raw);
bool rehearsal_differs(const struct rehearsal *r);
/* reveal: examples as they are; else what may be a person's is masked. */
void rehearsal_text(const struct rehearsal *r, bool reveal, struct buf *out);
void rehearsal_json(const struct rehearsal *r, bool reveal, struct buf *out);

#endif
