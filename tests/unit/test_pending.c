/* SPDX-License-Identifier: MIT */
/* Tickets: each finds its own thing while that is there, and nothing later. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "ingress/pending.h"

static void test_tickets_find_their_own(void **state)
{
	(void)state;
	struct pending p;
	int things[100];
	struct ticket tickets[100];
	pending_init(&p);
	for (int i = 0; i < 100; i++)
		tickets[i] = pending_put(&p, &things[i]);
	assert_int_equal(p.count, 100);
	for (int i = 0; i < 100; i += 2)
		pending_remove(&p, tickets[i]);
	assert_int_equal(p.count, 50);
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(pending_find(&p, tickets[i]),
				 i % 2 == 0 ? NULL : &things[i]);
	pending_release(&p);
}

static void test_an_old_ticket_does_not_find_the_next_one(void **state)
{
	(void)state;
	struct pending p;
	int a, b;
	pending_init(&p);
	struct ticket old = pending_put(&p, &a);
	pending_remove(&p, old);
	struct ticket young = pending_put(&p, &b);
	assert_int_equal(old.slot, young.slot);
	assert_null(pending_find(&p, old));
	assert_ptr_equal(pending_find(&p, young), &b);
	pending_release(&p);
}

static void test_no_ticket_is_all_zero(void **state)
{
	(void)state;
	struct pending p;
	int a;
	pending_init(&p);
	assert_null(pending_find(&p, (struct ticket){0}));
	struct ticket t = pending_put(&p, &a);
	assert_null(pending_find(&p, (struct ticket){0}));
	p.slots[t.slot].generation = UINT32_MAX; /* four billion answers on */
	t.generation = UINT32_MAX;
	pending_remove(&p, t);
	t = pending_put(&p, &a);
	assert_int_equal(t.generation, 1);
	assert_null(pending_find(&p, (struct ticket){0}));
	assert_null(pending_find(&p, (struct ticket){7, 1}));
	pending_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tickets_find_their_own),
	    cmocka_unit_test(test_an_old_ticket_does_not_find_the_next_one),
	    cmocka_unit_test(test_no_ticket_is_all_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
