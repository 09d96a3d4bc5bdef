/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous look-up by the C library, which has a pool of threads of its own
 * and is looked at now and then; see the header. A look-up that cannot be
 * cancelled is left to the C library with its memory and ends by itself.
 */
#include "delivery/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/table.h"
#include "leadbridge/buf.h"

enum {
	LOOK_FIRST_MS = 1,
	LOOK_MOST_MS = 20,
	FRESH_MS = 60 * 1000,      /* then it is looked up again */
	STALE_MS = 10 * 60 * 1000, /* and this long used if that fails */
	ADDRESSES_MAX = 16,
	TEXT_MAX = ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3),
};

struct lookup { /* outlives the host when it cannot be cancelled */
	struct gaicb request;
	struct addrinfo hints;
	char *host;
};

struct host {
	struct resolver *resolver;
	char *name;
	char *addresses; /* NULL: none known */
	int64_t fresh_until, stale_until;
	struct lookup *lookup;
	struct host *next_looking;
	struct question *questions;
};

struct question {
	struct question *next;
	struct host *host;
	struct loop_timer *patience;
	bool due; /* its answer is there */
	resolved_cb cb;
	void *ctx;
};

struct resolver {
	struct loop *loop;
	struct loop_timer *timer;
	int64_t look_ms;
	struct table *hosts;
	struct host *looking; /* list */
};

static void lookup_free(struct lookup *l)
{
	if (l->request.ar_result != NULL)
		freeaddrinfo(l->request.ar_result);
	free(l->host);
	free(l);
}

static void host_free(void *p)
{
	struct host *h = p;
	lb_assert(h->questions == NULL);
	if (h->lookup != NULL &&
	    (gai_error(&h->lookup->request) != EAI_INPROGRESS ||
	     gai_cancel(&h->lookup->request) == EAI_CANCELED))
		lookup_free(h->lookup);
	free(h->addresses);
	free(h->name);
	free(h);
}

/* ---- answers ------------------------------------------------------------- */

static char *text_of(const struct addrinfo *found)
{
	struct buf b;
	int n = 0;
	buf_init(&b, TEXT_MAX);
	for (; found != NULL && n < ADDRESSES_MAX; found = found->ai_next) {
		char text[INET6_ADDRSTRLEN];
		if (getnameinfo(found->ai_addr, found->ai_addrlen, text,
				sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		bool six = found->ai_family == AF_INET6;
		buf_addf(&b, "%s%s%s%s", n++ > 0 ? "," : "", six ? "[" : "",
			 text, six ? "]" : "");
	}
	char *out = n > 0 ? xstr_dup(buf_str(&b)) : NULL;
	buf_release(&b);
	return out;
}

static void question_free(struct question *q)
{
	loop_timer_free(q->patience);
	free(q);
}

static void answer(struct question *q, enum resolved what)
{
	resolved_cb cb = q->cb;
	void *ctx = q->ctx;
	const char *addresses = what == RESOLVED ? q->host->addresses : NULL;
	resolve_cancel(q);
	cb(ctx, what, addresses);
}

static enum resolved learn(struct host *h, int rc)
{
	int64_t now = clock_mono_ms();
	char *found = rc == 0 ? text_of(h->lookup->request.ar_result) : NULL;
	bool missing = rc == EAI_NONAME || rc == EAI_NODATA;
	if (found != NULL || missing || now >= h->stale_until) {
		free(h->addresses);
		h->addresses = found;
	}
	if (found != NULL) {
		h->fresh_until = now + FRESH_MS;
		h->stale_until = now + STALE_MS;
	}
	lookup_free(h->lookup);
	h->lookup = NULL;
	if (h->addresses != NULL)
		return RESOLVED;
	return missing ? RESOLVE_MISSING : RESOLVE_FAILED;
}

static struct question *first_due(const struct host *h)
{
	struct question *q = h->questions;
	while (q != NULL && !q->due)
		q = q->next;
	return q;
}

/* Those that are asked meanwhile wait for the next look-up. */
static void finish(struct host *h, int rc)
{
	enum resolved what = learn(h, rc);
	struct question *q;
	for (q = h->questions; q != NULL; q = q->next)
		q->due = true;
	while ((q = first_due(h)) != NULL)
		answer(q, what);
}

static void on_look(void *ctx)
{
	struct resolver *r = ctx;
	struct host *done = NULL, **at = &r->looking;
	while (*at != NULL) {
		struct host *h = *at;
		if (gai_error(&h->lookup->request) == EAI_INPROGRESS) {
			at = &h->next_looking;
			continue;
		}
		*at = h->next_looking;
		h->next_looking = done;
		done = h;
	}
	while (done != NULL) {
		struct host *h = done;
		done = h->next_looking;
		h->next_looking = NULL;
		finish(h, gai_error(&h->lookup->request));
	}
	r->look_ms = r->look_ms < LOOK_MOST_MS ? r->look_ms * 2 : LOOK_MOST_MS;
	if (r->looking != NULL)
		loop_timer_arm(r->timer, r->look_ms);
}

/* ---- questions ----------------------------------------------------------- */

static struct host *host_of(struct resolver *r, const char *name)
{
	struct host *h = table_get(r->hosts, str_from(name));
	if (h != NULL)
		return h;
	h = xcalloc(1, sizeof(*h));
	h->resolver = r;
	h->name = xstrdup(name);
	table_put(r->hosts, str_from(name), h);
	return h;
}

static void look_up(struct host *h)
{
	struct resolver *r = h->resolver;
	if (h->lookup != NULL)
		return;
	struct lookup *l = xcalloc(1, sizeof(*l));
	l->host = xstrdup(h->name);
	l->hints.ai_socktype = SOCK_STREAM;
	l->request.ar_name = l->host;
	l->request.ar_request = &l->hints;
	struct gaicb *list[] = {&l->request};
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
		lookup_free(l); /* no thread: those who asked lose patience */
		return;
	}
	h->lookup = l;
	h->next_looking = r->looking;
	r->looking = h;
	r->look_ms = LOOK_FIRST_MS;
	loop_timer_arm(r->timer, r->look_ms);
}

const char *resolver_known(struct resolver *r, const char *host)
{
	struct host *h = table_get(r->hosts, str_from(host));
	int64_t now = clock_mono_ms();
	if (h == NULL || h->addresses == NULL || now >= h->stale_until)
		return NULL;
	if (now >= h->fresh_until) {
		h->fresh_until = now + FRESH_MS / 4; /* if that fails */
		look_up(h);
	}
	return h->addresses;
}

static void on_patience(void *ctx)
{
	answer(ctx, RESOLVE_FAILED);
}

struct question *resolver_ask(struct resolver *r, const char *host,
			      int64_t patience_ms, resolved_cb cb, void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));
	q->host = host_of(r, host);
	q->cb = cb;
	q->ctx = ctx;
	q->next = q->host->questions;
	q->host->questions = q;
	q->patience = loop_timer_new(r->loop, on_patience, q);
	loop_timer_arm(q->patience, patience_ms);
	look_up(q->host);
	return q;
}

void resolve_cancel(struct question *q)
{
	if (q == NULL)
		return;
	struct question **at = &q->host->questions;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	question_free(q);
}

/* ---- life ---------------------------------------------------------------- */

struct resolver *resolver_new(struct loop *loop)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	r->loop = loop;
	r->hosts = table_new();
	r->timer = loop_timer_new(loop, on_look, r);
	return r;
}

void resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	loop_timer_free(r->timer);
	table_free(r->hosts, host_free);
	free(r);
}
