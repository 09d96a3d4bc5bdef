/* SPDX-License-Identifier: MIT */
/*
 * The rarer refusals of the configuration: one row per kind of value and per
 * cross check that test_config_mistakes.c does not plant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_files.h"

#define SHOP                                                                   \
	SOURCES "  s:\n    platform: form\n    token: file:secret\n"           \
		"    source_platform: direct\n    destination: mega\n"
#define AT_MEGA                                                                \
	"destinations:\n  mega:\n    " ID "\n    token: file:secret\n    "     \
	"url: "

static const struct row structure_rows[] = {
    {"listen is empty", "listen: []\n",
     NONE "main.yaml:1:9: error: 'listen' must be a list of 1 to 64 "
	  "addresses, not a list\n"},
    {"list in listen", "listen: [[x]]\n",
     NONE "main.yaml:1:10: error: 'listen' must be a mapping or an address, "
	  "not a list\n"},
    {"tls without key",
     "listen: {address: \":1\", tls: {certificate: secret}}\n",
     NONE "main.yaml:1:30: error: 'tls' has no 'key'\n"},
    {"destinations as list", "destinations: [a]\n",
     NONE "main.yaml:1:15: error: 'destinations' must be a mapping of at most "
	  "1000 names, not a list\n"},
    {"sources as text", "sources: x\n",
     NONE "main.yaml:1:10: error: 'sources' must be a mapping, not 'x'\n"},
    {"source as text", "sources:\n  s: x\n",
     NONE "main.yaml:2:6: error: source 's' must be a mapping\n"},
    {"reserved name of a source", "sources:\n  manual: {}\n",
     NONE "main.yaml:2:3: error: source 'manual' is reserved for leads added "
	  "by hand: name it otherwise\n"},
    {"empty name", "sources: {\"\": {}}\n",
     NONE "main.yaml:1:11: error: '' is not a name for a source (a-z, 0-9 "
	  "and '-', at most 64)\n"},
    {"list for a text", "store: {path: [a]}\n",
     NONE "main.yaml:1:15: error: 'store.path' must be a text, not a list\n"},
    {"two lines", "store: {path: \"a\\nb\"}\n",
     NONE "main.yaml:1:15: error: 'store.path' must be one line without "
	  "tabs\n"},
    {"byte rate", "limits: {min_body_rate: fast}\n",
     NONE "main.yaml:1:25: error: 'limits.min_body_rate' must be bytes per "
	  "second (1KiB/s) from 0/s to 1GiB/s, not 'fast'\n"},
    {"postgres", "store: {backend: postgres}\n",
     NONE "main.yaml:1:18: error: this build has no backend 'postgres'\n"},
    {"url for sqlite", "store: {url: postgresql://u:pw@h/d}\n",
     NONE "main.yaml:1:14: warning: 'store.url' means nothing to backend "
	  "'sqlite'\n"},
    {"keys are forgotten before leads", "store: {retain: {keys: 1d}}\n",
     NONE "main.yaml:1:17: error: 'store.retain.keys' is shorter than "
	  "'store.retain.leads': a late repetition would become a second "
	  "lead\n"},
    {"query in public_url", "public_url: https://a.example/?x=1\n",
     NONE "main.yaml:1:13: error: 'public_url' must have no query\n"},
};

static void test_structure(void **state)
{
	(void)state;
	CHECK_ROWS(structure_rows);
}

static const struct row destination_rows[] = {
    {"token with a blank",
     "destinations:\n  mega: {url: https://a.example, token: \"plain:a b\", " ID
     "}\n",
     "main.yaml: warning: no source is configured\n"
     "main.yaml:2:41: error: 'token' holds blanks or control characters\n"
     "main.yaml:2:41: warning: 'token' is in the clear; use file:, "
     "credential: or env:\n"},
    {"timeouts", AT_MEGA "https://a.example\n    connect_timeout: 40s\n",
     NONE "main.yaml:6:22: error: 'connect_timeout' is longer than "
	  "'timeout'\n"},
    {"durations", AT_MEGA "https://a.example\n    retry: [1s, 8d]\n",
     NONE "main.yaml:6:17: error: 'retry' must be at most 100 durations up "
	  "to 7d, not '8d'\n"},
    {"rate of a strange unit", AT_MEGA "https://a.example\n    rate: 5/ms\n",
     NONE "main.yaml:6:11: error: 'rate' must be a rate (10/s, 60/min, "
	  "1000/h, 12/4s), not '5/ms'\n"},
    {"unreadable ca", AT_MEGA "https://a.example\n    ca: nowhere\n",
     NONE "main.yaml:6:9: error: cannot read 'nowhere'\n"},
    {"header with a line end",
     AT_MEGA "https://a.example\n    headers: {X-A: \"a\\nb\"}\n",
     NONE "main.yaml:6:20: error: 'headers': control character in the "
	  "value\n"},
    {"outcomes as list", AT_MEGA "https://a.example\n    outcome: [dead]\n",
     NONE "main.yaml:6:14: error: 'outcome' must be a mapping of statuses to "
	  "outcomes, not a list\n"},
    {"proxy with a password is not shown",
     AT_MEGA "https://a.example\n    allow_private: true\n    proxy: "
	     "socks5://u:s3cr3t@p:1\n",
     NONE "main.yaml:7:12: error: 'proxy' must be an http or https URL\n"},
};

static void test_destinations(void **state)
{
	(void)state;
	CHECK_ROWS(destination_rows);
}

static const struct row source_rows[] = {
    {"as it should be", SHOP, ""},
    {"unknown platform",
     SOURCES "  s: {platform: carrierpigeons, token: "
	     "file:secret, destination: mega}\n",
     "main.yaml:5:17: error: unknown platform 'carrierpigeons'\n"},
    {"unknown destination, nothing like it",
     SOURCES "  s: {platform: shopify, secret: file:secret, destination: "
	     "elsewhere}\n",
     "main.yaml:5:60: error: unknown destination 'elsewhere'\n"},
    {"unknown default of a route",
     SOURCES "  s: {platform: shopify, secret: file:secret, route: {map: {x: "
	     "mega}, default: mgea}}\n",
     "main.yaml:5:80: error: unknown destination 'mgea' (did you mean "
     "'mega'?)\n"},
    {"basic without secret", SHOP "    basic: user\n",
     "main.yaml:10:12: error: 'basic' must be NAME:SECRET\n"},
    {"basic with two names", SHOP "    basic: [a:file:secret, b:file:secret]\n",
     "main.yaml:10:28: error: 'basic' must have one name; the first is "
     "'a'\n"},
    {"the same header twice is a rotation",
     SHOP "    header: [\"X-K: file:secret\", \"x-k: file:secret\"]\n", ""},
    {"header list in a mapping",
     SHOP "    header: {X-K: [file:secret, file:secret]}\n", ""},
    {"a window without length", SHOP "    expect: 1 per 6h 08:00-08:00\n",
     "main.yaml:10:13: error: 'expect': the window has no length\n"},
    {"more than can be counted", SHOP "    expect: 101 per 1d\n",
     "main.yaml:10:13: error: 'expect': more than 100 events: name a shorter "
     "time\n"},
    {"not a number of times", SHOP "    expect: 1 per 6h 25:00-26:00\n",
     "main.yaml:10:13: error: 'expect' must be like '1 per 6h' or '1 per 6h "
     "08:00-20:00', not '1 per 6h 25:00-26:00'\n"},
    {"mapping needed", SHOP "    map: .email\n",
     "main.yaml:10:10: error: 'map' must be a mapping, or file:/PATH, not "
     "'.email'"
     "\n"},
    {"list as a mapped value", SHOP "    map: {email: [.a]}\n",
     "main.yaml:10:18: error: 'map' must be a text, not a list\n"},
    {"events of two lines", SHOP "    events: [\"a\\nb\"]\n",
     "main.yaml:10:14: error: 'events' must be texts of one line, not 'a\nb'"
     "\n"},
};

static void test_sources(void **state)
{
	(void)state;
	CHECK_ROWS(source_rows);
}

static void test_urls(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool ok;
	} rows[] = {
	    {"https://a.example", true},
	    {"https://a.example:8443/x?y=z", true},
	    {"HTTPS://A.example/", true},
	    {"https://[2001:db8::1]:443/x", true},
	    {"https://[2001:db8::1]/x", true},
	    {"https://[::g]/x", false},
	    {"https://[::1]443/x", false},
	    {"https://[::1", false},
	    {"https://", false},
	    {"https:///x", false},
	    {"https://a b.example/", false},
	    {"https://a.example/ x", false},
	    {"https://a.example/\xC3\xA9", false},
	    {"https://a.example/#x", false},
	    {"https://a.example:0/", false},
	    {"https://a.example:65536/", false},
	    {"https://a_b.example:x/", false},
	    {"https://u@a.example/", false},
	    {"ftp://a.example/", false},
	    {"//a.example/", false},
	    {"a.example", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf text, problems;
		buf_init(&text, 4096);
		buf_addf(&text, AT_MEGA "\"%s\"\n    allow_http: true\n",
			 rows[i].url);
		file_write("main.yaml", text.p, 0600);
		struct config *c = files_load(&problems);
		if ((c != NULL) != rows[i].ok)
			fail_msg("%s: %.*s", rows[i].url,
				 STR_FMT(buf_str(&problems)));
		config_unref(c);
		buf_release(&text);
		buf_release(&problems);
	}
}

static void test_parts_must_be_mappings(void **state)
{
	(void)state;
	struct buf problems;
	file_write("main.yaml", "limits: {values: 100}\nstore:\n", 0600);
	file_write("conf.d/a.yaml", "- x\n", 0600);
	file_write("conf.d/b.yaml",
		   "store: {path: /x}\nlimits:\nadmin: {a: 1\n", 0600);
	assert_null(files_load(&problems));
	assert_string_equal(
	    problems.p,
	    "conf.d/a.yaml:1:1: error: the file must be a mapping of keys\n"
	    "conf.d/b.yaml:4:1: error: not valid YAML: did not find expected "
	    "',' or '}' (while parsing a flow mapping, begun at 3:8)\n");
	buf_release(&problems);
	file_write("conf.d/a.yaml", "", 0600);
	file_write("conf.d/b.yaml", "store: {path: /x}\nlimits:\n", 0600);
	struct config *c = files_load(&problems);
	assert_non_null(c);
	assert_string_equal(c->store.path, "/x");
	assert_int_equal(c->limits.values, 100);
	config_unref(c);
	buf_release(&problems);
	(void)unlink("conf.d/a.yaml");
	(void)unlink("conf.d/b.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_structure),
	    cmocka_unit_test(test_destinations),
	    cmocka_unit_test(test_sources),
	    cmocka_unit_test(test_urls),
	    cmocka_unit_test(test_parts_must_be_mappings),
	};
	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
