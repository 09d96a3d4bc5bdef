/* SPDX-License-Identifier: MIT */
/* What alarms.c keeps and alarms_show.c shows. */
#ifndef LB_ALARMS_INTERNAL_H
#define LB_ALARMS_INTERNAL_H

#include "base/loop.h"
#include "operate/alarms.h"
#include "operate/alarms_judge.h"
#include "operate/alarms_send.h"

struct alarms {
	struct road *road;
	struct judge *judge;
	struct sender *sender;
	struct loop_timer *timer;
	char *memory;                /* path of what must outlive a restart */
	int64_t saved_at;            /* monotonic */
	bool touched;                /* since then */
	struct notice *first, *last; /* of this look */
	void (*changed)(void *ctx);
	void *ctx;
};

#endif
