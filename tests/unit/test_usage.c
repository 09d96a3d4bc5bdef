/* SPDX-License-Identifier: MIT */
/* What a provider says of its limits, and how long that makes us rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/usage.h"

enum { APP, BUSINESS, ACCOUNT, SECOND = 1000, MINUTE = 60 * SECOND };

static const struct {
	const char *name;
	int header;
	const char *text;
	bool read;
	int64_t percent, regain_min, pause_ms;
} rows[] = {
    {"app, little used", APP,
     "{\"call_count\":28,\"total_time\":25,\"total_cputime\":25}", true, 28, 0,
     0},
    {"the highest counts", APP,
     "{\"call_count\":1,\"total_time\":2,\"total_cputime\":80}", true, 80, 0,
     5 * SECOND},
    {"nearly all", APP, "{\"call_count\":94}", true, 94, 0, 20 * SECOND},
    {"almost refused", APP, "{\"call_count\":95}", true, 95, 0, MINUTE},
    {"all used", APP, "{\"call_count\":100}", true, 100, 0, 5 * MINUTE},
    {"far beyond", APP, "{\"call_count\":9223372036854775807}", true, 1000000,
     0, 5 * MINUTE},
    {"business case", BUSINESS,
     "{\"268499800000001\":[{\"type\":\"leadgen\",\"call_count\":12,"
     "\"total_cputime\":1,\"total_time\":1,"
     "\"estimated_time_to_regain_access\":0},{\"type\":\"pages\","
     "\"call_count\":91}]}",
     true, 91, 0, 20 * SECOND},
    {"what reports have used", BUSINESS,
     "{\"1\":[{\"type\":\"ads_insights\",\"call_count\":100,"
     "\"estimated_time_to_regain_access\":300},"
     "{\"type\":\"leadgen\",\"call_count\":7}]}",
     true, 7, 0, 0},
    {"minutes until calls are taken", BUSINESS,
     "{\"1\":[{\"call_count\":100,\"estimated_time_to_regain_access\":19}]}",
     true, 100, 19, 19 * MINUTE},
    {"never is six hours", BUSINESS,
     "{\"1\":[{\"estimated_time_to_regain_access\":99999999}]}", true, 0, 360,
     360 * MINUTE},
    {"ad account", ACCOUNT,
     "{\"acc_id_util_pct\":89.67,\"reset_time_duration\":100,"
     "\"ads_api_access_tier\":\"standard_access\"}",
     true, 89, 0, 5 * SECOND},
    {"as text", APP, "{\"call_count\":\"96\"}", true, 96, 0, MINUTE},
    {"negative", APP, "{\"call_count\":-5}", true, 0, 0, 0},
    {"truth is no number", APP, "{\"call_count\":true}", true, 0, 0, 0},
    {"nothing known", APP, "{}", true, 0, 0, 0},
    {"no JSON", APP, "call_count=99", false, 0, 0, 0},
    {"a list", BUSINESS, "[{\"call_count\":99}]", false, 0, 0, 0},
    {"cut off", APP, "{\"call_count\":99", false, 0, 0, 0},
    {"empty", APP, "", false, 0, 0, 0},
    {"too deep", APP, "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":1}}}}}", false, 0, 0,
     0},
};

static void usage_is_read_and_slows_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct attempt_result r = {.status = 200};
		struct usage u;
		r.usage[rows[i].header] = str_from(rows[i].text);
		bool read = usage_read(&r, &u);
		if (read != rows[i].read || u.percent != rows[i].percent ||
		    u.regain_min != rows[i].regain_min ||
		    usage_pause_ms(&u) != rows[i].pause_ms)
			fail_msg("%s: %d, %lld %%, %lld min, %lld ms",
				 rows[i].name, read, (long long)u.percent,
				 (long long)u.regain_min,
				 (long long)usage_pause_ms(&u));
	}
}

static void tightest_of_three_headers_counts(void **state)
{
	(void)state;
	struct attempt_result r = {.status = 200};
	struct usage u;
	r.usage[APP] = STR("{\"call_count\":81}");
	r.usage[BUSINESS] = STR("nonsense");
	r.usage[ACCOUNT] = STR("{\"acc_id_util_pct\":92}");
	assert_true(usage_read(&r, &u));
	assert_int_equal(u.percent, 92);
	assert_int_equal(usage_regain_ms(&u), -1);
	u.regain_min = 2;
	assert_int_equal(usage_regain_ms(&u), 2 * MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(usage_is_read_and_slows_down),
	    cmocka_unit_test(tightest_of_three_headers_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
