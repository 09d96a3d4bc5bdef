/* SPDX-License-Identifier: MIT */
/*
 * A platform described in a YAML file: everything an adapter in C would say,
 * as data. operate/profiles.c reads the file; this makes a struct source_ops
 * of it. docs/profiles.md describes the format.
 */
#ifndef LB_PROFILE_H
#define LB_PROFILE_H

#include "leadbridge/source.h"
#include "sources/expression.h"
#include "sources/mail.h"

/* A constant, or what a table makes of an expression. */
struct profile_rule {
	char *fixed;
	struct expression from;
	struct text_map map; /* n == 0: the text itself */
	char *fallback;
};

struct profile_field {
	char *slug;
	struct profile_rule rule;
};

struct profile_answer {
	int64_t status; /* 0: 200 */
	char *body, *content_type;
};

struct profile {
	struct source_ops ops; /* filled by profile_finish() */
	char *platform, *file, *about, *documentation;
	/* How it arrives and who is proven. */
	struct text_list payloads; /* json form multipart; none: json */
	bool lenient, attribution;
	bool camel_case; /* names of answers are written likeThis */
	struct scheme_rule scheme;
	char *secret_in_body;     /* value path, or NULL */
	char *challenge_param;    /* GET: this query parameter is echoed */
	char *challenge_token;    /* and this one must be a secret */
	struct text_list headers; /* offered as $headers, and stored */
	/* What happened. */
	struct expression each, id, event, account, occurred_at, test, filter;
	struct mail_rule mail;   /* the event is an e-mail */
	struct text_list events; /* default events; its v ends with NULL */
	/* The lead. */
	struct profile_rule source_platform, source_type, stage_slug;
	struct expression contact_name, not_names, contact_email;
	struct expression contact_phone;
	struct expression answers, rest, landing_page;
	struct profile_field *fields;
	size_t n_fields;
	struct text_list except; /* its v ends with NULL */
	/* What goes back. */
	struct profile_answer answer;
	int64_t try_later, refusal; /* statuses; 0: 503, 401 */
	size_t max_body;
	/* Made by profile_finish() and profile_compile(). */
	struct expression **jq; /* those a program evaluates; each is not */
	size_t n_jq;
	bool uses_query;
	struct mapping *program;
	bool compiled;
	bool own; /* the operator's: not from the first folder */
};

/* All is read: fills ops. Compiles nothing. */
LB_MUST_CHECK int profile_finish(struct profile *p, struct err *err);
/* Compiles the program, where there is one; once. *line is the line of the
 * expression jq refuses. */
LB_MUST_CHECK int profile_compile(struct profile *p, int *line,
				  struct err *err);
void profile_free(struct profile *p); /* NULL is fine */

/* Whether mapping runs a program: then never on the loop thread. */
static inline bool profile_runs_program(const struct source *source)
{
	return source->ops->profile != NULL &&
	       source->ops->profile->program != NULL;
}
/* Whether the profile of this source (if it has one) needs the header again
 * when a stored request is mapped anew. */
bool profile_keeps_header(const struct source *source, struct str name);

/* profile_map.c: the callback map(). */
void profile_map(const struct source_call *call, struct event *event,
		 struct lead *lead);

#endif
