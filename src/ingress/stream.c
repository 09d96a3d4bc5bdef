/* SPDX-License-Identifier: MIT */
/*
 * Answers without an end: a head, then what the handler sends whenever it has
 * something, then a close, which is what ends the body. Nobody waits for the
 * client: one that takes nothing for a while, or lets too much pile up, is
 * dropped. Loop thread.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "base/mem.h"
#include "ingress/edge.h"

static size_t unsent(const struct conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

struct ticket exchange_stream(struct exchange *x, const struct reply *head)
{
	struct conn *c = x->conn;
	lb_assert(x->open && !x->deferred && c->state == CONN_ANSWER);
	c->closing = true;
	exchange_write_head(c, head);
	x->deferred = true;
	x->ticket = pending_put(&c->l->pending, c);
	conn_set_state(c, CONN_STREAM);
	return x->ticket;
}

bool exchange_send(struct exchange *x, struct str data)
{
	struct conn *c = x->conn;
	lb_assert(x->open && c->state == CONN_STREAM);
	size_t before = unsent(c);
	if (before == 0)
		conn_set_due(c, c->l->limits.body_ms);
	/* One piece may be larger, where nothing waits before it. */
	if (!c->broken && (before == 0 || before + data.n <= STREAM_UNSENT_MAX))
		conn_write(c, data);
	else
		c->broken = true;
	if (!c->broken)
		return true;
	conn_close(c);
	return false;
}

void exchange_finish(struct exchange *x)
{
	struct conn *c = x->conn;
	lb_assert(x->open && c->state == CONN_STREAM);
	exchange_end(c, 200);
	conn_answered(c);
}
