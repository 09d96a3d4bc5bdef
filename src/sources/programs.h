/* SPDX-License-Identifier: MIT */
/*
 * `map` and `filter` of any source: expressions of the configuration over the
 * events of whatever adapter the source has.
 */
#ifndef LB_PROGRAMS_H
#define LB_PROGRAMS_H

#include "leadbridge/source.h"
#include "sources/expression.h"

struct source_program {
	struct expression *map; /* one per entry of source.map */
	size_t n_map;
	struct expression filter;
	struct mapping *mapping; /* NULL: all of them only walk */
};

/* Which expression is wrong. */
struct program_problem {
	const char *key; /* of `map`, or NULL: filter */
	int line;        /* in the expression's text */
};

/* Parses and compiles; once per source. */
LB_MUST_CHECK int programs_prepare(struct source *source,
				   struct program_problem *problem,
				   struct err *err);
void programs_release(struct source *source);
/* Runs the program on every event that may become a lead. */
void programs_run(const struct source_call *call, struct event_list *events);
/* filter, and what failed: may change fate and reason. */
void programs_judge(const struct source_call *call, struct event *event);
/* What `map` says of a lead field: a text, or STR_NONE. */
struct str programs_text(const struct source_call *call,
			 const struct event *event, const char *name);
/* Whether an entry of `map` is not a field but "file:PATH": a program that
 * yields an object of fields. */
static inline bool program_is_whole(const char *name)
{
	return str_starts(str_from(name), STR("file:"));
}
/* What entry i of `map` gives, or NULL. */
const struct value *programs_value(const struct source_call *call,
				   const struct event *event, size_t i);

#endif
