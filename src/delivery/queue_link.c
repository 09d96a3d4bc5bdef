/* SPDX-License-Identifier: MIT */
/* Joins delivery to the queue; the only file here that calls it. */
#include "delivery/delivery_ops.h"
#include "queue/queue.h"

static void settle(void *ctx, struct settlement *s)
{
	queue_settle(ctx, s);
}

static void set_appetite(void *ctx, const char *destination, size_t n)
{
	queue_set_appetite(ctx, destination, n);
}

static void refill(void *ctx, const char *destination, size_t fresh,
		   int64_t fresh_after_ms, size_t backlog)
{
	queue_refill(ctx, destination, fresh, fresh_after_ms, backlog);
}

static void recall(void *ctx, struct recall *chain)
{
	queue_recall(ctx, chain);
}

int delivery_start(struct delivery **out, struct config *config,
		   struct queue *queue, struct err *err)
{
	struct delivery_ops ops = {
	    .ctx = queue,
	    .settle = settle,
	    .set_appetite = set_appetite,
	    .refill = refill,
	    .recall = recall,
	};
	return delivery_start_with(out, config, &ops, err);
}
