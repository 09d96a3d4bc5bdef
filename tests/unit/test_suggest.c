/* SPDX-License-Identifier: MIT */
/* "did you mean": what counts as a slip and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "operate/suggest.h"

static void test_suggests_only_what_is_near(void **state)
{
	(void)state;
	static const char *const known[] = {"destinations", "sources", "store",
					    "url", "token"};
	static const struct {
		const char *name, *word, *best;
	} rows[] = {
	    {"missing letter", "destinatons", "destinations"},
	    {"swapped letters", "soucres", "sources"},
	    {"singular", "source", "sources"},
	    {"other case", "Token", "token"},
	    {"the nearest of two", "stores", "store"},
	    {"short word", "ur", "url"},
	    {"something else", "webhook", NULL},
	    {"empty", "", NULL},
	    {"too long to be a slip",
	     "destinationsdestinationsdestinationsdestinationsdestinationsdest",
	     NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct suggestion s;
		suggestion_init(&s, str_from(rows[i].word));
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			suggestion_offer(&s, str_from(known[j]));
		if (!str_eq(suggestion_best(&s), str_from(rows[i].best)))
			fail_msg("%s: '%s' gave '%.*s'", rows[i].name,
				 rows[i].word, STR_FMT(suggestion_best(&s)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_suggests_only_what_is_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
