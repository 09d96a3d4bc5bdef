/* SPDX-License-Identifier: MIT */
/* Written forms of listening addresses, and which of them are loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "operate/config_read.h"

static const struct {
	const char *text;
	bool ok, tcp, loopback;
} rows[] = {
    {"127.0.0.1:8080", true, true, true},
    {"127.8.9.1:1", true, true, true},
    {"[::1]:8080", true, true, true},
    {"localhost:0", true, true, true},
    {"LOCALHOST:80", true, true, true},
    {"0.0.0.0:80", true, true, false},
    {"[::]:80", true, true, false},
    {"*:80", true, true, false},
    {":80", true, true, false},
    {"10.0.0.1:443", true, true, false},
    {"hooks.example.com:443", true, true, false},
    {"unix:/run/x.sock", true, false, false},
    {"systemd:http", true, false, false},
    {"127.0.0.1", false, true, false},
    {"127.0.0.1:", false, true, false},
    {"127.0.0.1:65536", false, true, true},
    {"127.0.0.1:-1", false, true, true},
    {"::1:80", false, true, false},
    {"[::1:80", false, true, false},
    {"[::1]", false, true, false},
    {"[localhost]:80", false, true, false},
    {"a b:80", false, true, false},
    {"", false, true, false},
    {"unix:", false, false, false},
    {"unix:relative", false, false, false},
    {"systemd:", false, false, false},
    {"systemd:a/b", false, false, false},
    {"unix:/a23456789b123456789c123456789d123456789e123456789f123456789"
     "g123456789h123456789i123456789j123456789k123456789",
     false, false, false},
};

static void test_addresses_are_judged_by_their_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str text = str_from(rows[i].text);
		if (config_address_ok(text) != rows[i].ok ||
		    config_address_is_tcp(text) != rows[i].tcp ||
		    (rows[i].ok &&
		     config_address_is_loopback(text) != rows[i].loopback))
			fail_msg("'%s' is misjudged", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses_are_judged_by_their_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
