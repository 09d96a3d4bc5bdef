/* SPDX-License-Identifier: MIT */
/* Joins delivery to the queue; the only file here that calls it. */
#include "delivery/delivery_ops.h"
#include "queue/queue.h"

enum { NAMES_MAX = 1 << 24 }; /* a configuration is smaller */

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

static void on_credential(void *ctx, struct query *q)
{
	(void)ctx;
	struct credential *c = q->credential;
	c->result = q->result;
	q->credential = NULL;
	query_free(q);
	delivery_credential(c);
}

static void credential(void *ctx, struct credential *c)
{
	struct query *q =
	    query_new(c->keep ? COMMAND_CREDENTIAL : QUERY_CREDENTIAL);
	q->credential = c;
	q->done = on_credential;
	queue_ask(ctx, q);
}

static void set_apart(void *ctx, const struct source *source)
{
	char queue[QUEUE_NAME];
	size_t n = source->api.n_tokens;
	struct buf names;
	(void)fetch_queue(str_from(source->name), queue);
	buf_init(&names, NAMES_MAX);
	for (size_t i = 0; i < n; i++) {
		buf_add_char(&names, i > 0 ? ',' : '[');
		buf_add_json(&names, str_from(source->api.tokens[i].name));
	}
	buf_add_char(&names, ']');
	queue_set_apart(ctx, queue, n > 0 ? buf_str(&names) : STR_NONE);
	buf_release(&names);
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
	    .credential = credential,
	    .set_apart = set_apart,
	};
	return delivery_start_with(out, config, &ops, err);
}
