/* SPDX-License-Identifier: MIT */
/*
 * Why a name could not be resolved: curl says only that it could not. Asks the
 * resolver once more, beside the loop, and reports whether the name does not
 * exist. Delivery thread only; part of the HTTP client.
 */
#ifndef LB_RESOLVE_H
#define LB_RESOLVE_H

#include <stdbool.h>

struct loop;
struct question;

/* Calls cb once, later; missing: there is no such name (NXDOMAIN, no address).
 * False for everything that may be different in a minute. */
struct question *resolve_ask(struct loop *loop, const char *host,
			     void (*cb)(void *ctx, bool missing), void *ctx);
/* The callback will not come any more; NULL is fine. */
void resolve_cancel(struct question *q);

#endif
