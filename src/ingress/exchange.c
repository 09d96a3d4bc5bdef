/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer: the handler's view. Calls the handler, writes
 * answers as one piece of bytes, keeps the promise that on_end follows each
 * on_headers once. Loop thread.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ingress/edge.h"
#include "ingress/proxy.h"

enum { KEEP_OUT = 65536 };

/* ---- writing ------------------------------------------------------------- */

static const struct {
	int status;
	struct str line;
} REASONS[] = {
#define ROW(status, text)                                                      \
	{                                                                      \
		status,                                                        \
		{                                                              \
#			status " " text "\r\n", sizeof(text) + 5              \
		}                                                              \
	}
    ROW(200, "OK"),
    ROW(201, "Created"),
    ROW(202, "Accepted"),
    ROW(204, "No Content"),
    ROW(301, "Moved Permanently"),
    ROW(302, "Found"),
    ROW(303, "See Other"),
    ROW(304, "Not Modified"),
    ROW(400, "Bad Request"),
    ROW(401, "Unauthorized"),
    ROW(403, "Forbidden"),
    ROW(404, "Not Found"),
    ROW(405, "Method Not Allowed"),
    ROW(408, "Request Timeout"),
    ROW(409, "Conflict"),
    ROW(410, "Gone"),
    ROW(411, "Length Required"),
    ROW(413, "Content Too Large"),
    ROW(414, "URI Too Long"),
    ROW(415, "Unsupported Media Type"),
    ROW(417, "Expectation Failed"),
    ROW(421, "Misdirected Request"),
    ROW(422, "Unprocessable Content"),
    ROW(429, "Too Many Requests"),
    ROW(431, "Request Header Fields Too Large"),
    ROW(500, "Internal Server Error"),
    ROW(501, "Not Implemented"),
    ROW(503, "Service Unavailable"),
    ROW(505, "HTTP Version Not Supported"),
#undef ROW
};

static void add_status(struct buf *out, int status)
{
	buf_add_str(out, STR("HTTP/1.1 "));
	for (size_t i = 0; i < sizeof(REASONS) / sizeof(REASONS[0]); i++) {
		if (REASONS[i].status == status) {
			buf_add_str(out, REASONS[i].line);
			return;
		}
	}
	lb_assert(status >= 200 && status <= 599);
	buf_addf(out, "%d Status\r\n", status);
}

static void add_date(struct listener *l)
{
	int64_t now_ms = clock_wall_ms();
	if (now_ms / 1000 != l->date_s) {
		char text[CLOCK_TEXT];
		clock_format_http(now_ms, text);
		(void)!snprintf(l->date, sizeof(l->date), "Date: %s\r\n", text);
		l->date_s = now_ms / 1000;
	}
	buf_add_str(&l->out, str_from(l->date));
}

/* Text that came from a client must not start a header of its own. */
static bool header_is_clean(const struct header *h)
{
	for (size_t i = 0; i < h->name.n; i++)
		if ((http_char(h->name.p[i]) & HTTP_CHAR_TOKEN) == 0)
			return false;
	for (size_t i = 0; i < h->value.n; i++)
		if ((http_char(h->value.p[i]) & HTTP_CHAR_VALUE) == 0)
			return false;
	return h->name.n > 0;
}

static void add_header(struct buf *out, struct str name, struct str value)
{
	buf_add_str(out, name);
	buf_add(out, ": ", 2);
	buf_add_str(out, value);
	buf_add(out, "\r\n", 2);
}

static void add_type(struct buf *out, const struct reply *reply)
{
	add_header(out, STR("Content-Type"),
		   reply->content_type != NULL ? str_from(reply->content_type)
					       : STR("application/json"));
}

static void add_length(struct buf *out, const struct reply *reply)
{
	if (reply->status == 204 || reply->status == 304)
		return;
	if (reply->body.n > 0)
		add_type(out, reply);
	buf_add_str(out, STR("Content-Length: "));
	buf_add_int(out, (int64_t)reply->body.n);
	buf_add(out, "\r\n", 2);
}

static void add_connection(struct conn *c)
{
	if (c->closing)
		buf_add_str(&c->l->out, STR("Connection: close\r\n"));
	else if (!c->parser.http11)
		buf_add_str(&c->l->out, STR("Connection: keep-alive\r\n"));
}

void conn_write(struct conn *c, struct str data)
{
	/* Straight into the socket where that goes: it saves arming and
	 * disarming the write event. */
	if (!c->tls &&
	    evbuffer_get_length(bufferevent_get_output(c->bev)) == 0) {
		ssize_t n =
		    send(c->fd, data.p, data.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			c->broken = true;
			return;
		}
		data = str_sub(data, n > 0 ? (size_t)n : 0, data.n);
	}
	if (data.n > 0 && bufferevent_write(c->bev, data.p, data.n) != 0)
		c->broken = true;
}

static void add_head(struct conn *c, const struct reply *reply, bool length)
{
	struct buf *out = &c->l->out;
	buf_reset(out);
	add_status(out, reply->status);
	add_date(c->l);
	if (length)
		add_length(out, reply);
	else
		add_type(out, reply);
	for (size_t i = 0; i < reply->n_extra; i++)
		if (header_is_clean(&reply->extra[i]))
			add_header(out, reply->extra[i].name,
				   reply->extra[i].value);
	add_connection(c);
	buf_add(out, "\r\n", 2);
}

void exchange_write_head(struct conn *c, const struct reply *reply)
{
	add_head(c, reply, false);
	conn_write(c, buf_str(&c->l->out));
}

static void write_reply(struct conn *c, const struct reply *reply)
{
	struct buf *out = &c->l->out;
	add_head(c, reply, true);
	if (c->parser.request.method != HTTP_HEAD && reply->status != 204 &&
	    reply->status != 304)
		buf_add_str(out, reply->body);
	lb_assert(!out->over);
	conn_write(c, buf_str(out));
	if (out->cap > KEEP_OUT)
		buf_release(out);
}

/* ---- the end ------------------------------------------------------------- */

void exchange_end(struct conn *c, int status)
{
	struct exchange *x = &c->x;
	if (!x->open)
		return;
	x->open = false;
	if (x->deferred)
		pending_remove(&c->l->pending, x->ticket);
	x->deferred = false;
	const struct http_handler *h = &c->l->handler;
	if (h->on_end != NULL)
		h->on_end(h->ctx, x, status, clock_mono_us() - x->from_us);
	*x = (struct exchange){.conn = c};
}

static void respond(struct conn *c, const struct reply *reply)
{
	bool unread = c->state < CONN_ANSWER && c->parser.has_body;
	c->closing =
	    reply->close || unread || !c->parser.keep_alive || c->l->stopping;
	write_reply(c, reply);
	exchange_end(c, reply->status);
	if (c->in_handler)
		c->answered = true;
	else
		conn_answered(c);
}

void exchange_refuse(struct conn *c, int status, const char *reason)
{
	const struct http_handler *h = &c->l->handler;
	if (h->on_refused != NULL)
		h->on_refused(h->ctx, status, reason);
	char body[160];
	(void)!snprintf(body, sizeof(body),
			"{\"error\":{\"code\":\"%.40s\",\"message\":"
			"\"refused by the HTTP edge\"}}\n",
			reason);
	struct reply reply = {
	    .status = status, .body = str_from(body), .close = true};
	if (status == 503)
		reply.extra[reply.n_extra++] =
		    (struct header){STR("Retry-After"), STR("30")};
	respond(c, &reply);
}

/* ---- calling the handler ------------------------------------------------- */

static void fill_request(struct conn *c)
{
	struct listener *l = c->l;
	struct request *r = &c->parser.request;
	if (!network_list_contains(&l->trusted, &c->peer)) {
		if (!c->client_is_peer)
			address_format(&c->peer, c->client);
		c->client_is_peer = true;
	} else {
		struct address a = proxy_client(&l->trusted, &c->peer, r);
		address_format(&a, c->client);
		c->client_is_peer = false;
	}
	r->client = str_from(c->client);
	r->public_url = str_from(l->public_url);
	r->over_tls = c->tls;
}

static void enter(struct conn *c)
{
	c->in_handler = true;
	c->answered = false;
}

/* Back from the handler; true when the exchange goes on. */
static bool leave(struct conn *c)
{
	c->in_handler = false;
	if (!c->answered)
		return true;
	conn_answered(c);
	return false;
}

static void say_continue(struct conn *c)
{
	if (c->parser.expect_continue && c->parser.has_body &&
	    c->parser.content_length <= c->parser.body_max &&
	    evbuffer_get_length(bufferevent_get_input(c->bev)) == 0)
		conn_write(c, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

void exchange_begin(struct conn *c)
{
	const struct http_handler *h = &c->l->handler;
	fill_request(c);
	c->x.open = true;
	c->x.from_us = clock_mono_us();
	enter(c);
	h->on_headers(h->ctx, &c->x);
	if (!leave(c))
		return;
	lb_assert(c->x.accepted);
	say_continue(c);
}

void exchange_complete(struct conn *c)
{
	const struct http_handler *h = &c->l->handler;
	struct request *r = &c->parser.request;
	r->body = buf_str(&c->body);
	r->received_at_ms = clock_wall_ms();
	c->x.from_us = clock_mono_us();
	enter(c);
	h->on_request(h->ctx, &c->x);
	if (!leave(c))
		return;
	lb_assert(c->x.deferred);
	r->body = STR_NONE;
	buf_release(&c->body);
}

void exchange_deadline(struct conn *c)
{
	const struct http_handler *h = &c->l->handler;
	if (h->on_deadline == NULL) {
		exchange_refuse(c, 503, "answer_timeout");
		return;
	}
	enter(c);
	h->on_deadline(h->ctx, &c->x);
	lb_assert(!leave(c));
}

/* ---- for handlers -------------------------------------------------------- */

const struct request *exchange_request(const struct exchange *x)
{
	return &x->conn->parser.request;
}

void exchange_accept(struct exchange *x, size_t body_max)
{
	struct conn *c = x->conn;
	lb_assert(x->open && c->state == CONN_HEAD);
	x->accepted = true;
	c->parser.body_max = body_max;
	buf_init(&c->body, body_max);
}

void exchange_reply(struct exchange *x, const struct reply *reply)
{
	lb_assert(x->open);
	respond(x->conn, reply);
}

struct ticket exchange_defer(struct exchange *x, int64_t in_ms)
{
	struct conn *c = x->conn;
	lb_assert(x->open && !x->deferred && c->state == CONN_ANSWER);
	x->deferred = true;
	x->ticket = pending_put(&c->l->pending, c);
	conn_set_due(c, in_ms > 0 ? in_ms : c->l->limits.answer_ms);
	return x->ticket;
}

struct exchange *listener_find(struct listener *l, struct ticket t)
{
	struct conn *c = pending_find(&l->pending, t);
	return c != NULL ? &c->x : NULL;
}

void exchange_set_data(struct exchange *x, void *data)
{
	x->data = data;
}

void *exchange_data(const struct exchange *x)
{
	return x->data;
}
