/* SPDX-License-Identifier: MIT */
/*
 * Collecting what is wrong with a configuration: every problem, in the order
 * of file, line and column, with a ceiling so that a broken file of a megabyte
 * is not answered by a hundred megabytes.
 */
#ifndef LB_PROBLEMS_H
#define LB_PROBLEMS_H

#include "leadbridge/config.h"

enum { PROBLEMS_MAX = 500 };

struct place { /* where; file is borrowed */
	const char *file;
	int line, column;
};

void problems_error(struct config_problems *p, struct place at,
		    const char *format, ...) LB_PRINTF(3, 4);
void problems_warn(struct config_problems *p, struct place at,
		   const char *format, ...) LB_PRINTF(3, 4);
/* An error that holds only while this destination has leads. */
void problems_orphan(struct config_problems *p, struct place at,
		     const char *destination, const char *format, ...)
    LB_PRINTF(4, 5);
void problems_sort(struct config_problems *p);

#endif
