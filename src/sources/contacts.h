/* SPDX-License-Identifier: MIT */
/*
 * Finds name, phone and e-mail in a payload whose member names nobody fixed:
 * web forms, hand-written JSON. By name first, by value last.
 */
#ifndef LB_CONTACTS_H
#define LB_CONTACTS_H

#include "leadbridge/source.h"

/* Sets what of the contact is found in object and its nested objects; all other
 * members become custom fields, but those named in `skip` (ends with NULL).
 * With `guess` false no contact is looked for. */
void contacts_map(const struct source_call *call, const struct value *object,
		  const char *const *skip, bool guess, struct lead *lead);

/* The payload in one spelling, for content hashes: a browser makes up a new
 * multipart boundary for each try. */
struct str contacts_canonical(const struct source_call *call,
			      const struct value *payload);

#endif
