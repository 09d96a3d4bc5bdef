/* SPDX-License-Identifier: MIT */
/* How often one address may come: bursts, waits, windows, many addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ingress/rate.h"

enum { START = 1000000, MINUTE = 60 * 1000 };

static struct rate_table *table;
static struct rate minute = {10, MINUTE};
static const struct rate_list ten = {&minute, 1};

static int fresh(void **state)
{
	(void)state;
	table = rate_table_new();
	return 0;
}

static int gone(void **state)
{
	(void)state;
	rate_table_free(table);
	return 0;
}

static int64_t take(const struct rate_list *rates, const char *source,
		    const char *who, int64_t now)
{
	struct address a;
	assert_int_equal(address_parse(str_from(who), &a), 0);
	return rate_table_take(table, rates, str_from(source), &a, now);
}

static void take_ten(const char *source, const char *who)
{
	for (int i = 0; i < 10; i++)
		assert_int_equal(take(&ten, source, who, START + i), 0);
}

static void ten_come_at_once_and_the_next_is_told_when(void **state)
{
	(void)state;
	take_ten("form", "203.0.113.7");
	assert_int_equal(take(&ten, "form", "203.0.113.7", START + 10), 5990);
	assert_int_equal(take(&ten, "form", "203.0.113.7", START + 5999), 1);
	assert_int_equal(take(&ten, "form", "203.0.113.7", START + 6000), 0);
	assert_int_equal(take(&ten, "form", "203.0.113.7", START + 6001), 5999);
}

static void asking_for_the_wait_counts_nothing(void **state)
{
	(void)state;
	struct address a;
	assert_int_equal(address_parse(STR("203.0.113.7"), &a), 0);
	for (int i = 0; i < 20; i++)
		assert_int_equal(
		    rate_table_wait(table, &ten, STR("form"), &a, START), 0);
	take_ten("form", "203.0.113.7");
	assert_int_equal(
	    rate_table_wait(table, &ten, STR("form"), &a, START + 10), 5990);
	assert_int_equal(take(&ten, "form", "203.0.113.7", START + 6000), 0);
}

static void a_quiet_minute_gives_all_back(void **state)
{
	(void)state;
	take_ten("form", "203.0.113.7");
	for (int i = 0; i < 10; i++)
		assert_int_equal(
		    take(&ten, "form", "203.0.113.7", START + MINUTE + 10), 0);
	assert_true(take(&ten, "form", "203.0.113.7", START + MINUTE + 10) > 0);
}

static void others_are_counted_apart(void **state)
{
	static const struct {
		const char *name, *source, *who;
		bool apart;
	} rows[] = {
	    {"other source", "other", "203.0.113.7", true},
	    {"other address", "form", "203.0.113.8", true},
	    {"same as mapped", "form", "::ffff:203.0.113.7", false},
	    {"other customer", "form", "2001:db8:0:2::1", true},
	    {"same customer", "form", "2001:db8:0:1:ffff::9", false},
	};
	(void)state;
	take_ten("form", "203.0.113.7");
	take_ten("form", "2001:db8:0:1::1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool free_to_go =
		    take(&ten, rows[i].source, rows[i].who, START + 20) == 0;
		if (free_to_go != rows[i].apart)
			fail_msg("%s", rows[i].name);
	}
}

static void every_rate_must_hold(void **state)
{
	struct rate v[] = {{2, 1000}, {3, MINUTE}};
	const struct rate_list both = {v, 2};
	(void)state;
	assert_int_equal(take(&both, "form", "203.0.113.7", START), 0);
	assert_int_equal(take(&both, "form", "203.0.113.7", START), 0);
	assert_int_equal(take(&both, "form", "203.0.113.7", START), 500);
	/* Whoever was turned away was not counted by the other rate. */
	assert_int_equal(take(&both, "form", "203.0.113.7", START + 500), 0);
	assert_int_equal(take(&both, "form", "203.0.113.7", START + 1500),
			 18500);
}

static void a_changed_rate_locks_nobody_out(void **state)
{
	struct rate day = {1, 24 * 60 * MINUTE};
	const struct rate_list daily = {&day, 1};
	(void)state;
	assert_int_equal(take(&daily, "form", "203.0.113.7", START), 0);
	assert_true(take(&daily, "form", "203.0.113.7", START) > MINUTE);
	assert_int_equal(take(&ten, "form", "203.0.113.7", START), 6000);
	assert_int_equal(take(&ten, "form", "203.0.113.7", START + MINUTE), 0);
}

static void a_flood_of_addresses_turns_nobody_else_away(void **state)
{
	struct address a = {0};
	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		memcpy(a.bytes, "\x20\x01", 2);
		memcpy(a.bytes + 2, &i, sizeof(i));
		assert_int_equal(
		    rate_table_take(table, &ten, STR("form"), &a, START), 0);
	}
	take_ten("form", "203.0.113.7");
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
	    ROW(ten_come_at_once_and_the_next_is_told_when),
	    ROW(asking_for_the_wait_counts_nothing),
	    ROW(a_quiet_minute_gives_all_back),
	    ROW(others_are_counted_apart),
	    ROW(every_rate_must_hold),
	    ROW(a_changed_rate_locks_nobody_out),
	    ROW(a_flood_of_addresses_turns_nobody_else_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
