/* SPDX-License-Identifier: MIT */
/*
 * The engine with the body: rules that hold for every source, what the
 * configuration changes on a lead, what of a request is kept, answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "../sources/source_kit.h"

/* ---- one request through one source ------------------------------------- */

#define FORM_HEAD "Content-Type: application/x-www-form-urlencoded\n"

static void with_every_rule(struct source *s)
{
	with_allow(s);
	with_header(s);
	s->basic_user = LITERAL("zap");
	add_secret(&s->basic_password, "pass:word");
	s->param_name = LITERAL("key");
	add_secret(&s->param_value, "p v");
}

static void free_rules(struct source *s)
{
	secrets_release(&s->basic_password);
	secrets_release(&s->param_value);
	golden_source_free(s);
}

#define GOOD_HEADER "X-Key: k\n"
#define GOOD_BASIC  "Authorization: basic emFwOnBhc3M6d29yZA==\n"

static const struct {
	const char *name, *request, *client, *why;
} rule_rows[] = {
    {"all hold",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD "\nname=A",
     "192.0.2.9", NULL},
    {"param in the body",
     "POST / HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD "\nname=A&key=p%20v",
     "192.0.2.9", NULL},
    {"mapped address",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD "\nname=A",
     "::ffff:192.0.2.9", NULL},
    {"other address",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD "\nname=A",
     "192.0.3.9", "address"},
    {"no address",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD "\nname=A",
     "unix", "address"},
    {"no header", "POST /?key=p+v HTTP/1.1\n" GOOD_BASIC FORM_HEAD "\nname=A",
     "192.0.2.9", "header"},
    {"wrong header",
     "POST /?key=p+v HTTP/1.1\nX-Key: l\n" GOOD_BASIC FORM_HEAD "\nname=A",
     "192.0.2.9", "header"},
    {"header twice",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER GOOD_HEADER GOOD_BASIC FORM_HEAD
     "\nname=A",
     "192.0.2.9", "header"},
    {"no password",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER FORM_HEAD "\nname=A", "192.0.2.9",
     "basic"},
    {"wrong password",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER
     "Authorization: Basic emFwOnBhc3M=\n" FORM_HEAD "\nname=A",
     "192.0.2.9", "basic"},
    {"wrong user",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER
     "Authorization: Basic emFwMTpwYXNzOndvcmQ=\n" FORM_HEAD "\nname=A",
     "192.0.2.9", "basic"},
    {"password is no base64",
     "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER
     "Authorization: Basic zap:pass\n" FORM_HEAD "\nname=A",
     "192.0.2.9", "basic"},
    {"no param",
     "POST / HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD "\nname=A",
     "192.0.2.9", "param"},
    {"wrong param in query, right in body",
     "POST /?key=x HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD
     "\nname=A&key=p+v",
     "192.0.2.9", "param"},
    {"wrong param in body",
     "POST / HTTP/1.1\n" GOOD_HEADER GOOD_BASIC FORM_HEAD "\nname=A&key=x",
     "192.0.2.9", "param"},
};

static void rules_hold_for_every_source(void **state)
{
	(void)state;
	struct source *s = make("ghl_workflow", with_every_rule);
	for (size_t i = 0; i < COUNT(rule_rows); i++) {
		struct outcome_of o =
		    send(s, rule_rows[i].request, rule_rows[i].client);
		bool same = o.why == rule_rows[i].why ||
			    (o.why != NULL && rule_rows[i].why != NULL &&
			     strcmp(o.why, rule_rows[i].why) == 0);
		if (!same || (o.code == 0) != (rule_rows[i].why == NULL) ||
		    (o.code != 0 && o.reply.status != 401))
			fail_msg("%s: %s %d", rule_rows[i].name,
				 o.why != NULL ? o.why : "-", o.reply.status);
		submission_free(o.sub);
	}
	free_rules(s);
}

static void basic_asks_for_a_password(void **state)
{
	(void)state;
	struct source *s = make("ghl_workflow", with_every_rule);
	struct outcome_of o = send(
	    s, "POST /?key=p+v HTTP/1.1\n" GOOD_HEADER "\nname=A", "192.0.2.9");
	assert_int_equal(o.reply.n_extra, 1);
	assert_true(str_eq(o.reply.extra[0].name, STR("WWW-Authenticate")));
	free_rules(s);
}

/* ---- what is stored ----------------------------------------------------- */

static void secrets_are_not_stored(void **state)
{
	(void)state;
	struct source *s = make("ghl_workflow", with_every_rule);
	struct header_rule rule = {.name = LITERAL("X-Key")};
	add_secret(&rule.value, "k3y/\xC3\xA9");
	s->headers = &rule;
	struct outcome_of o =
	    send(s,
		 "POST /in/src/x?key=p+v&b=p%20v HTTP/1.1\n"
		 "X-Key: k3y/\xC3\xA9\n" GOOD_BASIC
		 "User-Agent: pass:word\nCookie: c=1\nX-Odd: y\n"
		 "X-Shopify-Topic: t\nContent-Type: application/json\n\n"
		 "{\"name\":\"A\",\"a\":\"pass\\u003aword\",\"b\":\"p v\","
		 "\"c\":\"pass:wor\",\"d\":\"k3y\\/"
		 "\\u00e9\",\"e\":\"k3y%2F%c3%A9\"}",
		 "192.0.2.9");
	assert_int_equal(o.code, 0);
	expect_text("target", o.sub->target, "/in/src/x?key=***&b=*****");
	expect_text("headers", o.sub->headers,
		    "User-Agent: *********\nX-Shopify-Topic: t\n");
	expect_text("body", o.sub->body,
		    "{\"name\":\"A\",\"a\":\"**************\",\"b\":\"***\","
		    "\"c\":\"pass:wor\",\"d\":\"***********\",\"e\":"
		    "\"************\"}");
	expect_text("lead", o.sub->units[0].body,
		    "{\"contact_name\":\"A\",\"source_platform\":\"ghl\","
		    "\"source_type\":\"form\",\"custom_fields\":{"
		    "\"cf_c\":\"pass:wor\"}}");
	submission_free(o.sub);
	secrets_release(&rule.value);
	free_rules(s);
}

/* ---- what the configuration changes ------------------------------------- */

static void change_much(struct source *s)
{
	with_token(s);
	s->source_platform = LITERAL("referral");
	s->source_type = LITERAL("sms");
	s->country = LITERAL("US");
	s->stage.from = LITERAL(".status");
	add_pair(&s->stage.map, "hot", "qualified");
	s->stage.fallback = LITERAL("new");
	add_text(&s->fields.drop, "city");
	s->fields.prefix = LITERAL("w_");
	add_pair(&s->fields.add, "campaign", "spring");
	add_pair(&s->map, "contact_name", ".owner.title");
	add_pair(&s->map, "contact_phone", ".owner.line");
	add_pair(&s->map, "rooms", ".rooms");
}

static void change_release(struct source *s)
{
	release_map(&s->stage.map);
	release_list(&s->fields.drop);
	release_list(&s->fields.only);
	golden_source_free(s);
}

static void lead_of(void (*configure)(struct source *s), const char *body,
		    const char *want)
{
	struct source *s = make("form", configure);
	char *text = xasprintf(
	    "POST / HTTP/1.1\nContent-Type: application/json\n\n%s", body);
	struct outcome_of o = send(s, text, NULL);
	assert_int_equal(o.code, 0);
	expect_text(body, o.sub->units[0].body, want);
	submission_free(o.sub);
	free(text);
	change_release(s);
}

static void only_two(struct source *s)
{
	add_text(&s->fields.only, "city");
	add_text(&s->fields.only, "zip");
	s->stage.fixed = LITERAL("fresh");
}

static void with_recase(struct source *s)
{
	with_token(s);
	s->recase = true;
}

static void configuration_wins_over_the_adapter(void **state)
{
	(void)state;
	lead_of(change_much,
		"{\"name\":\"Form Name\",\"phone\":\"520-555-0123\","
		"\"email\":\"a@example.com\",\"city\":\"Tucson\",\"zip\":\"8\","
		"\"status\":\"HOT\",\"rooms\":3,"
		"\"owner\":{\"title\":\"Map Name\",\"line\":\"520 555 0199\"}}",
		"{\"contact_name\":\"Map Name\",\"contact_phone\":"
		"\"+15205550199\",\"contact_email\":\"a@example.com\","
		"\"source_platform\":\"referral\",\"source_type\":\"sms\","
		"\"stage_slug\":\"qualified\",\"custom_fields\":{"
		"\"w_name\":\"Form Name\",\"w_phone\":\"520-555-0123\","
		"\"w_zip\":\"8\",\"w_status\":\"HOT\",\"rooms\":3,"
		"\"campaign\":\"spring\"}}");
	lead_of(change_much, "{\"name\":\"A\",\"status\":\"cold\"}",
		"{\"contact_name\":\"A\",\"source_platform\":\"referral\","
		"\"source_type\":\"sms\",\"stage_slug\":\"new\","
		"\"custom_fields\":{\"w_status\":\"cold\",\"campaign\":"
		"\"spring\"}}");
	lead_of(with_recase, "{\"name\":\"JANE MCKAY\"}",
		"{\"contact_name\":\"Jane McKay\",\"source_platform\":"
		"\"direct\",\"source_type\":\"form\"}");
	lead_of(with_token, "{\"name\":\"JANE MCKAY\"}",
		"{\"contact_name\":\"JANE MCKAY\",\"source_platform\":"
		"\"direct\",\"source_type\":\"form\"}");
	/* What is said of a call needs to know that it is one. */
	lead_of(change_much,
		"{\"name\":\"A\",\"owner\":{\"line\":\"anonymous\"}}",
		"{\"contact_name\":\"A\",\"source_platform\":\"referral\","
		"\"source_type\":\"sms\",\"stage_slug\":\"new\","
		"\"custom_fields\":{\"w_caller_id_withheld\":true,"
		"\"campaign\":\"spring\"}}");
	lead_of(only_two,
		"{\"name\":\"A\",\"city\":\"Rome\",\"zip\":\"1\",\"x\":1}",
		"{\"contact_name\":\"A\",\"source_platform\":\"direct\","
		"\"source_type\":\"form\",\"stage_slug\":\"fresh\","
		"\"custom_fields\":{\"city\":\"Rome\",\"zip\":\"1\"}}");
}

static void with_cnam(struct source *s)
{
	with_token(s);
	s->source_type = LITERAL("phone_call");
	s->cnam_swap = s->recase = true;
}

static void with_cnam_of_a_form(struct source *s)
{
	with_cnam(s);
	s->source_type = LITERAL("form");
}

static void with_cnam_mapped(struct source *s)
{
	with_cnam(s);
	add_pair(&s->map, "contact_name", ".who");
}

static void names_of_calls_are_turned_round_on_request(void **state)
{
	(void)state;
	lead_of(with_cnam, "{\"name\":\"DOE JANE\"}",
		"{\"contact_name\":\"Jane Doe\",\"source_platform\":"
		"\"direct\",\"source_type\":\"phone_call\"}");
	lead_of(with_cnam_of_a_form, "{\"name\":\"DOE JANE\"}",
		"{\"contact_name\":\"Doe Jane\",\"source_platform\":"
		"\"direct\",\"source_type\":\"form\"}");
	lead_of(with_cnam_mapped, "{\"who\":\"DOE JANE\"}",
		"{\"contact_name\":\"Doe Jane\",\"source_platform\":"
		"\"direct\",\"source_type\":\"phone_call\"}");
}

/* ---- a whole program ---------------------------------------------------- */

static void with_program(struct source *s)
{
	with_token(s);
	add_pair(&s->map, "file:/etc/leadbridge/map.jq",
		 "def kind: if .urgent then \"phone_call\" else \"form\" end;\n"
		 "if .as == \"text\" then \"no object\"\n"
		 "elif .as == \"error\" then error(\"x\")\n"
		 "elif .as == \"nothing\" then empty\n"
		 "else {contact_name: \"\\(.a) \\(.b)\", contact_email: .c,\n"
		 "  contact_phone: .d, source_type: kind,\n"
		 "  source_platform: \"referral\", stage_slug: \"new\",\n"
		 "  rooms: .e, nothing: null,\n"
		 "  custom_fields: {floor: .f}} end # at the end\n");
	s->country = LITERAL("US");
}

static void a_whole_program_makes_the_lead(void **state)
{
	(void)state;
	lead_of(with_program,
		"{\"a\":\"Ann\",\"b\":\"Roe\",\"c\":\"ann@example.com\","
		"\"d\":\"(520) 555-0124\",\"e\":3,\"f\":\"2nd\",\"urgent\":"
		"true,\"name\":\"Other\"}",
		"{\"contact_name\":\"Ann Roe\",\"contact_phone\":"
		"\"+15205550124\",\"contact_email\":\"ann@example.com\","
		"\"source_platform\":\"referral\",\"source_type\":"
		"\"phone_call\",\"stage_slug\":\"new\",\"custom_fields\":{"
		"\"a\":\"Ann\",\"b\":\"Roe\",\"c\":\"ann@example.com\",\"d\":"
		"\"(520) 555-0124\",\"e\":3,\"f\":\"2nd\",\"urgent\":true,"
		"\"name\":\"Other\",\"rooms\":3,\"floor\":\"2nd\"}}");
	lead_of(with_program, "{\"as\":\"nothing\",\"name\":\"Ann Roe\"}",
		"{\"contact_name\":\"Ann Roe\",\"source_platform\":\"direct\","
		"\"source_type\":\"form\",\"custom_fields\":{\"as\":"
		"\"nothing\"}}");
	struct source *s = make("form", with_program);
	const char *const failing[] = {"text", "error"};
	for (size_t i = 0; i < COUNT(failing); i++) {
		char *text = xasprintf("POST / HTTP/1.1\nContent-Type: "
				       "application/json\n\n"
				       "{\"name\":\"A\",\"as\":\"%s\"}",
				       failing[i]);
		struct outcome_of o = send(s, text, NULL);
		expect_text(failing[i], o.sub->units[0].reason,
			    "an expression failed");
		submission_free(o.sub);
		free(text);
	}
	change_release(s);
}

/* ---- identity ----------------------------------------------------------- */

static void content_is_the_identity_where_there_is_no_id(void **state)
{
	(void)state;
	struct source *s = make("form", no_proof);
	const char *one = "POST / HTTP/1.1\n" FORM_HEAD "\nname=A";
	struct outcome_of a = send(s, one, NULL), b = send(s, one, NULL);
	struct outcome_of c =
	    send(s, "POST / HTTP/1.1\n" FORM_HEAD "\nname=B", NULL);
	assert_true(a.sub->events[0].weak);
	assert_int_equal(a.sub->events[0].window_ms, 30 * 60 * 1000);
	assert_memory_equal(a.sub->events[0].hash, b.sub->events[0].hash, 16);
	assert_memory_not_equal(a.sub->events[0].hash, c.sub->events[0].hash,
				16);
	struct golden_request g;
	golden_request_parse(str_from(one), &g);
	struct outcome_of d = {0};
	assert_int_equal(source_process(s, &g.request, STR("another store"),
					&d.sub, &d.reply, &d.why),
			 0);
	assert_memory_not_equal(a.sub->events[0].hash, d.sub->events[0].hash,
				16);
	submission_free(a.sub);
	submission_free(b.sub);
	submission_free(c.sub);
	submission_free(d.sub);
	golden_source_free(s);
}

/* The key of the reference page: source, event id, index, destination. */
static void keys_follow_the_published_vector(void **state)
{
	(void)state;
	struct source *s = make("form", no_proof);
	s->name = LITERAL("shop");
	struct outcome_of o =
	    send(s,
		 "POST / HTTP/1.1\n" FORM_HEAD
		 "\nname=A&event_id=b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
		 NULL);
	char text[LEAD_KEY_TEXT];
	lead_key_text(o.sub->units[0].key, text);
	assert_string_equal(text, "dc325802-e609-8d8e-9929-44899f7c8c7e");
	assert_false(o.sub->events[0].weak);
	submission_free(o.sub);
	golden_source_free(s);
}

/* ---- replay ------------------------------------------------------------- */

static void a_quarantined_request_is_mapped_again(void **state)
{
	(void)state;
	const char *text = "POST / HTTP/1.1\nContent-Type: application/json\n\n"
			   "{\"note\":\"0123456789abcdef\",\"who\":\"Ana\"}";
	struct source *s = make("ghl_workflow", with_token);
	struct outcome_of first = send(s, text, NULL);
	assert_int_equal(first.sub->units[0].state, UNIT_QUARANTINED);
	struct submission *again = NULL;
	struct err err = {0};
	assert_int_equal(
	    source_remap(s, first.sub, golden_secret(), &again, &err),
	    LB_EINVAL);
	assert_string_equal(err.text, "still quarantined: no contact found");
	assert_null(again);
	add_pair(&s->map, "contact_name", ".who");
	assert_int_equal(source_prepare(s, &err), 0);
	assert_int_equal(
	    source_remap(s, first.sub, golden_secret(), &again, &err), 0);
	assert_int_equal(again->units[0].state, UNIT_WAITING);
	assert_true(str_eq(again->events[0].id, first.sub->events[0].id));
	assert_memory_equal(again->events[0].hash, first.sub->events[0].hash,
			    16);
	assert_true(str_eq(again->body, first.sub->body));
	submission_free(again);
	submission_free(first.sub);
	golden_source_free(s);
}

static void an_unreadable_request_says_why_when_replayed(void **state)
{
	(void)state;
	struct source *s = make("ghl_workflow", with_token);
	struct outcome_of first = send(
	    s,
	    "POST / HTTP/1.1\nContent-Type: application/json\n\n{\"a\":", NULL);
	struct submission *again = NULL;
	struct err err = {0};
	assert_int_equal(
	    source_remap(s, first.sub, golden_secret(), &again, &err),
	    LB_EINVAL);
	assert_true(err.text[0] != '\0');
	submission_free(first.sub);
	golden_source_free(s);
}

static void statuses_have_a_word_for_counters(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *word;
	} rows[] = {{404, "token"},          {405, "method"},
		    {413, "too_large"},      {415, "content_type"},
		    {401, "signature"},      {400, "malformed"},
		    {501, "method_unknown"}, {418, "other"}};
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(source_refusal_word(rows[i].status),
				    rows[i].word);
}

/* ---- tests, answers ----------------------------------------------------- */

static void with_tests_delivered(struct source *s)
{
	with_account(s);
	s->tests = TESTS_DELIVER;
	add_secret(&s->secret, "hush");
}

static void tests_are_delivered_where_that_is_wanted(void **state)
{
	(void)state;
	struct source *s = make("shopify", with_tests_delivered);
	struct outcome_of o =
	    send(s,
		 "POST / HTTP/1.1\nX-Shopify-Topic: customers/create\n"
		 "X-Shopify-Test: true\nX-Shopify-Shop-Domain: loc1\n"
		 "X-Shopify-Hmac-Sha256: "
		 "9GIjOZ3zS/fHI8gr1XyK68DdcU1Wzo1txudaWUE+eSQ=\n"
		 "Content-Type: application/json\n\n"
		 "{\"id\":706405506930370084,\"email\":\"ana@example.com\","
		 "\"phone\":null}",
		 NULL);
	assert_int_equal(o.code, 0);
	assert_true(o.sub->test);
	assert_int_equal(o.sub->units[0].state, UNIT_WAITING);
	submission_free(o.sub);
	golden_source_free(s);
}

static void nothing_stored_is_answered_so_that_it_is_sent_again(void **state)
{
	(void)state;
	static const struct {
		const char *folder;
		int status;
	} rows[] = {{"shopify", 503}, {"ghl", 429}, {"form", 503}};
	golden_setup();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct reply reply;
		source_answer(source_named(rows[i].folder), NULL,
			      ANSWER_TRY_LATER, &reply);
		assert_int_equal(reply.status, rows[i].status);
		assert_true(str_eq(reply.extra[0].name, STR("Retry-After")));
		assert_true(str_eq(reply.extra[0].value, STR("30")));
		source_answer(source_named("shopify"), NULL, ANSWER_DUPLICATE,
			      &reply);
		assert_int_equal(reply.status, 200);
		assert_true(
		    str_eq(reply.body, STR("{\"status\":\"duplicate\"}")));
	}
	golden_teardown();
}

static void a_body_over_the_ceiling_is_refused(void **state)
{
	(void)state;
	struct source *s = make("form", no_proof);
	s->max_body = 5;
	s->json_depth = 4;
	s->values = 10;
	struct outcome_of o =
	    send(s, "POST / HTTP/1.1\n" FORM_HEAD "\nname=A", NULL);
	assert_int_equal(o.code, LB_EINVAL);
	assert_int_equal(o.reply.status, 413);
	assert_string_equal(o.why, "too_large");
	golden_source_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rules_hold_for_every_source),
	    cmocka_unit_test(basic_asks_for_a_password),
	    cmocka_unit_test(secrets_are_not_stored),
	    cmocka_unit_test(configuration_wins_over_the_adapter),
	    cmocka_unit_test(names_of_calls_are_turned_round_on_request),
	    cmocka_unit_test(a_whole_program_makes_the_lead),
	    cmocka_unit_test(content_is_the_identity_where_there_is_no_id),
	    cmocka_unit_test(keys_follow_the_published_vector),
	    cmocka_unit_test(a_quarantined_request_is_mapped_again),
	    cmocka_unit_test(an_unreadable_request_says_why_when_replayed),
	    cmocka_unit_test(statuses_have_a_word_for_counters),
	    cmocka_unit_test(tests_are_delivered_where_that_is_wanted),
	    cmocka_unit_test(
		nothing_stored_is_answered_so_that_it_is_sent_again),
	    cmocka_unit_test(a_body_over_the_ceiling_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
