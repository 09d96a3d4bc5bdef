/* SPDX-License-Identifier: MIT */
/*
 * One expression of a profile or of a source's `map` and `filter`. What only
 * walks (".email", ".data.mail, .mail", "$root.id", a text in quotes) is
 * evaluated here, in C; everything else is jq and evaluated in lead/mapping.c
 * before. Both give a list of candidates, of which the first usable one
 * counts. Pure, any thread.
 */
#ifndef LB_EXPRESSION_H
#define LB_EXPRESSION_H

#include "lead/mapping.h"
#include "leadbridge/value.h"

enum choice_kind {
	CHOICE_EVENT,   /* .path */
	CHOICE_ROOT,    /* $root.path */
	CHOICE_HEADERS, /* $headers.path */
	CHOICE_QUERY,   /* $query.path */
	CHOICE_TEXT,    /* "text" */
};

struct choice {
	enum choice_kind kind;
	char *path; /* or the text */
	struct value text;
};

struct expression {
	char *text; /* NULL: there is none */
	struct choice *choices;
	size_t n_choices; /* 0: it is jq */
	size_t slot;      /* of jq: index in the program's rows */
	int line;         /* in its file */
};

/* What expressions are applied to. */
struct evaluation {
	const struct value *event, *root, *headers, *query;
	const struct value *row; /* of mapping_run, or NULL */
};

/* Fills e, which is zeroed; text is copied. */
void expression_parse(struct expression *e, struct str text, int line);
void expression_release(struct expression *e);
static inline bool expression_is_jq(const struct expression *e)
{
	return e->text != NULL && e->n_choices == 0;
}

/* Candidate i, or NULL; *more is false after the last. A missing value is a
 * NULL among others. */
const struct value *expression_candidate(const struct expression *e,
					 const struct evaluation *v, size_t i,
					 bool *more);
/* The first candidate that is a text, number or bool and not "no value"; of an
 * array its elements are tried. STR_NONE when there is none. */
struct str expression_text(const struct expression *e,
			   const struct evaluation *v);
/* The first candidate that is neither null nor an empty text. */
const struct value *expression_value(const struct expression *e,
				     const struct evaluation *v);
/* As jq judges: false, null and nothing are false, all else is true; but the
 * texts "false" and "" are false too, since forms know no other. */
bool expression_true(const struct expression *e, const struct evaluation *v);
/* Why it has no value: jq's error, or STR_NONE. */
struct str expression_error(const struct expression *e,
			    const struct evaluation *v);

#endif
