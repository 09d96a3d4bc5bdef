/* SPDX-License-Identifier: MIT */
/*
 * One event loop (a libevent base) and what the rest may know of it: timers,
 * watched descriptors, signals. Owned by one thread. Callbacks never run inside
 * the call that registers them.
 */
#ifndef LB_LOOP_H
#define LB_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "leadbridge/err.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct event_base;

typedef void (*loop_cb)(void *ctx);

LB_MUST_CHECK int loop_new(struct loop **out, struct err *err);
void loop_free(struct loop *l);
void loop_run(struct loop *l); /* until loop_stop() */
void loop_stop(struct loop *l);

struct loop_timer *loop_timer_new(struct loop *l, loop_cb cb, void *ctx);
void loop_timer_free(struct loop_timer *t);               /* NULL is fine */
void loop_timer_arm(struct loop_timer *t, int64_t in_ms); /* once */
void loop_timer_arm_us(struct loop_timer *t, int64_t in_us);
void loop_timer_every(struct loop_timer *t, int64_t every_ms);
void loop_timer_stop(struct loop_timer *t);

/* Level-triggered, persistent; read readiness. */
LB_MUST_CHECK int loop_watch_read(struct loop *l, int fd, loop_cb cb, void *ctx,
				  struct loop_watch **out);
LB_MUST_CHECK int loop_watch_signal(struct loop *l, int signo, loop_cb cb,
				    void *ctx, struct loop_watch **out);
void loop_watch_free(struct loop_watch *w); /* NULL is fine */

/* Runs free_fn(p) when this turn of the loop is over: for objects that may
 * still be on the call stack. */
void loop_defer(struct loop *l, void (*free_fn)(void *), void *p);

/* For ingress/ and delivery/http_client.c, which speak libevent. */
struct event_base *loop_base(struct loop *l);

#endif
