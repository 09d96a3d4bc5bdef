/* SPDX-License-Identifier: MIT */
/* The limiter against a plain model: never more than N in any window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "delivery/limiter.h"

#define LIST(array)                                                            \
	((struct rate_list){array, sizeof(array) / sizeof((array)[0])})

static struct rate per_minute[] = {{60, 60000}};
static struct rate both[] = {{5, 1000}, {12, 10000}};
static struct rate large[] = {{100000, 60000}};

static void test_no_rate_means_no_limit(void **state)
{
	(void)state;
	struct rate_list none = {NULL, 0};
	struct limiter *l = limiter_new(&none);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(limiter_ready_at(l, 1), 0);
		limiter_take(l, 1);
	}
	assert_int_equal(limiter_left(l, 1), -1);
	limiter_free(l);
}

static void test_token_is_held_until_answer_plus_window(void **state)
{
	(void)state;
	struct rate one[] = {{1, 1000}};
	struct rate_list rates = LIST(one);
	struct limiter *l = limiter_new(&rates);
	assert_int_equal(limiter_ready_at(l, 100), 0);
	limiter_take(l, 100);
	assert_true(limiter_ready_at(l, 5000) == LIMITER_NEVER);
	limiter_answered(l, 5000);
	assert_int_equal(limiter_ready_at(l, 5000), 6000);
	assert_int_equal(limiter_ready_at(l, 5999), 6000);
	assert_int_equal(limiter_ready_at(l, 6000), 0);
	limiter_take(l, 6000);
	limiter_return(l);
	assert_int_equal(limiter_ready_at(l, 6000), 0);
	limiter_free(l);
}

/* Arrivals anywhere between sending and answer: none of the windows of the
 * model may ever hold more than its number. */
static void check_windows(const int64_t *at, size_t n,
			  const struct rate_list *rates)
{
	for (size_t r = 0; r < rates->n; r++) {
		size_t count = (size_t)rates->v[r].count;
		for (size_t i = 0; i + count < n; i++)
			assert_true(at[i + count] - at[i] >=
				    rates->v[r].window_ms);
	}
}

static void test_no_window_ever_holds_more(void **state)
{
	(void)state;
	enum { N = 400 };
	static int64_t at[N];
	struct rate_list rates = LIST(both);
	struct limiter *l = limiter_new(&rates);
	int64_t now = 1;
	for (size_t i = 0; i < N; i++) {
		int64_t ready = limiter_ready_at(l, now);
		if (ready > 0) {
			assert_true(ready > now && ready != LIMITER_NEVER);
			now = ready;
			assert_int_equal(limiter_ready_at(l, now), 0);
		}
		limiter_take(l, now);
		int64_t latency = (int64_t)crypto_random_below(300);
		at[i] =
		    now + (int64_t)crypto_random_below((uint64_t)latency + 1);
		now += latency;
		limiter_answered(l, now);
	}
	check_windows(at, N, &rates);
	limiter_free(l);
}

static void test_large_numbers_stay_below_too(void **state)
{
	(void)state;
	struct rate_list rates = LIST(large);
	struct limiter *l = limiter_new(&rates);
	int64_t now = 10, sent = 0;
	while (now < 60000) {
		for (int i = 0; i < 50 && limiter_ready_at(l, now) == 0; i++) {
			limiter_take(l, now);
			limiter_answered(l, now);
			sent++;
		}
		now += 10;
	}
	assert_int_equal(sent, 100000);
	/* Full use again within a sub-window of the exact time. */
	int64_t ready = limiter_ready_at(l, now);
	assert_in_range(ready, 60010, 60010 + 60000 / 64 * 2);
	limiter_free(l);
}

static void test_headers_correct_downwards(void **state)
{
	(void)state;
	struct rate_list rates = LIST(per_minute);
	struct limiter *l = limiter_new(&rates);
	limiter_take(l, 1000);
	limiter_answered(l, 1100);
	assert_int_equal(limiter_left(l, 1100), 59);
	/* Somebody else uses the key too. */
	struct rate_hint hint = {60, 10, 20000, -1};
	limiter_hint(l, &hint, 1000, 1100);
	assert_int_equal(limiter_left(l, 1100), 10);
	/* More than we think: ours counts. */
	hint.remaining = 60;
	limiter_hint(l, &hint, 1200, 1300);
	assert_int_equal(limiter_left(l, 1300), 59);
	hint.remaining = 0;
	limiter_hint(l, &hint, 1400, 1500);
	assert_int_equal(limiter_ready_at(l, 1500), 21500);
	/* Late: it left before the one that said 0. */
	hint.remaining = 40;
	limiter_hint(l, &hint, 1300, 1600);
	assert_int_equal(limiter_left(l, 1600), 0);
	assert_int_equal(limiter_ready_at(l, 21500), 0);
	limiter_free(l);
}

static void test_unconfigured_limit_is_learned(void **state)
{
	(void)state;
	struct rate_list none = {NULL, 0};
	struct limiter *l = limiter_new(&none);
	limiter_take(l, 1000);
	limiter_answered(l, 1000);
	struct rate_hint hint = {60, 2, 30000, -1};
	limiter_hint(l, &hint, 1000, 1000);
	assert_int_equal(limiter_left(l, 1000), 2);
	limiter_take(l, 1000);
	limiter_take(l, 1000);
	assert_int_equal(limiter_ready_at(l, 1000), 31000);
	assert_int_equal(limiter_ready_at(l, 31000), 0);
	assert_int_equal(limiter_left(l, 31000), -1);
	limiter_free(l);
}

static void test_reconfiguration_keeps_history(void **state)
{
	(void)state;
	struct rate_list rates = LIST(per_minute);
	struct limiter *l = limiter_new(&rates);
	for (int i = 0; i < 40; i++) {
		limiter_take(l, 1000 + i);
		limiter_answered(l, 1000 + i);
	}
	struct rate fewer[] = {{10, 60000}};
	struct rate_list next = LIST(fewer);
	limiter_configure(l, &next);
	/* The 31st answer must be a minute old before one may go. */
	assert_int_equal(limiter_ready_at(l, 2000), 1030 + 60000);
	struct rate more[] = {{100, 60000}, {1, 5}};
	next = LIST(more);
	limiter_configure(l, &next);
	assert_int_equal(limiter_ready_at(l, 2000), 0);
	limiter_free(l);
}

static void test_what_was_sent_before_the_start_counts(void **state)
{
	(void)state;
	struct rate_list rates = LIST(both);
	struct limiter *l = limiter_new(&rates);
	size_t most = 0;
	assert_int_equal(limiter_blank(l, &most), 10000);
	assert_int_equal(most, 12);
	limiter_expect(l);
	assert_true(limiter_ready_at(l, 100) == LIMITER_NEVER);
	/* Out of order, one before the monotonic clock began. */
	limiter_recall(l, 90);
	limiter_recall(l, -500);
	limiter_recall(l, 40);
	limiter_recall(l, 80);
	limiter_recall(l, 85);
	limiter_recalled(l, 100);
	assert_int_equal(limiter_blank(l, &most), 0);
	assert_int_equal(limiter_left(l, 100), 0);
	assert_int_equal(limiter_ready_at(l, 100), -500 + 1000);
	/* Nobody asked: it changes nothing. */
	limiter_recall(l, 95);
	limiter_recalled(l, 100);
	assert_int_equal(limiter_ready_at(l, 500), 0);
	limiter_free(l);
}

static void test_a_new_window_asks_and_the_old_ones_know(void **state)
{
	(void)state;
	struct rate_list rates = LIST(per_minute);
	struct limiter *l = limiter_new(&rates);
	size_t most = 0;
	limiter_expect(l);
	limiter_recalled(l, 1000);
	limiter_take(l, 1000);
	limiter_answered(l, 1001);
	struct rate more[] = {{60, 60000}, {2, 3600000}};
	struct rate_list next = LIST(more);
	limiter_configure(l, &next);
	assert_int_equal(limiter_blank(l, &most), 3600000);
	limiter_expect(l);
	limiter_recall(l, 1001);
	limiter_recall(l, 900);
	limiter_recalled(l, 2000);
	assert_int_equal(limiter_ready_at(l, 2000), 900 + 3600000);
	assert_int_equal(limiter_left(l, 900 + 3600000), 1);
	limiter_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_rate_means_no_limit),
	    cmocka_unit_test(test_token_is_held_until_answer_plus_window),
	    cmocka_unit_test(test_no_window_ever_holds_more),
	    cmocka_unit_test(test_large_numbers_stay_below_too),
	    cmocka_unit_test(test_headers_correct_downwards),
	    cmocka_unit_test(test_unconfigured_limit_is_learned),
	    cmocka_unit_test(test_reconfiguration_keeps_history),
	    cmocka_unit_test(test_what_was_sent_before_the_start_counts),
	    cmocka_unit_test(test_a_new_window_asks_and_the_old_ones_know),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
