/* SPDX-License-Identifier: MIT */
/*
 * Contacts as keyed hashes: enough to find the same person in two lists, and
 * nothing that tells who it is. Follows the CRM's own merge rule: same e-mail,
 * or same last ten digits of the phone. Pure, any thread.
 */
#ifndef LB_LEAD_SUMS_H
#define LB_LEAD_SUMS_H

#include "leadbridge/str.h"

enum { SUM_TEXT = 33 }; /* 32 hex digits and a NUL */

/* out is "" where there is nothing to compare. */
void sum_email(struct str key, struct str email, char out[SUM_TEXT]);
void sum_phone(struct str key, struct str phone, char out[SUM_TEXT]);

#endif
