/* SPDX-License-Identifier: MIT */
/* What rehearsal.c (compares) and rehearsal_show.c (tells) share. */
#ifndef LB_REHEARSAL_PARTS_H
#define LB_REHEARSAL_PARTS_H

#include "operate/rehearsal.h"

enum {
	EXAMPLES_MAX = 3,
	CHANGES_MAX = 500, /* of one source; more are not told apart */
};

enum change_kind { CHANGE_CHANGED, CHANGE_ADDED, CHANGE_REMOVED };

struct example {
	struct str now, next; /* NONE: not there */
};

struct change {
	struct change *next;
	struct str member; /* "contact_phone", "custom_fields.x", "key", ... */
	enum change_kind kind;
	int64_t n;
	struct example examples[EXAMPLES_MAX];
};

struct tally { /* of one source */
	struct tally *next;
	struct str source;
	int64_t requests, differ;
	struct change *changes;
	size_t n_changes;
};

struct rehearsal {
	const struct config *now, *next;
	struct arena arena;
	struct tally *first;
	int64_t requests, differ, skipped;
};

struct comparing { /* one request */
	struct rehearsal *r;
	struct tally *tally;
	struct arena scratch;
	bool differs;
};

#endif
