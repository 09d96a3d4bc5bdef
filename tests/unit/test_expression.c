/* SPDX-License-Identifier: MIT */
/* Expressions that only walk: which are recognised, and what they give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "payload/payload.h"
#include "sources/expression.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char payload[] =
    "{\"a\":\"\",\"b\":\"x\",\"n\":129.00,\"no\":false,\"null\":null,"
    "\"list\":[\"\",\"first\"],\"o d, d\":\"odd\",\"false\":\"false\","
    "\"empty\":[],\"na\":\"N/A\"}";

struct row {
	const char *expression;
	bool jq;
	const char *text; /* NULL: none */
	bool truth;
};

static const struct row rows[] = {
    {".b", false, "x", true},
    {".a", false, NULL, false},
    {".a, .b", false, "x", false},
    {".missing, .b", false, "x", true},
    {".n", false, "129.00", true},
    {".list", false, "first", true},
    {".\"o d, d\"", false, "odd", true},
    {"\"constant\"", false, "constant", true},
    {".missing, \"default\"", false, "default", true},
    {"$root.b", false, "x", true},
    {"$headers.\"x-id\"", false, "h-1", true},
    {"$query.q", false, NULL, false},
    {".no", false, "false", false},
    {".false", false, "false", false},
    {".null", false, NULL, false},
    {".na", false, NULL, false},
    {".empty", false, NULL, true},
    {".", false, NULL, true},
    {".a // .b", true, NULL, false},
    {"\"\\(.b)\"", true, NULL, false},
    {".b | length", true, NULL, false},
    {"", true, NULL, false},
    {",", true, NULL, false},
};

static void walking_expressions_are_known_and_evaluated(void **state)
{
	(void)state;
	struct arena arena;
	struct payload_limits limits = {.depth = 8, .values = 100};
	struct value *root = NULL, *headers = NULL;
	arena_init(&arena);
	assert_int_equal(payload_json(&arena, str_from(payload), &limits, false,
				      &root, NULL),
			 0);
	assert_int_equal(payload_json(&arena, STR("{\"x-id\":\"h-1\"}"),
				      &limits, false, &headers, NULL),
			 0);
	struct evaluation v = {.event = root, .root = root, .headers = headers};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct expression e = {0};
		expression_parse(&e, str_from(rows[i].expression), 1);
		struct str text = expression_text(&e, &v);
		if (expression_is_jq(&e) != rows[i].jq)
			fail_msg("'%s': jq %d", rows[i].expression,
				 expression_is_jq(&e));
		if (!str_eq(text, str_from(rows[i].text)) ||
		    expression_true(&e, &v) != rows[i].truth)
			fail_msg("'%s': '%.*s' %d", rows[i].expression,
				 STR_FMT(text), expression_true(&e, &v));
		expression_release(&e);
	}
	arena_release(&arena);
}

/* What did not run must not look like "nothing there". */
static void an_expression_without_its_row_has_failed(void **state)
{
	(void)state;
	struct expression e = {0};
	struct evaluation v = {0};
	expression_parse(&e, STR(".a | length"), 1);
	assert_true(expression_error(&e, &v).n > 0);
	expression_release(&e);
	expression_parse(&e, STR(".a"), 1);
	assert_int_equal(expression_error(&e, &v).n, 0);
	expression_release(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(walking_expressions_are_known_and_evaluated),
	    cmocka_unit_test(an_expression_without_its_row_has_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
