/* SPDX-License-Identifier: MIT */
/* How fast a budget burns, with time handed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "operate/slo.h"

enum { MINUTE_MS = 60 * 1000 };

struct stretch { /* each minute of it the same */
	int minutes;
	unsigned good, late;
};

static const struct row {
	const char *name;
	struct stretch stretches[3];
	bool fast, slow;
} rows[] = {
    {"all in time", {{360, 10, 0}}, false, false},
    {"one late among many", {{359, 10, 0}, {1, 10, 1}}, false, false},
    {"half of them late for ten minutes",
     {{350, 10, 0}, {10, 5, 5}},
     false,
     false},
    {"half of them late for an hour", {{300, 10, 0}, {60, 5, 5}}, true, true},
    {"one in ten late for six hours", {{360, 9, 1}}, false, true},
    {"one in ten late for half an hour",
     {{330, 9, 0}, {30, 9, 1}},
     false,
     false},
    {"one in fifty late for six hours", {{360, 49, 1}}, false, false},
    {"all of them late, but it is over",
     {{240, 0, 10}, {60, 0, 10}, {60, 10, 0}},
     false,
     false},
};

static void a_burn_needs_a_short_and_a_long_window(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slo s = {0};
		int64_t now = MINUTE_MS;
		for (size_t k = 0; k < 3; k++)
			for (int m = 0; m < rows[i].stretches[k].minutes; m++) {
				slo_count(&s, now, rows[i].stretches[k].good,
					  rows[i].stretches[k].late);
				now += MINUTE_MS;
			}
		if (slo_burns(&s, SLO_FAST) != rows[i].fast ||
		    slo_burns(&s, SLO_SLOW) != rows[i].slow)
			fail_msg("%s: fast %d slow %d, burns %.1f %.1f %.1f "
				 "%.1f",
				 rows[i].name, slo_burns(&s, SLO_FAST),
				 slo_burns(&s, SLO_SLOW), slo_burn(&s, 5),
				 slo_burn(&s, 30), slo_burn(&s, 60),
				 slo_burn(&s, 360));
	}
}

static void what_was_six_hours_ago_is_forgotten(void **state)
{
	(void)state;
	struct slo s = {0};
	slo_count(&s, MINUTE_MS, 0, 100);
	slo_count(&s, (int64_t)(SLO_MINUTES + 1) * MINUTE_MS, 10, 0);
	assert_true(slo_burn(&s, SLO_MINUTES) < 0.001);
}

static void a_lead_that_waits_too_long_is_late_once_a_minute(void **state)
{
	(void)state;
	struct slo s = {0};
	for (int minute = 1; minute <= 60; minute++)
		for (int look = 0; look < 10; look++)
			slo_waits_late(&s, (int64_t)minute * MINUTE_MS + look);
	assert_true(slo_burns(&s, SLO_FAST));
	double before = slo_burn(&s, 60);
	slo_count(&s, 60 * (int64_t)MINUTE_MS, 60, 0);
	assert_true(before > 99.0 && slo_burn(&s, 60) < 51.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_burn_needs_a_short_and_a_long_window),
	    cmocka_unit_test(what_was_six_hours_ago_is_forgotten),
	    cmocka_unit_test(a_lead_that_waits_too_long_is_late_once_a_minute),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
