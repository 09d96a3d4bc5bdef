/* SPDX-License-Identifier: MIT */
/*
 * Expressions in jq over payloads: all expressions of a profile or a source in
 * one program, compiled once. The only user of libjq.
 *
 * libjq has no limit of steps: an expression may run for ever. Nothing here is
 * called for a request on the loop thread; operate/mapper.c runs it elsewhere
 * and gives up on what takes too long. Compiling is safe anywhere, since it
 * runs nothing of the program. Any thread; one compiled state belongs to one
 * thread at a time.
 */
#ifndef LB_LEAD_MAPPING_H
#define LB_LEAD_MAPPING_H

#include "leadbridge/arena.h"
#include "leadbridge/value.h"

struct mapping;

enum mapping_limits {
	MAPPING_TEXT_MAX = 64 * 1024,  /* of one expression */
	MAPPING_VALUES_MAX = 50000,    /* in the results of one run */
	MAPPING_BYTES_MAX = 8 << 20,   /* the same in bytes */
	MAPPING_EVENTS_MAX = 1000 + 1, /* one more than a request may have */
	MAPPING_DEPTH_MAX = 64,        /* of a result */
};

/* Which expression does not compile, and jq's own words. */
struct mapping_problem {
	size_t which;   /* index; the count of expressions: `each` */
	int line;       /* in the expression's text, 1-based */
	char text[300]; /* jq's message, one line */
};

/* `each` (or STR_NONE: the events are handed in) yields the events; every
 * expression is then applied to each of them. In all of them $root is the
 * payload, $headers and $query are objects of text. */
LB_MUST_CHECK int mapping_new(const struct str *expressions, size_t n,
			      struct str each, struct mapping **out,
			      struct mapping_problem *problem);
void mapping_free(struct mapping *m); /* NULL is fine */

struct mapping_input {
	const struct value *root, *headers, *query; /* NULL: null */
	const struct value *const *events;          /* without `each` */
	size_t n_events;
};

/* The results: an array with one array for each event, in order. That holds,
 * for each expression, the array of what it yielded, or the text of its error;
 * with `each`, the event itself comes last. Integers from 2^53 on went in as
 * text. LB_EINVAL: `each` failed; LB_ELIMIT: the results are too large. */
LB_MUST_CHECK int mapping_run(struct mapping *m, const struct mapping_input *in,
			      struct arena *arena, const struct value **out,
			      struct err *err);

#endif
