/* SPDX-License-Identifier: MIT */
/* Each alarm is raised and cleared by what it is about, with a moved clock. */
#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"
#include "operate/alarms_judge.h"
#include "rows.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define NOON   INT64_C(1795435200000) /* 2026-11-23T12:00:00Z */

#define TEXT(literal) ((char *)(uintptr_t) "" literal)

static struct secret keys[] = {{(unsigned char *)TEXT("old"), 3, NULL},
			       {(unsigned char *)TEXT("new"), 3, NULL}};
static struct source shop = {.name = TEXT("shop")};
static struct source *sources[] = {&shop};
static struct destination_config mega = {.name = TEXT("mega"),
					 .slo_ms = 60 * 1000};
static struct destination_config *destinations[] = {&mega};

/* The world the judge sees. */
struct world {
	struct config config;
	struct judge *judge;
	struct metrics *metrics;
	struct metrics_inputs in;
	struct alarm_facts facts;
	struct queue_backlog backlog;
	struct destination_status status;
	struct queue_aside aside;
	struct alarm_certificate certificate;
	int64_t wall, mono;
	int told; /* raised and cleared, of this world */
};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	shop.expect = NULL;
	shop.secret = (struct secrets){0};
	mega.token = (struct secret){0};
	w->config = (struct config){.sources = sources,
				    .n_sources = 1,
				    .destinations = destinations,
				    .n_destinations = 1};
	w->config.alarms = (struct alarms_config){
	    .oldest_waiting_ms = 30 * MINUTE,
	    .breaker_ms = 10 * MINUTE,
	    .certificate_ms = 14 * DAY,
	    .token_ms = 7 * DAY,
	    .old_secret_ms = 7 * DAY,
	    .bad_signatures = 50,
	    .disk = INT64_C(1) << 30,
	};
	w->judge = judge_new();
	w->metrics = metrics_new();
	metrics_configure(w->metrics, &w->config);
	(void)!snprintf(w->backlog.name, sizeof(w->backlog.name), "mega");
	(void)!snprintf(w->status.name, sizeof(w->status.name), "mega");
	(void)!snprintf(w->aside.source, sizeof(w->aside.source), "shop");
	w->in = (struct metrics_inputs){.config = &w->config,
					.backlog = &w->backlog,
					.n_backlog = 1,
					.status = &w->status,
					.n_status = 1};
	w->facts = (struct alarm_facts){.metrics = w->metrics,
					.in = &w->in,
					.aside = &w->aside,
					.n_aside = 1,
					.disk_free = INT64_C(50) << 30,
					.disk_all = INT64_C(100) << 30};
	w->wall = NOON;
	w->mono = 5 * MINUTE;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	judge_free(w->judge);
	metrics_free(w->metrics);
	free(w);
	return 0;
}

static void configure(struct world *w)
{
	judge_configure(w->judge, &w->config, STR("key of the store"), w->wall);
}

static void on_event(void *ctx, enum alarm_event event, const struct alarm *a)
{
	struct world *w = ctx;
	w->told += event == ALARM_RAISED || event == ALARM_CLEARED;
	assert_true(strlen(a->text) > 10 && strlen(a->text) < ALARM_TEXT - 1);
}

static void look(struct world *w)
{
	w->in.now_ms = w->facts.wall_ms = w->wall;
	w->facts.mono_ms = w->mono;
	alarms_begin(w->judge->alarms, w->wall, w->mono);
	judge_look(w->judge, &w->facts);
	alarms_end(w->judge->alarms, 0, on_event, w);
}

/* Both clocks, in steps of a minute at most, with a look at each. */
static void pass(struct world *w, int64_t ms)
{
	look(w);
	while (ms > 0) {
		int64_t step = ms < MINUTE ? ms : MINUTE;
		w->wall += step;
		w->mono += step;
		ms -= step;
		look(w);
	}
}

static bool raised(const struct world *w, enum alarm_kind kind,
		   const char *subject)
{
	return alarms_is_raised(w->judge->alarms, kind, subject);
}

/* A request of the shop, proved by this secret. */
static void request(struct world *w, int secret)
{
	struct submission s = {.source = STR("shop"),
			       .n_accepted = 1,
			       .matched_secret = secret,
			       .received_at_ms = w->wall};
	metrics_accepted(w->metrics, &s, 1500);
}

static void settle(struct world *w, int64_t age_ms, enum unit_state state)
{
	struct due_lead lead = {.source = STR("shop"),
				.destination = STR("mega"),
				.received_at_ms = w->wall - age_ms};
	struct settlement s = {
	    .lead = &lead, .state = state, .outcome = OUTCOME_SENT};
	metrics_settled(w->metrics, &s, w->wall);
}

/* ---- sources --------------------------------------------------------------
 */

static void test_silence(void **state)
{
	struct world *w = *state;
	shop.expect = TEXT("1 per 6h");
	configure(w);
	request(w, -1);
	pass(w, 6 * HOUR);
	assert_false(raised(w, ALARM_SOURCE_SILENT, "shop"));
	pass(w, 2 * MINUTE);
	assert_true(raised(w, ALARM_SOURCE_SILENT, "shop"));
	request(w, -1);
	pass(w, SECOND);
	assert_false(raised(w, ALARM_SOURCE_SILENT, "shop"));
	assert_int_equal(w->told, 2);
}

static void test_a_duplicate_is_no_silence(void **state)
{
	struct world *w = *state;
	shop.expect = TEXT("1 per 6h");
	configure(w);
	pass(w, 5 * HOUR);
	struct submission s = {.source = STR("shop"),
			       .n_duplicates = 1,
			       .received_at_ms = w->wall};
	metrics_accepted(w->metrics, &s, 100);
	pass(w, 5 * HOUR);
	assert_int_equal(w->told, 0);
}

static void test_wrong_proofs(void **state)
{
	struct world *w = *state;
	configure(w);
	for (int i = 0; i < 4; i++)
		metrics_rejected(w->metrics, "shop", "signature");
	pass(w, SECOND);
	assert_int_equal(w->told, 0); /* too few */
	metrics_rejected(w->metrics, "shop", "token");
	pass(w, SECOND);
	assert_true(raised(w, ALARM_BAD_SIGNATURES, "shop"));
	for (int i = 0; i < 30; i++) /* it was corrected: 5 of 35 */
		request(w, 0);
	pass(w, 5 * MINUTE);
	assert_false(raised(w, ALARM_BAD_SIGNATURES, "shop"));
	assert_int_equal(w->told, 2);
}

static void test_wrong_proofs_are_forgotten_after_an_hour(void **state)
{
	struct world *w = *state;
	configure(w);
	for (int i = 0; i < 10; i++)
		metrics_rejected(w->metrics, "shop", "signature_missing");
	pass(w, 50 * MINUTE);
	assert_true(raised(w, ALARM_BAD_SIGNATURES, "shop"));
	pass(w, 15 * MINUTE);
	assert_false(raised(w, ALARM_BAD_SIGNATURES, "shop"));
	assert_int_equal(w->told, 2);
}

static void test_a_few_wrong_ones_among_many_are_none(void **state)
{
	struct world *w = *state;
	configure(w);
	for (int i = 0; i < 20; i++) {
		request(w, 0);
		if (i % 2 == 0)
			metrics_rejected(w->metrics, "shop", "signature");
		metrics_rejected(w->metrics, "shop", "too_large");
	}
	pass(w, HOUR);
	assert_int_equal(w->told, 0);
}

static void test_stale_signatures(void **state)
{
	struct world *w = *state;
	configure(w);
	for (int i = 0; i < 3; i++)
		metrics_rejected(w->metrics, "shop", "stale");
	pass(w, SECOND);
	assert_true(raised(w, ALARM_CLOCK_SKEW, "shop"));
	assert_false(raised(w, ALARM_BAD_SIGNATURES, "shop"));
	pass(w, 20 * MINUTE);
	assert_false(raised(w, ALARM_CLOCK_SKEW, "shop"));
	assert_int_equal(w->told, 2);
}

static void test_an_old_secret(void **state)
{
	struct world *w = *state;
	shop.secret = (struct secrets){keys, 2};
	configure(w);
	request(w, 0);
	pass(w, DAY);
	for (int day = 0; day < 5; day++) {
		request(w, 1);
		pass(w, DAY);
	}
	assert_false(raised(w, ALARM_OLD_SECRET, "shop")); /* not yet */
	request(w, 1);
	pass(w, DAY);
	assert_true(raised(w, ALARM_OLD_SECRET, "shop"));
	shop.secret = (struct secrets){keys + 1, 1}; /* removed, reloaded */
	configure(w);
	pass(w, SECOND);
	assert_false(raised(w, ALARM_OLD_SECRET, "shop"));
	assert_int_equal(w->told, 2);
}

static void test_no_secret_is_old_while_nobody_speaks(void **state)
{
	struct world *w = *state;
	shop.secret = (struct secrets){keys, 2};
	configure(w);
	pass(w, 20 * DAY);
	assert_int_equal(w->told, 0);
}

static void test_a_secret_that_moves_in_the_list_is_the_same(void **state)
{
	struct world *w = *state;
	struct secret turned[] = {keys[1], keys[0]};
	shop.secret = (struct secrets){keys, 2};
	configure(w);
	pass(w, 6 * DAY);
	request(w, 1);
	pass(w, MINUTE);
	shop.secret = (struct secrets){turned, 2};
	configure(w);
	request(w, 0); /* the new one, in its new place */
	pass(w, 2 * DAY);
	assert_true(raised(w, ALARM_OLD_SECRET, "shop"));
	request(w, 1); /* somebody uses the old one after all */
	pass(w, MINUTE);
	assert_false(raised(w, ALARM_OLD_SECRET, "shop"));
}

static void test_dead_letters_and_quarantine(void **state)
{
	struct world *w = *state;
	configure(w);
	w->aside.dead = 2;
	pass(w, SECOND);
	assert_true(raised(w, ALARM_DEAD_LETTERS, "shop"));
	assert_false(raised(w, ALARM_QUARANTINE, "shop"));
	w->aside.dead = 0;
	w->aside.quarantined = 1;
	pass(w, SECOND);
	assert_false(raised(w, ALARM_DEAD_LETTERS, "shop"));
	assert_true(raised(w, ALARM_QUARANTINE, "shop"));
	w->aside.quarantined = 0;
	pass(w, SECOND);
	assert_int_equal(w->told, 4);
}

/* ---- destinations ----------------------------------------------------------
 */

static void test_the_oldest_that_waits(void **state)
{
	struct world *w = *state;
	configure(w);
	w->backlog.waiting = 1;
	w->backlog.oldest_received_ms = w->wall;
	pass(w, 30 * MINUTE);
	assert_false(raised(w, ALARM_OLDEST_WAITING, "mega"));
	pass(w, MINUTE);
	assert_true(raised(w, ALARM_OLDEST_WAITING, "mega"));
	w->backlog.waiting = 0;
	pass(w, MINUTE);
	assert_false(raised(w, ALARM_OLDEST_WAITING, "mega"));
}

static void test_a_parked_destination(void **state)
{
	struct world *w = *state;
	configure(w);
	w->status.condition = CONDITION_PARKED;
	(void)!snprintf(w->status.reason, sizeof(w->status.reason), "http_401");
	pass(w, SECOND);
	assert_true(raised(w, ALARM_DESTINATION_PARKED, "mega"));
	w->status.condition = CONDITION_OK;
	pass(w, MINUTE);
	assert_false(raised(w, ALARM_DESTINATION_PARKED, "mega"));
	assert_int_equal(w->told, 2);
}

static void test_a_bulk_route_that_follows_is_not_told(void **state)
{
	struct world *w = *state;
	struct destination_status both[2] = {w->status, w->status};
	configure(w);
	w->in.status = both;
	w->in.n_status = 2;
	(void)!snprintf(both[1].name, sizeof(both[1].name), "+mega");
	both[0].condition = both[1].condition = CONDITION_PARKED;
	pass(w, MINUTE);
	both[0].condition = CONDITION_OK;
	pass(w, 10 * SECOND); /* it resumes a moment later */
	both[1].condition = CONDITION_OK;
	pass(w, MINUTE);
	assert_int_equal(w->told, 2);
	both[1].condition = CONDITION_PARKED; /* by itself */
	pass(w, 2 * MINUTE);
	assert_true(raised(w, ALARM_DESTINATION_PARKED, "+mega"));
}

static void test_a_pause_is_a_persons_word(void **state)
{
	struct world *w = *state;
	configure(w);
	w->status.condition = CONDITION_PAUSED;
	pass(w, HOUR);
	w->status.condition = CONDITION_LIMITED;
	pass(w, HOUR);
	assert_int_equal(w->told, 0);
}

static void test_a_breaker_that_stays_open(void **state)
{
	struct world *w = *state;
	configure(w);
	w->status.condition = CONDITION_BROKEN;
	pass(w, 9 * MINUTE);
	assert_false(raised(w, ALARM_BREAKER_OPEN, "mega"));
	pass(w, 2 * MINUTE);
	assert_true(raised(w, ALARM_BREAKER_OPEN, "mega"));
	w->status.condition = CONDITION_OK;
	pass(w, MINUTE);
	assert_false(raised(w, ALARM_BREAKER_OPEN, "mega"));
	assert_int_equal(w->told, 2);
}

static void test_trouble_that_delivery_speaks_of(void **state)
{
	struct world *w = *state;
	configure(w);
	(void)!snprintf(w->status.trouble, sizeof(w->status.trouble),
			"dns_nxdomain");
	w->status.trouble_ms = w->wall;
	pass(w, 9 * MINUTE);
	assert_true(raised(w, ALARM_DESTINATION_TROUBLE, "mega"));
	pass(w, 2 * MINUTE);
	assert_false(raised(w, ALARM_DESTINATION_TROUBLE, "mega"));
	assert_int_equal(w->told, 2);
}

static void test_a_server_whose_certificate_ends(void **state)
{
	struct world *w = *state;
	configure(w);
	w->status.certificate_ends_ms = w->wall + 3 * DAY;
	pass(w, DAY);
	assert_int_equal(w->told, 0);
	pass(w, DAY + HOUR);
	assert_true(raised(w, ALARM_CERTIFICATE, "mega"));
	w->status.certificate_ends_ms += 60 * DAY;
	pass(w, SECOND);
	assert_false(raised(w, ALARM_CERTIFICATE, "mega"));
	assert_int_equal(w->told, 2);
}

static void test_a_budget_that_burns(void **state)
{
	struct world *w = *state;
	configure(w);
	for (int i = 0; i < 300; i++) { /* 1 a minute, all in time */
		settle(w, 2 * SECOND, UNIT_DELIVERED);
		pass(w, MINUTE);
	}
	assert_int_equal(w->told, 0);
	for (int i = 0; i < 20; i++) { /* a third is late */
		settle(w, i % 3 == 0 ? 90 * SECOND : SECOND, UNIT_DELIVERED);
		settle(w, SECOND, i % 3 == 0 ? UNIT_DEAD : UNIT_DELIVERED);
		pass(w, MINUTE);
	}
	assert_true(raised(w, ALARM_SLO_BURN_FAST, "mega"));
	for (int i = 0; i < 10; i++) {
		settle(w, 2 * SECOND, UNIT_DELIVERED);
		pass(w, MINUTE);
	}
	assert_false(raised(w, ALARM_SLO_BURN_FAST, "mega"));
}

static void test_what_is_not_delivered_at_all_burns_too(void **state)
{
	struct world *w = *state;
	configure(w);
	w->backlog.waiting = 1;
	w->backlog.oldest_received_ms = w->wall;
	pass(w, 4 * MINUTE);
	assert_false(raised(w, ALARM_SLO_BURN_FAST, "mega"));
	pass(w, 4 * MINUTE);
	assert_true(raised(w, ALARM_SLO_BURN_FAST, "mega"));
	w->backlog.waiting = 0;
	pass(w, 10 * MINUTE);
	assert_false(raised(w, ALARM_SLO_BURN_FAST, "mega"));
	pass(w, 30 * MINUTE);
	assert_false(raised(w, ALARM_SLO_BURN_SLOW, "mega"));
}

static void test_one_slow_lead_is_no_burn(void **state)
{
	struct world *w = *state;
	configure(w);
	settle(w, HOUR, UNIT_DELIVERED);
	pass(w, HOUR);
	assert_int_equal(w->told, 0);
}

/* ---- the host ---------------------------------------------------------------
 */

static void test_the_disk(void **state)
{
	struct world *w = *state;
	configure(w);
	w->facts.disk_free = (INT64_C(1) << 30) - 1;
	pass(w, SECOND);
	assert_true(raised(w, ALARM_DISK_LOW, ""));
	w->facts.disk_free = (INT64_C(1) << 30) + 1; /* a little more */
	pass(w, 5 * MINUTE);
	assert_true(raised(w, ALARM_DISK_LOW, ""));
	w->facts.disk_all = 0; /* not known for once */
	pass(w, 5 * MINUTE);
	assert_true(raised(w, ALARM_DISK_LOW, ""));
	w->facts.disk_all = INT64_C(100) << 30;
	w->facts.disk_free = INT64_C(2) << 30;
	pass(w, MINUTE);
	assert_false(raised(w, ALARM_DISK_LOW, ""));
	assert_int_equal(w->told, 2);
	w->facts.disk_all = INT64_C(1) << 30; /* a small one: an eighth */
	w->facts.disk_free = INT64_C(200) << 20;
	pass(w, MINUTE);
	assert_int_equal(w->told, 2);
}

static void test_the_store(void **state)
{
	struct world *w = *state;
	configure(w);
	w->facts.store = QUEUE_FULL;
	pass(w, SECOND);
	assert_true(raised(w, ALARM_STORE_FULL, ""));
	w->facts.store = QUEUE_FAILED;
	w->in.gauges.difference = 3;
	w->in.gauges.scanned = true;
	pass(w, MINUTE);
	assert_false(raised(w, ALARM_STORE_FULL, ""));
	assert_true(raised(w, ALARM_STORE_FAILED, ""));
	assert_true(raised(w, ALARM_LEDGER_DIFFERENCE, ""));
	w->facts.store = QUEUE_OK;
	w->in.gauges.difference = 0;
	w->in.gauges.scanned = false; /* as after a restart: not known */
	pass(w, SECOND);
	assert_true(raised(w, ALARM_LEDGER_DIFFERENCE, ""));
	w->in.gauges.scanned = true;
	pass(w, SECOND);
	assert_int_equal(w->told, 6);
	assert_int_equal(alarms_raised_count(w->judge->alarms), 0);
}

static void test_a_clock_that_jumps(void **state)
{
	struct world *w = *state;
	configure(w);
	pass(w, MINUTE);
	w->wall += 4 * SECOND;
	pass(w, MINUTE);
	assert_int_equal(w->told, 0);
	w->wall -= HOUR;
	pass(w, MINUTE);
	assert_true(raised(w, ALARM_CLOCK_JUMP, ""));
	pass(w, 10 * MINUTE);
	assert_false(raised(w, ALARM_CLOCK_JUMP, ""));
	assert_int_equal(w->told, 2);
}

static void test_a_certificate_that_ends(void **state)
{
	struct world *w = *state;
	configure(w);
	w->certificate = (struct alarm_certificate){"*:443", NOON + 30 * DAY};
	w->facts.certificates = &w->certificate;
	w->facts.n_certificates = 1;
	pass(w, 15 * DAY);
	assert_false(raised(w, ALARM_CERTIFICATE, "*:443"));
	pass(w, 2 * DAY);
	assert_true(raised(w, ALARM_CERTIFICATE, "*:443"));
	w->certificate.ends_ms += 90 * DAY;
	pass(w, SECOND);
	assert_false(raised(w, ALARM_CERTIFICATE, "*:443"));
	w->certificate.ends_ms = 0; /* no TLS there */
	pass(w, SECOND);
	assert_int_equal(w->told, 2);
}

/* header {"alg":"none"}, claims {"exp":N} */
static char *jwt(const char *claims)
{
	char text[256];
	base64_encode((const unsigned char *)claims, strlen(claims), BASE64_URL,
		      text);
	return xasprintf("eyJhbGciOiJub25lIn0.%s.c2ln", text);
}

static void test_a_token_that_ends(void **state)
{
	struct world *w = *state;
	char claims[64];
	(void)!snprintf(claims, sizeof(claims), "{\"exp\":%lld}",
			(long long)((NOON + 10 * DAY) / 1000));
	char *token = jwt(claims);
	mega.token =
	    (struct secret){(unsigned char *)token, strlen(token), NULL};
	configure(w);
	pass(w, 2 * DAY);
	assert_false(raised(w, ALARM_TOKEN, "mega"));
	pass(w, 2 * DAY);
	assert_true(raised(w, ALARM_TOKEN, "mega"));
	mega.token = (struct secret){(unsigned char *)TEXT("opaque"), 6, NULL};
	configure(w);
	pass(w, SECOND);
	assert_false(raised(w, ALARM_TOKEN, "mega"));
	assert_int_equal(w->told, 2);
	free(token);
}

static void test_only_tokens_that_say_so_end(void **state)
{
	(void)state;
	static const struct {
		const char *name, *claims;
		int64_t ends;
	} rows[] = {
	    {"number", "{\"sub\":1,\"exp\":1800000000}", 1800000000000},
	    {"none", "{\"sub\":1}", 0},
	    {"text", "{\"exp\":\"soon\"}", 0},
	    {"negative", "{\"exp\":-5}", 0},
	    {"fraction", "{\"exp\":1800000000.5}", 0},
	    {"beyond all times", "{\"exp\":99999999999999}", 0},
	    {"no object", "[1]", 0},
	    {"no JSON", "{", 0},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *token = jwt(rows[i].claims);
		check_row(rows[i].name,
			  token_ends_ms(str_from(token)) == rows[i].ends,
			  "end");
		free(token);
	}
	static const char *const others[] = {
	    "", ".", "..", "a.b", "a.b.c", "sk_live_1.2.3", "a.!.c"};
	for (size_t i = 0; i < ROWS(others); i++)
		assert_int_equal(token_ends_ms(str_from(others[i])), 0);
}

/* ---- memory
 * ------------------------------------------------------------------ */

static struct world *restarted(struct world *w, const char *text)
{
	struct err err = {0};
	judge_free(w->judge);
	metrics_free(w->metrics);
	w->judge = judge_new();
	w->metrics = metrics_new();
	w->facts.metrics = w->metrics;
	w->mono = 3 * SECOND; /* the host was started, too */
	metrics_configure(w->metrics, &w->config);
	configure(w);
	assert_int_equal(
	    judge_load(w->judge, str_from(text), w->wall, w->mono, &err), 0);
	return w;
}

static char *saved(const struct world *w)
{
	struct buf b;
	size_t n;
	buf_init(&b, 1 << 20);
	judge_save(w->judge, &b);
	assert_false(b.over);
	return buf_take(&b, &n);
}

static void test_a_restart_in_the_middle_of_silence_keeps_it(void **state)
{
	struct world *w = *state;
	shop.expect = TEXT("1 per 6h");
	configure(w);
	request(w, -1);
	pass(w, 5 * HOUR);
	char *text = saved(w);
	w->wall += 20 * HOUR; /* nobody could speak: the daemon was down */
	restarted(w, text);
	pass(w, 59 * MINUTE);
	assert_false(raised(w, ALARM_SOURCE_SILENT, "shop"));
	pass(w, 2 * MINUTE);
	assert_true(raised(w, ALARM_SOURCE_SILENT, "shop"));
	free(text);
	text = saved(w);
	restarted(w, text);
	assert_true(raised(w, ALARM_SOURCE_SILENT, "shop"));
	pass(w, MINUTE);
	assert_int_equal(w->told, 1); /* not a second time */
	request(w, -1);
	pass(w, SECOND);
	assert_int_equal(w->told, 2);
	free(text);
}

static void test_a_restart_keeps_when_a_secret_was_used(void **state)
{
	struct world *w = *state;
	shop.secret = (struct secrets){keys, 2};
	configure(w);
	pass(w, 4 * DAY);
	request(w, 1);
	pass(w, MINUTE);
	char *text = saved(w);
	restarted(w, text);
	request(w, 1);
	pass(w, 4 * DAY);
	assert_true(raised(w, ALARM_OLD_SECRET, "shop"));
	free(text);
}

static void test_odd_memories_are_no_harm(void **state)
{
	struct world *w = *state;
	shop.expect = TEXT("2 per 6h");
	shop.secret = (struct secrets){keys, 2};
	static const struct {
		const char *name, *text;
		int code;
	} rows[] = {
	    {"nothing", "", LB_EINVAL},
	    {"cut off", "{\"v\":1,\"sources\":{", LB_EINVAL},
	    {"of another version", "{\"v\":2}", LB_EINVAL},
	    {"a list", "[]", LB_EINVAL},
	    {"empty", "{\"v\":1}", 0},
	    {"wrong types",
	     "{\"v\":1,\"sources\":{\"shop\":{\"counted_ms\":\"x\",\"events\":"
	     "{},\"secrets\":[]}},\"alarms\":{}}",
	     0},
	    {"times to come",
	     "{\"v\":1,\"sources\":{\"shop\":{\"counted_ms\":5,\"events\":[9,"
	     "-1,4],\"secrets\":{}}},\"alarms\":[{\"name\":\"dead_letters\","
	     "\"severity\":1,\"since\":9223372036854775807,\"told\":"
	     "9223372036854775807,\"value\":1,\"subject\":\"shop\","
	     "\"text\":\"1 lead was refused\"}]}",
	     0},
	    {"unknown alarm",
	     "{\"v\":1,\"alarms\":[{\"name\":\"x\",\"severity\":1},"
	     "{\"name\":\"disk_low\",\"severity\":7},7]}",
	     0},
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct err err = {0};
		configure(w);
		int rc = judge_load(w->judge, str_from(rows[i].text), w->wall,
				    w->mono, &err);
		check_row(rows[i].name, rc == rows[i].code, "code");
		pass(w, MINUTE);
		check_row(rows[i].name,
			  alarms_raised_count(w->judge->alarms) == 0, "left");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_silence),
	    TEST(test_a_duplicate_is_no_silence),
	    TEST(test_wrong_proofs),
	    TEST(test_wrong_proofs_are_forgotten_after_an_hour),
	    TEST(test_a_few_wrong_ones_among_many_are_none),
	    TEST(test_stale_signatures),
	    TEST(test_an_old_secret),
	    TEST(test_no_secret_is_old_while_nobody_speaks),
	    TEST(test_a_secret_that_moves_in_the_list_is_the_same),
	    TEST(test_dead_letters_and_quarantine),
	    TEST(test_the_oldest_that_waits),
	    TEST(test_a_parked_destination),
	    TEST(test_a_bulk_route_that_follows_is_not_told),
	    TEST(test_a_pause_is_a_persons_word),
	    TEST(test_a_breaker_that_stays_open),
	    TEST(test_trouble_that_delivery_speaks_of),
	    TEST(test_a_server_whose_certificate_ends),
	    TEST(test_a_budget_that_burns),
	    TEST(test_what_is_not_delivered_at_all_burns_too),
	    TEST(test_one_slow_lead_is_no_burn),
	    TEST(test_the_disk),
	    TEST(test_the_store),
	    TEST(test_a_clock_that_jumps),
	    TEST(test_a_certificate_that_ends),
	    TEST(test_a_token_that_ends),
	    TEST(test_only_tokens_that_say_so_end),
	    TEST(test_a_restart_in_the_middle_of_silence_keeps_it),
	    TEST(test_a_restart_keeps_when_a_secret_was_used),
	    TEST(test_odd_memories_are_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
