/* SPDX-License-Identifier: MIT */
/* Order of leads: fresh first, round robin, the backlog's quarter, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "delivery/scheduler.h"

enum { NOW = 10000000, MINUTE = 60000 };

static struct due_lead *lead(int64_t id, const char *source)
{
	struct due_lead from = {
	    .id = id,
	    .source = str_from(source),
	    .destination = STR("mega"),
	    .body = STR("{}"),
	};
	return due_lead_new(&from);
}

static void add(struct scheduler *s, int64_t id, const char *source,
		int64_t due, int64_t received)
{
	assert_non_null(scheduler_add(s, lead(id, source), due, received));
}

static int64_t next(struct scheduler *s, int64_t now)
{
	struct entry *e = scheduler_pick(s, now, 0, false);
	if (e == NULL)
		return 0;
	int64_t id = e->id;
	scheduler_forget(s, e);
	return id;
}

static void test_fresh_newest_first(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW - 3000);
	add(s, 3, "a", NOW, NOW - 1000);
	add(s, 2, "a", NOW, NOW - 2000);
	assert_int_equal(next(s, NOW), 3);
	assert_int_equal(next(s, NOW), 2);
	assert_int_equal(next(s, NOW), 1);
	assert_int_equal(next(s, NOW), 0);
	scheduler_free(s);
}

static int64_t probe(struct scheduler *s, int64_t avoid)
{
	struct entry *e = scheduler_pick(s, NOW, avoid, true);
	int64_t id = e->id;
	scheduler_forget(s, e);
	return id;
}

static void test_a_probe_is_the_newest_of_all(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	for (int64_t i = 1; i <= 9; i++)
		add(s, i, "a", NOW, NOW - 60 * MINUTE + i);
	add(s, 11, "b", NOW, NOW - 3000);
	add(s, 12, "c", NOW, NOW - 1000);
	add(s, 13, "d", NOW, NOW - 2000);
	assert_int_equal(probe(s, 0), 12);
	assert_int_equal(probe(s, 13), 11);
	assert_int_equal(probe(s, 0), 13);
	for (int64_t i = 9; i >= 1; i--) /* the backlog's, when that is all */
		assert_int_equal(probe(s, 0), i);
	assert_null(scheduler_pick(s, NOW, 0, true));
	scheduler_free(s);
}

static void test_round_robin_over_sources(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	for (int64_t i = 1; i <= 3; i++)
		add(s, i, "campaign", NOW, NOW - 10 + i);
	add(s, 10, "form", NOW, NOW - 500);
	add(s, 11, "form", NOW, NOW - 400);
	assert_int_equal(next(s, NOW), 3);
	assert_int_equal(next(s, NOW), 11);
	assert_int_equal(next(s, NOW), 2);
	assert_int_equal(next(s, NOW), 10);
	assert_int_equal(next(s, NOW), 1);
	scheduler_free(s);
}

static void test_backlog_oldest_first(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW - 20 * MINUTE);
	add(s, 2, "a", NOW, NOW - 30 * MINUTE);
	add(s, 3, "b", NOW, NOW - 25 * MINUTE);
	assert_int_equal(next(s, NOW), 2);
	assert_int_equal(next(s, NOW), 3);
	assert_int_equal(next(s, NOW), 1);
	scheduler_free(s);
}

static void test_backlog_keeps_a_quarter(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	for (int64_t i = 0; i < 100; i++) {
		add(s, 1 + i, "a", NOW, NOW - 20 * MINUTE - i);
		add(s, 1001 + i, "a", NOW, NOW - i);
	}
	int backlog = 0;
	for (int i = 1; i <= 80; i++) {
		backlog += next(s, NOW) < 1000;
		assert_true(backlog >= i / 4);
	}
	assert_int_equal(backlog, 20);
	scheduler_free(s);
}

static void test_not_due_is_not_given(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW + 500, NOW);
	assert_int_equal(next(s, NOW), 0);
	assert_int_equal(scheduler_next_due(s, NOW), NOW + 500);
	assert_int_equal(next(s, NOW + 499), 0);
	assert_int_equal(next(s, NOW + 500), 1);
	assert_true(scheduler_next_due(s, NOW) == INT64_MAX);
	scheduler_free(s);
}

static void test_fresh_ages_into_the_backlog(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW - 9 * MINUTE);
	add(s, 2, "a", NOW, NOW - 8 * MINUTE);
	assert_true(scheduler_has_fresh(s, NOW));
	int64_t later = NOW + 3 * MINUTE;
	assert_false(scheduler_has_fresh(s, later));
	assert_int_equal(next(s, later), 1);
	assert_int_equal(next(s, later), 2);
	scheduler_free(s);
}

static void test_known_id_is_not_taken_twice(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW);
	assert_null(scheduler_add(s, lead(1, "a"), NOW, NOW));
	struct entry *e = scheduler_pick(s, NOW, 0, false);
	assert_non_null(e);
	assert_null(scheduler_add(s, lead(1, "a"), NOW, NOW));
	assert_ptr_equal(scheduler_find(s, 1), e);
	scheduler_back(s, e, NOW + 10);
	assert_int_equal(next(s, NOW + 10), 1);
	add(s, 1, "a", NOW, NOW);
	scheduler_free(s);
}

static void test_refill_does_not_bring_back_what_was_settled(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW);
	scheduler_refill_begins(s);
	assert_int_equal(next(s, NOW), 1);
	assert_null(scheduler_add(s, lead(1, "a"), NOW, NOW));
	add(s, 2, "a", NOW, NOW);
	scheduler_refill_ends(s);
	add(s, 1, "a", NOW, NOW);
	scheduler_free(s);
}

static void test_avoided_only_goes_when_alone(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW - 1);
	add(s, 2, "a", NOW, NOW - 2);
	struct entry *e = scheduler_pick(s, NOW, 1, false);
	assert_int_equal(e->id, 2);
	scheduler_forget(s, e);
	e = scheduler_pick(s, NOW, 1, false);
	assert_int_equal(e->id, 1);
	scheduler_forget(s, e);
	scheduler_free(s);
}

static void test_trim_drops_backlog_first_and_keeps_the_newest(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	for (int64_t i = 0; i < SCHEDULER_LEADS_MAX; i++)
		add(s, 1 + i, "a", 0, NOW - 20 * MINUTE + i);
	/* Have them sorted into the backlog. */
	assert_int_equal(scheduler_next_due(s, NOW), 0);
	assert_true(scheduler_full(s));
	for (int64_t i = 0; i < 50; i++)
		add(s, 10001 + i, "a", NOW, NOW + i);
	assert_int_equal(scheduler_trim(s), 50);
	assert_int_equal(scheduler_waiting(s), SCHEDULER_LEADS_MAX);
	assert_int_equal(scheduler_known(s), SCHEDULER_LEADS_MAX);
	for (int64_t i = 49; i >= 0; i--) {
		int64_t id = next(s, NOW + 100);
		if (id < 10000)
			id = next(s, NOW + 100);
		if (i > 30)
			assert_true(id > 10000);
	}
	/* The oldest of the backlog survived. */
	assert_non_null(scheduler_find(s, 40));
	scheduler_free(s);
}

static void test_erased_leads_are_not_sent(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW - 3000);
	add(s, 2, "a", NOW + 1, NOW - MINUTE);
	add(s, 3, "a", NOW, NOW - 60 * MINUTE);
	scheduler_erase(s, 1);
	scheduler_erase(s, 2);
	scheduler_erase(s, 4);
	assert_int_equal(next(s, NOW + 10), 3);
	assert_int_equal(next(s, NOW + 10), 0);
	scheduler_free(s);
}

static void test_an_erased_lead_in_flight_is_its_holders(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	add(s, 1, "a", NOW, NOW - 3000);
	struct entry *e = scheduler_pick(s, NOW, 0, false);
	scheduler_erase(s, 1);
	assert_ptr_equal(scheduler_find(s, 1), e);
	scheduler_forget(s, e);
	assert_null(scheduler_find(s, 1));
	scheduler_free(s);
}

static void test_a_refill_that_read_it_before_does_not_bring_it(void **state)
{
	(void)state;
	struct scheduler *s = scheduler_new();
	scheduler_refill_begins(s);
	scheduler_erase(s, 7); /* never seen, but already read */
	assert_null(scheduler_add(s, lead(7, "a"), NOW, NOW - 3000));
	scheduler_refill_ends(s);
	assert_int_equal(next(s, NOW), 0);
	scheduler_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_erased_leads_are_not_sent),
	    cmocka_unit_test(test_an_erased_lead_in_flight_is_its_holders),
	    cmocka_unit_test(
		test_a_refill_that_read_it_before_does_not_bring_it),
	    cmocka_unit_test(test_fresh_newest_first),
	    cmocka_unit_test(test_a_probe_is_the_newest_of_all),
	    cmocka_unit_test(test_round_robin_over_sources),
	    cmocka_unit_test(test_backlog_oldest_first),
	    cmocka_unit_test(test_backlog_keeps_a_quarter),
	    cmocka_unit_test(test_not_due_is_not_given),
	    cmocka_unit_test(test_fresh_ages_into_the_backlog),
	    cmocka_unit_test(test_known_id_is_not_taken_twice),
	    cmocka_unit_test(test_refill_does_not_bring_back_what_was_settled),
	    cmocka_unit_test(test_avoided_only_goes_when_alone),
	    cmocka_unit_test(
		test_trim_drops_backlog_first_and_keeps_the_newest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
