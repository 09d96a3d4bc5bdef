/* SPDX-License-Identifier: MIT */
/*
 * Takes one element of a list out of JSON text: everything else stays as it
 * was written, byte for byte. The text was read by payload_json() before and
 * found well formed. Pure.
 */
#ifndef LB_JSON_CUT_H
#define LB_JSON_CUT_H

#include "leadbridge/buf.h"
#include "leadbridge/str.h"

struct json_step {
	struct str key; /* of a member; STR_NONE: an element of a list */
	size_t index;   /* of the element */
};

/* The last step is an element. LB_EINVAL: there is none, or a name on the way
 * is written with escapes. */
LB_MUST_CHECK int json_cut(struct str text, const struct json_step *steps,
			   size_t n, struct buf *out);

#endif
