/* SPDX-License-Identifier: MIT */
/* What a source is expected to do, and counting its silence; see the header. */
#include "operate/expect.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

enum { MINUTE_MS = 60 * 1000, DAY_MINUTES = 24 * 60, ZONE_MOST = 14 * 60 };
/* Longer than that nobody was away: the clock is wrong. */
#define ELAPSED_MAX (INT64_C(31) * DAY_MINUTES * MINUTE_MS)

/* ---- reading it --------------------------------------------------------- */

/* "HH:MM" -> minutes, or -1. */
static int minutes_of(struct str s, int64_t most)
{
	int64_t h, m;
	if (s.n != 5 || s.p[2] != ':' || s.p[0] == '-' || s.p[3] == '-' ||
	    str_to_int(str_sub(s, 0, 2), 0, 99, &h) != 0 ||
	    str_to_int(str_sub(s, 3, 5), 0, 59, &m) != 0 || h * 60 + m > most)
		return -1;
	return (int)(h * 60 + m);
}

/* "08:00-20:00" or "08:00-20:00+01:00" */
static int parse_window(struct str s, struct expect *out, const char **wrong)
{
	if ((s.n != 11 && s.n != 17) || s.p[5] != '-')
		return LB_EINVAL;
	out->from = minutes_of(str_sub(s, 0, 5), DAY_MINUTES - 1);
	out->to = minutes_of(str_sub(s, 6, 11), DAY_MINUTES);
	if (out->from < 0 || out->to < 0)
		return LB_EINVAL;
	if (out->from == out->to) {
		*wrong = "the window has no length";
		return LB_EINVAL;
	}
	if (s.n == 11)
		return 0;
	out->has_zone = true;
	out->zone = minutes_of(str_sub(s, 12, 17), ZONE_MOST);
	if (out->zone < 0 || (s.p[11] != '+' && s.p[11] != '-'))
		return LB_EINVAL;
	if (s.p[11] == '-')
		out->zone = -out->zone;
	return 0;
}

int expect_parse(struct str text, struct expect *out, const char **wrong)
{
	struct str rest;
	*out = (struct expect){0};
	*wrong = NULL;
	struct str number = str_cut(text, ' ', &rest);
	struct str per = str_cut(rest, ' ', &rest);
	struct str time = str_cut(rest, ' ', &rest);
	if (str_to_int(number, 1, INT64_MAX, &out->events) != 0 ||
	    !str_eq(per, STR("per")) ||
	    str_to_duration(time, &out->per_ms) != 0)
		return LB_EINVAL;
	if (out->events > EXPECT_EVENTS_MAX)
		*wrong = "more than 100 events: name a shorter time";
	else if (out->per_ms < 1000)
		*wrong = "the time must be a second at least";
	else if (rest.p != NULL && str_find(rest, ' ') >= 0)
		*wrong = "there is something behind the window";
	if (*wrong != NULL)
		return LB_EINVAL;
	return rest.p == NULL ? 0 : parse_window(rest, out, wrong);
}

/* ---- counting ----------------------------------------------------------- */

static bool is_inside(const struct expect *e, int64_t wall_ms)
{
	int64_t at;
	if (e->from == e->to)
		return true;
	if (e->has_zone) {
		at = (wall_ms / MINUTE_MS + e->zone) % DAY_MINUTES;
		if (at < 0)
			at += DAY_MINUTES;
	} else {
		at = clock_local_minute(wall_ms);
	}
	if (e->from < e->to)
		return at >= e->from && at < e->to;
	return at >= e->from || at < e->to; /* over midnight */
}

/* Minute by minute: a window begins and ends at a minute, and summer time
 * makes no difference. */
int64_t expect_counted(const struct expect *e, int64_t wall_ms,
		       int64_t elapsed_ms)
{
	int64_t counted = 0;
	if (elapsed_ms > ELAPSED_MAX)
		elapsed_ms = ELAPSED_MAX;
	int64_t at = wall_ms - elapsed_ms;
	while (at < wall_ms) {
		int64_t end = at - at % MINUTE_MS + MINUTE_MS;
		if (end > wall_ms)
			end = wall_ms;
		if (is_inside(e, at))
			counted += end - at;
		at = end;
	}
	return counted;
}

void silence_expect(struct silence *s, const struct expect *e)
{
	if (s->n_events == e->events)
		return;
	int64_t *ring = xcalloc((size_t)e->events, sizeof(*ring));
	int64_t since =
	    s->n_events > 0 ? s->counted_ms - silence_ms(s) : s->counted_ms;
	for (int64_t i = 0; i < e->events; i++)
		ring[i] = since;
	free(s->events);
	s->events = ring;
	s->n_events = e->events;
	s->next = 0;
}

void silence_release(struct silence *s)
{
	free(s->events);
	*s = (struct silence){0};
}

void silence_pass(struct silence *s, const struct expect *e, int64_t wall_ms,
		  int64_t elapsed_ms)
{
	s->counted_ms += expect_counted(e, wall_ms, elapsed_ms);
}

void silence_heard(struct silence *s, uint64_t events)
{
	if (events > (uint64_t)s->n_events)
		events = (uint64_t)s->n_events;
	for (; events > 0; events--) {
		s->events[s->next] = s->counted_ms;
		s->next = (s->next + 1) % s->n_events;
	}
}

int64_t silence_ms(const struct silence *s)
{
	if (s->n_events == 0)
		return 0;
	int64_t last = (s->next + s->n_events - 1) % s->n_events;
	return s->counted_ms - s->events[last];
}

/* The one that is overwritten next is the oldest that counts. */
bool silence_is_odd(const struct silence *s, const struct expect *e)
{
	return s->n_events > 0 &&
	       s->counted_ms - s->events[s->next] > e->per_ms;
}
