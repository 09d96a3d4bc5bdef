/* SPDX-License-Identifier: MIT */
/* Idempotency keys: fixed vectors, and what must change them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leadbridge/lead.h"

struct row {
	const char *name, *source, *event, *destination, *key;
	uint32_t index, generation;
};

static void text_of(const struct row *r, char text[LEAD_KEY_TEXT])
{
	unsigned char key[16];
	lead_key(key, str_from(r->source), str_from(r->event), r->index,
		 str_from(r->destination), r->generation);
	lead_key_text(key, text);
}

static void key_is_the_published_one(void **state)
{
	static const struct row rows[] = {
	    {"first generation", "shop", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
	     "mega", "dc325802-e609-8d8e-9929-44899f7c8c7e", 0, 0},
	    {"corrected mapping", "shop",
	     "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", "mega",
	     "c54a0587-c20b-8e13-b0c7-b5eb60be334d", 0, 1},
	    {"not ascii, two digit index", "quote-form", "h:\xC3\xA9", "mega",
	     "89c5119f-3fe0-82bd-9008-1a6e16d4bc49", 12, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[LEAD_KEY_TEXT];
		text_of(&rows[i], text);
		if (strcmp(text, rows[i].key) != 0)
			fail_msg("%s: %s", rows[i].name, text);
	}
}

static void every_field_changes_the_key(void **state)
{
	static const struct row rows[] = {
	    {"base", "ab", "c", "d", NULL, 1, 2},
	    {"bytes moved to the next field", "a", "bc", "d", NULL, 1, 2},
	    {"destination", "ab", "c", "e", NULL, 1, 2},
	    {"index", "ab", "c", "d", NULL, 2, 2},
	    {"generation", "ab", "c", "d", NULL, 1, 1},
	    {"greatest numbers", "ab", "c", "d", NULL, UINT32_MAX, UINT32_MAX},
	    {"empty", "", "", "", NULL, 0, 0},
	};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	char text[N][LEAD_KEY_TEXT];
	(void)state;
	for (size_t i = 0; i < N; i++) {
		text_of(&rows[i], text[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(text[i], text[j]) == 0)
				fail_msg("%s equals %s", rows[i].name,
					 rows[j].name);
	}
}

static void key_is_a_uuid_of_version_8(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		unsigned char key[16];
		char text[LEAD_KEY_TEXT];
		lead_key(key, STR("s"), STR("e"), i, STR("d"), 0);
		lead_key_text(key, text);
		assert_int_equal(strlen(text), 36);
		assert_int_equal(text[14], '8');
		assert_non_null(strchr("89ab", text[19]));
		assert_int_equal(text[8], '-');
		assert_int_equal(text[23], '-');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key_is_the_published_one),
	    cmocka_unit_test(every_field_changes_the_key),
	    cmocka_unit_test(key_is_a_uuid_of_version_8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
