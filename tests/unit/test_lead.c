/* SPDX-License-Identifier: MIT */
/* The lead record: what stays, what is refused, and the bytes it becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lead/fields.h"
#include "leadbridge/lead.h"
#include "payload/payload.h"

static struct arena arena;
static struct lead lead;

static int fresh(void **state)
{
	(void)state;
	arena_init(&arena);
	lead_init(&lead, &arena);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void assert_text(struct str got, const char *expected)
{
	if (!str_eq(got, str_from(expected)))
		fail_msg("'%.*s' instead of '%s'", STR_FMT(got), expected);
}

static void assert_json(const char *expected)
{
	struct buf out;
	buf_init(&out, LEAD_JSON_MAX);
	assert_int_equal(lead_to_json(&lead, &out), 0);
	assert_text(buf_str(&out), expected);
	buf_release(&out);
}

static const struct value *json(const char *text)
{
	static const struct payload_limits limits = {32, 1000};
	struct value *v = NULL;
	struct err err;
	assert_int_equal(
	    payload_json(&arena, str_from(text), &limits, false, &v, &err), 0);
	return v;
}

static void members_come_in_fixed_order(void **state)
{
	(void)state;
	lead_add(&lead, "message", STR("A \"leak\"\n"));
	lead.stage_slug = STR("new");
	lead.source_type = STR("form");
	lead.source_platform = STR("google_ads");
	assert_true(lead_set_email(&lead, STR("Jane@Example.com")));
	assert_true(lead_set_phone(&lead, STR("(520) 555-0123 x4"), "US"));
	assert_true(lead_set_name(&lead, STR(" Jane  Doe ")));
	lead_add_typed(&lead, STR("Budget"), FIELD_NUMBER, STR("129.00"));
	lead_add_typed(&lead, STR("Opt in"), FIELD_BOOL, STR("true"));
	lead_add_typed(&lead, STR("note"), FIELD_NULL, STR_NONE);
	lead_finish(&lead);
	assert_json("{\"contact_name\":\"Jane Doe\","
		    "\"contact_phone\":\"+15205550123\","
		    "\"contact_email\":\"jane@example.com\","
		    "\"source_platform\":\"google_ads\","
		    "\"source_type\":\"form\",\"stage_slug\":\"new\","
		    "\"custom_fields\":{\"message\":\"A \\\"leak\\\"\","
		    "\"phone_ext\":\"4\",\"budget\":129.00,"
		    "\"opt_in\":true,\"note\":null}}");
}

static void absent_members_are_left_out(void **state)
{
	(void)state;
	assert_false(lead_has_contact(&lead));
	assert_json("{}");
	assert_true(lead_set_name(&lead, STR("Jane")));
	assert_true(lead_has_contact(&lead));
	assert_json("{\"contact_name\":\"Jane\"}");
	lead_init(&lead, &arena);
	lead_add(&lead, "a", STR("b"));
	assert_json("{\"custom_fields\":{\"a\":\"b\"}}");
}

static void the_first_usable_contact_stays(void **state)
{
	(void)state;
	assert_false(lead_set_name(&lead, STR("N/A")));
	assert_true(lead_set_names(&lead, STR("Jane"), STR("Doe")));
	assert_true(lead_set_name(&lead, STR("Joe")));
	assert_text(lead.name, "Jane Doe");
	assert_false(lead_set_email(&lead, STR("none@none.com")));
	assert_true(lead_set_email(&lead, STR("a@example.com")));
	assert_true(lead_set_email(&lead, STR("b@example.com")));
	assert_text(lead.email, "a@example.com");
	assert_false(lead_set_phone(&lead, STR("555"), "US"));
	assert_true(lead_set_phone(&lead, STR("520-555-0123"), "US"));
	assert_true(lead_set_phone(&lead, STR("480-555-0199"), "US"));
	assert_text(lead.phone, "+15205550123");
}

static void the_name_beside_an_address_is_used(void **state)
{
	static const struct {
		const char *name, *text, *expected;
	} rows[] = {
	    {"display", "Jane Doe <jane@example.com>", "Jane Doe"},
	    {"two people", "Jane <bad>, Joe <joe@example.com>", NULL},
	    {"list", "n/a; Joe <joe@example.com>", NULL},
	    {"a number", "5205550123 <joe@example.com>", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lead_init(&lead, &arena);
		if (!lead_set_email(&lead, str_from(rows[i].text)) ||
		    !str_eq(lead.name, str_from(rows[i].expected)))
			fail_msg("%s: '%.*s'", rows[i].name,
				 STR_FMT(lead.name));
	}
}

static void a_misspelt_address_is_kept_beside(void **state)
{
	(void)state;
	assert_false(lead_set_email(&lead, STR("jane@gmail,com")));
	assert_text(lead_get(&lead, "email_raw"), "jane@gmail,com");
	lead_init(&lead, &arena);
	assert_false(lead_set_email(&lead, STR("none@none.com")));
	assert_false(lead_set_email(&lead, STR("nothing")));
	assert_int_equal(lead.n_fields, 0);
}

static void a_number_of_no_plan_is_sent_only_as_last_resort(void **state)
{
	static const struct {
		const char *name, *phone, *email, *expected, *raw;
	} rows[] = {
	    {"no e-mail", "520 555 01234", NULL, "520 555 01234",
	     "520 555 01234"},
	    {"e-mail", "520 555 01234", "a@example.com", NULL, "520 555 01234"},
	    {"six digits", "555-012", NULL, NULL, "555-012"},
	    {"seven digits", "555-0123", NULL, "555-0123", "555-0123"},
	    {"sixteen digits", "5205550123520555", NULL, NULL,
	     "5205550123520555"},
	    {"fake", "555-555-5555", NULL, NULL, "555-555-5555"},
	    {"withheld", "7378742833", NULL, NULL, NULL},
	    {"words around", "my neighbour has 520 555 01234, ask him", NULL,
	     "my neighbour has 520 555 01234, ask him",
	     "my neighbour has 520 555 01234, ask him"},
	    {"a letter to us", "please call my neighbour who has 520 555 01234",
	     NULL, NULL, "please call my neighbour who has 520 555 01234"},
	    {"no digits", "call me", NULL, NULL, NULL},
	    {"good", "520 555 0123", NULL, "+15205550123", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lead_init(&lead, &arena);
		lead_set_phone(&lead, str_from(rows[i].phone), "US");
		lead_set_email(&lead, str_from(rows[i].email));
		lead_finish(&lead);
		struct str raw = lead_get(&lead, "phone_raw");
		if (!str_eq(lead.phone, str_from(rows[i].expected)) ||
		    !str_eq(raw, str_from(rows[i].raw)))
			fail_msg("%s: '%.*s' raw '%.*s'", rows[i].name,
				 STR_FMT(lead.phone), STR_FMT(raw));
	}
}

static void a_withheld_caller_is_marked_on_calls_only(void **state)
{
	static const struct {
		const char *name, *type, *expected;
	} rows[] = {
	    {"call", "phone_call", "true"},
	    {"sms", "sms", "true"},
	    {"not said", NULL, "true"},
	    {"form", "form", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lead_init(&lead, &arena);
		lead.source_type = str_from(rows[i].type);
		assert_false(lead_set_phone(&lead, STR("Anonymous"), "US"));
		assert_true(lead.phone_withheld);
		lead_finish(&lead);
		if (!str_eq(lead_get(&lead, "caller_id_withheld"),
			    str_from(rows[i].expected)))
			fail_msg("%s", rows[i].name);
	}
	assert_false(lead_has_contact(&lead));
}

static void a_second_number_is_kept(void **state)
{
	(void)state;
	lead_set_phone(&lead, STR("520-555-0123 / 480-555-0199"), "US");
	assert_text(lead_get(&lead, "phone_other"), "480-555-0199");
}

static void slugs_are_plain(void **state)
{
	static const struct {
		const char *name, *expected;
	} rows[] = {
	    {"plain", "plain"},
	    {"How did you hear about us?", "how_did_you_hear_about_us"},
	    {"  spaced -- out  ", "spaced_out"},
	    {"__a__b__", "a_b"},
	    {"Téléphone", "telephone"},
	    {"Straße / Größe", "strase_grose"},
	    {"ｆｕｌｌ１", "full1"},
	    {"電話番号", "field_32d0e41b"},
	    {"Имя", "field_c7710cd5"},
	    {"Имя name", "name"},
	    {"???", NULL},
	    {"", NULL},
	    {"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
	     "abc_defghij",
	     "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str got = slug_make(&arena, str_from(rows[i].name));
		if (!str_eq(got, str_from(rows[i].expected)) || got.n > 64)
			fail_msg("%s: '%.*s'", rows[i].name, STR_FMT(got));
	}
}

static void labels_of_one_slug_stand_beside_each_other(void **state)
{
	static const char long_name[] =
	    "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd";
	static const struct {
		const char *name, *object, *expected;
	} rows[] = {
	    {"two labels", "{\"Roof?\":\"flat\",\"Roof!\":\"green\"}",
	     "{\"custom_fields\":{\"roof\":\"flat\",\"roof_2\":\"green\"}}"},
	    {"three", "{\"a\":1,\"A\":2,\"A.\":3}",
	     "{\"custom_fields\":{\"a\":1,\"a_2\":2,\"a_3\":3}}"},
	    {"the same answer", "{\"Roof?\":\"flat\",\"Roof!\":\"flat\"}",
	     "{\"custom_fields\":{\"roof\":\"flat\"}}"},
	    {"another type", "{\"a\":\"1\",\"A\":1}",
	     "{\"custom_fields\":{\"a\":\"1\",\"a_2\":1}}"},
	    {"no answer", "{\"a\":\"1\",\"A\":\"\"}",
	     "{\"custom_fields\":{\"a\":\"1\"}}"},
	    {"number taken", "{\"a_2\":1,\"a\":2,\"A\":3}",
	     "{\"custom_fields\":{\"a_2\":1,\"a\":2,\"a_3\":3}}"},
	    {"refused", "{\"password\":\"1\",\"Password\":\"2\"}", "{}"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lead_init(&lead, &arena);
		VALUE_EACH (member, json(rows[i].object))
			(void)lead_add_beside(&lead, member->key, member);
		struct buf out;
		buf_init(&out, LEAD_JSON_MAX);
		assert_int_equal(lead_to_json(&lead, &out), 0);
		if (!str_eq(buf_str(&out), str_from(rows[i].expected)))
			fail_msg("%s: '%.*s'", rows[i].name,
				 STR_FMT(buf_str(&out)));
		buf_release(&out);
	}
	lead_init(&lead, &arena);
	lead_add(&lead, long_name, STR("x"));
	assert_true(lead_add_beside(&lead, str_from(long_name), json("\"y\"")));
	assert_int_equal(lead.fields[1].slug.n, LEAD_SLUG_MAX);
	assert_true(str_ends(lead.fields[1].slug, STR("_2")));
}

static void labels_of_one_slug_end_where_fields_end(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * LEAD_FIELDS_MAX; i++)
		(void)lead_add_beside(
		    &lead, STR("a"), json(arena_printf(&arena, "\"%d\"", i).p));
	assert_int_equal(lead.n_fields, LEAD_FIELDS_MAX);
	assert_text(lead_get(&lead, "a_100"), "99");
}

static void secrets_captchas_and_cards_are_refused(void **state)
{
	static const char *const refused[] = {
	    "password",
	    "Your Password",
	    "password_2",
	    "token",
	    "Access Token",
	    "accessToken",
	    "_wpnonce",
	    "g-recaptcha-response",
	    "h-captcha-response",
	    "csrf_token",
	    "cf-turnstile-response",
	    "cvv",
	    "CVV2",
	    "card[number]",
	    "Card Number",
	    "cardNumber",
	    "cc-number",
	    "cc_exp",
	    "credit card no",
	    "ssn",
	    "Social Security Number",
	    "api_key",
	    "client-secret",
	    "authenticity_token",
	    "Authorization",
	    "Credit card",
	    "csrfmiddlewaretoken",
	};
	static const char *const kept[] = {
	    "pin_code",
	    "tokenized",
	    "business_card",
	    "postcard",
	    "discard",
	    "card_color",
	    "session",
	    "secretary",
	    "assn",
	    "number",
	    "accessn",
	    "authorization_to_call",
	    "credit_card_debt",
	    "on_social_security",
	    "ga_session_id",
	    "account_no",
	    "nonces",
	    "cc",
	    "exp",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (lead_add(&lead, refused[i], STR("x")))
			fail_msg("'%s' was taken", refused[i]);
	assert_int_equal(lead.n_fields, 0);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (!lead_add(&lead, kept[i], STR("x")))
			fail_msg("'%s' was refused", kept[i]);
}

static void no_value_is_left_out(void **state)
{
	static const char *const none[] = {"",          " ",    "N/A",
					   "undefined", "null", "{{gclid}}"};
	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (lead_add(&lead, "a", str_from(none[i])))
			fail_msg("'%s'", none[i]);
	assert_false(lead_add(&lead, "a", STR_NONE));
	assert_false(lead_add_value(&lead, STR("a"), NULL));
	assert_int_equal(lead.n_fields, 0);
}

static void values_keep_their_type(void **state)
{
	static const struct {
		const char *name, *value, *expected;
	} rows[] = {
	    {"string", "\"red\"", "{\"custom_fields\":{\"a\":\"red\"}}"},
	    {"true", "true", "{\"custom_fields\":{\"a\":true}}"},
	    {"false", "false", "{\"custom_fields\":{\"a\":false}}"},
	    {"integer", "42", "{\"custom_fields\":{\"a\":42}}"},
	    {"zero", "0", "{\"custom_fields\":{\"a\":0}}"},
	    {"fraction", "-129.00", "{\"custom_fields\":{\"a\":-129.00}}"},
	    {"exponent", "1.5e3", "{\"custom_fields\":{\"a\":1.5e3}}"},
	    {"fifteen digits", "123456789012345",
	     "{\"custom_fields\":{\"a\":123456789012345}}"},
	    {"a long id", "12345678901234567890",
	     "{\"custom_fields\":{\"a\":\"12345678901234567890\"}}"},
	    {"a huge exponent", "1e300",
	     "{\"custom_fields\":{\"a\":\"1e300\"}}"},
	    {"null", "null", "{}"},
	    {"array", "[\"red\",2,true,null,\"\",\"N/A\"]",
	     "{\"custom_fields\":{\"a\":\"red, 2, true\"}}"},
	    {"empty array", "[]", "{}"},
	    {"array of nothing", "[null,\"\"]", "{}"},
	    {"object", "{\"x\":1,\"y\":[\"z\",null]}",
	     "{\"custom_fields\":{\"a\":\"{\\\"x\\\":1,\\\"y\\\":[\\\"z\\\","
	     "null]}\"}}"},
	    {"secret inside", "{\"x\":1,\"password\":\"p\"}",
	     "{\"custom_fields\":{\"a\":\"{\\\"x\\\":1}\"}}"},
	    {"only a secret", "{\"token\":\"p\"}", "{}"},
	    {"array of objects", "[{\"x\":\"1\"}]",
	     "{\"custom_fields\":{\"a\":\"[{\\\"x\\\":\\\"1\\\"}]\"}}"},
	    {"empty object", "{}", "{}"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lead_init(&lead, &arena);
		bool added =
		    lead_add_value(&lead, STR("A"), json(rows[i].value));
		struct buf out;
		buf_init(&out, LEAD_JSON_MAX);
		assert_int_equal(lead_to_json(&lead, &out), 0);
		if (added != (lead.n_fields == 1) ||
		    !str_eq(buf_str(&out), str_from(rows[i].expected)))
			fail_msg("%s: %s", rows[i].name, out.p);
		buf_release(&out);
	}
}

static void text_that_is_no_number_stays_text(void **state)
{
	static const struct {
		const char *text;
		bool safe;
	} rows[] = {
	    {"0", true},
	    {"-0", true},
	    {"0.50", true},
	    {"1E5", true},
	    {"1e-15", true},
	    {"01", false},
	    {"1.", false},
	    {".5", false},
	    {"+1", false},
	    {"1e", false},
	    {"1e16", false},
	    {"NaN", false},
	    {"0x10", false},
	    {"1 2", false},
	    {"", false},
	    {"-", false},
	    {"1,5", false},
	    {"0.000000000000001", true},
	    {"1234567890123456", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (number_safe(str_from(rows[i].text)) != rows[i].safe)
			fail_msg("'%s'", rows[i].text);
	lead_add_typed(&lead, STR("a"), FIELD_NUMBER, STR("007"));
	lead_add_typed(&lead, STR("b"), FIELD_BOOL, STR("yes"));
	assert_json("{\"custom_fields\":{\"a\":\"007\",\"b\":\"yes\"}}");
}

static void a_slug_is_there_once(void **state)
{
	(void)state;
	lead_add(&lead, "a", STR("1"));
	lead_add(&lead, "b", STR("2"));
	lead_add_typed(&lead, STR("A"), FIELD_NUMBER, STR("3"));
	assert_json("{\"custom_fields\":{\"a\":3,\"b\":\"2\"}}");
	lead_drop(&lead, "a");
	lead_drop(&lead, "nothing");
	assert_json("{\"custom_fields\":{\"b\":\"2\"}}");
	assert_true(lead_get(&lead, "a").p == NULL);
}

static void lead_line_is_buyer_or_seller(void **state)
{
	(void)state;
	assert_false(lead_add(&lead, "lead_line", STR("tenant")));
	assert_true(lead_add(&lead, "lead_line", STR("Seller")));
	assert_text(lead_get(&lead, "lead_line"), "seller");
}

static void fields_are_capped_in_number_and_length(void **state)
{
	char slug[16], text[6001];
	(void)state;
	for (size_t i = 0; i < 2000; i++)
		memcpy(text + 3 * i, "太", 3);
	text[6000] = '\0';
	for (int i = 0; i < LEAD_FIELDS_MAX; i++) {
		snprintf(slug, sizeof(slug), "f%d", i);
		assert_true(lead_add(&lead, slug, STR("x")));
	}
	assert_false(lead_add(&lead, "more", STR("x")));
	assert_true(lead_add(&lead, "f7", str_from(text)));
	struct str cut = lead_get(&lead, "f7");
	assert_int_equal(cut.n, 4095);
	assert_true(str_is_utf8(cut));
	/* What finish has to say finds a place all the same. */
	lead_set_phone(&lead, STR("555-0123"), "US");
	lead_finish(&lead);
	assert_int_equal(lead.n_fields, LEAD_FIELDS_MAX);
	assert_text(lead_get(&lead, "phone_raw"), "555-0123");
	/* "more", and two that made room for the notes. */
	assert_text(lead_get(&lead, "fields_dropped"), "3");
}

static void a_lead_with_too_much_text_is_still_a_lead(void **state)
{
	char slug[16], text[4096];
	struct buf out;
	(void)state;
	memset(text, '\x01', sizeof(text)); /* six bytes each in JSON */
	lead_set_email(&lead, STR("a@example.com"));
	for (int i = 0; i < LEAD_FIELDS_MAX; i++) {
		snprintf(slug, sizeof(slug), "f%d", i);
		lead_add(&lead, slug, (struct str){text, sizeof(text)});
	}
	lead_finish(&lead);
	assert_text(lead_get(&lead, "fields_dropped"), "91");
	buf_init(&out, LEAD_JSON_MAX);
	assert_int_equal(lead_to_json(&lead, &out), 0);
	assert_true(str_find_str(buf_str(&out), STR("a@example.com")) > 0);
	buf_release(&out);
}

static void a_buffer_too_small_is_an_error(void **state)
{
	struct buf out;
	(void)state;
	lead_set_name(&lead, STR("Jane Doe"));
	buf_init(&out, 20);
	assert_int_equal(lead_to_json(&lead, &out), LB_ELIMIT);
	buf_release(&out);
}

static void only_the_names_of_the_crm_are_known(void **state)
{
	(void)state;
	assert_true(lead_platform_ok(STR("google_ads")));
	assert_true(lead_platform_ok(STR("salesforce")));
	assert_false(lead_platform_ok(STR("Google_Ads")));
	assert_false(lead_platform_ok(STR("bing")));
	assert_false(lead_platform_ok(STR_NONE));
	assert_true(lead_type_ok(STR("phone_call")));
	assert_true(lead_type_ok(STR("import")));
	assert_false(lead_type_ok(STR("call")));
	assert_false(lead_type_ok(STR("")));
}

#define LEAD_TEST(f) cmocka_unit_test_setup_teardown(f, fresh, gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEAD_TEST(members_come_in_fixed_order),
	    LEAD_TEST(absent_members_are_left_out),
	    LEAD_TEST(the_first_usable_contact_stays),
	    LEAD_TEST(the_name_beside_an_address_is_used),
	    LEAD_TEST(a_misspelt_address_is_kept_beside),
	    LEAD_TEST(a_number_of_no_plan_is_sent_only_as_last_resort),
	    LEAD_TEST(a_withheld_caller_is_marked_on_calls_only),
	    LEAD_TEST(a_second_number_is_kept),
	    LEAD_TEST(slugs_are_plain),
	    LEAD_TEST(labels_of_one_slug_stand_beside_each_other),
	    LEAD_TEST(labels_of_one_slug_end_where_fields_end),
	    LEAD_TEST(secrets_captchas_and_cards_are_refused),
	    LEAD_TEST(no_value_is_left_out),
	    LEAD_TEST(values_keep_their_type),
	    LEAD_TEST(text_that_is_no_number_stays_text),
	    LEAD_TEST(a_slug_is_there_once),
	    LEAD_TEST(lead_line_is_buyer_or_seller),
	    LEAD_TEST(fields_are_capped_in_number_and_length),
	    LEAD_TEST(a_lead_with_too_much_text_is_still_a_lead),
	    LEAD_TEST(a_buffer_too_small_is_an_error),
	    LEAD_TEST(only_the_names_of_the_crm_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
