/* SPDX-License-Identifier: MIT */
/* Networks: what is parsed, what matches, who the client behind proxies is. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/network.h"
#include "ingress/proxy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_network_parse_takes_only_addresses_with_prefix(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int rc;
		int bits;
	} rows[] = {
	    {"127.0.0.0/8", 0, 104},
	    {"127.0.0.1", 0, 128},
	    {"0.0.0.0/0", 0, 96},
	    {"::1/128", 0, 128},
	    {"::/0", 0, 0},
	    {"2001:db8::/33", 0, 33},
	    {"unix", 0, 0},
	    {"", LB_EINVAL, 0},
	    {"127.0.0.0/33", LB_EINVAL, 0},
	    {"127.0.0.0/-1", LB_EINVAL, 0},
	    {"127.0.0.0/", LB_EINVAL, 0},
	    {"127.0.0.0/8/8", LB_EINVAL, 0},
	    {"127.0.0/8", LB_EINVAL, 0},
	    {"127.0.0.256", LB_EINVAL, 0},
	    {"::1/129", LB_EINVAL, 0},
	    {"localhost", LB_EINVAL, 0},
	    {"Unix", LB_EINVAL, 0},
	    {"[::1]", LB_EINVAL, 0},
	    {"1111:1111:1111:1111:1111:1111:111.111.111.1111", LB_EINVAL, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct network n = {0};
		int rc = network_parse(str_from(rows[i].text), &n);
		if (rc != rows[i].rc || n.bits != rows[i].bits)
			fail_msg("'%s': rc %d, bits %d", rows[i].text, rc,
				 n.bits);
	}
}

static void test_network_contains_by_prefix(void **state)
{
	(void)state;
	static const struct {
		const char *network, *address;
		bool want;
	} rows[] = {
	    {"127.0.0.0/8", "127.255.0.1", true},
	    {"127.9.9.9/8", "127.0.0.1", true},
	    {"127.0.0.0/8", "128.0.0.1", false},
	    {"127.0.0.0/8", "::1", false},
	    {"::1/128", "::1", true},
	    {"::1/128", "::2", false},
	    {"10.0.0.0/9", "10.127.0.1", true},
	    {"10.0.0.0/9", "10.128.0.1", false},
	    {"0.0.0.0/0", "203.0.113.7", true},
	    {"0.0.0.0/0", "2001:db8::1", false},
	    {"::/0", "203.0.113.7", true},
	    {"10.0.0.0/8", "::ffff:10.1.2.3", true},
	    {"2001:db8::/33", "2001:db8:7fff::1", true},
	    {"2001:db8::/33", "2001:db8:8000::1", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct network n;
		struct address a;
		assert_int_equal(network_parse(str_from(rows[i].network), &n),
				 0);
		assert_int_equal(address_parse(str_from(rows[i].address), &a),
				 0);
		if (network_contains(&n, &a) != rows[i].want)
			fail_msg("%s in %s", rows[i].address, rows[i].network);
	}
}

static void test_unix_matches_only_local_peers(void **state)
{
	(void)state;
	struct network local, all;
	struct address here = {.local = true}, there;
	assert_int_equal(network_parse(STR("unix"), &local), 0);
	assert_int_equal(network_parse(STR("::/0"), &all), 0);
	assert_int_equal(address_parse(STR("::1"), &there), 0);
	assert_true(network_contains(&local, &here));
	assert_false(network_contains(&local, &there));
	assert_false(network_contains(&all, &here));
}

static void test_client_is_the_rightmost_untrusted_hop(void **state)
{
	(void)state;
	static const struct {
		const char *name, *peer, *first, *second, *want;
	} rows[] = {
	    {"no header", "127.0.0.1", NULL, NULL, "127.0.0.1"},
	    {"untrusted peer", "203.0.113.9", "1.2.3.4", NULL, "203.0.113.9"},
	    {"one hop", "127.0.0.1", "1.2.3.4", NULL, "1.2.3.4"},
	    {"forged left", "127.0.0.1", "9.9.9.9, 1.2.3.4", NULL, "1.2.3.4"},
	    {"trusted hop", "127.0.0.1", "1.2.3.4 , 10.0.0.1", NULL, "1.2.3.4"},
	    {"all trusted", "127.0.0.1", "10.0.0.2,10.0.0.1", NULL, "10.0.0.2"},
	    {"two headers", "127.0.0.1", "1.2.3.4", "10.0.0.1", "1.2.3.4"},
	    {"two headers, right", "127.0.0.1", "1.2.3.4", "5.6.7.8",
	     "5.6.7.8"},
	    {"word", "127.0.0.1", "1.2.3.4, unknown", NULL, "127.0.0.1"},
	    {"word behind hop", "127.0.0.1", "1.2.3.4, x, 10.0.0.1", NULL,
	     "10.0.0.1"},
	    {"port", "127.0.0.1", "1.2.3.4:99", NULL, "1.2.3.4"},
	    {"v6", "127.0.0.1", "2001:db8::1", NULL, "2001:db8::1"},
	    {"v6 with port", "127.0.0.1", "[2001:db8::1]:99", NULL,
	     "2001:db8::1"},
	    {"empty", "127.0.0.1", "", NULL, "127.0.0.1"},
	    {"empty word", "127.0.0.1", "1.2.3.4,", NULL, "1.2.3.4"},
	    {"local peer", "unix", "1.2.3.4", NULL, "1.2.3.4"},
	    {"local peer alone", "unix", NULL, NULL, "unix"},
	};
	struct network v[3];
	assert_int_equal(network_parse(STR("127.0.0.0/8"), &v[0]), 0);
	assert_int_equal(network_parse(STR("10.0.0.0/8"), &v[1]), 0);
	assert_int_equal(network_parse(STR("unix"), &v[2]), 0);
	struct network_list trusted = {v, 3};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct header headers[2] = {
		    {STR("x-forwarded-for"), str_from(rows[i].first)},
		    {STR("X-Forwarded-For"), str_from(rows[i].second)}};
		struct request r = {.headers = headers,
				    .n_headers = rows[i].first == NULL    ? 0
						 : rows[i].second == NULL ? 1
									  : 2};
		struct address peer = {.local = rows[i].peer[0] == 'u'};
		if (!peer.local)
			assert_int_equal(
			    address_parse(str_from(rows[i].peer), &peer), 0);
		struct address client = proxy_client(&trusted, &peer, &r);
		char text[ADDRESS_TEXT];
		address_format(&client, text);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_network_parse_takes_only_addresses_with_prefix),
	    cmocka_unit_test(test_network_contains_by_prefix),
	    cmocka_unit_test(test_unix_matches_only_local_peers),
	    cmocka_unit_test(test_client_is_the_rightmost_untrusted_hop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
