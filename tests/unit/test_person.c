/* SPDX-License-Identifier: MIT */
/* Whether a person is found in what is stored: the whole of an address, number
 * or id, in any writing, and never a part of another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leadbridge/person.h"
#include "payload/payload.h"

static const struct payload_limits limits = {.depth = 32, .values = 1000};

static struct str text(const char *s)
{
	return s != NULL ? str_from(s) : STR_NONE;
}

static bool same(const char *row, bool got, bool want)
{
	if (got != want)
		print_error("row '%s': found %d, wanted %d\n", row, got, want);
	return got == want;
}

/* ---- e-mail -------------------------------------------------------------- */

static void test_an_address_is_found_whole(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		bool found;
	} rows[] = {
	    {"alone", "jo@x.com", true},
	    {"case", "Jo@X.Com", true},
	    {"display name", "Jo <jo@x.com>", true},
	    {"in a sentence", "Write to jo@x.com.", true},
	    {"in brackets", "(jo@x.com)", true},
	    {"mailto", "mailto:jo@x.com?subject=hi", true},
	    {"in a query", "https://a.example/?email=jo@x.com&b=1", true},
	    {"percent", "https://a.example/?email=jo%40x.com", true},
	    {"all percent", "%6a%6f%40%78%2e%63%6f%6d", true},
	    {"full width", "jo\xEF\xBC\xA0x.com", true},
	    {"the second of two", "jojo@x.com, jo@x.com", true},
	    {"longer in front", "jojo@x.com", false},
	    {"a dot in front", "a.jo@x.com", false},
	    {"a tag in front", "a+jo@x.com", false},
	    {"a hyphen in front", "a-jo@x.com", false},
	    {"tagged", "jo+a@x.com", false},
	    {"a longer domain", "jo@x.com.au", false},
	    {"a longer word", "jo@x.community", false},
	    {"a hyphen behind", "jo@x.com-pany.de", false},
	    {"another domain", "jo@y.com", false},
	    {"letters of others in front", "\xC3\xA9jo@x.com", false},
	    {"nothing", "", false},
	    {"a number", "5551234567", false},
	};
	struct arena a = {0};
	struct subject p;
	const struct subject_text who = {.email = STR(" JO@x.com ")};
	bool ok = true;
	assert_int_equal(subject_make(&a, &who, &p, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok &= same(rows[i].name,
			   subject_in_text(&p, &a, text(rows[i].text)),
			   rows[i].found);
	arena_release(&a);
	assert_true(ok);
}

/* ---- phone --------------------------------------------------------------- */

static void test_a_number_is_found_in_any_writing(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		bool found;
	} rows[] = {
	    {"E.164", "+12125550143", true},
	    {"as typed", "(212) 555-0143", true},
	    {"dots", "212.555.0143", true},
	    {"with trunk", "1-212-555-0143", true},
	    {"digits", "2125550143", true},
	    {"scheme", "tel:+1-212-555-0143", true},
	    {"percent", "tel%3A%2B12125550143", true},
	    {"foreign prefix", "011 1 212 555 0143", true},
	    {"extension", "212-555-0143 x12", true},
	    {"in a sentence", "call me at (212) 555-0143 today", true},
	    {"two of them", "+12125550199, +12125550143", true},
	    {"another", "+12125550144", false},
	    {"longer", "+121255501430", false},
	    {"in a longer run", "99212555014399", false},
	    {"part of a word",
	     "the serial number is a2125550143b, as it stands there", false},
	    {"the last seven", "555-0143", false},
	    {"another country", "+442125550143", false},
	    {"a date", "2026-11-23T02:12:55", false},
	};
	struct arena a = {0};
	struct subject p;
	const struct subject_text who = {.phone = STR("(212) 555-0143"),
					 .country = STR("US")};
	bool ok = true;
	assert_int_equal(subject_make(&a, &who, &p, NULL), 0);
	assert_true(str_eq(p.phone, STR("+12125550143")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok &= same(rows[i].name,
			   subject_in_text(&p, &a, text(rows[i].text)),
			   rows[i].found);
	arena_release(&a);
	assert_true(ok);
}

static void test_a_number_that_fits_no_plan_is_its_digits(void **state)
{
	(void)state;
	struct arena a = {0};
	struct subject p;
	const struct subject_text who = {.phone = STR("555-625-1199")};
	assert_int_equal(subject_make(&a, &who, &p, NULL), 0);
	assert_true(subject_in_text(&p, &a, STR("5556251199")));
	assert_true(subject_in_text(&p, &a, STR("call 555 625 1199")));
	assert_false(subject_in_text(&p, &a, STR("5556251198")));
	assert_false(subject_in_text(&p, &a, STR("15556251199")));
	arena_release(&a);
}

/* ---- trees --------------------------------------------------------------- */

static bool in_json(const struct subject_text *who, const char *json,
		    const char *topic)
{
	struct arena a = {0};
	struct subject p;
	struct value *v = NULL;
	struct err err = {0};
	assert_int_equal(subject_make(&a, who, &p, &err), 0);
	if (payload_json(&a, str_from(json), &limits, false, &v, &err) != 0)
		fail_msg("'%s': %s", json, err.text);
	bool found = subject_in_value(&p, &a, v, text(topic));
	arena_release(&a);
	return found;
}

static void test_an_id_is_a_persons_by_where_it_stands(void **state)
{
	(void)state;
	static const struct {
		const char *name, *topic, *json;
		bool found;
	} rows[] = {
	    {"in the customer", "orders/create",
	     "{\"id\":5,\"customer\":{\"id\":77}}", true},
	    {"the order's own", "orders/create",
	     "{\"id\":77,\"customer\":{\"id\":5}}", false},
	    {"the root of a customer", "customers/create", "{\"id\":77}", true},
	    {"the root of a contact", "ContactCreate", "{\"id\":\"77\"}", true},
	    {"without a topic", NULL, "{\"id\":77}", true},
	    {"a price", "orders/create", "{\"total\":77}", false},
	    {"a line item", "orders/create", "{\"line_items\":[{\"id\":77}]}",
	     false},
	    {"a list of customers", "x", "{\"customers\":[{\"id\":77}]}", true},
	    {"a list of ids", "Leads.insert", "{\"ids\":[\"76\",\"77\"]}",
	     true},
	    {"customer_id", "orders/create", "{\"customer_id\":77}", true},
	    {"contactId", "x", "{\"contactId\":\"77\"}", true},
	    {"a slug", NULL,
	     "{\"custom_fields\":{\"shopify_customer_id\":\"77\"}}", true},
	    {"another slug", NULL,
	     "{\"custom_fields\":{\"shopify_order_id\":\"77\"}}", false},
	    {"a colleague", "x", "{\"user_id\":77}", false},
	    {"a gid", "orders/create",
	     "{\"admin_graphql_api_id\":\"gid://shopify/Customer/77\"}", true},
	    {"another gid", "orders/create",
	     "{\"admin_graphql_api_id\":\"gid://shopify/Order/77\"}", false},
	    {"a longer id", "x", "{\"customer_id\":770}", false},
	    {"HubSpot contact", "contact.creation",
	     "[{\"subscriptionType\":\"contact.creation\",\"objectId\":77}]",
	     true},
	    {"HubSpot object of contacts", "object.creation",
	     "[{\"subscriptionType\":\"object.creation\",\"objectTypeId\":"
	     "\"0-1\",\"objectId\":77}]",
	     true},
	    {"HubSpot deal", "object.creation",
	     "[{\"subscriptionType\":\"object.creation\",\"objectTypeId\":"
	     "\"0-3\",\"objectId\":77}]",
	     false},
	};
	const struct subject_text who = {.customer = STR("77")};
	bool ok = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok &= same(rows[i].name,
			   in_json(&who, rows[i].json, rows[i].topic),
			   rows[i].found);
	assert_true(ok);
}

static void test_values_are_looked_at_as_what_they_are(void **state)
{
	(void)state;
	static const struct {
		const char *name, *json;
		bool found;
	} rows[] = {
	    {"a number as a number", "{\"phone\":12125550143}", true},
	    {"deep down", "[[[{\"a\":[{\"b\":\"+1 212 555 0143\"}]}]]]", true},
	    {"escaped", "{\"a\":\"jo\\u0040x.com\"}", true},
	    {"an id that looks like a number", "{\"order_id\":2125550143}",
	     false},
	    {"an id that is an address", "{\"id\":\"jo@x.com\"}", true},
	    {"a name of a member", "{\"jo@x.com\":1}", false},
	    {"null", "null", false},
	    {"empty", "{}", false},
	};
	const struct subject_text who = {.phone = STR("+12125550143"),
					 .email = STR("jo@x.com")};
	bool ok = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok &= same(rows[i].name, in_json(&who, rows[i].json, NULL),
			   rows[i].found);
	assert_true(ok);
}

/* ---- making one ---------------------------------------------------------- */

static void test_nobody_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *email, *phone, *customer, *country;
	} rows[] = {
	    {"nothing", NULL, NULL, NULL, NULL},
	    {"no address", "jo", NULL, NULL, NULL},
	    {"a placeholder", "none@none.com", NULL, NULL, NULL},
	    {"too short", NULL, "12345", NULL, NULL},
	    {"withheld", NULL, "anonymous", NULL, NULL},
	    {"no country", NULL, "2125550143", NULL, "QQ"},
	    {"blank id", NULL, NULL, "  ", NULL},
	    {"one good, one bad", "jo@x.com", "12", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = {0};
		struct subject p;
		struct err err = {0};
		const struct subject_text who = {
		    .email = text(rows[i].email),
		    .phone = text(rows[i].phone),
		    .customer = text(rows[i].customer),
		    .country = text(rows[i].country),
		};
		int rc = subject_make(&a, &who, &p, &err);
		arena_release(&a);
		if (rc == 0)
			fail_msg("row '%s' is taken", rows[i].name);
		assert_true(err.text[0] != '\0');
	}
}

static void test_what_is_written_is_read_back(void **state)
{
	(void)state;
	struct arena a = {0};
	struct subject p;
	struct err err = {0};
	struct buf b;
	const struct subject_text who = {.email = STR("jo@x.com"),
					 .phone = STR("+12125550143"),
					 .customer = STR("a\"b"),
					 .account = STR("shop.example"),
					 .unit = 17};
	buf_init(&b, 1024);
	subject_write(&who, &b);
	assert_int_equal(subject_read(&a, buf_str(&b), &p, &err), 0);
	assert_true(str_eq(p.email, who.email));
	assert_true(str_eq(p.phone, who.phone));
	assert_true(str_eq(p.customer, who.customer));
	assert_true(str_eq(p.account, who.account));
	assert_int_equal(p.unit, 17);
	assert_string_equal(p.country, "US");
	assert_int_not_equal(subject_read(&a, STR("[1"), &p, &err), 0);
	assert_int_not_equal(
	    subject_read(&a, STR("{\"unit\":\"x\"}"), &p, &err), 0);
	buf_release(&b);
	arena_release(&a);
}

static void test_an_id_between_separators(void **state)
{
	(void)state;
	const struct subject p = {.customer = STR("77")};
	assert_true(subject_in_id(&p, STR("contact.creation/1/2/77/5")));
	assert_true(subject_in_id(&p, STR("77")));
	assert_false(subject_in_id(&p, STR("contact.creation/177/770")));
	assert_false(subject_in_id(&(struct subject){0}, STR("77")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_address_is_found_whole),
	    cmocka_unit_test(test_a_number_is_found_in_any_writing),
	    cmocka_unit_test(test_a_number_that_fits_no_plan_is_its_digits),
	    cmocka_unit_test(test_an_id_is_a_persons_by_where_it_stands),
	    cmocka_unit_test(test_values_are_looked_at_as_what_they_are),
	    cmocka_unit_test(test_nobody_is_refused),
	    cmocka_unit_test(test_what_is_written_is_read_back),
	    cmocka_unit_test(test_an_id_between_separators),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
