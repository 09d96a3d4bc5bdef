/* SPDX-License-Identifier: MIT */
/*
 * The engine's rules: what may start, what is refused before the body, which
 * rules hold for every source, what the configuration changes on a lead, what
 * of a request is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/network.h"
#include "../sources/golden_sources.h"
#include "leadbridge/store.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define LITERAL(s) ((char *)(uintptr_t)(s))

/* ---- prepare ------------------------------------------------------------ */

static void no_proof(struct source *s)
{
	(void)s;
}

static void with_token(struct source *s)
{
	add_secret(&s->token, "0123456789abcdef");
}

static void with_secret(struct source *s)
{
	add_secret(&s->secret, "hush");
}

static void with_account(struct source *s)
{
	add_text(&s->accounts, "loc1");
}

static void with_route(struct source *s)
{
	add_pair(&s->route.map, "loc1", "mega");
}

static void with_open_route(struct source *s)
{
	with_route(s);
	s->route.fallback = LITERAL("mega");
}

static void with_header(struct source *s)
{
	static struct header_rule rule;
	if (rule.name == NULL) {
		rule.name = LITERAL("X-Key");
		add_secret(&rule.value, "k");
	}
	s->headers = &rule;
	s->n_headers = 1;
}

static void with_empty_header(struct source *s)
{
	static struct header_rule rule = {.value = {NULL, 0}};
	rule.name = LITERAL("X-Key");
	s->headers = &rule;
	s->n_headers = 1;
}

static void with_basic_without_password(struct source *s)
{
	s->basic_user = LITERAL("zapier");
}

static void with_allow(struct source *s)
{
	static struct network network;
	assert_int_equal(network_parse(STR("192.0.2.0/24"), &network), 0);
	s->allow = (struct network_list){&network, 1};
}

static void with_rsa_key(struct source *s)
{
	add_secret(&s->secret, GHL_TEST_KEY);
	add_secret(&s->rsa_key, RSA_TEST_KEY);
}

static void with_own_key(struct source *s)
{
	add_secret(&s->secret, GHL_TEST_KEY);
}

static void with_vendor_key(struct source *s)
{
	add_secret(&s->secret,
		   "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAi2HR1srL4o18O8"
		   "BRa7gVJY7G7bupbN3H9AwJrHCDiOg=\n-----END PUBLIC KEY-----");
}

static void with_bad_key(struct source *s)
{
	with_token(s);
	add_secret(&s->secret, "not a key");
}

static void with_scheme(struct source *s)
{
	with_secret(s);
	s->source_platform = LITERAL("direct");
	s->scheme.header = LITERAL("X-Sig");
}

static void with_scheme_without_secret(struct source *s)
{
	with_token(s);
	s->source_platform = LITERAL("direct");
	s->scheme.header = LITERAL("X-Sig");
}

static void with_secret_without_scheme(struct source *s)
{
	with_token(s);
	with_secret(s);
	s->source_platform = LITERAL("direct");
}

static void with_unknown_platform(struct source *s)
{
	with_token(s);
	s->source_platform = LITERAL("myspace");
}

static void with_unknown_type(struct source *s)
{
	with_token(s);
	s->source_type = LITERAL("fax");
}

static void with_unknown_country(struct source *s)
{
	with_token(s);
	s->country = LITERAL("XX");
}

static void with_bad_path(struct source *s)
{
	with_token(s);
	add_pair(&s->map, "contact_name", "name[");
}

static void with_bad_id(struct source *s)
{
	with_token(s);
	s->event_id = LITERAL("header:");
}

static const struct {
	const char *name, *platform;
	void (*configure)(struct source *s);
	bool starts;
} prepare_rows[] = {
    {"shopify without secret", "shopify", no_proof, false},
    {"shopify with only a token", "shopify", with_token, false},
    {"shopify with secret", "shopify", with_secret, true},
    {"ghl with the vendor's key alone", "ghl", no_proof, false},
    {"ghl with account", "ghl", with_account, true},
    {"ghl with route", "ghl", with_route, true},
    {"ghl with a route that takes all", "ghl", with_open_route, false},
    {"ghl with token", "ghl", with_token, true},
    {"ghl with the vendor's key by hand", "ghl", with_vendor_key, false},
    {"ghl with another key", "ghl", with_own_key, true},
    {"ghl with rsa key and no account", "ghl", with_rsa_key, false},
    {"ghl with a broken key", "ghl", with_bad_key, false},
    {"workflow without token", "ghl_workflow", no_proof, false},
    {"workflow with addresses only", "ghl_workflow", with_allow, false},
    {"workflow with header only", "ghl_workflow", with_header, true},
    {"workflow with a header of any value", "ghl_workflow", with_empty_header,
     false},
    {"workflow with a user of any password", "ghl_workflow",
     with_basic_without_password, false},
    {"workflow with token", "ghl_workflow", with_token, true},
    {"workflow with secret nobody uses", "ghl_workflow", with_secret, false},
    {"open form", "form", no_proof, true},
    {"form with secret nobody uses", "form", with_secret, false},
    {"json without platform", "json", with_token, false},
    {"json with scheme", "json", with_scheme, true},
    {"json with scheme and no secret", "json", with_scheme_without_secret,
     false},
    {"json with secret and no scheme", "json", with_secret_without_scheme,
     false},
    {"unknown source_platform", "form", with_unknown_platform, false},
    {"unknown source_type", "form", with_unknown_type, false},
    {"unknown country", "form", with_unknown_country, false},
    {"broken map path", "form", with_bad_path, false},
    {"broken event_id", "form", with_bad_id, false},
};

static struct source *make(const char *platform,
			   void (*configure)(struct source *s))
{
	struct source *s = xcalloc(1, sizeof(*s));
	s->ops = source_ops_find(str_from(platform));
	s->name = LITERAL("src");
	add_text(&s->destinations, "mega");
	configure(s);
	return s;
}

static void sources_fail_closed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(prepare_rows); i++) {
		struct err err = {0};
		struct source *s =
		    make(prepare_rows[i].platform, prepare_rows[i].configure);
		int code = source_prepare(s, &err);
		if ((code == 0) != prepare_rows[i].starts ||
		    (code != 0 && err.text[0] == '\0'))
			fail_msg("%s: %d %s", prepare_rows[i].name, code,
				 err.text);
		golden_source_free(s);
	}
}

static void every_platform_of_the_table_is_complete(void **state)
{
	(void)state;
	size_t n = 0;
	for (; source_ops_at(n) != NULL; n++) {
		const struct source_ops *ops = source_ops_at(n);
		assert_ptr_equal(source_ops_find(str_from(ops->platform)), ops);
		assert_non_null(ops->split);
		assert_non_null(ops->map);
		assert_true(ops->prepare == NULL || ops->release != NULL);
		assert_true(ops->try_later == 503 || ops->try_later == 429);
		assert_true(ops->max_body > 0 && ops->payloads != 0);
	}
	assert_int_equal(n, 5);
	assert_null(source_ops_find(STR("nothing")));
}

/* ---- admit -------------------------------------------------------------- */

static const struct {
	const char *name, *source, *request, *token;
	int status; /* 0: let in */
} admit_rows[] = {
    {"unknown source", NULL, "POST /in/x HTTP/1.1\n\n", NULL, 404},
    {"unknown source, GET", NULL, "GET /in/x HTTP/1.1\n\n", "t", 404},
    {"wrong token before method", "ghl_workflow", "GET / HTTP/1.1\n\n", "t",
     404},
    {"no token", "ghl_workflow", "POST / HTTP/1.1\n\n", NULL, 404},
    {"empty token", "ghl_workflow", "POST / HTTP/1.1\n\n", "", 404},
    {"token where none is expected", "shopify", "POST / HTTP/1.1\n\n", "t",
     404},
    {"the text a missing token is compared with", "shopify",
     "POST / HTTP/1.1\n\n", "no source of this name, or one without token",
     404},
    {"right token", "ghl_workflow", "POST / HTTP/1.1\n\n",
     "wf-token-0123456789", 0},
    {"percent-encoded token", "form", "POST / HTTP/1.1\n\n",
     "form%2Ftoken%200123456789", 0},
    {"get", "shopify", "GET / HTTP/1.1\n\n", NULL, 405},
    {"delete", "shopify", "DELETE / HTTP/1.1\n\n", NULL, 405},
    {"put without token", "shopify", "PUT / HTTP/1.1\n\n", NULL, 405},
    {"put with token", "ghl_workflow", "PUT / HTTP/1.1\n\n",
     "wf-token-0123456789", 0},
    {"patch with token", "ghl_workflow", "PATCH / HTTP/1.1\n\n",
     "wf-token-0123456789", 0},
    {"unknown method", "shopify", "BREW / HTTP/1.1\n\n", NULL, 501},
    {"head", "shopify", "HEAD / HTTP/1.1\n\n", NULL, 200},
    {"options", "shopify", "OPTIONS / HTTP/1.1\n\n", NULL, 204},
    {"largest body", "shopify", "POST / HTTP/1.1\nContent-Length: 4194304\n\n",
     NULL, 0},
    {"too large", "shopify", "POST / HTTP/1.1\nContent-Length: 4194305\n\n",
     NULL, 413},
    {"compressed", "shopify", "POST / HTTP/1.1\nContent-Encoding: gzip\n\n",
     NULL, 415},
    {"identity", "shopify", "POST / HTTP/1.1\nContent-Encoding: Identity\n\n",
     NULL, 0},
    {"wrong type, but it may be proven", "shopify",
     "POST / HTTP/1.1\nContent-Type: text/xml\n\n", NULL, 0},
    {"wrong type, nothing proves it", "open_form",
     "POST / HTTP/1.1\nContent-Type: text/xml; charset=utf-8\n\n", NULL, 415},
};

static const struct source *source_named(const char *folder)
{
	for (size_t i = 0; i < GOLDEN_SOURCES && folder != NULL; i++)
		if (strcmp(golden_sources[i].folder, folder) == 0)
			return golden_sources[i].source;
	return NULL;
}

static void requests_are_judged_before_their_body(void **state)
{
	(void)state;
	golden_setup();
	for (size_t i = 0; i < COUNT(admit_rows); i++) {
		struct golden_request g;
		struct reply reply = {0};
		bool finished = false;
		golden_request_parse(str_from(admit_rows[i].request), &g);
		struct source_call call = {source_named(admit_rows[i].source),
					   &g.request, NULL, golden_arena()};
		int code = source_admit(&call, str_from(admit_rows[i].token),
					&reply, &finished);
		int want = admit_rows[i].status;
		bool refused = want >= 400;
		if (reply.status != want || (code != 0) != refused ||
		    finished != (want == 200 || want == 204))
			fail_msg("%s: %d, status %d", admit_rows[i].name, code,
				 reply.status);
	}
	golden_teardown();
}

static void wrong_token_and_unknown_source_look_the_same(void **state)
{
	(void)state;
	golden_setup();
	struct golden_request g;
	struct reply a = {0}, b = {0};
	bool finished;
	golden_request_parse(STR("POST / HTTP/1.1\n\n"), &g);
	struct source_call call = {NULL, &g.request, NULL, golden_arena()};
	assert_true(source_admit(&call, STR("t"), &a, &finished) < 0);
	call.source = source_named("ghl_workflow");
	assert_true(source_admit(&call, STR("t"), &b, &finished) < 0);
	assert_int_equal(a.status, b.status);
	assert_true(str_eq(a.body, b.body));
	assert_int_equal(a.n_extra, b.n_extra);
	assert_int_equal(a.close, b.close);
	golden_teardown();
}

/* ---- one request through one source ------------------------------------- */

struct outcome_of {
	int code;
	const char *why;
	struct reply reply;
	struct submission *sub;
};

static struct outcome_of send(struct source *s, const char *text,
			      const char *client)
{
	struct outcome_of o = {0};
	struct golden_request g;
	struct err err = {0};
	if (s->max_body == 0 && source_prepare(s, &err) != 0)
		fail_msg("%s", err.text);
	golden_request_parse(str_from(text), &g);
	if (client != NULL)
		g.request.client = str_from(client);
	o.code = source_process(s, &g.request, golden_secret(), &o.sub,
				&o.reply, &o.why);
	return o;
}

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

static void expect_text(const char *what, struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("%s: '%.*s'", what, STR_FMT(got));
}

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
	lead_of(only_two,
		"{\"name\":\"A\",\"city\":\"Rome\",\"zip\":\"1\",\"x\":1}",
		"{\"contact_name\":\"A\",\"source_platform\":\"direct\","
		"\"source_type\":\"form\",\"stage_slug\":\"fresh\","
		"\"custom_fields\":{\"city\":\"Rome\",\"zip\":\"1\"}}");
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
	    cmocka_unit_test(sources_fail_closed),
	    cmocka_unit_test(every_platform_of_the_table_is_complete),
	    cmocka_unit_test(requests_are_judged_before_their_body),
	    cmocka_unit_test(wrong_token_and_unknown_source_look_the_same),
	    cmocka_unit_test(rules_hold_for_every_source),
	    cmocka_unit_test(basic_asks_for_a_password),
	    cmocka_unit_test(secrets_are_not_stored),
	    cmocka_unit_test(configuration_wins_over_the_adapter),
	    cmocka_unit_test(content_is_the_identity_where_there_is_no_id),
	    cmocka_unit_test(keys_follow_the_published_vector),
	    cmocka_unit_test(tests_are_delivered_where_that_is_wanted),
	    cmocka_unit_test(
		nothing_stored_is_answered_so_that_it_is_sent_again),
	    cmocka_unit_test(a_body_over_the_ceiling_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
