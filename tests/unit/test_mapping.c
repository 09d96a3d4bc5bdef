/* SPDX-License-Identifier: MIT */
/*
 * jq programs: what expressions yield, what becomes of their errors, what they
 * may not do, and which line of which one does not compile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lead/mapping.h"
#include "payload/payload.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static const struct value *parse(const char *json)
{
	struct payload_limits limits = {.depth = 500, .values = 100000};
	struct value *out = NULL;
	struct err err = {0};
	if (payload_json(&arena, str_from(json), &limits, false, &out, &err) !=
	    0)
		fail_msg("%s: %s", json, err.text);
	return out;
}

static struct str json_of(const struct value *v)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	value_to_json(v, &b);
	struct str out = arena_copy_buf(&arena, &b);
	buf_release(&b);
	return out;
}

/* The rows of one expression over one event. */
static struct str run_one(const char *expression, const char *event)
{
	struct mapping *m = NULL;
	struct mapping_problem problem;
	struct str text = str_from(expression);
	const struct value *v = parse(event), *rows = NULL;
	struct mapping_input in = {.root = v, .events = &v, .n_events = 1};
	struct err err = {0};
	if (mapping_new(&text, 1, STR_NONE, &m, &problem) != 0)
		fail_msg("%s: %s", expression, problem.text);
	int code = mapping_run(m, &in, &arena, &rows, &err);
	mapping_free(m);
	return code == 0 ? json_of(rows)
			 : str_from(arena_printf(&arena, "%s", err.text).p);
}

static void expressions_yield_candidates_or_their_error(void **state)
{
	(void)state;
	static const struct {
		const char *name, *expression, *event, *rows;
	} rows[] = {
	    {"a path", ".a", "{\"a\":1}", "[[[1]]]"},
	    {"several", ".a, .b", "{\"a\":1,\"b\":\"x\"}", "[[[1,\"x\"]]]"},
	    {"none", "empty", "{}", "[[[]]]"},
	    {"an error is text", "error(\"no\")", "{}", "[[\"no\"]]"},
	    {"of the wrong type", ".a.b", "{\"a\":\"x\"}",
	     "[[\"Cannot index string with string \\\"b\\\"\"]]"},
	    {"a comment does not reach beyond", ".a # ] | [", "{\"a\":1}",
	     "[[[1]]]"},
	    {"the root", "$root.a", "{\"a\":2}", "[[[2]]]"},
	    {"an id of 19 digits stays text", ".a",
	     "{\"a\":1234567890123456789}", "[[[\"1234567890123456789\"]]]"},
	    {"the greatest safe integer", ".a", "{\"a\":9007199254740991}",
	     "[[[9007199254740991]]]"},
	    {"2^53 + 1", ".a", "{\"a\":9007199254740993}",
	     "[[[\"9007199254740993\"]]]"},
	    {"a negative one", ".a", "{\"a\":-9007199254740993}",
	     "[[[\"-9007199254740993\"]]]"},
	    {"decimals are short", ".a * 2", "{\"a\":0.1}", "[[[0.2]]]"},
	    {"no infinity", "1 / 3 | infinite", "{}", "[[[null]]]"},
	    {"no environment", "$ENV.PATH, (env | length)", "{}",
	     "[[\"env is not offered\"]]"},
	    {"no clock", "now", "{}", "[[\"now is not offered\"]]"},
	    {"no end of the process", "halt", "{}",
	     "[[\"halt is not offered\"]]"},
	    {"no further input", "input", "{}", "[[\"input is not offered\"]]"},
	    {"characters only", "[1114112] | implode", "{}",
	     "[[\"implode: not a character\"]]"},
	    {"a surrogate is none", "[55296] | implode", "{}",
	     "[[\"implode: not a character\"]]"},
	    {"but they are put together", "[72, 233] | implode", "{}",
	     "[[[\"H\303\251\"]]]"},
	    {"places in a list",
	     "[.l | index(2), rindex(2), indices(2), index(9)]",
	     "{\"l\":[1,2,2]}", "[[[[1,2,[1,2],null]]]]"},
	    {"places in a text", "\"abcb\" | [index(\"b\"), rindex(\"b\")]",
	     "{}", "[[[[1,3]]]]"},
	    {"debug is silent", "debug | .a", "{\"a\":1}", "[[[1]]]"},
	    {"NUL is a blank", "[65,0,66] | @text \"\\(.)\" | \"a\\u0000b\"",
	     "{}", "[[[\"a b\"]]]"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str got = run_one(rows[i].expression, rows[i].event);
		if (!str_eq(got, str_from(rows[i].rows)))
			fail_msg("%s: %.*s", rows[i].name, STR_FMT(got));
	}
}

static void every_event_has_a_row_and_each_makes_events(void **state)
{
	(void)state;
	struct mapping *m = NULL;
	struct mapping_problem problem;
	struct str two[] = {STR(".id"), STR(".n + 1")};
	const struct value *root =
	    parse("{\"list\":[{\"id\":1,\"n\":1},{\"id\":2,\"n\":\"x\"}]}");
	const struct value *rows = NULL;
	struct mapping_input in = {.root = root};
	assert_int_equal(mapping_new(two, 2, STR(".list[]"), &m, &problem), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(mapping_run(m, &in, &arena, &rows, NULL), 0);
		struct str got = json_of(rows);
		if (!str_eq(got,
			    STR("[[[1],[2],{\"id\":1,\"n\":1}],[[2],"
				"\"string (\\\"x\\\") and number (1) cannot be "
				"added\",{\"id\":2,\"n\":\"x\"}]]")))
			fail_msg("%.*s", STR_FMT(got));
	}
	in.root = parse("{\"list\":3}");
	assert_int_equal(mapping_run(m, &in, &arena, &rows, NULL), LB_EINVAL);
	mapping_free(m);
}

static void results_have_a_ceiling(void **state)
{
	(void)state;
	static const struct {
		const char *name, *expression;
	} rows[] = {
	    {"values", "[range(60000)]"},
	    {"depth", "reduce range(100) as $i (1; [.])"},
	    {"bytes", "\"x\" * 9000000"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str got = run_one(rows[i].expression, "{}");
		if (!str_eq(got, STR("results are too large")))
			fail_msg("%s: %.*s", rows[i].name, STR_FMT(got));
	}
}

static void a_problem_names_expression_and_line(void **state)
{
	(void)state;
	static const struct {
		const char *name, *first, *second, *each;
		size_t which;
		int line;
		const char *text;
	} rows[] = {
	    {"syntax", ".a |", ".b", NULL, 0, 2,
	     "syntax error, unexpected ')'"},
	    {"a name", ".a", ".b\n| foo", NULL, 1, 2, "foo/0 is not defined"},
	    {"a variable", ".a", "$nothing", NULL, 1, 1,
	     "$nothing is not defined"},
	    {"each", ".a", ".b", ".list[", 2, 2, "syntax error, unexpected"},
	    {"brackets", ".a] | [.b", ".c", NULL, 0, 1,
	     "syntax error, unexpected"},
	    {"modules", "import \"a\" as a; .", ".b", NULL, 0, 1,
	     "syntax error, unexpected import"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mapping *m = NULL;
		struct mapping_problem p = {0};
		struct str both[] = {str_from(rows[i].first),
				     str_from(rows[i].second)};
		int code = mapping_new(both, 2, str_from(rows[i].each), &m, &p);
		if (code == 0 || p.which != rows[i].which ||
		    p.line != rows[i].line ||
		    !str_starts(str_from(p.text), str_from(rows[i].text)))
			fail_msg("%s: %d, %zu:%d %s", rows[i].name, code,
				 p.which, p.line, p.text);
	}
}

static void two_hundred_levels_are_walked(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 4 << 20);
	for (int i = 0; i < 100; i++)
		buf_add_str(&b, STR("{\"a\":["));
	buf_add_str(&b, STR("1"));
	for (int i = 0; i < 100; i++)
		buf_add_str(&b, STR("]}"));
	struct str deep =
	    run_one("[.. | numbers] | length", arena_copy_buf(&arena, &b).p);
	assert_true(str_eq(deep, STR("[[[1]]]")));
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(expressions_yield_candidates_or_their_error),
	    cmocka_unit_test(every_event_has_a_row_and_each_makes_events),
	    cmocka_unit_test(results_have_a_ceiling),
	    cmocka_unit_test(a_problem_names_expression_and_line),
	    cmocka_unit_test(two_hundred_levels_are_walked),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
