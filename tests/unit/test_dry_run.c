/* SPDX-License-Identifier: MIT */
/* What a dry run is, and what it shows of a submission. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "../sources/source_kit.h"

static void only_a_url_token_lets_one_look(void **state)
{
	static const struct {
		const char *name, *query;
		bool token, asked;
	} rows[] = {
	    {"alone", "dry_run=1", true, true},
	    {"among others", "a=1&dry_run=1&b", true, true},
	    {"no query", NULL, true, false},
	    {"off", "dry_run=0", true, false},
	    {"no value", "dry_run", true, false},
	    {"longer", "dry_run=10", true, false},
	    {"other name", "xdry_run=1", true, false},
	    {"without token", "dry_run=1", false, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct source *s =
		    make("form", rows[i].token ? with_token : no_proof);
		struct request r = {.query = str_from(rows[i].query)};
		bool asked = source_dry_run_asked(s, &r);
		golden_source_free(s);
		if (asked != rows[i].asked)
			fail_msg("%s", rows[i].name);
	}
}

#define LEAD                                                                   \
	"POST /in/src/0123456789abcdef HTTP/1.1\n"                             \
	"Content-Type: application/json\n\n"                                   \
	"{\"name\":\"Jane\",\"event_id\":\"e1\"}"
#define SHOWN                                                                  \
	"{\"status\":\"dry_run\",\"test\":false,\"events\":[{\"id\":\"e1\","   \
	"\"topic\":\"form\",\"content_hash\":false,\"units\":["                \
	"{\"destination\":\"mega\","                                           \
	"\"key\":\"66a7d4ba-88f1-8afa-8031-f4e65a8b6980\","                    \
	"\"body\":{\"contact_name\":\"Jane\",\"source_platform\":\"direct\","  \
	"\"source_type\":\"form\"},\"state\":\"waiting\"}]}]}\n"

static void everything_that_would_be_sent_is_shown(void **state)
{
	struct source *s = make("form", with_token);
	struct outcome_of o = send(s, LEAD, NULL);
	struct buf shown;
	(void)state;
	assert_int_equal(o.code, 0);
	buf_init(&shown, 4096);
	assert_int_equal(source_dry_run(o.sub, &shown), 0);
	expect_text("shown", buf_str(&shown), SHOWN);
	buf_release(&shown);
	buf_init(&shown, 64);
	assert_int_equal(source_dry_run(o.sub, &shown), LB_ELIMIT);
	buf_release(&shown);
	submission_free(o.sub);
	golden_source_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_a_url_token_lets_one_look),
	    cmocka_unit_test(everything_that_would_be_sent_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
