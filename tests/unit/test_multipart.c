/* SPDX-License-Identifier: MIT */
/* Multipart forms as browsers, curl and plugins send them, and media types. */
#include "leadbridge/source.h"
#include "payload/payload.h"
#include "rows.h"

static const struct payload_limits LIMITS = {.depth = 32, .values = 20000};

#define PART(name)        "--X\r\nContent-Disposition: form-data; " name "\r\n"
#define FIELD(name, text) PART("name=\"" name "\"") "\r\n" text "\r\n"
#define END               "--X--\r\n"

static const struct {
	const char *name, *text, *json;
} READ[] = {
    {"no parts", END, "{}"},
    {"two fields", FIELD("a", "1") FIELD("b", "x\r\ny") END,
     "{\"a\":\"1\",\"b\":\"x\\r\\ny\"}"},
    {"empty field", FIELD("a", "") END, "{\"a\":\"\"}"},
    {"preamble and epilogue", "hello\r\n" FIELD("a", "1") END "bye\r\n--X",
     "{\"a\":\"1\"}"},
    {"no line end at the end", FIELD("a", "1") "--X--", "{\"a\":\"1\"}"},
    {"blanks behind the boundary",
     "--X \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END,
     "{\"a\":\"1\"}"},
    {"longer boundary is data", FIELD("a", "x--X\r\n--XY\r\n-") END,
     "{\"a\":\"x--X\\r\\n--XY\\r\\n-\"}"},
    {"brackets and repeats",
     FIELD("q[0][n]", "1") FIELD("l", "x") FIELD("l", "y") END,
     "{\"q\":[{\"n\":\"1\"}],\"l\":[\"x\",\"y\"]}"},
    {"header case and other headers",
     "--X\r\ncontent-type: text/plain; charset=utf-8\r\n"
     "CONTENT-DISPOSITION:form-data;NAME=\"a\"\r\n\r\n1\r\n" END,
     "{\"a\":\"1\"}"},
    {"JSON in a field", FIELD("rawRequest", "{\"q\":1}") END,
     "{\"rawRequest\":\"{\\\"q\\\":1}\"}"},
    {"windows-1252", FIELD("a", "Zo\xeb") END, "{\"a\":\"Zo\xc3\xab\"}"},
    {"browser escapes in names", FIELD("a%22b%0D%0Ac%41", "1") END,
     "{\"a\\\"b\\r\\nc%41\":\"1\"}"},
    {"backslash escapes in names", FIELD("a\\\"b\\\\c\\d", "1") END,
     "{\"a\\\"b\\\\c\\\\d\":\"1\"}"},
    {"semicolon in a name", FIELD("a;b", "1") END, "{\"a;b\":\"1\"}"},
    {"file",
     PART("name=\"f\"; filename=\"cv.pdf\"") "Content-Type: "
					     "application/"
					     "pdf\r\n\r\n%PDF\r\n" END,
     "{\"f\":\"cv.pdf (4 bytes)\"}"},
    {"file with a path",
     PART("name=\"f\"; filename=\"C:\\dir\\cv.pdf\"") "\r\n\r\n" END,
     "{\"f\":\"C:\\\\dir\\\\cv.pdf (0 bytes)\"}"},
    {"file input left empty",
     PART("name=\"f\"; filename=\"\"") "Content-Type: "
				       "application/"
				       "octet-stream\r\n\r\n\r\n" END,
     "{\"f\":\"\"}"},
    {"extended file name",
     PART(
	 "name=f; filename*=UTF-8''na%C3%AFve.txt; filename=\"naive\"") "\r\nab"
									"c\r"
									"\n" END,
     "{\"f\":\"na\xc3\xafve.txt (3 bytes)\"}"},
};

static void parts_become_one_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(READ); i++) {
		struct arena a = {0};
		struct value *v = NULL;
		struct err err = {0};
		int rc = payload_multipart(&a, str_from(READ[i].text), STR("X"),
					   &LIMITS, &v, &err);
		check_row(READ[i].name, rc == 0, err.text);
		check_json(READ[i].name, v, READ[i].json);
		arena_release(&a);
	}
}

static const struct {
	const char *name, *text, *err;
} REFUSED[] = {
    {"nothing", "", "without its last boundary"},
    {"other boundary", "--Y\r\n\r\n--Y--", "without its last boundary"},
    {"cut off", FIELD("a", "1"), "without its last boundary"},
    {"cut off before the dashes", FIELD("a", "1") "--X", "last boundary"},
    {"line feeds only",
     "--X\nContent-Disposition: form-data; name=\"a\"\n\n1\n--X--\n",
     "last boundary"},
    {"no headers", "--X\r\n\r\n1\r\n" END, "without Content-Disposition"},
    {"headers never end", PART("name=\"a\"") END, "inside its headers"},
    {"no name", PART("filename=\"a\"") "\r\n1\r\n" END, "Disposition"},
    {"not form-data",
     "--X\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n" END,
     "Disposition"},
    {"unclosed quote", PART("name=\"a") "\r\n1\r\n" END, "Disposition"},
    {"text behind the quote", PART("name=\"a\"b") "\r\n1\r\n" END,
     "Disposition"},
    {"parameter without value", PART("name") "\r\n1\r\n" END, "Disposition"},
    {"bad extended name", PART("name=a; filename*=x") "\r\n1\r\n" END,
     "Disposition"},
    {"folded header", PART("name=\"a\"") " x\r\n\r\n1\r\n" END,
     "malformed header"},
    {"nested",
     PART("name=\"a\"") "Content-Type: multipart/mixed; "
			"boundary=Z\r\n\r\n1\r\n" END,
     "multipart inside"},
    {"base64",
     PART("name=\"a\"") "Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n" END,
     "Transfer-Encoding"},
};

static void malformed_bodies_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(REFUSED); i++) {
		struct arena a = {0};
		struct value *v = NULL;
		struct err err = {0};
		int rc = payload_multipart(&a, str_from(REFUSED[i].text),
					   STR("X"), &LIMITS, &v, &err);
		check_row(REFUSED[i].name, rc == LB_EINVAL, err.text);
		check_row(REFUSED[i].name,
			  strstr(err.text, REFUSED[i].err) != NULL, err.text);
		arena_release(&a);
	}
}

static int parse_buf(struct buf *b)
{
	struct arena a = {0};
	struct value *v;
	int rc = payload_multipart(&a, buf_str(b), STR("X"), &LIMITS, &v, NULL);
	arena_release(&a);
	buf_reset(b);
	return rc;
}

static void ceilings_hold(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_add_str(&b, STR(FIELD("a", "1")));
	buf_add_str(&b, STR(END));
	assert_int_equal(parse_buf(&b), 0);
	for (int i = 0; i < 1001; i++)
		buf_add_str(&b, STR(FIELD("a", "1")));
	buf_add_str(&b, STR(END));
	assert_int_equal(parse_buf(&b), LB_ELIMIT);
	buf_add_str(&b, STR(PART("name=\"a\"")));
	for (int i = 0; i < 1000; i++)
		buf_add_str(&b, STR("X-Header: 1\r\n"));
	buf_add_str(&b, STR("\r\n1\r\n" END));
	assert_int_equal(parse_buf(&b), LB_ELIMIT);
	buf_release(&b);
}

static void boundaries_have_a_length(void **state)
{
	(void)state;
	struct arena a = {0};
	struct value *v;
	char longest[72];
	memset(longest, 'x', sizeof(longest));
	struct str text = STR("--X--");
	assert_int_equal(
	    payload_multipart(&a, text, STR_NONE, &LIMITS, &v, NULL),
	    LB_EINVAL);
	assert_int_equal(payload_multipart(&a, text, (struct str){longest, 71},
					   &LIMITS, &v, NULL),
			 LB_EINVAL);
	arena_release(&a);
}

static void files_are_marked(void **state)
{
	(void)state;
	struct arena a = {0};
	struct value *v;
	assert_int_equal(
	    payload_multipart(
		&a,
		STR(PART("name=\"f\"; filename=\"x\"") "\r\n\r\n" FIELD(
		    "a", "1") END),
		STR("X"), &LIMITS, &v, NULL),
	    0);
	assert_int_equal(value_get(v, "f")->flags, VALUE_IS_FILE);
	assert_int_equal(value_get(v, "a")->flags, 0);
	arena_release(&a);
}

enum { ALL = PAYLOAD_JSON | PAYLOAD_FORM | PAYLOAD_MULTIPART | PAYLOAD_XML };

static const struct {
	const char *name, *type, *body;
	unsigned kinds;
	int code;
	const char *json;
} MEDIA[] = {
    {"json", "application/json", "{\"a\":1}", ALL, 0, "{\"a\":1}"},
    {"json, case and charset", "Application/JSON; charset=UTF-8", "1", ALL, 0,
     "1"},
    {"text/json", "text/json", "1", ALL, 0, "1"},
    {"suffix", "application/cloudevents+json", "1", ALL, 0, "1"},
    {"only a suffix", "+json", "1", ALL, LB_EDENIED, NULL},
    {"plain text that is json", "text/plain;charset=UTF-8", " {\"a\":1}", ALL,
     0, "{\"a\":1}"},
    {"plain text", "text/plain", "hello", ALL, LB_EDENIED, NULL},
    {"form", "application/x-www-form-urlencoded", "a=1", ALL, 0,
     "{\"a\":\"1\"}"},
    {"multipart", "multipart/form-data; boundary=\"X\"", FIELD("a", "1") END,
     ALL, 0, "{\"a\":\"1\"}"},
    {"multipart without boundary", "multipart/form-data", END, ALL, LB_EINVAL,
     NULL},
    {"no type, json", NULL, "\xEF\xBB\xBF [1]", ALL, 0, "[1]"},
    {"no type, form", NULL, "a=1", ALL, 0, "{\"a\":\"1\"}"},
    {"empty type", "", "a=1", ALL, 0, "{\"a\":\"1\"}"},
    {"xml", "text/xml; charset=utf-8", "<a>1</a>", ALL, 0, "{\"a\":\"1\"}"},
    {"application/xml", "application/xml", "<a/>", ALL, 0, "{\"a\":\"\"}"},
    {"soap", "application/soap+xml", "<a/>", ALL, 0, "{\"a\":\"\"}"},
    {"xml not taken", "text/xml", "<a/>", PAYLOAD_JSON, LB_EDENIED, NULL},
    {"malformed xml", "text/xml", "<a>", ALL, LB_EINVAL, NULL},
    {"unknown type", "application/octet-stream", "{}", ALL, LB_EDENIED, NULL},
    {"json not taken", "application/json", "{}", PAYLOAD_FORM, LB_EDENIED,
     NULL},
    {"form not taken", "application/x-www-form-urlencoded", "a=1", PAYLOAD_JSON,
     LB_EDENIED, NULL},
    {"no type, not taken", NULL, "a=1", PAYLOAD_JSON, LB_EDENIED, NULL},
    {"malformed", "application/json", "{", ALL, LB_EINVAL, NULL},
};

static void the_media_type_chooses_the_parser(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(MEDIA); i++) {
		struct arena a = {0};
		struct value *v = NULL;
		struct err err = {0};
		struct header header = {STR("content-type"),
					str_from(MEDIA[i].type)};
		struct request request = {.headers = &header,
					  .n_headers = MEDIA[i].type != NULL,
					  .body = str_from(MEDIA[i].body)};
		int rc = payload_parse(&a, &request, MEDIA[i].kinds, &LIMITS,
				       false, &v, &err);
		check_row(MEDIA[i].name, rc == MEDIA[i].code, err.text);
		if (rc == 0)
			check_json(MEDIA[i].name, v, MEDIA[i].json);
		arena_release(&a);
	}
}

static void trees_outlive_the_body(void **state)
{
	(void)state;
	static const struct {
		const char *name, *type, *body, *json;
	} rows[] = {
	    {"json", "application/json", "{\"a\":[\"x\",7]}",
	     "{\"a\":[\"x\",7]}"},
	    {"form", "application/x-www-form-urlencoded", "a=x&b",
	     "{\"a\":\"x\",\"b\":\"\"}"},
	    {"multipart", "multipart/form-data; boundary=X",
	     "--X\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" PART(
		 "name=f; filename=cv") "\r\n12\r\n" END,
	     "{\"a\":\"1\",\"f\":\"cv (2 bytes)\"}"},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena a = {0};
		struct buf body;
		struct value *v = NULL;
		struct err err = {0};
		struct header header = {STR("Content-Type"),
					str_from(rows[i].type)};
		buf_init(&body, 1000);
		buf_add_str(&body, str_from(rows[i].body));
		struct request request = {
		    .headers = &header, .n_headers = 1, .body = buf_str(&body)};
		int rc =
		    payload_parse(&a, &request, ALL, &LIMITS, false, &v, &err);
		check_row(rows[i].name, rc == 0, err.text);
		memset(body.p, '#', body.n);
		buf_release(&body);
		check_json(rows[i].name, v, rows[i].json);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_become_one_tree),
	    cmocka_unit_test(malformed_bodies_are_refused),
	    cmocka_unit_test(ceilings_hold),
	    cmocka_unit_test(boundaries_have_a_length),
	    cmocka_unit_test(files_are_marked),
	    cmocka_unit_test(the_media_type_chooses_the_parser),
	    cmocka_unit_test(trees_outlive_the_body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
