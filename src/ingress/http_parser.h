/* SPDX-License-Identifier: MIT */
/*
 * Strict incremental HTTP/1.x request parser (RFC 9112). Pure: fed with bytes
 * in pieces of any size, it says what they are; how they were cut never changes
 * the answer. It keeps the head of one request; body bytes are handed out where
 * they lie. Anything two programs could read differently is refused.
 */
#ifndef LB_HTTP_PARSER_H
#define LB_HTTP_PARSER_H

#include "leadbridge/buf.h"
#include "leadbridge/request.h"

struct http_limits {
	size_t target_bytes; /* 414 */
	size_t header_bytes; /* 431; trailers have the same */
	size_t header_count; /* 431 */
};

enum http_event {
	HTTP_GOT_PART, /* all was eaten, nothing is complete */
	HTTP_GOT_HEAD, /* the headers are complete: p->request, p->... */
	HTTP_GOT_BODY, /* p->data holds decoded body bytes, valid now only */
	HTTP_GOT_ALL,  /* the request is complete; then http_parser_next() */
	HTTP_GOT_BAD,  /* p->status, p->reason; for ever */
};

enum http_state {
	HTTP_AT_START,    /* nothing yet; one CRLF is skipped */
	HTTP_AT_START_LF, /* behind the CR of that one */
	HTTP_IN_LINE,     /* request line or header line */
	HTTP_AT_BODY,     /* headers done, body starts */
	HTTP_IN_LENGTH,   /* Content-Length bytes */
	HTTP_IN_SIZE,     /* chunk-size digits */
	HTTP_IN_EXTENSION,
	HTTP_AT_SIZE_LF,
	HTTP_IN_CHUNK,
	HTTP_AT_CHUNK_CR,
	HTTP_AT_CHUNK_LF,
	HTTP_AT_TRAILER, /* first byte of a trailer line, or the last CR */
	HTTP_IN_TRAILER_NAME,
	HTTP_IN_TRAILER_VALUE,
	HTTP_AT_TRAILER_LF,
	HTTP_AT_LAST_LF,
	HTTP_AT_END,
	HTTP_AT_NEXT, /* HTTP_GOT_ALL was said */
	HTTP_FAILED,
};

struct http_span {
	uint32_t at, n;
};

struct http_line {
	struct http_span name, value;
};

struct http_parser {
	/* The result. */
	struct request request; /* method, target, path, query, headers */
	bool http11;
	bool keep_alive; /* by version and Connection */
	bool expect_continue;
	bool has_body;           /* chunked, or a length above 0 */
	bool chunked;            /* decoded here */
	uint64_t content_length; /* 0 when there is none */
	struct str data;
	int status;
	const char *reason; /* static */

	/* May be set at HTTP_GOT_HEAD: a greater body is refused with 413. */
	uint64_t body_max;

	/* Inside. */
	struct http_limits limits;
	enum http_state state;
	bool skipped_crlf;
	struct buf head;
	size_t line_at;   /* where the line in work starts in head */
	size_t header_at; /* where the header lines start, 0: not yet */
	struct http_line *lines;
	size_t n_lines, cap_lines, cap_headers;
	struct http_span method_span, target_span;
	uint64_t left;    /* of the body or of the chunk */
	uint64_t decoded; /* body bytes so far */
	size_t digits;    /* of the chunk size */
	size_t extra;     /* extension or trailer bytes so far */
	size_t n_trailers;
};

void http_parser_init(struct http_parser *p, const struct http_limits *limits);
void http_parser_release(struct http_parser *p);
/* Ready for the next request of the connection; keeps the memory. */
void http_parser_next(struct http_parser *p);
/* Gives the memory of the last request back (idle connections). */
void http_parser_idle(struct http_parser *p);
/* Takes what it uses off *in. Call again until HTTP_GOT_PART or HTTP_GOT_BAD,
 * also with an empty *in: HTTP_GOT_ALL may need no further byte. */
enum http_event http_parser_feed(struct http_parser *p, struct str *in);
/* Nothing of a request has arrived (a skipped CRLF does not count). */
bool http_parser_at_start(const struct http_parser *p);

/* ---- http_head.c: one complete line, or the whole head ------------------- */

#define HTTP_CHAR_TOKEN  1u /* tchar */
#define HTTP_CHAR_VALUE  2u /* field value: HTAB, blank, visible, >= 0x80 */
#define HTTP_CHAR_TARGET 4u /* request target: visible, >= 0x80 */
#define HTTP_CHAR_HOST   8u
#define HTTP_METHOD_MAX  32u
unsigned http_char(char c);
/* A line without its CRLF. 0, or HTTP_GOT_BAD's status in p->status. */
LB_MUST_CHECK int http_request_line(struct http_parser *p, struct str line);
LB_MUST_CHECK int http_header_line(struct http_parser *p, struct str line);
/* Fills p->request and the framing. */
LB_MUST_CHECK int http_head_finish(struct http_parser *p);
/* Notes why; returns LB_EINVAL. */
int http_refuse(struct http_parser *p, int status, const char *reason);

#endif
