/* SPDX-License-Identifier: MIT */
/* Hex, base64 and percent decoding take exactly their alphabet. */
#include "base/codec.h"
#include "rows.h"

static void check(const char *name, bool ok)
{
	check_row(name, ok, "other result");
}

struct decode_row {
	const char *name;
	const char *text;
	int code;
	const char *bytes;
	size_t n;
};

static void hex_takes_both_cases_and_nothing_else(void **state)
{
	(void)state;
	static const struct decode_row rows[] = {
	    {"empty", "", 0, "", 0},
	    {"lower", "00ff10ab", 0, "\x00\xff\x10\xab", 4},
	    {"upper", "00FF10AB", 0, "\x00\xff\x10\xab", 4},
	    {"odd", "abc", LB_EINVAL, NULL, 0},
	    {"prefix", "0xab", LB_EINVAL, NULL, 0},
	    {"blank", "ab cd0", LB_EINVAL, NULL, 0},
	    {"not a digit", "gg", LB_EINVAL, NULL, 0},
	    {"bad low digit", "a:", LB_EINVAL, NULL, 0},
	    {"does not fit", "000102030405060708", LB_ELIMIT, NULL, 0},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		unsigned char out[8];
		size_t n = 99;
		int rc =
		    hex_decode(str_from(rows[i].text), out, sizeof(out), &n);
		check(rows[i].name, rc == rows[i].code);
		if (rc == 0)
			check(rows[i].name,
			      n == rows[i].n &&
				  memcmp(out, rows[i].bytes, n) == 0);
	}
	char text[9];
	hex_encode((const unsigned char *)"\x00\xff\x10\xab", 4, text);
	assert_string_equal(text, "00ff10ab");
}

struct base64_row {
	const char *name;
	enum base64_kind kind;
	const char *text;
	int code;
	const char *bytes;
	size_t n;
};

static const struct base64_row BASE64_ROWS[] = {
    {"empty", BASE64_STANDARD, "", 0, "", 0},
    {"one byte", BASE64_STANDARD, "YQ==", 0, "a", 1},
    {"two bytes", BASE64_STANDARD, "YWI=", 0, "ab", 2},
    {"three bytes", BASE64_STANDARD, "YWJj", 0, "abc", 3},
    {"six bytes", BASE64_STANDARD, "Zm9vYmFy", 0, "foobar", 6},
    {"plus and slash", BASE64_STANDARD, "+/+/", 0, "\xfb\xff\xbf", 3},
    {"minus and underscore", BASE64_URL, "-_-_", 0, "\xfb\xff\xbf", 3},
    {"url without padding", BASE64_URL, "YQ", 0, "a", 1},
    {"url two bytes", BASE64_URL, "YWI", 0, "ab", 2},
    {"url with padding", BASE64_URL, "YQ==", LB_EINVAL, NULL, 0},
    {"url alphabet in standard", BASE64_STANDARD, "-_-_", LB_EINVAL, NULL, 0},
    {"standard alphabet in url", BASE64_URL, "+/+/", LB_EINVAL, NULL, 0},
    {"no padding", BASE64_STANDARD, "YQ", LB_EINVAL, NULL, 0},
    {"half padding", BASE64_STANDARD, "YQ=", LB_EINVAL, NULL, 0},
    {"padding only", BASE64_STANDARD, "====", LB_EINVAL, NULL, 0},
    {"padding in the middle", BASE64_STANDARD, "YW=j", LB_EINVAL, NULL, 0},
    {"two texts", BASE64_STANDARD, "YQ==YQ==", LB_EINVAL, NULL, 0},
    {"leading blank", BASE64_STANDARD, " YWJj", LB_EINVAL, NULL, 0},
    {"leading blanks", BASE64_STANDARD, "    YWJj", LB_EINVAL, NULL, 0},
    {"trailing newline", BASE64_STANDARD, "YWJj\n", LB_EINVAL, NULL, 0},
    {"trailing line", BASE64_STANDARD, "YWJj\n\n\n\n", LB_EINVAL, NULL, 0},
    {"stray low bits", BASE64_STANDARD, "YR==", LB_EINVAL, NULL, 0},
    {"stray low bits, two", BASE64_STANDARD, "YWJ=", LB_EINVAL, NULL, 0},
    {"stray low bits, url", BASE64_URL, "YR", LB_EINVAL, NULL, 0},
    {"one digit over", BASE64_URL, "YWJjZ", LB_EINVAL, NULL, 0},
    {"does not fit", BASE64_STANDARD, "Zm9vYmFyZm9v", LB_ELIMIT, NULL, 0},
};

static void base64_is_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(BASE64_ROWS); i++) {
		const struct base64_row *row = &BASE64_ROWS[i];
		unsigned char out[8];
		size_t n = 99;
		int rc = base64_decode(str_from(row->text), row->kind, out,
				       sizeof(out), &n);
		check(row->name, rc == row->code);
		if (rc != 0)
			continue;
		check(row->name,
		      n == row->n && memcmp(out, row->bytes, n) == 0);
		char back[16];
		base64_encode(out, n, row->kind, back);
		check(row->name, strcmp(back, row->text) == 0);
	}
}

struct percent_row {
	const char *name;
	struct str text;
	bool plus;
	const char *want;
};

static void percent_decoding_keeps_what_is_not_an_escape(void **state)
{
	(void)state;
	static const struct percent_row rows[] = {
	    {"empty", {"", 0}, true, ""},
	    {"plain", {"abc", 3}, true, "abc"},
	    {"blank as plus", {"a+b", 3}, true, "a b"},
	    {"plus kept", {"a+b", 3}, false, "a+b"},
	    {"escaped plus", {"a%2Bb", 5}, true, "a+b"},
	    {"both cases", {"%c3%A9", 6}, true, "\xc3\xa9"},
	    {"lone percent", {"100%", 4}, true, "100%"},
	    {"short escape", {"%4", 2}, true, "%4"},
	    {"not hex", {"%zz%41", 6}, true, "%zzA"},
	    {"escape of percent once", {"%2541", 5}, true, "%41"},
	    {"NUL",
	     {"a%00b", 5},
	     true,
	     "a\xef\xbf\xbd"
	     "b"},
	    {"raw NUL",
	     {"a\0b", 3},
	     true,
	     "a\xef\xbf\xbd"
	     "b"},
	    {"only raw NUL",
	     {"\0\0\0", 3},
	     true,
	     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};
	struct arena a;
	arena_init(&a);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct str got = percent_decode(&a, rows[i].text, rows[i].plus);
		check(rows[i].name, str_eq(got, str_from(rows[i].want)));
	}
	assert_null(percent_decode(&a, STR_NONE, true).p);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_takes_both_cases_and_nothing_else),
	    cmocka_unit_test(base64_is_strict),
	    cmocka_unit_test(percent_decoding_keeps_what_is_not_an_escape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
