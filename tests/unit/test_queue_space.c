/* SPDX-License-Identifier: MIT */
/* The reserve file: real blocks, given up at need, built anew when it can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "queue/space.h"

enum { RESERVE = 256 * 1024 };

struct place {
	char dir[32];
	char *store, *reserve;
	struct store_config config;
};

static int setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	memcpy(p->dir, "/tmp/lb_space.XXXXXX", sizeof("/tmp/lb_space.XXXXXX"));
	assert_non_null(mkdtemp(p->dir));
	p->store = xasprintf("%s/store.db", p->dir);
	p->reserve = xasprintf("%s.reserve", p->store);
	p->config.path = p->store;
	p->config.reserve = RESERVE;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	(void)unlink(p->reserve);
	assert_int_equal(rmdir(p->dir), 0);
	free(p->store);
	free(p->reserve);
	free(p);
	return 0;
}

static void expect_reserve(const struct place *p)
{
	struct stat st;
	assert_int_equal(stat(p->reserve, &st), 0);
	assert_int_equal(st.st_size, RESERVE);
	assert_true(st.st_blocks * 512 >= RESERVE);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void reserve_is_built_with_real_blocks(void **state)
{
	struct place *p = *state;
	struct space s;
	space_init(&s, &p->config);
	assert_false(s.reserved);
	assert_true(space_is_enough(&s));
	assert_true(s.reserved);
	expect_reserve(p);
	space_release(&s);
	space_init(&s, &p->config);
	assert_true(s.reserved);
	space_release(&s);
}

static void reserve_is_given_up_once_and_comes_back(void **state)
{
	struct place *p = *state;
	struct space s;
	space_init(&s, &p->config);
	assert_true(space_is_enough(&s));
	assert_true(space_give_up(&s));
	assert_int_not_equal(access(p->reserve, F_OK), 0);
	assert_false(space_give_up(&s));
	assert_true(space_is_enough(&s));
	expect_reserve(p);
	space_release(&s);
}

static void sparse_or_short_reserve_is_built_anew(void **state)
{
	struct place *p = *state;
	struct space s;
	space_init(&s, &p->config);
	assert_true(space_is_enough(&s));
	space_release(&s);
	assert_int_equal(truncate(p->reserve, 0), 0);
	assert_int_equal(truncate(p->reserve, RESERVE), 0);
	space_init(&s, &p->config);
	assert_false(s.reserved);
	assert_true(space_is_enough(&s));
	expect_reserve(p);
	space_release(&s);
}

static void without_a_reserve_nothing_is_written(void **state)
{
	struct place *p = *state;
	struct space s;
	p->config.reserve = 0;
	space_init(&s, &p->config);
	assert_true(space_is_enough(&s));
	assert_false(space_give_up(&s));
	assert_int_not_equal(access(p->reserve, F_OK), 0);
	space_release(&s);
}

#define IN_PLACE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACE(reserve_is_built_with_real_blocks),
	    IN_PLACE(reserve_is_given_up_once_and_comes_back),
	    IN_PLACE(sparse_or_short_reserve_is_built_anew),
	    IN_PLACE(without_a_reserve_nothing_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
