/* SPDX-License-Identifier: MIT */
/* What an attacker or a slow client runs into: deadlines of each phase, caps on
 * connections and bytes, bounded drains. */
#include "edge_fixture.h"

#include <sys/resource.h>

static void test_headers_that_drip_are_cut_off(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	client_connect(e, &c);
	client_send(&c, STR("POST / HTTP/1.1\r\n" HOST));
	edge_settle(e);
	for (int i = 0; i < 5; i++) { /* a byte in time never helps */
		edge_advance(e, 1900);
		client_send(&c, STR("x"));
		edge_settle(e);
	}
	assert_int_equal(e->n_refused, 0);
	edge_advance(e, 800);
	client_expect(e, &c, "HTTP/1.1 408 ");
	client_expect_end(e, &c);
	assert_string_equal(e->refused_reason, "header_timeout");
	client_close(&c);
	edge_free(e);
}

static void test_bodies_have_an_absolute_deadline(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	e->limits.min_body_rate = 0;
	edge_start(e);
	client_connect(e, &c);
	client_send(
	    &c, STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\n"));
	edge_settle(e);
	for (int i = 0; i < 5; i++) {
		edge_advance(e, 5900);
		client_send(&c, STR("x"));
		edge_settle(e);
	}
	assert_int_equal(e->n_ends, 0);
	edge_advance(e, 800);
	client_expect(e, &c, "HTTP/1.1 408 ");
	client_expect_end(e, &c);
	assert_int_equal(e->end_status, 408);
	assert_int_equal(e->n_requests, 0);
	client_close(&c);
	edge_free(e);
}

static void test_bodies_have_a_minimum_rate(void **state)
{
	(void)state;
	static char chunk[8000];
	struct edge *e = edge_new();
	struct client slow, steady;
	edge_start(e);
	client_connect(e, &slow);
	client_connect(e, &steady);
	client_send(&slow, STR("POST / HTTP/1.1\r\n" HOST
			       "Content-Length: 100000\r\n\r\n"));
	client_send(&steady, STR("POST / HTTP/1.1\r\n" HOST
				 "Content-Length: 100000\r\n\r\n"));
	client_send(&slow, (struct str){chunk, 4000});
	edge_settle(e);
	for (int i = 0; i < 4; i++) {
		client_send(&steady, (struct str){chunk, sizeof(chunk)});
		edge_advance(e, 1200);
		edge_settle(e);
	}
	assert_int_equal(e->n_ends, 0); /* the first seconds are free */
	edge_advance(e, 1200);
	client_expect(e, &slow, "HTTP/1.1 408 ");
	assert_int_equal(e->n_ends, 1);
	client_close(&slow);
	client_close(&steady);
	edge_free(e);
}

static void test_silent_connections_are_closed_without_a_word(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client fresh, idle;
	edge_start(e);
	client_connect(e, &idle);
	client_send(&idle, STR(GET));
	client_expect(e, &idle, "Content-Length: 0\r\n\r\n");
	client_connect(e, &fresh);
	edge_settle(e);
	edge_advance(e, 10200);
	client_expect_end(e, &fresh);
	assert_int_equal(fresh.in.n, 0);
	assert_int_equal(listener_connections(e->listener), 1);
	edge_advance(e, 50000);
	client_expect_end(e, &idle);
	assert_int_equal(idle.in.n, 0);
	client_close(&fresh);
	client_close(&idle);
	edge_free(e);
}

static void test_clients_that_do_not_read_are_cut_off(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = BIG_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(GET));
	assert_true(edge_wait(e, is_one, &e->n_ends));
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 1);
	edge_advance(e, 30200);
	edge_settle(e);
	for (int i = 0; i < 10 && listener_connections(e->listener) > 0; i++)
		edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 0);
	client_close(&c);
	edge_free(e);
}

/* ---- drains -------------------------------------------------------------- */

static bool cannot_send(void *ctx)
{
	static char junk[4096];
	struct client *c = ctx;
	ssize_t n =
	    send(c->fd, junk, sizeof(junk), MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 && errno != EAGAIN;
}

static void test_drain_ends_by_bytes(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = NOT_FOUND;
	client_connect(e, &c);
	client_send(&c, STR("POST / HTTP/1.1\r\n" HOST
			    "Content-Length: 50000000\r\n\r\n"));
	client_expect(e, &c, "\r\n\r\nno");
	assert_true(edge_wait(e, cannot_send, &c));
	assert_int_equal(listener_connections(e->listener), 0);
	client_close(&c);
	edge_free(e);
}

static void test_drain_ends_by_time(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = NOT_FOUND;
	client_connect(e, &c);
	client_send(&c, STR("POST / HTTP/1.1\r\n" HOST
			    "Content-Length: 50000000\r\n\r\n"));
	client_expect(e, &c, "\r\n\r\nno");
	client_expect_end(e, &c); /* half-closed: we still may send */
	client_send(&c, STR("more"));
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 1);
	edge_advance(e, 1200);
	for (int i = 0; i < 10 && listener_connections(e->listener) > 0; i++)
		edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 0);
	client_close(&c);
	edge_free(e);
}

/* ---- caps ---------------------------------------------------------------- */

static void test_at_the_cap_the_oldest_idle_connection_goes(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client busy, old, young, next;
	e->limits.connections = 3;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &busy);
	client_send(&busy, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	e->conduct = ECHO_BODY;
	client_connect(e, &old);
	client_send(&old, STR(GET));
	client_expect(e, &old, "200 OK");
	client_connect(e, &young);
	client_send(&young, STR(GET));
	client_expect(e, &young, "200 OK");
	client_connect(e, &next);
	client_send(&next, STR(GET));
	client_expect(e, &next, "200 OK");
	client_expect_end(e, &old);
	client_send(&young, STR(GET));
	client_expect(e, &young, "200 OK");
	assert_int_equal(listener_connections(e->listener), 3);
	client_close(&busy);
	client_close(&old);
	client_close(&young);
	client_close(&next);
	edge_free(e);
}

static void test_at_the_cap_with_none_idle_newcomers_get_503(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client busy, next;
	e->limits.connections = 1;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &busy);
	client_send(&busy, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	client_connect(e, &next);
	client_expect(e, &next, "HTTP/1.1 503 ");
	client_expect_end(e, &next);
	assert_string_equal(e->refused_reason, "connections");
	client_close(&busy);
	client_close(&next);
	edge_free(e);
}

static void test_one_address_has_a_cap_of_its_own(void **state)
{
	(void)state;
	for (int trusted = 0; trusted < 2; trusted++) {
		struct edge *e = edge_new();
		struct client c[3];
		e->limits.connections_per_address = 2;
		assert_int_equal(
		    network_parse(STR("127.0.0.0/8"), &e->proxies[0]), 0);
		e->trusted = (struct network_list){e->proxies, (size_t)trusted};
		edge_start(e);
		for (int i = 0; i < 3; i++)
			client_connect(e, &c[i]);
		client_send(&c[0], STR(GET));
		client_expect(e, &c[0], "200 OK");
		if (trusted) {
			client_send(&c[2], STR(GET));
			client_expect(e, &c[2], "200 OK");
		} else {
			client_expect(e, &c[2], "HTTP/1.1 503 ");
			client_expect_end(e, &c[2]);
			client_close(&c[0]); /* makes room again */
			client_close(&c[2]);
			edge_settle(e);
			client_connect(e, &c[0]);
			client_connect(e, &c[2]);
			client_send(&c[0], STR(GET));
			client_expect(e, &c[0], "200 OK");
		}
		for (int i = 0; i < 3; i++)
			client_close(&c[i]);
		edge_free(e);
	}
}

/* Neither a busy loop nor a dead listener. */
static void test_out_of_descriptors_is_survived(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	struct rlimit before, now;
	edge_start(e);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	client_connect(e, &c);
	int next = dup(c.fd);
	close(next);
	now = (struct rlimit){(rlim_t)next, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	client_send(&c, STR(GET));
	edge_settle(e);
	assert_int_equal(listener_connections(e->listener), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	client_expect(e, &c, "200 OK");
	client_close(&c);
	edge_free(e);
}

static size_t send_some(struct client *c, size_t at_most)
{
	static char bytes[4096];
	size_t sent = 0;
	while (sent < at_most) {
		size_t n = at_most - sent < sizeof(bytes) ? at_most - sent
							  : sizeof(bytes);
		ssize_t rc = send(c->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (rc <= 0)
			break;
		sent += (size_t)rc;
	}
	return sent;
}

static bool wait_for_requests(void *ctx)
{
	return ((struct edge *)ctx)->n_requests >= 2;
}

/* Two bodies of 100 KB under a ceiling of 60 KB: the first is read past the
 * ceiling, the second is left in the kernel until the first is done. */
static void test_above_the_byte_cap_the_youngest_waits(void **state)
{
	(void)state;
	static const struct str head = {
	    "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n", 0};
	struct edge *e = edge_new();
	struct client old, young;
	e->limits.receiving_bytes = 60000;
	edge_start(e);
	client_connect(e, &old);
	client_connect(e, &young);
	client_send(&old, str_from(head.p));
	edge_settle(e);
	client_send(&young, str_from(head.p));
	edge_settle(e);
	size_t old_sent = send_some(&old, 50000);
	edge_settle(e);
	size_t young_sent = 0;
	while (young_sent < 100000) {
		size_t n = send_some(&young, 100000 - young_sent);
		edge_settle(e);
		young_sent += n;
		if (n == 0)
			break;
	}
	assert_int_equal(e->n_requests, 0);
	while (old_sent < 100000) {
		old_sent += send_some(&old, 100000 - old_sent);
		edge_settle(e);
	}
	client_expect(e, &old, "200 OK");
	while (young_sent < 100000) {
		young_sent += send_some(&young, 100000 - young_sent);
		edge_settle(e);
	}
	assert_true(edge_wait(e, wait_for_requests, e));
	client_expect(e, &young, "200 OK");
	client_close(&old);
	client_close(&young);
	edge_free(e);
}

static void test_paused_bodies_survive_the_death_of_others(void **state)
{
	(void)state;
	enum { N = 6 };
	struct edge *e = edge_new();
	struct client c[N];
	e->limits.receiving_bytes = 20000;
	edge_start(e);
	for (int i = 0; i < N; i++) {
		client_connect(e, &c[i]);
		client_send(&c[i], STR("POST / HTTP/1.1\r\n" HOST
				       "Content-Length: 20001\r\n\r\n"));
		(void)send_some(&c[i], 20000);
		edge_settle(e);
	}
	assert_int_equal(e->n_requests, 0);
	client_abort(&c[0]); /* the oldest */
	client_abort(&c[3]); /* one that waits */
	edge_settle(e);
	for (int i = N - 1; i >= 0; i--) {
		if (i == 0 || i == 3)
			continue;
		client_send(&c[i], STR("x"));
	}
	for (int i = 1; i < N; i++)
		if (i != 3)
			client_expect(e, &c[i], "200 OK");
	for (int i = 0; i < N; i++)
		client_close(&c[i]);
	edge_free(e);
}

static void test_room_that_comes_free_is_given_to_all_it_holds(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client late, big, small[2];
	e->limits.receiving_bytes = 60000;
	edge_start(e);
	client_connect(e, &late); /* first to come, last to send a body */
	client_connect(e, &big);
	client_send(&big, STR("POST / HTTP/1.1\r\n" HOST
			      "Content-Length: 60001\r\n\r\n"));
	(void)send_some(&big, 60000);
	edge_settle(e);
	for (int i = 0; i < 2; i++) {
		client_connect(e, &small[i]);
		client_send(&small[i], STR("POST / HTTP/1.1\r\n" HOST
					   "Content-Length: 3\r\n\r\na"));
		edge_settle(e);
		client_send(&small[i], STR("bc"));
	}
	edge_settle(e);
	assert_int_equal(e->n_requests, 0);
	client_send(&big, STR("x"));
	client_expect(e, &small[0], "\r\n\r\nabc");
	client_expect(e, &small[1], "\r\n\r\nabc");
	/* Once more, and everything ends while somebody waits. */
	client_send(&big, STR("POST / HTTP/1.1\r\n" HOST
			      "Content-Length: 60001\r\n\r\n"));
	(void)send_some(&big, 60000);
	edge_settle(e);
	client_send(&late, STR("POST / HTTP/1.1\r\n" HOST
			       "Content-Length: 3\r\n\r\na"));
	edge_settle(e);
	client_send(&late, STR("bc"));
	edge_settle(e);
	assert_int_equal(e->n_requests, 3);
	edge_free(e);
	client_close(&late);
	client_close(&big);
	client_close(&small[0]);
	client_close(&small[1]);
}

static void test_sending_ahead_is_not_read_without_end(void **state)
{
	(void)state;
	struct edge *e = edge_new();
	struct client c;
	edge_start(e);
	e->conduct = DEFER_ANSWER;
	client_connect(e, &c);
	client_send(&c, STR(POST3));
	assert_true(edge_wait(e, is_one, &e->n_requests));
	size_t sent = 0, n;
	do {
		n = send_some(&c, 1 << 20);
		edge_settle(e);
		sent += n;
	} while (n > 0 && sent < (64 << 20));
	assert_true(sent < (64 << 20)); /* the kernel's buffers are full */
	struct reply reply = {.status = 200, .body = STR("late")};
	exchange_reply(listener_find(e->listener, e->ticket), &reply);
	client_expect(e, &c, "late");
	client_expect(e, &c, "HTTP/1.1 400 ");
	client_close(&c);
	edge_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headers_that_drip_are_cut_off),
	    cmocka_unit_test(test_bodies_have_an_absolute_deadline),
	    cmocka_unit_test(test_bodies_have_a_minimum_rate),
	    cmocka_unit_test(test_silent_connections_are_closed_without_a_word),
	    cmocka_unit_test(test_clients_that_do_not_read_are_cut_off),
	    cmocka_unit_test(test_drain_ends_by_bytes),
	    cmocka_unit_test(test_drain_ends_by_time),
	    cmocka_unit_test(test_at_the_cap_the_oldest_idle_connection_goes),
	    cmocka_unit_test(test_at_the_cap_with_none_idle_newcomers_get_503),
	    cmocka_unit_test(test_one_address_has_a_cap_of_its_own),
	    cmocka_unit_test(test_out_of_descriptors_is_survived),
	    cmocka_unit_test(test_above_the_byte_cap_the_youngest_waits),
	    cmocka_unit_test(test_paused_bodies_survive_the_death_of_others),
	    cmocka_unit_test(
		test_room_that_comes_free_is_given_to_all_it_holds),
	    cmocka_unit_test(test_sending_ahead_is_not_read_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
