/* SPDX-License-Identifier: MIT */
/* Requests and answers over real sockets: what a client sees, what a handler
 * sees. Limits are in test_listener_limits.c. */
#include "edge_fixture.h"

static void test_keep_alive_serves_one_after_the_other(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	client_connect(e, &c);
	for (int i = 0; i < 3; i++) {
		client_send(&c, STR(POST3));
		client_expect(e, &c, "HTTP/1.1 200 OK\r\n");
		client_expect(e, &c, "Content-Length: 3\r\n\r\nabc");
	}
	assert_int_equal(e->n_ends, 3);
	assert_int_equal(e->end_status, 200);
	assert_int_equal(listener_connections(e->listener), 1);
	client_close(&c);
	edge_free(e);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	client_connect(e, &c);
	client_send(
	    &c,
	    STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n1"
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
		"1;x=y\r\n2\r\n0\r\nT: t\r\n\r\n"
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n3"));
	client_expect(e, &c, "\r\n\r\n1");
	client_expect(e, &c, "\r\n\r\n2");
	client_expect(e, &c, "\r\n\r\n3");
	client_close(&c);
	edge_free(e);
}

static void test_pipelined_requests_wait_for_a_late_answer(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3 POST3));
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	for (int i = 1; i <= 2; i++) {
		assert_true(edge_wait(e, is_one, &e->n_requests));
		edge_settle(e);
		assert_int_equal(e->n_requests, 1);
		e->n_requests = 0;
		struct reply reply = {.status = 200, .body = STR("late")};
		exchange_reply(listener_find(e->listener, e->ticket), &reply);
		client_expect(e, &c, "late");
	}
	client_expect_end(e, &c);
	client_close(&c);
	edge_free(e);
}

static void test_head_and_no_content_have_no_body(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	client_connect(e, &c);
	client_send(&c, STR("HEAD / HTTP/1.1\r\n" HOST
			    "Content-Length: 3\r\n\r\nabc" GET));
	client_expect(e, &c, "Content-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\n");
	client_close(&c);
	edge_free(e);
}

static void test_http10_closes_unless_asked(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	client_connect(e, &c);
	client_send(&c,
		    STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
	client_expect(e, &c, "Connection: keep-alive\r\n\r\n");
	client_send(&c, STR("GET / HTTP/1.0\r\n\r\n"));
	client_expect(e, &c, "Connection: close\r\n\r\n");
	client_expect_end(e, &c);
	client_close(&c);
	edge_free(e);
}

static void test_answer_after_headers_keeps_open_without_a_body(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = NOT_FOUND;
	client_connect(e, &c);
	client_send(&c, STR(GET GET));
	client_expect(e, &c, "\r\n\r\nno");
	client_expect(e, &c, "\r\n\r\nno");
	assert_int_equal(e->n_requests, 0);
	client_send(
	    &c, STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n"));
	client_expect(e, &c, "Connection: close\r\n\r\nno");
	client_expect_end(e, &c);
	assert_false(c.reset);
	client_close(&c);
	edge_free(e);
}

static void test_continue_is_said_once_the_handler_accepted(void **state)
{
	(void)state;
	static const struct str head = {
	    "POST / HTTP/1.1\r\n" HOST
	    "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
	    78};
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	client_connect(e, &c);
	client_send(&c, str_from(head.p));
	client_expect(e, &c, "HTTP/1.1 100 Continue\r\n\r\n");
	client_send(&c, STR("abc"));
	client_expect(e, &c, "HTTP/1.1 200 OK\r\n");
	client_expect(e, &c, "\r\n\r\nabc");
	e->body_max = 2;
	client_send(&c, str_from(head.p));
	client_expect(e, &c, "HTTP/1.1 413 ");
	assert_int_equal(e->end_status, 413);
	client_expect_end(e, &c);
	client_close(&c);
	client_connect(e, &c);
	e->conduct = NOT_FOUND;
	client_send(&c, str_from(head.p));
	client_expect_end(e, &c);
	assert_true(str_starts(buf_str(&c.in), STR("HTTP/1.1 404 ")));
	client_close(&c);
	edge_free(e);
}

static void test_refusals_are_one_answer_and_the_end(void **state)
{
	(void)state;
	static const struct {
		const char *name, *request, *status;
	} rows[] = {
	    {"two lengths",
	     "POST / HTTP/1.1\r\n" HOST
	     "Content-Length: 0\r\nContent-Length: 42\r\n\r\n" GET,
	     "400"},
	    {"blank before colon",
	     "POST / HTTP/1.1\r\n" HOST
	     "Transfer-Encoding : chunked\r\n\r\n" GET,
	     "400"},
	    {"TE and CL",
	     "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
	     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET,
	     "400"},
	    {"coding",
	     "POST / HTTP/1.1\r\n" HOST
	     "Transfer-Encoding: gzip, chunked\r\n\r\n" GET,
	     "501"},
	    {"method", "BREW / HTTP/1.1\r\n" HOST "\r\n" GET, "501"},
	    {"version", "GET / HTTP/3.0\r\n" HOST "\r\n" GET, "505"},
	    {"expectation", "GET / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n" GET,
	     "417"},
	    {"no host", "GET / HTTP/1.1\r\n\r\n" GET, "400"},
	};
	struct edge *e = edge_new();
	edge_start(e);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client c;
		client_connect(e, &c);
		client_send(&c, str_from(rows[i].request));
		client_expect_end(e, &c);
		struct str got = buf_str(&c.in);
		if (c.reset || got.n < 12 ||
		    memcmp(got.p + 9, rows[i].status, 3) != 0 ||
		    str_find_str(str_sub(got, 1, got.n), STR("HTTP/1.1")) > 0)
			fail_msg("%s: '%.*s'", rows[i].name, STR_FMT(got));
		client_close(&c);
	}
	assert_int_equal(e->n_headers, 0);
	assert_int_equal(e->n_refused, sizeof(rows) / sizeof(rows[0]));
	edge_free(e);
}

static void test_too_large_bodies_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "Content-Length: 11\r\n\r\n",
	    "Transfer-Encoding: chunked\r\n\r\nb\r\n",
	    "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n6\r\n",
	};
	struct edge *e = edge_new();
	e->body_max = 10;
	edge_start(e);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client c;
		client_connect(e, &c);
		client_send(&c, STR("POST / HTTP/1.1\r\n" HOST));
		client_send(&c, str_from(rows[i]));
		client_expect(e, &c, "HTTP/1.1 413 ");
		client_expect_end(e, &c);
		client_close(&c);
	}
	assert_int_equal(e->n_requests, 0);
	assert_int_equal(e->n_ends, 3);
	assert_int_equal(e->end_status, 413);
	assert_int_equal(e->n_refused, 3);
	assert_string_equal(e->refused_reason, "too_large");
	edge_free(e);
}

/* ---- late answers -------------------------------------------------------- */

static void test_late_answer_finds_its_exchange(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	assert_int_equal(listener_pending(e->listener), 1);
	struct reply reply = {
	    .status = 200,
	    .body = STR("late"),
	    .extra = {{STR("X-Good"), STR("a")}, {STR("X-Bad"), STR("a\r\nb")}},
	    .n_extra = 2};
	exchange_reply(listener_find(e->listener, e->ticket), &reply);
	assert_null(listener_find(e->listener, e->ticket));
	assert_int_equal(listener_pending(e->listener), 0);
	client_expect(e, &c, "X-Good: a\r\n\r\nlate");
	client_close(&c);
	edge_free(e);
}

static void test_late_answer_to_a_client_that_is_gone(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	client_abort(&c);
	assert_true(edge_wait(e, is_one, &e->n_ends));
	assert_int_equal(e->end_status, 0);
	assert_null(listener_find(e->listener, e->ticket));
	/* The slot is used again: the old ticket must not find the new one. */
	struct ticket old = e->ticket;
	e->n_requests = 0;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	assert_int_equal(e->ticket.slot, old.slot);
	assert_null(listener_find(e->listener, old));
	assert_non_null(listener_find(e->listener, e->ticket));
	assert_null(listener_find(e->listener, (struct ticket){0}));
	client_close(&c);
	edge_free(e);
}

static void test_answer_to_a_client_that_closed_unnoticed(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	client_abort(&c); /* and the loop has not seen it */
	struct reply reply = {.status = 200};
	exchange_reply(listener_find(e->listener, e->ticket), &reply);
	assert_int_equal(e->n_ends, 1);
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 0);
	edge_free(e);
}

static void test_answer_deadline_asks_the_handler_once(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	edge_advance(e, 3900);
	edge_settle(e);
	assert_int_equal(e->n_deadlines, 0);
	edge_advance(e, 300);
	client_expect(e, &c, "HTTP/1.1 429 ");
	assert_int_equal(e->n_deadlines, 1);
	assert_null(listener_find(e->listener, e->ticket));
	e->conduct = ECHO_BODY; /* and the connection goes on */
	client_send(&c, STR(POST3));
	client_expect(e, &c, "\r\n\r\nabc");
	client_close(&c);
	edge_free(e);
}

static void test_answer_deadline_without_a_handler_is_503(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	e->handler.on_deadline = NULL;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	edge_advance(e, 4200);
	client_expect(e, &c, "HTTP/1.1 503 ");
	client_expect(e, &c, "Retry-After: 30\r\n");
	client_expect_end(e, &c);
	client_close(&c);
	edge_free(e);
}

/* ---- the rest ------------------------------------------------------------ */

static void test_client_is_named_by_a_trusted_proxy_only(void **state)
{
	(void)state;
	static const struct str request = {
	    "GET /p?q HTTP/1.1\r\n" HOST
	    "X-Forwarded-For: 9.9.9.9, 203.0.113.7\r\n\r\n",
	    0};
	for (int trusted = 0; trusted < 2; trusted++) {
		struct edge *e = edge_new();
		struct client c;
		assert_int_equal(
		    network_parse(STR("127.0.0.0/8"), &e->proxies[0]), 0);
		e->trusted = (struct network_list){e->proxies, 1};
		if (!trusted)
			e->trusted.n = 0;
		edge_start(e);
		client_connect(e, &c);
		client_send(&c, str_from(request.p));
		client_expect(e, &c, "200 OK");
		assert_string_equal(e->client,
				    trusted ? "203.0.113.7" : "127.0.0.1");
		assert_string_equal(e->path, "/p");
		client_close(&c);
		edge_free(e);
	}
}

static void test_big_answers_arrive_whole(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = BIG_ANSWER;
	client_connect(e, &c);
	client_send(&c,
		    STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
	client_expect_end(e, &c);
	long at = str_find_str(buf_str(&c.in), STR("\r\n\r\n"));
	assert_int_equal(c.in.n - (size_t)at - 4, 8 << 20);
	client_close(&c);
	edge_free(e);
}

static void test_shutdown_answers_what_is_pending(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client busy, idle;
	edge_start(e);
	client_connect(e, &idle);
	client_send(&idle, STR(GET));
	client_expect(e, &idle, "200 OK");
	e->conduct = DEFER_ANSWER;
	e->n_requests = 0;
	client_connect(e, &busy);
	client_send(&busy, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	listener_stop_accepting(e->listener);
	client_expect_end(e, &idle);
	assert_null(listener_address(e->listener, 0));
	struct reply reply = {.status = 200, .body = STR("late")};
	exchange_reply(listener_find(e->listener, e->ticket), &reply);
	client_expect(e, &busy, "Connection: close\r\n\r\nlate");
	client_expect_end(e, &busy);
	client_close(&busy);
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 0);
	client_close(&idle);
	edge_free(e);
}

static void test_shutdown_still_takes_what_is_on_the_way(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client idle, fresh, silent;
	struct err err;
	edge_start(e);
	client_connect(e, &idle);
	client_send(&idle, STR(GET));
	client_expect(e, &idle, "200 OK");
	client_connect(e, &fresh);
	client_connect(e, &silent);
	edge_settle(e);
	client_send(&idle, STR(POST3)); /* the loop has not seen it yet */
	listener_stop_accepting(e->listener);
	client_send(&fresh, STR(POST3));
	client_expect(e, &idle, "Connection: close\r\n\r\nabc");
	client_expect(e, &fresh, "Connection: close\r\n\r\nabc");
	edge_advance(e, 1200);
	client_expect_end(e, &silent);
	assert_int_equal(listener_reload(e->listener, &e->config, &err), 0);
	assert_null(listener_address(e->listener, 0));
	client_close(&idle);
	client_close(&fresh);
	client_close(&silent);
	edge_free(e);
}

static void test_free_ends_what_is_open(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	client_close(&c);
	edge_free(e); /* compares headers and ends */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keep_alive_serves_one_after_the_other),
	    cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
	    cmocka_unit_test(test_pipelined_requests_wait_for_a_late_answer),
	    cmocka_unit_test(test_head_and_no_content_have_no_body),
	    cmocka_unit_test(test_http10_closes_unless_asked),
	    cmocka_unit_test(
		test_answer_after_headers_keeps_open_without_a_body),
	    cmocka_unit_test(test_continue_is_said_once_the_handler_accepted),
	    cmocka_unit_test(test_refusals_are_one_answer_and_the_end),
	    cmocka_unit_test(test_too_large_bodies_are_refused),
	    cmocka_unit_test(test_late_answer_finds_its_exchange),
	    cmocka_unit_test(test_late_answer_to_a_client_that_is_gone),
	    cmocka_unit_test(test_answer_to_a_client_that_closed_unnoticed),
	    cmocka_unit_test(test_answer_deadline_asks_the_handler_once),
	    cmocka_unit_test(test_answer_deadline_without_a_handler_is_503),
	    cmocka_unit_test(test_client_is_named_by_a_trusted_proxy_only),
	    cmocka_unit_test(test_big_answers_arrive_whole),
	    cmocka_unit_test(test_shutdown_answers_what_is_pending),
	    cmocka_unit_test(test_shutdown_still_takes_what_is_on_the_way),
	    cmocka_unit_test(test_free_ends_what_is_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
