/* SPDX-License-Identifier: MIT */
/* The wheel of deadlines: never early, at most a tick late, whatever the other
 * timeouts do. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ingress/wheel.h"

enum { START = 123456 };

static struct wheel wheel;
static struct timeout timeouts[8];
static int fired[8];
static int64_t now;

static void on_due(struct timeout *t)
{
	long i = t - timeouts;
	assert_true(t->due_ms <= now);
	assert_true(now - t->due_ms <= WHEEL_TICK_MS);
	fired[i]++;
}

static int begin(void **state)
{
	(void)state;
	now = START;
	wheel_init(&wheel, now);
	for (int i = 0; i < 8; i++) {
		list_init(&timeouts[i].link);
		fired[i] = 0;
	}
	return 0;
}

static void run_until(int64_t end)
{
	for (; now < end; now += 7)
		wheel_turn(&wheel, now, on_due);
}

static void test_each_fires_once_in_time(void **state)
{
	(void)state;
	static const int64_t in_ms[8] = {-5,    0,     1,      99,
					 51200, 51299, 102400, 300000};
	for (int i = 0; i < 8; i++) {
		timeouts[i].due_ms = 0;
		/* what is due already fires at the next tick */
		wheel_set(&wheel, &timeouts[i],
			  START + (in_ms[i] > 0 ? in_ms[i] : 1));
	}
	assert_int_equal(wheel.count, 8);
	run_until(START + 301000);
	for (int i = 0; i < 8; i++)
		assert_int_equal(fired[i], 1);
	assert_int_equal(wheel.count, 0);
}

static void test_moved_and_cleared_ones_do_not_fire_at_the_old_time(void **s)
{
	(void)s;
	wheel_set(&wheel, &timeouts[0], START + 1000);
	wheel_set(&wheel, &timeouts[1], START + 1000);
	wheel_set(&wheel, &timeouts[0], START + 5000);
	wheel_clear(&wheel, &timeouts[1]);
	wheel_clear(&wheel, &timeouts[1]);
	run_until(START + 2000);
	assert_int_equal(fired[0] + fired[1], 0);
	run_until(START + 6000);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 0);
}

static void on_due_clears_the_other(struct timeout *t)
{
	on_due(t);
	wheel_clear(&wheel, &timeouts[t == &timeouts[0] ? 1 : 0]);
	wheel_set(&wheel, t, now + 1000);
}

static void test_a_callback_may_clear_and_set(void **state)
{
	(void)state;
	wheel_set(&wheel, &timeouts[0], START + 50);
	wheel_set(&wheel, &timeouts[1], START + 50);
	now = START + 144;
	wheel_turn(&wheel, now, on_due_clears_the_other);
	assert_int_equal(fired[0] + fired[1], 1);
	assert_int_equal(wheel.count, 1);
}

static void count_only(struct timeout *t)
{
	fired[t - timeouts]++;
}

static void test_a_long_sleep_skips_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		wheel_set(&wheel, &timeouts[i], START + 1 + i * 60000);
	wheel_turn(&wheel, START + 3600000, count_only);
	for (int i = 0; i < 8; i++)
		assert_int_equal(fired[i], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_each_fires_once_in_time, begin),
	    cmocka_unit_test_setup(
		test_moved_and_cleared_ones_do_not_fire_at_the_old_time, begin),
	    cmocka_unit_test_setup(test_a_callback_may_clear_and_set, begin),
	    cmocka_unit_test_setup(test_a_long_sleep_skips_nothing, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
