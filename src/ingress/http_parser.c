/* SPDX-License-Identifier: MIT */
/*
 * Cuts a stream of bytes into request heads and bodies; see the header. What a
 * line means is http_head.c. Each state has one function that eats some bytes
 * and says what came of it.
 */
#include "ingress/http_parser.h"

#include <stdlib.h>

#include "base/codec.h"

enum { EXTENSION_MAX = 16384, CHUNK_EXTENSION_MAX = 256, SIZE_DIGITS = 16 };
/* Longest " HTTP/1.1" and CR behind a target. */
enum { LINE_REST = 11 };
enum { KEEP_HEAD = 4096, KEEP_HEADERS = 64 };

static enum http_event bad(struct http_parser *p, int status,
			   const char *reason)
{
	(void)!http_refuse(p, status, reason);
	return HTTP_GOT_BAD;
}

void http_parser_init(struct http_parser *p, const struct http_limits *limits)
{
	*p = (struct http_parser){.limits = *limits};
	buf_init(&p->head, HTTP_METHOD_MAX + limits->target_bytes +
			       limits->header_bytes + 64);
	p->body_max = UINT64_MAX;
}

void http_parser_idle(struct http_parser *p)
{
	buf_release(&p->head);
	free(p->lines);
	free(p->request.headers);
	p->lines = NULL;
	p->request.headers = NULL;
	p->cap_lines = p->cap_headers = 0;
}

void http_parser_release(struct http_parser *p)
{
	http_parser_idle(p);
	*p = (struct http_parser){0};
}

void http_parser_next(struct http_parser *p)
{
	if (p->head.cap > KEEP_HEAD || p->cap_lines > KEEP_HEADERS)
		http_parser_idle(p);
	struct http_parser fresh = {
	    .limits = p->limits,
	    .head = p->head,
	    .lines = p->lines,
	    .cap_lines = p->cap_lines,
	    .cap_headers = p->cap_headers,
	    .request.headers = p->request.headers,
	    .body_max = UINT64_MAX,
	};
	buf_reset(&fresh.head);
	*p = fresh;
}

bool http_parser_at_start(const struct http_parser *p)
{
	return p->state == HTTP_AT_START || p->state == HTTP_AT_START_LF;
}

static void eat(struct str *in, size_t n)
{
	*in = str_sub(*in, n, in->n);
}

static char eat_char(struct str *in)
{
	char c = in->p[0];
	eat(in, 1);
	return c;
}

/* ---- the head ------------------------------------------------------------ */

static enum http_event at_start(struct http_parser *p, struct str *in)
{
	if (in->p[0] == '\r' && !p->skipped_crlf) {
		eat(in, 1);
		p->skipped_crlf = true;
		p->state = HTTP_AT_START_LF;
		return HTTP_GOT_PART;
	}
	/* A TLS greeting on a plain port need not wait for a line end. */
	if ((http_char(in->p[0]) & HTTP_CHAR_TOKEN) == 0)
		return bad(p, 400, "request_line");
	p->state = HTTP_IN_LINE;
	return HTTP_GOT_PART;
}

static enum http_event at_start_lf(struct http_parser *p, struct str *in)
{
	if (eat_char(in) != '\n')
		return bad(p, 400, "request_line");
	p->state = HTTP_AT_START;
	return HTTP_GOT_PART;
}

/* The line in work has become too long, complete or not. */
static enum http_event line_too_long(struct http_parser *p)
{
	if (p->header_at > 0)
		return bad(p, 431, "header_bytes");
	struct str line = str_sub(buf_str(&p->head), 0, HTTP_METHOD_MAX + 1);
	return str_find(line, ' ') < 0 ? bad(p, 400, "request_line")
				       : bad(p, 414, "target_too_long");
}

static bool line_fits(const struct http_parser *p, size_t end)
{
	if (p->header_at > 0)
		return end - p->header_at <= p->limits.header_bytes;
	return end <= HTTP_METHOD_MAX + p->limits.target_bytes + LINE_REST;
}

static enum http_event line_complete(struct http_parser *p)
{
	struct str line = str_sub(buf_str(&p->head), p->line_at, p->head.n);
	if (line.n < 2 || line.p[line.n - 2] != '\r')
		return bad(p, 400, "bare_lf");
	line.n -= 2;
	p->line_at = p->head.n;
	if (p->header_at == 0) {
		p->header_at = p->head.n;
		return http_request_line(p, line) != 0 ? HTTP_GOT_BAD
						       : HTTP_GOT_PART;
	}
	if (line.n > 0)
		return http_header_line(p, line) != 0 ? HTTP_GOT_BAD
						      : HTTP_GOT_PART;
	if (http_head_finish(p) != 0)
		return HTTP_GOT_BAD;
	p->state = HTTP_AT_BODY;
	return HTTP_GOT_HEAD;
}

static enum http_event in_line(struct http_parser *p, struct str *in)
{
	const char *lf = memchr(in->p, '\n', in->n);
	size_t n = lf != NULL ? (size_t)(lf - in->p) + 1 : in->n;
	if (!line_fits(p, p->head.n + n)) {
		/* Only what line_too_long() looks at. */
		size_t look = HTTP_METHOD_MAX + 1;
		if (p->head.n < look)
			buf_add(&p->head, in->p,
				n < look - p->head.n ? n : look - p->head.n);
		return line_too_long(p);
	}
	buf_add(&p->head, in->p, n);
	eat(in, n);
	return lf != NULL ? line_complete(p) : HTTP_GOT_PART;
}

/* ---- the body ------------------------------------------------------------ */

static enum http_event at_body(struct http_parser *p)
{
	if (p->content_length > p->body_max)
		return bad(p, 413, "too_large");
	p->left = p->content_length;
	p->state = p->chunked    ? HTTP_IN_SIZE
		   : p->left > 0 ? HTTP_IN_LENGTH
				 : HTTP_AT_END;
	return HTTP_GOT_PART;
}

static enum http_event hand_out(struct http_parser *p, struct str *in,
				enum http_state then)
{
	size_t n = in->n < p->left ? in->n : (size_t)p->left;
	p->data = str_sub(*in, 0, n);
	eat(in, n);
	p->left -= n;
	p->decoded += n;
	if (p->left == 0)
		p->state = then;
	return HTTP_GOT_BODY;
}

static enum http_event size_complete(struct http_parser *p)
{
	/* Both sides bounded: no sum can wrap. */
	if (p->left > p->body_max || p->decoded > p->body_max - p->left)
		return bad(p, 413, "too_large");
	p->state = p->left > 0 ? HTTP_IN_CHUNK : HTTP_AT_TRAILER;
	if (p->left == 0)
		p->extra = 0; /* from here on trailer bytes */
	p->digits = 0;
	return HTTP_GOT_PART;
}

static enum http_event in_size(struct http_parser *p, struct str *in)
{
	char c = eat_char(in);
	int v = hex_digit(c);
	if (v >= 0) {
		if (p->digits == 0)
			p->left = 0;
		if (++p->digits > SIZE_DIGITS)
			return bad(p, 400, "chunk_size");
		p->left = p->left << 4 | (uint64_t)v;
		return HTTP_GOT_PART;
	}
	if (p->digits == 0 || (c != '\r' && c != ';'))
		return bad(p, 400, "chunk_size");
	p->state = c == '\r' ? HTTP_AT_SIZE_LF : HTTP_IN_EXTENSION;
	p->digits = 0; /* from here on extension bytes */
	return HTTP_GOT_PART;
}

static enum http_event in_extension(struct http_parser *p, struct str *in)
{
	char c = eat_char(in);
	if (c == '\r') {
		p->state = HTTP_AT_SIZE_LF;
		return HTTP_GOT_PART;
	}
	if ((http_char(c) & HTTP_CHAR_VALUE) == 0 ||
	    ++p->digits > CHUNK_EXTENSION_MAX || ++p->extra > EXTENSION_MAX)
		return bad(p, 400, "chunk_extension");
	return HTTP_GOT_PART;
}

static enum http_event at_chunk_end(struct http_parser *p, struct str *in)
{
	bool cr = p->state == HTTP_AT_CHUNK_CR;
	if (eat_char(in) != (cr ? '\r' : '\n'))
		return bad(p, 400, "chunk_data");
	p->state = cr ? HTTP_AT_CHUNK_LF : HTTP_IN_SIZE;
	return HTTP_GOT_PART;
}

/* ---- trailers: checked, counted, dropped --------------------------------- */

static enum http_event trailer_char(struct http_parser *p, char c)
{
	if (p->state == HTTP_AT_TRAILER && c == '\r') {
		p->state = HTTP_AT_LAST_LF;
		return HTTP_GOT_PART;
	}
	if (p->state == HTTP_IN_TRAILER_VALUE) {
		if (c == '\r')
			p->state = HTTP_AT_TRAILER_LF;
		else if ((http_char(c) & HTTP_CHAR_VALUE) == 0)
			return bad(p, 400, "trailer");
		return HTTP_GOT_PART;
	}
	if (c == ':' && p->state == HTTP_IN_TRAILER_NAME) {
		p->state = HTTP_IN_TRAILER_VALUE;
		return HTTP_GOT_PART;
	}
	if ((http_char(c) & HTTP_CHAR_TOKEN) == 0)
		return bad(p, 400, "trailer");
	if (p->state == HTTP_AT_TRAILER &&
	    ++p->n_trailers > p->limits.header_count)
		return bad(p, 431, "trailer_count");
	p->state = HTTP_IN_TRAILER_NAME;
	return HTTP_GOT_PART;
}

static enum http_event in_trailer(struct http_parser *p, struct str *in)
{
	char c = eat_char(in);
	if (++p->extra > p->limits.header_bytes)
		return bad(p, 431, "trailer_bytes");
	return trailer_char(p, c);
}

static enum http_event expect_lf(struct http_parser *p, struct str *in,
				 enum http_state then)
{
	if (eat_char(in) != '\n')
		return bad(p, 400, "bare_cr");
	p->state = then;
	return HTTP_GOT_PART;
}

/* ---- the road ------------------------------------------------------------ */

/* One step where a byte is there. */
static enum http_event step(struct http_parser *p, struct str *in)
{
	switch (p->state) {
	case HTTP_AT_START:
		return at_start(p, in);
	case HTTP_AT_START_LF:
		return at_start_lf(p, in);
	case HTTP_IN_LINE:
		return in_line(p, in);
	case HTTP_IN_LENGTH:
		return hand_out(p, in, HTTP_AT_END);
	case HTTP_IN_CHUNK:
		return hand_out(p, in, HTTP_AT_CHUNK_CR);
	case HTTP_IN_SIZE:
		return in_size(p, in);
	case HTTP_IN_EXTENSION:
		return in_extension(p, in);
	case HTTP_AT_SIZE_LF:
		return eat_char(in) == '\n' ? size_complete(p)
					    : bad(p, 400, "chunk_size");
	case HTTP_AT_CHUNK_CR:
	case HTTP_AT_CHUNK_LF:
		return at_chunk_end(p, in);
	case HTTP_AT_TRAILER:
	case HTTP_IN_TRAILER_NAME:
	case HTTP_IN_TRAILER_VALUE:
		return in_trailer(p, in);
	case HTTP_AT_TRAILER_LF:
		return expect_lf(p, in, HTTP_AT_TRAILER);
	case HTTP_AT_LAST_LF:
		return expect_lf(p, in, HTTP_AT_END);
	case HTTP_AT_BODY:
	case HTTP_AT_END:
	case HTTP_AT_NEXT:
	case HTTP_FAILED:
		break;
	}
	return HTTP_GOT_BAD;
}

enum http_event http_parser_feed(struct http_parser *p, struct str *in)
{
	for (;;) {
		enum http_event event = HTTP_GOT_PART;
		if (p->state == HTTP_AT_BODY) {
			event = at_body(p);
		} else if (p->state == HTTP_AT_END) {
			p->state = HTTP_AT_NEXT;
			return HTTP_GOT_ALL;
		} else if (p->state == HTTP_FAILED) {
			return HTTP_GOT_BAD;
		} else if (p->state == HTTP_AT_NEXT || in->n == 0) {
			return HTTP_GOT_PART;
		} else {
			event = step(p, in);
		}
		if (event != HTTP_GOT_PART)
			return event;
	}
}
