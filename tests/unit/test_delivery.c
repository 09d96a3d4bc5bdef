/* SPDX-License-Identifier: MIT */
/*
 * Delivery from outside: a CRM on loopback, a queue in memory, and what must
 * hold whatever the CRM does: same key and bytes on every try, nothing lost,
 * nothing counted that was not an attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_queue.h"

/* ---- what the CRM does --------------------------------------------------- */

/* Answers its scripted list in turn, then 201. */
static struct crm_answer script[16];
static size_t script_n, script_at;

static void play(struct crm *crm, const struct crm_request *r,
		 struct crm_answer *out)
{
	(void)crm, (void)r;
	if (script_at < script_n)
		*out = script[script_at++];
}

static void scripted(size_t n, const struct crm_answer *answers)
{
	memcpy(script, answers, n * sizeof(*answers));
	script_n = n;
	script_at = 0;
	f->crm->answer = play;
}

/* One answer for all, changed by the test under the CRM's lock. */
static struct crm_answer always;

static void say_always(struct crm *crm, const struct crm_request *r,
		       struct crm_answer *out)
{
	(void)crm, (void)r;
	if (always.status != 0 || always.way != CRM_ANSWER)
		*out = always;
}

static void set_always(struct crm_answer a)
{
	lock_take(f->crm->lock);
	always = a;
	f->crm->answer = say_always;
	lock_drop(f->crm->lock);
}

/* 403 for the lead whose body says so, whatever else happens. */
static struct crm_answer for_odd;

static void refuse_odd(struct crm *crm, const struct crm_request *r,
		       struct crm_answer *out)
{
	(void)crm;
	if (strstr(r->body, "odd") != NULL)
		*out = for_odd;
}

/* ---- tests --------------------------------------------------------------- */

static void test_delivers_each_lead_once(void **state)
{
	(void)state;
	start();
	accept_leads(300, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 300);
	check_bytes();
	assert_int_equal(crm_count(f->crm), 300);
	assert_string_equal(f->units[0].crm_id, "7");
	assert_int_equal(f->units[0].attempts, 1);
	const struct crm_request *r = &f->crm->requests[0];
	assert_string_equal(r->token, "Bearer mega_token");
	assert_string_equal(r->customer, "c-1");
	assert_non_null(strstr(r->head, "Content-Type: application/json"));
	assert_non_null(strstr(r->head, "User-Agent: leadbridge/"));
}

static void test_retries_with_same_key_and_bytes(void **state)
{
	(void)state;
	static const struct crm_answer answers[] = {
	    {.status = 500},
	    {.way = CRM_RESET},
	    {.way = CRM_CUT_HEAD},
	    {.status = 408},
	};
	scripted(4, answers);
	start();
	accept_leads(1, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 1);
	check_bytes();
	/* curl may repeat a reset request by itself: never fewer. */
	assert_true(requests_for(&f->units[0]) >= 5);
	assert_in_range(f->units[0].attempts, 4, 5);
	assert_true(f->units[0].first_failed_at_ms > 0);
}

static void test_created_counts_even_when_cut_off(void **state)
{
	(void)state;
	static const struct crm_answer cut = {
	    .way = CRM_CUT_BODY, .status = 201, .body = "{\"lead"};
	scripted(1, &cut);
	start();
	accept_leads(1, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 1);
	assert_int_equal(f->units[0].attempts, 1);
}

static void test_limited_waits_and_counts_no_attempt(void **state)
{
	(void)state;
	static const struct crm_answer limited = {
	    .status = 429, .headers = "Retry-After: 1\r\n"};
	scripted(1, &limited);
	f->destination.concurrency = 1;
	start();
	accept_leads(3, "x");
	WAIT_FOR(has_condition(CONDITION_LIMITED));
	WAIT_FOR(in_state(UNIT_DELIVERED) == 3);
	assert_true(f->crm->requests[1].at_ms - f->crm->requests[0].at_ms >=
		    1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(f->units[i].attempts, 1);
	WAIT_FOR(has_condition(CONDITION_OK));
}

static void test_bad_credential_parks_and_burns_nothing(void **state)
{
	(void)state;
	set_always((struct crm_answer){.status = 401});
	start();
	accept_leads(20, "x");
	WAIT_FOR(has_condition(CONDITION_PARKED));
	/* Probes go on, one at a time, with different leads. */
	WAIT_FOR(crm_count(f->crm) >= 6);
	struct destination_status status;
	assert_true(status_of(&status));
	assert_string_equal(status.reason, "http_401");
	assert_int_equal(in_state(UNIT_WAITING), 20);
	size_t n = crm_count(f->crm);
	assert_string_not_equal(f->crm->requests[n - 1].key,
				f->crm->requests[n - 2].key);
	set_always((struct crm_answer){0});
	WAIT_FOR(in_state(UNIT_DELIVERED) == 20);
	for (int i = 0; i < 20; i++)
		assert_int_equal(f->units[i].attempts, 1);
	WAIT_FOR(has_condition(CONDITION_OK));
	check_bytes();
}

static void test_park_ends_with_a_word_or_a_reload(void **state)
{
	(void)state;
	f->destination.probe_ms = 3600 * 1000;
	set_always((struct crm_answer){.status = 404});
	start();
	accept_leads(3, "x");
	WAIT_FOR(has_condition(CONDITION_PARKED));
	size_t n = crm_count(f->crm);
	delivery_configure(f->delivery, &f->config);
	WAIT_FOR(crm_count(f->crm) > n); /* probes at once */
	assert_true(has_condition(CONDITION_PARKED));
	set_always((struct crm_answer){0});
	delivery_command(f->delivery, "mega", DESTINATION_RESUME);
	WAIT_FOR(in_state(UNIT_DELIVERED) == 3);
}

static void test_one_odd_answer_parks_nobody(void **state)
{
	(void)state;
	f->crm->answer = refuse_odd;
	for_odd = (struct crm_answer){.status = 403};
	start();
	accept_leads(1, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 1);
	accept_leads(1, "odd");
	WAIT_FOR(requests_for(&f->units[1]) > 0);
	accept_leads(30, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 31);
	assert_false(has_condition(CONDITION_PARKED));
	assert_int_equal(f->units[1].attempts, 0);
	accept_leads(1, "odd"); /* another one: two in a row park */
	WAIT_FOR(has_condition(CONDITION_PARKED));
}

static void test_refusal_is_kept_with_the_crms_words(void **state)
{
	(void)state;
	f->crm->answer = refuse_odd;
	for_odd = (struct crm_answer){
	    .status = 422, .body = "{\"error\":{\"message\":\"no e-mail\"}}"};
	start();
	accept_leads(1, "odd");
	WAIT_FOR(in_state(UNIT_DEAD) == 1);
	assert_string_equal(f->units[0].reason, "http_422");
	assert_non_null(strstr(f->units[0].response, "no e-mail"));
	assert_int_equal(f->units[0].attempts, 1);
	accept_leads(5, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 5);
}

static void test_five_dead_in_a_row_park_and_wait_again(void **state)
{
	(void)state;
	set_always((struct crm_answer){.status = 400});
	start();
	accept_leads(12, "x");
	WAIT_FOR(has_condition(CONDITION_PARKED));
	WAIT_FOR(in_state(UNIT_WAITING) == 12);
	struct destination_status status;
	assert_true(status_of(&status));
	assert_string_equal(status.reason, "contract");
	set_always((struct crm_answer){0});
	WAIT_FOR(in_state(UNIT_DELIVERED) == 12);
	check_bytes();
}

static void test_breaker_opens_and_closes(void **state)
{
	(void)state;
	set_always((struct crm_answer){.status = 503});
	f->destination.breaker_open_ms = 300;
	f->destination.breaker_max_open_ms = 300;
	start();
	accept_leads(30, "x");
	WAIT_FOR(has_condition(CONDITION_BROKEN));
	size_t n = crm_count(f->crm);
	assert_true(n < 20); /* not all 30 were burnt */
	set_always((struct crm_answer){0});
	WAIT_FOR(in_state(UNIT_DELIVERED) == 30);
	WAIT_FOR(has_condition(CONDITION_OK));
	check_bytes();
}

static void test_rate_is_never_exceeded(void **state)
{
	(void)state;
	f->rates[0] = (struct rate){5, 400};
	f->destination.rate.n = 1;
	start();
	accept_leads(16, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 16);
	for (size_t i = 0; i + 5 < f->crm->n; i++)
		assert_true(f->crm->requests[i + 5].at_ms -
				f->crm->requests[i].at_ms >=
			    399); /* ms are cut off on both sides */
}

static void test_fresh_lead_overtakes_the_backlog(void **state)
{
	(void)state;
	f->rates[0] = (struct rate){2, 100};
	f->destination.rate.n = 1;
	for (int i = 0; i < 2000; i++)
		(void)new_unit("x", 3600 * 1000);
	start();
	WAIT_FOR(crm_count(f->crm) >= 4);
	size_t before = crm_count(f->crm);
	accept_leads(1, "fresh");
	WAIT_FOR(requests_for(&f->units[2000]) == 1);
	/* The next token, or the one after the backlog's share. */
	assert_in_range(crm_count(f->crm) - before, 1, 6);
}

static void test_backlog_larger_than_memory(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++)
		(void)new_unit("x", 3600 * 1000);
	start();
	accept_leads(500, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 3500);
	check_bytes();
	assert_int_equal(crm_count(f->crm), 3500);
	assert_true(f->refills > 3);
}

static void test_pause_and_resume(void **state)
{
	(void)state;
	start();
	delivery_command(f->delivery, "mega", DESTINATION_PAUSE);
	delivery_command(f->delivery, "nobody", DESTINATION_PAUSE);
	WAIT_FOR(has_condition(CONDITION_PAUSED));
	accept_leads(10, "x");
	poll(NULL, 0, 50);
	assert_int_equal(crm_count(f->crm), 0);
	delivery_command(f->delivery, "mega", DESTINATION_RESUME);
	WAIT_FOR(in_state(UNIT_DELIVERED) == 10);
}

static void test_waiting_leads_follow_a_changed_token(void **state)
{
	(void)state;
	static unsigned char other[] = "other_token";
	set_always((struct crm_answer){.status = 401});
	f->destination.probe_ms = 3600 * 1000;
	start();
	accept_leads(4, "x");
	WAIT_FOR(has_condition(CONDITION_PARKED));
	set_always((struct crm_answer){0});
	struct destination_config changed = f->destination;
	struct destination_config *list[] = {&changed};
	struct config next = f->config;
	changed.token = (struct secret){.bytes = other, .n = 11};
	next.destinations = list;
	delivery_configure(f->delivery, &next);
	WAIT_FOR(in_state(UNIT_DELIVERED) == 4);
	assert_string_equal(f->crm->requests[f->crm->n - 1].token,
			    "Bearer other_token");
	delivery_configure(f->delivery, &f->config); /* `next` ends here */
	delivery_stop(f->delivery, 1000);
}

static void test_poison_dies_while_others_pass(void **state)
{
	(void)state;
	f->crm->answer = refuse_odd;
	for_odd = (struct crm_answer){.status = 500};
	f->destination.breaker_failures = 60;
	f->destination.retry_every_ms = 100;
	start();
	accept_leads(1, "odd");
	WAIT_FOR(requests_for(&f->units[0]) >= 1);
	accept_leads(400, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 400);
	WAIT_FOR(in_state(UNIT_DEAD) == 1);
	assert_string_equal(f->units[0].reason, "poison");
	assert_true(f->units[0].attempts >= 5);
}

static void test_old_lead_dies_of_age(void **state)
{
	(void)state;
	set_always((struct crm_answer){.status = 500});
	f->destination.max_age_ms = 150;
	f->destination.breaker_failures = 60;
	start();
	accept_leads(1, "x");
	WAIT_FOR(in_state(UNIT_DEAD) == 1);
	assert_string_equal(f->units[0].reason, "max_age");
	assert_true(f->units[0].attempts >= 3);
}

static void test_forbidden_address_parks(void **state)
{
	(void)state;
	f->destination.allow_private = false;
	start();
	accept_leads(2, "x");
	WAIT_FOR(has_condition(CONDITION_PARKED));
	struct destination_status status;
	assert_true(status_of(&status));
	assert_string_equal(status.reason, "address_forbidden");
	assert_int_equal(f->crm->n_connections, 0);
	assert_int_equal(f->units[0].attempts, 0);
}

static void test_full_store_settles_later(void **state)
{
	(void)state;
	f->settle_result = LB_ENOSPC;
	start();
	accept_leads(3, "x");
	WAIT_FOR(crm_count(f->crm) == 3);
	assert_int_equal(in_state(UNIT_WAITING), 3);
	lock_take(f->lock);
	f->settle_result = LB_OK;
	lock_drop(f->lock);
	WAIT_FOR(in_state(UNIT_DELIVERED) == 3);
	assert_int_equal(crm_count(f->crm), 3); /* not sent again */
}

static void test_stop_lets_the_answer_in(void **state)
{
	(void)state;
	static const struct crm_answer slow = {.status = 201, .delay_ms = 150};
	scripted(1, &slow);
	start();
	accept_leads(1, "x");
	WAIT_FOR(crm_count(f->crm) == 1);
	delivery_stop(f->delivery, 5000);
	assert_int_equal(in_state(UNIT_DELIVERED), 1);
}

static void test_stop_ends_after_its_grace(void **state)
{
	(void)state;
	f->destination.timeout_ms = 60000;
	set_always((struct crm_answer){.way = CRM_HANG});
	start();
	accept_leads(5, "x");
	WAIT_FOR(crm_count(f->crm) >= 2);
	int64_t from = clock_mono_ms();
	delivery_stop(f->delivery, 100);
	assert_in_range(clock_mono_ms() - from, 100, 2000);
	assert_int_equal(in_state(UNIT_WAITING), 5);
}

/* The second destination's CRM never answers. */
static void test_a_hanging_destination_delays_nobody(void **state)
{
	(void)state;
	struct crm *black = crm_start();
	always = (struct crm_answer){.way = CRM_HANG};
	black->answer = say_always;
	static char name[] = "black";
	f->other = f->destination;
	f->other.name = name;
	f->other.url = xasprintf("http://127.0.0.1:%d/leads", black->port);
	f->other.timeout_ms = 60000;
	f->destinations[1] = &f->other;
	f->config.n_destinations = 2;
	start();
	struct unit hanging = {.id = 4000, .body = "{}"};
	for (hanging.id = 4000; hanging.id < 4050; hanging.id++)
		delivery_due(f->delivery, lead_of(&hanging, "black"), false);
	WAIT_FOR(crm_count(black) >= 2);
	accept_leads(300, "x");
	WAIT_FOR(in_state(UNIT_DELIVERED) == 300);
	delivery_stop(f->delivery, 0);
	crm_stop(black);
	free(f->other.url);
}

/* Two destinations with one key: together they stay below its rate. */
static void test_destinations_with_one_key_share_its_rate(void **state)
{
	(void)state;
	static char name[] = "twin";
	f->rates[0] = (struct rate){4, 300};
	f->destination.rate.n = 1;
	f->other = f->destination;
	f->other.name = name;
	f->destinations[1] = &f->other;
	f->config.n_destinations = 2;
	start();
	for (int i = 0; i < 6; i++) {
		lock_take(f->lock);
		struct unit *u = new_unit("x", 0);
		lock_drop(f->lock);
		delivery_due(f->delivery,
			     lead_of(u, i % 2 == 0 ? "mega" : "twin"), false);
	}
	WAIT_FOR(in_state(UNIT_DELIVERED) == 6);
	for (size_t i = 0; i + 4 < f->crm->n; i++)
		assert_true(f->crm->requests[i + 4].at_ms -
				f->crm->requests[i].at_ms >=
			    299);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_delivers_each_lead_once),
	    TEST(test_retries_with_same_key_and_bytes),
	    TEST(test_created_counts_even_when_cut_off),
	    TEST(test_limited_waits_and_counts_no_attempt),
	    TEST(test_bad_credential_parks_and_burns_nothing),
	    TEST(test_park_ends_with_a_word_or_a_reload),
	    TEST(test_one_odd_answer_parks_nobody),
	    TEST(test_refusal_is_kept_with_the_crms_words),
	    TEST(test_five_dead_in_a_row_park_and_wait_again),
	    TEST(test_breaker_opens_and_closes),
	    TEST(test_rate_is_never_exceeded),
	    TEST(test_fresh_lead_overtakes_the_backlog),
	    TEST(test_backlog_larger_than_memory),
	    TEST(test_pause_and_resume),
	    TEST(test_waiting_leads_follow_a_changed_token),
	    TEST(test_poison_dies_while_others_pass),
	    TEST(test_old_lead_dies_of_age),
	    TEST(test_forbidden_address_parks),
	    TEST(test_full_store_settles_later),
	    TEST(test_stop_lets_the_answer_in),
	    TEST(test_stop_ends_after_its_grace),
	    TEST(test_a_hanging_destination_delays_nobody),
	    TEST(test_destinations_with_one_key_share_its_rate),
	};
	http_client_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
