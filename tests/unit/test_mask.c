/* SPDX-License-Identifier: MIT */
/* What is left of a person when nobody asked who it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lead/mask.h"
#include "lead/sums.h"

#define DOTS "\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2"

static const char LEAD[] =
    "{\"contact_name\":\"Zo\xC3\xAB Quill\",\"contact_phone\":\"+14155550134\","
    "\"contact_email\":\"zoe@example.com\",\"source_platform\":\"shopify\","
    "\"source_type\":\"form\",\"stage_slug\":\"new\",\"custom_fields\":"
    "{\"note\":\"call me\",\"n\":42,\"ok\":true,\"none\":null,"
    "\"zoe@example.com\":\"x\"}}";

struct row {
	const char *name, *text, *expected;
};

static void check(const struct row *rows, size_t n,
		  void (*mask)(struct str text, struct buf *out))
{
	size_t bad = 0;
	for (size_t i = 0; i < n; i++) {
		struct buf got;
		buf_init(&got, 65536);
		mask(str_from(rows[i].text), &got);
		if (!str_eq(buf_str(&got), str_from(rows[i].expected))) {
			print_error("%s: gave %.*s\n", rows[i].name,
				    STR_FMT(buf_str(&got)));
			bad++;
		}
		buf_release(&got);
	}
	assert_int_equal(bad, 0);
}

#define CHECK(rows, mask) check(rows, sizeof(rows) / sizeof((rows)[0]), mask)

static void person_masked(struct str body, struct buf *out)
{
	struct arena a;
	struct person p;
	arena_init(&a);
	if (person_read(&a, body, &p))
		person_to_json(&p, true, out);
	arena_release(&a);
}

static void contacts_keep_first_letter_prefix_and_host(void **state)
{
	static const struct row rows[] = {
	    {"all three", LEAD,
	     "{\"name\":\"Z" DOTS "\",\"phone\":\"+1" DOTS
	     "34\",\"email\":\"z" DOTS "@example.com\"}"},
	    {"a letter of two bytes", "{\"contact_name\":\"\xC3\x89mile\"}",
	     "{\"name\":\"\xC3\x89" DOTS "\",\"phone\":null,\"email\":null}"},
	    {"short and odd numbers say nothing",
	     "{\"contact_phone\":\"5550134\"}",
	     "{\"name\":null,\"phone\":\"" DOTS "\",\"email\":null}"},
	    {"an address without a host", "{\"contact_email\":\"zoe\"}",
	     "{\"name\":null,\"phone\":null,\"email\":\"" DOTS "\"}"},
	    {"a description of a fetch", "[\"get\"]", ""},
	    {"no JSON", "{\"contact_name\":", ""},
	    {"nothing", "", ""},
	};
	(void)state;
	CHECK(rows, person_masked);
}

static void a_lead_keeps_its_shape(void **state)
{
	static const struct row rows[] = {
	    {"whole", LEAD,
	     "{\"contact_name\":\"Z" DOTS "\",\"contact_phone\":\"+1" DOTS
	     "34\",\"contact_email\":\"z" DOTS
	     "@example.com\",\"source_platform\":\"shopify\","
	     "\"source_type\":\"form\",\"stage_slug\":\"new\","
	     "\"custom_fields\":{\"note\":\"" DOTS "\",\"n\":\"" DOTS
	     "\",\"ok\":\"" DOTS "\",\"none\":null,\"" DOTS "\":\"" DOTS
	     "\"}}"},
	};
	(void)state;
	CHECK(rows, mask_lead);
}

static void a_request_keeps_member_names_only(void **state)
{
	static const struct row rows[] = {
	    {"no word of it is trusted",
	     "{\"source_type\":\"Zoe\",\"contact_name\":\"Zoe\"}",
	     "{\"source_type\":\"" DOTS "\",\"contact_name\":\"" DOTS "\"}"},
	    {"lists", "[{\"a\":[1,2]},null]",
	     "[{\"a\":[\"" DOTS "\",\"" DOTS "\"]},null]"},
	    {"a number as a name", "{\"4155550134\":1}",
	     "{\"" DOTS "\":\"" DOTS "\"}"},
	    {"a form", "email=zoe%40example.com", DOTS " (23 bytes)"},
	    {"a scalar", "\"zoe\"", DOTS " (5 bytes)"},
	    {"broken", "{\"a\":", DOTS " (5 bytes)"},
	};
	(void)state;
	CHECK(rows, mask_text);
}

static void answer(struct str text, struct buf *out)
{
	mask_answer(text, str_from(LEAD), out);
}

#define ERROR(message)                                                         \
	"{\"error\":{\"type\":\"t\",\"code\":\"c\",\"message\":\"" message     \
	"\"}}"

static void a_message_stays_when_no_word_of_the_lead_is_in_it(void **state)
{
	static const struct row rows[] = {
	    {"harmless", ERROR("stage_slug is unknown"),
	     ERROR("stage_slug is unknown")},
	    {"the address", ERROR("'zoe@example.com' bounced"), ERROR(DOTS)},
	    {"part of the name", ERROR("no QUILL allowed"), ERROR(DOTS)},
	    {"a custom field", ERROR("'call me' is too short"), ERROR(DOTS)},
	    {"somebody else's address", ERROR("like a@b"), ERROR(DOTS)},
	    {"a number", ERROR("call 55501"), ERROR(DOTS)},
	    {"a number as people write it", ERROR("(415) 555-0134 is blocked"),
	     ERROR(DOTS)},
	    {"numbers that are none", ERROR("1000 of 1000, 60 s"),
	     ERROR("1000 of 1000, 60 s")},
	    {"no error", "{\"email\":\"zoe@example.com\"}",
	     "{\"email\":\"" DOTS "\"}"},
	    {"a page", "<h1>zoe</h1>", DOTS " (12 bytes)"},
	    {"type and code are words",
	     "{\"error\":{\"type\":\"not a word\",\"code\":\"4155550134\"}}",
	     "{\"error\":{\"type\":\"" DOTS "\",\"code\":\"" DOTS
	     "\",\"message\":\"\"}}"},
	};
	(void)state;
	CHECK(rows, answer);
}

static void without_the_lead_no_message_is_trusted(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1024);
	mask_answer(STR(ERROR("anything")), STR_NONE, &out);
	assert_true(str_eq(buf_str(&out), STR(ERROR(DOTS))));
	buf_release(&out);
}

static void sums_follow_the_merge_rule(void **state)
{
	static const struct {
		const char *name, *a, *b;
		bool same, phone;
	} rows[] = {
	    {"case", "Zoe@Example.com", " zoe@example.COM", true, false},
	    {"other", "zoe@example.com", "zoe@example.org", false, false},
	    {"ten digits", "+14155550134", "(415) 555-0134", true, true},
	    {"a digit", "+14155550134", "+14155550135", false, true},
	    {"country", "+445155550134", "+15155550134", true, true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char a[SUM_TEXT], b[SUM_TEXT], other[SUM_TEXT];
		void (*sum)(struct str, struct str, char[SUM_TEXT]) =
		    rows[i].phone ? sum_phone : sum_email;
		sum(STR("key"), str_from(rows[i].a), a);
		sum(STR("key"), str_from(rows[i].b), b);
		sum(STR("another"), str_from(rows[i].a), other);
		if ((strcmp(a, b) == 0) != rows[i].same ||
		    strcmp(a, other) == 0 || strlen(a) != SUM_TEXT - 1)
			fail_msg("%s: %s %s", rows[i].name, a, b);
	}
	char none[SUM_TEXT] = "x";
	sum_phone(STR("key"), STR("12-34"), none);
	assert_string_equal(none, "");
	sum_email(STR("key"), STR("  "), none);
	assert_string_equal(none, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(contacts_keep_first_letter_prefix_and_host),
	    cmocka_unit_test(a_lead_keeps_its_shape),
	    cmocka_unit_test(a_request_keeps_member_names_only),
	    cmocka_unit_test(a_message_stays_when_no_word_of_the_lead_is_in_it),
	    cmocka_unit_test(without_the_lead_no_message_is_trusted),
	    cmocka_unit_test(sums_follow_the_merge_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
