/* SPDX-License-Identifier: MIT */
/*
 * Inside lead/: what the parts of the record need from one another.
 */
#ifndef LB_LEAD_FIELDS_H
#define LB_LEAD_FIELDS_H

#include "leadbridge/lead.h"

/* Splits "Jane Doe <jane@example.com>"; *display is the name or STR_NONE. */
struct str email_split(struct str text, struct str *display);
/* Addresses typed to get past a form: none@none.com. */
bool email_placeholder(struct str address);
/* ASCII form of a host name with other letters ("xn--…"), or STR_NONE. */
struct str punycode_host(struct arena *a, struct str host);

/* Whether a field of that slug must not leave: secrets, captchas, cards. */
bool slug_refused(struct str slug);

/* Tells whoever traces the lead. */
void lead_input(const struct lead *l, struct str member, struct str text,
		const struct value *v);

/* Adds or replaces without asking; takes the last place when all are taken.
 * For what lead_finish has to say. */
void field_note(struct lead *l, const char *slug, enum field_type type,
		struct str text);
/* Whether text is a number a JSON reader with doubles gives back unchanged. */
bool number_safe(struct str text);
/* Bytes of text as a JSON string, quotes included, at most. */
size_t json_bytes(struct str text);

#endif
