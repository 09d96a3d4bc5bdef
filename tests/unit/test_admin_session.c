/* SPDX-License-Identifier: MIT */
/* Sessions of the dashboard: whose cookie is good, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "operate/admin_session.h"

enum { NOW_S = 1795400000 };
#define NOW ((int64_t)NOW_S * 1000)

static unsigned char first[] = "the first token";
static unsigned char second[] = "the second token";
static struct secret both[] = {{first, sizeof(first) - 1, NULL},
			       {second, sizeof(second) - 1, NULL}};
static const struct secrets two = {both, 2};
static const struct secrets only_first = {both, 1};
static const struct secrets only_second = {both + 1, 1};
static const struct secrets none = {NULL, 0};
static struct sessions sessions;

static struct session_keys keys(const struct secrets *tokens, char role)
{
	return (struct session_keys){STR("secret of the store"), tokens, role};
}

static struct str made(size_t which)
{
	static char text[SESSION_TEXT];
	struct session_keys k = keys(&two, 'f');
	session_make(&k, which, NOW, text);
	return str_from(text);
}

static bool good(struct str text, const struct secrets *tokens, char role,
		 int64_t now)
{
	struct session_keys k = keys(tokens, role);
	return session_good(&sessions, &k, text, now);
}

static void a_session_lasts_twelve_hours(void **state)
{
	(void)state;
	struct str s = made(0);
	assert_true(good(s, &two, 'f', NOW));
	assert_true(good(s, &two, 'f', NOW + SESSION_MS - 1));
	assert_false(good(s, &two, 'f', NOW + SESSION_MS));
	/* Set back, the clock does not lend it a longer life. */
	assert_false(good(s, &two, 'f', NOW - 2000));
}

static void it_ends_with_the_token_that_opened_it(void **state)
{
	(void)state;
	struct str s = made(1);
	assert_true(good(s, &only_second, 'f', NOW));
	assert_false(good(s, &only_first, 'f', NOW));
	assert_false(good(s, &none, 'f', NOW));
}

static void a_role_is_not_another(void **state)
{
	(void)state;
	assert_false(good(made(0), &two, 'r', NOW));
}

static void another_store_knows_nothing_of_it(void **state)
{
	(void)state;
	char here[SESSION_NAME], there[SESSION_NAME];
	struct session_keys k = keys(&two, 'f');
	k.store_secret = STR("another one");
	assert_false(session_good(&sessions, &k, made(0), NOW));
	session_name(STR("secret of the store"), here);
	session_name(STR("another one"), there);
	assert_string_not_equal(here, there);
}

static void a_changed_byte_is_refused_wherever_it_is(void **state)
{
	(void)state;
	char text[SESSION_TEXT];
	struct str s = made(0);
	for (size_t i = 0; i < s.n; i++) {
		memcpy(text, s.p, s.n);
		text[i] ^= 1;
		if (good((struct str){text, s.n}, &two, 'f', NOW))
			fail_msg("byte %zu", i);
		if (good(str_sub(s, 0, i), &two, 'f', NOW))
			fail_msg("cut at %zu", i);
	}
}

static void ended_ones_stay_ended_and_others_do_not(void **state)
{
	(void)state;
	char text[SESSION_TEXT];
	struct str s = made(0);
	memcpy(text, s.p, s.n);
	s.p = text;
	session_end(&sessions, s);
	assert_false(good(s, &two, 'f', NOW));
	assert_true(good(made(0), &two, 'f', NOW));
}

static void cookies_are_found_by_their_whole_name(void **state)
{
	(void)state;
	static const struct {
		const char *name, *header, *value;
	} rows[] = {
	    {"alone", "a=1", "1"},
	    {"among others", "b=2; a=1; c=3", "1"},
	    {"without blanks", "b=2;a=1", "1"},
	    {"the first of two", "a=1; a=2", "1"},
	    {"longer name", "aa=1; ba=2", NULL},
	    {"value with =", "a=x=y", "x=y"},
	    {"empty", "", NULL},
	    {"no value", "a", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct header h = {STR("cookie"), str_from(rows[i].header)};
		struct request r = {.headers = &h, .n_headers = 1};
		struct str got = session_cookie(&r, "a");
		if (!str_eq(got, str_from(rows[i].value)) ||
		    (got.p == NULL) != (rows[i].value == NULL))
			fail_msg("%s: '%.*s'", rows[i].name, STR_FMT(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_session_lasts_twelve_hours),
	    cmocka_unit_test(it_ends_with_the_token_that_opened_it),
	    cmocka_unit_test(a_role_is_not_another),
	    cmocka_unit_test(another_store_knows_nothing_of_it),
	    cmocka_unit_test(a_changed_byte_is_refused_wherever_it_is),
	    cmocka_unit_test(ended_ones_stay_ended_and_others_do_not),
	    cmocka_unit_test(cookies_are_found_by_their_whole_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
