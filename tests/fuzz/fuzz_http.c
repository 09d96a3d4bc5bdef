/* SPDX-License-Identifier: MIT */
/*
 * A stream fed whole and fed in pieces (cut by its own bytes) must give the
 * same requests, bodies and refusal. Everything handed out is touched.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "ingress/http_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct http_parser *p, enum http_event event, struct buf *out)
{
	if (event == HTTP_GOT_BODY)
		buf_add_str(out, p->data);
	else if (event == HTTP_GOT_BAD)
		buf_addf(out, "!%d %s", p->status, p->reason);
	else if (event == HTTP_GOT_ALL)
		http_parser_next(p);
	if (event != HTTP_GOT_HEAD)
		return;
	buf_addf(out, "%.*s %.*s %.*s %d%d%d", STR_FMT(p->request.method_text),
		 STR_FMT(p->request.target), STR_FMT(p->request.query),
		 p->keep_alive, p->expect_continue, p->has_body);
	for (size_t i = 0; i < p->request.n_headers; i++) {
		buf_add_str(out, p->request.headers[i].name);
		buf_add_str(out, p->request.headers[i].value);
	}
	p->body_max = 1000;
}

static void run(struct str in, bool cut, struct buf *out)
{
	struct http_limits limits = {100, 400, 10};
	struct http_parser p;
	http_parser_init(&p, &limits);
	enum http_event event = HTTP_GOT_PART;
	while (in.n > 0 && event != HTTP_GOT_BAD) {
		size_t n = cut ? 1u + (unsigned char)in.p[0] % 7u : in.n;
		struct str piece = str_sub(in, 0, n < in.n ? n : in.n);
		in = str_sub(in, piece.n, in.n);
		do {
			event = http_parser_feed(&p, &piece);
			note(&p, event, out);
		} while (event != HTTP_GOT_PART && event != HTTP_GOT_BAD);
	}
	http_parser_release(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = {(const char *)data, size};
	struct buf whole, pieces;
	buf_init(&whole, 1 << 22);
	buf_init(&pieces, 1 << 22);
	run(in, false, &whole);
	run(in, true, &pieces);
	lb_assert(str_eq(buf_str(&whole), buf_str(&pieces)));
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
