/* SPDX-License-Identifier: MIT */
/* The CRM confirms a lead: which one is marked, whichever comes first, and what
 * a rolled back transaction leaves behind. And the refresh tokens. */
#include "store_help.h"

#define CRM_ID "crm-1" /* of the first lead, see settle_in() */

static struct submission *confirmation(const char *id, const char *crm_id)
{
	struct submission *s = sub_new("crm", T0 + 5000);
	struct new_event *e = sub_event(s, id, 1, UNIT_IGNORED);
	e->confirms = arena_copy(&s->arena, str_from(crm_id));
	return s;
}

struct counted {
	int64_t confirmed, unmatched;
};

static void on_confirmed(void *ctx, const char *destination, int64_t n)
{
	struct counted *c = ctx;
	assert_string_equal(destination, "mega");
	c->confirmed = n;
}

static void is_counted(struct fixture *f, int64_t confirmed, int64_t unmatched)
{
	struct counted c = {0, 0};
	struct queue_gauges gauges = {0};
	f->ops->confirmed(f->store, on_confirmed, &c);
	f->ops->totals(f->store, &gauges);
	assert_int_equal(c.confirmed, confirmed);
	assert_int_equal(gauges.unmatched, unmatched);
}

static bool is_confirmed(struct fixture *f, int64_t id)
{
	bool none = lead_says(f, id, "\"confirmed_at\":null");
	assert_true(none || lead_says(f, id, "\"confirmed_at\":\"20"));
	return !none;
}

static void delivered_lead_is_marked(void **state)
{
	struct fixture *f = *state;
	int64_t first = store_one(f, "e1", T0), second = store_one(f, "e2", T0);
	must(settle_one(f, DELIVER(first)), NULL);
	must(settle_one(f, DELIVER(second)), NULL);
	store_sub(f, confirmation("c1", CRM_ID));
	assert_true(is_confirmed(f, first));
	assert_false(is_confirmed(f, second));
	is_counted(f, 1, 0);
	/* Told twice, under two names. */
	store_sub(f, confirmation("c2", CRM_ID));
	is_counted(f, 1, 0);
}

static void it_may_come_before_the_answer(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	store_sub(f, confirmation("c1", CRM_ID));
	is_counted(f, 0, 1);
	must(settle_one(f, DELIVER(id)), NULL);
	assert_true(is_confirmed(f, id));
	is_counted(f, 1, 0);
}

static void it_is_found_after_a_restart(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	must(settle_one(f, DELIVER(id)), NULL);
	fixture_reopen(f);
	store_sub(f, confirmation("c1", CRM_ID));
	assert_true(is_confirmed(f, id));
	is_counted(f, 1, 0);
}

static void unknown_ones_are_counted(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	must(settle_one(f, DELIVER(id)), NULL);
	store_sub(f, confirmation("c1", "somebody-elses"));
	/* The same event again is none. */
	store_sub(f, confirmation("c1", "somebody-elses"));
	is_counted(f, 0, 1);
	assert_false(is_confirmed(f, id));
}

static void rolled_back_ones_are_not_counted(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	int64_t id = store_one(f, "e1", T0);
	must(settle_one(f, DELIVER(id)), NULL);
	for (int i = 0; i < 2; i++) {
		struct submission *s = confirmation("c1", CRM_ID);
		struct submission *t = confirmation("c2", "somebody-elses");
		begin(f);
		must(f->ops->put(f->store, s, &err), &err);
		must(f->ops->put(f->store, t, &err), &err);
		if (i == 0)
			f->ops->rollback(f->store);
		else
			commit(f);
		submission_free(s);
		submission_free(t);
		is_counted(f, i, i);
	}
	assert_true(is_confirmed(f, id));
}

/* ---- credentials --------------------------------------------------------- */

static void keep(struct fixture *f, unsigned char id, const char *token)
{
	struct err err = {0};
	struct query *q = query_new(COMMAND_CREDENTIAL);
	q->credential = xcalloc(1, sizeof(*q->credential));
	q->credential->id[0] = id;
	q->credential->keep = true;
	q->credential->token = xstrdup(token);
	begin(f);
	must(f->ops->command(f->store, q, T0, &err), &err);
	commit(f);
	query_free(q);
}

static char *kept(struct fixture *f, unsigned char id)
{
	struct query *q = query_new(QUERY_CREDENTIAL);
	q->credential = xcalloc(1, sizeof(*q->credential));
	q->credential->id[0] = id;
	must(f->ops->answer(f->reader, q), &q->err);
	char *token = q->credential->token;
	q->credential->token = NULL;
	query_free(q);
	return token;
}

static void last_refresh_token_is_kept(void **state)
{
	struct fixture *f = *state;
	assert_null(kept(f, 1));
	keep(f, 1, "first");
	keep(f, 2, "other");
	keep(f, 1, "second");
	fixture_reopen(f);
	char *token = kept(f, 1), *other = kept(f, 2);
	assert_string_equal(token, "second");
	assert_string_equal(other, "other");
	free(token);
	free(other);
}

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(delivered_lead_is_marked),
	    IN_STORE(it_may_come_before_the_answer),
	    IN_STORE(it_is_found_after_a_restart),
	    IN_STORE(unknown_ones_are_counted),
	    IN_STORE(rolled_back_ones_are_not_counted),
	    IN_STORE(last_refresh_token_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
