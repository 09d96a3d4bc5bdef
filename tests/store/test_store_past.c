/* SPDX-License-Identifier: MIT */
/* What came and went in the last hour, as the store remembers it. */
#include "store_help.h"

#define MINUTE INT64_C(60000)
#define SINCE  (T0 - T0 % MINUTE)

static struct query *past(struct fixture *f, int64_t until_ms)
{
	struct query *q = query_new(QUERY_PAST);
	q->since_ms = SINCE;
	q->until_ms = until_ms;
	must(f->ops->answer(f->reader, q), &q->err);
	return q;
}

static void each_lead_is_in_its_minutes(void **state)
{
	struct fixture *f = *state;
	(void)store_one(f, "long ago", SINCE - 3600 * 1000);
	(void)store_one(f, "just before", SINCE - 1);
	int64_t early = store_one(f, "early", SINCE);
	int64_t dead = store_one(f, "dead", SINCE + 5 * MINUTE);
	(void)store_one(f, "waits", SINCE + 5 * MINUTE + 59999);
	(void)store_one(f, "after the start", SINCE + 6 * MINUTE);
	struct settle sent = DELIVER(early);
	sent.at = SINCE + 2 * MINUTE;
	assert_int_equal(settle_one(f, sent), 0);
	assert_int_equal(
	    settle_one(f, (struct settle){.id = dead,
					  .state = UNIT_DEAD,
					  .outcome = OUTCOME_DEAD,
					  .status = 422,
					  .at = SINCE + 5 * MINUTE + 1}),
	    0);
	struct query *q = past(f, SINCE + 6 * MINUTE);
	assert_int_equal(q->past_whole_ms, SINCE);
	assert_int_equal(q->past[0].accepted, 1);
	assert_int_equal(q->past[0].delivered, 0);
	assert_int_equal(q->past[2].delivered, 1);
	assert_int_equal(q->past[5].accepted, 2);
	assert_int_equal(q->past[5].dead, 1);
	assert_int_equal(q->past[6].accepted, 0);
	query_free(q);
}

static void an_empty_store_remembers_nothing(void **state)
{
	struct query *q = past(*state, SINCE + 60 * MINUTE);
	for (size_t i = 0; i < QUERY_PAST_MINUTES; i++)
		assert_int_equal(q->past[i].accepted, 0);
	query_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_lead_is_in_its_minutes,
					    fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(an_empty_store_remembers_nothing,
					    fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
