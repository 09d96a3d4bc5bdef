/* SPDX-License-Identifier: MIT */
/* What a person is told about waiting: places in the order, and which window
 * or header keeps the next request back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "delivery/limiter.h"
#include "delivery/scheduler.h"

enum { NOW = 10000000, MINUTE = 60000 };

static void add(struct scheduler *s, int64_t id, int64_t due, int64_t received)
{
	struct due_lead from = {.id = id,
				.source = STR("shop"),
				.destination = STR("mega"),
				.body = STR("{}")};
	assert_non_null(scheduler_add(s, due_lead_new(&from), due, received));
}

/* How many really leave before it. */
static size_t leaves_after(struct scheduler *s, int64_t id)
{
	size_t n = 0;
	for (;;) {
		struct entry *e = scheduler_pick(s, NOW, 0, false);
		assert_non_null(e);
		int64_t picked = e->id;
		scheduler_forget(s, e);
		if (picked == id)
			return n;
		n++;
	}
}

struct waiting {
	const char *name;
	int fresh, backlog;
	int64_t id; /* 1.. fresh, 1001.. backlog */
	enum entry_place place;
};

static struct scheduler *filled(const struct waiting *w)
{
	struct scheduler *s = scheduler_new();
	for (int i = 1; i <= w->fresh; i++)
		add(s, i, NOW, NOW - i * 1000);
	for (int i = 1; i <= w->backlog; i++)
		add(s, 1000 + i, NOW, NOW - 60 * MINUTE + i * 1000);
	return s;
}

static void places_are_those_in_which_leads_leave(void **state)
{
	static const struct waiting rows[] = {
	    {"newest", 9, 0, 1, ENTRY_FRESH},
	    {"oldest of the fresh", 9, 0, 9, ENTRY_FRESH},
	    {"oldest of the backlog", 0, 9, 1001, ENTRY_BACKLOG},
	    {"newest of the backlog", 0, 9, 1009, ENTRY_BACKLOG},
	    {"first, with a backlog", 9, 9, 1, ENTRY_FRESH},
	    {"seventh, with a backlog", 9, 9, 7, ENTRY_FRESH},
	    {"the backlog's quarter", 9, 9, 1001, ENTRY_BACKLOG},
	    {"the backlog's second", 30, 9, 1002, ENTRY_BACKLOG},
	    {"more backlog than fresh", 2, 30, 1020, ENTRY_BACKLOG},
	};
	size_t bad = 0;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scheduler *s = filled(&rows[i]);
		struct scheduler_place got;
		assert_true(scheduler_place(s, rows[i].id, NOW, &got));
		size_t real = leaves_after(s, rows[i].id);
		if (got.place != rows[i].place || got.ahead != real) {
			print_error("%s: %zu said, %zu left before\n",
				    rows[i].name, got.ahead, real);
			bad++;
		}
		scheduler_free(s);
	}
	assert_int_equal(bad, 0);
}

static void what_is_not_due_or_not_there_has_no_place(void **state)
{
	struct scheduler *s = scheduler_new();
	struct scheduler_place got;
	(void)state;
	add(s, 1, NOW + MINUTE, NOW);
	assert_true(scheduler_place(s, 1, NOW, &got));
	assert_int_equal(got.place, ENTRY_LATER);
	assert_int_equal(got.due, NOW + MINUTE);
	assert_false(scheduler_place(s, 2, NOW, &got));
	add(s, 2, NOW, NOW);
	assert_non_null(scheduler_pick(s, NOW, 0, false));
	assert_true(scheduler_place(s, 2, NOW, &got));
	assert_int_equal(got.place, ENTRY_OUT);
	scheduler_free(s);
}

static void the_window_that_says_longest_is_named(void **state)
{
	struct rate both[] = {{2, 1000}, {3, 10000}};
	struct rate_list rates = {both, 2};
	struct limiter *l = limiter_new(&rates);
	struct limiter_reason r;
	(void)state;
	for (int i = 0; i < 2; i++) {
		limiter_take(l, 100);
		limiter_answered(l, 100);
	}
	limiter_why(l, 100, &r);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.window_ms, 1000);
	assert_false(r.header);
	limiter_take(l, 1200);
	limiter_answered(l, 1200);
	limiter_why(l, 1200, &r);
	assert_int_equal(r.count, 3);
	assert_true(limiter_slowest(l, &r));
	assert_int_equal(r.count, 3);
	assert_int_equal(r.window_ms, 10000);
	limiter_expect(l);
	limiter_why(l, 1200, &r);
	assert_true(r.expecting);
	limiter_free(l);
}

static void a_header_is_named_where_it_decides(void **state)
{
	struct rate one[] = {{60, 60000}};
	struct rate_list rates = {one, 1}, none = {NULL, 0};
	struct rate_hint hint = {60, 0, 30000, 60000};
	struct limiter_reason r;
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct limiter *l = limiter_new(i == 0 ? &rates : &none);
		limiter_take(l, 100);
		limiter_answered(l, 200);
		limiter_hint(l, &hint, 100, 200);
		assert_int_equal(limiter_ready_at(l, 200), 30200);
		limiter_why(l, 200, &r);
		assert_true(r.header);
		assert_int_equal(limiter_slowest(l, &r), i == 0);
		limiter_free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(places_are_those_in_which_leads_leave),
	    cmocka_unit_test(what_is_not_due_or_not_there_has_no_place),
	    cmocka_unit_test(the_window_that_says_longest_is_named),
	    cmocka_unit_test(a_header_is_named_where_it_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
