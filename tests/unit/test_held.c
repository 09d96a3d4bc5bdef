/* SPDX-License-Identifier: MIT */
/* Refused requests that are held: how many, how large, how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/mem.h"
#include "operate/held.h"

static struct held *held;

static int fresh(void **state)
{
	(void)state;
	held = held_new();
	return 0;
}

static int gone(void **state)
{
	(void)state;
	held_free(held);
	return 0;
}

static void keep(const char *source, const char *body, int64_t at)
{
	char *text = xstrdup(body), *name = xstrdup("X-Signature");
	struct header header = {str_from(name), str_from(text)};
	struct request r = {.method = HTTP_POST,
			    .method_text = STR("POST"),
			    .target = STR("/in/a?b=1"),
			    .path = STR("/in/a"),
			    .query = STR("b=1"),
			    .headers = &header,
			    .n_headers = 1,
			    .body = str_from(text),
			    .client = STR("192.0.2.1"),
			    .received_at_ms = at};
	held_keep(held, str_from(source), &r);
	memset(text, 'x', strlen(text));
	memset(name, 'x', strlen(name));
	free(text);
	free(name);
}

static void a_held_request_outlives_its_connection(void **state)
{
	(void)state;
	keep("a", "{\"n\":1}", 1000);
	const struct request *r = &held->first->request;
	assert_true(str_eq(held->first->source, STR("a")));
	assert_true(str_eq(r->body, STR("{\"n\":1}")));
	assert_true(str_eq(request_header(r, "X-Signature"), STR("{\"n\":1}")));
	assert_true(str_eq(r->query, STR("b=1")));
	assert_int_equal(r->received_at_ms, 1000);
}

static void the_oldest_make_room(void **state)
{
	(void)state;
	for (int i = 0; i < HELD_MAX + 10; i++)
		keep(i % 2 == 0 ? "a" : "b", "x", 1000 + i);
	assert_int_equal(held->n, HELD_MAX);
	assert_int_equal(held->first->request.received_at_ms, 1010);
	assert_int_equal(held_count(held, STR("a")), HELD_MAX / 2);
	assert_int_equal(held_count(held, STR("c")), 0);
}

static void bytes_have_a_ceiling(void **state)
{
	char *large = xcalloc(1, HELD_BYTES + 1);
	(void)state;
	memset(large, 'a', HELD_BYTES);
	keep("a", large, 1); /* alone it is too much: nothing makes room */
	assert_int_equal(held->n, 0);
	large[HELD_BYTES / 3] = '\0';
	for (int i = 0; i < 5; i++)
		keep("a", large, i);
	assert_int_equal(held->n, 1);
	assert_true(held->bytes <= HELD_BYTES);
	keep("a", "small", 9);
	assert_int_equal(held->n, 2);
	free(large);
}

static void what_is_old_or_done_is_let_go(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		keep("a", "x", 1000 + i);
	held_expire(held, 1000 + HELD_MS);
	assert_int_equal(held->n, 3);
	held_remove(held, held->last->number);
	held_remove(held, 4711);
	assert_int_equal(held->n, 2);
	keep("a", "x", 2000);
	assert_int_equal(held->last->request.received_at_ms, 2000);
	held_remove(held, held->first->next->number);
	assert_int_equal(held->n, 2);
	held_expire(held, 2000 + HELD_MS);
	assert_int_equal(held->n, 0);
	assert_int_equal(held->bytes, 0);
	assert_null(held->last);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
	    ROW(a_held_request_outlives_its_connection),
	    ROW(the_oldest_make_room),
	    ROW(bytes_have_a_ceiling),
	    ROW(what_is_old_or_done_is_let_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
