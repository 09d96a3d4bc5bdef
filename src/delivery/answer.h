/* SPDX-License-Identifier: MIT */
/*
 * What is read from the body of a CRM's answer: whether it holds a lead, that
 * lead's id, the error's own words. Pure; the body is the other side's.
 */
#ifndef LB_DELIVERY_ANSWER_H
#define LB_DELIVERY_ANSWER_H

#include "leadbridge/outcome.h"

enum {
	ANSWER_KEPT_MAX = 4096, /* of a refusal, with the lead */
};

/* A JSON object with a member "lead". */
bool answer_has_lead(struct str body);
/* lead.id as text into out (cut to cap); "" when there is none. */
void answer_lead_id(struct str body, char *out, size_t cap);
/* error.code, .type or .message says that the same key is being worked on. */
bool answer_in_progress(struct str body);
/* The first 4 KiB as text without control characters; from malloc. */
char *answer_keep(struct str body);

/* The headers of an answer that are read, and where each goes; of several for
 * the same place the first that is there. Ends with name NULL. */
struct answer_header {
	size_t offset; /* of a struct str in struct attempt_result */
	const char *name;
};
extern const struct answer_header answer_headers[];

#endif
