/* SPDX-License-Identifier: MIT */
/*
 * HTTP requests going out: the only user of curl. POSTs with identical bytes on
 * every call, bounded answers, no redirects, no ambient proxy, TLS >= 1.2,
 * addresses checked when connecting. Says how far an attempt came and what was
 * answered; what that means is outcome.c's. Delivery thread only.
 */
#ifndef LB_HTTP_CLIENT_H
#define LB_HTTP_CLIENT_H

#include "leadbridge/outcome.h"

struct loop;
struct http_client;
struct http_target; /* where to and how: URL, headers, limits */

/* Once, before the first thread. */
void http_client_global_init(void);

LB_MUST_CHECK int http_client_new(struct http_client **out, struct loop *loop,
				  struct err *err);
/* Calls under way end without their callback. Targets must be freed before. */
void http_client_free(struct http_client *c);
/* How many idle connections are kept. */
void http_client_keep(struct http_client *c, size_t connections);

struct http_spec {
	const char *url;
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	int64_t connect_timeout_ms, timeout_ms;
	bool allow_http;    /* http:// too */
	bool allow_private; /* addresses that are not public too */
	const char *ca;     /* extra trust anchors, PEM file, or NULL */
	const char *proxy;  /* or NULL: none, whatever the environment says */
	size_t answer_more; /* of an answer is read beyond ANSWER_BODY_MAX */
};

/* Copies everything of spec. */
struct http_target *http_target_new(struct http_client *c,
				    const struct http_spec *spec);
/* Calls under way go on and keep it alive. */
void http_target_free(struct http_target *t); /* NULL is fine */
/* Gives back the memory kept for the next calls. */
void http_target_trim(struct http_target *t);

/* Called exactly once, never from within http_post(); result is valid during
 * the call only. */
typedef void (*http_done_cb)(void *ctx, const struct attempt_result *result);
struct http_message {
	bool get;           /* else POST */
	const char *path;   /* behind the target's URL */
	const char *header; /* as for http_post() */
	struct str body;    /* POST */
	bool borrowed;      /* body stays until the callback; else copied */
	size_t answer_max;  /* 0: ANSWER_BODY_MAX */
	/* A kept connection died under the request: whether curl may send it
	 * once more, with the callback's ctx. NULL: always. */
	bool (*again)(void *ctx);
};
void http_send(struct http_target *t, const struct http_message *m,
	       http_done_cb cb, void *ctx);

/* header: one more header line, of at most 127 bytes; copied. body must stay
 * until the callback. */
void http_post(struct http_target *t, const char *header, struct str body,
	       http_done_cb cb, void *ctx);

#endif
