/* SPDX-License-Identifier: MIT */
/* Burn rate over windows of minutes; see the header. */
#include "operate/slo.h"

#include <string.h>

static void turn(struct slo *s, int64_t mono_ms)
{
	int64_t minute = mono_ms / 60000 + 1; /* 0 means none */
	if (minute - s->minute >= SLO_MINUTES || minute < s->minute) {
		memset(s, 0, sizeof(*s));
		s->minute = minute;
	}
	while (s->minute < minute) {
		s->minute++;
		s->good[s->minute % SLO_MINUTES] = 0;
		s->late[s->minute % SLO_MINUTES] = 0;
	}
}

static void add(uint32_t *n, uint64_t more)
{
	*n = more > UINT32_MAX - *n ? UINT32_MAX : *n + (uint32_t)more;
}

void slo_count(struct slo *s, int64_t mono_ms, uint64_t good, uint64_t late)
{
	turn(s, mono_ms);
	add(&s->good[s->minute % SLO_MINUTES], good);
	add(&s->late[s->minute % SLO_MINUTES], late);
}

void slo_waits_late(struct slo *s, int64_t mono_ms)
{
	turn(s, mono_ms);
	if (s->late[s->minute % SLO_MINUTES] == 0)
		s->late[s->minute % SLO_MINUTES] = 1;
}

static void sum(const struct slo *s, int minutes, uint64_t *good,
		uint64_t *late)
{
	*good = *late = 0;
	for (int i = 0; i < minutes && s->minute - i > 0; i++) {
		*good += s->good[(s->minute - i) % SLO_MINUTES];
		*late += s->late[(s->minute - i) % SLO_MINUTES];
	}
}

double slo_burn(const struct slo *s, int minutes)
{
	uint64_t good, late;
	sum(s, minutes, &good, &late);
	if (good + late == 0)
		return 0;
	return (double)late / (double)(good + late) * 100.0 /
	       (100 - SLO_PERCENT);
}

bool slo_burns(const struct slo *s, enum slo_pace pace)
{
	static const struct {
		int brief, lasting;
		double burn;
	} rows[] = {
	    [SLO_FAST] = {5, 60, 14.4},
	    [SLO_SLOW] = {30, 6 * 60, 6},
	};
	uint64_t good, late;
	sum(s, rows[pace].lasting, &good, &late);
	return late >= SLO_LATE_MIN &&
	       slo_burn(s, rows[pace].brief) >= rows[pace].burn &&
	       slo_burn(s, rows[pace].lasting) >= rows[pace].burn;
}
