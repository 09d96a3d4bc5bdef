/* SPDX-License-Identifier: MIT */
/*
 * The person in a lead's JSON, and the same data with what identifies a person
 * taken out: first letter, country prefix, last digits, host. Pure, any thread.
 */
#ifndef LB_LEAD_MASK_H
#define LB_LEAD_MASK_H

#include "leadbridge/arena.h"
#include "leadbridge/buf.h"

struct person {
	struct str name, phone, email; /* NONE where there is none */
};

/* Reads what lead_to_json() wrote. False: these bytes are no lead's. */
bool person_read(struct arena *a, struct str body, struct person *out);

/* {"name":"A•••","phone":"+1•••67","email":"a•••@example.com"}; members that
 * are not there are null. masked false: as they are. */
void person_to_json(const struct person *p, bool masked, struct buf *out);

/* Text without personal data. JSON keeps its shape: member names stay, every
 * value but null becomes "•••". A form or anything else becomes a word on how
 * much there was. */
void mask_text(struct str text, struct buf *out);
/* The same of what lead_to_json() wrote: the words that no person chose stay
 * (source_platform, source_type, stage_slug), contacts are masked as above. */
void mask_lead(struct str body, struct buf *out);
/* What the CRM said to a lead: type and code of its error stay, and its message
 * when no word of the lead, no address and no longer number is in it. */
void mask_answer(struct str answer, struct str lead_body, struct buf *out);

#endif
