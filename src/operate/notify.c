/* SPDX-License-Identifier: MIT */
/* What the service manager is told; see the header. */
#include "operate/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

/* systemd 253 wants the time with it; 252 ignores it. */
void notify_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
			 (long long)clock_mono_us());
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_extend(int64_t by_ms)
{
	(void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%lld\nWATCHDOG=1",
			 (long long)by_ms * 1000);
}

void notify_status(const char *format, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n >= 0)
		(void)sd_notifyf(0, "STATUS=%s", text);
}

struct watchdog {
	struct loop_timer *timer;
	struct heartbeat *const *heartbeats;
	uint64_t *seen;
	size_t n;
	bool warned;
};

/* Every thread beat since the last look, or sleeps for want of work. */
static bool all_alive(struct watchdog *w)
{
	bool alive = true;
	for (size_t i = 0; i < w->n; i++) {
		struct heartbeat *h = w->heartbeats[i];
		uint64_t beats = h->beats;
		if (beats == w->seen[i] && !h->asleep)
			alive = false;
		w->seen[i] = beats;
	}
	return alive;
}

static void on_timer(void *ctx)
{
	struct watchdog *w = ctx;
	if (all_alive(w)) {
		w->warned = false;
		(void)sd_notify(0, "WATCHDOG=1");
		return;
	}
	if (!w->warned)
		log_error("thread_stalled", "action=watchdog_not_fed");
	w->warned = true;
}

struct watchdog *watchdog_new(struct loop *loop,
			      struct heartbeat *const *heartbeats, size_t n)
{
	uint64_t period_us = 0;
	if (sd_watchdog_enabled(0, &period_us) <= 0 || period_us == 0)
		return NULL;
	struct watchdog *w = xcalloc(1, sizeof(*w));
	w->heartbeats = heartbeats;
	w->seen = xcalloc(n, sizeof(*w->seen));
	w->n = n;
	w->timer = loop_timer_new(loop, on_timer, w);
	loop_timer_every(w->timer, (int64_t)(period_us / 2000) > 0
				       ? (int64_t)(period_us / 2000)
				       : 1);
	return w;
}

void watchdog_free(struct watchdog *w)
{
	if (w == NULL)
		return;
	loop_timer_free(w->timer);
	free(w->seen);
	free(w);
}
