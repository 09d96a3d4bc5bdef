/* SPDX-License-Identifier: MIT */
/*
 * How fast the budget of a destination's `slo` burns. The objective is that 99
 * of 100 leads are in the CRM within it; a burn of 1 uses up exactly that
 * budget, one of 14.4 uses up two days' of it in an hour. A burn is an alarm
 * only while a short and a long window agree: the long one so that a single
 * slow lead is none, the short one so that it ends when the trouble does.
 * Pure; ring of minutes, fixed memory.
 */
#ifndef LB_SLO_H
#define LB_SLO_H

#include <stdbool.h>
#include <stdint.h>

enum { SLO_MINUTES = 6 * 60, SLO_PERCENT = 99, SLO_LATE_MIN = 5 };

struct slo {
	int64_t minute; /* the newest of the ring; 0: none yet */
	uint32_t good[SLO_MINUTES], late[SLO_MINUTES];
};

/* Leads that came to an end since the last call; waits_late: the oldest one
 * that waits is late already, which counts as one late lead a minute. */
void slo_count(struct slo *s, int64_t mono_ms, uint64_t good, uint64_t late);
void slo_waits_late(struct slo *s, int64_t mono_ms);

/* Of the last so many minutes; 0 without a lead. */
double slo_burn(const struct slo *s, int minutes);

enum slo_pace {
	SLO_FAST, /* 5 minutes and 1 hour, 14.4 times the budget */
	SLO_SLOW, /* 30 minutes and 6 hours, 6 times the budget */
};
bool slo_burns(const struct slo *s, enum slo_pace pace);

#endif
