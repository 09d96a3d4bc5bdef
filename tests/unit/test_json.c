/* SPDX-License-Identifier: MIT */
/* The JSON parser: what it takes, what it refuses and where it says so. */
#include "payload/payload.h"
#include "rows.h"

static const struct payload_limits LIMITS = {.depth = 32, .values = 20000};

struct accept_row {
	const char *name, *text, *json;
};

static const struct accept_row ACCEPTED[] = {
    {"null", "null", "null"},
    {"top-level text", "\"a\"", "\"a\""},
    {"top-level number", "7", "7"},
    {"blanks around", " \t\r\n{ } \n", "{}"},
    {"one BOM", "\xEF\xBB\xBF{}", "{}"},
    {"members in order", "{\"b\":1,\"a\":[true,false,null]}",
     "{\"b\":1,\"a\":[true,false,null]}"},
    {"int64", "[9223372036854775807,-9223372036854775808]",
     "[9223372036854775807,-9223372036854775808]"},
    {"uint64", "18446744073709551615", "18446744073709551615"},
    {"beyond uint64", "18446744073709551616", "18446744073709551616"},
    {"25 digits", "1234567890123456789012345", "1234567890123456789012345"},
    {"below int64", "-9223372036854775809", "-9223372036854775809"},
    {"number text kept", "[12.50,1e3,1.10,1E+400,-0,0.0,1e-400]",
     "[12.50,1e3,1.10,1E+400,-0,0.0,1e-400]"},
    {"64 characters",
     "1234567890123456789012345678901234567890123456789012345678901234",
     "1234567890123456789012345678901234567890123456789012345678901234"},
    {"last of two wins", "{\"a\":1,\"b\":2,\"a\":[3]}", "{\"a\":[3],\"b\":2}"},
    {"container replaced by text", "{\"a\":{\"b\":1},\"a\":\"x\"}",
     "{\"a\":\"x\"}"},
    {"container replaced by container", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}",
     "{\"a\":{\"c\":2}}"},
    {"empty key", "{\"\":1}", "{\"\":1}"},
    {"simple escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
     "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\""},
    {"unicode escapes", "\"\\u00e9\\u20AC\\ud83d\\ude00\"",
     "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {"escaped name", "{\"\\u0061b\":1,\"ab\":2}", "{\"ab\":2}"},
    {"UTF-8 of each length", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
     "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {"last code point", "\"\xf4\x8f\xbf\xbf\"", "\"\xf4\x8f\xbf\xbf\""},
    {"quote beyond eight plain bytes", "\"0123456789\\\"0123456789\"",
     "\"0123456789\\\"0123456789\""},
    {"DEL", "\"\x7f\"", "\"\\u007f\""},
};

static void takes_what_is_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(ACCEPTED); i++) {
		const struct accept_row *row = &ACCEPTED[i];
		struct arena a = {0};
		struct err err = {0};
		struct value *v = NULL;
		int rc = payload_json(&a, str_from(row->text), &LIMITS, false,
				      &v, &err);
		check_row(row->name, rc == 0, err.text);
		check_json(row->name, v, row->json);
		arena_release(&a);
	}
}

struct refuse_row {
	const char *name;
	struct str text;
	int code;
	const char *err;
};

#define TEXT(s)                                                                \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}

static const struct refuse_row REFUSED[] = {
    {"nothing", TEXT(""), LB_EINVAL, "ends early at line 1, column 1"},
    {"blanks only", TEXT(" \n "), LB_EINVAL, "line 2, column 2"},
    {"open object", TEXT("{"), LB_EINVAL, "name was expected"},
    {"open array", TEXT("[1"), LB_EINVAL, "',' or ']' was expected"},
    {"open string", TEXT("\"abc"), LB_EINVAL, "ends inside a string"},
    {"NUL in a key", TEXT("{\"a\\u0000b\":1,\"a\":2}"), LB_EINVAL,
     "NUL in a string at line 1, column 4"},
    {"NUL in a string", TEXT("\"\\u0000\""), LB_EINVAL, "NUL"},
    {"raw NUL in a string", TEXT("\"a\0b\""), LB_EINVAL, "control"},
    {"raw NUL between", TEXT("[1,\0 2]"), LB_EINVAL, "value was expected"},
    {"raw NUL behind", TEXT("{}\0"), LB_EINVAL, "behind the document"},
    {"lone high surrogate", TEXT("\"\\ud83d\""), LB_EINVAL, "surrogate"},
    {"lone low surrogate", TEXT("\"\\ude00\""), LB_EINVAL, "surrogate"},
    {"two high surrogates", TEXT("\"\\ud83d\\ud83d\""), LB_EINVAL, "surrogate"},
    {"raw newline", TEXT("\"a\nb\""), LB_EINVAL, "control"},
    {"raw tab", TEXT("\"a\tb\""), LB_EINVAL, "line 1, column 3"},
    {"invalid byte", TEXT("\"\xff\""), LB_EINVAL, "UTF-8"},
    {"lone continuation", TEXT("\"\x80\""), LB_EINVAL, "UTF-8"},
    {"overlong", TEXT("\"\xc0\xaf\""), LB_EINVAL, "UTF-8"},
    {"overlong of three", TEXT("\"\xe0\x80\xaf\""), LB_EINVAL, "UTF-8"},
    {"UTF-8 surrogate", TEXT("\"\xed\xa0\x80\""), LB_EINVAL, "UTF-8"},
    {"above U+10FFFF", TEXT("\"\xf4\x90\x80\x80\""), LB_EINVAL, "UTF-8"},
    {"cut sequence", TEXT("\"\xe2\x82"), LB_EINVAL, "UTF-8"},
    {"UTF-16", TEXT("{\0}\0"), LB_EINVAL, "expected"},
    {"single quotes", TEXT("{'a':1}"), LB_EINVAL, "name was expected"},
    {"NaN", TEXT("[NaN]"), LB_EINVAL, "value was expected"},
    {"Infinity", TEXT("-Infinity"), LB_EINVAL, "malformed number"},
    {"comment", TEXT("{/* */}"), LB_EINVAL, "name was expected"},
    {"line comment", TEXT("//\n{}"), LB_EINVAL, "value was expected"},
    {"trailing comma", TEXT("[1,]"), LB_EINVAL, "value was expected"},
    {"trailing comma, object", TEXT("{\"a\":1,}"), LB_EINVAL, "name"},
    {"leading comma", TEXT("[,1]"), LB_EINVAL, "value was expected"},
    {"no comma", TEXT("[1 2]"), LB_EINVAL, "',' or ']'"},
    {"no colon", TEXT("{\"a\" 1}"), LB_EINVAL, "':' was expected"},
    {"wrong bracket", TEXT("[1}"), LB_EINVAL, "',' or ']'"},
    {"TRUE", TEXT("TRUE"), LB_EINVAL, "value was expected"},
    {"longer word", TEXT("nullx"), LB_EINVAL, "behind the document"},
    {"leading zero", TEXT("01"), LB_EINVAL, "malformed number"},
    {"leading plus", TEXT("+1"), LB_EINVAL, "value was expected"},
    {"no digit before point", TEXT(".5"), LB_EINVAL, "value was expected"},
    {"no digit behind point", TEXT("1."), LB_EINVAL, "without digits"},
    {"no exponent", TEXT("1e"), LB_EINVAL, "without digits"},
    {"lone minus", TEXT("-"), LB_EINVAL, "malformed number"},
    {"hex number", TEXT("0x10"), LB_EINVAL, "behind the document"},
    {"exponent 401", TEXT("1e401"), LB_ELIMIT, "out of range"},
    {"huge exponent", TEXT("1e-99999999999999999999"), LB_ELIMIT, "range"},
    {"65 characters",
     TEXT("12345678901234567890123456789012345678901234567890123456789012345"),
     LB_ELIMIT, "too long"},
    {"second document", TEXT("{}{}"), LB_EINVAL, "line 1, column 3"},
    {"trailing garbage", TEXT("{} x"), LB_EINVAL, "line 1, column 4"},
    {"two BOMs", TEXT("\xEF\xBB\xBF\xEF\xBB\xBF{}"), LB_EINVAL, "expected"},
    {"unknown escape", TEXT("\"\\x41\""), LB_EINVAL, "malformed escape"},
    {"short unicode escape", TEXT("\"\\u12\""), LB_EINVAL, "escape"},
    {"unicode escape at the end", TEXT("\"\\u123"), LB_EINVAL, "escape"},
    {"backslash at the end", TEXT("\"\\"), LB_EINVAL, "escape"},
    {"column counts characters", TEXT("{\n\"\xc3\xa9\xc3\xa9\" x}"), LB_EINVAL,
     "line 2, column 6"},
};

static void refuses_the_rest_and_says_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(REFUSED); i++) {
		const struct refuse_row *row = &REFUSED[i];
		struct arena a = {0};
		struct err err = {0};
		struct value *v = NULL;
		int rc = payload_json(&a, row->text, &LIMITS, false, &v, &err);
		check_row(row->name, rc == row->code && err.code == rc,
			  err.text);
		check_row(row->name, strstr(err.text, row->err) != NULL,
			  err.text);
		arena_release(&a);
	}
}

static int parse_nested(size_t levels, struct str core)
{
	struct arena a = {0};
	struct buf b;
	struct value *v;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < levels; i++)
		buf_add_str(&b, i % 2 ? STR("{\"a\":") : STR("["));
	buf_add_str(&b, core);
	for (size_t i = levels; i-- > 0;)
		buf_add_char(&b, i % 2 ? '}' : ']');
	int rc = payload_json(&a, buf_str(&b), &LIMITS, false, &v, NULL);
	buf_release(&b);
	arena_release(&a);
	return rc;
}

static void depth_is_counted_in_containers(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(32, STR("1")), 0);
	assert_int_equal(parse_nested(33, STR("1")), LB_ELIMIT);
	assert_int_equal(parse_nested(31, STR("[]")), 0);
	assert_int_equal(parse_nested(32, STR("[]")), LB_ELIMIT);
	assert_int_equal(parse_nested(100000, STR("1")), LB_ELIMIT);
}

static void values_are_counted(void **state)
{
	(void)state;
	static const struct payload_limits five = {.depth = 32, .values = 5};
	static const struct {
		const char *name, *text;
		int code;
	} rows[] = {
	    {"array of four", "[0,0,0,0]", 0},
	    {"array of five", "[0,0,0,0,0]", LB_ELIMIT},
	    {"empty objects", "[{},{},{},{}]", 0},
	    {"five empty objects", "[{},{},{},{},{}]", LB_ELIMIT},
	    {"a name given again counts", "{\"a\":1,\"a\":1,\"a\":1,\"a\":1}",
	     0},
	    {"and again", "{\"a\":1,\"a\":1,\"a\":1,\"a\":1,\"a\":1}",
	     LB_ELIMIT},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena a = {0};
		struct value *v;
		struct err err = {0};
		int rc = payload_json(&a, str_from(rows[i].text), &five, false,
				      &v, &err);
		check_row(rows[i].name, rc == rows[i].code, err.text);
		arena_release(&a);
	}
}

static void lenient_takes_raw_line_ends_in_strings(void **state)
{
	(void)state;
	struct arena a = {0};
	struct value *v;
	assert_int_equal(payload_json(&a, STR("{\"a\tb\":\"x\r\ny\"}"), &LIMITS,
				      true, &v, NULL),
			 0);
	check_json("lenient", v, "{\"a\\tb\":\"x\\r\\ny\"}");
	assert_int_equal(
	    payload_json(&a, STR("\"\x01\""), &LIMITS, true, &v, NULL),
	    LB_EINVAL);
	arena_release(&a);
}

static void duplicates_are_marked_where_they_are(void **state)
{
	(void)state;
	struct arena a = {0};
	struct value *v;
	assert_int_equal(
	    payload_json(&a, STR("{\"a\":{\"x\":1,\"x\":2},\"b\":{\"x\":1}}"),
			 &LIMITS, false, &v, NULL),
	    0);
	assert_false(value_has_duplicate(v));
	assert_true(value_has_duplicate(value_get(v, "a")));
	assert_false(value_has_duplicate(value_get(v, "b")));
	assert_false(value_has_duplicate(NULL));
	arena_release(&a);
}

static void add_many(struct buf *b, unsigned n, const char *value)
{
	buf_add_char(b, '{');
	for (unsigned i = 0; i < n; i++)
		buf_addf(b, "%s\"key%u\":%s", i > 0 ? "," : "", i, value);
	buf_add_char(b, '}');
}

static void large_objects_find_their_duplicates(void **state)
{
	(void)state;
	struct arena a = {0};
	struct buf b;
	struct value *v;
	buf_init(&b, 1 << 20);
	add_many(&b, 19000, "1");
	b.n--; /* reopen it for three more members */
	buf_add_str(&b, STR(",\"key18999\":2,\"key0\":3,\"new\":4}"));
	assert_int_equal(
	    payload_json(&a, buf_str(&b), &LIMITS, false, &v, NULL), 0);
	assert_int_equal(v->count, 19001);
	assert_true(value_has_duplicate(v));
	check_text("last", value_member(v, "key18999"), "2");
	check_text("first", value_member(v, "key0"), "3");
	check_text("another", value_member(v, "key77"), "1");
	buf_release(&b);
	arena_release(&a);
}

/* The second large object must not meet the members of the first. */
static void a_large_object_given_again_starts_empty(void **state)
{
	(void)state;
	struct arena a = {0};
	struct buf b;
	struct value *v;
	buf_init(&b, 1 << 20);
	buf_add_str(&b, STR("{\"o\":"));
	add_many(&b, 100, "1");
	buf_add_str(&b, STR(",\"o\":"));
	add_many(&b, 90, "2");
	buf_add_char(&b, '}');
	assert_int_equal(
	    payload_json(&a, buf_str(&b), &LIMITS, false, &v, NULL), 0);
	const struct value *o = value_get(v, "o");
	assert_int_equal(o->count, 90);
	assert_false(value_has_duplicate(o));
	size_t seen = 0;
	VALUE_EACH (child, o)
		seen += str_eq(child->text, STR("2"));
	assert_int_equal(seen, 90);
	buf_release(&b);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_what_is_json),
	    cmocka_unit_test(refuses_the_rest_and_says_where),
	    cmocka_unit_test(depth_is_counted_in_containers),
	    cmocka_unit_test(values_are_counted),
	    cmocka_unit_test(lenient_takes_raw_line_ends_in_strings),
	    cmocka_unit_test(duplicates_are_marked_where_they_are),
	    cmocka_unit_test(large_objects_find_their_duplicates),
	    cmocka_unit_test(a_large_object_given_again_starts_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
