/* SPDX-License-Identifier: MIT */
/* Answers without an end: they arrive piece by piece, end in order, and no
 * client makes the listener wait or keep more than its share. */
#include "edge_fixture.h"

#include "ingress/edge.h"

static void begin(void *ctx, struct exchange *x)
{
	struct edge *e = ctx;
	struct reply head = {.status = 200,
			     .content_type = "text/event-stream"};
	e->n_requests++;
	e->ticket = exchange_stream(x, &head);
}

static struct edge *stream_new(struct client *c)
{
	struct edge *e = edge_new();
	e->handler.on_request = begin;
	edge_start(e);
	client_connect(e, c);
	client_send(c, STR(GET));
	client_expect(e, c, "text/event-stream\r\n");
	client_expect(e, c, "Connection: close\r\n\r\n");
	return e;
}

static struct exchange *found(struct edge *e)
{
	struct exchange *x = listener_find(e->listener, e->ticket);
	assert_non_null(x);
	return x;
}

static void test_pieces_arrive_and_the_end_is_a_close(void **state)
{
	(void)state;
	struct client c;
	struct edge *e = stream_new(&c);
	assert_true(exchange_send(found(e), STR("data: 1\n\n")));
	client_expect(e, &c, "data: 1\n\n");
	assert_true(exchange_send(found(e), STR("data: 2\n\n")));
	client_expect(e, &c, "data: 2\n\n");
	assert_int_equal(e->n_ends, 0);
	exchange_finish(found(e));
	client_expect_end(e, &c);
	assert_false(c.reset);
	assert_int_equal(e->end_status, 200);
	assert_null(listener_find(e->listener, e->ticket));
	client_close(&c);
	edge_free(e);
}

static void test_one_that_is_fed_outlives_every_deadline(void **state)
{
	(void)state;
	struct client c;
	struct edge *e = stream_new(&c);
	for (int i = 0; i < 10; i++) {
		edge_advance(e, 15000);
		edge_settle(e);
		assert_true(exchange_send(found(e), STR(":\n")));
		client_expect(e, &c, ":\n");
	}
	assert_int_equal(e->n_deadlines, 0);
	/* Forgotten by its handler it ends by itself. */
	edge_advance(e, 31000);
	client_expect_end(e, &c);
	assert_int_equal(e->n_ends, 1);
	client_close(&c);
	edge_free(e);
}

static void test_a_client_that_leaves_is_noticed(void **state)
{
	(void)state;
	struct client c;
	struct edge *e = stream_new(&c);
	client_close(&c);
	assert_true(edge_wait(e, is_one, &e->n_ends));
	assert_int_equal(e->end_status, 0);
	assert_null(listener_find(e->listener, e->ticket));
	edge_free(e);
}

static void test_a_client_that_does_not_read_is_dropped(void **state)
{
	(void)state;
	static char piece[16384];
	struct client c;
	struct edge *e = stream_new(&c);
	int sent = 0;
	while (sent < 4096 &&
	       exchange_send(found(e), (struct str){piece, sizeof(piece)}))
		sent++;
	assert_in_range(sent, 1, 4095); /* the kernel takes some MiB */
	assert_null(listener_find(e->listener, e->ticket));
	assert_int_equal(e->n_ends, 1);
	client_close(&c);
	edge_free(e);
}

/* Small sends do not keep one alive that takes nothing. */
static void test_a_client_that_stands_still_is_dropped(void **state)
{
	(void)state;
	static char piece[250000];
	struct client c;
	struct edge *e = stream_new(&c);
	int few = 4096; /* bytes the kernel takes off our hands */
	assert_int_equal(setsockopt(found(e)->conn->fd, SOL_SOCKET, SO_SNDBUF,
				    &few, sizeof(few)),
			 0);
	assert_true(
	    exchange_send(found(e), (struct str){piece, sizeof(piece)}));
	for (int i = 0; i < 2; i++) {
		edge_advance(e, 14000);
		edge_settle(e);
		assert_true(exchange_send(found(e), STR(":\n")));
	}
	edge_advance(e, 3000);
	assert_true(edge_wait(e, is_one, &e->n_ends));
	assert_int_equal(e->end_status, 0);
	client_close(&c);
	edge_free(e);
}

static void test_what_is_on_the_way_still_leaves(void **state)
{
	(void)state;
	static char piece[600000]; /* more than may pile up */
	struct client c;
	struct edge *e = stream_new(&c);
	memset(piece, 'p', sizeof(piece));
	assert_true(
	    exchange_send(found(e), (struct str){piece, sizeof(piece)}));
	assert_true(exchange_send(found(e), STR("last")));
	exchange_finish(found(e));
	client_expect(e, &c, "pplast");
	client_expect_end(e, &c);
	assert_false(c.reset);
	client_close(&c);
	edge_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pieces_arrive_and_the_end_is_a_close),
	    cmocka_unit_test(test_one_that_is_fed_outlives_every_deadline),
	    cmocka_unit_test(test_a_client_that_leaves_is_noticed),
	    cmocka_unit_test(test_a_client_that_does_not_read_is_dropped),
	    cmocka_unit_test(test_a_client_that_stands_still_is_dropped),
	    cmocka_unit_test(test_what_is_on_the_way_still_leaves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
