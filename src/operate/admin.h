/* SPDX-License-Identifier: MIT */
/*
 * The admin listener: the JSON API behind leadbridgectl, /metrics, /healthz
 * and /readyz. A Unix socket is guarded by its file mode; TCP by a bearer
 * token. Loop thread; whatever needs the disk is asked of the reader or store
 * thread and answered later.
 */
#ifndef LB_ADMIN_H
#define LB_ADMIN_H

#include "operate/road.h"

struct admin;

typedef int (*admin_reload_fn)(void *ctx, struct err *err);

LB_MUST_CHECK int admin_new(struct admin **out, struct road *r,
			    admin_reload_fn reload, void *reload_ctx,
			    struct err *err);
LB_MUST_CHECK int admin_reload(struct admin *a, struct err *err);
void admin_drain(struct admin *a);
void admin_free(struct admin *a); /* NULL is fine */
const char *admin_address(const struct admin *a, size_t i);

#endif
