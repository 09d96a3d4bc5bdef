/* SPDX-License-Identifier: MIT */
/* Back-off: the schedule, its jitter, floors that are never undercut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/backoff.h"

static int64_t steps[] = {0,      2000,   10000,   30000,   120000,
			  300000, 600000, 1200000, 2400000, 3600000};
static const struct destination_config CONFIG = {
    .retry = {steps, sizeof(steps) / sizeof(steps[0])},
    .retry_every_ms = 7200000,
};

static void test_schedule_then_retry_every(void **state)
{
	(void)state;
	static const int64_t expected[] = {0,       2000,    10000,   30000,
					   120000,  300000,  600000,  1200000,
					   2400000, 3600000, 7200000, 7200000};
	for (uint32_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(backoff_delay(&CONFIG, i), expected[i]);
	assert_int_equal(backoff_delay(&CONFIG, UINT32_MAX), 7200000);
}

static void test_jitter_spreads_within_half_and_three_halves(void **state)
{
	(void)state;
	int64_t min = INT64_MAX, max = 0;
	for (int i = 0; i < 2000; i++) {
		int64_t d = backoff_jitter(10000);
		min = d < min ? d : min;
		max = d > max ? d : max;
	}
	assert_in_range(min, 5000, 5500);
	assert_in_range(max, 14500, 15000);
	assert_int_equal(backoff_jitter(0), 0);
}

static void test_floors_only_grow(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		assert_in_range(backoff_later(10000), 10000, 11000);
		assert_in_range(backoff_later(3600000), 3600000, 3630000);
		/* schedule says 2 s, the other side 60 s */
		assert_in_range(backoff_next(&CONFIG, 1, 60000), 60000, 66000);
		/* schedule says 30 s, the other side 1 s */
		assert_in_range(backoff_next(&CONFIG, 3, 1000), 15000, 45000);
		assert_in_range(backoff_next(&CONFIG, 1, -1), 1000, 3000);
	}
	assert_int_equal(backoff_later(0), 0);
	assert_int_equal(backoff_later(5), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_schedule_then_retry_every),
	    cmocka_unit_test(test_jitter_spreads_within_half_and_three_halves),
	    cmocka_unit_test(test_floors_only_grow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
