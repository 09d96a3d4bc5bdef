/* SPDX-License-Identifier: MIT */
/*
 * How many leads of a destination are in memory. The queue hands new ones over
 * as long as there is room (appetite); what is not handed over stays on disk
 * and is read when there is room again (refill). A full memory still takes a
 * few new leads a second, so that a fresh one is never behind a burst.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "delivery/destination.h"
#include "delivery/fetch.h"

enum {
	LATER_MS = 60 * 1000, /* due later than this waits on disk */
	ROOM_WANTED = SCHEDULER_LEADS_MAX / 4,
	REFILL_BELOW = SCHEDULER_LEADS_MAX / 4,
	REFILL_STEP = 128,
	REFILL_PAUSE_MS = 1000, /* after one that brought nothing new */
	TRICKLE = 32,
	TRICKLE_MS = 1000,
	JUMP_MS = 5000, /* a clock that moved more than this has jumped */
};

/* Wall times become monotonic ones here. A due time beyond the longest wait
 * means that the clock was moved. */
static int64_t due_from_wall(const struct destination *d, int64_t due_at_ms,
			     int64_t now)
{
	int64_t in = due_at_ms - clock_wall_ms();
	int64_t most = d->config->retry_every_ms * 3 / 2 + JUMP_MS;
	if (most < HEADER_WAIT_MAX_MS * 11 / 10)
		most = HEADER_WAIT_MAX_MS * INT64_C(11) / 10;
	if (in > most)
		in = d->config->retry_every_ms;
	return now + (in > 0 ? in : 0);
}

static int64_t received_from_wall(int64_t received_at_ms, int64_t now)
{
	int64_t age = clock_wall_ms() - received_at_ms;
	return now - (age > 0 ? age : 0);
}

void destination_later_on_disk(struct destination *d, int64_t due_at_ms)
{
	if (due_at_ms < d->disk_due_ms)
		d->disk_due_ms = due_at_ms;
}

/* True when it was not known before. */
static bool take(struct destination *d, struct due_lead *lead)
{
	int64_t now = clock_mono_ms();
	if (lead->body.n == 0) {
		log_error("lead_without_body", "destination=%s lead=%lld",
			  d->name, (long long)lead->id);
		free(lead);
		return false;
	}
	int64_t due = due_from_wall(d, lead->due_at_ms, now);
	if (due - now > LATER_MS) {
		destination_later_on_disk(d, lead->due_at_ms);
		free(lead);
		return false;
	}
	int64_t received = received_from_wall(lead->received_at_ms, now);
	if (d->lane != NULL) /* in the order of the file */
		received -= SCHEDULER_FRESH_MS;
	struct entry *e = scheduler_add(d->leads, lead, due, received);
	if (e == NULL)
		return false;
	e->triable_mark = destination_triable(d, now);
	return true;
}

size_t *destination_granted(struct destination *d)
{
	return d->account != NULL ? &d->account->granted->n : &d->granted;
}

void destination_due(struct destination *d, struct due_lead *lead)
{
	if (*destination_granted(d) > 0)
		--*destination_granted(d);
	destination_revive(d, lead->id);
	/* What the scheduler refuses because of a refill under way is not lost:
	 * it is on disk, and looked for after that. */
	if (!take(d, lead) && d->refilling)
		d->more = true;
	if (scheduler_trim(d->leads) > 0)
		d->more = true;
}

void destination_refilled(struct destination *d, struct due_lead *chain,
			  bool more, int64_t next_due_at_ms)
{
	size_t n = 0;
	while (chain != NULL) {
		struct due_lead *lead = chain;
		chain = lead->next;
		lead->next = NULL;
		if (d->stale)
			free(lead);
		else
			n += take(d, lead);
	}
	more |= d->stale;
	d->stale = false;
	scheduler_refill_ends(d->leads);
	d->refilling = false;
	d->more |= more;
	if (scheduler_trim(d->leads) > 0)
		d->more = true;
	if (next_due_at_ms > 0)
		destination_later_on_disk(d, next_due_at_ms);
	d->refill_at = n > 0 ? 0 : clock_mono_ms() + REFILL_PAUSE_MS;
}

static void refill(struct destination *d)
{
	/* What is known may come first: ask for that many more. */
	size_t n = scheduler_known(d->leads) + REFILL_STEP;
	d->refilling = true;
	d->more = false;
	d->disk_due_ms = INT64_MAX;
	scheduler_refill_begins(d->leads);
	d->courier->ops.refill(d->courier->ops.ctx, d->name, n,
			       clock_wall_ms() - SCHEDULER_FRESH_MS, n);
}

static void grant(struct destination *d, size_t n, int64_t now)
{
	char queue[QUEUE_NAME];
	const char *name = d->name;
	if (d->account != NULL)
		name = fetch_queue(str_from(d->account->source->name), queue).p;
	*destination_granted(d) = n;
	d->granted_at = now;
	d->courier->ops.set_appetite(d->courier->ops.ctx, name, n);
}

static void appetite(struct destination *d, int64_t now)
{
	size_t waiting = scheduler_waiting(d->leads);
	size_t room = scheduler_full(d->leads) || waiting > SCHEDULER_LEADS_MAX
			  ? 0
			  : SCHEDULER_LEADS_MAX - waiting;
	if (room > ROOM_WANTED) {
		if (*destination_granted(d) < room / 2)
			grant(d, room, now);
		return;
	}
	/* Full: a few of the newest each second, unless nobody can go. */
	bool stuck = d->condition == CONDITION_PAUSED ||
		     d->condition == CONDITION_PARKED;
	if (!stuck && *destination_granted(d) < TRICKLE / 2 &&
	    now - d->granted_at >= TRICKLE_MS)
		grant(d, TRICKLE, now);
}

int64_t destination_disk_due(const struct destination *d, int64_t now)
{
	/* Nobody reads for one that ends: a timer would only spin. */
	if (d->courier->stopping || d->leaving)
		return INT64_MAX;
	if (d->refilling || scheduler_waiting(d->leads) >= REFILL_BELOW)
		return INT64_MAX;
	int64_t at = INT64_MAX;
	if (d->more)
		at = now;
	else if (d->disk_due_ms != INT64_MAX)
		at = due_from_wall(d, d->disk_due_ms, now);
	return at < d->refill_at ? d->refill_at : at;
}

void destination_upkeep(struct destination *d, int64_t now)
{
	if (d->courier->stopping || d->leaving)
		return;
	appetite(d, now);
	if (destination_disk_due(d, now) <= now)
		refill(d);
}
