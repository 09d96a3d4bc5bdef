/* SPDX-License-Identifier: MIT */
/*
 * What a store promises: accepting, duplicates, settling, a person's commands.
 * Any backend must pass it.
 */
#include "store_help.h"

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* ---- accepting --------------------------------------------------------- */

static void accepted_lead_is_kept_with_its_bytes(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	assert_true(id > 0);
	fixture_reopen(f);
	assert_true(lead_says(f, id, "\"state\":\"waiting\""));
	assert_true(lead_says(f, id, "{\\\"lead\\\":\\\"e1-0\\\"}"));
	assert_true(lead_says(f, id, "{\\\"raw\\\":\\\"bytes\\\"}"));
	assert_true(lead_says(f, id, "\"event_id\":\"e1\""));
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, 1);
	assert_int_equal(row.states[UNIT_WAITING], 1);
}

static void known_event_is_not_stored_again(void **state)
{
	struct fixture *f = *state;
	struct err err;
	struct submission *a = sub_one("shop", "e1", T0);
	struct submission *b = sub_one("shop", "e1", T0);
	begin(f);
	must(f->ops->put(f->store, a, &err), &err);
	must(f->ops->put(f->store, b, &err), &err);
	commit(f);
	assert_int_equal(a->n_duplicates, 0);
	assert_int_equal(a->n_accepted, 1);
	assert_int_equal(b->n_duplicates, 1);
	assert_int_equal(b->n_accepted, 0);
	assert_true(b->events[0].duplicate);
	assert_int_equal(b->units[0].id, 0);
	submission_free(a);
	submission_free(b);
	assert_int_equal(store_one(f, "e1", T0 + 1), 0);
	fixture_reopen(f);
	assert_int_equal(store_one(f, "e1", T0 + 2), 0);
	assert_true(store_sub(f, sub_one("other", "e1", T0)) > 0);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, 2);
	assert_int_equal(row.duplicates, 3);
}

static void of_a_batch_only_new_events_are_stored(void **state)
{
	struct fixture *f = *state;
	struct err err;
	(void)store_one(f, "e2", T0);
	struct submission *s = sub_new("shop", T0);
	(void)sub_event(s, "e1", 2, UNIT_WAITING);
	(void)sub_event(s, "e2", 1, UNIT_WAITING);
	(void)sub_event(s, "e3", 1, UNIT_IGNORED);
	begin(f);
	must(f->ops->put(f->store, s, &err), &err);
	commit(f);
	assert_int_equal(s->n_duplicates, 1);
	assert_int_equal(s->n_accepted, 3);
	assert_int_equal(s->accepted_by_state[UNIT_WAITING], 2);
	assert_int_equal(s->accepted_by_state[UNIT_IGNORED], 1);
	assert_int_equal(s->units[1].id, s->units[0].id + 1);
	assert_int_equal(s->units[2].id, 0);
	submission_free(s);
	assert_int_equal(balanced(f).accepted, 4);
}

static int64_t store_weak(struct fixture *f, int64_t at)
{
	struct submission *s = sub_new("form", at);
	struct new_event *e = sub_event(s, "h:content", 1, UNIT_WAITING);
	e->weak = true;
	e->window_ms = 60000;
	return store_sub(f, s);
}

static void content_hash_is_a_duplicate_within_its_window(void **state)
{
	struct fixture *f = *state;
	assert_true(store_weak(f, T0) > 0);
	assert_int_equal(store_weak(f, T0 + 59999), 0);
	assert_true(store_weak(f, T0 + 60000) > 0);
	assert_int_equal(store_weak(f, T0 + 119999), 0);
	fixture_reopen(f);
	assert_int_equal(store_weak(f, T0 + 119999), 0);
	assert_true(store_weak(f, T0 + 120000) > 0);
}

static struct submission *sub_person(const char *id, const char *people,
				     int64_t at)
{
	struct submission *s = sub_new("shop", at);
	struct new_event *e = sub_event(s, id, 2, UNIT_WAITING);
	e->n_once = (uint32_t)strlen(people);
	e->once = arena_alloc(&s->arena, e->n_once * sizeof(*e->once));
	for (uint32_t i = 0; i < e->n_once; i++) {
		memset(e->once[i].hash, people[i], 16);
		e->once[i].window_ms = 60000;
		e->once[i].reason = STR("joined");
	}
	return s;
}

static uint32_t joined(struct fixture *f, const char *id, const char *people,
		       int64_t at)
{
	struct submission *s = sub_person(id, people, at);
	struct err err;
	begin(f);
	must(f->ops->put(f->store, s, &err), &err);
	commit(f);
	uint32_t n = s->accepted_by_state[UNIT_IGNORED];
	assert_int_equal(s->n_accepted, 2);
	submission_free(s);
	return n;
}

static void later_events_of_a_person_are_joined_within_the_window(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(joined(f, "e1", "ab", T0), 0);
	assert_int_equal(joined(f, "e2", "ac", T0 + 59999), 2);
	assert_int_equal(joined(f, "e3", "db", T0 + 59999), 2);
	assert_int_equal(joined(f, "e4", "c", T0 + 59999), 0);
	fixture_reopen(f);
	assert_int_equal(joined(f, "e5", "a", T0 + 59999), 2);
	/* What was joined does not begin the window anew. */
	assert_int_equal(joined(f, "e6", "a", T0 + 60000), 0);
	assert_int_equal(joined(f, "e7", "a", T0 + 60001), 2);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, 14);
	assert_int_equal(row.states[UNIT_IGNORED], 8);
	assert_int_equal(row.states[UNIT_WAITING], 6);
}

static void what_is_rolled_back_joins_nothing(void **state)
{
	struct fixture *f = *state;
	struct err err;
	struct submission *a = sub_person("e1", "a", T0);
	struct submission *b = sub_person("e2", "a", T0 + 1);
	begin(f);
	must(f->ops->put(f->store, a, &err), &err);
	must(f->ops->put(f->store, b, &err), &err);
	assert_int_equal(b->accepted_by_state[UNIT_IGNORED], 2);
	f->ops->rollback(f->store);
	begin(f);
	must(f->ops->put(f->store, b, &err), &err);
	must(f->ops->put(f->store, a, &err), &err);
	commit(f);
	assert_int_equal(b->accepted_by_state[UNIT_WAITING], 2);
	assert_int_equal(b->units[0].reason.n, 0);
	assert_int_equal(a->accepted_by_state[UNIT_IGNORED], 2);
	assert_true(lead_says(f, a->units[0].id, "\"reason\":\"joined\""));
	submission_free(a);
	submission_free(b);
	assert_int_equal(balanced(f).accepted, 4);
}

static void rolled_back_batch_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct err err;
	struct submission *s = sub_one("new-source", "e1", T0);
	begin(f);
	must(f->ops->put(f->store, s, &err), &err);
	f->ops->rollback(f->store);
	submission_free(s);
	assert_int_equal(balanced(f).accepted, 0);
	assert_true(store_sub(f, sub_one("third", "e9", T0)) > 0);
	assert_true(store_sub(f, sub_one("new-source", "e1", T0)) > 0);
	fixture_reopen(f);
	assert_int_equal(balanced(f).accepted, 2);
}

static void malformed_submission_is_refused_alone(void **state)
{
	struct fixture *f = *state;
	struct err err;
	struct submission *good = sub_one("shop", "e1", T0);
	struct submission *bad = sub_one("shop", "e2", T0);
	struct {
		const char *name;
		enum unit_state state;
		uint32_t units, event;
		struct str destination;
	} rows[] = {
	    {"delivered at birth", UNIT_DELIVERED, 1, 0, STR("mega")},
	    {"more units than told", UNIT_WAITING, 2, 0, STR("mega")},
	    {"unit of no event", UNIT_WAITING, 1, 7, STR("mega")},
	    {"nobody to send it to", UNIT_WAITING, 1, 0, STR_NONE},
	};
	begin(f);
	must(f->ops->put(f->store, good, &err), &err);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bad->units[0].state = rows[i].state;
		bad->units[0].event = rows[i].event;
		bad->units[0].destination = rows[i].destination;
		bad->events[0].n_units = rows[i].units;
		if (f->ops->put(f->store, bad, &err) != LB_EINVAL)
			fail_msg("%s was not refused", rows[i].name);
	}
	commit(f);
	submission_free(good);
	submission_free(bad);
	assert_int_equal(balanced(f).accepted, 1);
}

/* ---- settling ---------------------------------------------------------- */

static void delivered_lead_keeps_the_crm_id(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	assert_int_equal(settle_one(f, DELIVER(id)), 0);
	fixture_reopen(f);
	assert_true(lead_says(f, id, "\"state\":\"delivered\""));
	assert_true(lead_says(f, id, "\"crm_id\":\"crm-1\""));
	assert_true(lead_says(f, id, "\"status\":201"));
	assert_int_equal(balanced(f).states[UNIT_DELIVERED], 1);
}

static void late_settlements_change_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	struct settle other = DELIVER(id);
	other.generation = 1;
	assert_int_equal(settle_one(f, other), LB_ENOTFOUND);
	assert_int_equal(settle_one(f, DELIVER(4711)), LB_ENOTFOUND);
	assert_int_equal(settle_one(f, DELIVER(id)), 0);
	assert_int_equal(settle_one(f, KILL(id, 422, "http_422")),
			 LB_ENOTFOUND);
	assert_int_equal(settle_one(f, AGAIN(id, T0)), LB_ENOTFOUND);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_DELIVERED], 1);
	assert_int_equal(row.states[UNIT_DEAD], 0);
}

static void failed_attempts_are_listed(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	assert_int_equal(settle_one(f, AGAIN(id, T0 + 2000)), 0);
	assert_int_equal(settle_one(f, AGAIN(id, T0 + 9000)), 0);
	assert_true(lead_says(f, id, "\"attempts\":2"));
	assert_true(lead_says(f, id, "{\"n\":2,\"at\":"));
	assert_true(lead_says(f, id, "\"reason\":\"http_503\""));
	assert_int_equal(settle_one(f, KILL(id, 422, "http_422")), 0);
	assert_true(lead_says(f, id, "\"state\":\"dead\""));
	assert_true(lead_says(f, id, "\"reason\":\"http_422\""));
	assert_int_equal(balanced(f).states[UNIT_DEAD], 1);
}

static void dead_leads_go_back_when_the_cause_was_not_theirs(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	assert_int_equal(settle_one(f, KILL(id, 422, "http_422")), 0);
	assert_int_equal(settle_one(f, AGAIN(id, T0 + 5)), 0);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_WAITING], 1);
	assert_int_equal(row.states[UNIT_DEAD], 0);
}

/* ---- a person's commands ----------------------------------------------- */

static int retry(struct fixture *f, int64_t id, struct due_lead **out)
{
	begin(f);
	int rc = command(f, COMMAND_RETRY, id, T0 + 77, out);
	commit(f);
	return rc;
}

static void retry_takes_a_new_key_only_after_a_refusal(void **state)
{
	struct fixture *f = *state;
	const struct {
		const char *name, *event;
		int status;
		int result;
		uint32_t generation;
	} rows[] = {
	    {"400", "a", 400, 0, 1},          {"413", "b", 413, 0, 1},
	    {"422", "c", 422, 0, 1},          {"451", "d", 451, 0, 1},
	    {"503", "e", 503, 0, 0},          {"timeout", "f", 0, 0, 0},
	    {"409", "g", 409, LB_EDENIED, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct due_lead *lead = NULL;
		unsigned char key[16];
		int64_t id = store_one(f, rows[i].event, T0);
		assert_int_equal(settle_one(f, KILL(id, rows[i].status, "x")),
				 0);
		if (retry(f, id, &lead) != rows[i].result)
			fail_msg("%s: wrong result", rows[i].name);
		if (rows[i].result != 0)
			continue;
		lead_key(key, STR("shop"), str_from(rows[i].event), 0,
			 STR("mega"), rows[i].generation);
		if (memcmp(key, lead->key, 16) != 0 ||
		    lead->generation != rows[i].generation)
			fail_msg("%s: wrong key", rows[i].name);
		assert_true(str_starts(lead->body, STR("{\"lead\":")));
		assert_int_equal(lead->due_at_ms, T0 + 77);
		free(lead);
	}
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_WAITING], 6);
	assert_int_equal(row.states[UNIT_DEAD], 1);
}

static void retried_lead_is_settled_under_its_generation(void **state)
{
	struct fixture *f = *state;
	struct due_lead *lead = NULL;
	int64_t id = store_one(f, "e1", T0);
	assert_int_equal(settle_one(f, KILL(id, 422, "http_422")), 0);
	assert_int_equal(retry(f, id, &lead), 0);
	free(lead);
	lead = NULL;
	assert_int_equal(retry(f, id, &lead), LB_EDENIED);
	assert_int_equal(retry(f, 99, &lead), LB_ENOTFOUND);
	assert_int_equal(settle_one(f, DELIVER(id)), LB_ENOTFOUND);
	struct settle now = DELIVER(id);
	now.generation = 1;
	assert_int_equal(settle_one(f, now), 0);
	assert_int_equal(balanced(f).states[UNIT_DELIVERED], 1);
}

static int64_t quarantine(struct fixture *f, const char *id)
{
	struct submission *s = sub_new("shop", T0);
	(void)sub_event(s, id, 1, UNIT_QUARANTINED);
	return store_sub(f, s);
}

static void command_and_its_line_of_the_audit_log_are_one(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	int64_t id = quarantine(f, "q1");
	struct query *q = query_new(COMMAND_BURY);
	q->id = id;
	q->audit = (struct audit){"unix:0", "quarantine.bury", "1"};
	begin(f);
	must(f->ops->command(f->store, q, T0, &err), &err);
	assert_int_equal(f->ops->command(f->store, q, T0, &err), LB_EDENIED);
	commit(f);
	query_free(q);
	q = query_new(QUERY_AUDIT);
	assert_int_equal(f->ops->answer(f->reader, q), 0);
	assert_string_equal(q->json.p,
			    "{\"audit\":[{\"id\":1,\"at\":"
			    "\"2026-09-21T14:13:20.000Z\",\"actor\":"
			    "\"unix:0\",\"action\":\"quarantine.bury\","
			    "\"subject\":\"1\"}],\"next_cursor\":0}");
	query_free(q);
}

static void buried_unit_is_ignored(void **state)
{
	struct fixture *f = *state;
	int64_t id = quarantine(f, "q1");
	int64_t lead = store_one(f, "e1", T0);
	const struct {
		int64_t id;
		int rc;
	} rows[] = {
	    {id, 0}, {id, LB_EDENIED}, {lead, LB_EDENIED}, {99, LB_ENOTFOUND}};
	begin(f);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(command(f, COMMAND_BURY, rows[i].id, T0, NULL),
				 rows[i].rc);
	commit(f);
	assert_true(lead_says(f, id, "\"reason\":\"buried\""));
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_IGNORED], 1);
	assert_int_equal(row.states[UNIT_QUARANTINED], 0);
}

/* ---- replay ------------------------------------------------------------ */

static struct submission *raw_of(struct fixture *f, int64_t id)
{
	struct query *q = ask(f, QUERY_RAW, id);
	must(q->result, &q->err);
	struct submission *s = q->raw;
	assert_non_null(s);
	q->raw = NULL;
	query_free(q);
	s->events = arena_alloc(&s->arena, 8 * sizeof(*s->events));
	s->units = arena_alloc(&s->arena, 8 * sizeof(*s->units));
	return s;
}

static void replay_puts_leads_in_place_of_the_unit(void **state)
{
	struct fixture *f = *state;
	int64_t id = quarantine(f, "q1");
	struct submission *s = raw_of(f, id);
	assert_true(str_eq(s->body, STR("{\"raw\":\"bytes\"}")));
	assert_true(str_eq(s->source, STR("shop")));
	assert_int_equal(s->replay_of, id);
	(void)sub_event(s, "q1", 3, UNIT_WAITING);
	int64_t first = store_sub(f, s);
	assert_true(first > id);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, 3);
	assert_int_equal(row.duplicates, 0);
	assert_int_equal(row.states[UNIT_WAITING], 3);
	assert_int_equal(row.states[UNIT_QUARANTINED], 0);
	struct query *q = ask(f, QUERY_LEAD, id);
	assert_int_equal(q->result, LB_ENOTFOUND);
	query_free(q);
	assert_true(lead_says(f, first, "{\\\"raw\\\":\\\"bytes\\\"}"));
	assert_int_equal(store_one(f, "q1", T0), 0);
}

static void replay_of_what_came_meanwhile_is_ignored(void **state)
{
	struct fixture *f = *state;
	int64_t id = quarantine(f, "h:whole-body");
	(void)store_one(f, "real-id", T0);
	struct submission *s = raw_of(f, id);
	(void)sub_event(s, "real-id", 1, UNIT_WAITING);
	assert_int_equal(store_sub(f, s), 0);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, 2);
	assert_int_equal(row.duplicates, 1);
	assert_int_equal(row.states[UNIT_IGNORED], 1);
}

static void replay_of_anything_else_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;
	int64_t id = store_one(f, "e1", T0);
	struct submission *s = sub_one("shop", "e2", T0);
	begin(f);
	s->replay_of = id;
	assert_int_equal(f->ops->put(f->store, s, &err), LB_EDENIED);
	s->replay_of = 99;
	assert_int_equal(f->ops->put(f->store, s, &err), LB_ENOTFOUND);
	commit(f);
	submission_free(s);
	assert_int_equal(balanced(f).accepted, 1);
}

static void replay_leaves_the_other_units_of_the_request(void **state)
{
	struct fixture *f = *state;
	struct submission *s = sub_new("shop", T0);
	(void)sub_event(s, "a", 1, UNIT_WAITING);
	(void)sub_event(s, "b", 1, UNIT_QUARANTINED);
	int64_t a = store_sub(f, s);
	s = raw_of(f, a + 1);
	(void)sub_event(s, "a", 1, UNIT_WAITING);
	(void)sub_event(s, "b", 1, UNIT_WAITING);
	int64_t b = store_sub(f, s);
	assert_true(lead_says(f, b, "\"event_id\":\"b\""));
	assert_true(lead_says(f, a, "{\\\"raw\\\":\\\"bytes\\\"}"));
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, 2);
	assert_int_equal(row.duplicates, 1);
}

/* ---- lists ------------------------------------------------------------- */

static size_t count_units(const struct query *q)
{
	size_t n = 0;
	struct str at = buf_str(&q->json);
	for (long i; (i = str_find_str(at, STR("{\"id\":"))) >= 0; n++)
		at = str_sub(at, (size_t)i + 1, at.n);
	return n;
}

static void lists_are_filtered_and_paged(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 7; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "e%d", i);
		(void)store_one(f, id, T0 + i);
	}
	(void)quarantine(f, "q");
	(void)settle_one(f, DELIVER(3));
	const struct {
		const char *name, *state, *source;
		enum query_kind kind;
		int64_t after;
		size_t limit, expected;
		int64_t cursor;
	} rows[] = {
	    {"all", "", "", QUERY_LEADS, 0, 100, 8, 0},
	    {"page", "", "", QUERY_LEADS, 0, 3, 3, 6},
	    {"next page", "", "", QUERY_LEADS, 6, 3, 3, 3},
	    {"last page", "", "", QUERY_LEADS, 3, 3, 2, 0},
	    {"state", "delivered", "", QUERY_LEADS, 0, 10, 1, 0},
	    {"source", "", "shop", QUERY_LEADS, 0, 10, 8, 0},
	    {"no such source", "", "nobody", QUERY_LEADS, 0, 10, 0, 0},
	    {"quarantine", "", "", QUERY_QUARANTINE, 0, 10, 1, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct query *q = query_new(rows[i].kind);
		(void)snprintf(q->state, sizeof(q->state), "%s", rows[i].state);
		(void)snprintf(q->source, sizeof(q->source), "%s",
			       rows[i].source);
		q->after_id = rows[i].after;
		q->limit = rows[i].limit;
		must(f->ops->answer(f->reader, q), &q->err);
		if (count_units(q) != rows[i].expected ||
		    q->next_cursor != rows[i].cursor)
			fail_msg("%s: %.*s", rows[i].name,
				 STR_FMT(buf_str(&q->json)));
		query_free(q);
	}
}

static void unknown_state_is_refused(void **state)
{
	struct fixture *f = *state;
	struct query *q = query_new(QUERY_LEADS);
	(void)snprintf(q->state, sizeof(q->state), "lost");
	assert_int_equal(f->ops->answer(f->reader, q), LB_EINVAL);
	query_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(accepted_lead_is_kept_with_its_bytes),
	    IN_STORE(known_event_is_not_stored_again),
	    IN_STORE(of_a_batch_only_new_events_are_stored),
	    IN_STORE(content_hash_is_a_duplicate_within_its_window),
	    IN_STORE(later_events_of_a_person_are_joined_within_the_window),
	    IN_STORE(what_is_rolled_back_joins_nothing),
	    IN_STORE(rolled_back_batch_leaves_nothing),
	    IN_STORE(malformed_submission_is_refused_alone),
	    IN_STORE(delivered_lead_keeps_the_crm_id),
	    IN_STORE(late_settlements_change_nothing),
	    IN_STORE(failed_attempts_are_listed),
	    IN_STORE(dead_leads_go_back_when_the_cause_was_not_theirs),
	    IN_STORE(retry_takes_a_new_key_only_after_a_refusal),
	    IN_STORE(retried_lead_is_settled_under_its_generation),
	    IN_STORE(command_and_its_line_of_the_audit_log_are_one),
	    IN_STORE(buried_unit_is_ignored),
	    IN_STORE(replay_puts_leads_in_place_of_the_unit),
	    IN_STORE(replay_of_what_came_meanwhile_is_ignored),
	    IN_STORE(replay_of_anything_else_is_refused),
	    IN_STORE(replay_leaves_the_other_units_of_the_request),
	    IN_STORE(lists_are_filtered_and_paged),
	    IN_STORE(unknown_state_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
