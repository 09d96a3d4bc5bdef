/* SPDX-License-Identifier: MIT */
/*
 * `expect` of a source: how often it normally speaks, and whether it is silent.
 * Time is counted, not compared: only hours inside the window, only while the
 * daemon runs. So neither a night, nor a weekend off, nor an outage of ours is
 * taken for a silence of theirs. Pure.
 */
#ifndef LB_EXPECT_H
#define LB_EXPECT_H

#include "leadbridge/str.h"

enum { EXPECT_EVENTS_MAX = 100 };

struct expect { /* "2 per 6h 08:00-20:00+01:00" */
	int64_t events;
	int64_t per_ms;
	int from, to; /* minutes of the day; from == to: the whole day */
	bool has_zone;
	int zone; /* minutes east of UTC; without: the host's zone */
};

/* LB_EINVAL: not of the form; *wrong says more, where there is more to say. */
LB_MUST_CHECK int expect_parse(struct str text, struct expect *out,
			       const char **wrong);
/* Of (wall_ms - elapsed_ms, wall_ms], how much lies inside the window. */
int64_t expect_counted(const struct expect *e, int64_t wall_ms,
		       int64_t elapsed_ms);

/* What is known of one source. Zeroed: nothing yet. */
struct silence {
	int64_t counted_ms; /* time inside the window, ever */
	int64_t *events;    /* counted_ms at the last ones; a ring */
	int64_t n_events;   /* of the ring: as many as are expected */
	int64_t next;       /* where the next one goes */
};

/* The ring has room for as many as are expected; a new one is as if they had
 * all spoken just now. */
void silence_expect(struct silence *s, const struct expect *e);
void silence_release(struct silence *s);
void silence_pass(struct silence *s, const struct expect *e, int64_t wall_ms,
		  int64_t elapsed_ms);
void silence_heard(struct silence *s, uint64_t events);
/* Counted time since the last event. */
int64_t silence_ms(const struct silence *s);
/* Fewer events than expected in the last per_ms of counted time. */
bool silence_is_odd(const struct silence *s, const struct expect *e);

#endif
