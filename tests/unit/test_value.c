/* SPDX-License-Identifier: MIT */
/* Walking a tree: members, paths, and what counts as a text. */
#include "payload/payload.h"
#include "rows.h"

static const struct payload_limits LIMITS = {.depth = 32, .values = 20000};

static const struct value *parse(struct arena *a, const char *json)
{
	struct value *v = NULL;
	struct err err = {0};
	if (payload_json(a, str_from(json), &LIMITS, false, &v, &err) != 0)
		fail_msg("%s: %s", json, err.text);
	return v;
}

static const char DOCUMENT[] =
    "{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]},\"odd key\":3,\"q\\\"\\\\/x\":4,"
    "\"_9\":{\"\":5},\"\xc3\xa9\":6,\"n\":null}";

static const struct {
	const char *name, *path;
	bool ok;
	const char *json; /* NULL: leads nowhere */
} PATHS[] = {
    {"member", ".n", true, "null"},
    {"members", ".a.b[1].c", true, "2"},
    {"dot before bracket", ".a.b.[0]", true, "{\"c\":1}"},
    {"from the end", ".a.b[-1].c", true, "2"},
    {"quoted", ".\"odd key\"", true, "3"},
    {"quoted in brackets", ".[\"odd key\"]", true, "3"},
    {"quoted behind a member", ".a[\"b\"][0][\"c\"]", true, "1"},
    {"escapes in quotes", ".\"q\\\"\\\\\\/x\"", true, "4"},
    {"empty name", "._9.\"\"", true, "5"},
    {"name beyond ASCII", ".\"\xc3\xa9\"", true, "6"},
    {"blanks around", "  .n ", true, "null"},
    {"no such member", ".x", true, NULL},
    {"member of nothing", ".x.y.z", true, NULL},
    {"member of null", ".n.x", true, NULL},
    {"member of a list", ".a.b.c", true, NULL},
    {"quoted member of a list", ".a.b.\"c\"", true, NULL},
    {"index of an object", ".a[0]", true, NULL},
    {"index too large", ".a.b[2]", true, NULL},
    {"index too small", ".a.b[-3]", true, NULL},
    {"quoted prefix", ".\"odd\"", true, NULL},
    {"quoted longer", ".\"odd key2\"", true, NULL},
    {"nothing", "", false, NULL},
    {"no dot", "a", false, NULL},
    {"two dots", "..", false, NULL},
    {"recursion", "..a", false, NULL},
    {"dot at the end", ".a.", false, NULL},
    {"starts with a digit", ".9", false, NULL},
    {"minus", ".a-b", false, NULL},
    {"iterator", ".a[]", false, NULL},
    {"slice", ".a[0:1]", false, NULL},
    {"optional", ".a?", false, NULL},
    {"pipe", ".a | .b", false, NULL},
    {"alternative", ".a // .b", false, NULL},
    {"unclosed bracket", ".a[0", false, NULL},
    {"unclosed quote", ".\"a", false, NULL},
    {"unclosed quoted bracket", ".[\"a\"", false, NULL},
    {"interpolation", ".\"\\(1)\"", false, NULL},
    {"backslash at the end", ".\"\\", false, NULL},
    {"bracket without dot", "[0]", false, NULL},
    {"word in brackets", ".[a]", false, NULL},
};

static void paths_walk_as_jq_does(void **state)
{
	(void)state;
	struct arena a = {0};
	const struct value *root = parse(&a, DOCUMENT);
	for (size_t i = 0; i < ROWS(PATHS); i++) {
		struct str path = str_from(PATHS[i].path);
		check_row(PATHS[i].name, value_path_ok(path) == PATHS[i].ok,
			  "path_ok");
		const struct value *v = value_path(root, path);
		check_row(PATHS[i].name, (v != NULL) == (PATHS[i].json != NULL),
			  "found or not");
		if (v != NULL)
			check_json(PATHS[i].name, v, PATHS[i].json);
	}
	assert_ptr_equal(value_path(root, STR(".")), root);
	assert_null(value_path(NULL, STR(".a")));
	arena_release(&a);
}

static const struct {
	const char *json; /* also the row's name */
	const char *text; /* NULL: no value */
} TEXTS[] = {
    {"\"x\"", "x"},
    {"\" \\t x y\\r\\n\"", "x y"},
    {"129.00", "129.00"},
    {"0", "0"},
    {"true", "true"},
    {"false", "false"},
    {"null", NULL},
    {"{}", NULL},
    {"[]", NULL},
    {"[\"x\"]", NULL},
    {"{\"a\":1}", NULL},
    {"\"\"", NULL},
    {"\"  \"", NULL},
    {"\"N/A\"", NULL},
    {"\"n/a\"", NULL},
    {"\" n/a \"", NULL},
    {"\"#N/A\"", NULL},
    {"\"null\"", NULL},
    {"\"NULL\"", NULL},
    {"\"Null\"", "Null"}, /* a surname */
    {"\"undefined\"", NULL},
    {"\"(not set)\"", NULL},
    {"\"[object Object]\"", NULL},
    {"\"{{contact.email}}\"", NULL},
    {"\"{{ contact.email }}\"", NULL},
    {"\"{{first}} {{last}}\"", NULL},
    {"\"{{first}} Doe\"", "{{first}} Doe"},
    {"\"{{first\"", "{{first"},
    {"\"{gclid}\"", NULL},
    {"\"{lead:id}\"", NULL},
    {"\"{not a macro}\"", "{not a macro}"},
    {"\"{\\\"a\\\":1}\"", "{\"a\":1}"},
    {"\"${email}\"", NULL},
    {"\"%%email%%\"", NULL},
    {"\"100%\"", "100%"},
    {"\"%%\"", "%%"},
    {"\"50%% off\"", "50%% off"},
    {"\"[your-name]\"", NULL},
    {"\"[_url]\"", NULL},
    {"\"[field id=\\\"name\\\"]\"", NULL},
    {"\"[urgent]\"", "[urgent]"},
    {"\"[1,2]\"", "[1,2]"},
    {"\"NA\"", "NA"},
    {"\"none\"", "none"},
};

static void text_is_what_somebody_entered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(TEXTS); i++) {
		struct arena a = {0};
		check_text(TEXTS[i].json, value_text(parse(&a, TEXTS[i].json)),
			   TEXTS[i].text);
		arena_release(&a);
	}
	assert_null(value_text(NULL).p);
}

static void members_are_found_or_nothing(void **state)
{
	(void)state;
	struct arena a = {0};
	const struct value *v =
	    parse(&a, "{\"a\":\"N/A\",\"b\":\"\",\"c\":\"x\",\"l\":[1,2]}");
	static const char *const keys[] = {"z", "a", "b", "c", NULL};
	static const char *const none[] = {"z", "a", NULL};
	check_text("first of a list", value_first(v, keys), "x");
	check_text("none of a list", value_first(v, none), NULL);
	check_text("member", value_member(v, "c"), "x");
	check_text("member without text", value_member(v, "l"), NULL);
	check_text("of nothing", value_member(NULL, "c"), NULL);
	assert_null(value_get(value_get(v, "l"), "a"));
	assert_null(value_get(value_get(v, "c"), "a"));
	check_json("at", value_at(value_get(v, "l"), 1), "2");
	assert_null(value_at(value_get(v, "l"), 2));
	assert_null(value_at(v, 0));
	assert_null(value_at(NULL, 0));
	size_t n = 0;
	VALUE_EACH (child, v)
		n += child->key.n;
	VALUE_EACH (child, value_get(v, "absent"))
		n += 100 + child->count;
	assert_int_equal(n, 4);
	arena_release(&a);
}

static void builders_make_what_is_written(void **state)
{
	(void)state;
	struct arena a = {0};
	struct value *root = value_new(&a, VALUE_OBJECT);
	struct value *list = value_new(&a, VALUE_ARRAY);
	struct value *text = value_new(&a, VALUE_STRING);
	list->key = STR("l\"");
	text->text = STR("\x01\xff");
	value_append(list, text);
	value_append(list, value_new(&a, VALUE_NULL));
	value_append(root, list);
	check_json("built", root, "{\"l\\\"\":[\"\\u0001\xef\xbf\xbd\",null]}");
	check_json("nothing", NULL, "null");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_walk_as_jq_does),
	    cmocka_unit_test(text_is_what_somebody_entered),
	    cmocka_unit_test(members_are_found_or_nothing),
	    cmocka_unit_test(builders_make_what_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
