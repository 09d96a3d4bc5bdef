/* SPDX-License-Identifier: MIT */
/*
 * What one line of a request head means, and what the whole head says about
 * the body that follows. Pure. Lines come in complete, without their CRLF;
 * cutting the stream into lines is http_parser.c.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "ingress/http_parser.h"

/* Sums of HTTP_CHAR_*, for 7-bit characters: token 1, value 2, target 4,
 * host 8. */
/* clang-format off */
static const unsigned char CLASSES[128] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     2, 15,  6,  7, 15, 15, 15, 15, 14, 14, 15, 15, 14, 15, 15,  6,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 14,  6, 14,  6,  6,
     6, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14,  6, 14,  7, 15,
     7, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  6,  7,  6, 15,  0,
};
/* clang-format on */

unsigned http_char(char c)
{
	unsigned char u = (unsigned char)c;
	/* RFC 3986 knows no bytes above 0x7e, but some form libraries send
	 * them raw, and they mean nothing here. */
	return u < 128 ? CLASSES[u] : HTTP_CHAR_VALUE | HTTP_CHAR_TARGET;
}

static bool all_of(struct str s, unsigned class)
{
	for (size_t i = 0; i < s.n; i++)
		if ((http_char(s.p[i]) & class) == 0)
			return false;
	return true;
}

int http_refuse(struct http_parser *p, int status, const char *reason)
{
	p->status = status;
	p->reason = reason;
	p->state = HTTP_FAILED;
	return LB_EINVAL;
}

static struct http_span span_of(const struct http_parser *p, struct str s)
{
	return (struct http_span){(uint32_t)(s.p - p->head.p), (uint32_t)s.n};
}

static struct str text_of(const struct http_parser *p, struct http_span s)
{
	return (struct str){p->head.p + s.at, s.n};
}

static const struct {
	struct str text;
	enum http_method method;
} METHODS[] = {
    {{"POST", 4}, HTTP_POST},       {{"GET", 3}, HTTP_GET},
    {{"HEAD", 4}, HTTP_HEAD},       {{"PUT", 3}, HTTP_PUT},
    {{"PATCH", 5}, HTTP_PATCH},     {{"DELETE", 6}, HTTP_DELETE},
    {{"OPTIONS", 7}, HTTP_OPTIONS},
};

static enum http_method find_method(struct str text)
{
	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++)
		if (str_eq(text, METHODS[i].text))
			return METHODS[i].method;
	return HTTP_OTHER;
}

static int take_version(struct http_parser *p, struct str version)
{
	bool form = version.n == 8 && str_starts(version, STR("HTTP/")) &&
		    version.p[5] >= '0' && version.p[5] <= '9' &&
		    version.p[6] == '.' && version.p[7] >= '0' &&
		    version.p[7] <= '9';
	if (!form)
		return http_refuse(p, 400, "version");
	if (version.p[5] != '1' || version.p[7] > '1')
		return http_refuse(p, 505, "version");
	p->http11 = version.p[7] == '1';
	return 0;
}

/* "http://host:80/path?x" -> "/path?x"; the authority is not believed, since
 * the public URL comes from the configuration. */
static int cut_authority(struct http_parser *p, struct str *target)
{
	size_t scheme = str_istarts(*target, STR("http://"))    ? 7
			: str_istarts(*target, STR("https://")) ? 8
								: 0;
	size_t end = scheme;
	while (end < target->n && (http_char(target->p[end]) & HTTP_CHAR_HOST))
		end++;
	if (scheme == 0 || end == scheme ||
	    (end < target->n && target->p[end] != '/' && target->p[end] != '?'))
		return http_refuse(p, 400, "target");
	*target = str_sub(*target, end, target->n);
	return 0;
}

static int take_target(struct http_parser *p, struct str target)
{
	if (target.n > p->limits.target_bytes)
		return http_refuse(p, 414, "target_too_long");
	if (target.n == 0 || !all_of(target, HTTP_CHAR_TARGET))
		return http_refuse(p, 400, "target");
	bool star =
	    str_eq(target, STR("*")) && p->request.method == HTTP_OPTIONS;
	if (target.p[0] != '/' && !star && cut_authority(p, &target) != 0)
		return LB_EINVAL;
	p->target_span = span_of(p, target);
	return 0;
}

int http_request_line(struct http_parser *p, struct str line)
{
	struct str rest, version;
	struct str method = str_cut(line, ' ', &rest);
	struct str target = str_cut(rest, ' ', &version);
	if (rest.p == NULL || method.n == 0 || method.n > HTTP_METHOD_MAX ||
	    !all_of(method, HTTP_CHAR_TOKEN))
		return http_refuse(p, 400, "request_line");
	p->request.method = find_method(method);
	p->method_span = span_of(p, method);
	if (target.n > p->limits.target_bytes)
		return http_refuse(p, 414, "target_too_long");
	if (version.p == NULL)
		return http_refuse(p, 400, "request_line");
	if (take_version(p, version) != 0)
		return LB_EINVAL;
	if (p->request.method == HTTP_OTHER)
		return http_refuse(p, 501, "method");
	return take_target(p, target);
}

static struct str trim_blanks(struct str s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_sub(s, 1, s.n);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

int http_header_line(struct http_parser *p, struct str line)
{
	size_t colon = 0;
	while (colon < line.n && (http_char(line.p[colon]) & HTTP_CHAR_TOKEN))
		colon++;
	/* A blank before the colon and a folded line end up here too. */
	if (colon == 0 || colon == line.n || line.p[colon] != ':')
		return http_refuse(p, 400, "header_name");
	struct str value = trim_blanks(str_sub(line, colon + 1, line.n));
	if (!all_of(value, HTTP_CHAR_VALUE))
		return http_refuse(p, 400, "header_value");
	if (p->n_lines >= p->limits.header_count)
		return http_refuse(p, 431, "header_count");
	p->lines =
	    xgrow(p->lines, &p->cap_lines, p->n_lines + 1, sizeof(*p->lines));
	p->lines[p->n_lines++] = (struct http_line){
	    span_of(p, str_sub(line, 0, colon)), span_of(p, value)};
	return 0;
}

/* ---- the whole head ----------------------------------------------------- */

struct framing {
	size_t hosts, lengths, codings;
	bool close, keep;
	struct str length, coding;
};

static bool has_word(struct str list, struct str word)
{
	while (list.n > 0) {
		struct str rest;
		if (str_ieq(trim_blanks(str_cut(list, ',', &rest)), word))
			return true;
		list = rest;
	}
	return false;
}

static void take_connection(struct framing *f, struct str value)
{
	f->close |= has_word(value, STR("close"));
	f->keep |= has_word(value, STR("keep-alive"));
}

static int take_expect(struct http_parser *p, struct str value)
{
	if (!str_ieq(value, STR("100-continue")))
		return http_refuse(p, 417, "expectation");
	p->expect_continue = p->http11;
	return 0;
}

/* Only the headers that say where the message ends, and what we must do. */
static int take_header(struct http_parser *p, struct framing *f,
		       const struct header *h)
{
	switch (h->name.n) {
	case 4:
		if (str_ieq(h->name, STR("Host"))) {
			f->hosts++;
			if (!all_of(h->value, HTTP_CHAR_HOST))
				return http_refuse(p, 400, "host");
		}
		break;
	case 6:
		if (str_ieq(h->name, STR("Expect")))
			return take_expect(p, h->value);
		break;
	case 10:
		if (str_ieq(h->name, STR("Connection")))
			take_connection(f, h->value);
		break;
	case 14:
		if (str_ieq(h->name, STR("Content-Length"))) {
			f->lengths++;
			f->length = h->value;
		}
		break;
	case 17:
		if (str_ieq(h->name, STR("Transfer-Encoding"))) {
			f->codings++;
			f->coding = h->value;
		}
		break;
	default:
		break;
	}
	return 0;
}

static int take_length(struct http_parser *p, struct str text)
{
	int64_t v;
	if (text.n == 0 || text.n > 18 || text.p[0] == '-' ||
	    str_to_int(text, 0, INT64_MAX, &v) != 0)
		return http_refuse(p, 400, "content_length");
	p->content_length = (uint64_t)v;
	return 0;
}

static int take_framing(struct http_parser *p, const struct framing *f)
{
	if (f->hosts > 1 || (p->http11 && f->hosts == 0))
		return http_refuse(p, 400, "host");
	if (f->lengths > 1)
		return http_refuse(p, 400, "content_length");
	if (f->codings > 1 || (f->codings == 1 && f->lengths == 1) ||
	    (f->codings == 1 && (!p->http11 || f->coding.n == 0)))
		return http_refuse(p, 400, "transfer_encoding");
	if (f->codings == 1 && !str_ieq(f->coding, STR("chunked")))
		return http_refuse(p, 501, "transfer_encoding");
	p->chunked = f->codings == 1;
	if (f->lengths == 1 && take_length(p, f->length) != 0)
		return LB_EINVAL;
	p->has_body = p->chunked || p->content_length > 0;
	return 0;
}

int http_head_finish(struct http_parser *p)
{
	struct request *r = &p->request;
	r->method_text = text_of(p, p->method_span);
	r->target = text_of(p, p->target_span);
	r->path = str_cut(r->target, '?', &r->query);
	if (r->path.n == 0) /* http://host, http://host?query */
		r->path = STR("/");
	if (r->target.n == 0)
		r->target = STR("/");
	r->headers =
	    xgrow(r->headers, &p->cap_headers, p->n_lines, sizeof(*r->headers));
	r->n_headers = p->n_lines;
	struct framing f = {0};
	for (size_t i = 0; i < p->n_lines; i++) {
		r->headers[i] = (struct header){text_of(p, p->lines[i].name),
						text_of(p, p->lines[i].value)};
		if (take_header(p, &f, &r->headers[i]) != 0)
			return LB_EINVAL;
	}
	p->keep_alive = !f.close && (p->http11 || f.keep);
	return take_framing(p, &f);
}
