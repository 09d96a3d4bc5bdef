/* SPDX-License-Identifier: MIT */
/*
 * The alarms of a running daemon: looks once a second, says what changed in the
 * log, hands notices to the sender, remembers what must outlive a restart. What
 * is an alarm is decided in alarms_judge.c. Loop thread.
 */
#ifndef LB_ALARMS_H
#define LB_ALARMS_H

#include "leadbridge/buf.h"
#include "leadbridge/err.h"

struct alarms;
struct road;

/* After the road is open. changed: the set of raised alarms is another. */
LB_MUST_CHECK int alarms_new(struct alarms **out, struct road *r,
			     void (*changed)(void *ctx), void *ctx,
			     struct err *err);
/* After the queue has stopped. Saves, and gives a last notice a moment. */
void alarms_free(struct alarms *a); /* NULL is fine */
/* A new configuration is in force. */
void alarms_reload(struct alarms *a);
/* The store gave up: nobody will turn the loop any more. */
void alarms_last_words(struct alarms *a);

/* ---- alarms_show.c: as others show them ---------------------------------- */

/* "2 alarms: destination_parked mega", or "". */
void alarms_show_status(const struct alarms *a, struct buf *out);
/* ,"alarms":[...] of the metrics log. */
void alarms_show_line(const struct alarms *a, struct buf *out);
/* "slo_burn_5m":0.0, "slo_burn_1h":... of a destination, each with a comma
 * behind it. */
void alarms_show_burn(const struct alarms *a, const char *destination,
		      struct buf *out);
/* The samples of leadbridge_alarm. */
void alarms_show_prometheus(const struct alarms *a, struct buf *out);
/* GET /api/v1/alarms */
void alarms_show_json(const struct alarms *a, struct buf *out);

#endif
