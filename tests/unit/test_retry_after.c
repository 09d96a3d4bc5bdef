/* SPDX-License-Identifier: MIT */
/* Retry-After in every form a server may send it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/headers.h"

/* Sun, 22 Nov 2026 21:00:00 GMT */
#define NOW    INT64_C(1795381200000)
#define SIX_H  (6 * 3600 * 1000)
#define ABSENT (-1)

static const struct {
	const char *name, *value, *date;
	int64_t ms;
} ROWS[] = {
    {"absent", NULL, NULL, ABSENT},
    {"empty", "", NULL, ABSENT},
    {"seconds", "30", NULL, 30000},
    {"blanks around", "  7 ", NULL, 7000},
    {"zero is a second", "0", NULL, 1000},
    {"decimals", "1.5", NULL, 1500},
    {"a tiny part counts", "2.0001", NULL, 2001},
    {"decimals below a second", "0.2", NULL, 1000},
    {"a point without digits", "3.", NULL, ABSENT},
    {"two points", "3.1.2", NULL, ABSENT},
    {"a day is six hours", "86400", NULL, SIX_H},
    {"many digits that fit", "999999999999", NULL, SIX_H},
    {"overflow", "99999999999999999999999", NULL, ABSENT},
    {"negative", "-5", NULL, ABSENT},
    {"plus sign", "+5", NULL, ABSENT},
    {"unit", "5s", NULL, ABSENT},
    {"hex", "0x10", NULL, ABSENT},
    {"exponent", "1e3", NULL, ABSENT},
    {"words", "soon", NULL, ABSENT},
    {"date by our clock", "Sun, 22 Nov 2026 21:01:00 GMT", NULL, 60000},
    {"date by their clock", "Sun, 22 Nov 2026 21:01:00 GMT",
     "Sun, 22 Nov 2026 21:00:50 GMT", 10000},
    {"their clock runs an hour late", "Sun, 22 Nov 2026 20:00:30 GMT",
     "Sun, 22 Nov 2026 20:00:00 GMT", 30000},
    {"malformed Date falls back", "Sun, 22 Nov 2026 21:01:00 GMT", "yesterday",
     60000},
    {"past date", "Sun, 22 Nov 2026 20:59:00 GMT", NULL, 1000},
    {"far date", "Mon, 23 Nov 2026 21:00:00 GMT", NULL, SIX_H},
    {"RFC 850 date", "Sunday, 22-Nov-26 21:00:10 GMT", NULL, 10000},
    {"asctime date", "Sun Nov 22 21:00:10 2026", NULL, 10000},
    {"impossible date", "Sun, 32 Nov 2026 21:00:10 GMT", NULL, ABSENT},
};

static void test_retry_after_table(void **state)
{
	(void)state;
	size_t failed = 0;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct attempt_result r = {
		    .retry_after = str_from(ROWS[i].value),
		    .date = str_from(ROWS[i].date),
		    .received_at_ms = NOW,
		};
		int64_t ms = header_retry_after(&r);
		if (ms == ROWS[i].ms)
			continue;
		print_error("%s: %lld instead of %lld\n", ROWS[i].name,
			    (long long)ms, (long long)ROWS[i].ms);
		failed++;
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_retry_after_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
