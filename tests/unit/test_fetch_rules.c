/* SPDX-License-Identifier: MIT */
/*
 * What is different for a destination that is a provider: judged alone, with
 * answers made by hand and a clock that is moved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "delivery/fetch.h"
#include "fake_queue.h"

#define CONTACT "[\"contact.creation\",\"1\",\"0\",{\"objectId\":7}]"
#define MESSAGE                                                                \
	"[\"InboundMessage\",\"l1\",\"0\",{\"contactId\":\"c1\","              \
	"\"messageType\":\"SMS\",\"from\":\"+15205550199\"}]"
#define RECORD                                                                 \
	"{\"properties\":{\"firstname\":\"Ana\",\"email\":"                    \
	"\"ana@example.com\"}}"

enum { WALL = 1000000, MONO = 500000, MINUTES = 60 * 1000 };

static struct settlement *last;
static int settled;

static void keep_settlement(void *ctx, struct settlement *s)
{
	(void)ctx;
	settlement_free(last);
	last = s;
	settled++;
}

struct provider {
	struct courier courier;
	struct source source;
	struct secret token;
	struct account *account;
	struct destination *d;
	struct limiter *limiter;
};

static void provider_open(struct provider *p, const char *platform)
{
	struct err err;
	*p = (struct provider){.courier.ops.settle = keep_settlement};
	clock_set_for_test(WALL, MONO);
	assert_int_equal(loop_new(&p->courier.loop, &err), 0);
	assert_int_equal(
	    http_client_new(&p->courier.http, p->courier.loop, &err), 0);
	p->source.name = (char *)(uintptr_t) "crm";
	p->source.ops = source_ops_find(str_from(platform));
	p->source.json_depth = 32;
	p->source.values = 1000;
	p->source.api.token =
	    (struct secret){(unsigned char *)(uintptr_t) "token", 5, NULL};
	assert_true(source_fetches(&p->source));
	p->account = account_new(&p->source, NULL);
	p->limiter = limiter_new(&p->account->config.rate);
	p->d = destination_new(&p->courier, &f->config, &p->account->config,
			       p->limiter);
	destination_serve(p->d, p->account);
	assert_string_equal(p->d->name, "@crm");
}

static void provider_close(struct provider *p)
{
	destination_free(p->d);
	limiter_free(p->limiter);
	http_client_free(p->courier.http);
	loop_free(p->courier.loop);
	settlement_free(last);
	last = NULL;
	clock_set_for_test(-1, -1);
}

/* One answer to the fetch of a lead that first failed then (0: never). */
static void answer(struct provider *p, int64_t id, const char *description,
		   int64_t failed_at, int status, const char *body)
{
	struct due_lead lead = {.id = id,
				.source = STR("crm"),
				.destination = STR("@crm"),
				.to = STR("mega"),
				.first_failed_at_ms = failed_at,
				.body = str_from(description)};
	struct attempt a = {.d = p->d};
	struct attempt_result r = {.transport = TRANSPORT_ANSWERED,
				   .status = status,
				   .body = str_from(body),
				   .body_complete = true};
	a.entry = scheduler_add(p->d->leads, due_lead_new(&lead), 0, 0);
	a.started = clock_mono_ms();
	a.started_ms = clock_wall_ms();
	tokens_take(&a.tokens, p->limiter, a.started);
	destination_judge(&a, &r);
	scheduler_forget(p->d->leads, a.entry);
}

/* One answer to a request for the contacts 1..n, of leads of the same ids. */
static void answer_to_all(struct provider *p, int64_t n, int status,
			  const char *body)
{
	struct attempt *first = NULL, **end = &first;
	for (int64_t id = 1; id <= n; id++) {
		char text[96];
		(void)!snprintf(
		    text, sizeof(text),
		    "[\"contact.creation\",\"1\",\"0\",{\"objectId\":"
		    "%lld}]",
		    (long long)id);
		struct due_lead lead = {.id = id,
					.source = STR("crm"),
					.destination = STR("@crm"),
					.to = STR("mega"),
					.body = str_from(text)};
		(void)scheduler_add(p->d->leads, due_lead_new(&lead), 0, 0);
	}
	for (int64_t id = 1; id <= n; id++, end = &(*end)->mates) {
		*end = xcalloc(1, sizeof(**end));
		(*end)->d = p->d;
		(*end)->started = clock_mono_ms();
		(*end)->is_mate = id > 1;
		(*end)->entry = scheduler_pick(p->d->leads, MONO, 0, false);
	}
	struct attempt_result r = {.transport = TRANSPORT_ANSWERED,
				   .status = status,
				   .body = str_from(body),
				   .body_complete = true};
	tokens_take(&first->tokens, p->limiter, first->started);
	settled = 0;
	destination_judge(first, &r);
	while (first != NULL) {
		struct attempt *next = first->mates;
		free(first);
		first = next;
	}
}

static struct str rendered(void)
{
	return (struct str){last->rendered, last->rendered_n};
}

static void record_becomes_the_lead(void **state)
{
	(void)state;
	struct provider p;
	provider_open(&p, "hubspot");
	answer(&p, 1, CONTACT, 0, 200, RECORD);
	assert_int_equal(last->state, UNIT_WAITING);
	assert_true(str_find_str(rendered(), STR("ana@example.com")) > 0);
	answer(&p, 2, CONTACT, 0, 200, "{\"properties\":{}}");
	assert_int_equal(last->state, UNIT_QUARANTINED);
	assert_string_equal(last->reason, "no contact found");
	assert_null(last->rendered);
	provider_close(&p);
}

static void missing_record_is_tried_for_ten_minutes(void **state)
{
	(void)state;
	struct provider p;
	provider_open(&p, "hubspot");
	answer(&p, 1, CONTACT, 0, 404, "{}");
	assert_int_equal(last->state, UNIT_FETCHING);
	assert_int_equal(last->first_failed_at_ms, WALL);
	clock_set_for_test(WALL + 10 * MINUTES - 1, MONO + 10 * MINUTES - 1);
	answer(&p, 1, CONTACT, WALL, 404, "{}");
	assert_int_equal(last->state, UNIT_FETCHING);
	clock_set_for_test(WALL + 10 * MINUTES, MONO + 10 * MINUTES);
	answer(&p, 1, CONTACT, WALL, 404, "{}");
	assert_int_equal(last->state, UNIT_DEAD);
	assert_string_equal(last->reason, "not_found");
	assert_false(p.d->park.on);
	provider_close(&p);
}

static void
what_is_known_is_delivered_when_the_record_is_not_to_be_had(void **state)
{
	static const struct {
		int status;
		int64_t failed_at;
	} rows[] = {{400, 0}, {422, 0}, {404, WALL - 11 * MINUTES}};
	(void)state;
	struct provider p;
	provider_open(&p, "ghl");
	for (size_t i = 0; i < 3; i++) {
		answer(&p, 1 + (int64_t)i, MESSAGE, rows[i].failed_at,
		       rows[i].status, "{}");
		assert_int_equal(last->state, UNIT_WAITING);
		assert_true(str_find_str(rendered(), STR("+15205550199")) > 0);
	}
	answer(&p, 9, MESSAGE, 0, 404, "{}");
	assert_int_equal(last->state, UNIT_FETCHING);
	provider_close(&p);
}

static void dead_token_parks_and_costs_nothing(void **state)
{
	(void)state;
	struct provider p;
	provider_open(&p, "hubspot");
	answer(&p, 1, CONTACT, 0, 401, "{}");
	assert_true(p.d->park.on);
	assert_int_equal(last->state, UNIT_FETCHING);
	assert_false(last->counts);
	answer(&p, 2, CONTACT, 0, 200, RECORD);
	assert_false(p.d->park.on);
	provider_close(&p);
}

static void five_refusals_in_a_row_are_not_the_records_fault(void **state)
{
	(void)state;
	struct provider p;
	provider_open(&p, "hubspot");
	for (int64_t id = 1; id <= 4; id++) {
		answer(&p, id, CONTACT, 0, 400, "{}");
		assert_int_equal(last->state, UNIT_DEAD);
	}
	answer(&p, 5, CONTACT, 0, 400, "{}");
	assert_int_equal(last->state, UNIT_FETCHING);
	assert_true(p.d->park.on);
	assert_string_equal(p.d->park.reason, "contract");
	provider_close(&p);
}

static void each_of_a_batch_has_its_own_fate(void **state)
{
	(void)state;
	struct provider p;
	provider_open(&p, "hubspot");
	answer_to_all(
	    &p, 3, 207,
	    "{\"results\":[{\"id\":\"2\",\"properties\":{\"email\":"
	    "\"ana@example.com\"}},{\"id\":\"3\",\"properties\":{}}]}");
	assert_int_equal(settled, 3);
	/* The newest go first, so the last is the one that is not there. */
	assert_int_equal(last->state, UNIT_FETCHING);
	assert_string_equal(last->reason, "not_found");
	assert_int_equal(last->http_status, 404);
	assert_int_equal(p.d->total.delivered, 2);
	assert_int_equal(p.d->total.retried, 1);
	provider_close(&p);
}

/* Two leads with one odd answer park; one answer to two does not. */
static void odd_answer_to_a_batch_is_one_answer(void **state)
{
	(void)state;
	struct provider p;
	provider_open(&p, "hubspot");
	answer(&p, 99, CONTACT, 0, 200, RECORD);
	answer_to_all(&p, 3, 403, "{}");
	assert_int_equal(settled, 3);
	assert_false(p.d->park.on);
	assert_int_equal(last->state, UNIT_FETCHING);
	answer(&p, 98, CONTACT, 0, 403, "{}");
	assert_true(p.d->park.on);
	provider_close(&p);
}

static void refused_batch_goes_on_alone_as_if_never_tried(void **state)
{
	static const struct {
		int status;
		const char *body;
	} rows[] = {{400, "{}"}, {404, "{}"}, {200, "<html>"}, {200, ""}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct provider p;
		provider_open(&p, "hubspot");
		answer_to_all(&p, 2, rows[i].status, rows[i].body);
		if (settled != 0)
			fail_msg("row %zu: %d settled", i, settled);
		for (int k = 0; k < 2; k++) {
			struct entry *e =
			    scheduler_pick(p.d->leads, MONO, 0, false);
			assert_true(e != NULL && e->alone);
		}
		provider_close(&p);
	}
}

static int teardown_rules(void **state)
{
	(void)state;
	crm_stop(f->crm);
	lock_free(f->lock);
	free(f->url);
	free(f);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_rules)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(record_becomes_the_lead),
	    TEST(missing_record_is_tried_for_ten_minutes),
	    TEST(what_is_known_is_delivered_when_the_record_is_not_to_be_had),
	    TEST(dead_token_parks_and_costs_nothing),
	    TEST(five_refusals_in_a_row_are_not_the_records_fault),
	    TEST(each_of_a_batch_has_its_own_fate),
	    TEST(odd_answer_to_a_batch_is_one_answer),
	    TEST(refused_batch_goes_on_alone_as_if_never_tried),
	};
	http_client_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
