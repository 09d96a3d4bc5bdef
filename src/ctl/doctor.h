/* SPDX-License-Identifier: MIT */
/* Between doctor.c (the daemon and its addresses) and doctor_machine.c (what
 * it runs on). */
#ifndef LB_CTL_DOCTOR_H
#define LB_CTL_DOCTOR_H

#include "ctl/ctl.h"
#include "leadbridge/config.h"

enum doctor_level { DOCTOR_OK, DOCTOR_SKIPPED, DOCTOR_WARN, DOCTOR_BAD };

struct doctor {
	struct ctl *ctl;
	struct config *config;      /* NULL: not readable */
	struct json_object *status; /* NULL: no daemon */
	struct buf json;
	int count[DOCTOR_BAD + 1];
};

void doctor_say(struct doctor *d, enum doctor_level level, const char *what,
		const char *format, ...) LB_PRINTF(4, 5);
void doctor_machine(struct doctor *d); /* clock, unit */
void doctor_store(struct doctor *d);   /* the disk it is on */

#endif
