/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the configuration check.
 */
#ifndef LB_CONFIG_CHECK_H
#define LB_CONFIG_CHECK_H

#include "operate/config_read.h"

/* Place of a key below n, or of the nearest that is there. */
struct place place_within(const struct reader *r, const struct node *n,
			  const char *dotted);
/* The i-th source: destinations, route, origins, proof. */
void config_check_source(struct reader *r, size_t i);
/* The section alarms. */
void config_check_alarms(struct reader *r, const struct node *root);

#endif
