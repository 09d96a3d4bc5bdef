/* SPDX-License-Identifier: MIT */
/* Every row of the outcome table: what came back and what it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leadbridge/outcome.h"

#define LEAD "{\"lead\":{\"id\":\"7\"}}"

enum { AT_ONCE = 1, AMBIGUOUS = 2, TRANSIENT = 4, CUT_OFF = 8 };

struct row {
	const char *name;
	int status; /* 0: by transport */
	enum transport transport;
	const char *body, *retry_after, *reset;
	unsigned in; /* CUT_OFF */
	enum outcome outcome;
	const char *reason;
	int64_t wait_ms;
	unsigned flags;
};

#define S OUTCOME_SENT
#define R OUTCOME_RETRY
#define L OUTCOME_LIMITED
#define P OUTCOME_PARK
#define D OUTCOME_DEAD

#define STATUS(code, what, flag)                                               \
	{                                                                      \
		.name = #code, .status = code, .outcome = what,                \
		.reason = "http_" #code, .wait_ms = -1, .flags = flag          \
	}
#define FAILS (AMBIGUOUS | TRANSIENT)

static const struct row ROWS[] = {
    STATUS(201, S, 0),
    STATUS(202, S, 0),
    STATUS(204, S, 0),
    {.name = "201 cut off after the headers",
     .status = 201,
     .body = "{\"le",
     .in = CUT_OFF,
     .outcome = S,
     .reason = "http_201",
     .wait_ms = -1},
    {.name = "201 with a body that is no JSON",
     .status = 201,
     .body = "<html>",
     .outcome = S,
     .reason = "http_201",
     .wait_ms = -1},
    {.name = "200 with a lead",
     .status = 200,
     .body = LEAD,
     .outcome = S,
     .reason = "http_200",
     .wait_ms = -1},
    {.name = "200 login page",
     .status = 200,
     .body = "<html>",
     .outcome = P,
     .reason = "unexpected_answer",
     .wait_ms = -1},
    {.name = "200 empty",
     .status = 200,
     .outcome = P,
     .reason = "unexpected_answer",
     .wait_ms = -1},
    {.name = "200 other JSON",
     .status = 200,
     .body = "{\"ok\":true}",
     .outcome = P,
     .reason = "unexpected_answer",
     .wait_ms = -1},
    {.name = "200 array",
     .status = 200,
     .body = "[" LEAD "]",
     .outcome = P,
     .reason = "unexpected_answer",
     .wait_ms = -1},
    {.name = "200 cut off",
     .status = 200,
     .body = "{\"lead\":{",
     .in = CUT_OFF,
     .outcome = R,
     .reason = "answer_cut_off",
     .wait_ms = -1,
     .flags = FAILS},
    {.name = "203 with a lead",
     .status = 203,
     .body = LEAD,
     .outcome = S,
     .reason = "http_203",
     .wait_ms = -1},
    {.name = "206 without",
     .status = 206,
     .outcome = P,
     .reason = "unexpected_answer",
     .wait_ms = -1},
    STATUS(300, P, 0),
    STATUS(301, P, 0),
    STATUS(302, P, 0),
    STATUS(304, P, 0),
    STATUS(307, P, 0),
    STATUS(308, P, 0),
    STATUS(400, D, 0),
    STATUS(401, P, AT_ONCE),
    STATUS(402, R, TRANSIENT),
    STATUS(403, P, 0),
    STATUS(404, P, 0),
    STATUS(405, P, 0),
    STATUS(406, R, TRANSIENT),
    STATUS(407, P, AT_ONCE),
    STATUS(408, R, TRANSIENT),
    {.name = "409",
     .status = 409,
     .outcome = D,
     .reason = "idempotency_conflict",
     .wait_ms = -1},
    {.name = "409 in progress by message",
     .status = 409,
     .body = "{\"error\":{\"message\":\"Request In Progress\"}}",
     .outcome = R,
     .reason = "in_progress",
     .wait_ms = 5000,
     .flags = AMBIGUOUS},
    {.name = "409 in progress by code",
     .status = 409,
     .body = "{\"error\":{\"code\":\"idempotency_in_progress\"}}",
     .outcome = R,
     .reason = "in_progress",
     .wait_ms = 5000,
     .flags = AMBIGUOUS},
    {.name = "409 in progress outside error",
     .status = 409,
     .body = "{\"message\":\"in progress\"}",
     .outcome = D,
     .reason = "idempotency_conflict",
     .wait_ms = -1},
    STATUS(410, P, 0),
    STATUS(412, P, 0),
    STATUS(413, D, 0),
    STATUS(415, P, 0),
    STATUS(417, P, 0),
    STATUS(418, R, TRANSIENT),
    STATUS(421, R, TRANSIENT),
    STATUS(422, D, 0),
    STATUS(423, R, TRANSIENT),
    STATUS(424, R, TRANSIENT),
    STATUS(425, R, TRANSIENT),
    {.name = "429 with Retry-After",
     .status = 429,
     .retry_after = "17",
     .reset = "40",
     .outcome = L,
     .reason = "http_429",
     .wait_ms = 17000},
    {.name = "429 with RateLimit-Reset",
     .status = 429,
     .reset = "40",
     .outcome = L,
     .reason = "http_429",
     .wait_ms = 40000},
    {.name = "429 bare",
     .status = 429,
     .outcome = L,
     .reason = "http_429",
     .wait_ms = -1},
    STATUS(451, D, 0),
    STATUS(500, R, FAILS),
    STATUS(501, P, 0),
    STATUS(502, R, FAILS),
    STATUS(503, R, FAILS),
    {.name = "503 with Retry-After",
     .status = 503,
     .retry_after = "9",
     .outcome = L,
     .reason = "http_503",
     .wait_ms = 9000},
    {.name = "503 with a malformed one",
     .status = 503,
     .retry_after = "x",
     .outcome = R,
     .reason = "http_503",
     .wait_ms = -1,
     .flags = FAILS},
    {.name = "500 with Retry-After",
     .status = 500,
     .retry_after = "9",
     .outcome = R,
     .reason = "http_500",
     .wait_ms = 9000,
     .flags = FAILS},
    STATUS(504, R, FAILS),
    STATUS(505, P, 0),
    STATUS(507, R, FAILS),
    STATUS(508, R, FAILS),
    STATUS(511, P, 0),
    STATUS(599, R, FAILS),
    {.name = "odd status",
     .status = 777,
     .outcome = R,
     .reason = "http_odd",
     .wait_ms = -1,
     .flags = FAILS},
    {.name = "refused",
     .transport = TRANSPORT_REFUSED,
     .outcome = R,
     .reason = "refused",
     .wait_ms = -1,
     .flags = TRANSIENT},
    {.name = "reset",
     .transport = TRANSPORT_RESET,
     .outcome = R,
     .reason = "reset",
     .wait_ms = -1,
     .flags = FAILS},
    {.name = "connect timeout",
     .transport = TRANSPORT_TIMEOUT_CONNECT,
     .outcome = R,
     .reason = "connect_timeout",
     .wait_ms = -1,
     .flags = TRANSIENT},
    {.name = "timeout after sending",
     .transport = TRANSPORT_TIMEOUT,
     .outcome = R,
     .reason = "timeout",
     .wait_ms = -1,
     .flags = FAILS},
    {.name = "DNS",
     .transport = TRANSPORT_DNS_FAILED,
     .outcome = R,
     .reason = "dns_failed",
     .wait_ms = -1,
     .flags = TRANSIENT},
    {.name = "NXDOMAIN",
     .transport = TRANSPORT_DNS_NXDOMAIN,
     .outcome = R,
     .reason = "dns_nxdomain",
     .wait_ms = -1,
     .flags = TRANSIENT},
    {.name = "TLS reset",
     .transport = TRANSPORT_TLS_FAILED,
     .outcome = R,
     .reason = "tls_failed",
     .wait_ms = -1,
     .flags = TRANSIENT},
    {.name = "TLS untrusted",
     .transport = TRANSPORT_TLS_UNTRUSTED,
     .outcome = P,
     .reason = "tls_untrusted",
     .wait_ms = -1},
    {.name = "forbidden address",
     .transport = TRANSPORT_FORBIDDEN,
     .outcome = P,
     .reason = "address_forbidden",
     .wait_ms = -1},
    {.name = "anything else",
     .transport = TRANSPORT_OTHER,
     .outcome = R,
     .reason = "transport",
     .wait_ms = -1,
     .flags = FAILS},
};

static unsigned flags_of(const struct verdict *v)
{
	return (v->parks_at_once ? AT_ONCE : 0) |
	       (v->ambiguous ? AMBIGUOUS : 0) | (v->transient ? TRANSIENT : 0);
}

static void test_outcome_table(void **state)
{
	(void)state;
	size_t failed = 0;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const struct row *row = &ROWS[i];
		struct attempt_result r = {
		    .transport = row->transport,
		    .status = row->status,
		    .body_complete = (row->in & CUT_OFF) == 0,
		    .body = str_from(row->body),
		    .retry_after = str_from(row->retry_after),
		    .ratelimit_reset = str_from(row->reset),
		};
		struct verdict v = outcome_judge(&r, NULL, 0);
		if (v.outcome == row->outcome && v.wait_ms == row->wait_ms &&
		    strcmp(v.reason, row->reason) == 0 &&
		    flags_of(&v) == row->flags)
			continue;
		print_error("%s: %s %s wait %lld flags %u\n", row->name,
			    outcome_name(v.outcome), v.reason,
			    (long long)v.wait_ms, flags_of(&v));
		failed++;
	}
	assert_int_equal(failed, 0);
}

static const struct outcome_override OVERRIDES[] = {
    {422, OUTCOME_RETRY},   {200, OUTCOME_SENT},  {409, OUTCOME_SENT},
    {500, OUTCOME_DEAD},    {503, OUTCOME_RETRY}, {401, OUTCOME_RETRY},
    {403, OUTCOME_LIMITED},
};

static const struct {
	const char *name;
	int status;
	const char *body, *retry_after;
	enum outcome outcome;
	int64_t wait_ms;
	bool transient;
} OVERRIDDEN[] = {
    {"422 retries", 422, NULL, NULL, R, -1, true},
    {"any 200 is sent", 200, "<html>", NULL, S, -1, false},
    {"409 is sent", 409, NULL, NULL, S, -1, false},
    {"409 in progress never is", 409, "{\"error\":{\"type\":\"in_progress\"}}",
     NULL, R, 5000, false},
    {"500 is dead", 500, NULL, NULL, D, -1, false},
    {"503 with Retry-After is a floor", 503, NULL, "9", R, 9000, true},
    {"401 retries and parks nobody", 401, NULL, NULL, R, -1, true},
    {"403 is a limit", 403, NULL, "3", L, 3000, false},
    {"others stay", 400, NULL, NULL, D, -1, false},
};

static void test_overrides_replace_rows(void **state)
{
	(void)state;
	size_t failed = 0;
	for (size_t i = 0; i < sizeof(OVERRIDDEN) / sizeof(OVERRIDDEN[0]);
	     i++) {
		struct attempt_result r = {
		    .status = OVERRIDDEN[i].status,
		    .body_complete = true,
		    .body = str_from(OVERRIDDEN[i].body),
		    .retry_after = str_from(OVERRIDDEN[i].retry_after),
		};
		struct verdict v = outcome_judge(
		    &r, OVERRIDES, sizeof(OVERRIDES) / sizeof(OVERRIDES[0]));
		if (v.outcome == OVERRIDDEN[i].outcome &&
		    v.wait_ms == OVERRIDDEN[i].wait_ms &&
		    v.transient == OVERRIDDEN[i].transient && !v.parks_at_once)
			continue;
		print_error("%s: %s wait %lld\n", OVERRIDDEN[i].name,
			    outcome_name(v.outcome), (long long)v.wait_ms);
		failed++;
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_outcome_table),
	    cmocka_unit_test(test_overrides_replace_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
