/* SPDX-License-Identifier: MIT */
/*
 * Writes the metrics log: one line every interval and one at the end, to
 * stdout or a file that SIGUSR1 reopens. Loop thread.
 */
#ifndef LB_REPORTER_H
#define LB_REPORTER_H

#include "operate/road.h"

struct reporter;

LB_MUST_CHECK int reporter_new(struct reporter **out, struct road *r,
			       struct err *err);
void reporter_free(struct reporter *p); /* writes the last line */
/* SIGUSR1, or a reload that changed path or interval. */
LB_MUST_CHECK int reporter_reopen(struct reporter *p, struct err *err);

#endif
