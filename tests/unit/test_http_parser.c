/* SPDX-License-Identifier: MIT */
/*
 * Every vector is fed whole, byte by byte and cut at every position: the
 * transcript must be the same each time, and the one that is expected.
 * A transcript is a line per request: "METHOD path|body|flags", or the status
 * of the refusal.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ingress/http_parser.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct http_limits LIMITS = {
    .target_bytes = 64, .header_bytes = 256, .header_count = 8};
enum { BODY_MAX = 40 };

struct run {
	struct http_parser parser;
	struct buf out;
	struct buf body;
	bool over;
};

static void note_head(struct run *run)
{
	const struct http_parser *p = &run->parser;
	buf_addf(&run->out, "%.*s %.*s", STR_FMT(p->request.method_text),
		 STR_FMT(p->request.path));
	if (p->request.query.p != NULL)
		buf_addf(&run->out, "?%.*s", STR_FMT(p->request.query));
	for (size_t i = 0; i < p->request.n_headers; i++) {
		const struct header *h = &p->request.headers[i];
		if (str_istarts(h->name, STR("X")))
			buf_addf(&run->out, "|%.*s=%.*s", STR_FMT(h->name),
				 STR_FMT(h->value));
	}
	run->parser.body_max = BODY_MAX;
}

static void note(struct run *run, enum http_event event)
{
	const struct http_parser *p = &run->parser;
	switch (event) {
	case HTTP_GOT_HEAD:
		note_head(run);
		break;
	case HTTP_GOT_BODY:
		buf_add_str(&run->body, p->data);
		break;
	case HTTP_GOT_ALL:
		buf_addf(&run->out, "|%.*s|%s%s%s\n", STR_FMT(run->body),
			 p->keep_alive ? "k" : "c", p->chunked ? "t" : "",
			 p->expect_continue ? "e" : "");
		buf_reset(&run->body);
		http_parser_next(&run->parser);
		break;
	case HTTP_GOT_BAD:
		buf_addf(&run->out, "!%d\n", p->status);
		run->over = true;
		break;
	case HTTP_GOT_PART:
		break;
	}
}

static void feed(struct run *run, struct str in)
{
	enum http_event event;
	do {
		if (run->over)
			return;
		event = http_parser_feed(&run->parser, &in);
		note(run, event);
	} while (event != HTTP_GOT_PART);
	assert_int_equal(in.n, 0);
}

static void begin(struct run *run)
{
	run->over = false;
	http_parser_init(&run->parser, &LIMITS);
	buf_init(&run->out, 4096);
	buf_init(&run->body, 4096);
}

static void end(struct run *run, const char *name, const char *how,
		const char *want)
{
	struct str out = buf_str(&run->out);
	if (!str_eq(out, str_from(want)))
		fail_msg("%s (%s): got '%.*s', want '%s'", name, how,
			 STR_FMT(out), want);
	http_parser_release(&run->parser);
	buf_release(&run->out);
	buf_release(&run->body);
}

static void check(const char *name, struct str in, const char *want)
{
	struct run run;
	begin(&run);
	feed(&run, in);
	end(&run, name, "whole", want);
	begin(&run);
	for (size_t i = 0; i < in.n; i++)
		feed(&run, str_sub(in, i, i + 1));
	end(&run, name, "byte by byte", want);
	for (size_t i = 0; i <= in.n; i++) {
		begin(&run);
		feed(&run, str_sub(in, 0, i));
		feed(&run, str_sub(in, i, in.n));
		end(&run, name, "cut in two", want);
	}
}

struct row {
	const char *name;
	struct str in;
	const char *want;
};

#define H    "Host: h\r\n"
#define GET  "GET / HTTP/1.1\r\n" H
#define POST "POST / HTTP/1.1\r\n" H
#define TE   POST "Transfer-Encoding: chunked\r\n\r\n"
#define S(lit)                                                                 \
	{                                                                      \
		(lit), sizeof(lit) - 1                                         \
	}
#define X16  "xxxxxxxxxxxxxxxx"
#define X64  X16 X16 X16 X16
#define X256 X64 X64 X64 X64

static const struct row LINES[] = {
    {"get", S(GET "\r\n"), "GET /||k\n"},
    {"query", S("GET /a?b=c&d HTTP/1.1\r\n" H "\r\n"), "GET /a?b=c&d||k\n"},
    {"empty query", S("GET /a? HTTP/1.1\r\n" H "\r\n"), "GET /a?||k\n"},
    {"leading CRLF is ignored once", S("\r\n" GET "\r\n"), "GET /||k\n"},
    {"two leading CRLF", S("\r\n\r\n" GET "\r\n"), "!400\n"},
    {"leading LF", S("\n" GET "\r\n"), "!400\n"},
    {"CR and no LF in front", S("\rGET"), "!400\n"},
    {"absolute URI", S("GET http://a.b:80/x?y HTTP/1.1\r\n" H "\r\n"),
     "GET /x?y||k\n"},
    {"absolute URI, https, no path", S("GET https://a.b HTTP/1.1\r\n" H "\r\n"),
     "GET /||k\n"},
    {"absolute URI, query, no path",
     S("GET https://a.b?y HTTP/1.1\r\n" H "\r\n"), "GET /?y||k\n"},
    {"absolute URI, no authority", S("GET http:///x HTTP/1.1\r\n" H "\r\n"),
     "!400\n"},
    {"other scheme", S("GET ftp://a/x HTTP/1.1\r\n" H "\r\n"), "!400\n"},
    {"no slash", S("GET x HTTP/1.1\r\n" H "\r\n"), "!400\n"},
    {"OPTIONS *", S("OPTIONS * HTTP/1.1\r\n" H "\r\n"), "OPTIONS *||k\n"},
    {"GET *", S("GET * HTTP/1.1\r\n" H "\r\n"), "!400\n"},
    {"unknown method", S("BREW / HTTP/1.1\r\n" H "\r\n"), "!501\n"},
    {"lower case method", S("get / HTTP/1.1\r\n" H "\r\n"), "!501\n"},
    {"CONNECT", S("CONNECT a:1 HTTP/1.1\r\n" H "\r\n"), "!501\n"},
    {"PATCH", S("PATCH / HTTP/1.1\r\n" H "\r\n"), "PATCH /||k\n"},
    {"HEAD", S("HEAD / HTTP/1.1\r\n" H "\r\n"), "HEAD /||k\n"},
    {"two blanks", S("GET  / HTTP/1.1\r\n" H "\r\n"), "!400\n"},
    {"blank at the end", S("GET / HTTP/1.1 \r\n" H "\r\n"), "!400\n"},
    {"tab", S("GET\t/ HTTP/1.1\r\n" H "\r\n"), "!400\n"},
    {"control in target", S("GET /\x01 HTTP/1.1\r\n" H "\r\n"), "!400\n"},
    {"NUL in target", S("GET /\0 HTTP/1.1\r\n" H "\r\n"), "!400\n"},
    {"raw UTF-8 in target", S("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"),
     "GET /\xc3\xa9||k\n"},
    {"HTTP/0.9", S("GET /\r\n"), "!400\n"},
    {"HTTP/1.2", S("GET / HTTP/1.2\r\n"), "!505\n"},
    {"HTTP/2.0", S("PRI * HTTP/2.0\r\n\r\n"), "!505\n"},
    {"overflowing version", S("GET / HTTP/1.99999999999\r\n"), "!400\n"},
    {"lower case version", S("GET / http/1.1\r\n"), "!400\n"},
    {"TLS greeting", S("\x16\x03\x01"), "!400\n"},
    {"HTTP/1.0", S("GET / HTTP/1.0\r\n\r\n"), "GET /||c\n"},
    {"HTTP/1.0 keep-alive",
     S("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), "GET /||k\n"},
    {"HTTP/1.0 close wins",
     S("GET / HTTP/1.0\r\nConnection: close\r\nConnection: "
       "keep-alive\r\n\r\n"),
     "GET /||c\n"},
    {"target at the limit",
     S("GET /" X16 X16 X16 "xxxxxxxxxxxxxxx"
       " HTTP/1.1\r\n" H "\r\n"),
     "GET /" X16 X16 X16 "xxxxxxxxxxxxxxx||k\n"},
    {"target over the limit", S("GET /" X64 " HTTP/1.1\r\n" H "\r\n"),
     "!414\n"},
    {"target far over the limit", S("GET /" X256 " HTTP/1.1\r\n"), "!414\n"},
    {"endless target", S("GET /" X256), "!414\n"},
    {"endless method", S(X256), "!400\n"},
    {"long method", S(X64 " / HTTP/1.1\r\n"), "!400\n"},
};

static const struct row HEADERS[] = {
    {"values are trimmed", S(GET "X: \t a b \t\r\n\r\n"), "GET /|X=a b||k\n"},
    {"empty value", S(GET "X:\r\n\r\n"), "GET /|X=||k\n"},
    {"tab inside", S(GET "X: a\tb\r\n\r\n"), "GET /|X=a\tb||k\n"},
    {"high bytes", S(GET "X: \xe9\r\n\r\n"), "GET /|X=\xe9||k\n"},
    {"blank before the colon", S(GET "X : a\r\n\r\n"), "!400\n"},
    {"blank before the colon of Transfer-Encoding",
     S(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), "!400\n"},
    {"bare LF in request line", S("GET / HTTP/1.1\n" H "\r\n"), "!400\n"},
    {"bare LF in header", S(GET "X: a\n\r\n"), "!400\n"},
    {"bare LF at the end", S(GET "\n"), "!400\n"},
    {"bare CR", S(GET "X: a\rb\r\n\r\n"), "!400\n"},
    {"obs-fold", S(GET "X: a\r\n b\r\n\r\n"), "!400\n"},
    {"obs-fold first", S("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), "!400\n"},
    {"NUL in value", S(GET "X: a\0b\r\n\r\n"), "!400\n"},
    {"DEL in value", S(GET "X: a\x7f\r\n\r\n"), "!400\n"},
    {"empty name", S(GET ": a\r\n\r\n"), "!400\n"},
    {"no colon", S(GET "X\r\n\r\n"), "!400\n"},
    {"control in name", S(GET "X\x01: a\r\n\r\n"), "!400\n"},
    {"UTF-8 in name", S(GET "X\xc3\xa9: a\r\n\r\n"), "!400\n"},
    {"no Host", S("GET / HTTP/1.1\r\n\r\n"), "!400\n"},
    {"two Hosts", S(GET H "\r\n"), "!400\n"},
    {"two Hosts in 1.0", S("GET / HTTP/1.0\r\n" H H "\r\n"), "!400\n"},
    {"Host with a blank", S("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "!400\n"},
    {"Host of IPv6", S("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
     "GET /||k\n"},
    {"empty Host", S("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "GET /||k\n"},
    {"Connection: foo, close", S(GET "Connection: foo, Close\r\n\r\n"),
     "GET /||c\n"},
    {"Connection: foo", S(GET "Connection: foo\r\n\r\n"), "GET /||k\n"},
    {"eight headers", S(GET "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\n\r\n"),
     "GET /||k\n"},
    {"nine headers",
     S(GET "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\n\r\n"), "!431\n"},
    {"too many header bytes", S(GET "X: " X256 "\r\n\r\n"), "!431\n"},
    {"endless header", S(GET "X: " X256), "!431\n"},
    {"Expect: 100-continue",
     S(POST "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\na"),
     "POST /|a|ke\n"},
    {"Expect in 1.0", S("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"),
     "POST /||c\n"},
    {"Expect: other", S(POST "Expect: more\r\n\r\n"), "!417\n"},
};

static const struct row BODIES[] = {
    {"length", S(POST "Content-Length: 3\r\n\r\nabc"), "POST /|abc|k\n"},
    {"length 0", S(POST "Content-Length: 0\r\n\r\n"), "POST /||k\n"},
    {"no length", S(POST "\r\n"), "POST /||k\n"},
    {"GET with a body", S(GET "Content-Length: 3\r\n\r\nabc"), "GET /|abc|k\n"},
    {"pipelined three times",
     S(POST "Content-Length: 3\r\n\r\nabc" GET "\r\n" TE "1\r\nx\r\n0\r\n\r\n"),
     "POST /|abc|k\nGET /||k\nPOST /|x|kt\n"},
    {"CRLF between requests",
     S(POST "Content-Length: 1\r\n\r\na\r\n" GET "\r\n"),
     "POST /|a|k\nGET /||k\n"},
    {"two lengths",
     S(POST "Content-Length: 0\r\nContent-Length: 42\r\n\r\n" GET "\r\n"),
     "!400\n"},
    {"the same length twice",
     S(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), "!400\n"},
    {"list of lengths", S(POST "Content-Length: 1, 1\r\n\r\na"), "!400\n"},
    {"length +3", S(POST "Content-Length: +3\r\n\r\nabc"), "!400\n"},
    {"length -3", S(POST "Content-Length: -3\r\n\r\nabc"), "!400\n"},
    {"length -0", S(POST "Content-Length: -0\r\n\r\n"), "!400\n"},
    {"length 0x3", S(POST "Content-Length: 0x3\r\n\r\nabc"), "!400\n"},
    {"empty length", S(POST "Content-Length:\r\n\r\nabc"), "!400\n"},
    {"length with a blank", S(POST "Content-Length: 1 1\r\n\r\n"), "!400\n"},
    {"length of 18 digits",
     S(POST "Content-Length: 000000000000000003\r\n\r\nabc"), "POST /|abc|k\n"},
    {"length of 19 digits",
     S(POST "Content-Length: 0000000000000000003\r\n\r\nabc"), "!400\n"},
    {"length over the ceiling", S(POST "Content-Length: 41\r\n\r\n"),
     "POST /!413\n"},
    {"TE and CL",
     S(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n"),
     "!400\n"},
    {"TE twice",
     S(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n"),
     "!400\n"},
    {"xchunked", S(POST "Transfer-Encoding: xchunked\r\n\r\n"), "!501\n"},
    {"gzip, chunked", S(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
     "!501\n"},
    {"chunked, chunked", S(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"),
     "!501\n"},
    {"identity", S(POST "Transfer-Encoding: identity\r\n\r\n"), "!501\n"},
    {"vertical tab in coding",
     S(POST "Transfer-Encoding: \x0b"
	    "chunked\r\n\r\n"),
     "!400\n"},
    {"empty TE", S(POST "Transfer-Encoding:\r\n\r\n"), "!400\n"},
    {"TE in 1.0",
     S("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     "!400\n"},
    {"Chunked", S(POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"),
     "POST /||kt\n"},
};

static const struct row CHUNKS[] = {
    {"chunks", S(TE "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"),
     "POST /|abc0123456789|kt\n"},
    {"lower case size", S(TE "a\r\n0123456789\r\n0\r\n\r\n"),
     "POST /|0123456789|kt\n"},
    {"leading zeros", S(TE "0000000000000001\r\na\r\n000\r\n\r\n"),
     "POST /|a|kt\n"},
    {"17 digits", S(TE "00000000000000001\r\na\r\n"), "POST /!400\n"},
    {"0x3", S(TE "0x3\r\nabc\r\n0\r\n\r\n"), "POST /!400\n"},
    {"+3", S(TE "+3\r\nabc\r\n0\r\n\r\n"), "POST /!400\n"},
    {"blank 3", S(TE " 3\r\nabc\r\n0\r\n\r\n"), "POST /!400\n"},
    {"3 blank", S(TE "3 \r\nabc\r\n0\r\n\r\n"), "POST /!400\n"},
    {"-0", S(TE "-0\r\n\r\n"), "POST /!400\n"},
    {"no size", S(TE "\r\n\r\n"), "POST /!400\n"},
    {"extension", S(TE "3;a=b\r\nabc\r\n0;c=\"d\"\r\n\r\n"), "POST /|abc|kt\n"},
    {"long extension", S(TE "3;" X256 "x\r\nabc\r\n"), "POST /!400\n"},
    {"LF in extension", S(TE "3;a\nabc\r\n0\r\n\r\n"), "POST /!400\n"},
    {"CR in extension", S(TE "3;a\rb\r\nabc\r\n"), "POST /!400\n"},
    {"bare LF behind size", S(TE "3\nabc\r\n0\r\n\r\n"), "POST /!400\n"},
    {"corrupt data", S(TE "3\r\nabcd\r\n0\r\n\r\n"), "POST /!400\n"},
    {"bare LF behind data", S(TE "3\r\nabc\n0\r\n\r\n"), "POST /!400\n"},
    {"huge size", S(TE "ffffffffffffffff\r\n"), "POST /!413\n"},
    {"sum over the ceiling", S(TE "1E\r\n" X16 "xxxxxxxxxxxxxx\r\nB\r\n"),
     "POST /!413\n"},
    {"sum at the ceiling",
     S(TE "1E\r\n" X16 "xxxxxxxxxxxxxx\r\nA\r\n0123456789\r\n0\r\n\r\n"),
     "POST /|" X16 "xxxxxxxxxxxxxx0123456789|kt\n"},
    {"trailers are dropped",
     S(TE "0\r\nX: a\r\nContent-Length: 9\r\n\r\n" GET "\r\n"),
     "POST /||kt\nGET /||k\n"},
    {"folded trailer", S(TE "0\r\nX: a\r\n b\r\n\r\n"), "POST /!400\n"},
    {"trailer without a colon", S(TE "0\r\nX\r\n\r\n"), "POST /!400\n"},
    {"trailer without a name", S(TE "0\r\n: a\r\n\r\n"), "POST /!400\n"},
    {"NUL in trailer", S(TE "0\r\nX: \0\r\n\r\n"), "POST /!400\n"},
    {"bare LF in trailer", S(TE "0\r\nX: a\n\r\n"), "POST /!400\n"},
    {"bare LF at the end", S(TE "0\r\n\n"), "POST /!400\n"},
    {"too many trailer bytes", S(TE "0\r\nX: " X256 "\r\n\r\n"),
     "POST /!431\n"},
    {"too many trailers",
     S(TE "0\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\ni:\r\n"
	  "\r\n"),
     "POST /!431\n"},
};

static void check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(rows[i].name, rows[i].in, rows[i].want);
}

static void test_request_lines(void **state)
{
	(void)state;
	check_all(LINES, COUNT(LINES));
}

static void test_headers(void **state)
{
	(void)state;
	check_all(HEADERS, COUNT(HEADERS));
}

static void test_body_framing(void **state)
{
	(void)state;
	check_all(BODIES, COUNT(BODIES));
}

static void test_chunks_and_trailers(void **state)
{
	(void)state;
	check_all(CHUNKS, COUNT(CHUNKS));
}

static void test_extensions_have_a_ceiling_in_all(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	feed(&run, STR(TE));
	run.parser.body_max = 4096;
	for (int i = 0; i < 200 && !run.over; i++)
		feed(&run, STR("1;" X64 X64 X16 "\r\na\r\n"));
	end(&run, "extensions", "chunk by chunk", "POST /!400\n");
}

static void test_nothing_is_kept_of_an_idle_connection(void **state)
{
	(void)state;
	struct run run;
	begin(&run);
	feed(&run, STR(GET "X: a\r\n\r\n"));
	assert_true(http_parser_at_start(&run.parser));
	http_parser_idle(&run.parser);
	assert_null(run.parser.head.p);
	feed(&run, STR("\r"));
	assert_true(http_parser_at_start(&run.parser));
	feed(&run, STR("\nG"));
	assert_false(http_parser_at_start(&run.parser));
	feed(&run, STR("ET / HTTP/1.1\r\n" H "\r\n"));
	end(&run, "idle", "in pieces", "GET /|X=a||k\nGET /||k\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request_lines),
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_body_framing),
	    cmocka_unit_test(test_chunks_and_trailers),
	    cmocka_unit_test(test_extensions_have_a_ceiling_in_all),
	    cmocka_unit_test(test_nothing_is_kept_of_an_idle_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
