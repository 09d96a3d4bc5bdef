/* SPDX-License-Identifier: MIT */
/*
 * A listener on loopback, a handler that does as it is told and notes what it
 * saw, and raw clients, all on one thread: waiting means running the loop until
 * a condition holds. The monotonic clock is moved by hand.
 */
#ifndef LB_EDGE_FIXTURE_H
#define LB_EDGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/network.h"
#include "ingress/listener.h"

enum { PATIENCE_TURNS = 5000, WALL_MS = 1700000000 };

enum conduct {
	ECHO_BODY,    /* 200 with the body */
	NOT_FOUND,    /* 404 after the headers */
	DEFER_ANSWER, /* keep the ticket */
	BIG_ANSWER,   /* 200 with 8 MiB */
};

struct edge {
	struct loop *loop;
	struct listener *listener;
	struct limits_config limits;
	struct listen_config listen;
	struct network proxies[2];
	struct network_list trusted;
	struct listener_config config;
	struct http_handler handler;
	enum conduct conduct;
	size_t body_max;
	int n_headers, n_requests, n_ends, n_refused, n_deadlines;
	int end_status, refused_status;
	const char *refused_reason;
	char client[64], path[64];
	struct ticket ticket;
	int64_t mono_ms;
	int turns;
	bool (*condition)(void *ctx);
	void *condition_ctx;
};

struct client {
	int fd;
	struct buf in;
	bool eof, reset;
};

static inline void edge_on_headers(void *ctx, struct exchange *x)
{
	struct edge *e = ctx;
	const struct request *r = exchange_request(x);
	e->n_headers++;
	(void)!snprintf(e->client, sizeof(e->client), "%.*s",
			STR_FMT(r->client));
	(void)!snprintf(e->path, sizeof(e->path), "%.*s", STR_FMT(r->path));
	exchange_set_data(x, e);
	if (e->conduct == NOT_FOUND) {
		struct reply reply = {.status = 404, .body = STR("no")};
		exchange_reply(x, &reply);
		return;
	}
	exchange_accept(x, e->body_max);
}

static inline void edge_on_request(void *ctx, struct exchange *x)
{
	struct edge *e = ctx;
	e->n_requests++;
	struct reply reply = {.status = 200,
			      .content_type = "text/plain",
			      .body = exchange_request(x)->body};
	if (e->conduct == DEFER_ANSWER) {
		e->ticket = exchange_defer(x, 0);
		return;
	}
	size_t big = 8 << 20;
	char *body = NULL;
	if (e->conduct == BIG_ANSWER) {
		body = xcalloc(1, big);
		memset(body, 'b', big);
		reply.body = (struct str){body, big};
	}
	exchange_reply(x, &reply);
	free(body);
}

static inline void edge_on_deadline(void *ctx, struct exchange *x)
{
	struct edge *e = ctx;
	e->n_deadlines++;
	struct reply reply = {.status = 429};
	exchange_reply(x, &reply);
}

static inline void edge_on_end(void *ctx, struct exchange *x, int status,
			       int64_t took_us)
{
	struct edge *e = ctx;
	assert_ptr_equal(exchange_data(x), e);
	assert_true(took_us >= 0);
	e->n_ends++;
	e->end_status = status;
}

static inline void edge_on_refused(void *ctx, int status, const char *reason)
{
	struct edge *e = ctx;
	e->n_refused++;
	e->refused_status = status;
	e->refused_reason = reason;
}

/* Everything as in the documentation; tests change what they are about. */
static inline struct edge *edge_new(void)
{
	struct edge *e = xcalloc(1, sizeof(*e));
	e->body_max = 1 << 20;
	e->limits = (struct limits_config){
	    .connections = 100,
	    .connections_per_address = 100,
	    .handshake_ms = 5000,
	    .first_byte_ms = 10000,
	    .header_ms = 10000,
	    .body_ms = 30000,
	    .idle_ms = 60000,
	    .answer_ms = 4000,
	    .min_body_rate = 1024,
	    .drain_bytes = 65536,
	    .drain_ms = 1000,
	    .header_bytes = 16384,
	    .header_count = 100,
	    .target_bytes = 8192,
	    .receiving_bytes = 32 << 20,
	};
	e->listen.address = xstrdup("127.0.0.1:0");
	e->handler = (struct http_handler){.ctx = e,
					   .on_headers = edge_on_headers,
					   .on_request = edge_on_request,
					   .on_deadline = edge_on_deadline,
					   .on_end = edge_on_end,
					   .on_refused = edge_on_refused};
	e->config = (struct listener_config){.listen = &e->listen,
					     .n_listen = 1,
					     .limits = &e->limits,
					     .trusted_proxies = &e->trusted,
					     .unix_mode = 0660};
	e->mono_ms = 1000000;
	clock_set_for_test(WALL_MS, e->mono_ms);
	return e;
}

static inline void edge_start(struct edge *e)
{
	struct err err = {0};
	if (loop_new(&e->loop, &err) != 0 ||
	    listener_new(&e->listener, e->loop, &e->config, &e->handler,
			 &err) != 0)
		fail_msg("%s", err.text);
}

static inline void edge_free(struct edge *e)
{
	listener_free(e->listener);
	assert_int_equal(e->n_headers, e->n_ends);
	loop_free(e->loop);
	free(e->listen.address);
	free(e);
	clock_set_for_test(-1, -1);
}

static inline void edge_turn(void *ctx)
{
	struct edge *e = ctx;
	if (e->condition(e->condition_ctx) || ++e->turns > PATIENCE_TURNS)
		loop_stop(e->loop);
}

/* Runs the loop until the condition holds; false: it never did. */
static inline bool edge_wait(struct edge *e, bool (*condition)(void *ctx),
			     void *ctx)
{
	struct loop_timer *t = loop_timer_new(e->loop, edge_turn, e);
	e->condition = condition;
	e->condition_ctx = ctx;
	e->turns = 0;
	loop_timer_every(t, 1);
	loop_run(e->loop);
	loop_timer_free(t);
	return e->turns <= PATIENCE_TURNS;
}

static inline void edge_advance(struct edge *e, int64_t ms)
{
	e->mono_ms += ms;
	clock_set_for_test(WALL_MS, e->mono_ms);
}

/* ---- clients ------------------------------------------------------------- */

static inline void client_connect(struct edge *e, struct client *c)
{
	const char *text = listener_address(e->listener, 0);
	*c = (struct client){0};
	buf_init(&c->in, 1 << 26);
	int rc;
	if (strncmp(text, "unix:", 5) == 0) {
		struct sockaddr_un sun = {.sun_family = AF_UNIX};
		(void)!snprintf(sun.sun_path, sizeof(sun.sun_path), "%s",
				text + 5);
		c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
		rc = connect(c->fd, (struct sockaddr *)&sun, sizeof(sun));
	} else {
		int64_t port;
		const char *colon = strrchr(text, ':');
		assert_int_equal(
		    str_to_int(str_from(colon + 1), 1, 65535, &port), 0);
		struct sockaddr_in sin = {.sin_family = AF_INET,
					  .sin_port = htons((uint16_t)port),
					  .sin_addr.s_addr =
					      htonl(INADDR_LOOPBACK)};
		c->fd = socket(AF_INET, SOCK_STREAM, 0);
		rc = connect(c->fd, (struct sockaddr *)&sin, sizeof(sin));
	}
	assert_int_equal(rc, 0);
}

static inline void client_send(struct client *c, struct str text)
{
	assert_int_equal(send(c->fd, text.p, text.n, MSG_NOSIGNAL), text.n);
}

static inline void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_release(&c->in);
}

/* Closes so that the other side gets a reset. */
static inline void client_abort(struct client *c)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	assert_int_equal(
	    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	client_close(c);
}

static inline void client_read(struct client *c)
{
	ssize_t n;
	do {
		char *room = buf_room(&c->in, 65536);
		assert_non_null(room);
		n = recv(c->fd, room, 65536, MSG_DONTWAIT);
		if (n > 0)
			c->in.n += (size_t)n;
	} while (n > 0);
	c->eof |= n == 0;
	c->reset |= n < 0 && errno != EAGAIN;
}

struct wanted {
	struct client *c;
	const char *text; /* NULL: the end */
};

static inline bool client_got(void *ctx)
{
	struct wanted *w = ctx;
	client_read(w->c);
	if (w->text == NULL)
		return w->c->eof || w->c->reset;
	return str_find_str(buf_str(&w->c->in), str_from(w->text)) >= 0;
}

/* Waits for the text and takes everything up to its end off the buffer. */
static inline void client_expect(struct edge *e, struct client *c,
				 const char *text)
{
	struct wanted w = {c, text};
	if (!edge_wait(e, client_got, &w))
		fail_msg("no '%s' in '%.*s'", text, STR_FMT(buf_str(&c->in)));
	long at = str_find_str(buf_str(&c->in), str_from(text));
	buf_drop(&c->in, (size_t)at + strlen(text));
}

static inline void client_expect_end(struct edge *e, struct client *c)
{
	struct wanted w = {c, NULL};
	if (!edge_wait(e, client_got, &w))
		fail_msg("not closed; got '%.*s'", STR_FMT(buf_str(&c->in)));
}

/* The listener has seen n more turns of its loop. */
static inline bool edge_some_turns(void *ctx)
{
	return --*(int *)ctx < 0;
}

/* Lets what was sent arrive; for checks that nothing happens. */
static inline void edge_settle(struct edge *e)
{
	int turns = 20;
	(void)!edge_wait(e, edge_some_turns, &turns);
}

static inline bool is_one(void *ctx)
{
	return *(int *)ctx >= 1;
}

#define HOST  "Host: h\r\n"
#define GET   "GET / HTTP/1.1\r\n" HOST "\r\n"
#define POST3 "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"

#endif
