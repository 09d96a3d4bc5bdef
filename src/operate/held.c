/* SPDX-License-Identifier: MIT */
/* Refused requests kept while a source is being set up; see the header. */
#include "operate/held.h"

#include <stdlib.h>

#include "base/mem.h"
#include "leadbridge/arena.h"

/* One arena each; it holds the struct itself, so it stands outside of it. */
struct kept {
	struct held_request held;
	struct arena arena;
};

struct held *held_new(void)
{
	struct held *h = xcalloc(1, sizeof(*h));
	h->next_number = 1;
	return h;
}

static void free_one(struct held_request *one)
{
	struct kept *k = (struct kept *)one;
	arena_release(&k->arena);
	free(k);
}

static void take_out(struct held *h, struct held_request **at)
{
	struct held_request *one = *at, *last = NULL;
	*at = one->next;
	h->n--;
	h->bytes -= one->size;
	free_one(one);
	for (struct held_request *i = h->first; i != NULL; i = i->next)
		last = i;
	h->last = last;
}

void held_free(struct held *h)
{
	while (h != NULL && h->first != NULL)
		take_out(h, &h->first);
	free(h);
}

static struct kept *copy(struct str source, const struct request *from)
{
	struct kept *k = xcalloc(1, sizeof(*k));
	struct arena *a = &k->arena;
	struct request *r = &k->held.request;
	arena_init(a);
	k->held.source = arena_copy(a, source);
	*r = *from;
	r->method_text = arena_copy(a, from->method_text);
	r->target = arena_copy(a, from->target);
	r->path = arena_copy(a, from->path);
	r->query = arena_copy(a, from->query);
	r->body = arena_copy(a, from->body);
	r->client = arena_copy(a, from->client);
	r->public_url = STR_NONE; /* may be what was wrong */
	r->headers = arena_alloc(a, from->n_headers * sizeof(*r->headers));
	for (size_t i = 0; i < from->n_headers; i++)
		r->headers[i] =
		    (struct header){arena_copy(a, from->headers[i].name),
				    arena_copy(a, from->headers[i].value)};
	k->held.size = sizeof(*k) + a->total;
	return k;
}

void held_keep(struct held *h, struct str source, const struct request *request)
{
	struct kept *k = copy(source, request);
	struct held_request *one = &k->held;
	if (one->size > HELD_BYTES) {
		free_one(one);
		return;
	}
	while (h->n >= HELD_MAX || h->bytes + one->size > HELD_BYTES)
		take_out(h, &h->first);
	one->number = h->next_number++;
	if (h->last != NULL)
		h->last->next = one;
	else
		h->first = one;
	h->last = one;
	h->n++;
	h->bytes += one->size;
}

void held_expire(struct held *h, int64_t now_ms)
{
	while (h->first != NULL &&
	       h->first->request.received_at_ms + HELD_MS <= now_ms)
		take_out(h, &h->first);
}

void held_remove(struct held *h, int64_t number)
{
	struct held_request **at = &h->first;
	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next;
	if (*at != NULL)
		take_out(h, at);
}

size_t held_erase(struct held *h, struct str source,
		  bool (*theirs)(void *ctx, const struct request *request),
		  void *ctx)
{
	size_t n = 0;
	for (struct held_request **at = &h->first; *at != NULL;) {
		struct held_request *one = *at;
		bool named = (source.n == 0 || str_eq(source, one->source)) &&
			     theirs(ctx, &one->request);
		n += named;
		if (named)
			take_out(h, at);
		else
			at = &one->next;
	}
	return n;
}

size_t held_count(const struct held *h, struct str source)
{
	size_t n = 0;
	for (const struct held_request *i = h->first; i != NULL; i = i->next)
		n += str_eq(i->source, source);
	return n;
}
