/* SPDX-License-Identifier: MIT */
/* The ground everything stands on: str, buf, arena, clock, table. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/table.h"
#include "leadbridge/arena.h"
#include "rows.h"

#define TEXT(s)                                                                \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}

static void integers_are_whole_strings(void **state)
{
	(void)state;
	static const struct {
		const char *text; /* also the row's name */
		int64_t min, max;
		int code;
		int64_t want;
	} rows[] = {
	    {"0", 0, 9, 0, 0},
	    {"007", 0, 9, 0, 7},
	    {"-5", -9, 9, 0, -5},
	    {"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
	    {"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
	    {"9223372036854775808", INT64_MIN, INT64_MAX, LB_EINVAL, 0},
	    {"-9223372036854775809", INT64_MIN, INT64_MAX, LB_EINVAL, 0},
	    {"99999999999999999999", INT64_MIN, INT64_MAX, LB_EINVAL, 0},
	    {"10", 0, 9, LB_EINVAL, 0},
	    {"-1", 0, 9, LB_EINVAL, 0},
	    {"", 0, 9, LB_EINVAL, 0},
	    {"-", -9, 9, LB_EINVAL, 0},
	    {"+1", 0, 9, LB_EINVAL, 0},
	    {" 1", 0, 9, LB_EINVAL, 0},
	    {"1 ", 0, 9, LB_EINVAL, 0},
	    {"1x", 0, 9, LB_EINVAL, 0},
	    {"0x1", 0, 9, LB_EINVAL, 0},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t v = 0;
		int rc = str_to_int(str_from(rows[i].text), rows[i].min,
				    rows[i].max, &v);
		check_row(rows[i].text, rc == rows[i].code, "code");
		check_row(rows[i].text, v == rows[i].want, "value");
	}
}

static void durations_and_sizes_need_known_units(void **state)
{
	(void)state;
	static const struct {
		const char *text;  /* also the row's name */
		int64_t ms, bytes; /* -1: refused */
	} rows[] = {
	    {"500ms", 500, -1},
	    {"10s", 10000, -1},
	    {"5m", 300000, -1},
	    {"5min", 300000, -1},
	    {"6h", 21600000, -1},
	    {"30d", INT64_C(2592000000), -1},
	    {"0s", 0, -1},
	    {"100", -1, 100},
	    {"7B", -1, 7},
	    {"64KiB", -1, 65536},
	    {"1MiB", -1, 1 << 20},
	    {"10MB", -1, 10000000},
	    {"2GiB", -1, INT64_C(2) << 30},
	    {"1.5h", -1, -1},
	    {"-1s", -1, -1},
	    {"", -1, -1},
	    {"s", -1, -1},
	    {"10 s", -1, -1},
	    {"10S", -1, -1},
	    {"9223372036854775807d", -1, -1},
	    {"9223372036854775807GiB", -1, -1},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t ms = -1, bytes = -1;
		struct str text = str_from(rows[i].text);
		int rc = str_to_duration(text, &ms);
		check_row(rows[i].text, (rc == 0) == (rows[i].ms >= 0), "ms");
		check_row(rows[i].text, ms == rows[i].ms, "ms");
		rc = str_to_size(text, &bytes);
		check_row(rows[i].text, (rc == 0) == (rows[i].bytes >= 0),
			  "bytes");
		check_row(rows[i].text, bytes == rows[i].bytes, "bytes");
	}
}

static void strings_are_compared_and_cut(void **state)
{
	(void)state;
	struct str rest;
	assert_true(str_ieq(STR("aZ09-"), STR("Az09-")));
	assert_false(str_ieq(STR("a["), STR("a{"))); /* not letters */
	assert_false(str_ieq(STR("a"), STR("ab")));
	assert_true(str_eq(STR_NONE, STR("")));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(STR_NONE, STR("")));
	assert_int_equal(str_find(STR("abcb"), 'b'), 1);
	assert_int_equal(str_find(STR_NONE, 'b'), -1);
	assert_int_equal(str_find_str(STR("abcb"), STR("cb")), 2);
	assert_int_equal(str_find_str(STR("a"), STR("ab")), -1);
	assert_int_equal(str_ifind_str(STR("xABx"), STR("ab")), 1);
	assert_int_equal(str_ifind_str(STR("a"), STR("ab")), -1);
	check_text("trim", str_trim(STR(" \t\r\na b\n ")), "a b");
	check_text("trim blanks", str_trim(STR("  ")), "");
	check_text("cut", str_cut(STR("a=b=c"), '=', &rest), "a");
	check_text("cut rest", rest, "b=c");
	check_text("cut at the end", str_cut(STR("a="), '=', &rest), "a");
	check_text("empty rest", rest, "");
	check_text("nothing to cut", str_cut(STR("a"), '=', &rest), "a");
	check_text("no rest", rest, NULL);
}

static void utf8_is_well_formed_or_not(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct str text;
		size_t prefix;
	} rows[] = {
	    {"empty", TEXT(""), 0},
	    {"long ASCII", TEXT("0123456789abcdef\x7f"), 17},
	    {"NUL", TEXT("a\0b"), 3},
	    {"two bytes", TEXT("\xc2\x80\xdf\xbf"), 4},
	    {"three bytes", TEXT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"), 9},
	    {"four bytes", TEXT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 8},
	    {"overlong two", TEXT("a\xc1\xbf"), 1},
	    {"overlong three", TEXT("a\xe0\x9f\xbf"), 1},
	    {"overlong four", TEXT("a\xf0\x8f\xbf\xbf"), 1},
	    {"surrogate", TEXT("a\xed\xa0\x80"), 1},
	    {"too large", TEXT("a\xf4\x90\x80\x80"), 1},
	    {"five bytes", TEXT("a\xf8\x88\x80\x80\x80"), 1},
	    {"continuation", TEXT("01234567\x80"), 8},
	    {"cut", TEXT("01234567\xe2\x82"), 8},
	    {"cut by ASCII", TEXT("\xe2\x82z"), 0},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		check_row(rows[i].name,
			  str_utf8_prefix(rows[i].text) == rows[i].prefix,
			  "prefix");
		check_row(rows[i].name,
			  str_is_utf8(rows[i].text) ==
			      (rows[i].prefix == rows[i].text.n),
			  "whole");
	}
}

static void buffers_stop_at_their_ceiling(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10);
	buf_add_str(&b, STR("0123456789"));
	assert_false(b.over);
	buf_add(&b, "", 0);
	assert_false(b.over);
	buf_add_char(&b, 'x');
	assert_true(b.over);
	buf_reset(&b);
	assert_false(b.over);
	buf_addf(&b, "%s", "01234567890");
	assert_true(b.over);
	assert_int_equal(b.n, 0);
	buf_reset(&b);
	buf_add_str(&b, STR("012345678"));
	buf_add_str(&b, STR("ab"));
	buf_add_char(&b, 'c'); /* sticky: would fit */
	check_text("sticky", buf_str(&b), "012345678");
	assert_null(buf_room(&b, 0));
	buf_release(&b);
	assert_int_equal(b.max, 10);
	buf_add_char(&b, 'y');
	check_text("used again", buf_str(&b), "y");
	buf_release(&b);
}

static void buffers_are_written_dropped_and_taken(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 4096);
	buf_add_int(&b, INT64_MIN);
	buf_add_char(&b, ' ');
	buf_add_int(&b, 0);
	buf_addf(&b, " %s%d", "n", 7);
	check_text("numbers", buf_str(&b), "-9223372036854775808 0 n7");
	buf_drop(&b, 21);
	check_text("dropped", buf_str(&b), "0 n7");
	assert_int_equal(b.p[b.n], 0);
	size_t n;
	char *p = buf_take(&b, &n);
	assert_string_equal(p, "0 n7");
	assert_int_equal(n, 4);
	free(p);
	p = buf_take(&b, NULL);
	assert_string_equal(p, "");
	free(p);
	for (int i = 0; i < 4096; i++)
		buf_add_char(&b, 'x');
	assert_false(b.over);
	buf_release(&b);
}

static void json_strings_are_escaped(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct str text;
		const char *want;
	} rows[] = {
	    {"none", {NULL, 0}, "\"\""},
	    {"plain", TEXT("a/b"), "\"a/b\""},
	    {"short escapes", TEXT("\"\\\n\r\t"), "\"\\\"\\\\\\n\\r\\t\""},
	    {"controls", TEXT("\0\x1f\x7f"), "\"\\u0000\\u001f\\u007f\""},
	    {"UTF-8", TEXT("\xc3\xa9"), "\"\xc3\xa9\""},
	    {"bad byte",
	     TEXT("a\xff"
		  "b"),
	     "\"a\xef\xbf\xbd"
	     "b\""},
	    {"bad bytes between", TEXT("\xc3\xa9\xe2\x82\xc3\xa9"),
	     "\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\""},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct buf b;
		buf_init(&b, 100);
		buf_add_json(&b, rows[i].text);
		check_text(rows[i].name, buf_str(&b), rows[i].want);
		buf_release(&b);
	}
}

static void arenas_hand_out_zeroed_aligned_memory(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = arena_alloc(&a, n);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xAA, n);
	}
	memset(arena_alloc(&a, 1 << 20), 0xAA, 1 << 20);
	struct str copy = arena_copy(&a, STR("abc"));
	assert_string_equal(copy.p, "abc");
	assert_null(arena_copy(&a, STR_NONE).p);
	assert_string_equal(arena_copy(&a, STR("")).p, "");
	check_text("printf", arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	assert_true(a.total > 1 << 20);
	arena_release(&a);
	arena_release(&a);
	assert_int_equal(a.total, 0);
}

static const struct {
	const char *text; /* also the row's name */
	int64_t ms;       /* -1: refused */
} TIMES[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-09-14T14:02:08-04:00", INT64_C(1789408928000)},
    {"2026-09-14T18:02:08.123Z", INT64_C(1789408928123)},
    {"2026-09-14 18:02:08.1239999z", INT64_C(1789408928123)},
    {"2026-09-14t18:02:08.5+00:00", INT64_C(1789408928500)},
    {"2026-09-14T18:02:08+0000", INT64_C(1789408928000)},
    {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
    {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
    {"2023-02-29T00:00:00Z", -1},
    {"2026-04-31T00:00:00Z", -1},
    {"2026-00-01T00:00:00Z", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"2026-01-00T00:00:00Z", -1},
    {"2026-01-01T24:00:00Z", -1},
    {"2026-01-01T00:60:00Z", -1},
    {"2026-01-01T00:00:61Z", -1},
    {"2026-01-01T00:00:00", -1},
    {"2026-01-01T00:00:00.Z", -1},
    {"2026-01-01T00:00:00ZZ", -1},
    {"2026-01-01T00:00:00+24:00", -1},
    {"2026-1-01T00:00:00Z", -1},
    {"2026-01-01", -1},
    {"+026-01-01T00:00:00Z", -1},
    {"", -1},
};

static const struct {
	const char *text;
	int64_t ms;
} HTTP_DATES[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
    {"Sunday, 06-Nov-94 08:49:37 GMT", INT64_C(784111777000)},
    {"Sun Nov  6 08:49:37 1994", INT64_C(784111777000)},
    {"Wed Nov 16 08:49:37 1994", INT64_C(784975777000)},
    {"Wed, 01-Jan-69 00:00:00 GMT", INT64_C(3124224000000)},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
    {"Sun, 06 Nov 1994 08:49:37", -1},
    {"Sun, 06 nov 1994 08:49:37 GMT", -1},
    {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
    {"Sun, 31 Feb 1994 08:49:37 GMT", -1},
    {"06 Nov 1994 08:49:37 GMT", -1},
    {"Sun Nov 6 08:49:37 1994", -1},
    {"Sun,", -1},
    {"120", -1},
    {"", -1},
};

static void times_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(TIMES); i++) {
		int64_t ms = -1;
		int rc = clock_parse(str_from(TIMES[i].text), &ms);
		check_row(TIMES[i].text, (rc == 0) == (TIMES[i].ms >= 0),
			  "code");
		check_row(TIMES[i].text, ms == TIMES[i].ms, "value");
	}
	for (size_t i = 0; i < ROWS(HTTP_DATES); i++) {
		int64_t ms = -1;
		int rc = clock_parse_http(str_from(HTTP_DATES[i].text), &ms);
		check_row(HTTP_DATES[i].text,
			  (rc == 0) == (HTTP_DATES[i].ms >= 0), "code");
		check_row(HTTP_DATES[i].text, ms == HTTP_DATES[i].ms, "value");
	}
}

static void times_are_written(void **state)
{
	(void)state;
	char text[CLOCK_TEXT];
	clock_format(INT64_C(1789408928123), text);
	assert_string_equal(text, "2026-09-14T18:02:08.123Z");
	clock_format(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
	clock_format_http(INT64_C(784111777999), text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	clock_set_for_test(5000, 70);
	assert_int_equal(clock_wall_ms(), 5000);
	assert_int_equal(clock_mono_ms(), 70);
	assert_int_equal(clock_mono_us(), 70000);
	clock_set_for_test(-1, -1);
	assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

static void siphash_matches_its_authors(void **state)
{
	(void)state;
	unsigned char key[16], data[15];
	for (unsigned char i = 0; i < 16; i++)
		key[i] = i;
	for (unsigned char i = 0; i < 15; i++)
		data[i] = i;
	assert_true(siphash(key, data, 15) == UINT64_C(0xa129ca6149be45e5));
	assert_true(siphash(key, data, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash(key, data, 8) == UINT64_C(0x93f5f5799a932462));
}

static void remove_odd(void *table, struct str key, void *value)
{
	if (*(int *)value % 2 == 1)
		assert_ptr_equal(table_remove(table, key), value);
}

static void tables_keep_what_is_put(void **state)
{
	(void)state;
	static int numbers[1000];
	struct table *t = table_new();
	for (int i = 0; i < 1000; i++) {
		char key[16];
		int n = snprintf(key, sizeof(key), "key%d", i);
		numbers[i] = i;
		assert_null(
		    table_put(t, (struct str){key, (size_t)n}, &numbers[i]));
	}
	assert_int_equal(table_count(t), 1000);
	assert_ptr_equal(table_get(t, STR("key77")), &numbers[77]);
	assert_null(table_get(t, STR("key1000")));
	assert_ptr_equal(table_put(t, STR("key77"), &numbers[1]), &numbers[77]);
	assert_int_equal(table_count(t), 1000);
	assert_ptr_equal(table_put(t, STR("key77"), &numbers[77]), &numbers[1]);
	table_each(t, remove_odd, t);
	assert_int_equal(table_count(t), 500);
	assert_null(table_get(t, STR("key77")));
	assert_ptr_equal(table_get(t, STR("key78")), &numbers[78]);
	assert_null(table_remove(t, STR("key77")));
	assert_null(table_put(t, STR(""), &numbers[5]));
	assert_null(table_put(t, STR("\0"), &numbers[6]));
	assert_ptr_equal(table_get(t, STR_NONE), &numbers[5]);
	table_free(t, NULL);
	table_free(NULL, NULL);
}

static void errors_are_one_sentence(void **state)
{
	(void)state;
	struct err err = {0};
	assert_int_equal(err_set(&err, LB_ELIMIT, "too many '%s'", "x"),
			 LB_ELIMIT);
	assert_int_equal(err_prefix(&err, "source '%s'", "a"), LB_ELIMIT);
	assert_string_equal(err.text, "source 'a': too many 'x'");
	assert_int_equal(err_set(NULL, LB_EIO, "x"), LB_EIO);
	char longer[600];
	memset(longer, 'x', sizeof(longer));
	longer[599] = '\0';
	assert_int_equal(err_set(&err, LB_EIO, "%s", longer), LB_EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err_prefix(&err, "p"), LB_EIO);
	assert_int_equal(strncmp(err.text, "p: xxx", 6), 0);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void memory_grows_and_is_copied(void **state)
{
	(void)state;
	size_t cap = 0;
	int *p = xgrow(NULL, &cap, 3, sizeof(int));
	assert_int_equal(cap, 8);
	p = xgrow(p, &cap, 100, sizeof(int));
	assert_int_equal(cap, 128);
	p[127] = 1;
	free(p);
	assert_null(xstrdup(NULL));
	char *s = xstr_dup((struct str){"abc", 2});
	assert_string_equal(s, "ab");
	mem_wipe(s, 2);
	assert_int_equal(s[0] | s[1], 0);
	free(s);
	s = xasprintf("%d", 7);
	assert_string_equal(s, "7");
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers_are_whole_strings),
	    cmocka_unit_test(durations_and_sizes_need_known_units),
	    cmocka_unit_test(strings_are_compared_and_cut),
	    cmocka_unit_test(utf8_is_well_formed_or_not),
	    cmocka_unit_test(buffers_stop_at_their_ceiling),
	    cmocka_unit_test(buffers_are_written_dropped_and_taken),
	    cmocka_unit_test(json_strings_are_escaped),
	    cmocka_unit_test(arenas_hand_out_zeroed_aligned_memory),
	    cmocka_unit_test(times_are_read),
	    cmocka_unit_test(times_are_written),
	    cmocka_unit_test(siphash_matches_its_authors),
	    cmocka_unit_test(tables_keep_what_is_put),
	    cmocka_unit_test(errors_are_one_sentence),
	    cmocka_unit_test(memory_grows_and_is_copied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
