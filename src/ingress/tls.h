/* SPDX-License-Identifier: MIT */
/*
 * TLS of the listener: one context per address, TLS >= 1.2, HTTP/1.1 only. The
 * only place of ingress/ that knows OpenSSL. Loop thread.
 */
#ifndef LB_TLS_H
#define LB_TLS_H

#include "leadbridge/config.h"

struct bufferevent;
struct event_base;
struct tls;

/* NULL without an error when the address has no certificate. */
LB_MUST_CHECK int tls_new(struct tls **out, const struct listen_config *listen,
			  struct err *err);
/* Connections made from it live on. NULL is fine. */
void tls_free(struct tls *t);
/* When the first of its certificates ends, wall clock; 0 without TLS. */
int64_t tls_ends_ms(const struct tls *t);
/* A bufferevent that shakes hands on fd and owns it; NULL: failed, fd is still
 * the caller's. */
struct bufferevent *tls_accept(struct tls *t, struct event_base *base, int fd);
/* Says close_notify, once; libevent does not. */
void tls_say_goodbye(struct bufferevent *bev);
/* Old entries of OpenSSL's queue confuse the next call. */
void tls_forget_errors(void);

#endif
