/* SPDX-License-Identifier: MIT */
/*
 * Requests whose proof was refused, kept for as long as somebody is setting up
 * a source (`on_bad_proof: hold`): with the secret corrected they are judged
 * again as of the moment they came. In memory only and outside the ledger: the
 * sender was told 401, and a restart forgets them. Loop thread.
 */
#ifndef LB_HELD_H
#define LB_HELD_H

#include "leadbridge/request.h"
#include "leadbridge/str.h"

enum {
	HELD_MAX = 200,
	HELD_BYTES = 8 << 20,
};
#define HELD_MS ((int64_t)7 * 86400 * 1000)

struct held_request {
	struct held_request *next;
	int64_t number; /* never 0, never given twice */
	struct str source;
	struct request request;
	size_t size;
};

struct held {
	struct held_request *first, *last; /* oldest first */
	size_t n, bytes;
	int64_t next_number;
};

struct held *held_new(void);
void held_free(struct held *h); /* NULL is fine */
/* Copies the request; the oldest make room. */
void held_keep(struct held *h, struct str source,
	       const struct request *request);
/* Lets go of what came too long ago. */
void held_expire(struct held *h, int64_t now_ms);
void held_remove(struct held *h, int64_t number);
/* Lets go of those `theirs` says yes to; of any source where source is NONE.
 * Returns how many. */
size_t held_erase(struct held *h, struct str source,
		  bool (*theirs)(void *ctx, const struct request *request),
		  void *ctx);
size_t held_count(const struct held *h, struct str source);

#endif
