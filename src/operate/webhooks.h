/* SPDX-License-Identifier: MIT */
/*
 * One webhook, from its headers to its answer: which source it is for, what
 * the source makes of it, the commit, what the sender is told. Loop thread.
 */
#ifndef LB_WEBHOOKS_H
#define LB_WEBHOOKS_H

#include "operate/road.h"

struct http_handler webhooks_handler(struct road *r);
/* A submission is back from the store thread; frees it. */
void webhooks_stored(struct road *r, struct submission *s);
/* The answer to a dry run that was mapped elsewhere. */
void webhooks_show(struct road *r, const struct source *source,
		   struct ticket ticket, const struct submission *s);
/* Counts a refusal after the fact; reply NULL: "try later". The exchange may
 * be over. */
void webhooks_refused(struct road *r, const struct source *source,
		      struct ticket ticket, const char *why,
		      const struct reply *reply);

#endif
