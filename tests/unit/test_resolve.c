/* SPDX-License-Identifier: MIT */
/* Names to addresses: who waits for whom, what is remembered and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "delivery/resolve.h"

enum { PATIENCE_MS = 5000 };

struct fixture {
	struct loop *loop;
	struct resolver *resolver;
	struct loop_timer *end;
	int left;  /* answers to wait for */
	int again; /* questions to ask from within an answer */
	enum resolved what;
	char *addresses;
};

static struct fixture *f;

static void on_answer(void *ctx, enum resolved what, const char *addresses)
{
	(void)ctx;
	f->what = what;
	free(f->addresses);
	f->addresses = xstrdup(addresses);
	if (f->again > 0) {
		f->again--;
		(void)resolver_ask(f->resolver, "localhost", PATIENCE_MS,
				   on_answer, NULL);
	}
	if (--f->left == 0)
		loop_stop(f->loop);
}

static void ask(int n)
{
	f->left = n + f->again;
	for (int i = 0; i < n; i++)
		(void)resolver_ask(f->resolver, "localhost", PATIENCE_MS,
				   on_answer, NULL);
	loop_run(f->loop);
}

static void on_end(void *ctx)
{
	(void)ctx;
	loop_stop(f->loop);
}

static int setup(void **state)
{
	(void)state;
	struct err err;
	f = xcalloc(1, sizeof(*f));
	assert_int_equal(loop_new(&f->loop, &err), 0);
	f->resolver = resolver_new(f->loop);
	f->end = loop_timer_new(f->loop, on_end, NULL);
	clock_set_for_test(1000000, 500000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clock_set_for_test(-1, -1);
	resolver_free(f->resolver);
	loop_timer_free(f->end);
	loop_free(f->loop);
	free(f->addresses);
	free(f);
	return 0;
}

static void test_all_who_ask_get_the_one_answer(void **state)
{
	(void)state;
	assert_null(resolver_known(f->resolver, "localhost"));
	ask(20);
	assert_int_equal(f->what, RESOLVED);
	assert_non_null(strstr(f->addresses, "127.0.0.1"));
	assert_string_equal(resolver_known(f->resolver, "localhost"),
			    f->addresses);
}

static void test_a_question_from_an_answer_waits_for_the_next(void **state)
{
	(void)state;
	f->again = 3;
	ask(2);
	assert_int_equal(f->what, RESOLVED);
	assert_int_equal(f->again, 0);
}

static void test_an_old_address_serves_while_it_is_looked_up(void **state)
{
	(void)state;
	ask(1);
	clock_set_for_test(1000000, 500000 + 61 * 1000);
	assert_non_null(resolver_known(f->resolver, "localhost"));
	loop_timer_arm(f->end, 100); /* time for the look-up it started */
	loop_run(f->loop);
	clock_set_for_test(1000000, 500000 + 650 * 1000);
	assert_non_null(resolver_known(f->resolver, "localhost"));
	clock_set_for_test(1000000, 500000 + 3600 * 1000);
	assert_null(resolver_known(f->resolver, "localhost"));
}

static void test_patience_ends(void **state)
{
	(void)state;
	/* Sooner than the library is looked at the first time. */
	f->left = 1;
	(void)resolver_ask(f->resolver, "localhost", 0, on_answer, NULL);
	loop_run(f->loop);
	assert_int_equal(f->what, RESOLVE_FAILED);
	assert_null(f->addresses);
	ask(1);
	assert_int_equal(f->what, RESOLVED);
}

static void test_a_cancelled_question_is_not_answered(void **state)
{
	(void)state;
	struct question *q = resolver_ask(f->resolver, "localhost", PATIENCE_MS,
					  on_answer, NULL);
	f->left = 7;
	resolve_cancel(q);
	resolve_cancel(NULL);
	loop_timer_arm(f->end, 50);
	loop_run(f->loop);
	assert_int_equal(f->left, 7);
	assert_non_null(resolver_known(f->resolver, "localhost"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_all_who_ask_get_the_one_answer),
	    TEST(test_a_question_from_an_answer_waits_for_the_next),
	    TEST(test_an_old_address_serves_while_it_is_looked_up),
	    TEST(test_patience_ends),
	    TEST(test_a_cancelled_question_is_not_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
