/* SPDX-License-Identifier: MIT */
/*
 * What would become of a request, and why, without a daemon: the proof with
 * what is probably wrong with it, the events, the leads. Asks the same code
 * that judges live requests. Command line only; nothing is stored or sent.
 */
#ifndef LB_EXPLAIN_H
#define LB_EXPLAIN_H

#include "leadbridge/config.h"
#include "leadbridge/store.h"

enum { EXPLAIN_HINTS_MAX = 12, EXPLAIN_HEADERS_MAX = 100 };

struct explain {
	struct arena arena; /* of everything below */
	struct request request;
	struct header headers[EXPLAIN_HEADERS_MAX];
	bool raw; /* the file held a request line: its path is judged */
	/* Out: */
	const char *why; /* it would be refused; NULL: it would not */
	int status;      /* of the answer; 200: stored */
	const char *hints[EXPLAIN_HINTS_MAX];
	size_t n_hints;
	/* What it becomes; when it is refused, what it would become if what
	 * the hints say were put right. NULL: nobody knows. The caller's. */
	struct submission *sub;
	const struct source_trace *traces; /* of the events of sub, in order */
};

/* A whole request ("POST /in/shop HTTP/1.1", headers, blank line, body, lines
 * ending in LF or CRLF) or a body alone; `more` are further headers, "N: v".
 * e is zeroed; text is borrowed. */
LB_MUST_CHECK int explain_read(struct explain *e, const struct source *source,
			       struct str text, const char *const *more,
			       size_t n_more, struct err *err);
/* Judges e->request as of its received_at_ms. */
void explain_judge(struct explain *e, const struct source *source,
		   const struct config *config);
void explain_release(struct explain *e);

#endif
