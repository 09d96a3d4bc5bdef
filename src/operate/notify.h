/* SPDX-License-Identifier: MIT */
/*
 * What the service manager is told: READY, RELOADING, STOPPING, STATUS, and the
 * watchdog, which is fed only while every thread makes progress. Does nothing
 * where NOTIFY_SOCKET is not set. Loop thread.
 */
#ifndef LB_NOTIFY_H
#define LB_NOTIFY_H

#include "base/loop.h"
#include "base/worker.h"

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* Longer than usual before READY or while stopping. */
void notify_extend(int64_t by_ms);
void notify_status(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

struct watchdog;

/* Pings at half of WATCHDOG_USEC, as long as each heartbeat moved since the
 * ping before or its thread sleeps for want of work. */
struct watchdog *watchdog_new(struct loop *loop,
			      struct heartbeat *const *heartbeats, size_t n);
void watchdog_free(struct watchdog *w); /* NULL is fine */

#endif
