/* SPDX-License-Identifier: MIT */
/*
 * Erasing in the store: the ledger, what comes back, and that the bytes are
 * gone from every page of every file, however the rows moved before.
 */
#include "queue/privacy.h"
#include "store_help.h"

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static const char marker[] = "Quillfeather";

/* ---- a walk, and what it erases ------------------------------------------ */

static bool names(struct str text)
{
	return str_find_str(text, STR("Quillfeather")) >= 0;
}

static void judge(void *ctx, struct arena *a, struct person_group *g)
{
	(void)ctx, (void)a;
	bool all = true;
	for (size_t i = 0; i < g->n_units; i++) {
		struct person_unit *u = &g->units[i];
		u->theirs = names(u->body) || names(u->response) ||
			    (g->n_units == 1 && names(g->body));
		all = all && u->theirs;
	}
	if (!g->has_raw || (!all && !names(g->body)))
		return;
	g->raw = all ? RAW_GOES : RAW_IS_CUT;
	g->cut = STR("{\"left\":1}");
}

static int run(struct fixture *f, struct query *q, int64_t now)
{
	begin(f);
	int rc = f->ops->command(f->store, q, now, &q->err);
	commit_at(f, now);
	return rc;
}

static int64_t ask_one(struct fixture *f)
{
	struct query *q = privacy_query(PRIVACY_ASK);
	q->privacy->person = xstrdup("{\"email\":\"Quillfeather@x.com\"}");
	must(run(f, q, T0), &q->err);
	int64_t id = q->id;
	query_free(q);
	return id;
}

static void end_one(struct fixture *f, int64_t id)
{
	struct query *q = privacy_query(PRIVACY_END);
	q->id = id;
	must(run(f, q, T0 + 1), &q->err);
	query_free(q);
}

/* Returns how many units were erased. */
static size_t erase_all(struct fixture *f, int64_t id)
{
	int64_t after = 0;
	size_t n = 0;
	for (bool end = false; !end;) {
		struct query *q = privacy_query(PRIVACY_SEARCH);
		q->privacy->judge = judge;
		q->privacy->after = after;
		must(f->ops->answer(f->reader, q), &q->err);
		after = q->privacy->next;
		end = q->privacy->end;
		n += q->privacy->n_units;
		q->kind = COMMAND_PRIVACY;
		q->privacy->verb = PRIVACY_ERASE;
		q->id = id;
		must(run(f, q, T0), &q->err);
		query_free(q);
	}
	return n;
}

static size_t count_in(const char *path, const char *text)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return 0;
	struct buf b;
	buf_init(&b, (size_t)1 << 30);
	size_t n, found = 0;
	static char chunk[65536];
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(&b, chunk, n);
	(void)fclose(file);
	struct str rest = buf_str(&b);
	long at;
	while ((at = str_find_str(rest, str_from(text))) >= 0) {
		found++;
		rest = str_sub(rest, (size_t)at + 1, rest.n);
	}
	buf_release(&b);
	return found;
}

static size_t traces(struct fixture *f)
{
	static const char *const tails[] = {"", "-wal", "-shm", ".reserve"};
	struct err err = {0};
	size_t n = 0;
	must(f->ops->upkeep(f->store, &err), &err);
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		char *path = xasprintf("%s%s", f->path, tails[i]);
		n += count_in(path, marker);
		free(path);
	}
	return n;
}

/* ---- rows that move ------------------------------------------------------ */

static unsigned dice; /* the same at each run */

static size_t below(size_t n)
{
	dice = dice * 1103515245U + 12345U;
	return (dice >> 8) % n;
}

/* Text of any length, with the marker all over where it is theirs. */
static struct str filler(struct arena *a, size_t n, bool theirs)
{
	char *p = arena_alloc(a, n + 32);
	size_t at = 0;
	while (at < n) {
		const char *word = theirs ? "Quillfeather " : "of somebody 0 ";
		memcpy(p + at, word, strlen(word));
		at += strlen(word);
	}
	return (struct str){p, at};
}

static int64_t add(struct fixture *f, int i, bool theirs, bool fetched)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "e%d", i);
	struct submission *s = sub_new("shop", T0 + i);
	struct arena *a = &s->arena;
	(void)sub_event(s, id, 1, UNIT_WAITING);
	struct str text = filler(a, 20 + below(fetched ? 200 : 3000), theirs);
	s->body = arena_printf(a, "{\"raw\":\"%.*s\"}", STR_FMT(text));
	if (fetched) {
		s->body = STR("{\"id\":5}");
		s->units[0].state = UNIT_FETCHING;
		s->units[0].body = STR("[\"t\",\"a\",\"0\",{\"id\":5}]");
	} else {
		s->units[0].body =
		    arena_printf(a, "{\"lead\":\"%.*s\"}", STR_FMT(text));
	}
	return store_sub(f, s);
}

static void fetched(struct fixture *f, int64_t id, bool theirs)
{
	struct err err = {0};
	struct arena a = {0};
	struct due_lead lead = {.id = id,
				.source = STR("shop"),
				.destination = STR("@shop"),
				.to = STR("mega")};
	struct str text = filler(&a, 20 + below(2500), theirs);
	struct str body =
	    arena_printf(&a, "{\"lead\":\"%.*s\"}", STR_FMT(text));
	struct settlement t = {.lead = &lead,
			       .state = UNIT_WAITING,
			       .outcome = OUTCOME_SENT,
			       .started_at_ms = T0,
			       .reason = "http_200",
			       .rendered = xstr_dup(body),
			       .rendered_n = body.n};
	begin(f);
	must(f->ops->settle(f->store, &t, &err), &err);
	commit(f);
	free(t.rendered);
	arena_release(&a);
}

static void killed(struct fixture *f, int64_t id, bool theirs)
{
	struct err err = {0};
	struct arena a = {0};
	struct due_lead lead = {
	    .id = id, .source = STR("shop"), .destination = STR("mega")};
	struct str text = filler(&a, below(4000), theirs);
	struct settlement t = {.lead = &lead,
			       .state = UNIT_DEAD,
			       .counts = true,
			       .started_at_ms = T0,
			       .outcome = OUTCOME_DEAD,
			       .http_status = 422,
			       .reason = "http_422",
			       .response = xstr_dup(text)};
	begin(f);
	must(f->ops->settle(f->store, &t, &err), &err);
	commit(f);
	free(t.response);
	arena_release(&a);
}

static void no_byte_stays_however_rows_moved(void **state)
{
	struct fixture *f = *state;
	enum { N = 1500 };
	static int64_t id[N];
	size_t theirs = 0;
	dice = 4711;
	for (int i = 0; i < N; i++)
		id[i] = add(f, i, i % 3 == 0, i % 4 == 1);
	for (int i = 0; i < N; i++)
		if (i % 4 == 1)
			fetched(f, id[i], i % 3 == 0);
	for (int i = 0; i < N; i++)
		if (i % 5 == 0)
			killed(f, id[i], i % 3 == 0);
	for (int i = 0; i < N; i++)
		theirs += i % 3 == 0;
	assert_true(traces(f) > 0);
	int64_t request = ask_one(f);
	assert_int_equal(erase_all(f, request), theirs);
	end_one(f, request);
	struct ledger_row row = balanced(f);
	assert_int_equal(row.states[UNIT_ERASED], (int64_t)theirs);
	assert_int_equal(row.accepted, N);
	assert_int_equal(traces(f), 0);
	struct err err = {0};
	must(f->ops->check(f->reader, &err), &err);
	assert_true(lead_says(f, id[1], "of somebody"));
}

static void retention_leaves_no_byte_either(void **state)
{
	struct fixture *f = *state;
	const struct retain_config keep = {.payloads_ms = 1000,
					   .leads_ms = 5000,
					   .attempts_ms = 5000,
					   .keys_ms = 100000000000};
	struct err err = {0};
	bool more = true;
	dice = 42;
	for (int i = 0; i < 300; i++) {
		int64_t id = add(f, i, true, false);
		assert_int_equal(settle_one(f, DELIVER(id)), 0);
	}
	while (more)
		must(f->ops->tidy(f->store, &keep, T0 + 4000000, &more, &err),
		     &err);
	must(f->ops->compact(f->store, &err), &err);
	assert_int_equal(traces(f), 0);
	(void)balanced(f);
}

/* ---- states -------------------------------------------------------------- */

static void every_state_becomes_erased_and_stays_so(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	int64_t waits = add(f, 1, true, false), fetches = add(f, 2, true, true);
	int64_t dead = add(f, 3, true, false), sent = add(f, 4, true, false);
	killed(f, dead, true);
	assert_int_equal(settle_one(f, DELIVER(sent)), 0);
	fetched(f, fetches, true);
	int64_t request = ask_one(f);
	assert_int_equal(erase_all(f, request), 4);
	assert_int_equal(balanced(f).states[UNIT_ERASED], 4);
	/* What was under way settles nothing. */
	assert_int_equal(settle_one(f, DELIVER(waits)), LB_ENOTFOUND);
	assert_int_equal(settle_one(f, AGAIN(fetches, T0)), LB_ENOTFOUND);
	assert_int_equal(settle_one(f, KILL(waits, 422, "x")), LB_ENOTFOUND);
	begin(f);
	assert_int_equal(command(f, COMMAND_RETRY, dead, T0, NULL), LB_EDENIED);
	assert_int_equal(command(f, COMMAND_BURY, waits, T0, NULL), LB_EDENIED);
	commit(f);
	/* Nothing waits for the destination. */
	struct refill q = {.destination = "mega",
			   .fresh = 9,
			   .backlog = 9,
			   .now_ms = T0 + 100000};
	must(f->ops->refill(f->reader, &q, &err), &err);
	assert_null(q.chain);
	/* Its sender sends it again. */
	struct submission *again = sub_one("shop", "e1", T0 + 50);
	begin(f);
	must(f->ops->put(f->store, again, &err), &err);
	commit(f);
	assert_int_equal(again->n_duplicates, 1);
	submission_free(again);
	/* A second time finds nothing. */
	assert_int_equal(erase_all(f, request), 0);
	fixture_reopen(f);
	assert_int_equal(balanced(f).states[UNIT_ERASED], 4);
}

static void one_unit_of_a_request_is_cut_out(void **state)
{
	struct fixture *f = *state;
	struct submission *s = sub_new("shop", T0);
	(void)sub_event(s, "a", 1, UNIT_WAITING);
	(void)sub_event(s, "b", 1, UNIT_WAITING);
	s->units[1].body = STR("{\"lead\":\"Quillfeather\"}");
	s->body = STR("[\"other\",\"Quillfeather\"]");
	int64_t first = store_sub(f, s);
	int64_t request = ask_one(f);
	assert_int_equal(erase_all(f, request), 1);
	end_one(f, request);
	assert_true(lead_says(f, first, "{\\\"left\\\":1}"));
	assert_true(lead_says(f, first, "\"state\":\"waiting\""));
	assert_true(lead_says(f, first + 1, "\"state\":\"erased\""));
	assert_true(lead_says(f, first + 1, "\"event_id\":\"erased\""));
	assert_int_equal(traces(f), 0);
	assert_int_equal(balanced(f).states[UNIT_ERASED], 1);
}

/* ---- requests ------------------------------------------------------------ */

static struct query *next(struct fixture *f, int64_t now)
{
	struct query *q = privacy_query(PRIVACY_NEXT);
	q->privacy->now_ms = now;
	must(f->ops->answer(f->reader, q), &q->err);
	return q;
}

static bool list_says(struct fixture *f, const char *text)
{
	struct query *q = privacy_query(PRIVACY_LIST);
	q->privacy->now_ms = T0;
	must(f->ops->answer(f->reader, q), &q->err);
	bool found = str_find_str(buf_str(&q->json), str_from(text)) >= 0;
	if (!found)
		print_message("list: %.*s\n", STR_FMT(buf_str(&q->json)));
	query_free(q);
	return found;
}

static void a_senders_request_is_kept_with_what_it_came_in(void **state)
{
	struct fixture *f = *state;
	struct submission *s = sub_new("shop", T0);
	struct new_event *e = sub_event(s, "p1", 1, UNIT_IGNORED);
	e->privacy = "shop/redact";
	e->person = STR("{\"account\":\"a.example\"}");
	e->person_wait_ms = 1000;
	(void)store_sub(f, s);
	s = sub_new("shop", T0);
	e = sub_event(s, "p2", 1, UNIT_IGNORED);
	e->privacy = "customers/data_request";
	(void)store_sub(f, s);
	fixture_reopen(f);
	struct query *q = next(f, T0 + 999);
	assert_null(q->privacy->person);
	assert_int_equal(q->privacy->due_at_ms, T0 + 1000);
	query_free(q);
	q = next(f, T0 + 1000);
	assert_string_equal(q->privacy->person, "{\"account\":\"a.example\"}");
	assert_string_equal(q->privacy->source, "shop");
	int64_t id = q->id;
	query_free(q);
	assert_true(list_says(f, "\"state\":\"recorded\""));
	assert_true(list_says(f, "\"state\":\"waiting\""));
	assert_false(list_says(f, "a.example"));
	end_one(f, id);
	q = next(f, T0 + 5000);
	assert_null(q->privacy->person);
	query_free(q);
	assert_true(list_says(f, "\"state\":\"done\""));
}

static int cancel(struct fixture *f, int64_t id, int64_t now)
{
	struct query *q = privacy_query(PRIVACY_CANCEL);
	q->id = id;
	int rc = run(f, q, now);
	query_free(q);
	return rc;
}

static void only_what_was_not_begun_is_cancelled(void **state)
{
	struct fixture *f = *state;
	struct submission *s = sub_new("shop", T0);
	struct new_event *e = sub_event(s, "p1", 1, UNIT_IGNORED);
	e->privacy = "shop/redact";
	e->person = STR("{\"account\":\"Quillfeather\"}");
	e->person_wait_ms = 1000;
	(void)store_sub(f, s);
	assert_int_equal(cancel(f, 1, T0 + 1000), LB_EDENIED);
	assert_int_equal(cancel(f, 2, T0), LB_EDENIED);
	assert_int_equal(cancel(f, 1, T0 + 999), 0);
	assert_int_equal(cancel(f, 1, T0 + 999), LB_EDENIED);
	assert_true(list_says(f, "\"state\":\"cancelled\""));
	assert_int_equal(traces(f), 0);
}

/* ---- retention ----------------------------------------------------------- */

static int64_t add_state(struct fixture *f, const char *id,
			 enum unit_state state)
{
	struct submission *s = sub_new("shop", T0);
	(void)sub_event(s, id, 1, state);
	return store_sub(f, s);
}

static bool there(struct fixture *f, int64_t id)
{
	struct query *q = ask(f, QUERY_LEAD, id);
	int rc = q->result;
	query_free(q);
	return rc == 0;
}

static void retention_has_a_rule_for_every_state(void **state)
{
	struct fixture *f = *state;
	int64_t unit[UNIT_STATES] = {
	    [UNIT_WAITING] = store_one(f, "w", T0),
	    [UNIT_FETCHING] = add(f, 0, false, true),
	    [UNIT_DELIVERED] = store_one(f, "s", T0),
	    [UNIT_DEAD] = store_one(f, "d", T0),
	    [UNIT_QUARANTINED] = add_state(f, "q", UNIT_QUARANTINED),
	    [UNIT_IGNORED] = add_state(f, "i", UNIT_IGNORED),
	    [UNIT_ERASED] = add(f, 1, true, false),
	};
	assert_int_equal(settle_one(f, DELIVER(unit[UNIT_DELIVERED])), 0);
	killed(f, unit[UNIT_DEAD], false);
	assert_int_equal(erase_all(f, ask_one(f)), 1);
	assert_int_equal(balanced(f).states[UNIT_ERASED], 1);
	tidy_at(f, T0 + 91 * DAY);
	for (int i = 0; i < UNIT_STATES; i++) {
		bool done = i == UNIT_DELIVERED || i == UNIT_IGNORED ||
			    i == UNIT_ERASED;
		if (there(f, unit[i]) == done)
			fail_msg("'%s' is %s",
				 unit_state_name((enum unit_state)i),
				 done ? "still there" : "gone");
	}
	struct ledger_row row = balanced(f);
	assert_int_equal(row.accepted, UNIT_STATES);
	assert_int_equal(row.expired, 3);
	for (int i = 0; i < UNIT_STATES; i++)
		assert_int_equal(row.states[i], 1);
	assert_true(lead_says(f, unit[UNIT_FETCHING], "\"request\":{"));
	assert_true(lead_says(f, unit[UNIT_DEAD], "\"response\":\""));
}

static size_t lines(struct fixture *f, enum query_kind kind)
{
	struct query *q =
	    kind == QUERY_AUDIT ? query_new(kind) : privacy_query(PRIVACY_LIST);
	must(f->ops->answer(f->reader, q), &q->err);
	size_t n = 0;
	struct str rest = buf_str(&q->json);
	long at;
	while ((at = str_find_str(rest, STR("{\"id\":"))) >= 0) {
		n++;
		rest = str_sub(rest, (size_t)at + 1, rest.n);
	}
	query_free(q);
	return n;
}

static void audit_lines_and_receipts_go_with_the_keys(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 300; i++) {
		struct query *q = query_new(COMMAND_NOTE);
		(void)snprintf(q->audit.actor, sizeof(q->audit.actor), "unix");
		q->limit = 1000;
		must(run(f, q, T0), &q->err);
		query_free(q);
	}
	(void)ask_one(f);
	end_one(f, ask_one(f));
	assert_int_equal(lines(f, QUERY_PRIVACY), 2);
	tidy_at(f, T0 + 399 * DAY);
	assert_int_equal(lines(f, QUERY_AUDIT), 100); /* a page */
	assert_int_equal(lines(f, QUERY_PRIVACY), 2);
	tidy_at(f, T0 + 401 * DAY);
	assert_int_equal(lines(f, QUERY_AUDIT), 0);
	/* What is open is never forgotten. */
	assert_int_equal(lines(f, QUERY_PRIVACY), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(no_byte_stays_however_rows_moved),
	    IN_STORE(retention_leaves_no_byte_either),
	    IN_STORE(every_state_becomes_erased_and_stays_so),
	    IN_STORE(one_unit_of_a_request_is_cut_out),
	    IN_STORE(a_senders_request_is_kept_with_what_it_came_in),
	    IN_STORE(only_what_was_not_begun_is_cancelled),
	    IN_STORE(retention_has_a_rule_for_every_state),
	    IN_STORE(audit_lines_and_receipts_go_with_the_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
