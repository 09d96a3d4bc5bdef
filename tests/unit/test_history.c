/* SPDX-License-Identifier: MIT */
/* The last hour in minutes, and what has just become of which lead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "operate/activity.h"
#include "operate/history.h"
#include "queue/queue.h"

#define START  ((int64_t)1795400040000) /* on the minute */
#define MINUTE 60000

static void check(const struct history *h, const char *want)
{
	struct buf b;
	buf_init(&b, 65536);
	history_print(h, &b);
	assert_false(b.over);
	assert_string_equal(b.p, want);
	buf_release(&b);
}

static void counts_go_to_their_minute_and_peaks_are_kept(void **state)
{
	(void)state;
	struct history h = {0};
	history_add(&h, &(struct history_look){3, 1, 0, 2, 7}, START);
	history_add(&h, &(struct history_look){5, 5, 0, 9, 1}, START + 59999);
	history_add(&h, &(struct history_look){6, 5, 1, 0, 0}, START + MINUTE);
	check(&h, "{\"minutes\":["
		  "{\"at\":\"2026-11-23T02:14:00.000Z\",\"accepted\":5,"
		  "\"delivered\":5,\"dead\":0,\"waiting\":9,"
		  "\"oldest_waiting_s\":7},"
		  "{\"at\":\"2026-11-23T02:15:00.000Z\",\"accepted\":1,"
		  "\"delivered\":0,\"dead\":1,\"waiting\":0,"
		  "\"oldest_waiting_s\":0}]}\n");
}

static void an_hour_is_kept_and_no_more(void **state)
{
	(void)state;
	struct history h = {0};
	for (uint64_t i = 1; i <= 100; i++)
		history_add(&h, &(struct history_look){i, 0, 0, 0, 0},
			    START + (int64_t)i * MINUTE);
	assert_int_equal(h.n, HISTORY_MINUTES);
	assert_int_equal(h.v[h.first].at_ms, START + 41 * MINUTE);
	for (size_t i = 0; i < h.n; i++)
		assert_int_equal(h.v[i].look.accepted, 1);
}

static void minutes_nobody_looked_in_are_empty(void **state)
{
	(void)state;
	struct history h = {0};
	history_add(&h, &(struct history_look){1, 0, 0, 0, 0}, START);
	history_add(&h, &(struct history_look){2, 0, 0, 0, 0},
		    START + 3 * MINUTE);
	assert_int_equal(h.n, 4);
	assert_int_equal(h.v[2].look.accepted, 0);
	assert_int_equal(h.v[3].look.accepted, 1);
}

static void what_the_store_remembers_comes_before(void **state)
{
	(void)state;
	const struct queue_minute past[] = {{7, 6, 1}, {0, 0, 0}, {2, 2, 0}};
	struct history h = {0};
	/* The third minute has begun again with the process. */
	history_add(&h, &(struct history_look){1, 0, 0, 5, 4},
		    START + 2 * MINUTE);
	history_add(&h, &(struct history_look){4, 0, 0, 9, 8},
		    START + 3 * MINUTE);
	history_recall(&h, past, 3, START);
	history_add(&h, &(struct history_look){5, 0, 0, 0, 0},
		    START + 3 * MINUTE);
	assert_int_equal(h.n, 4);
	assert_int_equal(h.v[0].look.accepted, 7);
	assert_int_equal(h.v[0].look.dead, 1);
	assert_int_equal(h.v[2].look.accepted, 3);
	assert_int_equal(h.v[2].look.waiting, 5);
	assert_int_equal(h.v[3].look.accepted, 4);
	assert_int_equal(h.v[3].look.waiting, 9);
}

static void a_clock_that_jumps_begins_anew(void **state)
{
	(void)state;
	struct history h = {0};
	history_add(&h, &(struct history_look){1, 0, 0, 0, 0}, START);
	history_add(&h, &(struct history_look){2, 0, 0, 0, 0},
		    START - 10 * MINUTE);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.v[h.first].look.accepted, 1);
	history_add(&h, &(struct history_look){3, 0, 0, 0, 0},
		    START + 100000 * (int64_t)MINUTE);
	assert_int_equal(h.n, 1);
}

/* ---- activity --------------------------------------------------------------
 */

static void accept_one(struct activity *a, int64_t id)
{
	struct new_unit unit = {
	    .id = id, .state = UNIT_WAITING, .destination = STR("mega")};
	struct submission s = {.source = STR("shop"),
			       .units = &unit,
			       .n_units = 1,
			       .received_at_ms = START};
	activity_accepted(a, &s);
}

static void settle_one(struct activity *a, int64_t id, enum unit_state state)
{
	struct due_lead *lead = due_lead_new(&(struct due_lead){
	    .id = id, .source = STR("shop"), .destination = STR("mega")});
	struct settlement s = {.lead = lead, .state = state};
	activity_settled(a, &s, START + 1);
	free(lead);
}

static void nothing_is_kept_while_nobody_watches(void **state)
{
	(void)state;
	struct activity_lead out[ACTIVITY_MAX];
	uint64_t missed;
	struct activity *a = activity_new();
	accept_one(a, 1);
	assert_int_equal(activity_take(a, out, &missed), 0);
	activity_watch(a, true);
	accept_one(a, 2);
	activity_watch(a, false);
	assert_int_equal(activity_take(a, out, &missed), 0);
	activity_free(a);
}

static void a_lead_is_there_once_as_it_is_now(void **state)
{
	(void)state;
	struct activity_lead out[ACTIVITY_MAX];
	uint64_t missed;
	struct activity *a = activity_new();
	activity_watch(a, true);
	accept_one(a, 1);
	accept_one(a, 2);
	accept_one(a, 0); /* a duplicate has no id */
	settle_one(a, 1, UNIT_DELIVERED);
	assert_int_equal(activity_take(a, out, &missed), 2);
	assert_int_equal(missed, 0);
	assert_int_equal(out[0].id, 1);
	assert_int_equal(out[0].state, UNIT_DELIVERED);
	assert_string_equal(out[0].source, "shop");
	assert_string_equal(out[0].destination, "mega");
	assert_int_equal(out[1].state, UNIT_WAITING);
	assert_int_equal(activity_take(a, out, &missed), 0);
	activity_free(a);
}

static void a_flood_is_counted(void **state)
{
	(void)state;
	struct activity_lead out[ACTIVITY_MAX];
	uint64_t missed;
	struct activity *a = activity_new();
	activity_watch(a, true);
	for (int64_t id = 1; id <= 1000; id++)
		accept_one(a, id);
	assert_int_equal(activity_take(a, out, &missed), ACTIVITY_MAX);
	assert_int_equal(missed, 1000 - ACTIVITY_MAX);
	activity_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_go_to_their_minute_and_peaks_are_kept),
	    cmocka_unit_test(an_hour_is_kept_and_no_more),
	    cmocka_unit_test(minutes_nobody_looked_in_are_empty),
	    cmocka_unit_test(what_the_store_remembers_comes_before),
	    cmocka_unit_test(a_clock_that_jumps_begins_anew),
	    cmocka_unit_test(nothing_is_kept_while_nobody_watches),
	    cmocka_unit_test(a_lead_is_there_once_as_it_is_now),
	    cmocka_unit_test(a_flood_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
