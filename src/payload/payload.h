/* SPDX-License-Identifier: MIT */
/*
 * Bytes to one tree of values, whatever the sender's format, each under
 * ceilings. Pure, any thread; every parser is a fuzz target. Called by the
 * source engine after the signature was judged (before it only where the proof
 * lies inside the body). The tree lives in the arena and outlives the bytes.
 */
#ifndef LB_PAYLOAD_H
#define LB_PAYLOAD_H

#include "leadbridge/arena.h"
#include "leadbridge/request.h"
#include "leadbridge/value.h"

struct payload_limits {
	size_t depth;  /* nesting of objects and arrays */
	size_t values; /* scalars, members and containers, all together */
};

/* RFC 8259, one strict pass: UTF-8, depth, value count, controls, lone
 * surrogates, number range (at most 64 characters, exponent within 400), no
 * \u0000, nothing behind the document, one leading BOM is skipped. A member
 * given twice: the last wins and the object is marked. With `lenient`, raw
 * tabs and line ends inside strings are taken. err names line and column. */
LB_MUST_CHECK int payload_json(struct arena *a, struct str text,
			       const struct payload_limits *limits,
			       bool lenient, struct value **out,
			       struct err *err);

/* application/x-www-form-urlencoded into an object of strings. PHP brackets
 * ("a[b]", "a[]") and repeated names become objects and arrays. Bytes that are
 * not UTF-8 are read as windows-1252. Also for query strings. */
LB_MUST_CHECK int payload_form(struct arena *a, struct str text,
			       const struct payload_limits *limits,
			       struct value **out, struct err *err);

/* multipart/form-data; a file becomes "name (N bytes)", marked. */
LB_MUST_CHECK int payload_multipart(struct arena *a, struct str text,
				    struct str boundary,
				    const struct payload_limits *limits,
				    struct value **out, struct err *err);

/* By the request's Content-Type, as far as `kinds` (enum payload_kinds of
 * source.h) allows; without a Content-Type the first byte decides between JSON
 * and form. What comes as a form but is JSON (curl -d) is read as JSON where
 * `kinds` has it. A token (jwt.h) is known by its look: senders give
 * it any type. LB_EDENIED: a type this source can never use (415). */
LB_MUST_CHECK int payload_parse(struct arena *a, const struct request *request,
				unsigned kinds,
				const struct payload_limits *limits,
				bool lenient, struct value **out,
				struct err *err);

#endif
