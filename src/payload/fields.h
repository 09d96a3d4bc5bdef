/* SPDX-License-Identifier: MIT */
/*
 * Named fields to a tree, the same for urlencoded and multipart forms: PHP
 * brackets become objects and lists, repeated names become lists, bytes that
 * are not UTF-8 are read as windows-1252. Nothing sent is dropped: a name that
 * does not fit what came before is kept as it is written.
 */
#ifndef LB_FIELDS_H
#define LB_FIELDS_H

#include "payload/members.h"
#include "payload/payload.h"

struct fields {
	struct arena *arena;
	struct members members;
	struct value *root;
	size_t left; /* values still allowed */
	size_t depth;
};

/* LB_ELIMIT where not even the outer object is allowed. */
LB_MUST_CHECK int fields_init(struct fields *f, struct arena *a,
			      const struct payload_limits *limits,
			      struct err *err);
/* name and value are raw bytes that live as long as the arena. */
LB_MUST_CHECK int fields_add(struct fields *f, struct str name,
			     struct str value, unsigned flags, struct err *err);
/* "0", "1", "2" … become lists; the tree is complete. */
struct value *fields_end(struct fields *f);
/* UTF-8 without NUL: text itself, or a copy read as windows-1252. */
struct str fields_text(struct arena *a, struct str text);

#endif
