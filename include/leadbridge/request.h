/* SPDX-License-Identifier: MIT */
/*
 * One received HTTP request, complete: what the ingress hands to a source.
 * Everything is borrowed from the connection and valid until the handler
 * returns. The target may hold a URL token: it is never logged.
 */
#ifndef LB_REQUEST_H
#define LB_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "leadbridge/str.h"

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_OTHER, /* a token, but not one of these: 501 */
};

struct header {
	struct str name; /* as sent; compare with str_ieq */
	struct str value;
};

struct request {
	enum http_method method;
	struct str method_text;
	struct str target; /* as sent: path and query */
	struct str path;   /* before '?', still percent-encoded */
	struct str query;  /* after '?', or STR_NONE */
	struct header *headers;
	size_t n_headers;
	struct str body;       /* raw bytes, after transfer decoding */
	struct str public_url; /* "https://host" from configuration, or NONE */
	struct str client;     /* textual address of the client, after
				* trusted_proxies; "unix" for a local socket */
	bool over_tls;
	int64_t received_at_ms; /* wall clock, when the body was complete */
};

/* First header of that name, or STR_NONE. */
struct str request_header(const struct request *r, const char *name);
/* How often a header of that name was sent. */
size_t request_header_count(const struct request *r, const char *name);
/* Media type of Content-Type, lower-casing left to str_ieq, no parameters. */
struct str request_media_type(const struct request *r);
/* Value of a Content-Type parameter (boundary, charset), unquoted. */
struct str request_media_param(const struct request *r, const char *name);
const char *http_method_name(enum http_method m);

/* What goes back. Header values must hold no control characters. */
struct reply {
	int status;
	const char *content_type; /* NULL: application/json */
	struct str body;          /* borrowed until the reply was queued */
	struct header extra[6];
	size_t n_extra;
	bool close; /* end the connection after it */
};

#endif
