/* SPDX-License-Identifier: MIT */
/*
 * Inside of the HTTP edge: what listener.c, connection.c, exchange.c, stream.c
 * and receiving.c share. Nobody outside ingress/ includes this. Loop thread.
 */
#ifndef LB_EDGE_H
#define LB_EDGE_H

#include "base/network.h"
#include "base/table.h"
#include "ingress/http_parser.h"
#include "ingress/list.h"
#include "ingress/listener.h"
#include "ingress/pending.h"
#include "ingress/sockets.h"
#include "ingress/wheel.h"
#include "leadbridge/buf.h"

struct bufferevent;
struct conn;

enum conn_state {
	CONN_HANDSHAKE, /* TLS; due: handshake_timeout */
	CONN_NEW,       /* no byte yet; due: first_byte_timeout */
	CONN_IDLE,      /* between requests; due: idle_timeout */
	CONN_HEAD,      /* first byte to end of headers */
	CONN_BODY,      /* end of headers to end of body */
	CONN_ANSWER,    /* the request is complete, the handler's turn */
	CONN_STREAM,    /* an answer without an end; due: body_timeout after
			 * the last time that all of it had left */
	CONN_FLUSH,     /* the answer is leaving; due: body_timeout */
	CONN_DRAIN,     /* half-closed; what comes is swallowed */
	CONN_CLOSED,    /* freed at the end of this turn of the loop */
};
#define CONN_STATES 10

struct exchange {
	struct conn *conn; /* that it is part of */
	bool open;         /* between on_headers and on_end */
	bool accepted;     /* exchange_accept() was called */
	bool deferred;     /* ticket is in l->pending */
	struct ticket ticket;
	void *data;
	int64_t from_us;
};

struct conn {
	struct listener *l;
	struct link all;  /* l->all */
	struct link idle; /* l->idle: CONN_NEW and CONN_IDLE, oldest first */
	struct link receiving;    /* l->receiving.list */
	struct timeout timeout;   /* next look at it */
	int64_t since_ms, due_ms; /* of the state: entered, over */
	enum conn_state state;
	struct bufferevent *bev;
	int fd;
	bool tls;
	bool eof;        /* the client sends no more */
	bool broken;     /* writing failed */
	bool held;       /* not read: it sent ahead */
	bool paused;     /* not read: too much is being received */
	bool was_paused; /* its rate says nothing */
	bool pumping;    /* its input is being parsed */
	bool in_handler; /* its request is being looked at */
	bool answered;   /* in that handler */
	bool closing;    /* after the answer */
	size_t drained;
	size_t allowance, counted; /* see receiving.c */
	struct address peer;
	struct address_count *count; /* or NULL: exempt */
	char client[ADDRESS_TEXT];
	bool client_is_peer;
	struct http_parser parser;
	struct buf body;
	struct exchange x;
};

/* Bodies being received: oldest first, the paused ones are the last. */
struct receiving {
	struct link list;
	struct link *first_paused; /* &list: none */
	size_t total;              /* bytes held */
	size_t allowed; /* what one more read of each unpaused may add */
};

struct address_count {
	struct address key;
	int64_t n;
};

struct listener {
	struct loop *loop;
	struct http_handler handler;
	struct limits_config limits;
	struct network_list trusted;
	char *public_url; /* or NULL */
	struct endpoint **endpoints;
	size_t n_endpoints;
	bool stopping;
	bool deaf; /* out of descriptors: not accepting for a moment */
	struct loop_timer *janitor, *ear;
	bool janitor_on;
	struct wheel wheel;
	struct pending pending;
	struct link all, idle;
	size_t n_conns;
	struct receiving receiving;
	struct table *addresses;
	struct buf out; /* the answer being written */
	int64_t date_s;
	char date[40]; /* "Date: ...\r\n" */
};

/* ---- connection.c -------------------------------------------------------- */

/* Takes fd; tls may be NULL. */
void conn_open(struct listener *l, int fd, struct tls *tls,
	       const struct address *peer, struct address_count *count);
void conn_close(struct conn *c); /* safe from any callback */
void conn_set_state(struct conn *c, enum conn_state state);
/* The answer was queued: flush, then next request or good-bye. */
void conn_answered(struct conn *c);
void conn_set_due(struct conn *c, int64_t in_ms); /* of this state */
void conn_read(struct conn *c, bool on);
void conn_on_timeout(struct timeout *t);
/* Bytes wait in the kernel, so it is not idle. */
bool conn_has_news(const struct conn *c);

/* ---- exchange.c ---------------------------------------------------------- */

void exchange_begin(struct conn *c);    /* on_headers */
void exchange_complete(struct conn *c); /* on_request */
void exchange_deadline(struct conn *c);
void exchange_end(struct conn *c, int status);
/* Answers for the parser or a limit, before or behind on_headers. */
void exchange_refuse(struct conn *c, int status, const char *reason);

/* The head of an answer whose body ends with the connection. */
void exchange_write_head(struct conn *c, const struct reply *reply);
void conn_write(struct conn *c, struct str data);

/* ---- stream.c ------------------------------------------------------------ */

enum { STREAM_UNSENT_MAX = 256 * 1024 }; /* of one client */

/* ---- receiving.c --------------------------------------------------------- */

void receiving_init(struct receiving *r);
void receiving_add(struct conn *c);
void receiving_grow(struct conn *c); /* its body has become longer */
void receiving_remove(struct conn *c);

/* ---- endpoints.c --------------------------------------------------------- */

/* The sockets that config wants, instead of those that are open; on error
 * nothing has changed. They are not listened to yet. */
LB_MUST_CHECK int endpoints_change(struct listener *l,
				   const struct listener_config *config,
				   struct err *err);
void endpoints_close(struct listener *l);

/* ---- listener.c ---------------------------------------------------------- */

void listener_arm(struct listener *l); /* a timeout was set */
void listener_forget(struct conn *c);  /* it is no longer counted */

#endif
