/* SPDX-License-Identifier: MIT */
/*
 * The SQLite store where it touches the machine: killed in mid-load, no room,
 * failed syncs, a second opener, foreign, newer and older files.
 */
#include "store_help.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fault_vfs.h"
#include "queue/sqlite.h"

#define IN_STORE(name)                                                         \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* ---- killed ------------------------------------------------------------ */

enum { ROUNDS = 8, KILL_AFTER = 40 };

/* Stores without end and tells each id once it is committed. */
static void load_until_killed(struct fixture *f, int round, int fd)
{
	struct err err;
	if (f->ops->open(&f->store, &f->config, &err) != 0)
		_exit(1);
	for (int n = 0;; n += 8) {
		char id[32];
		struct submission *s[8];
		if (f->ops->begin(f->store, &err) != 0)
			_exit(1);
		for (int i = 0; i < 8; i++) {
			(void)snprintf(id, sizeof(id), "r%d-%d", round, n + i);
			s[i] = sub_one("shop", id, T0);
			if (f->ops->put(f->store, s[i], &err) != 0)
				_exit(1);
		}
		if (f->ops->commit(f->store, T0, &err) != 0 ||
		    f->ops->upkeep(f->store, &err) != 0)
			_exit(1);
		for (int i = 0; i < 8; i++)
			submission_free(s[i]);
		int told = n + 8;
		if (write(fd, &told, sizeof(told)) != sizeof(told))
			_exit(1);
	}
}

/* How many events the child said were committed before it was killed. */
static int run_and_kill(struct fixture *f, int round)
{
	int ends[2], told = 0, n = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		load_until_killed(f, round, ends[1]);
	}
	close(ends[1]);
	while (read(ends[0], &told, sizeof(told)) == sizeof(told)) {
		n = told;
		if (told == (KILL_AFTER + round) * 8)
			assert_int_equal(kill(child, SIGKILL), 0);
	}
	close(ends[0]);
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return n;
}

static void what_was_committed_survives_a_kill(void **state)
{
	struct fixture *f = *state;
	fixture_shut(f);
	for (int round = 0; round < ROUNDS; round++) {
		int n = run_and_kill(f, round);
		assert_true(n >= KILL_AFTER * 8);
		fixture_open(f);
		for (int i = 0; i < n; i++) {
			char id[32];
			(void)snprintf(id, sizeof(id), "r%d-%d", round, i);
			assert_int_equal(store_one(f, id, T0), 0);
		}
		struct ledger_row row = balanced(f);
		assert_true(row.accepted >= n);
		assert_int_equal(row.states[UNIT_WAITING], row.accepted);
		fixture_shut(f);
	}
	fixture_open(f);
}

/* ---- faults ------------------------------------------------------------ */

static int put_and_commit(struct fixture *f, const char *id)
{
	struct err err;
	struct submission *s = sub_one("shop", id, T0);
	int rc = f->ops->begin(f->store, &err);
	if (rc == 0)
		rc = f->ops->put(f->store, s, &err);
	if (rc == 0)
		rc = f->ops->commit(f->store, T0, &err);
	else
		f->ops->rollback(f->store);
	submission_free(s);
	return rc;
}

static void full_disk_refuses_and_goes_on(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(put_and_commit(f, "e1"), 0);
	fault_now = FAULT_NO_ROOM;
	assert_int_equal(put_and_commit(f, "e2"), LB_ENOSPC);
	assert_int_equal(put_and_commit(f, "e3"), LB_ENOSPC);
	fault_now = FAULT_NONE;
	assert_int_equal(balanced(f).accepted, 1);
	assert_true(store_one(f, "e2", T0) > 0);
	fixture_reopen(f);
	assert_int_equal(store_one(f, "e1", T0), 0);
	assert_int_equal(store_one(f, "e2", T0), 0);
	assert_int_equal(balanced(f).accepted, 2);
}

static void failed_write_or_sync_is_an_io_error(void **state)
{
	struct fixture *f = *state;
	static const enum fault faults[] = {FAULT_SYNC, FAULT_WRITE};
	for (size_t i = 0; i < 2; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "before-%zu", i);
		assert_int_equal(put_and_commit(f, id), 0);
		fault_now = (int)faults[i];
		assert_int_equal(put_and_commit(f, "lost"), LB_EIO);
		fault_now = FAULT_NONE;
		fixture_reopen(f);
		assert_int_equal(store_one(f, id, T0), 0);
		(void)balanced(f);
	}
}

/* ---- openers ----------------------------------------------------------- */

static int open_again(struct fixture *f, struct err *err)
{
	struct store *second = NULL;
	int rc = f->ops->open(&second, &f->config, err);
	if (rc == 0)
		f->ops->close(second);
	return rc;
}

static void second_daemon_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	assert_int_equal(open_again(f, &err), LB_EBUSY);
	assert_true(str_find_str(str_from(err.text),
				 STR("another daemon has the store")) >= 0);
	assert_true(store_one(f, "e1", T0) > 0);
}

static void on_file(struct fixture *f, const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void newer_store_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	fixture_shut(f);
	on_file(f, "PRAGMA user_version = 99");
	assert_int_equal(open_again(f, &err), LB_EVERSION);
	on_file(f, "PRAGMA user_version = 3");
	fixture_open(f);
}

static void foreign_database_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct stat before, after;
	fixture_shut(f);
	assert_int_equal(unlink(f->path), 0);
	on_file(f, "CREATE TABLE theirs(x)");
	assert_int_equal(stat(f->path, &before), 0);
	assert_int_equal(open_again(f, &err), LB_EINVAL);
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_memory_equal(&before.st_mtim, &after.st_mtim,
			    sizeof(before.st_mtim));
	assert_int_equal(unlink(f->path), 0);
	fixture_open(f);
}

static void store_is_for_its_owner_only(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* ---- migrations -------------------------------------------------------- */

static const struct migration next_versions[] = {
    {1, ""},
    {2, ""},
    {3, ""},
    {4, "ALTER TABLE lead ADD COLUMN note TEXT"},
    {5, "CREATE TABLE more(x INTEGER) STRICT"},
};
static const struct migration broken[] = {
    {1, ""},
    {2, ""},
    {3, ""},
    {4, "CREATE TABLE half(x INTEGER) STRICT; SELECT nonsense"},
};

static int migrate(struct fixture *f, const struct migration *list, size_t n)
{
	sqlite3 *db = NULL;
	struct err err = {0};
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	int rc = sqlite_migrate(db, f->path, list, n, &err);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return rc;
}

static void older_store_is_copied_before_it_is_migrated(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	char *copy = xasprintf("%s.v3", f->path);
	fixture_shut(f);
	assert_int_equal(migrate(f, broken, 4), LB_ESYSTEM);
	struct stat st;
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(migrate(f, next_versions, 5), 0);
	on_file(f, "SELECT note FROM lead, more");
	/* The copy is what the older program can go on with. */
	assert_int_equal(rename(copy, f->path), 0);
	free(copy);
	fixture_open(f);
	assert_true(lead_says(f, id, "\"event_id\":\"e1\""));
	assert_int_equal(balanced(f).accepted, 1);
}

static void store_of_the_first_version_is_taken_over(void **state)
{
	struct fixture *f = *state;
	int64_t id = store_one(f, "e1", T0);
	char *copy = xasprintf("%s.v1", f->path);
	fixture_shut(f);
	on_file(f, "DROP INDEX lead_aside; DROP TABLE audit;"
		   "DROP TABLE credential; DROP TABLE bulk;"
		   "DROP TABLE privacy;"
		   "ALTER TABLE lead DROP COLUMN confirmed_at;"
		   "DROP INDEX lead_fetch; PRAGMA user_version = 1");
	fixture_open(f);
	assert_true(lead_says(f, id, "\"event_id\":\"e1\""));
	struct err err = {0};
	struct refill q = {.destination = "@shop", .backlog = 1};
	must(f->ops->refill(f->reader, &q, &err), &err);
	assert_null(q.chain);
	assert_int_equal(unlink(copy), 0);
	free(copy);
}

static void check_finds_a_sound_store(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	(void)store_one(f, "e1", T0);
	must(f->ops->check(f->reader, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_STORE(what_was_committed_survives_a_kill),
	    IN_STORE(full_disk_refuses_and_goes_on),
	    IN_STORE(failed_write_or_sync_is_an_io_error),
	    IN_STORE(second_daemon_is_refused),
	    IN_STORE(newer_store_is_refused),
	    IN_STORE(foreign_database_is_left_alone),
	    IN_STORE(store_is_for_its_owner_only),
	    IN_STORE(older_store_is_copied_before_it_is_migrated),
	    IN_STORE(store_of_the_first_version_is_taken_over),
	    IN_STORE(check_finds_a_sound_store),
	};
	fault_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
