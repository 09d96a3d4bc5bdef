/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the configuration: a temporary folder with files in it,
 * removed at the end; loading, with all problems as one text.
 */
#ifndef LB_TEST_CONFIG_FILES_H
#define LB_TEST_CONFIG_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leadbridge/config.h"

/* The tests run inside the folder, so that messages name short paths. */
static inline void folder_open(char path[64])
{
	snprintf(path, 64, "/tmp/leadbridge-config-XXXXXX");
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	assert_int_equal(mkdir("conf.d", 0700), 0);
}

static inline void folder_close(const char *path)
{
	static const char *const files[] = {
	    "main.yaml",    "conf.d/a.yaml", "conf.d/b.yaml",
	    "conf.d/.hide", "conf.d/x.txt",  "secret",
	    "empty",        "open",          "second",
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlink(files[i]);
	assert_int_equal(rmdir("conf.d"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(path), 0);
}

static inline void file_write(const char *path, const char *text, mode_t mode)
{
	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	size_t n = strlen(text);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

/* Loads main.yaml; problems as lines in out (released by the caller). */
static inline struct config *files_load(struct buf *out)
{
	struct config *c = NULL;
	struct config_problems problems = {0};
	int code = config_load("main.yaml", &c, &problems);
	buf_init(out, 1 << 20);
	for (size_t i = 0; i < problems.n; i++) {
		config_problem_print(&problems.v[i], out);
		buf_add_char(out, '\n');
	}
	assert_int_equal(code == 0, problems.errors == 0);
	assert_int_equal(code == 0, c != NULL);
	config_problems_release(&problems);
	return c;
}

/* ---- planted mistakes -------------------------------------------------- */

struct row {
	const char *name, *text, *problems;
};

#define NONE "main.yaml: warning: no source is configured\n"
#define ID   "customer_id: 00000000-0000-0000-0000-000000000001"
#define MEGA                                                                   \
	"  mega: {url: https://crm.example.com/leads, token: file:secret, " ID \
	"}\n"
#define DESTINATIONS "destinations:\n" MEGA
#define GOOD                                                                   \
	"  good: {platform: shopify, secret: file:secret, destination: "       \
	"mega}\n"
#define SOURCES DESTINATIONS "sources:\n" GOOD

static inline int open_folder(void **state)
{
	static char path[64];
	folder_open(path);
	file_write("secret", "s3cr3t-bytes\n", 0600);
	file_write("open", "s3cr3t-bytes\n", 0644);
	file_write("empty", "\n", 0600);
	*state = path;
	return 0;
}

static inline int close_folder(void **state)
{
	folder_close(*state);
	return 0;
}

static inline void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf problems;
		file_write("main.yaml", rows[i].text, 0600);
		config_unref(files_load(&problems));
		if (!str_eq(buf_str(&problems), str_from(rows[i].problems)))
			fail_msg("%s: problems are\n%.*s", rows[i].name,
				 STR_FMT(buf_str(&problems)));
		if (str_find_str(buf_str(&problems), STR("s3cr3t")) >= 0)
			fail_msg("%s: a secret is shown", rows[i].name);
		buf_release(&problems);
	}
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

#endif
