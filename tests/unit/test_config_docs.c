/* SPDX-License-Identifier: MIT */
/*
 * conf/leadbridge.yaml and the key section of leadbridge.yaml(5) are what the
 * key table says. After a change of the table, LB_UPDATE_DOCS=1 writes both
 * anew instead of comparing. Also: every default and example is one the reader
 * takes, and the sample as it is shipped passes --check.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "operate/config_read.h"

#define SAMPLE "../conf/leadbridge.yaml"
#define MANUAL "../docs/leadbridge.yaml.5.scd"
#define BEGIN  "; keys: from the key table, see tests/unit/test_config_docs.c\n"
#define END    "; end of keys\n"

enum { TEXT_MAX = 1 << 20 };

static void read_whole(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	buf_init(out, TEXT_MAX);
	if (f == NULL)
		fail_msg("cannot open %s", path);
	for (;;) {
		char *room = buf_room(out, 8192);
		assert_non_null(room);
		size_t n = fread(room, 1, 8192, f);
		if (n == 0)
			break;
		out->n += n;
	}
	fclose(f);
}

static void write_whole(const char *path, struct str text)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
}

static bool is_updating(void)
{
	const char *flag = getenv("LB_UPDATE_DOCS");
	return flag != NULL && flag[0] == '1';
}

/* Names the first line that differs. */
static void compare_text(const char *path, struct str have, struct str want)
{
	for (int line = 1; have.p != NULL || want.p != NULL; line++) {
		struct str a = str_cut(have, '\n', &have);
		struct str b = str_cut(want, '\n', &want);
		if (!str_eq(a, b))
			fail_msg("%s:%d: '%.*s', but the key table says '%.*s' "
				 "(LB_UPDATE_DOCS=1 writes it anew)",
				 path, line, STR_FMT(a), STR_FMT(b));
	}
}

static void test_sample_file_is_the_table(void **state)
{
	(void)state;
	struct buf want, have;
	buf_init(&want, TEXT_MAX);
	config_print_sample(&want);
	assert_false(want.over);
	if (is_updating())
		write_whole(SAMPLE, buf_str(&want));
	read_whole(SAMPLE, &have);
	compare_text(SAMPLE, buf_str(&have), buf_str(&want));
	buf_release(&want);
	buf_release(&have);
}

static void test_manual_is_the_table(void **state)
{
	(void)state;
	struct buf page, want, have;
	read_whole(MANUAL, &have);
	long begin = str_find_str(buf_str(&have), STR(BEGIN));
	long end = str_find_str(buf_str(&have), STR(END));
	assert_true(begin >= 0 && end > begin);
	size_t from = (size_t)begin + sizeof(BEGIN) - 1;
	buf_init(&want, TEXT_MAX);
	config_print_manual(&want);
	if (is_updating()) {
		buf_init(&page, TEXT_MAX);
		buf_add(&page, have.p, from);
		buf_add_str(&page, buf_str(&want));
		buf_add(&page, have.p + end, have.n - (size_t)end);
		write_whole(MANUAL, buf_str(&page));
		buf_release(&page);
		buf_release(&have);
		buf_release(&want);
		return;
	}
	compare_text(MANUAL, str_sub(buf_str(&have), from, (size_t)end),
		     buf_str(&want));
	buf_release(&have);
	buf_release(&want);
}

static void test_shipped_sample_passes_the_check(void **state)
{
	(void)state;
	struct config *c = NULL;
	struct config_problems problems = {0};
	assert_int_equal(config_load(SAMPLE, &c, &problems), 0);
	assert_int_equal(problems.n, 1);
	assert_true(problems.v[0].warning);
	assert_string_equal(problems.v[0].text, "no source is configured");
	config_problems_release(&problems);
	config_unref(c);
}

static void note_problem(void *ctx, int line, int column, const char *text)
{
	fail_msg("%s: %d:%d %s", (const char *)ctx, line, column, text);
}

/* Reads one value of a row into a zeroed struct of its section. */
static void read_value(const struct key *k, const char *text)
{
	union {
		struct config top;
		struct listen_config listen;
		struct destination_config destination;
		struct source source;
	} base = {0};
	const char *file = "row";
	struct config_problems problems = {0};
	struct reader r = {.problems = &problems, .files = &file};
	struct node *n;
	char name[200];
	arena_init(&r.arena);
	snprintf(name, sizeof(name), "%s: %s", k->name, text);
	assert_int_equal(yaml_tree_parse(&r.arena, str_from(text), 0, &n,
					 note_problem, name),
			 0);
	key_kind(k->type)->read(&r, k, n, &base);
	for (size_t i = 0; i < problems.n; i++) {
		struct str problem = str_from(problems.v[i].text);
		if (str_find_str(problem, STR("cannot open")) < 0 &&
		    str_find_str(problem, STR("CREDENTIALS_DIRECTORY")) < 0 &&
		    !problems.v[i].warning)
			fail_msg("%s: %s", name, problems.v[i].text);
	}
	config_release_section(k->section, &base);
	config_problems_release(&problems);
	arena_release(&r.arena);
}

static void test_defaults_and_examples_are_readable(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		if (key_kind(k->type)->write == NULL)
			continue;
		if (k->def == NULL && k->example == NULL)
			fail_msg("%s: neither default nor example", k->name);
		if (k->def != NULL)
			read_value(k, k->def);
		if (k->example != NULL)
			read_value(k, k->example);
	}
}

static void test_rows_are_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_count(); i++) {
		const struct key *k = key_at(i);
		struct str help = str_from(k->help);
		if (key_find(k->section, str_from(k->name)) != k)
			fail_msg("%s: two rows", k->name);
		if (!str_ends(help, STR(".")) || help.n < 15)
			fail_msg("%s: help is no sentence", k->name);
		if (k->max != 0 && k->min > k->max)
			fail_msg("%s: range", k->name);
		if (key_kind(k->type)->read == NULL)
			fail_msg("%s: type without a reader", k->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_are_well_formed),
	    cmocka_unit_test(test_sample_file_is_the_table),
	    cmocka_unit_test(test_manual_is_the_table),
	    cmocka_unit_test(test_shipped_sample_passes_the_check),
	    cmocka_unit_test(test_defaults_and_examples_are_readable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
