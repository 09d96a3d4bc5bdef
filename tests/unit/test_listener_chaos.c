/* SPDX-License-Identifier: MIT */
/*
 * Clients that connect, send pieces, half-close, vanish and come back in any
 * order, answers that come late or never, a clock that jumps, reloads in
 * between. Whatever happens: each on_headers has one on_end, a ticket finds its
 * own exchange or nothing, and in the end nothing is left. Worth running under
 * the address sanitizer.
 */
#include "edge_fixture.h"

enum { CLIENTS = 24, STEPS = 4000, TICKETS = 64 };

static uint64_t seed = 1;
static int64_t seeds = 2; /* or the first argument */

static unsigned below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

struct chaos {
	struct edge *e;
	struct client c[CLIENTS];
	struct ticket tickets[TICKETS];
	size_t n_tickets;
};

static struct chaos chaos;

static void on_request(void *ctx, struct exchange *x)
{
	struct edge *e = ctx;
	edge_on_request(ctx, x);
	if (e->conduct == DEFER_ANSWER)
		chaos.tickets[chaos.n_tickets++ % TICKETS] = e->ticket;
}

static const char *const PIECES[] = {
    GET,
    POST3,
    POST3 GET POST3,
    "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n",
    "Expect: 100-continue\r\n\r\n",
    "\r\n",
    "abc",
    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "POST / HTTP/1.0\r\nContent-Length: 60000\r\n\r\n",
    "nonsense\n",
    "Connection: close\r\n\r\n",
};

static void send_piece(struct client *c)
{
	static char big[30000];
	struct str s =
	    below(8) == 0
		? (struct str){big, sizeof(big)}
		: str_from(PIECES[below(sizeof(PIECES) / sizeof(PIECES[0]))]);
	size_t n = below(4) == 0 ? below((unsigned)s.n + 1) : s.n;
	(void)!send(c->fd, s.p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void act_on_client(struct chaos *x, struct client *c)
{
	if (c->fd < 0) {
		client_connect(x->e, c);
		return;
	}
	switch (below(16)) {
	case 0:
		client_abort(c);
		break;
	case 1:
		client_close(c);
		break;
	case 2:
		(void)shutdown(c->fd, SHUT_WR);
		break;
	case 3:
	case 4:
		buf_reset(&c->in);
		client_read(c);
		break;
	default:
		send_piece(c);
		break;
	}
}

static void act_on_listener(struct chaos *x)
{
	const struct reply reply = {.status = 200, .body = STR("late")};
	struct edge *e = x->e;
	struct err err;
	struct exchange *found;
	switch (below(12)) {
	case 0:
		edge_advance(e, below(3000));
		break;
	case 1:
		e->limits.receiving_bytes = 20000 + below(100000);
		e->limits.connections = 10 + below(20);
		assert_int_equal(listener_reload(e->listener, &e->config, &err),
				 0);
		break;
	case 2:
		e->conduct = (enum conduct)below(3);
		break;
	case 3:
		e->body_max = below(2) == 0 ? 10 : 1 << 20;
		break;
	default:
		found = listener_find(e->listener, x->tickets[below(TICKETS)]);
		if (found != NULL)
			exchange_reply(found, &reply);
		break;
	}
}

static bool one_turn(void *ctx)
{
	return (*(int *)ctx)++ > 0;
}

/* Pipelined requests may still be deferred one after the other. */
static bool all_gone(void *ctx)
{
	edge_advance(ctx, 100);
	return listener_connections(((struct edge *)ctx)->listener) == 0;
}

static void run(uint64_t with_seed)
{
	seed = with_seed;
	chaos = (struct chaos){.e = edge_new()};
	struct edge *e = chaos.e;
	e->handler.on_request = on_request;
	e->limits.receiving_bytes = 60000;
	edge_start(e);
	for (int i = 0; i < CLIENTS; i++)
		chaos.c[i].fd = -1;
	for (int i = 0; i < STEPS; i++) {
		act_on_client(&chaos, &chaos.c[below(CLIENTS)]);
		if (below(3) == 0)
			act_on_listener(&chaos);
		int turns = 0;
		if (below(4) == 0)
			assert_true(edge_wait(e, one_turn, &turns));
	}
	assert_true(e->n_requests > 0);
	if (below(2) == 0) {
		for (int i = 0; i < CLIENTS; i++)
			client_close(&chaos.c[i]);
		assert_true(edge_wait(e, all_gone, e));
		assert_int_equal(listener_pending(e->listener), 0);
	}
	edge_free(e); /* compares headers and ends */
	for (int i = 0; i < CLIENTS; i++)
		client_close(&chaos.c[i]);
}

static void test_nothing_is_lost_or_left_over(void **state)
{
	(void)state;
	for (int64_t s = 1; s <= seeds; s++)
		run((uint64_t)s);
}

int main(int argc, char **argv)
{
	if (argc > 1 && str_to_int(str_from(argv[1]), 1, 1000000, &seeds) != 0)
		return 2;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_is_lost_or_left_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
