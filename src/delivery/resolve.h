/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses, by the C library and beside the loop. One look-up per
 * name at a time, whoever asks, so that a name server that says nothing costs
 * one thread per name and not one per request; an address that was good a
 * moment ago stays in use while it is looked up again. Delivery thread only;
 * part of the HTTP client.
 */
#ifndef LB_RESOLVE_H
#define LB_RESOLVE_H

#include <stdint.h>

struct loop;
struct resolver;
struct question;

enum resolved {
	RESOLVED,
	RESOLVE_MISSING, /* there is no such name (NXDOMAIN, no address) */
	RESOLVE_FAILED,  /* may be different in a minute */
};

struct resolver *resolver_new(struct loop *loop);
/* Questions must be cancelled before. */
void resolver_free(struct resolver *r); /* NULL is fine */

/* "192.0.2.1,[2001:db8::1]", valid until the next call, or NULL: ask. */
const char *resolver_known(struct resolver *r, const char *host);
/* Calls cb once, later, within patience_ms; addresses as above, or NULL. */
typedef void (*resolved_cb)(void *ctx, enum resolved what,
			    const char *addresses);
struct question *resolver_ask(struct resolver *r, const char *host,
			      int64_t patience_ms, resolved_cb cb, void *ctx);
/* The callback will not come any more; NULL is fine. */
void resolve_cancel(struct question *q);

#endif
