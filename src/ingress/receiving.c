/* SPDX-License-Identifier: MIT */
/*
 * One ceiling for all bodies being received (limits.receiving_bytes): when
 * what is held plus what one more read of every connection may add would pass
 * it, reading pauses, youngest first. The oldest always goes on, so somebody
 * always gets done. The paused ones are the tail of the list. Loop thread.
 */
#include "ingress/edge.h"

enum { ONE_READ = 16384 }; /* libevent reads no more at once */

void receiving_init(struct receiving *r)
{
	list_init(&r->list);
	r->first_paused = &r->list;
	r->total = r->allowed = 0;
}

static struct conn *owner(struct link *link)
{
	return LIST_OWNER(link, struct conn, receiving);
}

static void pause_one(struct receiving *r)
{
	struct conn *c = owner(r->first_paused->prev);
	r->first_paused = &c->receiving;
	r->allowed -= c->allowance;
	c->paused = c->was_paused = true;
	conn_read(c, false);
}

static void resume_one(struct receiving *r)
{
	struct conn *c = owner(r->first_paused);
	r->first_paused = c->receiving.next;
	r->allowed += c->allowance;
	c->paused = false;
	conn_read(c, true);
}

static void balance(struct listener *l)
{
	struct receiving *r = &l->receiving;
	size_t limit = (size_t)l->limits.receiving_bytes;
	if (list_empty(&r->list))
		return;
	if (r->first_paused == r->list.next)
		resume_one(r);
	while (r->total + r->allowed > limit &&
	       r->first_paused->prev != r->list.next)
		pause_one(r);
	while (r->first_paused != &r->list &&
	       r->total + r->allowed + owner(r->first_paused)->allowance <=
		   limit)
		resume_one(r);
}

void receiving_add(struct conn *c)
{
	struct receiving *r = &c->l->receiving;
	bool some_paused = r->first_paused != &r->list;
	uint64_t length = c->parser.content_length;
	c->allowance =
	    !c->parser.chunked && length < ONE_READ ? (size_t)length : ONE_READ;
	c->counted = c->body.n;
	r->total += c->counted;
	r->allowed += c->allowance;
	c->was_paused = c->paused = false;
	list_append(&r->list, &c->receiving);
	if (some_paused) {
		/* Behind those that wait already. */
		struct link *first = r->first_paused;
		r->first_paused = &r->list;
		pause_one(r);
		r->first_paused = first;
	}
	balance(c->l);
}

void receiving_grow(struct conn *c)
{
	if (list_empty(&c->receiving))
		return;
	c->l->receiving.total += c->body.n - c->counted;
	c->counted = c->body.n;
	balance(c->l);
}

void receiving_remove(struct conn *c)
{
	struct receiving *r = &c->l->receiving;
	if (list_empty(&c->receiving))
		return;
	if (r->first_paused == &c->receiving)
		r->first_paused = c->receiving.next;
	list_remove(&c->receiving);
	r->total -= c->counted;
	if (!c->paused)
		r->allowed -= c->allowance;
	c->paused = false;
	c->counted = 0;
	balance(c->l);
}
