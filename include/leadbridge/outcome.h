/* SPDX-License-Identifier: MIT */
/*
 * What one delivery attempt means. outcome_judge() is a pure function from what
 * came back to what follows; the scheduler acts on outcomes only. The table is
 * in delivery/outcome.c.
 */
#ifndef LB_OUTCOME_H
#define LB_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "leadbridge/str.h"

enum outcome { /* numbers are on disk: never change one */
	       OUTCOME_NONE = 0,
	       OUTCOME_SENT = 1, /* the CRM has it */
	       OUTCOME_RETRY =
		   2, /* transient: back-off, counts as an attempt */
	       OUTCOME_LIMITED = 3, /* the destination asked for time */
	       OUTCOME_PARK = 4,    /* configuration or credential: all wait */
	       OUTCOME_DEAD = 5, /* this lead will never be accepted as it is */
};
#define OUTCOMES 6
const char *outcome_name(enum outcome o);

enum transport {                     /* how far the attempt came */
		 TRANSPORT_ANSWERED, /* a whole status line and headers */
		 TRANSPORT_REFUSED,
		 TRANSPORT_RESET, /* closed or reset before or mid-answer */
		 TRANSPORT_TIMEOUT_CONNECT, /* nothing was sent */
		 TRANSPORT_TIMEOUT,         /* ambiguous: it may have arrived */
		 TRANSPORT_DNS_FAILED,      /* SERVFAIL, timeout */
		 TRANSPORT_DNS_NXDOMAIN,
		 TRANSPORT_TLS_FAILED, /* reset or protocol error in handshake
					*/
		 TRANSPORT_TLS_UNTRUSTED, /* expired, unknown CA, name mismatch
					   */
		 TRANSPORT_FORBIDDEN, /* address in a range that is not allowed
				       */
		 TRANSPORT_OTHER,
};
const char *transport_name(enum transport t);

enum { /* more of an answer is not read */
       ANSWER_BODY_MAX = 64 * 1024,
       FETCH_BATCH_BYTES = 2 * 1024 * 1024, /* of a fetch of many */
};

struct attempt_result {
	enum transport transport;
	int status;
	bool body_complete; /* false: cut off or over the ceiling */
	struct str body;
	struct str retry_after, date; /* header texts or NONE */
	struct str ratelimit_limit, ratelimit_remaining, ratelimit_reset;
	struct str ratelimit, ratelimit_policy; /* structured form */
	struct str usage[3]; /* of an app, a business case, an ad account */
	struct str location;
	int64_t received_at_ms;
	int64_t certificate_ends_ms; /* of the other side; 0: not known */
};

struct verdict {
	enum outcome outcome;
	const char *reason; /* static: "idempotency_conflict", ... */
	int64_t wait_ms;    /* LIMITED: how long; RETRY: floor; -1: none */
	bool parks_at_once; /* PARK: 401 and 407 */
	bool ambiguous;     /* it may have arrived: only the same key */
	bool transient;     /* counts for the breaker */
	bool missing; /* of a fetch: the record is not there, or not yet */
	bool shorter; /* of a fetch: fewer fields may be granted */
};

/* Overrides of the table, from the configuration: status -> outcome. */
struct outcome_override {
	int status;
	enum outcome outcome;
};

struct verdict outcome_judge(const struct attempt_result *result,
			     const struct outcome_override *overrides,
			     size_t n_overrides);

#endif
