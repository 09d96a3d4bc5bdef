/* SPDX-License-Identifier: MIT */
/*
 * The life of one connection: its states and their deadlines, bytes in, parser
 * events out to exchange.c, the end. Every state has one absolute deadline; no
 * client can stretch it by sending slowly. Loop thread.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ingress/edge.h"

enum {
	SENT_AHEAD_MAX = 16384, /* bytes behind a request in work */
	PRESIZE_MAX = 65536,    /* bodies allocated on their word */
	LOOK_MS = 1000,         /* at the rate of a body, at an idle one */
	RATE_GRACE_MS = 5000,
};

#define BIT(state) (1u << (state))
static const unsigned ALLOWED[CONN_STATES] = {
    [CONN_HANDSHAKE] = BIT(CONN_HANDSHAKE) | BIT(CONN_NEW), /* the first */
    [CONN_NEW] = BIT(CONN_HEAD),
    [CONN_IDLE] = BIT(CONN_HEAD),
    [CONN_HEAD] = BIT(CONN_BODY) | BIT(CONN_ANSWER) | BIT(CONN_IDLE) |
		  BIT(CONN_FLUSH) | BIT(CONN_DRAIN),
    [CONN_BODY] = BIT(CONN_ANSWER) | BIT(CONN_FLUSH) | BIT(CONN_DRAIN),
    [CONN_ANSWER] =
	BIT(CONN_IDLE) | BIT(CONN_FLUSH) | BIT(CONN_DRAIN) | BIT(CONN_STREAM),
    [CONN_STREAM] = BIT(CONN_FLUSH) | BIT(CONN_DRAIN),
    [CONN_FLUSH] = BIT(CONN_IDLE) | BIT(CONN_DRAIN),
};

static int64_t state_ms(const struct listener *l, enum conn_state state)
{
	switch (state) {
	case CONN_HANDSHAKE:
		return l->limits.handshake_ms;
	case CONN_NEW:
		return l->limits.first_byte_ms;
	case CONN_IDLE:
		return l->limits.idle_ms;
	case CONN_HEAD:
		return l->limits.header_ms;
	case CONN_BODY:
	case CONN_STREAM:
	case CONN_FLUSH: /* as long to take the answer as to send the body */
		return l->limits.body_ms;
	case CONN_ANSWER:
		return l->limits.answer_ms;
	case CONN_DRAIN:
		return l->limits.drain_ms;
	case CONN_CLOSED:
		break;
	}
	return 0;
}

static void look_at(struct conn *c, int64_t at_ms)
{
	wheel_set(&c->l->wheel, &c->timeout,
		  at_ms < c->due_ms ? at_ms : c->due_ms);
	listener_arm(c->l);
}

void conn_set_state(struct conn *c, enum conn_state state)
{
	struct listener *l = c->l;
	lb_assert(state == CONN_CLOSED || (ALLOWED[c->state] & BIT(state)));
	c->state = state;
	list_remove(&c->idle);
	if (state == CONN_NEW || state == CONN_IDLE)
		list_append(&l->idle, &c->idle);
	if (state == CONN_CLOSED) {
		wheel_clear(&l->wheel, &c->timeout);
		return;
	}
	c->since_ms = clock_mono_ms();
	c->due_ms = c->since_ms + state_ms(l, state);
	look_at(c, state == CONN_BODY || state == CONN_IDLE
		       ? c->since_ms + LOOK_MS
		       : c->due_ms);
}

void conn_set_due(struct conn *c, int64_t in_ms)
{
	c->due_ms = clock_mono_ms() + in_ms;
	look_at(c, c->due_ms);
}

void conn_read(struct conn *c, bool on)
{
	if (on && !c->paused && !c->held && !c->eof)
		bufferevent_enable(c->bev, EV_READ);
	else
		bufferevent_disable(c->bev, EV_READ);
}

bool conn_has_news(const struct conn *c)
{
	int n = 0;
	return ioctl(c->fd, FIONREAD, &n) == 0 && n > 0;
}

/* ---- the end ------------------------------------------------------------- */

static void conn_free(void *p)
{
	free(p);
}

void conn_close(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	if (c->tls && c->state != CONN_HANDSHAKE)
		tls_say_goodbye(c->bev);
	conn_set_state(c, CONN_CLOSED);
	exchange_end(c, 0);
	receiving_remove(c);
	listener_forget(c);
	bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
	bufferevent_free(c->bev);
	http_parser_release(&c->parser);
	buf_release(&c->body);
	loop_defer(c->l->loop, conn_free, c);
}

static void swallow(struct conn *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	c->drained += evbuffer_get_length(input);
	evbuffer_drain(input, evbuffer_get_length(input));
	if (c->drained > (size_t)c->l->limits.drain_bytes)
		conn_close(c);
}

/* A close with unread bytes would reset the connection, and the client might
 * never see the answer: half-close, swallow a bounded amount, then close. */
static void begin_drain(struct conn *c)
{
	if (c->tls)
		tls_say_goodbye(c->bev);
	if (c->eof || shutdown(c->fd, SHUT_WR) != 0) {
		conn_close(c);
		return;
	}
	receiving_remove(c);
	conn_set_state(c, CONN_DRAIN);
	c->held = false;
	conn_read(c, true);
	swallow(c);
}

/* ---- bytes in ------------------------------------------------------------ */

static bool wants_bytes(const struct conn *c)
{
	return c->state == CONN_NEW || c->state == CONN_IDLE ||
	       c->state == CONN_HEAD || c->state == CONN_BODY;
}

static void on_head_complete(struct conn *c)
{
	exchange_begin(c);
	if (c->state != CONN_HEAD || !c->parser.has_body)
		return;
	uint64_t length = c->parser.content_length;
	conn_set_state(c, CONN_BODY);
	if (length > 0 && length <= PRESIZE_MAX && length <= c->body.max)
		(void)!buf_room(&c->body, (size_t)length);
}

static void on_all_complete(struct conn *c)
{
	receiving_remove(c);
	conn_set_state(c, CONN_ANSWER);
	exchange_complete(c);
}

static void act(struct conn *c, enum http_event event)
{
	switch (event) {
	case HTTP_GOT_HEAD:
		on_head_complete(c);
		break;
	case HTTP_GOT_ALL:
		on_all_complete(c);
		break;
	case HTTP_GOT_BAD:
		exchange_refuse(c, c->parser.status, c->parser.reason);
		break;
	case HTTP_GOT_BODY: /* was appended */
	case HTTP_GOT_PART:
		break;
	}
}

/* One parser event; false when there is nothing more to do for now. */
static bool pump_once(struct conn *c, struct evbuffer *input)
{
	struct evbuffer_iovec v = {0};
	if (evbuffer_peek(input, -1, NULL, &v, 1) < 1)
		v.iov_len = 0;
	struct str in = {v.iov_base, v.iov_len};
	if (in.n > 0 && (c->state == CONN_NEW || c->state == CONN_IDLE))
		conn_set_state(c, CONN_HEAD);
	enum http_event event = http_parser_feed(&c->parser, &in);
	if (event == HTTP_GOT_BODY)
		buf_add_str(&c->body, c->parser.data);
	if (v.iov_len > in.n)
		evbuffer_drain(input, v.iov_len - in.n);
	act(c, event);
	return event != HTTP_GOT_PART || v.iov_len > 0;
}

/* Body bytes that did not come along with the head are counted. */
static void after_pump(struct conn *c)
{
	if (c->state != CONN_BODY)
		return;
	if (list_empty(&c->receiving))
		receiving_add(c);
	else
		receiving_grow(c);
}

static void pump(struct conn *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	c->pumping = true;
	while (wants_bytes(c) && pump_once(c, input))
		;
	c->pumping = false;
	if (c->state == CONN_CLOSED)
		return;
	if (c->eof && wants_bytes(c)) {
		conn_close(c);
		return;
	}
	after_pump(c);
	bool ahead = !wants_bytes(c) && c->state != CONN_DRAIN &&
		     evbuffer_get_length(input) > SENT_AHEAD_MAX;
	if (ahead != c->held) {
		c->held = ahead;
		conn_read(c, !ahead);
	}
}

/* ---- the answer is out --------------------------------------------------- */

static size_t unsent(const struct conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

static void on_flushed(struct conn *c)
{
	if (c->closing) {
		begin_drain(c);
		return;
	}
	http_parser_next(&c->parser);
	conn_set_state(c, CONN_IDLE);
	/* A next request may be here already. Not from here: the caller may
	 * be a handler that answers late. */
	if (c->pumping)
		return;
	if (c->eof || evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		bufferevent_trigger(c->bev, EV_READ,
				    BEV_TRIG_IGNORE_WATERMARKS |
					BEV_TRIG_DEFER_CALLBACKS);
}

void conn_answered(struct conn *c)
{
	buf_release(&c->body);
	if (c->broken)
		conn_close(c);
	else if (unsent(c) > 0)
		conn_set_state(c, CONN_FLUSH);
	else
		on_flushed(c);
}

/* ---- callbacks ----------------------------------------------------------- */

static void on_read(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	struct conn *c = ctx;
	if (c->state == CONN_DRAIN)
		swallow(c);
	else
		pump(c);
}

static void on_write(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	struct conn *c = ctx;
	if (c->state == CONN_FLUSH && unsent(c) == 0)
		on_flushed(c);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	struct conn *c = ctx;
	if (c->tls)
		tls_forget_errors();
	if ((what & BEV_EVENT_CONNECTED) && c->state == CONN_HANDSHAKE) {
		conn_set_state(c, CONN_NEW);
		return;
	}
	c->eof = true;
	/* Half-closed behind its request: it may still want the answer. */
	if ((what & BEV_EVENT_EOF) &&
	    (c->state == CONN_ANSWER || c->state == CONN_FLUSH))
		return;
	/* Or its next request is here, and the turn to parse it has not come:
	 * that one closes when there is no more. */
	if ((what & BEV_EVENT_EOF) && wants_bytes(c) &&
	    evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		pump(c);
	else
		conn_close(c);
}

/* ---- deadlines ----------------------------------------------------------- */

static bool body_too_slow(const struct conn *c, int64_t now_ms)
{
	int64_t took = now_ms - c->since_ms;
	int64_t wanted = c->l->limits.min_body_rate * took / 1000;
	return took >= RATE_GRACE_MS && !c->was_paused &&
	       (int64_t)c->body.n < wanted;
}

/* The look was early: the state goes on. */
static bool goes_on(struct conn *c, int64_t now_ms)
{
	if (now_ms >= c->due_ms ||
	    (c->state == CONN_BODY && body_too_slow(c, now_ms)))
		return false;
	if (c->state == CONN_IDLE)
		http_parser_idle(&c->parser);
	look_at(c, c->state == CONN_BODY ? now_ms + LOOK_MS : c->due_ms);
	return true;
}

void conn_on_timeout(struct timeout *t)
{
	struct conn *c = LIST_OWNER(t, struct conn, timeout);
	if (goes_on(c, clock_mono_ms()))
		return;
	switch (c->state) {
	case CONN_HEAD:
		exchange_refuse(c, 408, "header_timeout");
		break;
	case CONN_BODY:
		exchange_refuse(c, 408, "body_timeout");
		break;
	case CONN_ANSWER:
		exchange_deadline(c);
		break;
	case CONN_HANDSHAKE:
	case CONN_NEW:
	case CONN_IDLE:
	case CONN_STREAM:
	case CONN_FLUSH:
	case CONN_DRAIN:
	case CONN_CLOSED:
		conn_close(c);
		break;
	}
}

void conn_open(struct listener *l, int fd, struct tls *tls,
	       const struct address *peer, struct address_count *count)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	*c = (struct conn){.l = l,
			   .fd = fd,
			   .tls = tls != NULL,
			   .peer = *peer,
			   .count = count};
	c->x.conn = c;
	struct event_base *base = loop_base(l->loop);
	c->bev = tls != NULL
		     ? tls_accept(tls, base, fd)
		     : bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	lb_assert(c->bev != NULL);
	list_init(&c->idle);
	list_init(&c->receiving);
	list_init(&c->timeout.link);
	list_append(&l->all, &c->all);
	l->n_conns++;
	struct http_limits limits = {(size_t)l->limits.target_bytes,
				     (size_t)l->limits.header_bytes,
				     (size_t)l->limits.header_count};
	http_parser_init(&c->parser, &limits);
	bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
	conn_set_state(c, tls != NULL ? CONN_HANDSHAKE : CONN_NEW);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}
