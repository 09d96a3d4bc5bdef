/* SPDX-License-Identifier: MIT */
/*
 * What a store promises of bulk requests: they are sent as they are stored,
 * and what becomes of one becomes of each of its rows, in the ledger too.
 */
#include "store_help.h"

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#define FILE_HASH                                                              \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* Rows with these lines; one with a '-' behind it is nobody's. */
static struct submission *rows(const char *lines, const char *options)
{
	struct submission *s = sub_new("import", T0);
	struct bulk_request *b = arena_alloc(&s->arena, sizeof(*b));
	struct str rest = str_from(lines);
	*b = (struct bulk_request){.destination = STR("mega"),
				   .file = STR(FILE_HASH),
				   .options = str_from(options),
				   .number = 3,
				   .key = "0123456789abcdef"};
	while (rest.n > 0) {
		struct str line = str_cut(rest, ' ', &rest);
		bool nobody = str_ends(line, STR("-"));
		line.n -= nobody;
		const char *id = arena_printf(&s->arena, "%s:mega:%.*s",
					      FILE_HASH, STR_FMT(line))
				     .p;
		(void)sub_event(s, id, 1, nobody ? UNIT_IGNORED : UNIT_WAITING);
		struct new_unit *u = &s->units[s->n_units - 1];
		if (!nobody) {
			u->destination = STR("+mega");
			u->body = arena_printf(&s->arena,
					       "{\"contact_name\":\"%.*s\"}",
					       STR_FMT(line));
		}
	}
	s->bulk = b;
	return s;
}

static int put(struct fixture *f, struct submission *s)
{
	struct err err = {0};
	begin(f);
	int rc = f->ops->put(f->store, s, &err);
	commit(f);
	return rc;
}

static struct due_lead *due(struct fixture *f, const char *queue)
{
	struct err err = {0};
	struct refill q = {
	    .destination = queue, .backlog = 5, .now_ms = T0 + 1000};
	must(f->ops->refill(f->reader, &q, &err), &err);
	return q.chain;
}

static int settle(struct fixture *f, struct due_lead *lead,
		  enum unit_state state, struct row_result *results, size_t n)
{
	struct err err = {0};
	struct settlement t = {
	    .lead = lead,
	    .state = state,
	    .counts = true,
	    .started_at_ms = T0 + 100,
	    .duration_ms = 20,
	    .due_at_ms = T0 + 500,
	    .first_failed_at_ms = T0 + 100,
	    .outcome = state == UNIT_DELIVERED ? OUTCOME_SENT
		       : state == UNIT_DEAD    ? OUTCOME_DEAD
					       : OUTCOME_RETRY,
	    .http_status = state == UNIT_DEAD ? 400 : 503,
	    .reason = "http_x",
	    .rows = results,
	    .n_rows = n,
	};
	begin(f);
	int rc = f->ops->settle(f->store, &t, &err);
	commit(f);
	return rc;
}

static void rows_wait_as_one_request(void **state)
{
	struct fixture *f = *state;
	struct submission *s = rows("2 3- 4", "o");
	assert_int_equal(put(f, s), 0);
	int64_t first = s->units[0].id;
	assert_non_null(s->bulk->due);
	struct str body = s->bulk->due->body;
	fixture_reopen(f);
	struct due_lead *lead = due(f, "+mega");
	assert_non_null(lead);
	assert_null(lead->next);
	assert_true(str_eq(lead->body, body));
	char *want = xasprintf("{\"leads\":[{\"row_ref\":\"%lld\","
			       "\"contact_name\":\"2\"},{\"row_ref\":\"%lld\","
			       "\"contact_name\":\"4\"}],\"on_duplicate\":"
			       "\"update\",\"dry_run\":false}",
			       (long long)first, (long long)first + 2);
	assert_true(str_eq(lead->body, str_from(want)));
	free(want);
	assert_int_equal(lead->id, first);
	assert_int_equal(lead->units, 3);
	assert_memory_equal(lead->key, "0123456789abcdef", 16);
	assert_true(str_eq(lead->source, STR("import")));
	assert_true(str_eq(lead->destination, STR("+mega")));
	assert_null(due(f, "mega"));
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_WAITING], 2);
	assert_int_equal(row.states[UNIT_IGNORED], 1);
	free(lead);
	submission_free(s);
}

static void same_rows_again_add_nothing(void **state)
{
	struct fixture *f = *state;
	struct submission *s = rows("2 3", "o"), *again = rows("2 3", "o");
	struct submission *more = rows("2 3 4", "o"), *other = rows("9", "p");
	assert_int_equal(put(f, s), 0);
	assert_int_equal(put(f, again), 0);
	assert_int_equal(again->n_duplicates, 2);
	assert_null(again->bulk->due);
	assert_int_equal(put(f, other), LB_EDENIED);
	assert_int_equal(put(f, more), 0);
	assert_true(str_find_str(more->bulk->due->body,
				 STR("\"contact_name\":\"3\"")) < 0);
	assert_int_equal(balanced(f).states[UNIT_WAITING], 3);
	submission_free(s);
	submission_free(again);
	submission_free(more);
	submission_free(other);
}

static void each_row_is_settled_by_what_the_crm_said_of_it(void **state)
{
	struct fixture *f = *state;
	struct submission *s = rows("2 3 4 5-", "o");
	assert_int_equal(put(f, s), 0);
	int64_t id = s->units[0].id;
	char zip[] = "no such zip";
	struct row_result said[] = {
	    {.id = id, .state = UNIT_DELIVERED, .crm_id = "crm-1"},
	    {.id = id + 1, .state = UNIT_DEAD, .response = zip},
	};
	assert_int_equal(settle(f, s->bulk->due, UNIT_WAITING, NULL, 0), 0);
	assert_true(lead_says(f, id, "\"attempts\":1"));
	assert_true(lead_says(f, id + 2, "\"attempts\":1"));
	assert_int_equal(settle(f, s->bulk->due, UNIT_DELIVERED, said, 2), 0);
	assert_true(lead_says(f, id, "crm-1"));
	assert_true(lead_says(f, id + 1, "no such zip"));
	assert_true(lead_says(f, id + 1, "row_failed"));
	assert_true(lead_says(f, id + 2, "row_unnamed"));
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_DELIVERED], 1);
	assert_int_equal(row.states[UNIT_DEAD], 2);
	assert_int_equal(row.states[UNIT_IGNORED], 1);
	assert_null(due(f, "+mega"));
	assert_int_equal(settle(f, s->bulk->due, UNIT_DELIVERED, said, 2),
			 LB_ENOTFOUND);
	(void)balanced(f);
	submission_free(s);
}

static void a_dead_row_goes_again_by_itself_under_a_new_key(void **state)
{
	struct fixture *f = *state;
	struct submission *s = rows("2 3", "o");
	struct due_lead *now = NULL;
	unsigned char key[16];
	assert_int_equal(put(f, s), 0);
	int64_t id = s->units[0].id;
	assert_int_equal(settle(f, s->bulk->due, UNIT_DEAD, NULL, 0), 0);
	assert_int_equal(balanced(f).states[UNIT_DEAD], 2);
	begin(f);
	assert_int_equal(command(f, COMMAND_RETRY, id + 1, T0 + 200, &now), 0);
	commit(f);
	lead_key(key, STR("import"), STR(FILE_HASH ":mega:3"), 0, STR("+mega"),
		 1);
	assert_non_null(now);
	assert_memory_equal(now->key, key, 16);
	assert_int_equal(now->units, 1);
	struct due_lead *lead = due(f, "+mega");
	assert_non_null(lead);
	assert_null(lead->next);
	assert_true(str_eq(lead->body, now->body));
	assert_true(str_starts(lead->body, STR("{\"leads\":[{\"row_ref\"")));
	struct row_result said = {.id = id + 1, .state = UNIT_DELIVERED};
	assert_int_equal(settle(f, lead, UNIT_DELIVERED, &said, 1), 0);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_DELIVERED], 1);
	assert_int_equal(row.states[UNIT_DEAD], 1);
	free(lead);
	free(now);
	submission_free(s);
}

/* Five in a row were not to blame: they wait again, with their bytes. */
static void what_was_dead_may_wait_again_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct submission *s = rows("2 3", "o");
	assert_int_equal(put(f, s), 0);
	assert_int_equal(settle(f, s->bulk->due, UNIT_DEAD, NULL, 0), 0);
	assert_null(due(f, "+mega"));
	assert_int_equal(settle(f, s->bulk->due, UNIT_WAITING, NULL, 0), 0);
	struct due_lead *lead = due(f, "+mega");
	assert_non_null(lead);
	assert_true(str_eq(lead->body, s->bulk->due->body));
	assert_int_equal(balanced(f).states[UNIT_WAITING], 2);
	free(lead);
	submission_free(s);
}

static void due_times_of_a_clock_that_was_ahead_are_pulled_back(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct submission *s = rows("2", "o");
	assert_int_equal(put(f, s), 0);
	must(f->ops->clamp_due(f->store, STR("+mega"), T0 - 2000, T0 + 5000,
			       &err),
	     &err);
	assert_null(due(f, "+mega"));
	must(f->ops->clamp_due(f->store, STR("+mega"), T0 + 2000, T0, &err),
	     &err);
	struct due_lead *lead = due(f, "+mega");
	assert_non_null(lead);
	free(lead);
	submission_free(s);
}

static void an_import_tells_how_far_it_is(void **state)
{
	struct fixture *f = *state;
	struct submission *s = rows("2 3 4-", "o");
	assert_int_equal(put(f, s), 0);
	int64_t id = s->units[0].id;
	char zip[] = "no \"zip\"";
	struct row_result said[] = {
	    {.id = id, .state = UNIT_DELIVERED},
	    {.id = id + 1, .state = UNIT_DEAD, .response = zip},
	};
	assert_int_equal(settle(f, s->bulk->due, UNIT_DELIVERED, said, 2), 0);
	struct query *q = query_new(QUERY_IMPORT);
	(void)snprintf(q->file, sizeof(q->file), "%s", FILE_HASH);
	(void)snprintf(q->destination, sizeof(q->destination), "+mega");
	q->reveal = true;
	must(f->ops->answer(f->reader, q), &q->err);
	struct str json = buf_str(&q->json);
	static const char *const holds[] = {
	    "\"destination\":\"mega\"",
	    "\"requests\":1,\"sent\":1,\"rows\":3",
	    "\"waiting\":0",
	    "\"delivered\":1,\"dead\":1",
	    "\"ignored\":1",
	    "{\"line\":3,",
	    "\"no \\\"zip\\\"\"",
	    "{\"line\":4,"};
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++)
		if (str_find_str(json, str_from(holds[i])) < 0)
			fail_msg("no %s in %.*s", holds[i], STR_FMT(json));
	query_free(q);
	q = query_new(QUERY_IMPORT);
	(void)snprintf(q->file, sizeof(q->file), "%s", FILE_HASH);
	(void)snprintf(q->destination, sizeof(q->destination), "+other");
	assert_int_equal(f->ops->answer(f->reader, q), LB_ENOTFOUND);
	query_free(q);
	submission_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(rows_wait_as_one_request),
	    IN_STORE(same_rows_again_add_nothing),
	    IN_STORE(each_row_is_settled_by_what_the_crm_said_of_it),
	    IN_STORE(a_dead_row_goes_again_by_itself_under_a_new_key),
	    IN_STORE(what_was_dead_may_wait_again_as_it_was),
	    IN_STORE(due_times_of_a_clock_that_was_ahead_are_pulled_back),
	    IN_STORE(an_import_tells_how_far_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
