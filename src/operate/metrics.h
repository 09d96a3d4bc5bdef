/* SPDX-License-Identifier: MIT */
/*
 * Counters and histograms, written by any thread, read by the metrics log, the
 * Prometheus page and the admin API. Names of sources and destinations come
 * from the configuration only, so their number is bounded.
 */
#ifndef LB_METRICS_H
#define LB_METRICS_H

#include "leadbridge/buf.h"
#include "leadbridge/config.h"
#include "leadbridge/store.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* ---- writing ----------------------------------------------------------- */

/* A submission came back from the store. accept_us: request read to answer. */
void metrics_accepted(struct metrics *m, const struct submission *s,
		      int64_t accept_us);
/* A request was refused; source may be NULL (unknown path, parser). */
void metrics_rejected(struct metrics *m, const char *source,
		      const char *reason);
/* A settlement is committed. */
void metrics_settled(struct metrics *m, const char *source,
		     const char *destination, const struct settlement *s,
		     int64_t received_at_ms);

#endif
