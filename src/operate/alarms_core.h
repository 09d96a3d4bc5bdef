/* SPDX-License-Identifier: MIT */
/*
 * The table of alarms and their states. A round looks at everything once: what
 * it sees is seen, what it does not see is gone. An alarm is raised when it was
 * seen for as long as its rule says and cleared when it was gone for as long,
 * so that what flickers is told once. Pure: time is handed in.
 */
#ifndef LB_ALARMS_CORE_H
#define LB_ALARMS_CORE_H

#include "leadbridge/store.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };
const char *severity_name(enum severity s);

enum alarm_kind {
	ALARM_SOURCE_SILENT,
	ALARM_BAD_SIGNATURES,
	ALARM_CLOCK_SKEW,
	ALARM_CLOCK_JUMP,
	ALARM_QUARANTINE,
	ALARM_DEAD_LETTERS,
	ALARM_OLDEST_WAITING,
	ALARM_DESTINATION_PARKED,
	ALARM_BREAKER_OPEN,
	ALARM_DESTINATION_TROUBLE,
	ALARM_SLO_BURN_FAST,
	ALARM_SLO_BURN_SLOW,
	ALARM_LEDGER_DIFFERENCE,
	ALARM_STORE_FULL,
	ALARM_STORE_FAILED,
	ALARM_DISK_LOW,
	ALARM_CERTIFICATE,
	ALARM_TOKEN,
	ALARM_OLD_SECRET,
};
#define ALARM_KINDS 19

struct alarm_rule {
	const char *name; /* stable */
	enum severity severity;
	int64_t raise_ms, clear_ms; /* how long it is seen, or gone, before */
	bool grows; /* a greater value is news, once in ALARM_GROWN_MS */
};
extern const struct alarm_rule ALARM_RULES[ALARM_KINDS];
int alarm_find(struct str name); /* or -1 */

enum {
	ALARM_TEXT = 200,
	ALARM_MAX = 2000,  /* of them at a time */
	ALARM_RECENT = 50, /* cleared ones are remembered */
	ALARM_GROWN_MS = 15 * 60 * 1000,
};

struct alarm {
	enum alarm_kind kind;
	enum severity severity;
	char subject[QUEUE_NAME]; /* source, destination, address; or "" */
	char text[ALARM_TEXT];    /* one sentence, no personal data */
	int64_t value, told_value;
	bool raised;
	bool ripe, worse; /* of this round: long enough; graver than told */
	int64_t since_ms, cleared_ms;      /* wall clock */
	int64_t seen_at, gone_at, told_at; /* monotonic; gone 0: is seen */
	uint64_t round;
};

enum alarm_event { ALARM_RAISED, ALARM_AGAIN, ALARM_CLEARED };
typedef void (*alarm_fn)(void *ctx, enum alarm_event event,
			 const struct alarm *a);

struct alarms_table;

struct alarms_table *alarms_table_new(void);
void alarms_table_free(struct alarms_table *t); /* NULL is fine */

/* ---- one round ---------------------------------------------------------- */

void alarms_begin(struct alarms_table *t, int64_t wall_ms, int64_t mono_ms);
struct alarm_sight {
	enum alarm_kind kind;
	const char *subject;
	int64_t value;
	enum severity severity; /* INFO, the zero: the rule's own */
	int64_t raise_ms;       /* 0: the rule's own */
};
void alarms_see(struct alarms_table *t, const struct alarm_sight *s,
		const char *format, ...) LB_PRINTF(3, 4);
/* Nothing is known of alarms of this kind in this round: all stay. */
void alarms_unknown(struct alarms_table *t, enum alarm_kind kind);
/* Whether it is raised already: thresholds differ then. */
bool alarms_is_raised(const struct alarms_table *t, enum alarm_kind kind,
		      const char *subject);
/* Ends the round and tells what changed. repeat_ms: how often what stays
 * raised is told again; 0: never. */
void alarms_end(struct alarms_table *t, int64_t repeat_ms, alarm_fn fn,
		void *ctx);

/* ---- reading ------------------------------------------------------------ */

/* Raised ones, worst first, then oldest first. *out is from malloc and borrows
 * from t. */
size_t alarms_raised(const struct alarms_table *t, const struct alarm ***out);
size_t alarms_raised_count(const struct alarms_table *t);
/* The i-th of those cleared last, the latest first; NULL after the last. */
const struct alarm *alarms_recent(const struct alarms_table *t, size_t i);
/* One that was raised before the start; told_ms: wall clock. */
void alarms_restore(struct alarms_table *t, const struct alarm *a,
		    int64_t wall_ms, int64_t mono_ms, int64_t told_ms);

#endif
