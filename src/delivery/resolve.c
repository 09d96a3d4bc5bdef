/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous look-up by the C library, looked at now and then: failures of
 * name resolution are rare and slow, so there is nothing to gain from being
 * woken. A look-up that cannot be cancelled is left to the C library with its
 * memory; there is at most one per failed attempt, and it ends by itself.
 */
#include "delivery/resolve.h"

#include <netdb.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"

enum {
	LOOK_MS = 20,
	PATIENCE_MS = 3000,
};

struct lookup { /* outlives the question when it cannot be cancelled */
	struct gaicb request;
	char *host;
};

struct question {
	struct lookup *lookup;
	struct loop_timer *timer;
	int64_t until;
	void (*cb)(void *ctx, bool missing);
	void *ctx;
};

static void lookup_free(struct lookup *l)
{
	if (l->request.ar_result != NULL)
		freeaddrinfo(l->request.ar_result);
	free(l->host);
	free(l);
}

void resolve_cancel(struct question *q)
{
	if (q == NULL)
		return;
	if (gai_error(&q->lookup->request) != EAI_INPROGRESS ||
	    gai_cancel(&q->lookup->request) == EAI_CANCELED)
		lookup_free(q->lookup);
	loop_timer_free(q->timer);
	free(q);
}

static void on_look(void *ctx)
{
	struct question *q = ctx;
	int rc = gai_error(&q->lookup->request);
	if (rc == EAI_INPROGRESS && clock_mono_ms() < q->until) {
		loop_timer_arm(q->timer, LOOK_MS);
		return;
	}
	bool missing = rc == EAI_NONAME || rc == EAI_NODATA;
	void (*cb)(void *, bool) = q->cb;
	void *cb_ctx = q->ctx;
	resolve_cancel(q);
	cb(cb_ctx, missing);
}

struct question *resolve_ask(struct loop *loop, const char *host,
			     void (*cb)(void *ctx, bool missing), void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));
	q->lookup = xcalloc(1, sizeof(*q->lookup));
	q->lookup->host = xstrdup(host);
	q->lookup->request.ar_name = q->lookup->host;
	q->cb = cb;
	q->ctx = ctx;
	q->until = clock_mono_ms() + PATIENCE_MS;
	q->timer = loop_timer_new(loop, on_look, q);
	struct gaicb *list[] = {&q->lookup->request};
	/* A refusal to start shows as an error of the request. */
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0)
		q->until = 0;
	loop_timer_arm(q->timer, 0);
	return q;
}
