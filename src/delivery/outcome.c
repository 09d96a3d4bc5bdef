/* SPDX-License-Identifier: MIT */
/*
 * What an attempt means: two tables, one by how far it came, one by status.
 * Pure: the scheduler acts on the verdict and on nothing else of an answer.
 * What needs memory (how often, since when, which lead) is not here but in
 * destination.c and breaker.c.
 */
#include "leadbridge/outcome.h"

#include "delivery/answer.h"
#include "delivery/headers.h"

enum {
	IN_PROGRESS_WAIT_MS = 5000,
};

static const char *const OUTCOME_NAMES[OUTCOMES] = {"none",    "sent", "retry",
						    "limited", "park", "dead"};

const char *outcome_name(enum outcome o)
{
	return (unsigned)o < OUTCOMES ? OUTCOME_NAMES[o] : "none";
}

struct transport_row {
	const char *name;
	enum outcome outcome;
	bool ambiguous;
};

/* ANSWERED is judged by its status. */
static const struct transport_row TRANSPORTS[] = {
    [TRANSPORT_ANSWERED] = {"answered", OUTCOME_NONE, false},
    [TRANSPORT_REFUSED] = {"refused", OUTCOME_RETRY, false},
    [TRANSPORT_RESET] = {"reset", OUTCOME_RETRY, true},
    [TRANSPORT_TIMEOUT_CONNECT] = {"connect_timeout", OUTCOME_RETRY, false},
    [TRANSPORT_TIMEOUT] = {"timeout", OUTCOME_RETRY, true},
    [TRANSPORT_DNS_FAILED] = {"dns_failed", OUTCOME_RETRY, false},
    [TRANSPORT_DNS_NXDOMAIN] = {"dns_nxdomain", OUTCOME_RETRY, false},
    [TRANSPORT_TLS_FAILED] = {"tls_failed", OUTCOME_RETRY, false},
    [TRANSPORT_TLS_UNTRUSTED] = {"tls_untrusted", OUTCOME_PARK, false},
    [TRANSPORT_FORBIDDEN] = {"address_forbidden", OUTCOME_PARK, false},
    [TRANSPORT_OTHER] = {"transport", OUTCOME_RETRY, true},
};

const char *transport_name(enum transport t)
{
	return TRANSPORTS[t].name;
}

#define TEN(d)                                                                 \
	"http_" #d "0", "http_" #d "1", "http_" #d "2", "http_" #d "3",        \
	    "http_" #d "4", "http_" #d "5", "http_" #d "6", "http_" #d "7",    \
	    "http_" #d "8", "http_" #d "9"
#define HUNDRED(d)                                                             \
	TEN(d##0), TEN(d##1), TEN(d##2), TEN(d##3), TEN(d##4), TEN(d##5),      \
	    TEN(d##6), TEN(d##7), TEN(d##8), TEN(d##9)

static const char *const STATUS_WORDS[] = {HUNDRED(1), HUNDRED(2), HUNDRED(3),
					   HUNDRED(4), HUNDRED(5)};

static const char *status_word(int status)
{
	return status >= 100 && status <= 599 ? STATUS_WORDS[status - 100]
					      : "http_odd";
}

struct status_row {
	int from, to;
	enum outcome outcome;
	bool parks_at_once;
};

/* First match; everything else is RETRY. 409, 503 and the 2xx that must show a
 * lead have a rule of their own below. */
static const struct status_row STATUSES[] = {
    {201, 202, OUTCOME_SENT, false},  {204, 204, OUTCOME_SENT, false},
    {200, 299, OUTCOME_PARK, false},  {300, 399, OUTCOME_PARK, false},
    {400, 400, OUTCOME_DEAD, false},  {401, 401, OUTCOME_PARK, true},
    {403, 405, OUTCOME_PARK, false},  {407, 407, OUTCOME_PARK, true},
    {409, 409, OUTCOME_DEAD, false},  {410, 410, OUTCOME_PARK, false},
    {412, 412, OUTCOME_PARK, false},  {413, 413, OUTCOME_DEAD, false},
    {415, 415, OUTCOME_PARK, false},  {417, 417, OUTCOME_PARK, false},
    {422, 422, OUTCOME_DEAD, false},  {429, 429, OUTCOME_LIMITED, false},
    {451, 451, OUTCOME_DEAD, false},  {501, 501, OUTCOME_PARK, false},
    {505, 505, OUTCOME_PARK, false},  {511, 511, OUTCOME_PARK, false},
    {100, 599, OUTCOME_RETRY, false},
};

static const struct status_row *status_row(int status)
{
	static const struct status_row odd = {0, 0, OUTCOME_RETRY, false};
	for (size_t i = 0; i < sizeof(STATUSES) / sizeof(STATUSES[0]); i++)
		if (status >= STATUSES[i].from && status <= STATUSES[i].to)
			return &STATUSES[i];
	return &odd;
}

static const struct outcome_override *
override_of(int status, const struct outcome_override *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].status == status)
			return &list[i];
	return NULL;
}

/* 200 and the unusual 2xx: a login page or a parked domain says 200 to
 * everything, so the answer must look like the CRM's. */
static void judge_success(const struct attempt_result *r, struct verdict *v)
{
	if (answer_has_lead(r->body)) {
		v->outcome = OUTCOME_SENT;
	} else if (!r->body_complete && r->body.n < ANSWER_BODY_MAX) {
		v->outcome = OUTCOME_RETRY;
		v->reason = "answer_cut_off";
		v->ambiguous = true;
	} else {
		v->reason = "unexpected_answer";
	}
}

static void judge_waits(const struct attempt_result *r, struct verdict *v)
{
	if (v->outcome != OUTCOME_LIMITED && v->outcome != OUTCOME_RETRY)
		return;
	v->wait_ms = header_retry_after(r);
	if (v->wait_ms < 0 && v->outcome == OUTCOME_LIMITED)
		v->wait_ms = header_rate_reset(r);
}

static struct verdict judge_answer(const struct attempt_result *r,
				   const struct outcome_override *override)
{
	const struct status_row *row = status_row(r->status);
	struct verdict v = {
	    .outcome = row->outcome,
	    .reason = status_word(r->status),
	    .wait_ms = -1,
	    .parks_at_once = row->parks_at_once,
	};
	if (r->status == 409 && answer_in_progress(r->body)) {
		/* Never by an override: it may yet be created. */
		v.outcome = OUTCOME_RETRY;
		v.reason = "in_progress";
		v.wait_ms = IN_PROGRESS_WAIT_MS;
		v.ambiguous = true;
		return v;
	}
	if (override != NULL) {
		v.outcome = override->outcome;
		v.parks_at_once &= v.outcome == OUTCOME_PARK;
	} else if (r->status == 409) {
		v.reason = "idempotency_conflict";
	} else if (r->status == 503 && header_retry_after(r) >= 0) {
		v.outcome = OUTCOME_LIMITED;
	} else if (row->outcome == OUTCOME_PARK && row->from == 200) {
		judge_success(r, &v);
	}
	judge_waits(r, &v);
	v.ambiguous |= v.outcome == OUTCOME_RETRY && r->status >= 500;
	v.transient = v.outcome == OUTCOME_RETRY;
	return v;
}

struct verdict outcome_judge(const struct attempt_result *result,
			     const struct outcome_override *overrides,
			     size_t n_overrides)
{
	if (result->transport == TRANSPORT_ANSWERED)
		return judge_answer(
		    result,
		    override_of(result->status, overrides, n_overrides));
	const struct transport_row *row = &TRANSPORTS[result->transport];
	return (struct verdict){
	    .outcome = row->outcome,
	    .reason = row->name,
	    .wait_ms = -1,
	    .ambiguous = row->ambiguous,
	    .transient = row->outcome == OUTCOME_RETRY,
	};
}
