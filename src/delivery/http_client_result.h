/* SPDX-License-Identifier: MIT */
/* For http_client.c: reads a call that is over. */
#ifndef LB_HTTP_CLIENT_RESULT_H
#define LB_HTTP_CLIENT_RESULT_H

#include <curl/curl.h>
#include <stdbool.h>

#include "leadbridge/outcome.h"

struct http_finished {
	CURL *easy;
	CURLcode code;
	bool headers_done; /* the answer's status line and headers are whole */
	bool forbidden;    /* an address was refused */
	struct str body;
};

/* *r borrows from the handle and the body. */
void http_finished_read(const struct http_finished *call,
			struct attempt_result *r);
/* While connected, over a new connection or one used again: when the other
 * side's certificate ends; 0 without TLS. */
int64_t http_certificate_ends_ms(CURL *easy);

#endif
