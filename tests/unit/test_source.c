/* SPDX-License-Identifier: MIT */
/*
 * The engine before the body: what may start, what is refused by its header.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "../sources/source_kit.h"

/* ---- prepare ------------------------------------------------------------ */

static void with_route(struct source *s)
{
	add_pair(&s->route.map, "loc1", "mega");
}

static void with_open_route(struct source *s)
{
	with_route(s);
	s->route.fallback = LITERAL("mega");
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

static void with_attribution(struct source *s)
{
	with_token(s);
	s->attribution = true;
}

static void with_own_host(struct source *s)
{
	with_token(s);
	add_text(&s->own_hosts, "example.com");
	add_text(&s->excluded_hosts, "pay.example.net");
}

static void with_url_as_own_host(struct source *s)
{
	with_token(s);
	add_text(&s->own_hosts, "https://www.example.com");
}

static void with_word_as_excluded_host(struct source *s)
{
	with_token(s);
	add_text(&s->excluded_hosts, "stripe");
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

static void with_long_redirect(struct source *s)
{
	static char url[20000];
	memset(url, '&', sizeof(url) - 1);
	with_secret(s);
	add_text(&s->redirect, url);
}

static void with_secret_and_nowhere(struct source *s)
{
	with_secret(s);
	free(s->destinations.v[0]);
	s->destinations.n = 0;
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
    {"google_ads with only a token", "google_ads", with_token, false},
    {"google_ads with the key", "google_ads", with_secret, true},
    {"lead_docket without proof", "lead_docket", no_proof, false},
    {"lead_docket with token", "lead_docket", with_token, true},
    {"lead_docket with header", "lead_docket", with_header, true},
    {"lead_docket with scheme", "lead_docket", with_scheme, true},
    {"lead_docket with secret and no scheme", "lead_docket",
     with_secret_without_scheme, false},
    {"twilio with only a token", "twilio", with_token, false},
    {"twilio with the auth token", "twilio", with_secret, true},
    {"twilio with a redirect that cannot be one", "twilio", with_long_redirect,
     false},
    {"hubspot workflow without proof", "hubspot_workflow", no_proof, false},
    {"hubspot workflow with secret", "hubspot_workflow", with_secret, true},
    {"hubspot workflow with token", "hubspot_workflow", with_token, true},
    {"crm_confirm with only a token", "crm_confirm", with_token, false},
    {"crm_confirm with secret", "crm_confirm", with_secret, true},
    {"crm_confirm needs no destination", "crm_confirm", with_secret_and_nowhere,
     true},
    {"shopify needs one", "shopify", with_secret_and_nowhere, false},
    {"json of no platform", "json", with_token, false},
    {"json of a channel", "json", with_attribution, true},
    {"own and excluded hosts", "form", with_own_host, true},
    {"a URL as own host", "form", with_url_as_own_host, false},
    {"a word as excluded host", "form", with_word_as_excluded_host, false},
    {"unknown source_platform", "form", with_unknown_platform, false},
    {"unknown source_type", "form", with_unknown_type, false},
    {"unknown country", "form", with_unknown_country, false},
    {"broken map path", "form", with_bad_path, false},
    {"broken event_id", "form", with_bad_id, false},
};

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
		/* Without verify there are no keys to give back. */
		assert_true(ops->prepare == NULL || ops->verify == NULL ||
			    ops->release != NULL);
		assert_true(ops->try_later == 503 || ops->try_later == 429);
		assert_true(ops->max_body > 0 && ops->payloads != 0);
	}
	assert_int_equal(n, 14);
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
		bool refused = want != 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sources_fail_closed),
	    cmocka_unit_test(every_platform_of_the_table_is_complete),
	    cmocka_unit_test(requests_are_judged_before_their_body),
	    cmocka_unit_test(wrong_token_and_unknown_source_look_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
