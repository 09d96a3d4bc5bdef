/* SPDX-License-Identifier: MIT */
/* How long a lead waits after a failed attempt. */
#ifndef LB_BACKOFF_H
#define LB_BACKOFF_H

#include <stdint.h>

#include "leadbridge/config.h"

/* The schedule's delay after the attempts-th counted failure (1: the first),
 * without jitter. */
int64_t backoff_delay(const struct destination_config *c, uint32_t attempts);
/* Uniform in [d/2, 3d/2]: many leads that failed together come back apart. */
int64_t backoff_jitter(int64_t delay_ms);
/* For times the other side named: only ever later, by up to a tenth and 30 s
 * at most. */
int64_t backoff_later(int64_t floor_ms);
/* The next delay: jittered schedule, not before floor_ms (-1: no floor). */
int64_t backoff_next(const struct destination_config *c, uint32_t attempts,
		     int64_t floor_ms);

#endif
