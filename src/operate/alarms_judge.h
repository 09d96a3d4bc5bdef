/* SPDX-License-Identifier: MIT */
/*
 * What is an alarm. Once a second it gets the facts (counters, gauges, states,
 * the time) and tells the table what it sees; what it must remember of sources
 * and destinations between two looks is here, and outlives a restart by
 * alarms_memory.c. Pure.
 */
#ifndef LB_ALARMS_JUDGE_H
#define LB_ALARMS_JUDGE_H

#include "base/table.h"
#include "operate/alarms_core.h"
#include "operate/expect.h"
#include "operate/metrics.h"
#include "operate/slo.h"

enum {
	WATCH_SLOTS = 12, /* of the last hour */
	WATCH_SLOT_MS = 5 * 60 * 1000,
	WATCH_SKEW_SLOTS = 3,
	WATCH_BAD_MIN = 5, /* fewer are no rate */
	WATCH_STALE_MIN = 3,
	WATCH_JUMP_MS = 5000,
	SECRET_ID = 17,
};

struct watched_secret {
	char id[SECRET_ID];        /* keyed hash: the same one after a reload */
	int64_t first_ms, used_ms; /* wall clock; used 0: never */
};

struct watch {     /* of a source */
	bool here; /* still configured */
	bool expects;
	struct expect expect;
	struct silence silence;
	uint64_t requests, bad, stale; /* counters as of the last look */
	int64_t slot;                  /* number of the newest; 0: none */
	struct {
		uint32_t good, bad, stale;
	} slots[WATCH_SLOTS];
	int64_t configured_ms, last_event_ms; /* wall clock; 0: never */
	size_t n_secrets;
	struct watched_secret secrets[METRICS_SECRETS];
	int64_t token_ends_ms; /* of api.token; 0: not known */
};

struct target { /* a destination */
	bool here;
	struct slo *slo;     /* NULL: no lead came to an end yet */
	uint64_t good, late; /* counters as of the last look */
	int64_t slo_ms, token_ends_ms;
};

struct judge {
	struct alarms_table *alarms;
	struct table *watches, *targets; /* by name */
	int64_t wall_ms, mono_ms;        /* of the last look; 0: none yet */
};

struct alarm_certificate {
	const char *address;
	int64_t ends_ms; /* 0: no TLS there */
};

struct alarm_facts {
	int64_t wall_ms, mono_ms;
	struct metrics *metrics;
	const struct metrics_inputs *in;
	const struct queue_aside *aside; /* per source with some */
	size_t n_aside;
	enum queue_condition store;
	int64_t disk_free, disk_all; /* all 0: not known */
	const struct alarm_certificate *certificates;
	size_t n_certificates;
};

struct judge *judge_new(void);
void judge_free(struct judge *j); /* NULL is fine */
/* A configuration comes into force; key: for the ids of secrets. */
void judge_configure(struct judge *j, const struct config *config,
		     struct str key, int64_t wall_ms);
/* One look: between alarms_begin() and alarms_end(). */
void judge_look(struct judge *j, const struct alarm_facts *f);
/* "3h 5m" */
#define SPAN_TEXT 32
const char *span_text(int64_t ms, char out[SPAN_TEXT]);
/* When a token that is a JWT ends; 0: it does not say. */
int64_t token_ends_ms(struct str token);

/* ---- alarms_destinations.c: what concerns where leads go ---------------- */

void judge_destinations(struct judge *j, const struct alarm_facts *f);
/* ---- alarms_host.c: store, disk, certificates, tokens, clock ------------- */
void judge_host(struct judge *j, const struct alarm_facts *f);

/* ---- alarms_memory.c ----------------------------------------------------- */

/* What must outlive a restart, as JSON; and back. What cannot be read is as if
 * it had not been there: LB_EINVAL says so. */
void judge_save(const struct judge *j, struct buf *out);
LB_MUST_CHECK int judge_load(struct judge *j, struct str text, int64_t wall_ms,
			     int64_t mono_ms, struct err *err);

#endif
