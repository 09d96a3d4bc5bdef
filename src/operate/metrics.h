/* SPDX-License-Identifier: MIT */
/*
 * Counters and histograms, written by any thread, read by the metrics log, the
 * Prometheus page and the admin API. Names of sources and destinations come
 * from the configuration only, so their number is bounded; a lock guards all
 * of it and is held for nanoseconds.
 */
#ifndef LB_METRICS_H
#define LB_METRICS_H

#include "delivery/delivery.h"
#include "leadbridge/buf.h"
#include "leadbridge/config.h"
#include "leadbridge/store.h"
#include "queue/queue.h"

struct alarms;
struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* ---- writing ----------------------------------------------------------- */

/* A submission came back from the store and was answered; accept_us: request
 * read to answer. Loop thread. */
void metrics_accepted(struct metrics *m, const struct submission *s,
		      int64_t accept_us);
/* A request was refused; source may be NULL (unknown path, parser); reason is
 * static text. */
void metrics_rejected(struct metrics *m, const char *source,
		      const char *reason);
/* A settlement is committed. Store thread. */
void metrics_settled(struct metrics *m, const struct settlement *s,
		     int64_t now_ms);

/* ---- reading ----------------------------------------------------------- */

/* What the counters do not know; gathered by the caller. */
struct metrics_inputs {
	int64_t now_ms, uptime_s, rss_bytes;
	const struct config *config; /* names to show even without traffic */
	struct queue_gauges gauges;
	const struct queue_backlog *backlog; /* per destination */
	size_t n_backlog;
	const struct destination_status *status;
	size_t n_status;
	const struct alarms *alarms; /* NULL: none are kept */
};

/* What each destination promises, by name; on a reload again. */
void metrics_configure(struct metrics *m, const struct config *config);

/* Of all sources and destinations, since the start. */
void metrics_totals(struct metrics *m, uint64_t *accepted, uint64_t *delivered,
		    uint64_t *dead);
/* Age of the oldest lead that waits, in seconds; 0: none does. */
int64_t metrics_oldest_s(const struct metrics_inputs *in);
/* Waiting leads of parked destinations: a condition, not a state. */
int64_t metrics_parked(const struct metrics_inputs *in);
/* Of one source, since the start. */
enum { METRICS_SECRETS = 8 }; /* of a source, told apart */
struct metrics_source {
	uint64_t accepted, duplicates, rejected;
	uint64_t requests;   /* stored, also as duplicates */
	uint64_t bad_proofs; /* refused for their proof, but for its age */
	uint64_t stale;      /* refused for its age alone */
	int64_t secret_used_ms[METRICS_SECRETS]; /* last; 0: never */
	int64_t last_event_ms; /* stored, also as a duplicate; 0: none yet */
	int last_secret;       /* that proved it, counted from 0; -1: none */
};
void metrics_source(struct metrics *m, struct str name,
		    struct metrics_source *out);
/* What is known of before the start. */
void metrics_remember(struct metrics *m, struct str source,
		      int64_t last_event_ms);
/* Of one destination: leads that came to an end within its slo, or later, or
 * not at all. */
struct metrics_slo {
	uint64_t good, late;
};
void metrics_slo(struct metrics *m, struct str name, struct metrics_slo *out);
/* One line of the metrics log, without the line end; starts a new interval for
 * the quantiles. */
void metrics_line(struct metrics *m, const struct metrics_inputs *in,
		  struct buf *out);
/* The Prometheus page. */
void metrics_prometheus(struct metrics *m, const struct metrics_inputs *in,
			struct buf *out);
/* {"accepted":...}: the ledger as the API and the metrics log show it. */
void metrics_ledger(const struct metrics_inputs *in, struct buf *out);

#endif
