/* SPDX-License-Identifier: MIT */
/* Between the two halves of the JSON parser: the text, and its strings. */
#ifndef LB_JSON_H
#define LB_JSON_H

#include "leadbridge/arena.h"
#include "leadbridge/err.h"
#include "leadbridge/str.h"

struct json_text {
	char *start, *at, *end; /* writable copy; a NUL stands at end */
	struct str source;      /* untouched, for messages */
	bool lenient;           /* raw tabs and line ends in strings */
	struct err *err;
};

struct json_text json_text(struct arena *a, struct str source, bool lenient,
			   struct err *err);
/* At a quote: decodes the string in place and moves behind it. */
LB_MUST_CHECK int json_string(struct json_text *t, struct str *out);
/* Fills err with what, and with line and column of t->at; returns code. */
int json_fail(struct json_text *t, int code, const char *what);

#endif
