/* SPDX-License-Identifier: MIT */
/* How far an attempt came, against a real server on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/loop.h"
#include "delivery/address.h"
#include "delivery/answer.h"
#include "delivery/http_client.h"
#include "fake_crm.h"

struct fixture {
	struct crm *crm;
	struct loop *loop;
	struct http_client *client;
	int done;
	enum transport transport;
	int status;
	bool complete;
	size_t body_n;
	char body[64], retry_after[32], location[64], remaining[8];
};

static struct fixture *f;

static int setup(void **state)
{
	struct err err;
	(void)state;
	f = xcalloc(1, sizeof(*f));
	f->crm = crm_start();
	assert_int_equal(loop_new(&f->loop, &err), 0);
	assert_int_equal(http_client_new(&f->client, f->loop, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(f->client);
	loop_free(f->loop);
	crm_stop(f->crm);
	free(f);
	return 0;
}

#define KEEP(field, from)                                                      \
	(void)!snprintf(f->field, sizeof(f->field), "%.*s", STR_FMT(from))

static void on_done(void *ctx, const struct attempt_result *r)
{
	int *left = ctx;
	f->done++;
	f->transport = r->transport;
	f->status = r->status;
	f->complete = r->body_complete;
	f->body_n = r->body.n;
	struct str start = {r->body.p, r->body.n < 60 ? r->body.n : 60};
	KEEP(body, start);
	KEEP(retry_after, r->retry_after);
	KEEP(location, r->location);
	KEEP(remaining, r->ratelimit_remaining);
	if (--*left == 0)
		loop_stop(f->loop);
}

static struct http_target *target(int port, bool allow_http, bool private)
{
	static const char *const headers[] = {"Authorization: Bearer t",
					      "Expect:"};
	char *url = xasprintf("http://127.0.0.1:%d/leads", port);
	struct http_spec spec = {
	    .url = url,
	    .headers = headers,
	    .n_headers = 2,
	    .connect_timeout_ms = 1000,
	    .timeout_ms = 300,
	    .allow_http = allow_http,
	    .allow_private = private,
	};
	struct http_target *t = http_target_new(f->client, &spec);
	free(url);
	return t;
}

static void post_one(struct http_target *t)
{
	int left = 1;
	http_post(t, "Idempotency-Key: k-1", STR("{\"a\":1}"), on_done, &left);
	assert_int_equal(left, 1); /* never from within the call */
	loop_run(f->loop);
	http_target_free(t);
}

static struct crm_answer scripted;

static void from_script(struct crm *crm, const struct crm_request *r,
			struct crm_answer *out)
{
	(void)crm, (void)r;
	*out = scripted;
}

static const struct {
	const char *name;
	struct crm_answer answer;
	enum transport transport;
	int status;
	bool complete;
} WAYS[] = {
    {"created", {.status = 201, .body = "{}"}, TRANSPORT_ANSWERED, 201, true},
    {"no content", {.status = 204}, TRANSPORT_ANSWERED, 204, true},
    {"server error", {.status = 500}, TRANSPORT_ANSWERED, 500, true},
    {"body at the ceiling",
     {.status = 201, .padding = ANSWER_BODY_MAX},
     TRANSPORT_ANSWERED,
     201,
     true},
    {"body over the ceiling",
     {.status = 201, .padding = ANSWER_BODY_MAX + 1},
     TRANSPORT_ANSWERED,
     201,
     false},
    {"cut off in the body",
     {.way = CRM_CUT_BODY, .status = 201, .body = "{"},
     TRANSPORT_ANSWERED,
     201,
     false},
    {"hangs in the body",
     {.way = CRM_HANG_BODY, .status = 200},
     TRANSPORT_ANSWERED,
     200,
     false},
    {"cut off in the status line",
     {.way = CRM_CUT_HEAD},
     TRANSPORT_RESET,
     0,
     false},
    {"closes without a word", {.way = CRM_RESET}, TRANSPORT_RESET, 0, false},
    {"never answers", {.way = CRM_HANG}, TRANSPORT_TIMEOUT, 0, false},
};

static void test_says_how_far_it_came(void **state)
{
	(void)state;
	size_t failed = 0;
	f->crm->answer = from_script;
	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		scripted = WAYS[i].answer;
		post_one(target(f->crm->port, true, true));
		if (f->transport == WAYS[i].transport &&
		    f->status == WAYS[i].status &&
		    f->complete == WAYS[i].complete &&
		    f->body_n <= ANSWER_BODY_MAX)
			continue;
		print_error("%s: %s %d complete %d\n", WAYS[i].name,
			    transport_name(f->transport), f->status,
			    f->complete);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void test_refused(void **state)
{
	(void)state;
	post_one(target(crm_dead_port(), true, true));
	assert_int_equal(f->transport, TRANSPORT_REFUSED);
}

static void test_private_address_is_forbidden(void **state)
{
	(void)state;
	post_one(target(f->crm->port, true, false));
	assert_int_equal(f->transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(f->crm->n_connections, 0);
}

/* Another target's connection to the same host is open and resting. */
static void test_forbidden_also_on_a_connection_in_use(void **state)
{
	(void)state;
	post_one(target(f->crm->port, true, true));
	assert_int_equal(f->status, 201);
	post_one(target(f->crm->port, true, false));
	assert_int_equal(f->transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(crm_count(f->crm), 1);
}

static void test_plain_http_must_be_allowed(void **state)
{
	(void)state;
	post_one(target(f->crm->port, false, true));
	assert_int_equal(f->transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(f->crm->n_connections, 0);
}

static void test_unknown_name_is_dns(void **state)
{
	(void)state;
	struct http_spec spec = {
	    .url = "http://nobody.invalid/",
	    .connect_timeout_ms = 1000,
	    .timeout_ms = 5000,
	    .allow_http = true,
	    .allow_private = true,
	};
	post_one(http_target_new(f->client, &spec));
	/* Which of the two depends on whether there is a name server. */
	assert_true(f->transport == TRANSPORT_DNS_FAILED ||
		    f->transport == TRANSPORT_DNS_NXDOMAIN);
}

/* Asked about a missing name when the client ends. */
static void test_ends_while_asking_for_a_name(void **state)
{
	(void)state;
	struct http_spec spec = {
	    .url = "http://nobody.invalid/",
	    .connect_timeout_ms = 1000,
	    .timeout_ms = 5000,
	    .allow_http = true,
	};
	struct http_target *t = http_target_new(f->client, &spec);
	int left = 1;
	http_post(t, "Idempotency-Key: k", STR("{}"), on_done, &left);
	http_target_free(t);
	for (int i = 0; i < 3; i++)
		event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
}

static void test_no_tls_there_is_a_tls_failure(void **state)
{
	(void)state;
	char *url = xasprintf("https://127.0.0.1:%d/", f->crm->port);
	struct http_spec spec = {
	    .url = url,
	    .connect_timeout_ms = 500,
	    .timeout_ms = 500,
	    .allow_private = true,
	};
	scripted = (struct crm_answer){.way = CRM_RESET};
	f->crm->answer = from_script;
	post_one(http_target_new(f->client, &spec));
	assert_true(f->transport == TRANSPORT_TLS_FAILED ||
		    f->transport == TRANSPORT_TIMEOUT_CONNECT);
	free(url);
}

static void test_redirects_are_not_followed(void **state)
{
	(void)state;
	char *header =
	    xasprintf("Location: http://127.0.0.1:%d/other\r\n", f->crm->port);
	scripted = (struct crm_answer){.status = 307, .headers = header};
	f->crm->answer = from_script;
	post_one(target(f->crm->port, true, true));
	assert_int_equal(f->status, 307);
	assert_int_equal(crm_count(f->crm), 1);
	assert_true(strstr(f->location, "/other") != NULL);
	free(header);
}

static void test_headers_come_and_go(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	scripted = (struct crm_answer){
	    .status = 429,
	    .headers = "Retry-After: 17\r\nX-RateLimit-Remaining: 3\r\n",
	};
	f->crm->answer = from_script;
	post_one(target(f->crm->port, true, true));
	unsetenv("http_proxy");
	assert_string_equal(f->retry_after, "17");
	assert_string_equal(f->remaining, "3");
	const struct crm_request *r = &f->crm->requests[0];
	assert_string_equal(r->key, "k-1");
	assert_string_equal(r->token, "Bearer t");
	assert_string_equal(r->body, "{\"a\":1}");
	assert_true(
	    str_starts(str_from(r->head), STR("POST /leads HTTP/1.1\r\n")));
	assert_null(strstr(r->head, "Expect"));
	assert_null(strstr(r->head, "Accept-Encoding"));
}

static void test_many_at_once_reuse_connections(void **state)
{
	(void)state;
	struct http_target *t = target(f->crm->port, true, true);
	http_client_keep(f->client, 8);
	for (int round = 0; round < 20; round++) {
		int left = 8;
		for (int i = 0; i < 8; i++)
			http_post(t, "Idempotency-Key: k", STR("{}"), on_done,
				  &left);
		loop_run(f->loop);
	}
	http_target_trim(t);
	http_target_free(t);
	assert_int_equal(f->done, 160);
	assert_int_equal(crm_count(f->crm), 160);
	assert_in_range(f->crm->n_connections, 1, 16);
}

static void test_ends_with_calls_under_way(void **state)
{
	(void)state;
	scripted = (struct crm_answer){.way = CRM_HANG};
	f->crm->answer = from_script;
	struct http_target *t = target(f->crm->port, true, true);
	int left = 2;
	http_post(t, "Idempotency-Key: k", STR("{}"), on_done, &left);
	http_post(t, "Idempotency-Key: k", STR("{}"), on_done, &left);
	http_target_free(t);
	assert_int_equal(left, 2); /* teardown frees the client */
}

static const struct {
	const char *text;
	bool is_public;
} ADDRESSES[] = {
    {"8.8.8.8", true},
    {"1.1.1.1", true},
    {"127.0.0.1", false},
    {"10.1.2.3", false},
    {"100.64.0.1", false},
    {"100.128.0.1", true},
    {"169.254.169.254", false},
    {"172.15.0.1", true},
    {"172.16.0.1", false},
    {"172.31.255.255", false},
    {"172.32.0.1", true},
    {"192.168.1.1", false},
    {"192.0.2.1", false},
    {"198.19.0.1", false},
    {"0.0.0.0", false},
    {"224.0.0.1", false},
    {"255.255.255.255", false},
    {"2606:4700::1111", true},
    {"::1", false},
    {"::", false},
    {"fe80::1", false},
    {"fc00::1", false},
    {"fd12::1", false},
    {"ff02::1", false},
    {"2001:db8::1", false},
    {"2001::1", false},
    {"::ffff:10.0.0.1", false},
    {"::ffff:8.8.8.8", true},
    {"64:ff9b::a00:1", false},
    {"64:ff9b::808:808", true},
    {"2002:7f00:1::", false},
    {"2002:808:808::", true},
    {"64:ff9b:1::808:808", false},
    {"nonsense", false},
};

static void test_public_addresses(void **state)
{
	(void)state;
	size_t failed = 0;
	for (size_t i = 0; i < sizeof(ADDRESSES) / sizeof(ADDRESSES[0]); i++) {
		if (address_text_is_public(ADDRESSES[i].text) ==
		    ADDRESSES[i].is_public)
			continue;
		print_error("%s\n", ADDRESSES[i].text);
		failed++;
	}
	assert_int_equal(failed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_says_how_far_it_came),
	    TEST(test_refused),
	    TEST(test_private_address_is_forbidden),
	    TEST(test_forbidden_also_on_a_connection_in_use),
	    TEST(test_plain_http_must_be_allowed),
	    TEST(test_unknown_name_is_dns),
	    TEST(test_ends_while_asking_for_a_name),
	    TEST(test_no_tls_there_is_a_tls_failure),
	    TEST(test_redirects_are_not_followed),
	    TEST(test_headers_come_and_go),
	    TEST(test_many_at_once_reuse_connections),
	    TEST(test_ends_with_calls_under_way),
	    cmocka_unit_test(test_public_addresses),
	};
	http_client_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
