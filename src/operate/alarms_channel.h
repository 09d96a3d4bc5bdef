/* SPDX-License-Identifier: MIT */
/*
 * One way to people: a bounded queue of notices, one message under way at a
 * time, back-off after a failure that is said once. Knows nothing of HTTP or
 * programs: `send` begins, whoever began says how it ended. Sender's thread.
 */
#ifndef LB_ALARMS_CHANNEL_H
#define LB_ALARMS_CHANNEL_H

#include "base/loop.h"
#include "operate/alarms_send.h"

enum { CHANNEL_WAITING_MAX = 200 }; /* notices; the oldest go first */

struct channel {
	const char *name;
	bool wanted; /* configured */
	struct notice *first, *last;
	size_t n, under_way; /* of them, the first so many are being sent */
	uint64_t lost;
	struct buf message; /* of what is being sent */
	struct loop_timer *timer;
	int64_t pause_ms, not_before; /* monotonic */
	bool broken;                  /* said once */
	void (*send)(void *ctx, struct channel *c);
	void *ctx;
};

void channel_init(struct channel *c, struct loop *loop, const char *name,
		  void (*send)(void *ctx, struct channel *c), void *ctx);
void channel_release(struct channel *c);
/* Unwanted, it forgets what waits; wanted, it tries again at once. */
void channel_want(struct channel *c, bool wanted);
void channel_push(struct channel *c, const struct notice *n); /* copies */
void channel_pump(struct channel *c);
/* How the message ended. at_least_ms: what the other side asked for, or -1. */
void channel_sent(struct channel *c);
void channel_failed(struct channel *c, const char *why, int64_t at_least_ms);
/* Nothing is left, or nothing that anybody should wait for. */
bool channel_is_done(const struct channel *c);

#endif
