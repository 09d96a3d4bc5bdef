/* SPDX-License-Identifier: MIT */
/*
 * What people ask of the store: pages by every filter give what a look at each
 * row would give, commands on many leads change each by itself, and the table
 * of state changes is what it says. Any backend must pass it.
 */
#include "store_help.h"

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

enum { MANY = 240, CROWD = 20000 };

static const char *const SOURCES[] = {"shop", "form", "chat"};

/* ---- a store of every kind ---------------------------------------------- */

struct known {
	int64_t id, received;
	enum unit_state state;
	int source;
	bool reason;
};

static struct submission *person_sub(int i, const struct known *k)
{
	struct submission *s = sub_new(SOURCES[k->source], k->received);
	char id[32];
	(void)snprintf(id, sizeof(id), "event-%d", i);
	(void)sub_event(s, id, 1,
			k->state == UNIT_QUARANTINED ? UNIT_QUARANTINED
						     : UNIT_WAITING);
	if (k->state != UNIT_QUARANTINED)
		s->units[0].body = arena_printf(
		    &s->arena,
		    "{\"contact_name\":\"Person %d\",\"contact_phone\":"
		    "\"+1415555%04d\",\"contact_email\":\"p%d@example.com\"}",
		    i, i, i);
	return s;
}

static void settle_known(struct fixture *f, const struct known *k)
{
	struct settle w = DELIVER(k->id);
	struct due_lead lead = {.id = k->id,
				.source = str_from(SOURCES[k->source]),
				.destination = STR("mega")};
	struct settlement t = {.lead = &lead,
			       .state = k->state,
			       .counts = true,
			       .started_at_ms = k->received + 1000,
			       .outcome = w.outcome,
			       .http_status = w.status};
	struct err err = {0};
	if (k->state == UNIT_DEAD) {
		t.outcome = OUTCOME_DEAD;
		t.http_status = 422;
		t.reason = "http_422";
	}
	begin(f);
	must(f->ops->settle(f->store, &t, &err), &err);
	commit(f);
}

static void fill(struct fixture *f, struct known *all)
{
	static const enum unit_state states[] = {
	    UNIT_DELIVERED, UNIT_DELIVERED, UNIT_DEAD,
	    UNIT_DELIVERED, UNIT_WAITING,   UNIT_QUARANTINED};
	for (int i = 0; i < MANY; i++) {
		struct known *k = &all[i];
		*k = (struct known){
		    .received = T0 + i * INT64_C(60000),
		    .state = states[i % 6],
		    .source = i % 3,
		};
		/* Stored later than it came, as out of the quarantine. */
		if (i % 37 == 36)
			k->received -= 100 * INT64_C(60000);
		k->id = store_sub(f, person_sub(i, k));
		if (k->state == UNIT_DELIVERED || k->state == UNIT_DEAD)
			settle_known(f, k);
	}
}

struct want {
	const char *name, *state, *source, *text, *reason;
	int since, until; /* minutes; 0: open */
};

static bool wanted(const struct want *w, const struct known *k, int i)
{
	char email[32];
	(void)snprintf(email, sizeof(email), "p%d@example.com", i);
	if (w->state != NULL &&
	    strcmp(w->state, unit_state_name(k->state)) != 0)
		return false;
	if (w->source != NULL && strcmp(w->source, SOURCES[k->source]) != 0)
		return false;
	if (w->since != 0 && k->received < T0 + w->since * INT64_C(60000))
		return false;
	if (w->until != 0 && k->received >= T0 + w->until * INT64_C(60000))
		return false;
	if (w->reason != NULL && k->state != UNIT_DEAD)
		return false;
	return w->text == NULL ||
	       (k->state != UNIT_QUARANTINED && strstr(email, w->text) != NULL);
}

static void copy(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static struct query *page(struct fixture *f, const struct want *w,
			  int64_t cursor)
{
	struct query *q = query_new(QUERY_IDS);
	copy(q->state, sizeof(q->state), w->state);
	copy(q->source, sizeof(q->source), w->source);
	copy(q->text, sizeof(q->text), w->text);
	copy(q->reason, sizeof(q->reason), w->reason);
	q->since_ms = w->since != 0 ? T0 + w->since * INT64_C(60000) : 0;
	q->until_ms = w->until != 0 ? T0 + w->until * INT64_C(60000) : 0;
	q->after_id = cursor;
	q->limit = 7;
	must(f->ops->answer(f->reader, q), &q->err);
	return q;
}

static size_t all_pages(struct fixture *f, const struct want *w,
			int64_t ids[MANY])
{
	size_t n = 0;
	int64_t cursor = 0;
	do {
		struct query *q = page(f, w, cursor);
		for (size_t i = 0; i < q->n_ids; i++) {
			assert_true(n < MANY);
			assert_true(n == 0 || q->ids[i] < ids[n - 1]);
			ids[n++] = q->ids[i];
		}
		assert_true(cursor == 0 || q->next_cursor < cursor);
		cursor = q->next_cursor;
		query_free(q);
	} while (cursor > 0);
	return n;
}

static void every_filter_gives_what_a_look_at_each_row_would(void **state)
{
	static const struct want rows[] = {
	    {.name = "all"},
	    {.name = "delivered", .state = "delivered"},
	    {.name = "dead", .state = "dead"},
	    {.name = "dead of one", .state = "dead", .source = "chat"},
	    {.name = "waiting", .state = "waiting"},
	    {.name = "waiting of one", .state = "waiting", .source = "form"},
	    {.name = "waiting of none", .state = "waiting", .source = "shop"},
	    {.name = "quarantined", .state = "quarantined"},
	    {.name = "none", .state = "erased"},
	    {.name = "a source", .source = "form"},
	    {.name = "nobody", .source = "nobody"},
	    {.name = "since", .since = 150},
	    {.name = "since, dead", .since = 150, .state = "dead"},
	    {.name = "since, waiting", .since = 100, .state = "waiting"},
	    {.name = "since the end", .since = MANY + 5},
	    {.name = "until the start", .until = -200},
	    {.name = "until", .until = 90},
	    {.name = "a window", .since = 60, .until = 61},
	    {.name = "text", .text = "p7"},
	    {.name = "text, waiting", .text = "p1", .state = "waiting"},
	    {.name = "text, dead", .text = "p2", .state = "dead"},
	    {.name = "reason", .reason = "HTTP_4"},
	};
	struct fixture *f = *state;
	static struct known all[MANY];
	size_t bad = 0;
	fill(f, all);
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		int64_t ids[MANY];
		size_t n = all_pages(f, &rows[r], ids), expected = 0;
		for (int i = MANY - 1; i >= 0; i--) {
			if (!wanted(&rows[r], &all[i], i))
				continue;
			if (expected < n && ids[expected] != all[i].id)
				bad++;
			expected++;
		}
		if (expected == n && bad == 0)
			continue;
		print_error("%s: %zu, not %zu\n", rows[r].name, n, expected);
		bad++;
	}
	assert_int_equal(bad, 0);
	assert_int_equal(balanced(f).accepted, MANY);
}

static void a_count_is_that_of_the_rows(void **state)
{
	struct fixture *f = *state;
	static struct known all[MANY];
	fill(f, all);
	struct query *q = query_new(QUERY_COUNT);
	copy(q->state, sizeof(q->state), "dead");
	must(f->ops->answer(f->reader, q), &q->err);
	assert_string_equal(
	    q->json.p, "{\"count\":40,\"next_cursor\":0,\"scanned_to\":null}");
	query_free(q);
}

static void add_crowd(struct fixture *f, int n)
{
	struct err err = {0};
	begin(f);
	for (int i = 0; i < n; i++) {
		struct known k = {.received = T0 + i, .state = UNIT_WAITING};
		struct submission *s = person_sub(i, &k);
		must(f->ops->put(f->store, s, &err), &err);
		submission_free(s);
	}
	commit(f);
}

/* Who is looked for is the very first: as many pages as it takes. */
static void a_walk_out_of_time_goes_on_where_it_was(void **state)
{
	struct fixture *f = *state;
	int64_t cursor = 0, found = 0;
	add_crowd(f, CROWD);
	for (int pages = 0; found == 0; pages++) {
		struct query *q = query_new(QUERY_LEADS);
		copy(q->text, sizeof(q->text), "p0@example.com");
		q->after_id = cursor;
		q->limit = 5;
		must(f->ops->answer(f->reader, q), &q->err);
		bool all = q->next_cursor == 0;
		found = strstr(q->json.p, "\"id\":1,") != NULL;
		/* An end says nothing of how far it came, a pause does. */
		assert_true(all ==
			    (strstr(q->json.p, "\"scanned_to\":null") != NULL));
		assert_true(all || cursor == 0 || q->next_cursor < cursor);
		assert_true(!all || found);
		assert_true(pages < CROWD);
		cursor = q->next_cursor;
		query_free(q);
	}
}

/* ---- many at once -------------------------------------------------------- */

static void each_of_many_is_changed_by_itself(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	int64_t one = store_one(f, "e1", T0), two = store_one(f, "e2", T0);
	int64_t three = store_one(f, "e3", T0);
	assert_int_equal(settle_one(f, KILL(one, 422, "http_422")), 0);
	assert_int_equal(settle_one(f, KILL(three, 409, "conflict")), 0);
	struct query *q = query_new(COMMAND_RETRY);
	int64_t ids[] = {three, two, one, 99};
	memcpy(q->ids, ids, sizeof(ids));
	q->n_ids = 4;
	q->audit = (struct audit){"unix:0", "lead.retry", "ids"};
	begin(f);
	must(f->ops->command(f->store, q, T0, &err), &err);
	commit(f);
	assert_int_equal(q->n_changed, 1);
	assert_int_equal(q->n_refused, 3);
	assert_non_null(q->due);
	assert_int_equal(q->due->id, one);
	assert_null(q->due->next);
	query_free(q);
	q = query_new(QUERY_AUDIT);
	assert_int_equal(f->ops->answer(f->reader, q), 0);
	assert_non_null(strstr(q->json.p, "\"subject\":\"1\"}],"));
	query_free(q);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_WAITING], 2);
	assert_int_equal(row.states[UNIT_DEAD], 1);
}

static void send_as_new_takes_the_next_key_whatever_was_said(void **state)
{
	static const int statuses[] = {409, 422, 500, 0};
	struct fixture *f = *state;
	for (size_t i = 0; i < 4; i++) {
		char name[16];
		unsigned char key[16];
		struct due_lead *due = NULL;
		(void)snprintf(name, sizeof(name), "e%zu", i);
		int64_t id = store_one(f, name, T0);
		assert_int_equal(settle_one(f, KILL(id, statuses[i], "why")),
				 0);
		begin(f);
		assert_int_equal(command(f, COMMAND_SEND_AS_NEW, id, T0, &due),
				 0);
		commit(f);
		lead_key(key, STR("shop"), str_from(name), 0, STR("mega"), 1);
		assert_non_null(due);
		assert_int_equal(due->generation, 1);
		assert_memory_equal(due->key, key, 16);
		free(due);
		begin(f);
		assert_int_equal(command(f, COMMAND_SEND_AS_NEW, id, T0, NULL),
				 LB_EDENIED);
		commit(f);
	}
	assert_int_equal(balanced(f).states[UNIT_WAITING], 4);
}

static void a_dead_lead_can_be_buried(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	assert_int_equal(settle_one(f, KILL(id, 422, "http_422")), 0);
	begin(f);
	assert_int_equal(command(f, COMMAND_BURY, id, T0 + 5, NULL), 0);
	commit(f);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_DEAD], 0);
	assert_int_equal(row.states[UNIT_IGNORED], 1);
	/* What delivery thought of it comes too late. */
	assert_int_equal(settle_one(f, AGAIN(id, T0)), LB_ENOTFOUND);
	begin(f);
	assert_int_equal(command(f, COMMAND_RETRY, id, T0, NULL), LB_EDENIED);
	commit(f);
}

/* ---- other questions ----------------------------------------------------- */

static void what_a_lead_waits_for_is_told(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0), done = store_one(f, "e2", T0);
	assert_int_equal(settle_one(f, AGAIN(id, T0 + 5000)), 0);
	assert_int_equal(settle_one(f, DELIVER(done)), 0);
	struct query *q = ask(f, QUERY_WAITS, id);
	assert_int_equal(q->result, 0);
	assert_true(q->waits.waits);
	assert_string_equal(q->destination, "mega");
	assert_int_equal(q->waits.due_ms, T0 + 5000);
	assert_int_equal(q->waits.attempts, 1);
	assert_int_equal(q->waits.outcome, OUTCOME_RETRY);
	assert_string_equal(q->waits.reason, "http_503");
	query_free(q);
	q = ask(f, QUERY_WAITS, done);
	assert_false(q->waits.waits);
	query_free(q);
	q = ask(f, QUERY_WAITS, 99);
	assert_int_equal(q->result, LB_ENOTFOUND);
	query_free(q);
}

static void sums_hold_what_the_crm_may_have_and_no_contact(void **state)
{
	struct fixture *f = *state;
	static struct known all[MANY];
	fill(f, all);
	struct query *q = query_new(QUERY_SUMS);
	copy(q->destination, sizeof(q->destination), "mega");
	q->since_ms = T0 + 200 * INT64_C(60000);
	must(f->ops->answer(f->reader, q), &q->err);
	size_t rows = 0, delivered = 0;
	for (const char *at = q->json.p; (at = strstr(at, "\"id\":")); at++)
		rows++;
	for (const char *at = q->json.p; (at = strstr(at, "delivered")); at++)
		delivered++;
	/* 40 dead and 40 waiting of any age; of 240 minutes the last 40. */
	assert_true(delivered > 15 && delivered <= 21);
	assert_int_equal(rows, 80 + delivered);
	assert_int_equal(q->next_cursor, 0);
	assert_null(strstr(q->json.p, "example.com"));
	assert_null(strstr(q->json.p, "+1415"));
	query_free(q);
}

/* ---- the table of state changes ------------------------------------------ */

static void states_change_as_the_table_says(void **state)
{
	static const char *const may[UNIT_STATES] = {
	    /* to: waiting fetching delivered dead quarantined ignored erased */
	    [UNIT_WAITING] = "y.yy..y",     [UNIT_FETCHING] = "yy.yyyy",
	    [UNIT_DELIVERED] = "......y",   [UNIT_DEAD] = "yy...yy",
	    [UNIT_QUARANTINED] = ".....yy", [UNIT_IGNORED] = "......y",
	    [UNIT_ERASED] = ".......",
	};
	size_t bad = 0;
	(void)state;
	for (int from = 0; from < UNIT_STATES; from++)
		for (int to = 0; to < UNIT_STATES; to++) {
			bool expected = may[from][to] == 'y';
			if (unit_may_become((enum unit_state)from,
					    (enum unit_state)to) == expected)
				continue;
			print_error("%s to %s\n",
				    unit_state_name((enum unit_state)from),
				    unit_state_name((enum unit_state)to));
			bad++;
		}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(every_filter_gives_what_a_look_at_each_row_would),
	    IN_STORE(a_count_is_that_of_the_rows),
	    IN_STORE(a_walk_out_of_time_goes_on_where_it_was),
	    IN_STORE(each_of_many_is_changed_by_itself),
	    IN_STORE(send_as_new_takes_the_next_key_whatever_was_said),
	    IN_STORE(a_dead_lead_can_be_buried),
	    IN_STORE(what_a_lead_waits_for_is_told),
	    IN_STORE(sums_hold_what_the_crm_may_have_and_no_contact),
	    cmocka_unit_test(states_change_as_the_table_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
