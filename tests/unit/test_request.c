/* SPDX-License-Identifier: MIT */
/* Headers and media types of a request. */
#include "leadbridge/request.h"
#include "rows.h"

static void headers_are_found_in_any_case(void **state)
{
	(void)state;
	struct header headers[] = {{STR("X-One"), STR("1")},
				   {STR("x-two"), STR("2")},
				   {STR("X-TWO"), STR("3")}};
	struct request r = {.headers = headers, .n_headers = 3};
	check_text("one", request_header(&r, "x-one"), "1");
	check_text("first of two", request_header(&r, "X-Two"), "2");
	check_text("none", request_header(&r, "x-on"), NULL);
	assert_int_equal(request_header_count(&r, "X-two"), 2);
	assert_int_equal(request_header_count(&r, "X-three"), 0);
}

static const struct {
	const char *value; /* of Content-Type; also the row's name */
	const char *type, *boundary;
} TYPES[] = {
    {"text/plain", "text/plain", NULL},
    {" Text/Plain ; charset=x", "Text/Plain", NULL},
    {"m/f; boundary=abc", "m/f", "abc"},
    {"m/f;BOUNDARY=\"a b\"", "m/f", "a b"},
    {"m/f; charset=x; boundary = abc ;x=y", "m/f", "abc"},
    {"m/f; a=\"; boundary=no\"; boundary=yes", "m/f", "yes"},
    {"m/f; a=\"\\\"; boundary=no\"; boundary=yes", "m/f", "yes"},
    {"m/f; boundary", "m/f", NULL},
    {"m/f; boundary=", "m/f", ""},
    {"m/f; boundary=\"", "m/f", "\""},
    {"m/f; xboundary=1;;", "m/f", NULL},
    {"m/f; boundary=\"a;b\"", "m/f", "a;b"},
    {"", "", NULL},
};

static void media_types_come_without_parameters(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(TYPES); i++) {
		struct header h = {STR("content-type"),
				   str_from(TYPES[i].value)};
		struct request r = {.headers = &h, .n_headers = 1};
		check_text(TYPES[i].value, request_media_type(&r),
			   TYPES[i].type);
		check_text(TYPES[i].value, request_media_param(&r, "boundary"),
			   TYPES[i].boundary);
	}
	struct request none = {0};
	assert_null(request_media_type(&none).p);
	assert_null(request_media_param(&none, "boundary").p);
}

static void methods_have_names(void **state)
{
	(void)state;
	assert_string_equal(http_method_name(HTTP_GET), "GET");
	assert_string_equal(http_method_name(HTTP_OPTIONS), "OPTIONS");
	assert_string_equal(http_method_name(HTTP_OTHER), "OTHER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(headers_are_found_in_any_case),
	    cmocka_unit_test(media_types_come_without_parameters),
	    cmocka_unit_test(methods_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
