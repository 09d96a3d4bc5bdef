/* SPDX-License-Identifier: MIT */
/* A queue of notices with a back-off; see the header. */
#include "operate/alarms_channel.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	MESSAGE_MAX = 256 * 1024,
	BACKOFF_FIRST_MS = 2 * 1000,
	BACKOFF_MOST_MS = 5 * 60 * 1000,
};

static void on_timer(void *ctx)
{
	channel_pump(ctx);
}

void channel_init(struct channel *c, struct loop *loop, const char *name,
		  void (*send)(void *ctx, struct channel *c), void *ctx)
{
	c->name = name;
	c->send = send;
	c->ctx = ctx;
	buf_init(&c->message, MESSAGE_MAX);
	c->timer = loop_timer_new(loop, on_timer, c);
}

static void drop_first(struct channel *c)
{
	struct notice *gone = c->first;
	c->first = gone->next;
	if (c->first == NULL)
		c->last = NULL;
	c->n--;
	free(gone);
}

void channel_release(struct channel *c)
{
	while (c->first != NULL)
		drop_first(c);
	buf_release(&c->message);
	loop_timer_free(c->timer);
}

static void forget_waiting(struct channel *c)
{
	struct notice **at = &c->first;
	c->last = NULL;
	for (size_t i = 0; i < c->under_way; i++) {
		c->last = *at;
		at = &(*at)->next;
	}
	while (*at != NULL) {
		struct notice *gone = *at;
		*at = gone->next;
		c->n--;
		free(gone);
	}
}

void channel_want(struct channel *c, bool wanted)
{
	c->wanted = wanted;
	c->not_before = 0;
	if (!wanted)
		forget_waiting(c);
}

void channel_push(struct channel *c, const struct notice *n)
{
	if (!c->wanted)
		return;
	if (c->n >= CHANNEL_WAITING_MAX) {
		c->lost++;
		if (c->under_way > 0) /* what is being sent stays */
			return;
		drop_first(c);
	}
	struct notice *copy = xmalloc(sizeof(*copy));
	*copy = *n;
	copy->next = NULL;
	if (c->last != NULL)
		c->last->next = copy;
	else
		c->first = copy;
	c->last = copy;
	c->n++;
}

void channel_pump(struct channel *c)
{
	int64_t now = clock_mono_ms();
	if (c->under_way > 0 || c->n == 0 || !c->wanted)
		return;
	if (now < c->not_before) {
		loop_timer_arm(c->timer, c->not_before - now);
		return;
	}
	c->under_way = c->n;
	buf_reset(&c->message);
	c->send(c->ctx, c);
}

void channel_sent(struct channel *c)
{
	for (; c->under_way > 0; c->under_way--)
		drop_first(c);
	if (c->broken)
		log_info("alarm_channel_ok", "channel=%s lost=%llu", c->name,
			 (unsigned long long)c->lost);
	c->broken = false;
	c->pause_ms = 0;
	c->lost = 0;
	channel_pump(c);
}

void channel_failed(struct channel *c, const char *why, int64_t at_least_ms)
{
	c->under_way = 0;
	if (!c->broken)
		log_warn("alarm_channel_failed",
			 "channel=%s reason=\"%s\" action=retry", c->name, why);
	c->broken = true;
	c->pause_ms = c->pause_ms == 0 ? BACKOFF_FIRST_MS : c->pause_ms * 2;
	if (c->pause_ms > BACKOFF_MOST_MS)
		c->pause_ms = BACKOFF_MOST_MS;
	int64_t wait = c->pause_ms;
	wait += (int64_t)crypto_random_below((uint64_t)wait / 4 + 1);
	if (wait < at_least_ms)
		wait = at_least_ms;
	c->not_before = clock_mono_ms() + wait;
	channel_pump(c);
}

bool channel_is_done(const struct channel *c)
{
	return c->n == 0 || (c->broken && c->under_way == 0);
}
