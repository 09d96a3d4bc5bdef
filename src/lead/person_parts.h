/* SPDX-License-Identifier: MIT */
/* Inside lead/: what person.c and person_match.c share. */
#ifndef LB_LEAD_PERSON_PARTS_H
#define LB_LEAD_PERSON_PARTS_H

#include "lead/phone.h"
#include "leadbridge/lead.h"
#include "leadbridge/person.h"

/* Its digits alone, up to PHONE_DIGITS_MAX of them; STR_NONE: it has more. */
struct str person_digits(struct arena *a, struct str text);

#endif
