/* SPDX-License-Identifier: MIT */
/*
 * Planted mistakes: each is reported with its exact place and words, all of a
 * file at once, and never with the secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_files.h"

static const struct row keys_and_values_rows[] = {
    {"misspelt key", "destinatons: {}\n",
     NONE "main.yaml:1:1: error: unknown key 'destinatons' (did you "
	  "mean 'destinations'?)\n"},
    {"misspelt nested key", "limits:\n  conections: 5\n",
     NONE "main.yaml:2:3: error: unknown key 'conections' (did you "
	  "mean 'connections'?)\n"},
    {"nothing like it", "webhooks: 1\n",
     NONE "main.yaml:1:1: error: unknown key 'webhooks'\n"},
    {"dotted key", "limits.body: 1MiB\n",
     NONE "main.yaml:1:1: error: key 'limits.body' must be nested: one "
	  "mapping for each part\n"},
    {"not a number", "limits: {connections: many}\n",
     NONE "main.yaml:1:23: error: 'limits.connections' must be a "
	  "number from 1 to 1000000, not 'many'\n"},
    {"out of range", "limits: {connections: 0}\n",
     NONE "main.yaml:1:23: error: 'limits.connections' must be a "
	  "number from 1 to 1000000, not '0'\n"},
    {"overflow", "limits: {connections: 99999999999999999999}\n",
     NONE "main.yaml:1:23: error: 'limits.connections' must be a "
	  "number from 1 to 1000000, not '99999999999999999999'\n"},
    {"duration without unit", "metrics:\n  interval: 10\n",
     NONE "main.yaml:2:13: error: 'metrics.interval' must be a "
	  "duration (500ms, 10s, 5m, 6h, 30d) from 1s to 1d, not "
	  "'10'\n"},
    {"negative size", "store: {reserve: -1}\n",
     NONE "main.yaml:1:18: error: 'store.reserve' must be a size "
	  "(64KiB, 10MB) from 0 to 64GiB, not '-1'\n"},
    {"list for a number", "limits:\n  pending: [1]\n",
     NONE "main.yaml:2:12: error: 'limits.pending' must be a number "
	  "from 1 to 1000000, not a list\n"},
    {"text for a mapping", "limits: 5\n",
     NONE "main.yaml:1:9: error: 'limits' must be a mapping, not a "
	  "text\n"},
    {"yes is not true", "admin: {allow_remote: yes}\n",
     NONE "main.yaml:1:23: error: 'admin.allow_remote' must be true "
	  "or false, not 'yes'\n"},
    {"misspelt word", "log: {level: wran}\n",
     NONE "main.yaml:1:14: error: unknown log.level 'wran' (did you "
	  "mean 'warn'?)\n"},
    {"unknown word", "log: {format: xml}\n",
     NONE "main.yaml:1:15: error: 'log.format' must be one of: text "
	  "json\n"},
    {"no value", "store:\n  path:\n",
     NONE "main.yaml:2:8: error: 'store.path' is empty\n"},
    {"network", "trusted_proxies: [10.0.0.0/33]\n",
     NONE "main.yaml:1:19: error: 'trusted_proxies' must be addresses "
	  "or networks (192.0.2.0/24, \"2001:db8::/32\", unix), not "
	  "'10.0.0.0/33'\n"},
    {"given twice", "log: {}\nlog: {}\n",
     NONE "main.yaml:2:1: error: key 'log' is given twice (first at "
	  "line 1)\n"},
    {"what is no YAML is not judged further",
     "publc_url: x\nsources: {s: {}\nadmin:\n",
     "main.yaml:3:1: error: not valid YAML: did not find expected ',' "
     "or '}' (while parsing a flow mapping, begun at 2:10)\n"},
    {"a list is no configuration", "- a\n",
     "main.yaml:1:1: error: the file must be a mapping of keys\n"},
    {"all of them, in order",
     "limits:\n  values: x\n  bdy: 1\nlog: {level: 7}\npublic: 1\n",
     NONE "main.yaml:2:11: error: 'limits.values' must be a number "
	  "from 16 to 10000000, not 'x'\n"
	  "main.yaml:3:3: error: unknown key 'bdy' (did you mean "
	  "'body'?)\n"
	  "main.yaml:4:14: error: 'log.level' must be one of: error "
	  "warn info debug\n"
	  "main.yaml:5:1: error: unknown key 'public'\n"},
};

static void test_keys_and_values(void **state)
{
	(void)state;
	CHECK_ROWS(keys_and_values_rows);
}

static const struct row listening_addresses_rows[] = {
    {"no address",
     "listen:\n  - tls: {certificate: secret, key: "
     "file:secret}\n",
     NONE "main.yaml:2:5: error: the address has no 'address'\n"},
    {"no port", "listen: [127.0.0.1]\n",
     NONE "main.yaml:1:10: error: '127.0.0.1' is not an address "
	  "(host:port, [address]:port, unix:/path, systemd:NAME)\n"},
    {"twice", "listen:\n  - address: \"[::1]:80\"\n  - \"[::1]:80\"\n",
     NONE "main.yaml:3:5: error: '[::1]:80' is given twice\n"},
    {"half of tls",
     "listen:\n  - address: unix:/run/x\n    tls: {key: "
     "file:secret}\n",
     NONE "main.yaml:3:10: error: 'tls' has no 'certificate'\n"},
    {"unreadable certificate",
     "listen:\n  - address: systemd:http\n    tls:\n      "
     "certificate: nowhere\n      key: file:secret\n",
     NONE "main.yaml:4:20: error: cannot read 'nowhere'\n"},
    {"admin beyond loopback",
     "admin:\n  listen: [\"10.0.0.1:1\", unix:/a]\n  token: "
     "file:secret\n",
     NONE "main.yaml:2:11: error: '10.0.0.1:1' is not a loopback "
	  "address (set admin.allow_remote to allow it)\n"},
    {"admin without token", "admin:\n  listen: 127.0.0.1:81\n",
     NONE "main.yaml:2:11: error: '127.0.0.1:81' needs admin.token\n"},
    {"admin as it should be",
     "admin: {listen: [127.0.0.1:81, \"[::1]:81\"], token: "
     "file:secret}\n",
     NONE},
};

static void test_listening_addresses(void **state)
{
	(void)state;
	CHECK_ROWS(listening_addresses_rows);
}

static const struct row secrets_rows[] = {
    {"not a reference", "admin: {token: s3cr3t}\n",
     NONE "main.yaml:1:16: error: 'admin.token' must be "
	  "credential:NAME, file:PATH, env:NAME or plain:TEXT\n"},
    {"plain", "admin: {token: plain:s3cr3t}\n",
     NONE "main.yaml:1:16: warning: 'admin.token' is in the clear; "
	  "use file:, credential: or env:\n"},
    {"no such file", "admin: {token: file:nowhere}\n",
     NONE "main.yaml:1:16: error: 'admin.token': cannot open "
	  "'nowhere': No such file or directory\n"},
    {"empty file", "admin: {token: file:empty}\n",
     NONE "main.yaml:1:16: error: 'admin.token': secret 'file:empty' "
	  "is empty\n"},
    {"empty list", "admin: {token: []}\n",
     NONE "main.yaml:1:16: error: 'admin.token' is empty\n"},
    {"open to everybody", "admin: {token: [file:secret, file:open]}\n",
     NONE "main.yaml:1:30: warning: 'open' is open to everybody "
	  "(mode 0644; wanted: 0640 or less)\n"},
    {"a public key may be open to everybody",
     "admin: {token: \"plain:-----BEGIN PUBLIC KEY-----\"}\n", NONE},
    {"not in the environment", "admin: {token: env:LB_NOT_THERE}\n",
     NONE "main.yaml:1:16: error: 'admin.token': environment variable "
	  "'LB_NOT_THERE' is not set\n"},
};

static void test_secrets(void **state)
{
	(void)state;
	CHECK_ROWS(secrets_rows);
}

static const struct row destinations_rows[] = {
    {"required keys", "destinations:\n  mega: {}\n",
     NONE "main.yaml:2:3: error: destination 'mega' has no "
	  "'customer_id'\n"
	  "main.yaml:2:3: error: destination 'mega' has no 'token'\n"
	  "main.yaml:2:3: error: destination 'mega' has no 'url'\n"},
    {"name", "destinations:\n  Mega_1: {}\n",
     NONE "main.yaml:2:3: error: 'Mega_1' is not a name for a "
	  "destination (a-z, 0-9 and '-', at most 64)\n"},
    {"reserved name",
     "destinations:\n  quarantine: {url: https://a.example, token: "
     "file:secret, " ID "}\n",
     NONE "main.yaml:2:3: error: 'quarantine' cannot be the name of "
	  "a destination\n"},
    {"http",
     "destinations:\n  m: {url: http://a.example, token: "
     "file:secret, " ID "}\n",
     NONE "main.yaml:2:12: error: 'url' must be https (set "
	  "allow_http to allow http)\n"},
    {"user name in the URL",
     "destinations:\n  m: {url: https://u:p@a.example, token: "
     "file:secret, " ID "}\n",
     NONE "main.yaml:2:12: error: 'url' must be an http or https URL "
	  "without user name or fragment\n"},
    {"customer",
     "destinations:\n  m: {url: https://a.example, token: "
     "file:secret, customer_id: 12}\n",
     NONE "main.yaml:2:64: error: 'customer_id' must be a UUID "
	  "(8-4-4-4-12 hex digits), not '12'\n"},
    {"values",
     "destinations:\n  m:\n    url: https://a.example\n    token: "
     "file:secret\n    " ID "\n    rate: [60/min, 5]\n    outcome: "
     "{42: dead, 409: lost}\n    breaker: {open: 3m}\n    proxy: "
     "http://p:1\n    headers: {Authorization: x}\n",
     NONE "main.yaml:6:20: error: 'rate' must be a rate (10/s, "
	  "60/min, 1000/h, 12/4s), not '5'\n"
	  "main.yaml:7:15: error: not a status from 100 to 599: "
	  "'42'\n"
	  "main.yaml:7:30: error: 'outcome' must be sent, retry, "
	  "limited, park or dead, not 'lost'\n"
	  "main.yaml:8:14: error: 'breaker.open' is longer than "
	  "'breaker.max_open'\n"
	  "main.yaml:9:12: error: 'proxy' needs allow_private: only "
	  "the proxy's address can be checked\n"
	  "main.yaml:10:30: error: 'headers': leadbridge sets the "
	  "header 'Authorization' itself\n"},
    {"nobody's destination", SOURCES "", ""},
};

static void test_destinations(void **state)
{
	(void)state;
	CHECK_ROWS(destinations_rows);
}

static const struct row sources_rows[] = {
    {"platform",
     SOURCES "  s: {platform: shopfy, secret: "
	     "file:secret, destination: mega}\n",
     "main.yaml:5:17: error: unknown platform 'shopfy' (did you mean "
     "'shopify'?)\n"},
    {"destination",
     SOURCES "  s: {platform: shopify, secret: "
	     "file:secret, destination: [mga, mega]}\n",
     "main.yaml:5:61: error: unknown destination 'mga' (did you mean "
     "'mega'?)\n"},
    {"destination twice",
     SOURCES "  s: {platform: shopify, secret: file:secret, "
	     "destination: [mega, mega]}\n",
     "main.yaml:5:67: error: 'mega' is given twice\n"},
    {"nothing proves it",
     SOURCES "  s: {platform: shopify, destination: mega}\n",
     "main.yaml:5:3: error: source 's': platform 'shopify' needs "
     "secret\n"},
    {"no destination",
     SOURCES "  s: {platform: shopify, secret: file:secret}\n",
     "main.yaml:5:3: error: source 's': no destination\n"},
    {"both destination and route",
     SOURCES "  s:\n    platform: shopify\n    secret: file:secret\n"
	     "    destination: mega\n    route: {map: {x: mega}}\n",
     "main.yaml:9:5: error: ambiguous route: 'destination' and "
     "'route' exclude each other\n"},
    {"one account, two ways",
     SOURCES "  s:\n    platform: shopify\n    secret: file:secret\n"
	     "    route: {map: {A.example: mega, a.example: mga}, "
	     "default: quarantine}\n",
     "main.yaml:8:36: error: ambiguous route: 'a.example' is also "
     "given at line 8\n"
     "main.yaml:8:47: error: unknown destination 'mga' (did you mean "
     "'mega'?)\n"},
    {"the URL is signed",
     SOURCES "  s:\n    platform: json\n    secret: file:secret\n"
	     "    destination: mega\n    source_platform: direct\n"
	     "    scheme: {algorithm: hmac-sha256, header: X-S, "
	     "encoding: hex, signed: \"{url}{body}\"}\n",
     "main.yaml:10:74: error: 'public_url' must be set: source 's' "
     "signs the URL\n"},
    {"the platform signs the URL",
     SOURCES "  s: {platform: twilio, secret: file:secret, "
	     "destination: mega}\n",
     "main.yaml:5:17: error: 'public_url' must be set: source 's' "
     "signs the URL\n"},
    {"the platform would, but the token proves",
     SOURCES "  s: {platform: hubspot_workflow, token: file:secret, "
	     "destination: mega}\n",
     ""},
    {"values",
     SOURCES "  s:\n    platform: form\n    token: file:secret\n"
	     "    destination: mega\n    country: usa\n"
	     "    expect: often\n    map: {email: contact}\n"
	     "    event_id: \"header:\"\n    source_platform: shopfy\n"
	     "    origins: [https://a.example/b]\n"
	     "    redirect: /thanks\n    max_body: 30MiB\n",
     "main.yaml:9:14: error: 'country' must be a country of two "
     "capitals (US), not 'usa'\n"
     "main.yaml:10:13: error: 'expect' must be like '1 per 6h' or '1 "
     "per 6h 08:00-20:00', not 'often'\n"
     "main.yaml:12:15: error: 'event_id' must be header:NAME, a path "
     "(.id) or hash, not 'header:'\n"
     "main.yaml:13:22: error: unknown source_platform 'shopfy' (did "
     "you mean 'shopify'?)\n"
     "main.yaml:14:15: error: 'https://a.example/b' is not an origin "
     "(https://www.example.com, no path)\n"
     "main.yaml:15:15: error: '/thanks' is not an http or https "
     "URL\n"
     "main.yaml:16:15: error: 'max_body' is larger than "
     "limits.pending_bytes: such a request could never be "
     "accepted\n"},
    {"an expression of map",
     SOURCES "  s:\n    platform: form\n    token: file:secret\n"
	     "    destination: mega\n    map:\n      name: .who\n"
	     "      email: |\n        .a\n        | contact\n",
     "main.yaml:13:14: error: jq: email: contact/0 is not defined\n"},
    {"an app of many accounts",
     SOURCES "  s:\n    platform: hubspot\n    secret: file:secret\n"
	     "    destination: mega\n"
	     "  t:\n    platform: meta_ads\n    secret: file:secret\n"
	     "    verify_token: file:secret\n    route: {map: {\"1\": mega}}\n"
	     "  u:\n    platform: meta_ads\n    secret: file:secret\n"
	     "    verify_token: file:secret\n    destination: mega\n",
     "main.yaml:5:3: warning: source 's' takes the leads of every account its "
     "app serves: set account or route\n"
     "main.yaml:6:15: error: 'public_url' must be set: source 's' signs the "
     "URL\n"
     "main.yaml:14:3: warning: source 'u' takes the leads of every account its "
     "app serves: set account or route\n"},
    {"a program that is not there",
     SOURCES "  s:\n    platform: form\n    token: file:secret\n"
	     "    destination: mega\n    map: file:/nonexistent/map.jq\n",
     "main.yaml:9:10: error: 'map': cannot read '/nonexistent/map.jq': No "
     "such file or directory\n"},
    {"a program beside the configuration",
     SOURCES "  s:\n    platform: form\n    token: file:secret\n"
	     "    destination: mega\n    map: file:map.jq\n",
     "main.yaml:9:10: error: 'map' must be a mapping, or file:/PATH, not "
     "'file:map.jq'\n"},
    {"an empty program",
     SOURCES "  s:\n    platform: form\n    token: file:secret\n"
	     "    destination: mega\n    map: file:/dev/null\n",
     "main.yaml:9:10: error: 'map': '/dev/null' is empty\n"},
    {"an expression of filter",
     SOURCES "  s:\n    platform: form\n    token: file:secret\n"
	     "    destination: mega\n    filter: .a | | .b\n",
     "main.yaml:9:13: error: jq: filter: syntax error, unexpected '|'\n"},
    {"header",
     SOURCES "  s:\n    platform: form\n    destination: mega\n"
	     "    token: file:secret\n    header: [\"X Y: z\", \"X-Z: "
	     "s3cr3t\", nothing]\n",
     "main.yaml:9:14: error: 'header': not the name of a header\n"
     "main.yaml:9:24: warning: 'header' is in the clear; use file:, "
     "credential: or env:\n"
     "main.yaml:9:39: error: 'header' must be \"Name: value\" or a "
     "mapping\n"},
    {"an account without a token",
     "public_url: https://hooks.example.com\n" SOURCES
     "  s:\n    platform: hubspot\n    secret: file:secret\n"
     "    route: {map: {\"1\": mega, \"2\": mega}}\n"
     "    api:\n      tokens:\n        \"1\": file:secret\n",
     "main.yaml:12:9: warning: 'api.tokens' has none for account '2': its "
     "leads will wait for one\n"},
    {"tokens of nobody",
     "public_url: https://hooks.example.com\n" SOURCES
     "  s:\n    platform: hubspot\n    secret: file:secret\n"
     "    route: {map: {\"1\": mega}}\n"
     "    api:\n      tokens:\n        \"a/b\": file:secret\n"
     "        \"1\": s3cr3t\n",
     "main.yaml:12:9: error: 'api.tokens': not the id of an account\n"
     "main.yaml:13:14: error: 'api.tokens' must be credential:NAME, "
     "file:PATH, env:NAME or plain:TEXT\n"},
    {"a destination nobody uses",
     "destinations:\n  other: {url: https://crm.example.com/leads, "
     "token: file:secret, " ID "}\n" MEGA "sources:\n" GOOD,
     "main.yaml:2:3: warning: no source uses destination 'other'\n"},
    {"addresses that are not public",
     "destinations:\n"
     "  mega: {url: https://10.0.0.1/leads, token: file:secret, " ID "}\n"
     "  six: {url: \"https://[::1]:8443\", token: file:secret, " ID "}\n"
     "  dns: {url: \"https://1.1.1.1?x=1\", token: file:secret, " ID "}\n"
     "  mine: {url: https://10.0.0.1/leads, allow_private: true, "
     "token: file:secret, " ID "}\n"
     "sources:\n"
     "  good: {platform: shopify, secret: file:secret, destination: "
     "[mega, six, dns, mine]}\n",
     "main.yaml:2:15: warning: '10.0.0.1' is not a public address: nothing "
     "will be sent there unless allow_private is set\n"
     "main.yaml:3:14: warning: '::1' is not a public address: nothing will "
     "be sent there unless allow_private is set\n"},
};

static void test_sources(void **state)
{
	(void)state;
	CHECK_ROWS(sources_rows);
}

static void test_file_that_is_not_there(void **state)
{
	(void)state;
	struct buf problems;
	(void)unlink("main.yaml");
	assert_null(files_load(&problems));
	assert_string_equal(problems.p,
			    "main.yaml: error: cannot be read: No such file "
			    "or directory\n");
	buf_release(&problems);
}

static void test_number_of_problems_has_a_ceiling(void **state)
{
	(void)state;
	struct buf text;
	struct config *c = NULL;
	struct config_problems problems = {0};
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 5000; i++)
		buf_addf(&text, "unknown%d: 1\n", i);
	file_write("main.yaml", text.p, 0600);
	assert_int_equal(config_load("main.yaml", &c, &problems), LB_EINVAL);
	assert_int_equal(problems.errors, 5000);
	assert_int_equal(problems.n, 501);
	config_problems_release(&problems);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys_and_values),
	    cmocka_unit_test(test_listening_addresses),
	    cmocka_unit_test(test_secrets),
	    cmocka_unit_test(test_destinations),
	    cmocka_unit_test(test_sources),
	    cmocka_unit_test(test_file_that_is_not_there),
	    cmocka_unit_test(test_number_of_problems_has_a_ceiling),
	};
	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
