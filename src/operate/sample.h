/* SPDX-License-Identifier: MIT */
/*
 * A request as the sender of a source would make it, proven with the configured
 * secrets: the platform's own test event where there is one, a dry run where
 * the URL has a token, else something that would become a lead. Command line
 * only; the request holds secrets and is not to be printed.
 */
#ifndef LB_SAMPLE_H
#define LB_SAMPLE_H

#include "leadbridge/config.h"

enum { SAMPLE_HEADERS = 16 };

enum sample_kind {
	SAMPLE_TEST,    /* marked as a test: recorded, no lead */
	SAMPLE_DRY_RUN, /* nothing is stored */
	SAMPLE_LEAD,    /* goes to the CRM like any other */
};

struct sample {
	struct arena arena; /* of everything below; released by the caller */
	enum sample_kind kind;
	struct request request; /* method, target, headers, body */
	struct header headers[SAMPLE_HEADERS];
};

/* s is zeroed. LB_EDENIED: nobody but the sender can make one. */
LB_MUST_CHECK int sample_make(struct sample *s, const struct source *source,
			      const struct config *config, int64_t now_ms,
			      struct err *err);

#endif
