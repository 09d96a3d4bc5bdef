/* SPDX-License-Identifier: MIT */
/*
 * Why a lead has not left yet: what holds its destination, who or what set
 * that, and its place among those that wait. Says only what is known: where an
 * answer, a person or the disk decides, no time is named. Delivery thread only.
 */
#include <stdio.h>

#include "base/clock.h"
#include "delivery/bulk.h"
#include "delivery/destination_ask.h"
#include "delivery/fetch.h"

struct gate {
	const char *word;
	char by[128];
	int64_t until; /* monotonic; 0: open; INT64_MAX: nobody can say */
};

static void set(struct gate *g, const char *word, const char *by, int64_t until)
{
	g->word = word;
	g->until = until;
	(void)!snprintf(g->by, sizeof(g->by), "%s", by);
}

static void duration(int64_t ms, char out[24])
{
	if (ms % 3600000 == 0)
		(void)!snprintf(out, 24, "%lldh", (long long)(ms / 3600000));
	else if (ms % 60000 == 0)
		(void)!snprintf(out, 24, "%lldm", (long long)(ms / 60000));
	else
		(void)!snprintf(out, 24, "%lldms", (long long)ms);
}

/* The token that is missing: which window, or whose word. */
static void set_tokens(struct gate *g, struct destination *d, int64_t ready,
		       int64_t now)
{
	struct limiter_reason r;
	char by[128], window[24];
	limiter_why(d->limiter, now, &r);
	duration(r.window_ms, window);
	if (r.expecting)
		(void)!snprintf(by, sizeof(by),
				"what was sent before the start is looked up");
	else if (r.header)
		(void)!snprintf(by, sizeof(by), "RateLimit headers");
	else
		(void)!snprintf(by, sizeof(by), "rate: %lld in %s",
				(long long)r.count, window);
	set(g, "tokens", by, ready == LIMITER_NEVER ? INT64_MAX : ready);
}

static void set_parked(struct gate *g, const struct destination *d)
{
	char by[128];
	(void)!snprintf(by, sizeof(by), "answer %s; next: a probe",
			d->park.reason);
	set(g, "parked", by, d->park.probing ? INT64_MAX : d->park.probe_at);
}

static void set_limited(struct gate *g, const struct destination *d)
{
	char by[128];
	(void)!snprintf(by, sizeof(by), "%s of an answer %s",
			d->limited_by != NULL ? d->limited_by : "back-off",
			d->limited_reason != NULL ? d->limited_reason : "");
	set(g, "limited", by, d->limited_until);
}

/* In the order of may_send(). */
static void gate_of(struct destination *d, int64_t now, struct gate *g)
{
	char by[128];
	int64_t ready = limiter_ready_at(d->limiter, now);
	/* Bulk requests wait with their destination. */
	if (!d->paused && lane_held(d) != NULL) {
		d = d->lane->base;
		ready = 0;
	}
	set(g, "open", "", 0);
	if (d->paused && d->paused_until > 0)
		set(g, "paused", "a person: drain", d->paused_until);
	else if (d->paused)
		set(g, "paused", "a person: pause", INT64_MAX);
	else if (lane_held(d) != NULL)
		set(g, "held", "what holds the destination itself", INT64_MAX);
	else if (d->limited_until > now)
		set_limited(g, d);
	else if (d->park.on)
		set_parked(g, d);
	else if (d->breaker.state != BREAKER_CLOSED)
		set(g, "breaker", "failures in a row, or half of a minute's",
		    d->breaker.state == BREAKER_OPEN ? d->breaker.open_until
						     : INT64_MAX);
	else if (d->account != NULL && oauth_refreshing(d->account))
		set(g, "authorization", "an access token is being fetched",
		    INT64_MAX);
	else if (ready > 0)
		set_tokens(g, d, ready, now);
	else if (d->in_flight >= d->slots) {
		(void)!snprintf(by, sizeof(by), "concurrency: %lld under way",
				(long long)d->in_flight);
		set(g, "busy", by, INT64_MAX);
	}
}

static void add_time(struct buf *b, const char *name, int64_t at, int64_t now)
{
	char text[CLOCK_TEXT];
	if (at == INT64_MAX || at == 0) {
		buf_addf(b, ",\"%s\":null", name);
		return;
	}
	clock_format(clock_wall_ms() + at - now, text);
	buf_addf(b, ",\"%s\":\"%s\"", name, text);
}

/* ---- a lead -------------------------------------------------------------- */

static const char *const PLACES[] = {
    [ENTRY_LATER] = "later",
    [ENTRY_FRESH] = "fresh",
    [ENTRY_BACKLOG] = "backlog",
    [ENTRY_OUT] = "sending",
};

/* By the rate alone, when it holds for all who are ahead. */
static int64_t estimate(struct destination *d, const struct gate *g,
			size_t ahead, int64_t now)
{
	struct limiter_reason slowest;
	int64_t from = g->until > now ? g->until : now;
	if (g->until == INT64_MAX && g->word[0] != 'b') /* busy: soon */
		return INT64_MAX;
	if (!limiter_slowest(d->limiter, &slowest))
		return ahead == 0 ? from : INT64_MAX;
	if (g->until == INT64_MAX)
		from = now;
	return from + (int64_t)ahead * slowest.window_ms / slowest.count;
}

static void add_lead(struct destination *d, const struct delivery_ask *a,
		     const struct gate *g, int64_t now, struct buf *b)
{
	struct scheduler_place place;
	bool known = scheduler_place(d->leads, a->lead, now, &place);
	int64_t due = now + a->due_at_ms - clock_wall_ms();
	int64_t next = due > now ? due : now;
	bool waits = !known || place.place == ENTRY_LATER;
	if (known && place.place == ENTRY_LATER)
		next = place.due;
	if (g->until > next)
		next = g->until; /* INT64_MAX stays */
	bool breaker = g->until == INT64_MAX && g->word[0] == 'b';
	buf_addf(b, ",\"lead\":{\"place\":\"%s\",\"ahead\":",
		 known ? PLACES[place.place] : "disk");
	if (waits || place.place == ENTRY_OUT)
		buf_addf(b, "null");
	else
		buf_addf(b, "%zu", place.ahead);
	bool out = known && place.place == ENTRY_OUT;
	add_time(b, "not_before", out ? INT64_MAX : next, now);
	bool told = !waits && !out && (!breaker || g->word[1] == 'u') &&
		    !(place.place == ENTRY_BACKLOG && d->more);
	add_time(b, "estimate",
		 told ? estimate(d, g, place.ahead, now) : INT64_MAX, now);
	buf_add_char(b, '}');
}

void destination_why(struct destination *d, const struct delivery_ask *a,
		     struct buf *b)
{
	int64_t now = clock_mono_ms();
	struct gate g;
	gate_of(d, now, &g);
	buf_addf(b,
		 "{\"destination\":\"%s\",\"gate\":\"%s\",\"set_by\":", d->name,
		 g.word);
	buf_add_json(b, str_from(g.by));
	add_time(b, "until", g.until, now);
	buf_addf(b, ",\"sending\":%lld,\"in_memory\":%zu,\"on_disk_too\":%s",
		 (long long)d->in_flight, scheduler_waiting(d->leads),
		 d->more || d->refilling ? "true" : "false");
	if (a->lead != 0)
		add_lead(d, a, &g, now, b);
	buf_add_char(b, '}');
}
