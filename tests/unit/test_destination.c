/* SPDX-License-Identifier: MIT */
/*
 * The rules of a destination that need hours: judged alone, with results made
 * by hand and a clock that is moved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_queue.h"

/* ---- the rules alone, with a clock of their own -------------------------- */

static enum unit_state settled_state;

static void keep_settlement(void *ctx, struct settlement *s)
{
	(void)ctx;
	settled_state = s->state;
	settlement_free(s);
}

/* One attempt with this result, of a lead of its own. */
static void judge(struct destination *d, int64_t id, enum transport transport,
		  int status)
{
	struct unit u = {.id = id, .body = "{}"};
	struct attempt a = {.d = d};
	struct attempt_result r = {
	    .transport = transport, .status = status, .body_complete = true};
	a.entry = scheduler_add(d->leads, lead_of(&u, "mega"), 0, 0);
	a.started = clock_mono_ms();
	tokens_take(&a.tokens, d->limiter, a.started);
	destination_judge(&a, &r);
	scheduler_forget(d->leads, a.entry);
}

static struct destination *lone_destination(struct courier *courier)
{
	struct err err;
	clock_set_for_test(1000000, 500000);
	courier->ops.settle = keep_settlement;
	assert_int_equal(loop_new(&courier->loop, &err), 0);
	assert_int_equal(http_client_new(&courier->http, courier->loop, &err),
			 0);
	return destination_new(courier, &f->config, &f->destination,
			       limiter_new(&f->destination.rate));
}

static void lone_free(struct destination *d)
{
	struct courier *courier = d->courier;
	struct limiter *limiter = d->limiter;
	destination_free(d);
	limiter_free(limiter);
	http_client_free(courier->http);
	loop_free(courier->loop);
	clock_set_for_test(-1, -1);
}

static void test_missing_name_parks_after_an_hour(void **state)
{
	(void)state;
	struct courier courier = {0};
	struct destination *d = lone_destination(&courier);
	f->destination.breaker_failures = 60;
	judge(d, 1, TRANSPORT_DNS_NXDOMAIN, 0);
	assert_false(d->park.on);
	clock_set_for_test(1000000, 500000 + 3599 * 1000);
	judge(d, 2, TRANSPORT_DNS_NXDOMAIN, 0);
	assert_false(d->park.on);
	clock_set_for_test(1000000, 500000 + 3600 * 1000);
	judge(d, 3, TRANSPORT_DNS_NXDOMAIN, 0);
	assert_true(d->park.on);
	assert_string_equal(d->park.reason, "dns_nxdomain");
	assert_int_equal(settled_state, UNIT_WAITING);
	lone_free(d);
}

static void test_limits_without_a_time_double_to_two_minutes(void **state)
{
	(void)state;
	struct courier courier = {0};
	struct destination *d = lone_destination(&courier);
	int64_t now = 500000, step = 2000;
	for (int i = 0; i < 9; i++) {
		judge(d, 1, TRANSPORT_ANSWERED, 429);
		assert_in_range(d->limited_until - now, step, step * 11 / 10);
		now = d->limited_until + 1;
		clock_set_for_test(1000000, now);
		step = step * 2 < 120000 ? step * 2 : 120000;
	}
	judge(d, 1, TRANSPORT_ANSWERED, 201);
	judge(d, 1, TRANSPORT_ANSWERED, 429);
	assert_in_range(d->limited_until - now, 2000, 2200);
	lone_free(d);
}

static void test_concurrency_grows_slowly_and_halves_at_once(void **state)
{
	(void)state;
	struct courier courier = {0};
	struct destination *d = lone_destination(&courier);
	assert_int_equal(d->slots, 2);
	for (int i = 0; i < 59; i++)
		judge(d, i + 1, TRANSPORT_ANSWERED, 201);
	assert_int_equal(d->slots, 7);
	for (int i = 0; i < 99; i++)
		judge(d, i + 1, TRANSPORT_ANSWERED, 201);
	assert_int_equal(d->slots, 8); /* its cap */
	clock_set_for_test(1000000, 600000);
	judge(d, 1, TRANSPORT_TIMEOUT, 0);
	assert_int_equal(d->slots, 4);
	clock_set_for_test(1000000, 600001);
	judge(d, 2, TRANSPORT_ANSWERED, 503);
	assert_int_equal(d->slots, 2);
	lone_free(d);
}

static int teardown_lone(void **state)
{
	(void)state;
	crm_stop(f->crm);
	lock_free(f->lock);
	free(f->url);
	free(f);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_lone)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_missing_name_parks_after_an_hour),
	    TEST(test_limits_without_a_time_double_to_two_minutes),
	    TEST(test_concurrency_grows_slowly_and_halves_at_once),
	};
	http_client_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
