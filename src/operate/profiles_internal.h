/* SPDX-License-Identifier: MIT */
/*
 * Between the two files that read profiles.
 */
#ifndef LB_PROFILES_INTERNAL_H
#define LB_PROFILES_INTERNAL_H

#include "operate/profiles.h"

/* NULL: reported. */
struct profile *profile_read(struct reader *r, const struct node *root);

#endif
