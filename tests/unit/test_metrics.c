/* SPDX-License-Identifier: MIT */
/* Histograms stay within their error; the metrics line is JSON that adds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "operate/histogram.h"
#include "operate/metrics.h"
#include "payload/payload.h"

static void test_quantile_is_at_most_an_eighth_too_high(void **state)
{
	(void)state;
	static const int64_t values[] = {
	    0, 1, 7, 8, 9, 100, 1023, 1024, 4097, 99999, 123456789, 1LL << 38};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct histogram h = {0};
		histogram_add(&h, values[i]);
		histogram_add(&h, values[i] * 2 + 10); /* max lies above */
		int64_t got = histogram_quantile(&h, 0.25);
		assert_true(got >= values[i]);
		assert_true(got <= values[i] + values[i] / 8);
	}
}

static void test_quantiles_of_a_ramp(void **state)
{
	(void)state;
	struct histogram h = {0};
	for (int i = 1; i <= 10000; i++)
		histogram_add(&h, i);
	int64_t p50 = histogram_quantile(&h, 0.5);
	int64_t p99 = histogram_quantile(&h, 0.99);
	assert_true(p50 >= 5000 && p50 <= 5625);
	assert_true(p99 >= 9900 && p99 <= 10000);
	assert_int_equal(histogram_quantile(&h, 1.0), 10000);
	histogram_clear(&h);
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
}

static struct source shop = {.name = (char *)(uintptr_t) "shop"};
static struct source *sources[] = {&shop};
static struct destination_config mega = {.name = (char *)(uintptr_t) "mega",
					 .slo_ms = 5000};
static struct destination_config *destinations[] = {&mega};
static const struct config config = {.sources = sources,
				     .n_sources = 1,
				     .destinations = destinations,
				     .n_destinations = 1};

static struct metrics_inputs some_inputs(struct queue_backlog *backlog,
					 struct destination_status *status)
{
	*backlog = (struct queue_backlog){
	    .name = "mega", .waiting = 3, .oldest_received_ms = 40000};
	*status = (struct destination_status){.name = "mega",
					      .condition = CONDITION_PARKED,
					      .reason = "http_401",
					      .tokens_left = -1};
	struct metrics_inputs in = {.now_ms = 100000,
				    .config = &config,
				    .backlog = backlog,
				    .n_backlog = 1,
				    .status = status,
				    .n_status = 1};
	in.gauges.accepted = 9;
	in.gauges.states[UNIT_WAITING] = 4;
	in.gauges.states[UNIT_DELIVERED] = 5;
	return in;
}

static void count_something(struct metrics *m)
{
	metrics_configure(m, &config);
	struct submission s = {
	    .source = STR("shop"), .n_accepted = 1, .received_at_ms = 99000};
	metrics_accepted(m, &s, 1500);
	metrics_rejected(m, "shop", "signature");
	metrics_rejected(m, NULL, "malformed");
	struct due_lead lead = {.source = STR("shop"),
				.destination = STR("mega"),
				.received_at_ms = 98000,
				.occurred_at_ms = 91000};
	struct settlement settled = {
	    .lead = &lead, .state = UNIT_DELIVERED, .outcome = OUTCOME_SENT};
	metrics_settled(m, &settled, 100000);
}

static int64_t number_at(const struct value *root, const char *path)
{
	int64_t v = -1;
	struct str text = value_text(value_path(root, str_from(path)));
	assert_int_equal(str_to_int(text, INT64_MIN, INT64_MAX, &v), 0);
	return v;
}

static void test_line_is_json_with_the_promised_members(void **state)
{
	(void)state;
	struct queue_backlog backlog;
	struct destination_status status;
	struct metrics_inputs in = some_inputs(&backlog, &status);
	struct metrics *m = metrics_new();
	count_something(m);
	struct buf line;
	buf_init(&line, 1 << 20);
	metrics_line(m, &in, &line);
	struct arena arena = {0};
	struct value *root = NULL;
	struct payload_limits limits = {.depth = 8, .values = 1000};
	struct err err;
	assert_int_equal(
	    payload_json(&arena, buf_str(&line), &limits, false, &root, &err),
	    0);
	static const struct {
		const char *path;
		int64_t want;
	} rows[] = {
	    {".v", 1},
	    {".ledger.accepted", 9},
	    {".ledger.waiting", 1},
	    {".ledger.parked", 3},
	    {".since_start.accepted", 1},
	    {".since_start.delivered", 1},
	    {".since_start.rejected.signature", 1},
	    {".since_start.rejected.malformed", 1},
	    {".oldest_waiting_s", 60},
	    {".sources.shop.rejected.signature", 1},
	    {".destinations.mega.parked", 3},
	    {".destinations.mega.within_slo", 1},
	    {".destinations.mega.beyond_slo", 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (number_at(root, rows[i].path) != rows[i].want)
			fail_msg("%s is %lld", rows[i].path,
				 (long long)number_at(root, rows[i].path));
	}
	/* Received 2 s before, and 9 s after it happened at the sender's. */
	static const char *const ages[][2] = {
	    {".sources.shop.lead_age_s.p50", "2.000"},
	    {".sources.shop.event_age_s.p50", "9.000"},
	    {".destinations.mega.lead_age_s.p99", "2.000"},
	    {".destinations.mega.event_age_s.p99", "9.000"},
	    {".destinations.mega.slo_s", "5.000"},
	};
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		if (!str_eq(value_text(value_path(root, str_from(ages[i][0]))),
			    str_from(ages[i][1])))
			fail_msg("%s is not %s", ages[i][0], ages[i][1]);
	assert_true(str_eq(
	    value_text(value_path(root, STR(".destinations.mega.condition"))),
	    STR("parked")));
	arena_release(&arena);
	buf_release(&line);
	metrics_free(m);
}

static void test_prometheus_page_has_each_family_once(void **state)
{
	(void)state;
	struct queue_backlog backlog;
	struct destination_status status;
	struct metrics_inputs in = some_inputs(&backlog, &status);
	struct metrics *m = metrics_new();
	count_something(m);
	struct buf page;
	buf_init(&page, 1 << 20);
	metrics_prometheus(m, &in, &page);
	static const char *const lines[] = {
	    "leadbridge_leads_accepted_total{source=\"shop\"} 1\n",
	    "leadbridge_requests_rejected_total{source=\"shop\","
	    "reason=\"signature\"} 1\n",
	    "leadbridge_requests_rejected_total{source=\"\","
	    "reason=\"malformed\"} 1\n",
	    "leadbridge_leads_delivered_total{source=\"shop\","
	    "destination=\"mega\"} 1\n",
	    "leadbridge_leads{state=\"parked\",destination=\"mega\"} 3\n",
	    "leadbridge_accept_duration_seconds_bucket{le=\"0.0025\"} 1\n",
	    "leadbridge_lead_age_seconds_count 1\n",
	    "leadbridge_source_lead_age_seconds_bucket{source=\"shop\","
	    "since=\"receipt\",le=\"2\"} 1\n",
	    "leadbridge_source_lead_age_seconds_bucket{source=\"shop\","
	    "since=\"event\",le=\"5\"} 0\n",
	    "leadbridge_source_lead_age_seconds_bucket{source=\"shop\","
	    "since=\"event\",le=\"10\"} 1\n",
	    "leadbridge_destination_lead_age_seconds_sum{destination=\"mega\","
	    "since=\"event\"} 9.000000\n",
	    "leadbridge_destination_lead_age_seconds_count{destination="
	    "\"mega\",since=\"receipt\"} 1\n",
	    "leadbridge_slo_leads_total{destination=\"mega\",within=\"true\"}"
	    " 1\n",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (str_find_str(buf_str(&page), str_from(lines[i])) < 0)
			fail_msg("missing: %s in\n%s", lines[i], page.p);
	buf_release(&page);
	metrics_free(m);
}

static void test_what_is_late_or_lost_is_beyond_the_slo(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t age_ms;
		enum unit_state state;
		uint64_t good, late;
	} rows[] = {
	    {"in time", 5000, UNIT_DELIVERED, 1, 0},
	    {"late", 5001, UNIT_DELIVERED, 0, 1},
	    {"from the future", -70000, UNIT_DELIVERED, 1, 0},
	    {"dead", 100, UNIT_DEAD, 0, 1},
	    {"to be tried again", 100, UNIT_WAITING, 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct metrics *m = metrics_new();
		struct metrics_slo got;
		struct due_lead lead = {.source = STR("shop"),
					.destination = STR("mega"),
					.received_at_ms =
					    100000 - rows[i].age_ms};
		struct settlement s = {.lead = &lead,
				       .state = rows[i].state,
				       .outcome = OUTCOME_RETRY};
		metrics_configure(m, &config);
		metrics_settled(m, &s, 100000);
		metrics_slo(m, STR("mega"), &got);
		if (got.good != rows[i].good || got.late != rows[i].late)
			fail_msg("row '%s'", rows[i].name);
		metrics_free(m);
	}
}

static void test_a_source_is_counted_on_its_own(void **state)
{
	(void)state;
	struct metrics *m = metrics_new();
	struct metrics_source got;
	metrics_source(m, STR("shop"), &got);
	assert_int_equal(got.accepted, 0);
	assert_int_equal(got.last_event_ms, 0);
	assert_int_equal(got.last_secret, -1);
	metrics_rejected(m, "shop", "signature");
	metrics_source(m, STR("shop"), &got);
	assert_int_equal(got.last_secret, -1); /* nothing proved anything */
	struct submission s = {.source = STR("shop"),
			       .n_accepted = 2,
			       .n_duplicates = 1,
			       .matched_secret = 1,
			       .received_at_ms = 99000};
	metrics_accepted(m, &s, 1500);
	metrics_rejected(m, "shop", "stale");
	metrics_rejected(m, NULL, "malformed");
	metrics_source(m, STR("shop"), &got);
	assert_int_equal(got.accepted, 2);
	assert_int_equal(got.duplicates, 1);
	assert_int_equal(got.rejected, 2);
	assert_int_equal(got.last_event_ms, 99000);
	assert_int_equal(got.last_secret, 1);
	metrics_source(m, STR("other"), &got);
	assert_int_equal(got.rejected, 0);
	metrics_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quantile_is_at_most_an_eighth_too_high),
	    cmocka_unit_test(test_quantiles_of_a_ramp),
	    cmocka_unit_test(test_line_is_json_with_the_promised_members),
	    cmocka_unit_test(test_prometheus_page_has_each_family_once),
	    cmocka_unit_test(test_what_is_late_or_lost_is_beyond_the_slo),
	    cmocka_unit_test(test_a_source_is_counted_on_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
