/* SPDX-License-Identifier: MIT */
/*
 * The HTTP edge: listening sockets (TCP, Unix, activated), TLS, connections
 * with absolute deadlines and caps, the strict parser, replies. One HTTP stack
 * for webhooks and for the admin API. Everything on the loop thread.
 *
 * An exchange is one request and its answer. A handler sees it twice: after
 * the headers and when the body is complete. It replies at once, or defers:
 * then it keeps only a ticket, and the exchange may be gone when the answer is
 * ready.
 */
#ifndef LB_LISTENER_H
#define LB_LISTENER_H

#include "base/loop.h"
#include "leadbridge/config.h"
#include "leadbridge/request.h"
#include "leadbridge/store.h"

struct listener;
struct exchange;

struct http_handler {
	void *ctx;
	/* After the headers, before any body byte is read. Either replies
	 * (exchange_reply; the body is then drained within bounds and the
	 * connection closes if there was one), or sets the greatest body it
	 * takes with exchange_accept(). */
	void (*on_headers)(void *ctx, struct exchange *x);
	/* The body is complete. Reply, or exchange_defer(). What
	 * exchange_request() shows is valid until the handler returns. */
	void (*on_request)(void *ctx, struct exchange *x);
	/* MAY be NULL. A deferred exchange was not answered in time; must
	 * reply now. */
	void (*on_deadline)(void *ctx, struct exchange *x);
	/* MAY be NULL. The exchange ends: drop what was attached with
	 * exchange_set_data(). Called once for each on_headers, also from
	 * inside exchange_reply(), after which x is over. status is what was
	 * answered (413, 408, ... where the listener answered for a limit), or
	 * 0 when the client is gone. took_us: last byte of the request to the
	 * answer. The request's head may still be looked at. */
	void (*on_end)(void *ctx, struct exchange *x, int status,
		       int64_t took_us);
	/* MAY be NULL. The parser or a limit refused a request or connection,
	 * before on_headers or behind it (then on_end follows); reason is a
	 * static word. */
	void (*on_refused)(void *ctx, int status, const char *reason);
};

const struct request *exchange_request(const struct exchange *x);
void exchange_accept(struct exchange *x, size_t body_max);
/* Extra headers with control characters are left out. */
void exchange_reply(struct exchange *x, const struct reply *reply);
/* In on_request only. in_ms from now on_deadline is called (0: the configured
 * answer_timeout); without one the listener answers 503. */
struct ticket exchange_defer(struct exchange *x, int64_t in_ms);
/* In on_request only, instead of a reply: sends the head (status, type and
 * extra headers of `head`); the body is what exchange_send() gives it, and ends
 * with the connection. on_deadline is never called for it. */
struct ticket exchange_stream(struct exchange *x, const struct reply *head);
/* Never waits. False: the client has gone, or was dropped because it does not
 * take what it is sent; x is over. One that has taken everything has
 * body_timeout until the next call. */
bool exchange_send(struct exchange *x, struct str data);
void exchange_finish(struct exchange *x);
/* The exchange a ticket stands for, or NULL when it is over. */
struct exchange *listener_find(struct listener *l, struct ticket t);
/* Who is at the other end of a Unix socket, by user id; -1: not known. */
int64_t exchange_peer_uid(const struct exchange *x);
void exchange_set_data(struct exchange *x, void *data);
void *exchange_data(const struct exchange *x);

struct listener_config {
	const struct listen_config *listen; /* addresses */
	size_t n_listen;
	const struct limits_config *limits;
	const struct network_list *trusted_proxies;
	const char *public_url;
	int unix_mode; /* of socket files made here, e.g. 0660 */
};

/* Opens every address; nothing of config is borrowed. A systemd:NAME takes the
 * activated socket of that name from sd_listen_fds_with_names, all of them when
 * a name was given to several. The handler's struct is copied. */
LB_MUST_CHECK int listener_new(struct listener **out, struct loop *loop,
			       const struct listener_config *config,
			       const struct http_handler *handler,
			       struct err *err);
/* Takes over changed limits, proxies and certificates; addresses that are new
 * are opened, gone ones closed (never systemd's). Old TLS contexts live on
 * with their connections. On error nothing has changed. */
LB_MUST_CHECK int listener_reload(struct listener *l,
				  const struct listener_config *config,
				  struct err *err);
/* No new connections; idle ones close; the others get Connection: close. */
void listener_stop_accepting(struct listener *l);
size_t listener_connections(const struct listener *l);
size_t listener_pending(const struct listener *l); /* deferred exchanges */
void listener_free(struct listener *l);
/* "127.0.0.1:41234" of the i-th address, for port 0 and for the log. */
const char *listener_address(const struct listener *l, size_t i);
/* When the certificate in force at the i-th address ends (wall clock), its
 * chain included; 0: no TLS there. */
int64_t listener_certificate_ends(const struct listener *l, size_t i);

#endif
