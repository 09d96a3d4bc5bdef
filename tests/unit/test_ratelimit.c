/* SPDX-License-Identifier: MIT */
/* The three families of RateLimit headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/headers.h"

/* Sun, 22 Nov 2026 21:00:00 GMT */
#define NOW INT64_C(1795381200000)

struct row {
	const char *name;
	const char *limit, *remaining, *reset; /* three headers */
	const char *structured, *policy;
	size_t n;
	struct rate_hint hints[3];
	int64_t wait; /* header_rate_reset */
};

static const struct row ROWS[] = {
    {.name = "nothing", .n = 0, .wait = -1},
    {.name = "three headers",
     .limit = "60",
     .remaining = "12",
     .reset = "30",
     .n = 1,
     .hints = {{60, 12, 30000, -1}},
     .wait = 30000},
    {.name = "nothing left",
     .limit = "60",
     .remaining = "0",
     .reset = "17",
     .n = 1,
     .hints = {{60, 0, 17000, -1}},
     .wait = 17000},
    {.name = "policy in the limit header",
     .limit = "60, 60;w=60, 1000;w=3600",
     .remaining = "3",
     .reset = "5",
     .n = 1,
     .hints = {{60, 3, 5000, 60000}},
     .wait = 5000},
    {.name = "reset as epoch",
     .limit = "60",
     .remaining = "0",
     .reset = "1795381245",
     .n = 1,
     .hints = {{60, 0, 45000, -1}},
     .wait = 45000},
    {.name = "reset as epoch in milliseconds",
     .limit = "60",
     .remaining = "0",
     .reset = "1795381245000",
     .n = 1,
     .hints = {{60, 0, 45000, -1}},
     .wait = 45000},
    {.name = "epoch in the past",
     .limit = "60",
     .remaining = "0",
     .reset = "1795381100",
     .n = 1,
     .hints = {{60, 0, 0, -1}},
     .wait = 1000},
    {.name = "remaining alone",
     .remaining = "4",
     .n = 1,
     .hints = {{-1, 4, -1, -1}},
     .wait = -1},
    {.name = "negative remaining is nothing",
     .limit = "60",
     .remaining = "-1",
     .reset = "5",
     .n = 0,
     .wait = 5000},
    {.name = "words",
     .limit = "many",
     .remaining = "few",
     .reset = "soon",
     .wait = -1},
    {.name = "structured",
     .structured = "\"default\";r=50;t=30",
     .policy = "\"default\";q=100;w=60",
     .n = 1,
     .hints = {{100, 50, 30000, 60000}},
     .wait = -1},
    {.name = "structured, two windows",
     .structured = "\"burst\";r=0;t=9, \"hour\";r=700;t=1800",
     .policy = "\"hour\";q=1000;w=3600, \"burst\";q=60;w=60",
     .n = 2,
     .hints = {{60, 0, 9000, 60000}, {1000, 700, 1800000, 3600000}},
     .wait = 9000},
    {.name = "structured without policy",
     .structured = "\"x\";r=1;t=2",
     .n = 1,
     .hints = {{-1, 1, 2000, -1}},
     .wait = -1},
    {.name = "structured wins over three headers",
     .limit = "60",
     .remaining = "59",
     .reset = "60",
     .structured = "\"x\";r=1;t=2",
     .n = 1,
     .hints = {{-1, 1, 2000, -1}},
     .wait = 60000},
    {.name = "key=value form",
     .structured = "limit=100, remaining=0, reset=30",
     .policy = "100;w=60",
     .n = 1,
     .hints = {{100, 0, 30000, 60000}},
     .wait = 30000},
    {.name = "structured without numbers",
     .structured = "\"x\";r=a;t=b",
     .wait = -1},
    {.name = "structured cut short", .structured = "\"x", .wait = -1},
};

static bool same(const struct row *row, const struct rate_hint *got, size_t n,
		 int64_t wait)
{
	if (n != row->n || wait != row->wait)
		return false;
	for (size_t i = 0; i < n; i++)
		if (got[i].limit != row->hints[i].limit ||
		    got[i].remaining != row->hints[i].remaining ||
		    got[i].reset_ms != row->hints[i].reset_ms ||
		    got[i].window_ms != row->hints[i].window_ms)
			return false;
	return true;
}

static void test_ratelimit_table(void **state)
{
	(void)state;
	size_t failed = 0;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const struct row *row = &ROWS[i];
		struct attempt_result r = {
		    .ratelimit_limit = str_from(row->limit),
		    .ratelimit_remaining = str_from(row->remaining),
		    .ratelimit_reset = str_from(row->reset),
		    .ratelimit = str_from(row->structured),
		    .ratelimit_policy = str_from(row->policy),
		    .received_at_ms = NOW,
		};
		struct rate_hint hints[RATE_HINTS_MAX];
		size_t n = header_rate_hints(&r, hints);
		int64_t wait = header_rate_reset(&r);
		if (same(row, hints, n, wait))
			continue;
		print_error("%s: %zu hints, wait %lld", row->name, n,
			    (long long)wait);
		for (size_t k = 0; k < n; k++)
			print_error(" {%lld %lld %lld %lld}",
				    (long long)hints[k].limit,
				    (long long)hints[k].remaining,
				    (long long)hints[k].reset_ms,
				    (long long)hints[k].window_ms);
		print_error("\n");
		failed++;
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ratelimit_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
