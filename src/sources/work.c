/* SPDX-License-Identifier: MIT */
/*
 * source_process() in two halves, for sources whose programs must not run on
 * the loop: what was proven and parsed there goes to the mapper thread with
 * copies of all it needs. Should it never come back, the request itself is
 * still held by the loop, to be quarantined.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "sources/adapter.h"
#include "sources/engine.h"

/* Read only once it is made: both threads may look at it. */
struct source_held {
	int references; /* atomic */
	struct arena arena;
	struct request request;
};

struct source_work {
	struct arena
	    arena; /* the parsed payload, then whatever mapping needs */
	struct source_call call;
	struct source_held *held;
	struct str store_secret;
	int matched;
};

/* ---- the request -------------------------------------------------------- */

static struct source_held *held_new(const struct request *r)
{
	struct source_held *h = xcalloc(1, sizeof(*h));
	struct arena *a = &h->arena;
	h->references = 1;
	arena_init(a);
	h->request = *r;
	h->request.method_text = arena_copy(a, r->method_text);
	h->request.target = arena_copy(a, r->target);
	h->request.path = str_cut(h->request.target, '?', &h->request.query);
	h->request.body = arena_copy(a, r->body);
	h->request.public_url = arena_copy(a, r->public_url);
	h->request.client = arena_copy(a, r->client);
	h->request.headers =
	    arena_alloc(a, (r->n_headers + 1) * sizeof(*r->headers));
	for (size_t i = 0; i < r->n_headers; i++)
		h->request.headers[i] =
		    (struct header){arena_copy(a, r->headers[i].name),
				    arena_copy(a, r->headers[i].value)};
	return h;
}

struct source_held *source_work_hold(struct source_work *work)
{
	__atomic_add_fetch(&work->held->references, 1, __ATOMIC_RELAXED);
	return work->held;
}

const struct request *source_held_request(const struct source_held *h)
{
	return &h->request;
}

void source_held_free(struct source_held *h)
{
	if (h == NULL ||
	    __atomic_sub_fetch(&h->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	arena_release(&h->arena);
	free(h);
}

/* ---- the work ----------------------------------------------------------- */

void source_work_free(struct source_work *work)
{
	if (work == NULL)
		return;
	arena_release(&work->arena);
	source_held_free(work->held);
	free(work);
}

int source_prove(const struct source *source, const struct request *request,
		 struct str store_secret, struct source_work **out,
		 struct submission **done, struct reply *reply,
		 const char **why)
{
	struct source_work *work = xcalloc(1, sizeof(*work));
	struct event_list events = {0};
	arena_init(&work->arena);
	work->matched = -1;
	work->call = (struct source_call){source, request, NULL, &work->arena};
	*why = process_prove(&work->call, &events, &work->matched);
	if (*why == NULL && events.n == 0) {
		work->held = held_new(request);
		work->call.request = &work->held->request;
		work->store_secret = arena_copy(&work->arena, store_secret);
		*out = work;
		return 0;
	}
	int code = 0;
	if (*why != NULL)
		code = refuse(&work->call, *why, reply);
	else
		*done = process_build(&work->call, store_secret, &events,
				      work->matched);
	source_work_free(work);
	return code;
}

struct submission *source_work_run(struct source_work *work, const char **why)
{
	struct event_list events = {0};
	*why = process_split(&work->call, &events);
	return *why != NULL ? NULL
			    : process_build(&work->call, work->store_secret,
					    &events, work->matched);
}

struct submission *source_give_up(const struct source *source,
				  struct str store_secret,
				  struct source_held *held)
{
	struct arena scratch;
	struct event_list events;
	arena_init(&scratch);
	struct source_call call = {source, &held->request, NULL, &scratch};
	process_quarantine(&events, &scratch, reason_too_slow);
	struct submission *sub =
	    process_build(&call, store_secret, &events, -1);
	arena_release(&scratch);
	return sub;
}

void source_refuse(const struct source *source, const struct request *request,
		   const char *why, struct reply *reply)
{
	struct source_call call = {.source = source, .request = request};
	(void)!refuse(&call, why, reply);
}
