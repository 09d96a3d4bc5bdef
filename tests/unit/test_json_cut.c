/* SPDX-License-Identifier: MIT */
/* One element goes, every other byte stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "payload/json_cut.h"

#define KEY(k)                                                                 \
	{                                                                      \
		.key = { k, sizeof(k) - 1 }                                    \
	}
#define AT(i)                                                                  \
	{                                                                      \
		.index = (i)                                                   \
	}

static void test_an_element_is_cut(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		struct json_step steps[4];
		size_t n;
		const char *want; /* NULL: it cannot */
	} rows[] = {
	    {"first", "[1,2,3]", {AT(0)}, 1, "[2,3]"},
	    {"middle", "[1,2,3]", {AT(1)}, 1, "[1,3]"},
	    {"last", "[1,2,3]", {AT(2)}, 1, "[1,2]"},
	    {"only", "[ {\"a\":[1,2]} ]", {AT(0)}, 1, "[  ]"},
	    {"blanks stay", "[ 1 , 2 , 3 ]", {AT(1)}, 1, "[ 1 , 3 ]"},
	    {"blanks before the end", "[ 1 , 2 ]", {AT(1)}, 1, "[ 1 ]"},
	    {"byte order mark",
	     "\xEF\xBB\xBF[1,2]",
	     {AT(0)},
	     1,
	     "\xEF\xBB\xBF[2]"},
	    {"in a member",
	     "{\"x\":[9],\"a\":[1,{\"k\":\"]}\"},3]}",
	     {KEY("a"), AT(1)},
	     2,
	     "{\"x\":[9],\"a\":[1,3]}"},
	    {"deep",
	     "{\"entry\":[{\"c\":[1]},{\"c\":[2,3]}]}",
	     {KEY("entry"), AT(1), KEY("c"), AT(0)},
	     4,
	     "{\"entry\":[{\"c\":[1]},{\"c\":[3]}]}"},
	    {"strings with escapes",
	     "[\"a\\\"]\",\"b\\\\\",\"c\"]",
	     {AT(1)},
	     1,
	     "[\"a\\\"]\",\"c\"]"},
	    {"words and numbers",
	     "[true,null,-1.5e3]",
	     {AT(1)},
	     1,
	     "[true,-1.5e3]"},
	    {"beyond the end", "[1,2]", {AT(2)}, 1, NULL},
	    {"of nothing", "[]", {AT(0)}, 1, NULL},
	    {"no such member", "{\"a\":[1]}", {KEY("b"), AT(0)}, 2, NULL},
	    {"a member is no element", "{\"a\":1}", {KEY("a")}, 1, NULL},
	    {"an escaped name",
	     "{\"\\u0061\":[1]}",
	     {KEY("a"), AT(0)},
	     2,
	     NULL},
	    {"another kind", "{\"a\":1}", {AT(0)}, 1, NULL},
	    {"no way", "[1]", {AT(0)}, 0, NULL},
	    {"cut short", "[1,{\"a\":", {AT(1)}, 1, "[1"},
	};
	bool ok = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;
		buf_init(&out, 1000);
		int rc = json_cut(str_from(rows[i].text), rows[i].steps,
				  rows[i].n, &out);
		bool fits = rows[i].want == NULL
				? rc != 0
				: rc == 0 && str_eq(buf_str(&out),
						    str_from(rows[i].want));
		if (!fits)
			print_error("row '%s': %d '%.*s'\n", rows[i].name, rc,
				    STR_FMT(buf_str(&out)));
		ok &= fits;
		buf_release(&out);
	}
	assert_true(ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_element_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
