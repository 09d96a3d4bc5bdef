/* SPDX-License-Identifier: MIT */
/* One libevent base and what the rest may know of it; see the header. */
#include "base/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/mem.h"

struct deferred {
	struct deferred *next;
	void (*free_fn)(void *);
	void *p;
};

struct loop {
	struct event_base *base;
	struct event *turn; /* frees what was deferred */
	struct deferred *deferred;
	bool stopping;
};

struct loop_timer {
	struct event *ev;
	loop_cb cb;
	void *ctx;
	int64_t every_ms; /* 0: once */
};

struct loop_watch {
	struct event *ev;
	loop_cb cb;
	void *ctx;
};

static void free_deferred(struct loop *l)
{
	while (l->deferred != NULL) {
		struct deferred *d = l->deferred;
		l->deferred = d->next;
		d->free_fn(d->p);
		free(d);
	}
}

static void on_turn(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	free_deferred(ctx);
}

int loop_new(struct loop **out, struct err *err)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct event_config *config = event_config_new();
	if (config != NULL) {
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
		l->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (l->base != NULL)
		l->turn = event_new(l->base, -1, 0, on_turn, l);
	if (l->turn == NULL) {
		loop_free(l);
		return err_set(err, LB_ESYSTEM, "cannot make an event loop");
	}
	*out = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	free_deferred(l);
	if (l->turn != NULL)
		event_free(l->turn);
	if (l->base != NULL)
		event_base_free(l->base);
	free(l);
}

void loop_run(struct loop *l)
{
	while (!l->stopping)
		if (event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
			break;
	l->stopping = false;
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
	event_base_loopbreak(l->base);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct loop_timer *t = ctx;
	if (t->every_ms > 0)
		loop_timer_every(t, t->every_ms);
	t->cb(t->ctx);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_cb cb, void *ctx)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));
	t->cb = cb;
	t->ctx = ctx;
	t->ev = event_new(l->base, -1, 0, on_timer, t);
	lb_assert(t->ev != NULL);
	return t;
}

void loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

void loop_timer_arm_us(struct loop_timer *t, int64_t in_us)
{
	if (in_us < 0)
		in_us = 0;
	struct timeval tv = {.tv_sec = in_us / 1000000,
			     .tv_usec = in_us % 1000000};
	lb_assert(event_add(t->ev, &tv) == 0);
}

void loop_timer_arm(struct loop_timer *t, int64_t in_ms)
{
	t->every_ms = 0;
	loop_timer_arm_us(t, in_ms > 0 ? in_ms * 1000 : 0);
}

void loop_timer_every(struct loop_timer *t, int64_t every_ms)
{
	t->every_ms = every_ms;
	loop_timer_arm_us(t, every_ms * 1000);
}

void loop_timer_stop(struct loop_timer *t)
{
	t->every_ms = 0;
	event_del(t->ev);
}

static void on_watch(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	struct loop_watch *w = ctx;
	w->cb(w->ctx);
}

static int watch(struct loop *l, int fd, short what, loop_cb cb, void *ctx,
		 struct loop_watch **out)
{
	struct loop_watch *w = xcalloc(1, sizeof(*w));
	w->cb = cb;
	w->ctx = ctx;
	w->ev = event_new(l->base, fd, (short)(what | EV_PERSIST), on_watch, w);
	if (w->ev == NULL || event_add(w->ev, NULL) != 0) {
		loop_watch_free(w);
		return LB_ESYSTEM;
	}
	*out = w;
	return 0;
}

int loop_watch_read(struct loop *l, int fd, loop_cb cb, void *ctx,
		    struct loop_watch **out)
{
	return watch(l, fd, EV_READ, cb, ctx, out);
}

int loop_watch_signal(struct loop *l, int signo, loop_cb cb, void *ctx,
		      struct loop_watch **out)
{
	return watch(l, signo, EV_SIGNAL, cb, ctx, out);
}

void loop_watch_free(struct loop_watch *w)
{
	if (w == NULL)
		return;
	if (w->ev != NULL)
		event_free(w->ev);
	free(w);
}

void loop_defer(struct loop *l, void (*free_fn)(void *), void *p)
{
	struct deferred *d = xcalloc(1, sizeof(*d));
	d->next = l->deferred;
	d->free_fn = free_fn;
	d->p = p;
	if (l->deferred == NULL)
		event_active(l->turn, 0, 0);
	l->deferred = d;
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}
