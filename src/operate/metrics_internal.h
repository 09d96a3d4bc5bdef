/* SPDX-License-Identifier: MIT */
/* What metrics.c counts and metrics_log.c and prometheus.c show. */
#ifndef LB_METRICS_INTERNAL_H
#define LB_METRICS_INTERNAL_H

#include "base/table.h"
#include "base/worker.h"
#include "operate/histogram.h"
#include "operate/metrics.h"

enum { REASONS = 64, BOUNDS = 12 };

extern const double ACCEPT_BOUNDS[BOUNDS];
extern const double AGE_BOUNDS[BOUNDS];

struct counters {
	uint64_t accepted, duplicates, quarantined, ignored;
	uint64_t delivered, retried, limited, dead;
	uint64_t attempts[OUTCOMES];
};

struct rejects {
	struct {
		const char *reason; /* static text */
		uint64_t n;
	} v[REASONS];
	uint64_t others;
};

struct bounded { /* a Prometheus histogram; the last bucket is +Inf */
	uint64_t count[BOUNDS + 1];
	double sum;
};

/* From receipt, and from the sender's own time of the event where it is known,
 * to the CRM's 2xx. */
struct speed {
	struct histogram age_ms, event_ms; /* of the interval */
	struct bounded age, event;         /* since start */
};

struct source_series {
	struct counters c;
	struct rejects rejected;
	struct speed *speed; /* NULL: nothing delivered yet */
	uint64_t requests;
	int64_t secret_used_ms[METRICS_SECRETS];
	int64_t last_event_ms;
	int last_secret; /* of secret:, -1 where something else proved it */
};

struct destination_series {
	struct counters c;
	struct speed *speed;
	int64_t slo_ms; /* 0: none */
	struct metrics_slo slo;
};

struct route_series { /* per source and destination */
	uint64_t delivered;
};

struct metrics {
	struct lock *lock;
	struct table *sources, *destinations, *routes;
	struct counters total;
	struct rejects rejected;
	struct histogram accept_us, age_ms; /* of the interval */
	struct bounded accept, age;         /* since start */
};

const struct destination_status *metrics_status(const struct metrics_inputs *in,
						const char *name);
const struct queue_backlog *metrics_backlog(const struct metrics_inputs *in,
					    const char *name);
bool metrics_is_parked(const struct metrics_inputs *in, const char *name);

#endif
