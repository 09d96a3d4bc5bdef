/* SPDX-License-Identifier: MIT */
/* Names: tidied, joined, re-cased on request only; what is no name is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leadbridge/lead.h"

#define N50 "Abcdefghij Abcdefghij Abcdefghij Abcdefghij Abcdef"

struct row {
	const char *name, *first, *last, *expected;
};

static bool matches(const struct row *r, struct str got)
{
	if ((got.p == NULL) == (r->expected == NULL) &&
	    str_eq(got, str_from(r->expected)))
		return true;
	print_error("%s: '%s' '%s' gave '%.*s'\n", r->name, r->first,
		    r->last != NULL ? r->last : "", STR_FMT(got));
	return false;
}

/* clang-format off */
static void one_name_is_tidied(void **state)
{
	static const struct row rows[] = {
	    {"plain", "Jane Doe", NULL, "Jane Doe"},
	    {"blanks", "  Jane \t\n Doe ", NULL, "Jane Doe"},
	    {"no-break blank", "Jane\xC2\xA0 Doe", NULL, "Jane Doe"},
	    {"case stays", "JANE doe", NULL, "JANE doe"},
	    {"zero width", "\xEF\xBB\xBFJane\xE2\x80\x8B Doe", NULL, "Jane Doe"},
	    {"control", "Jane\x01 Doe", NULL, "Jane Doe"},
	    {"entity", "O&#39;Brien", NULL, "O'Brien"},
	    {"hex entity", "O&#x27;Brien", NULL, "O'Brien"},
	    {"named entity", "Smith &amp; Sons", NULL, "Smith & Sons"},
	    {"decoded once", "a &amp;lt; b", NULL, "a &lt; b"},
	    {"no entity", "Smith & Sons; Ltd", NULL, "Smith & Sons; Ltd"},
	    {"entity of a surrogate", "J&#xD800;D", NULL, "J&#xD800;D"},
	    {"accents", "José Núñez", NULL, "José Núñez"},
	    {"japanese", "山田 太郎", NULL, "山田 太郎"},
	    {"persian joiner stays", "علی\xE2\x80\x8Cرضا", NULL, "علی\xE2\x80\x8Cرضا"},
	    {"broken utf-8", "Jan\xFF" "e", NULL, "Jane"},
	    {"one letter", "X", NULL, "X"},
	    {"surname Null", "Null", NULL, "Null"},
	    {"John Ma in capitals", "JOHN MA", NULL, "JOHN MA"},
	    {"Sandra Oh in capitals", "SANDRA OH", NULL, "SANDRA OH"},
	    {"Olive Fox of no place", "Olive Fox", NULL, "Olive Fox"},
	    {"a hundred characters", N50 N50, NULL, N50 N50},
	    {"a hundred and one", N50 N50 "x", NULL, NULL},
	    {"digits", "520-555-0123", NULL, NULL},
	    {"url", "https://spam.example", NULL, NULL},
	    {"www", "see www.spam.example", NULL, NULL},
	    {"e-mail", "jane@example.com", NULL, NULL},
	    {"empty", "", NULL, NULL},
	    {"blank", "  ", NULL, NULL},
	    {"unknown", "Unknown", NULL, NULL},
	    {"anonymous", "ANONYMOUS", NULL, NULL},
	    {"wireless", "WIRELESS CALLER", NULL, NULL},
	    {"toll free", "TOLL FREE CALL", NULL, NULL},
	    {"google voice", "Google Voice", NULL, NULL},
	    {"city and state", "TUCSON       AZ", NULL, NULL},
	    {"cell phone", "CELL PHONE   NY", NULL, NULL},
	    {"tawk", "V1234567890123456", NULL, NULL},
	    {"intercom", "Amber Koala from Tucson", NULL, NULL},
	    {"not available", "N/A", NULL, NULL},
	    {"null", "null", NULL, NULL},
	    {"undefined", "undefined", NULL, NULL},
	    {"macro", "{{contact.name}}", NULL, NULL},
	};
	struct arena arena;
	size_t bad = 0;
	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!matches(&rows[i], name_normalise(&arena, str_from(rows[i].first))))
			bad++;
	arena_release(&arena);
	assert_int_equal(bad, 0);
}

static void parts_are_joined_once(void **state)
{
	static const struct row rows[] = {
	    {"both", "Jane", "Doe", "Jane Doe"},
	    {"blanks", " Jane ", " Doe ", "Jane Doe"},
	    {"first only", "Jane", "", "Jane"},
	    {"last only", NULL, "Doe", "Doe"},
	    {"neither", "", NULL, NULL},
	    {"last in first", "Jane Doe", "Doe", "Jane Doe"},
	    {"equal", "Jane", "jane", "Jane"},
	    {"end of a word is no repeat", "Mary Anderson", "son", "Mary Anderson son"},
	    {"placeholder last", "Jane", "N/A", "Jane"},
	    {"null last", "Jane", "null", "Jane"},
	    {"dash last", "Jane", "-", "Jane"},
	    {"surname Na", "Minh", "Na", "Minh Na"},
	    {"surname Null", "Christopher", "Null", "Christopher Null"},
	    {"unknown unknown", "Unknown", "Caller", NULL},
	    {"decoded once", "&amp;lt;Jane", "Doe", "&lt;Jane Doe"},
	    {"too long together", N50, N50 "x", NULL},
	};
	struct arena arena;
	size_t bad = 0;
	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!matches(&rows[i], name_join(&arena, str_from(rows[i].first),
						 str_from(rows[i].last))))
			bad++;
	arena_release(&arena);
	assert_int_equal(bad, 0);
}
/* clang-format on */

static void a_long_name_is_cut_between_characters(void **state)
{
	char text[300];
	struct arena arena;
	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < 99; i++)
		memcpy(text + 3 * i, "太", 3);
	struct str name = name_normalise(&arena, (struct str){text, 297});
	assert_int_equal(name.n, 198);
	assert_true(str_is_utf8(name));
	arena_release(&arena);
}

static void case_is_corrected_on_request(void **state)
{
	static const struct row rows[] = {
	    {"capitals", "JANE DOE", NULL, "Jane Doe"},
	    {"small", "jane doe", NULL, "Jane Doe"},
	    {"mixed stays", "Jane DOE", NULL, "Jane DOE"},
	    {"mixed in a word stays", "Jane deVries", NULL, "Jane deVries"},
	    {"hyphen", "ANNE-MARIE SMITH-JONES", NULL,
	     "Anne-Marie Smith-Jones"},
	    {"irish", "SEAN O'BRIEN", NULL, "Sean O'Brien"},
	    {"apostrophe inside", "jane's mother", NULL, "Jane's Mother"},
	    {"scottish", "EWAN MCGREGOR", NULL, "Ewan McGregor"},
	    {"short mc", "MCK LEE", NULL, "MCK Lee"},
	    {"mac stays a word", "JOHN MACE", NULL, "John Mace"},
	    {"initials", "J.R. SMITH", NULL, "J.R. Smith"},
	    {"initials without stops", "JD SMITH", NULL, "JD Smith"},
	    {"third", "HENRY FORD III", NULL, "Henry Ford III"},
	    {"junior", "SAM HILL JR", NULL, "Sam Hill Jr"},
	    {"short name", "LI NG", NULL, "Li NG"},
	    {"company", "ACME LLC", NULL, "ACME LLC"},
	    {"two partners", "SMITH & SONS", NULL, "SMITH & SONS"},
	    {"digits", "UNIT 4", NULL, "UNIT 4"},
	    {"other letters stay", "JOSÉ NÚÑEZ", NULL, "JOSÉ NÚÑEZ"},
	    {"two blanks", "JANE  DOE", NULL, "Jane  Doe"},
	    {"none", NULL, NULL, NULL},
	};
	struct arena arena;
	size_t bad = 0;
	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		bad += !matches(&rows[i],
				name_recase(&arena, str_from(rows[i].first)));
	arena_release(&arena);
	assert_int_equal(bad, 0);
}

static void names_of_the_network_are_turned_round(void **state)
{
	static const struct row rows[] = {
	    {"family name first", "DOE JANE", NULL, "JANE DOE"},
	    {"with an initial", "DOE JANE M", NULL, "JANE M DOE"},
	    {"with a comma", "DOE, JANE", NULL, "JANE DOE"},
	    {"two commas stay", "DOE, JANE, SAM", NULL, "DOE, JANE, SAM"},
	    {"one word", "MADONNA", NULL, "MADONNA"},
	    {"nothing behind the comma", "DOE,", NULL, "DOE,"},
	    {"typed by a person", "Doe Jane", NULL, "Doe Jane"},
	    {"small letters", "doe jane", NULL, "doe jane"},
	    {"company", "ACME PLUMBING LLC", NULL, "ACME PLUMBING LLC"},
	    {"two partners", "SMITH & SONS", NULL, "SMITH & SONS"},
	    {"digits", "CELL 520", NULL, "CELL 520"},
	    {"none", NULL, NULL, NULL},
	};
	struct arena arena;
	size_t bad = 0;
	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		bad += !matches(
		    &rows[i], name_from_cnam(&arena, str_from(rows[i].first)));
	arena_release(&arena);
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(case_is_corrected_on_request),
	    cmocka_unit_test(names_of_the_network_are_turned_round),
	    cmocka_unit_test(one_name_is_tidied),
	    cmocka_unit_test(parts_are_joined_once),
	    cmocka_unit_test(a_long_name_is_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
