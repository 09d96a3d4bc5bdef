/* SPDX-License-Identifier: MIT */
/*
 * A CRM for unit tests: an HTTP/1.1 server on a loopback port of its own, in a
 * thread, that answers what the test's function says and remembers every
 * request. Included by the tests that need it.
 */
#ifndef LB_FAKE_CRM_H
#define LB_FAKE_CRM_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/worker.h"
#include "leadbridge/buf.h"

enum { CRM_CONNECTIONS = 64, CRM_REQUESTS = 8192 };

enum crm_way {
	CRM_ANSWER,
	CRM_RESET,     /* closes without a word */
	CRM_CUT_HEAD,  /* half a status line, then closes */
	CRM_CUT_BODY,  /* whole headers, half the body, then closes */
	CRM_HANG,      /* never answers */
	CRM_HANG_BODY, /* whole headers, then nothing */
};

struct crm_request {
	char key[64], token[64], customer[64];
	char *body, *head;
	int64_t at_ms; /* monotonic */
};

struct crm_answer {
	enum crm_way way;
	int status;
	const char *headers; /* "Name: value\r\n..." or NULL */
	const char *body;
	size_t padding; /* bytes of blanks after the body */
	int delay_ms;
};

struct crm {
	int port, listener, stop[2];
	struct worker *worker;
	struct lock *lock; /* guards what follows */
	void (*answer)(struct crm *crm, const struct crm_request *request,
		       struct crm_answer *out);
	void *ctx;
	_Atomic int n_connections;
	size_t n;
	struct crm_request requests[CRM_REQUESTS];
};

struct crm_connection {
	int fd;
	struct buf in;
};

static inline void crm_header(struct str head, const char *name, char *out,
			      size_t cap)
{
	while (head.n > 0) {
		struct str value, line = str_cut(head, '\n', &head);
		struct str key = str_cut(line, ':', &value);
		if (!str_ieq(key, str_from(name)))
			continue;
		value = str_trim(value);
		(void)!snprintf(out, cap, "%.*s", STR_FMT(value));
		return;
	}
	out[0] = '\0';
}

static inline bool crm_write(int fd, const void *p, size_t n)
{
	const char *at = p;
	while (n > 0) {
		ssize_t k = send(fd, at, n, MSG_NOSIGNAL);
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

/* Returns false when the connection is to be closed. */
static inline bool crm_reply(int fd, const struct crm_answer *a)
{
	struct buf b;
	size_t n = (a->body != NULL ? strlen(a->body) : 0) + a->padding;
	bool keep = a->way == CRM_ANSWER || a->way == CRM_HANG_BODY ||
		    a->way == CRM_HANG;
	buf_init(&b, 1 << 20);
	if (a->way == CRM_CUT_HEAD)
		buf_addf(&b, "HTTP/1.1 20");
	if (a->way == CRM_ANSWER || a->way == CRM_CUT_BODY ||
	    a->way == CRM_HANG_BODY)
		buf_addf(&b, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n",
			 a->status, a->way == CRM_ANSWER ? n : n + 100,
			 a->headers != NULL ? a->headers : "");
	if (a->way == CRM_ANSWER || a->way == CRM_CUT_BODY) {
		buf_add_str(&b, str_from(a->body));
		for (size_t i = 0; i < a->padding; i++)
			buf_add_char(&b, ' ');
	}
	keep &= crm_write(fd, b.p, b.n);
	buf_release(&b);
	return keep;
}

static inline bool crm_request(struct crm *crm, int fd, struct str head,
			       struct str body)
{
	struct crm_answer answer = {.status = 201,
				    .body = "{\"lead\":{\"id\":\"7\"}}"};
	lock_take(crm->lock);
	lb_assert(crm->n < CRM_REQUESTS);
	struct crm_request *r = &crm->requests[crm->n++];
	crm_header(head, "Idempotency-Key", r->key, sizeof(r->key));
	crm_header(head, "Authorization", r->token, sizeof(r->token));
	crm_header(head, "x-customer-id", r->customer, sizeof(r->customer));
	r->head = xstr_dup(head);
	r->body = xstr_dup(body);
	r->at_ms = clock_mono_ms();
	if (crm->answer != NULL)
		crm->answer(crm, r, &answer);
	lock_drop(crm->lock);
	if (answer.delay_ms > 0)
		poll(NULL, 0, answer.delay_ms);
	return crm_reply(fd, &answer);
}

/* Handles whole requests in the buffer; false: close. */
static inline bool crm_feed(struct crm *crm, struct crm_connection *c)
{
	char *room = buf_room(&c->in, 65536), length[24];
	ssize_t k = recv(c->fd, room, 65536, 0);
	if (k <= 0)
		return false;
	c->in.n += (size_t)k;
	for (;;) {
		long end = str_find_str(buf_str(&c->in), STR("\r\n\r\n"));
		int64_t n = 0;
		if (end < 0)
			return true;
		struct str head = {c->in.p, (size_t)end};
		crm_header(head, "Content-Length", length, sizeof(length));
		(void)!str_to_int(str_from(length), 0, 1 << 20, &n);
		size_t all = (size_t)end + 4 + (size_t)n;
		if (c->in.n < all)
			return true;
		struct str body = {c->in.p + end + 4, (size_t)n};
		if (!crm_request(crm, c->fd, head, body))
			return false;
		buf_drop(&c->in, all);
	}
}

static inline void crm_close(struct crm_connection *c)
{
	close(c->fd);
	buf_release(&c->in);
}

static inline void crm_run(void *ctx)
{
	struct crm *crm = ctx;
	struct crm_connection v[CRM_CONNECTIONS];
	struct pollfd p[CRM_CONNECTIONS + 2];
	nfds_t n = 0;
	p[0] = (struct pollfd){.fd = crm->stop[0], .events = POLLIN};
	p[1] = (struct pollfd){.fd = crm->listener, .events = POLLIN};
	for (;;) {
		for (nfds_t i = 0; i < n; i++) {
			/* The first n were filled when they were accepted. */
			/* cppcheck-suppress uninitvar */
			struct pollfd one = {.fd = v[i].fd, .events = POLLIN};
			p[i + 2] = one;
		}
		poll(p, n + 2, -1);
		if (p[0].revents != 0)
			break;
		for (nfds_t i = n; i-- > 0;) {
			if (p[i + 2].revents == 0 || crm_feed(crm, &v[i]))
				continue;
			crm_close(&v[i]);
			v[i] = v[--n];
		}
		if (p[1].revents != 0 && n < CRM_CONNECTIONS) {
			v[n].fd = accept(crm->listener, NULL, NULL);
			buf_init(&v[n].in, 1 << 20);
			n++;
			crm->n_connections++;
		}
	}
	while (n > 0)
		crm_close(&v[--n]);
}

static inline struct crm *crm_start(void)
{
	struct crm *crm = xcalloc(1, sizeof(*crm));
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	crm->lock = lock_new();
	crm->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	lb_assert(bind(crm->listener, (struct sockaddr *)&at, n) == 0);
	lb_assert(listen(crm->listener, 128) == 0);
	lb_assert(getsockname(crm->listener, (struct sockaddr *)&at, &n) == 0);
	crm->port = ntohs(at.sin_port);
	lb_assert(pipe(crm->stop) == 0);
	struct err err;
	lb_assert(worker_start(&crm->worker, "crm", crm_run, crm, &err) == 0);
	return crm;
}

static inline void crm_stop(struct crm *crm)
{
	lb_assert(write(crm->stop[1], "x", 1) == 1);
	worker_join(crm->worker);
	close(crm->listener);
	close(crm->stop[0]);
	close(crm->stop[1]);
	for (size_t i = 0; i < crm->n; i++) {
		free(crm->requests[i].head);
		free(crm->requests[i].body);
	}
	lock_free(crm->lock);
	free(crm);
}

static inline size_t crm_count(struct crm *crm)
{
	lock_take(crm->lock);
	size_t n = crm->n;
	lock_drop(crm->lock);
	return n;
}

/* A port where nobody listens. */
static inline int crm_dead_port(void)
{
	struct crm *crm = crm_start();
	int port = crm->port;
	crm_stop(crm);
	return port;
}

#endif
