/* SPDX-License-Identifier: MIT */
/* Which names and pages a browser may come to the admin listener by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "operate/admin_auth.h"

static char own_name[] = "leads.example.com";
static char *own_names[] = {own_name};
static const struct text_list own = {own_names, 1};

static void hosts_that_cannot_be_a_strangers_are_known(void **state)
{
	(void)state;
	static const struct {
		const char *host;
		bool tcp, local;
	} rows[] = {
	    {"127.0.0.1:8081", true, true},
	    {"127.0.0.1", true, true},
	    {"[::1]:8081", true, true},
	    {"[::1]", true, true},
	    {"10.1.2.3:8081", true, true}, /* no name, nothing to rebind */
	    {"localhost:8081", true, true},
	    {"LocalHost", true, true},
	    {"bridge.localhost:1", true, true},
	    {"leads.example.com", true, true},
	    {"LEADS.example.com:443", true, true},
	    {"", true, true}, /* HTTP/1.0 */
	    {"x", false, true},
	    {"x:80", false, true},
	    {"evil.example:8081", false, false},
	    {"localhost.evil.example", false, false},
	    {"notlocalhost", false, true},
	    {"127.0.0.1.evil.example", false, false},
	    {"leads.example.com.evil.example", false, false},
	    {"example.com", false, false},
	    {"leads.example.com.", false, false},
	    {"[evil.example]", false, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str host = str_from(rows[i].host);
		if (admin_host_known(host, false, &own) != rows[i].tcp ||
		    admin_host_known(host, true, &own) != rows[i].local)
			fail_msg("%s", rows[i].host);
	}
}

static void only_the_own_page_may_ask(void **state)
{
	(void)state;
	static const struct {
		const char *name, *host, *origin, *site;
		bool own;
	} rows[] = {
	    {"no browser", "h:1", NULL, NULL, true},
	    {"typed in", "h:1", NULL, "none", true},
	    {"own page", "h:1", "http://h:1", "same-origin", true},
	    {"own page behind TLS", "h", "https://h", "same-origin", true},
	    {"own page, old browser", "h:1", "http://h:1", NULL, true},
	    {"other case", "H:1", "http://h:1", NULL, true},
	    {"another port", "h:1", "http://h:2", "same-site", false},
	    {"another port, old browser", "h:1", "http://h:2", NULL, false},
	    {"another site", "h:1", "https://evil.example", "cross-site",
	     false},
	    {"sandboxed", "h:1", "null", NULL, false},
	    {"an image", "h:1", NULL, "cross-site", false},
	    {"longer name", "h", "http://h.evil.example", NULL, false},
	    {"empty", "h", "", NULL, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header v[3];
		struct request r = {.headers = v};
		const char *names[] = {"Host", "Origin", "Sec-Fetch-Site"};
		const char *values[] = {rows[i].host, rows[i].origin,
					rows[i].site};
		for (size_t k = 0; k < 3; k++)
			if (values[k] != NULL)
				v[r.n_headers++] = (struct header){
				    str_from(names[k]), str_from(values[k])};
		if (admin_origin_own(&r) != rows[i].own)
			fail_msg("%s", rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_that_cannot_be_a_strangers_are_known),
	    cmocka_unit_test(only_the_own_page_may_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
