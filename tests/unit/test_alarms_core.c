/* SPDX-License-Identifier: MIT */
/* Raised once, cleared once, whatever flickers in between. */
#include <stdlib.h>

#include "base/mem.h"
#include "operate/alarms_core.h"
#include "rows.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define START INT64_C(1790000000000) /* wall clock at monotonic 0 */

struct heard {
	int raised, again, cleared;
	struct alarm last;
};

static void on_event(void *ctx, enum alarm_event event, const struct alarm *a)
{
	struct heard *h = ctx;
	h->raised += event == ALARM_RAISED;
	h->again += event == ALARM_AGAIN;
	h->cleared += event == ALARM_CLEARED;
	h->last = *a;
}

static const struct alarm_sight parked = {.kind = ALARM_DESTINATION_PARKED,
					  .subject = "mega"};

/* One look at this time (monotonic); s NULL: nothing is seen. */
static void look(struct alarms_table *t, int64_t at,
		 const struct alarm_sight *s, struct heard *h)
{
	alarms_begin(t, START + at, at);
	if (s != NULL)
		alarms_see(t, s, "'%s' is so at %lld", s->subject,
			   (long long)at);
	alarms_end(t, 4 * HOUR, on_event, h);
}

static void test_each_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < ALARM_KINDS; i++)
		assert_int_equal(alarm_find(str_from(ALARM_RULES[i].name)), i);
	assert_int_equal(alarm_find(STR("")), -1);
}

static void test_told_once_when_it_comes_and_when_it_goes(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	for (int64_t at = SECOND; at < MINUTE; at += SECOND)
		look(t, at, &parked, &h);
	assert_int_equal(h.raised, 1);
	assert_int_equal(alarms_raised_count(t), 1);
	assert_string_equal(h.last.subject, "mega");
	assert_int_equal(h.last.severity, SEVERITY_CRITICAL);
	assert_int_equal(h.last.since_ms, START + SECOND);
	for (int64_t at = MINUTE; at < 2 * MINUTE; at += SECOND)
		look(t, at, NULL, &h);
	assert_int_equal(h.cleared, 1);
	assert_int_equal(h.again, 0);
	assert_int_equal(alarms_raised_count(t), 0);
	/* 5 s after it was first gone */
	assert_int_equal(alarms_recent(t, 0)->cleared_ms,
			 START + MINUTE + 5 * SECOND);
	assert_null(alarms_recent(t, 1));
	alarms_table_free(t);
}

static void test_what_flickers_is_told_once(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	for (int64_t at = SECOND; at < HOUR; at += SECOND)
		look(t, at, at / SECOND % 3 == 0 ? &parked : NULL, &h);
	assert_int_equal(h.raised, 1);
	assert_int_equal(h.cleared, 0);
	alarms_table_free(t);
}

static void test_what_must_last_is_raised_when_it_did(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	const struct alarm_sight broken = {.kind = ALARM_BREAKER_OPEN,
					   .subject = "mega",
					   .raise_ms = 10 * MINUTE};
	look(t, SECOND, &broken, &h);
	look(t, 9 * MINUTE, &broken, &h);
	look(t, 9 * MINUTE + 5 * SECOND, NULL, &h); /* half open for a moment */
	look(t, 9 * MINUTE + 10 * SECOND, &broken, &h);
	assert_int_equal(h.raised, 0);
	look(t, 10 * MINUTE + SECOND, &broken, &h);
	assert_int_equal(h.raised, 1);
	alarms_table_free(t);
}

static void test_what_ends_early_was_never_told(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	const struct alarm_sight broken = {.kind = ALARM_BREAKER_OPEN,
					   .subject = "mega",
					   .raise_ms = 10 * MINUTE};
	look(t, SECOND, &broken, &h);
	look(t, MINUTE, NULL, &h);
	look(t, 2 * MINUTE, NULL, &h);
	look(t, 3 * MINUTE, &broken, &h); /* begins anew */
	look(t, 11 * MINUTE, &broken, &h);
	assert_int_equal(h.raised + h.cleared, 0);
	alarms_table_free(t);
}

static void test_what_stays_is_repeated(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	for (int64_t at = SECOND; at <= 9 * HOUR; at += MINUTE)
		look(t, at, &parked, &h);
	assert_int_equal(h.raised, 1);
	assert_int_equal(h.again, 2);
	alarms_table_free(t);
}

static void test_more_of_it_is_news_now_and_then(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	struct alarm_sight dead = {
	    .kind = ALARM_DEAD_LETTERS, .subject = "shop", .value = 1};
	look(t, SECOND, &dead, &h);
	for (int64_t at = MINUTE; at <= 31 * MINUTE; at += MINUTE) {
		dead.value++;
		look(t, at, &dead, &h);
	}
	assert_int_equal(h.raised, 1);
	assert_int_equal(h.again, 2); /* each quarter of an hour */
	dead.value = 1;               /* fewer are none */
	look(t, 2 * HOUR, &dead, &h);
	assert_int_equal(h.again, 2);
	alarms_table_free(t);
}

static void test_worse_is_told_at_once(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	struct alarm_sight certificate = {.kind = ALARM_CERTIFICATE,
					  .subject = "*:443"};
	look(t, SECOND, &certificate, &h);
	assert_int_equal(h.last.severity, SEVERITY_WARNING);
	certificate.severity = SEVERITY_CRITICAL;
	look(t, 2 * SECOND, &certificate, &h);
	look(t, 3 * SECOND, &certificate, &h);
	assert_int_equal(h.again, 1);
	assert_int_equal(h.last.severity, SEVERITY_CRITICAL);
	alarms_table_free(t);
}

static void test_what_nothing_is_known_of_stays(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	const struct alarm_sight disk = {.kind = ALARM_DISK_LOW, .subject = ""};
	look(t, SECOND, &disk, &h);
	alarms_begin(t, START + HOUR, HOUR);
	alarms_unknown(t, ALARM_DISK_LOW);
	alarms_end(t, 0, on_event, &h);
	assert_true(alarms_is_raised(t, ALARM_DISK_LOW, ""));
	assert_int_equal(h.cleared, 0);
	alarms_table_free(t);
}

static void test_the_worst_comes_first(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	static const struct alarm_sight all[] = {
	    {.kind = ALARM_OLD_SECRET, .subject = "shop"},
	    {.kind = ALARM_DEAD_LETTERS, .subject = "b"},
	    {.kind = ALARM_DEAD_LETTERS, .subject = "a"},
	    {.kind = ALARM_LEDGER_DIFFERENCE, .subject = ""},
	};
	static const char *const order[] = {"", "a", "b", "shop"};
	alarms_begin(t, START, SECOND);
	for (size_t i = 0; i < ROWS(all); i++)
		alarms_see(t, &all[i], "text");
	alarms_end(t, 0, on_event, &h);
	const struct alarm **v = NULL;
	assert_int_equal(alarms_raised(t, &v), ROWS(order));
	for (size_t i = 0; i < ROWS(order); i++)
		assert_string_equal(v[i]->subject, order[i]);
	free((void *)v);
	alarms_table_free(t);
}

static void test_there_is_a_ceiling(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	char name[16];
	for (int round = 1; round <= 2; round++) {
		alarms_begin(t, START, SECOND * round);
		for (int i = 0; i < ALARM_MAX + 100; i++) {
			struct alarm_sight s = {.kind = ALARM_DEAD_LETTERS,
						.subject = name};
			(void)!snprintf(name, sizeof(name), "s%d", i);
			alarms_see(t, &s, "text");
		}
		alarms_end(t, 0, on_event, &h);
	}
	assert_int_equal(h.raised, ALARM_MAX);
	look(t, MINUTE, NULL, &h);
	assert_int_equal(h.cleared, ALARM_MAX);
	assert_non_null(alarms_recent(t, ALARM_RECENT - 1));
	assert_null(alarms_recent(t, ALARM_RECENT));
	alarms_table_free(t);
}

static void test_one_from_before_a_restart_is_not_told_again(void **state)
{
	(void)state;
	struct alarms_table *t = alarms_table_new();
	struct heard h = {0};
	struct alarm before = {.kind = ALARM_DESTINATION_PARKED,
			       .severity = SEVERITY_CRITICAL,
			       .subject = "mega",
			       .since_ms = START - 3 * HOUR};
	alarms_restore(t, &before, START, SECOND, START - 3 * HOUR);
	look(t, 2 * SECOND, &parked, &h);
	assert_int_equal(h.raised + h.again, 0);
	look(t, HOUR + MINUTE, &parked, &h); /* four hours after it was told */
	assert_int_equal(h.again, 1);
	look(t, HOUR + 2 * MINUTE, NULL, &h);
	look(t, HOUR + 3 * MINUTE, NULL, &h);
	assert_int_equal(h.cleared, 1);
	assert_int_equal(h.last.since_ms, START - 3 * HOUR);
	alarms_table_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_kind_has_a_name_of_its_own),
	    cmocka_unit_test(test_told_once_when_it_comes_and_when_it_goes),
	    cmocka_unit_test(test_what_flickers_is_told_once),
	    cmocka_unit_test(test_what_must_last_is_raised_when_it_did),
	    cmocka_unit_test(test_what_ends_early_was_never_told),
	    cmocka_unit_test(test_what_stays_is_repeated),
	    cmocka_unit_test(test_more_of_it_is_news_now_and_then),
	    cmocka_unit_test(test_worse_is_told_at_once),
	    cmocka_unit_test(test_what_nothing_is_known_of_stays),
	    cmocka_unit_test(test_the_worst_comes_first),
	    cmocka_unit_test(test_there_is_a_ceiling),
	    cmocka_unit_test(test_one_from_before_a_restart_is_not_told_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
