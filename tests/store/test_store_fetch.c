/* SPDX-License-Identifier: MIT */
/*
 * What a store promises of units that wait for a fetch: they have a queue of
 * their own, become leads in one step, and every end is in the ledger.
 */
#include "store_help.h"

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#define LEAD "{\"contact_name\":\"Ana Ruiz\"}"

static int64_t store_fetch(struct fixture *f, const char *id)
{
	struct submission *s = sub_one("meta", id, T0);
	struct new_unit *u = &s->units[0];
	u->state = UNIT_FETCHING;
	u->body = arena_printf(&s->arena, "[\"leadgen\",\"%s\"]", id);
	return store_sub(f, s);
}

static int settle_fetch(struct fixture *f, int64_t id, enum unit_state state,
			const char *rendered)
{
	struct err err = {0};
	struct due_lead lead = {.id = id,
				.source = STR("meta"),
				.destination = STR("@meta"),
				.to = STR("mega")};
	struct settlement t = {
	    .lead = &lead,
	    .state = state,
	    .started_at_ms = T0 + 100,
	    .duration_ms = 20,
	    .due_at_ms = T0 + 5000,
	    .first_failed_at_ms = T0 + 100,
	    .counts = true,
	    .outcome = rendered != NULL ? OUTCOME_SENT : OUTCOME_RETRY,
	    .http_status = 404,
	    .reason = "not_found",
	    .rendered = (char *)(uintptr_t)rendered,
	    .rendered_n = rendered != NULL ? strlen(rendered) : 0,
	};
	begin(f);
	int rc = f->ops->settle(f->store, &t, &err);
	commit(f);
	return rc;
}

static struct due_lead *only_due(struct fixture *f, const char *queue)
{
	struct err err = {0};
	struct refill q = {
	    .destination = queue, .backlog = 5, .now_ms = T0 + 1000};
	must(f->ops->refill(f->reader, &q, &err), &err);
	assert_true(q.chain == NULL || q.chain->next == NULL);
	return q.chain;
}

static void expect_none(struct fixture *f, const char *queue)
{
	assert_null(only_due(f, queue));
}

static void fetch_waits_in_the_queue_of_its_source(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_fetch(f, "e1");
	fixture_reopen(f);
	struct due_lead *lead = only_due(f, "@meta");
	assert_non_null(lead);
	assert_int_equal(lead->id, id);
	assert_true(str_eq(lead->source, STR("meta")));
	assert_true(str_eq(lead->destination, STR("@meta")));
	assert_true(str_eq(lead->to, STR("mega")));
	assert_true(str_eq(lead->body, STR("[\"leadgen\",\"e1\"]")));
	unsigned char key[16];
	lead_key(key, STR("meta"), STR("e1"), 0, STR("mega"), 0);
	assert_memory_equal(lead->key, key, sizeof(key));
	free(lead);
	expect_none(f, "mega");
	expect_none(f, "@other");
	assert_int_equal(balanced(f).states[UNIT_FETCHING], 1);
}

static void store_fetch_of(struct fixture *f, const char *id,
			   const char *account)
{
	struct submission *s = sub_one("meta", id, T0);
	s->units[0].state = UNIT_FETCHING;
	s->units[0].body = STR("[\"leadgen\"]");
	s->events[0].account = str_from(account);
	(void)store_sub(f, s);
}

/* How many are due, and when the next is (0: none). */
static size_t refilled(struct fixture *f, const char *queue, const char *others)
{
	struct err err = {0};
	struct refill q = {.destination = queue,
			   .others = others,
			   .fresh = 1,
			   .backlog = 9,
			   .now_ms = T0 + 1000};
	must(f->ops->refill(f->reader, &q, &err), &err);
	size_t n = 0;
	while (q.chain != NULL) {
		struct due_lead *lead = q.chain;
		q.chain = lead->next;
		/* The store knows one queue for all of them. */
		assert_true(str_eq(lead->destination, STR("@meta")));
		free(lead);
		n++;
	}
	assert_int_equal(q.next_due_at_ms, 0);
	return n;
}

static void accounts_of_a_source_are_refilled_apart(void **state)
{
	struct fixture *f = *state;
	store_fetch_of(f, "e1", "1001");
	store_fetch_of(f, "e2", "1001");
	store_fetch_of(f, "e3", "1002");
	store_fetch_of(f, "e4", NULL);
	static const struct {
		const char *queue, *others;
		size_t n; /* each is fresh, and backlog */
	} rows[] = {
	    {"@meta", NULL, 5},
	    {"@meta:1001", NULL, 3},
	    {"@meta:1002", NULL, 2},
	    {"@meta:1003", NULL, 0},
	    {"@other:1001", NULL, 0},
	    {"@meta", "[\"1001\"]", 3},
	    {"@meta", "[\"1001\",\"1002\"]", 2},
	    {"@meta", "[\"9\"]", 5},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = refilled(f, rows[i].queue, rows[i].others);
		if (n != rows[i].n)
			fail_msg("row %zu: %zu", i, n);
	}
}

static void fetched_lead_waits_for_its_destination(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_fetch(f, "e1");
	assert_int_equal(settle_fetch(f, id, UNIT_FETCHING, NULL), 0);
	expect_none(f, "@meta");
	assert_int_equal(settle_fetch(f, id, UNIT_WAITING, LEAD), 0);
	fixture_reopen(f);
	expect_none(f, "@meta");
	struct due_lead *lead = only_due(f, "mega");
	assert_non_null(lead);
	assert_int_equal(lead->id, id);
	assert_int_equal(lead->attempts, 0);
	assert_int_equal(lead->first_failed_at_ms, 0);
	assert_int_equal(lead->to.n, 0);
	assert_true(str_eq(lead->body, STR(LEAD)));
	free(lead);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_FETCHING], 0);
	assert_int_equal(row.states[UNIT_WAITING], 1);
	/* Once: a late answer of the same fetch changes nothing. */
	assert_int_equal(settle_fetch(f, id, UNIT_WAITING, "{}"), LB_ENOTFOUND);
	assert_int_equal(settle_fetch(f, id, UNIT_DEAD, NULL), LB_ENOTFOUND);
	assert_true(lead_says(f, id, "Ana Ruiz"));
}

static void description_is_never_sent_as_a_lead(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_fetch(f, "e1");
	struct settle sent = DELIVER(id);
	assert_int_equal(settle_fetch(f, id, UNIT_WAITING, NULL), LB_EINVAL);
	assert_int_equal(settle_fetch(f, id, UNIT_WAITING, "[1]"), LB_EINVAL);
	assert_int_equal(settle_fetch(f, id, UNIT_DELIVERED, NULL), LB_EINVAL);
	assert_int_equal(settle_one(f, sent), LB_ENOTFOUND);
	assert_int_equal(balanced(f).states[UNIT_FETCHING], 1);
}

static void every_end_of_a_fetch_is_in_the_ledger(void **state)
{
	static const enum unit_state ends[] = {UNIT_DEAD, UNIT_IGNORED,
					       UNIT_QUARANTINED};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char event[8];
		(void)snprintf(event, sizeof(event), "e%zu", i);
		int64_t id = store_fetch(f, event);
		assert_int_equal(settle_fetch(f, id, ends[i], NULL), 0);
		assert_true(lead_says(f, id, "\"reason\":\"not_found\""));
		assert_int_equal(balanced(f).states[ends[i]], 1);
	}
	expect_none(f, "@meta");
}

static void dead_fetch_is_fetched_again(void **state)
{
	struct fixture *f = *state;
	struct due_lead *lead = NULL;
	int64_t id = store_fetch(f, "e1");
	assert_int_equal(settle_fetch(f, id, UNIT_DEAD, NULL), 0);
	begin(f);
	assert_int_equal(command(f, COMMAND_RETRY, id, T0, &lead), 0);
	commit(f);
	assert_true(str_eq(lead->destination, STR("@meta")));
	assert_true(str_eq(lead->to, STR("mega")));
	assert_int_equal(lead->generation, 0);
	free(lead);
	assert_int_equal(balanced(f).states[UNIT_FETCHING], 1);
	lead = only_due(f, "@meta");
	assert_non_null(lead);
	free(lead);
	/* As the `contract` rule does it. */
	assert_int_equal(settle_fetch(f, id, UNIT_DEAD, NULL), 0);
	assert_int_equal(settle_fetch(f, id, UNIT_FETCHING, NULL), 0);
	assert_int_equal(balanced(f).states[UNIT_FETCHING], 1);
}

static void count_queue(void *ctx, const char *queue, int64_t waiting)
{
	int64_t *n = ctx;
	n[queue[0] == '@'] = waiting;
}

static void queues_are_counted_and_their_oldest_known(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	int64_t n[2] = {0}, cursor = 0, at = 0;
	int64_t id = store_fetch(f, "e1");
	(void)store_fetch(f, "e2");
	f->ops->waiting(f->store, count_queue, n);
	assert_int_equal(n[0], 0);
	assert_int_equal(n[1], 2);
	must(f->ops->oldest(f->reader, "@meta", &cursor, &at, &err), &err);
	assert_int_equal(at, T0);
	assert_int_equal(settle_fetch(f, id, UNIT_WAITING, LEAD), 0);
	for (int again = 0; again < 2; again++) {
		f->ops->waiting(f->store, count_queue, n);
		assert_int_equal(n[0], 1);
		assert_int_equal(n[1], 1);
		fixture_reopen(f);
	}
}

static void state_and_body_of_a_new_unit_must_agree(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct submission *s = sub_one("meta", "e1", T0);
	begin(f);
	s->units[0].state = UNIT_FETCHING;
	assert_int_equal(f->ops->put(f->store, s, &err), LB_EINVAL);
	s->units[0].state = UNIT_WAITING;
	s->units[0].body = STR("[]");
	assert_int_equal(f->ops->put(f->store, s, &err), LB_EINVAL);
	commit(f);
	submission_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(fetch_waits_in_the_queue_of_its_source),
	    IN_STORE(accounts_of_a_source_are_refilled_apart),
	    IN_STORE(fetched_lead_waits_for_its_destination),
	    IN_STORE(description_is_never_sent_as_a_lead),
	    IN_STORE(every_end_of_a_fetch_is_in_the_ledger),
	    IN_STORE(dead_fetch_is_fetched_again),
	    IN_STORE(queues_are_counted_and_their_oldest_known),
	    IN_STORE(state_and_body_of_a_new_unit_must_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
