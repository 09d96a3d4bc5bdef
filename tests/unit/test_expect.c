/* SPDX-License-Identifier: MIT */
/* What `expect` means, and that only the time that counts is counted. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "operate/expect.h"
#include "rows.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static const struct {
	const char *name, *text;
	int code;
	int64_t events, per_ms;
	int from, to;
	bool has_zone;
	int zone;
} parsed[] = {
    {"plain", "1 per 6h", 0, 1, 6 * HOUR, 0, 0, false, 0},
    {"several", "20 per 1d", 0, 20, 24 * HOUR, 0, 0, false, 0},
    {"window", "1 per 2h 08:00-20:30", 0, 1, 2 * HOUR, 480, 1230, false, 0},
    {"until midnight", "1 per 2h 08:00-24:00", 0, 1, 2 * HOUR, 480, 1440, false,
     0},
    {"over midnight", "1 per 1h 22:00-06:00", 0, 1, HOUR, 1320, 360, false, 0},
    {"east", "1 per 1h 08:00-20:00+05:30", 0, 1, HOUR, 480, 1200, true, 330},
    {"west", "1 per 1h 08:00-20:00-08:00", 0, 1, HOUR, 480, 1200, true, -480},
    {"no events", "0 per 1h", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"too many", "101 per 1h", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"no time", "1 per", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"too short", "1 per 999ms", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"other word", "1 in 6h", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"hour 25", "1 per 6h 25:00-26:00", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"minute 60", "1 per 6h 08:60-20:00", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"beyond the day", "1 per 6h 08:00-24:01", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"begins at 24", "1 per 6h 24:00-20:00", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"no length", "1 per 6h 08:00-08:00", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"zone too far", "1 per 6h 08:00-20:00+14:01", LB_EINVAL, 0, 0, 0, 0, false,
     0},
    {"odd sign", "1 per 6h 08:00-20:00*01:00", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"minus inside", "1 per 6h -8:00-20:00", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"half a zone", "1 per 6h 08:00-20:00+01", LB_EINVAL, 0, 0, 0, 0, false, 0},
    {"something behind", "1 per 6h 08:00-20:00 daily", LB_EINVAL, 0, 0, 0, 0,
     false, 0},
    {"empty", "", LB_EINVAL, 0, 0, 0, 0, false, 0},
};

static void test_texts_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(parsed); i++) {
		struct expect e;
		const char *wrong;
		const char *name = parsed[i].name;
		int rc = expect_parse(str_from(parsed[i].text), &e, &wrong);
		check_row(name, rc == parsed[i].code, "code");
		if (rc != 0)
			continue;
		check_row(name, e.events == parsed[i].events, "events");
		check_row(name, e.per_ms == parsed[i].per_ms, "time");
		check_row(name, e.from == parsed[i].from, "from");
		check_row(name, e.to == parsed[i].to, "to");
		check_row(name, e.has_zone == parsed[i].has_zone, "zone");
		check_row(name, e.zone == parsed[i].zone, "offset");
	}
}

static struct expect expect_of(const char *text)
{
	struct expect e;
	const char *wrong;
	assert_int_equal(expect_parse(str_from(text), &e, &wrong), 0);
	return e;
}

static int64_t at(const char *text)
{
	int64_t ms = 0;
	assert_int_equal(clock_parse(str_from(text), &ms), 0);
	return ms;
}

static const struct {
	const char *name, *expect, *until;
	int64_t elapsed, counted;
} spans[] = {
    {"the whole day", "1 per 6h", "2026-11-23T12:00:00Z", 30 * HOUR, 30 * HOUR},
    {"inside", "1 per 6h 08:00-20:00+00:00", "2026-11-23T12:00:00Z", 3 * HOUR,
     3 * HOUR},
    {"over the evening", "1 per 6h 08:00-20:00+00:00", "2026-11-23T22:00:00Z",
     4 * HOUR, 2 * HOUR},
    {"over the night", "1 per 6h 08:00-20:00+00:00", "2026-11-23T09:00:00Z",
     14 * HOUR, 2 * HOUR},
    {"outside", "1 per 6h 08:00-20:00+00:00", "2026-11-23T03:00:00Z", 2 * HOUR,
     0},
    {"zone", "1 per 6h 08:00-20:00+05:30", "2026-11-23T03:30:00Z", 2 * HOUR,
     HOUR},
    {"over midnight", "1 per 1h 22:00-06:00+00:00", "2026-11-23T08:00:00Z",
     12 * HOUR, 8 * HOUR},
    {"parts of minutes", "1 per 1h 08:00-20:00+00:00",
     "2026-11-23T08:00:10.500Z", 20000, 10500},
    {"a clock gone mad", "1 per 1h", "2026-11-23T08:00:00Z",
     INT64_C(9000) * 24 * HOUR, INT64_C(31) * 24 * HOUR},
};

static void test_only_hours_of_the_window_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(spans); i++) {
		struct expect e = expect_of(spans[i].expect);
		int64_t got =
		    expect_counted(&e, at(spans[i].until), spans[i].elapsed);
		check_row(spans[i].name, got == spans[i].counted, "counted");
	}
}

static void test_the_hosts_zone_knows_summer_time(void **state)
{
	(void)state;
	struct expect e = expect_of("1 per 1h 08:00-20:00");
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	/* 07:30 and 09:30 local, in winter and in summer */
	assert_int_equal(expect_counted(&e, at("2026-01-15T07:30:00Z"), HOUR),
			 30 * MINUTE);
	assert_int_equal(expect_counted(&e, at("2026-07-15T06:30:00Z"), HOUR),
			 30 * MINUTE);
	unsetenv("TZ");
	tzset();
}

static void test_silence_is_raised_and_ends_with_an_event(void **state)
{
	(void)state;
	struct expect e = expect_of("1 per 6h");
	struct silence s = {0};
	int64_t now = at("2026-11-23T00:00:00Z");
	silence_expect(&s, &e);
	assert_false(silence_is_odd(&s, &e));
	silence_pass(&s, &e, now += 6 * HOUR, 6 * HOUR);
	assert_false(silence_is_odd(&s, &e));
	silence_pass(&s, &e, now += MINUTE, MINUTE);
	assert_true(silence_is_odd(&s, &e));
	assert_int_equal(silence_ms(&s), 6 * HOUR + MINUTE);
	silence_heard(&s, 1);
	assert_false(silence_is_odd(&s, &e));
	assert_int_equal(silence_ms(&s), 0);
	silence_release(&s);
}

static void test_a_night_is_no_silence(void **state)
{
	(void)state;
	struct expect e = expect_of("1 per 2h 08:00-20:00+00:00");
	struct silence s = {0};
	silence_expect(&s, &e);
	silence_pass(&s, &e, at("2026-11-23T19:30:00Z"), HOUR);
	silence_heard(&s, 1);
	silence_pass(&s, &e, at("2026-11-24T09:29:00Z"),
		     13 * HOUR + 59 * MINUTE);
	assert_false(silence_is_odd(&s, &e)); /* 30 and 89 minutes */
	silence_pass(&s, &e, at("2026-11-24T09:31:00Z"), 2 * MINUTE);
	assert_true(silence_is_odd(&s, &e));
	silence_release(&s);
}

static void test_fewer_than_expected_is_silence_too(void **state)
{
	(void)state;
	struct expect e = expect_of("3 per 6h");
	struct silence s = {0};
	int64_t now = at("2026-11-23T00:00:00Z");
	silence_expect(&s, &e);
	for (int hour = 0; hour < 12; hour++) { /* one in 2 h: just enough */
		silence_pass(&s, &e, now += HOUR, HOUR);
		if (hour % 2 == 0)
			silence_heard(&s, 1);
		assert_false(silence_is_odd(&s, &e));
	}
	silence_pass(&s, &e, now + 5 * HOUR + MINUTE, 5 * HOUR + MINUTE);
	assert_true(silence_is_odd(&s, &e)); /* the last was over 6 h ago */
	silence_heard(&s, 2);
	assert_true(silence_is_odd(&s, &e)); /* two of three */
	silence_heard(&s, 1000);
	assert_false(silence_is_odd(&s, &e));
	silence_release(&s);
}

static void test_another_expectation_keeps_the_last_event(void **state)
{
	(void)state;
	struct expect one = expect_of("1 per 6h"), two = expect_of("2 per 1h");
	struct silence s = {0};
	int64_t now = at("2026-11-23T00:00:00Z");
	silence_expect(&s, &one);
	silence_pass(&s, &one, now, 5 * HOUR);
	silence_expect(&s, &two);
	assert_int_equal(silence_ms(&s), 5 * HOUR);
	assert_true(silence_is_odd(&s, &two));
	silence_release(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts_are_read),
	    cmocka_unit_test(test_only_hours_of_the_window_count),
	    cmocka_unit_test(test_the_hosts_zone_knows_summer_time),
	    cmocka_unit_test(test_silence_is_raised_and_ends_with_an_event),
	    cmocka_unit_test(test_a_night_is_no_silence),
	    cmocka_unit_test(test_fewer_than_expected_is_silence_too),
	    cmocka_unit_test(test_another_expectation_keeps_the_last_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
