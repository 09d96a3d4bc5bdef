/* SPDX-License-Identifier: MIT */
/*
 * The store over time: what is due, what is old, what was known long ago, and
 * that the ledger balances whatever happens. Any backend must pass it.
 */
#include "store_help.h"

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* ---- refill ------------------------------------------------------------ */

static void free_chain(struct due_lead *lead)
{
	while (lead != NULL) {
		struct due_lead *next = lead->next;
		free(lead);
		lead = next;
	}
}

static struct refill refill(struct fixture *f, size_t fresh, size_t backlog,
			    int64_t now)
{
	struct refill q = {.destination = "mega",
			   .fresh = fresh,
			   .backlog = backlog,
			   .fresh_after_ms = now - 600000,
			   .now_ms = now};
	struct err err = {0};
	must(f->ops->refill(f->reader, &q, &err), &err);
	return q;
}

static void expect_ids(struct due_lead *lead, const int64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++, lead = lead->next) {
		assert_non_null(lead);
		assert_int_equal(lead->id, ids[i]);
	}
	assert_null(lead);
}

static void refill_gives_fresh_newest_and_backlog_oldest_first(void **state)
{
	struct fixture *f = *state;
	const int64_t now = T0 + 2 * DAY;
	int64_t old1 = store_one(f, "old1", T0);
	int64_t old2 = store_one(f, "old2", T0 + 10);
	int64_t new1 = store_one(f, "new1", now - 2000);
	int64_t new2 = store_one(f, "new2", now - 1000);
	int64_t later = store_one(f, "later", now - 500);
	assert_int_equal(settle_one(f, AGAIN(later, now + 5000)), 0);
	assert_int_equal(settle_one(f, AGAIN(old1, now - 1)), 0);
	struct refill q = refill(f, 10, 0, now);
	expect_ids(q.chain, (const int64_t[]){new2, new1}, 2);
	assert_false(q.more);
	assert_int_equal(q.next_due_at_ms, now + 5000);
	free_chain(q.chain);
	q = refill(f, 0, 10, now);
	expect_ids(q.chain, (const int64_t[]){old2, new1, new2, old1}, 4);
	assert_int_equal(q.chain->next->next->next->attempts, 1);
	free_chain(q.chain);
	q = refill(f, 1, 1, now);
	expect_ids(q.chain, (const int64_t[]){new2, old2}, 2);
	assert_true(q.more);
	free_chain(q.chain);
}

static void refilled_lead_is_complete(void **state)
{
	struct fixture *f = *state;
	unsigned char key[16];
	int64_t id = store_one(f, "e1", T0);
	lead_key(key, STR("shop"), STR("e1"), 0, STR("mega"), 0);
	struct settle again = AGAIN(id, T0 + 5);
	assert_int_equal(settle_one(f, again), 0);
	struct refill q = refill(f, 0, 5, T0 + 5);
	assert_non_null(q.chain);
	assert_memory_equal(q.chain->key, key, 16);
	assert_true(str_eq(q.chain->source, STR("shop")));
	assert_true(str_eq(q.chain->destination, STR("mega")));
	assert_true(str_eq(q.chain->body, STR("{\"lead\":\"e1-0\"}")));
	assert_int_equal(q.chain->received_at_ms, T0);
	assert_int_equal(q.chain->due_at_ms, T0 + 5);
	free_chain(q.chain);
}

static void unknown_destination_has_nothing_due(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct refill q = {.destination = "nobody", .backlog = 5, .now_ms = T0};
	must(f->ops->refill(f->reader, &q, &err), &err);
	assert_null(q.chain);
	assert_false(q.more);
}

static void due_time_is_bounded_after_a_clock_jump(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	assert_int_equal(settle_one(f, AGAIN(id, T0 + 400 * DAY)), 0);
	struct err err = {0};
	must(f->ops->clamp_due(f->store, STR("nobody"), T0, T0, &err), &err);
	must(f->ops->clamp_due(f->store, STR("mega"), T0 + 2 * DAY, T0 + DAY,
			       &err),
	     &err);
	struct refill q = refill(f, 0, 5, T0 + DAY);
	assert_non_null(q.chain);
	assert_int_equal(q.chain->id, id);
	free_chain(q.chain);
}

/* ---- what waits -------------------------------------------------------- */

static void note_waiting(void *ctx, const char *destination, int64_t waiting)
{
	assert_string_equal(destination, "mega");
	*(int64_t *)ctx = waiting;
}

static int64_t waiting(struct fixture *f)
{
	int64_t n = 0;
	f->ops->waiting(f->store, note_waiting, &n);
	return n;
}

static int64_t oldest(struct fixture *f, int64_t *cursor)
{
	struct err err = {0};
	int64_t at = -1;
	must(f->ops->oldest(f->reader, "mega", cursor, &at, &err), &err);
	return at;
}

static void what_waits_is_counted_and_its_oldest_known(void **state)
{
	struct fixture *f = *state;
	int64_t cursor = 0;
	int64_t first = store_one(f, "e1", T0);
	int64_t second = store_one(f, "e2", T0 + 10);
	assert_int_equal(waiting(f), 2);
	assert_int_equal(oldest(f, &cursor), T0);
	assert_int_equal(settle_one(f, DELIVER(first)), 0);
	assert_int_equal(waiting(f), 1);
	assert_int_equal(oldest(f, &cursor), T0 + 10);
	fixture_reopen(f);
	assert_int_equal(waiting(f), 1);
	assert_int_equal(settle_one(f, KILL(second, 422, "x")), 0);
	assert_int_equal(waiting(f), 0);
	assert_int_equal(oldest(f, &cursor), 0);
	struct query *q = ask(f, QUERY_BACKLOG, 0);
	assert_int_equal(q->result, 0);
	assert_true(str_eq(buf_str(&q->json), STR("{\"destinations\":{}}")));
	query_free(q);
}

/* ---- retention --------------------------------------------------------- */

static bool there(struct fixture *f, int64_t id)
{
	struct query *q = ask(f, QUERY_LEAD, id);
	int rc = q->result;
	query_free(q);
	return rc == 0;
}

static int64_t quarantine_unit(struct fixture *f, const char *id, int64_t at)
{
	struct submission *s = sub_new("shop", at);
	(void)sub_event(s, id, 1, UNIT_QUARANTINED);
	return store_sub(f, s);
}

static void only_what_is_done_ever_expires(void **state)
{
	struct fixture *f = *state;
	int64_t done = store_one(f, "done", T0);
	int64_t dead = store_one(f, "dead", T0);
	int64_t waits = store_one(f, "waits", T0);
	int64_t odd = quarantine_unit(f, "odd", T0);
	assert_int_equal(settle_one(f, AGAIN(done, T0)), 0);
	assert_int_equal(settle_one(f, DELIVER(done)), 0);
	assert_int_equal(settle_one(f, KILL(dead, 422, "http_422")), 0);
	tidy_at(f, T0 + 9 * DAY);
	assert_true(lead_says(f, done, "\"failed_attempts\":[{"));
	tidy_at(f, T0 + 11 * DAY);
	assert_true(lead_says(f, done, "\"failed_attempts\":[]"));
	assert_true(lead_says(f, dead, "\"failed_attempts\":[{"));
	assert_true(lead_says(f, done, "{\\\"raw\\\":"));
	tidy_at(f, T0 + 31 * DAY);
	assert_true(lead_says(f, done, "\"body\":null"));
	assert_true(lead_says(f, done, "\"request\":null"));
	tidy_at(f, T0 + 91 * DAY);
	assert_false(there(f, done));
	const int64_t kept[] = {dead, waits, odd};
	for (size_t i = 0; i < 3; i++)
		assert_true(lead_says(f, kept[i], "{\\\"raw\\\":"));
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, 4);
	assert_int_equal(row.states[UNIT_DELIVERED], 1);
	assert_int_equal(row.expired, 1);
	assert_int_equal(store_one(f, "done", T0 + 91 * DAY), 0);
}

static void request_stays_while_one_of_its_leads_needs_it(void **state)
{
	struct fixture *f = *state;
	struct submission *s = sub_new("shop", T0);
	(void)sub_event(s, "e", 2, UNIT_WAITING);
	int64_t id = store_sub(f, s);
	assert_int_equal(settle_one(f, DELIVER(id)), 0);
	tidy_at(f, T0 + 91 * DAY);
	assert_true(lead_says(f, id + 1, "{\\\"raw\\\":"));
	assert_int_equal(settle_one(f, DELIVER(id + 1)), 0);
	tidy_at(f, T0 + 91 * DAY);
	assert_false(there(f, id + 1));
	assert_int_equal(balanced(f).expired, 2);
}

static void ids_are_not_used_again(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	assert_int_equal(settle_one(f, DELIVER(id)), 0);
	tidy_at(f, T0 + 91 * DAY);
	fixture_reopen(f);
	assert_int_equal(store_one(f, "e2", T0), id + 1);
}

static void keys_are_forgotten_at_last(void **state)
{
	struct fixture *f = *state;
	assert_true(store_one(f, "e1", T0) > 0);
	tidy_at(f, T0 + 399 * DAY);
	assert_int_equal(store_one(f, "e1", T0), 0);
	tidy_at(f, T0 + 401 * DAY);
	tidy_at(f, T0 + 401 * DAY);
	assert_true(store_one(f, "e1", T0 + 401 * DAY) > 0);
}

/* ---- known events, many of them ---------------------------------------- */

enum { MANY = 140000, PER_BATCH = 1000 };

static struct submission *numbered(int n)
{
	char id[24];
	struct submission *s = sub_new("shop", T0);
	(void)snprintf(id, sizeof(id), "n%d", n);
	struct new_event *e = sub_event(s, id, 1, UNIT_IGNORED);
	/* Spread without the cost of a digest. */
	uint64_t h = (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15);
	memcpy(e->hash, &h, sizeof(h));
	return s;
}

static uint32_t put_numbered(struct fixture *f, int from, int n)
{
	struct err err = {0};
	uint32_t duplicates = 0;
	begin(f);
	for (int i = from; i < from + n; i++) {
		struct submission *s = numbered(i);
		must(f->ops->put(f->store, s, &err), &err);
		duplicates += s->n_duplicates;
		submission_free(s);
	}
	commit(f);
	return duplicates;
}

static void events_stay_known_while_they_are_merged(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < MANY; i += PER_BATCH) {
		assert_int_equal(put_numbered(f, i, PER_BATCH), 0);
		if (i % 20000 == 0 && i > 0) {
			assert_int_equal(put_numbered(f, i / 2, 100), 100);
			assert_int_equal(put_numbered(f, 0, 100), 100);
		}
	}
	fixture_reopen(f);
	for (int i = 0; i < MANY; i += 7000)
		assert_int_equal(put_numbered(f, i, 50), 50);
	assert_int_equal(put_numbered(f, MANY, 10), 0);
	assert_int_equal(balanced(f).accepted, MANY + 10);
}

/* ---- whatever happens -------------------------------------------------- */

enum { LEADS = 400, STEPS_N = 1500 };

struct model {
	int64_t accepted, duplicates, states[UNIT_STATES];
	int known; /* events e0..e<known-1> */
	struct {
		int64_t id;
		enum unit_state state;
		uint32_t generation;
	} leads[LEADS];
	int n;
};

/* A run that fails prints its seed; put it here to run it again. */
static uint64_t seed;

static int below(int limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int)(seed % (uint64_t)limit);
}

static void model_move(struct model *m, int i, enum unit_state to)
{
	m->states[m->leads[i].state]--;
	m->states[to]++;
	m->leads[i].state = to;
}

static void step_put(struct fixture *f, struct model *m)
{
	static const enum unit_state states[] = {
	    UNIT_WAITING, UNIT_WAITING, UNIT_IGNORED, UNIT_QUARANTINED};
	struct err err = {0};
	char id[16];
	bool again = m->known > 0 && below(4) == 0;
	int number = again ? below(m->known) : m->known;
	uint32_t units = (uint32_t)below(3) + 1;
	enum unit_state to = states[below(4)];
	if (m->n + (int)units > LEADS)
		return;
	(void)snprintf(id, sizeof(id), "e%d", number);
	struct submission *s = sub_new("shop", T0 + number);
	(void)sub_event(s, id, units, to);
	must(f->ops->put(f->store, s, &err), &err);
	assert_int_equal(s->n_duplicates, again ? 1 : 0);
	m->duplicates += again ? 1 : 0;
	m->known += again ? 0 : 1;
	for (uint32_t i = 0; !again && i < units; i++) {
		m->leads[m->n].id = s->units[i].id;
		m->leads[m->n].generation = 0;
		m->leads[m->n++].state = to;
		m->states[to]++;
		m->accepted++;
	}
	submission_free(s);
}

static void step_settle(struct fixture *f, struct model *m)
{
	static const enum unit_state ends[] = {UNIT_WAITING, UNIT_DELIVERED,
					       UNIT_DEAD};
	struct err err = {0};
	if (m->n == 0)
		return;
	int i = below(m->n);
	enum unit_state from = m->leads[i].state, to = ends[below(3)];
	struct settle w = {.id = m->leads[i].id,
			   .state = to,
			   .outcome = to == UNIT_DELIVERED ? OUTCOME_SENT
							   : OUTCOME_RETRY,
			   .status = to == UNIT_DEAD ? 422 : 201,
			   .generation = m->leads[i].generation,
			   .due = T0};
	int rc = settle_in(f, &w, &err);
	bool may =
	    from == UNIT_WAITING || (from == UNIT_DEAD && to == UNIT_WAITING);
	assert_int_equal(rc, may ? 0 : LB_ENOTFOUND);
	if (may)
		model_move(m, i, to);
}

static void step_command(struct fixture *f, struct model *m)
{
	struct due_lead *lead = NULL;
	if (m->n == 0)
		return;
	int i = below(m->n);
	enum unit_state from = m->leads[i].state;
	int rc = command(f, COMMAND_RETRY, m->leads[i].id, T0, &lead);
	assert_int_equal(rc, from == UNIT_DEAD ? 0 : LB_EDENIED);
	if (rc == 0) {
		m->leads[i].generation = lead->generation;
		free(lead);
		model_move(m, i, UNIT_WAITING);
		return;
	}
	rc = command(f, COMMAND_BURY, m->leads[i].id, T0, NULL);
	assert_int_equal(rc, from == UNIT_QUARANTINED ? 0 : LB_EDENIED);
	if (rc == 0)
		model_move(m, i, UNIT_IGNORED);
}

static void check_model(struct fixture *f, const struct model *m)
{
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, m->accepted);
	assert_int_equal(row.duplicates, m->duplicates);
	for (int i = 0; i < UNIT_STATES; i++)
		assert_int_equal(row.states[i], m->states[i]);
	assert_int_equal(waiting(f), m->states[UNIT_WAITING]);
}

static void ledger_balances_whatever_happens(void **state)
{
	struct fixture *f = *state;
	struct model *m = xcalloc(1, sizeof(*m));
	struct model *before = xcalloc(1, sizeof(*before));
	void (*const steps[])(struct fixture *, struct model *) = {
	    step_put, step_put, step_settle, step_settle, step_command};
	crypto_random(&seed, sizeof(seed));
	print_message("seed %llx\n", (unsigned long long)seed);
	for (int i = 0; i < STEPS_N; i++) {
		*before = *m;
		begin(f);
		for (int k = below(6); k >= 0; k--)
			steps[below(5)](f, m);
		if (below(5) == 0) {
			f->ops->rollback(f->store);
			*m = *before;
		} else {
			commit_at(f, T0 + below(4) * DAY);
		}
		if (i % 50 == 0)
			check_model(f, m);
		if (i % 200 == 0)
			fixture_reopen(f);
	}
	check_model(f, m);
	free(before);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(refill_gives_fresh_newest_and_backlog_oldest_first),
	    IN_STORE(refilled_lead_is_complete),
	    IN_STORE(unknown_destination_has_nothing_due),
	    IN_STORE(due_time_is_bounded_after_a_clock_jump),
	    IN_STORE(what_waits_is_counted_and_its_oldest_known),
	    IN_STORE(only_what_is_done_ever_expires),
	    IN_STORE(request_stays_while_one_of_its_leads_needs_it),
	    IN_STORE(ids_are_not_used_again),
	    IN_STORE(keys_are_forgotten_at_last),
	    IN_STORE(events_stay_known_while_they_are_merged),
	    IN_STORE(ledger_balances_whatever_happens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
