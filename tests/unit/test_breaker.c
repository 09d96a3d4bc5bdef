/* SPDX-License-Identifier: MIT */
/* The breaker: when it opens, how it probes, when it closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/breaker.h"

static void fails(struct breaker *b, int64_t now, int64_t lead)
{
	breaker_learn(b, now, lead, breaker_sent(b, now), BREAKER_FAILED);
}

static void answer(struct breaker *b, int64_t now, int64_t lead)
{
	breaker_learn(b, now, lead, breaker_sent(b, now), BREAKER_ANSWERED);
}

static void open_with_five(struct breaker *b, int64_t now)
{
	breaker_init(b, 5, 5000, 120000);
	for (int64_t i = 1; i <= 5; i++)
		fails(b, now, i);
	assert_int_equal(b->state, BREAKER_OPEN);
}

static void test_opens_after_five_leads_in_a_row(void **state)
{
	(void)state;
	struct breaker b;
	breaker_init(&b, 5, 5000, 120000);
	for (int64_t i = 1; i <= 4; i++)
		fails(&b, 1000, i);
	assert_true(breaker_allows(&b, 1000, false));
	answer(&b, 1000, 9);
	for (int64_t i = 1; i <= 3; i++)
		fails(&b, 1000, i);
	assert_int_equal(b.state, BREAKER_CLOSED);
	fails(&b, 1000, 4);
	assert_int_equal(b.state, BREAKER_CLOSED);
	fails(&b, 1000, 5);
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_false(breaker_allows(&b, 1001, false));
	assert_in_range(b.open_until, 1000 + 4000, 1000 + 6000);
}

static void test_one_lead_counts_once(void **state)
{
	(void)state;
	struct breaker b;
	breaker_init(&b, 5, 5000, 120000);
	for (int i = 0; i < 9; i++)
		fails(&b, 1000, 7);
	assert_int_equal(b.state, BREAKER_CLOSED);
}

static void test_opens_at_half_of_ten_in_a_minute(void **state)
{
	(void)state;
	struct breaker b;
	breaker_init(&b, 5, 5000, 120000);
	for (int64_t i = 0; i < 4; i++) {
		answer(&b, 10000, 100 + i);
		fails(&b, 10000, i);
	}
	answer(&b, 10000, 200);
	assert_int_equal(b.state, BREAKER_CLOSED);
	fails(&b, 10000, 201); /* the tenth: 5 of 10 */
	assert_int_equal(b.state, BREAKER_OPEN);

	breaker_init(&b, 5, 5000, 120000);
	for (int64_t i = 0; i < 4; i++) {
		answer(&b, 10000, 100 + i);
		fails(&b, 10000, i);
	}
	answer(&b, 10000, 200);
	fails(&b, 75000, 201); /* the others are over a minute old */
	assert_int_equal(b.state, BREAKER_CLOSED);
}

static void test_half_open_sends_one_and_two_successes_close(void **state)
{
	(void)state;
	struct breaker b;
	open_with_five(&b, 0);
	int64_t now = b.open_until;
	assert_true(breaker_allows(&b, now, false));
	assert_true(breaker_sent(&b, now));
	assert_false(breaker_allows(&b, now, true));
	/* An answer from before it opened teaches nothing. */
	breaker_learn(&b, now, 3, false, BREAKER_ANSWERED);
	assert_false(breaker_allows(&b, now, true));
	breaker_learn(&b, now, 10, true, BREAKER_ANSWERED);
	assert_int_equal(b.state, BREAKER_HALF_OPEN);
	assert_true(breaker_allows(&b, now, false));
	answer(&b, now, 11);
	assert_int_equal(b.state, BREAKER_CLOSED);
}

static void test_open_time_doubles_to_its_most(void **state)
{
	(void)state;
	struct breaker b;
	int64_t base = 5000, now = 0;
	open_with_five(&b, now);
	for (int i = 0; i < 8; i++) {
		assert_in_range(b.open_until - now, base * 4 / 5, base * 6 / 5);
		now = b.open_until;
		assert_true(breaker_allows(&b, now, false));
		fails(&b, now, 50 + i);
		assert_int_equal(b.state, BREAKER_OPEN);
		base = base * 2 < 120000 ? base * 2 : 120000;
	}
	breaker_reset(&b);
	assert_true(breaker_allows(&b, now, false));
	for (int64_t i = 1; i <= 5; i++)
		fails(&b, now, i);
	assert_in_range(b.open_until - now, 4000, 6000);
}

static void test_fresh_lead_probes_early_but_not_often(void **state)
{
	(void)state;
	struct breaker b;
	open_with_five(&b, 0);
	fails(&b, b.open_until, 20); /* now open about 10 s */
	int64_t since = b.probed_at;
	assert_false(breaker_allows(&b, since + 4999, true));
	assert_false(breaker_allows(&b, since + 5000, false));
	assert_true(breaker_allows(&b, since + 5000, true));
}

static void test_probe_without_lesson_frees_its_place(void **state)
{
	(void)state;
	struct breaker b;
	open_with_five(&b, 0);
	int64_t now = b.open_until;
	breaker_learn(&b, now, 1, breaker_sent(&b, now), BREAKER_NOTHING);
	assert_int_equal(b.state, BREAKER_HALF_OPEN);
	assert_true(breaker_allows(&b, now, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_opens_after_five_leads_in_a_row),
	    cmocka_unit_test(test_one_lead_counts_once),
	    cmocka_unit_test(test_opens_at_half_of_ten_in_a_minute),
	    cmocka_unit_test(test_half_open_sends_one_and_two_successes_close),
	    cmocka_unit_test(test_open_time_doubles_to_its_most),
	    cmocka_unit_test(test_fresh_lead_probes_early_but_not_often),
	    cmocka_unit_test(test_probe_without_lesson_frees_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
