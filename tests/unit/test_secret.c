/* SPDX-License-Identifier: MIT */
/* References to secrets: where they are read from, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "leadbridge/secret.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char folder[] = "/tmp/leadbridge-secret-XXXXXX";

static void put(const char *name, const char *text, size_t n)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static const struct {
	const char *name, *text;
} files[] = {
    {"plain", "s3cret"},    {"newline", "s3cret\n"},
    {"crlf", "s3cret\r\n"}, {"two", "s3cret\n\n"},
    {"blank", " s3cret "},  {"empty", ""},
    {"only-newline", "\n"}, {"only-blanks", " \t\r\n\n"},
};

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < COUNT(files); i++)
		put(files[i].name, files[i].text, strlen(files[i].text));
	char *big = xcalloc(1, 70000);
	memset(big, 'x', 70000);
	put("big", big, 70000);
	put("limit", big, 64 * 1024);
	free(big);
	(void)setenv("CREDENTIALS_DIRECTORY", folder, 1);
	(void)setenv("LB_TEST_SECRET", "from env", 1);
	(void)setenv("LB_TEST_EMPTY", "", 1);
	return 0;
}

static int teardown(void **state)
{
	static const char *const more[] = {"big", "limit"};
	(void)state;
	for (size_t i = 0; i < COUNT(files) + COUNT(more); i++) {
		const char *name =
		    i < COUNT(files) ? files[i].name : more[i - COUNT(files)];
		char *path = xasprintf("%s/%s", folder, name);
		(void)unlink(path);
		free(path);
	}
	return rmdir(folder);
}

static void references_are_resolved(void **state)
{
	(void)state;
	static const struct {
		const char *reference, *file, *want; /* want NULL: refused */
	} rows[] = {
	    {"file:", "plain", "s3cret"},
	    {"file:", "newline", "s3cret"},
	    {"file:", "crlf", "s3cret"},
	    {"file:", "two", "s3cret\n"},
	    {"file:", "blank", " s3cret "},
	    {"file:", "empty", NULL},
	    {"file:", "only-newline", NULL},
	    {"file:", "only-blanks", NULL},
	    {"file:", "missing", NULL},
	    {"file:", "", NULL}, /* a folder */
	    {"file:", "big", NULL},
	    {"credential:newline", NULL, "s3cret"},
	    {"credential:missing", NULL, NULL},
	    {"credential:../etc/passwd", NULL, NULL},
	    {"credential:.", NULL, NULL},
	    {"env:LB_TEST_SECRET", NULL, "from env"},
	    {"env:LB_TEST_EMPTY", NULL, NULL},
	    {"env:LB_TEST_UNSET", NULL, NULL},
	    {"plain:abc", NULL, "abc"},
	    {"plain:", NULL, NULL},
	    {"plain: ", NULL, NULL},
	    {"abc", NULL, NULL},
	    {"", NULL, NULL},
	    {"PLAIN:abc", NULL, NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct secret s;
		struct err err = {0};
		char *reference = rows[i].file != NULL
				      ? xasprintf("%s%s/%s", rows[i].reference,
						  folder, rows[i].file)
				      : xstrdup(rows[i].reference);
		int code = secret_load(&s, str_from(reference), &err);
		bool good =
		    rows[i].want != NULL
			? code == 0 &&
			      str_eq(secret_str(&s), str_from(rows[i].want))
			: code < 0 && err.text[0] != '\0' && s.bytes == NULL;
		if (!good)
			fail_msg("'%s': %d %s", reference, code, err.text);
		secret_release(&s);
		free(reference);
	}
}

static void a_file_of_64_kib_is_still_a_secret(void **state)
{
	(void)state;
	struct secret s;
	struct err err = {0};
	assert_int_equal(secret_load(&s, STR("credential:limit"), &err), 0);
	assert_int_equal(s.n, 64 * 1024);
	secret_release(&s);
}

static void no_message_shows_a_secret(void **state)
{
	(void)state;
	struct secret s;
	struct err err = {0};
	assert_int_equal(secret_load(&s, STR("hunter2"), &err), LB_EINVAL);
	assert_null(strstr(err.text, "hunter2"));
	assert_int_equal(secret_load(&s, STR("plain:hunter2"), &err), 0);
	assert_string_equal(s.reference, "plain:***");
	secret_release(&s);
	assert_null(s.bytes);
}

static void any_of_the_list_matches(void **state)
{
	(void)state;
	struct secret v[3];
	struct secrets list = {v, 3};
	struct err err;
	assert_int_equal(secret_load(&v[0], STR("plain:one"), &err), 0);
	assert_int_equal(secret_load(&v[1], STR("plain:two"), &err), 0);
	assert_int_equal(secret_load(&v[2], STR("plain:one"), &err), 0);
	assert_int_equal(secrets_match(&list, STR("one")), 0);
	assert_int_equal(secrets_match(&list, STR("two")), 1);
	assert_int_equal(secrets_match(&list, STR("twoo")), -1);
	assert_int_equal(secrets_match(&list, STR("")), -1);
	assert_int_equal(secrets_match(&list, STR_NONE), -1);
	for (size_t i = 0; i < 3; i++)
		secret_release(&v[i]);
	struct secrets none = {0};
	assert_int_equal(secrets_match(&none, STR("")), -1);
	secrets_release(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(references_are_resolved),
	    cmocka_unit_test(a_file_of_64_kib_is_still_a_secret),
	    cmocka_unit_test(no_message_shows_a_secret),
	    cmocka_unit_test(any_of_the_list_matches),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
