/* SPDX-License-Identifier: MIT */
/*
 * The mapper thread: tasks come back in order, one that hangs is given up and
 * the others go on, an abandoned thread cleans up after itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "operate/mapper.h"

enum { DONE = 7, WAIT_MS = 10000 };

struct job {
	struct mapper_task task;
	struct mailbox *gate; /* run() waits for a message, or does not */
	struct mailbox *told; /* discard() posts here */
	bool ran;
};

static void run(struct mapper_task *task)
{
	struct job *j = (struct job *)task;
	__atomic_store_n(&j->ran, true, __ATOMIC_RELEASE);
	if (j->gate != NULL)
		(void)mailbox_wait(j->gate, -1);
}

static void discard(struct mapper_task *task)
{
	struct job *j = (struct job *)task;
	mailbox_post(j->told, &j->task.message);
}

struct fixture {
	struct mapper *mapper;
	struct mailbox *done, *gate, *told;
};

/* A thread nobody joins may still be inside posting to it: one for all tests,
 * never freed. */
static struct mailbox *told;

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err err;
	f->done = mailbox_new();
	f->gate = mailbox_new();
	if (told == NULL)
		told = mailbox_new();
	f->told = told;
	*state = f;
	return mapper_new(&f->mapper, f->done, DONE, &err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	mapper_free(f->mapper);
	mailbox_free(f->done);
	mailbox_free(f->gate);
	free(f);
	return 0;
}

static void submit(struct fixture *f, struct job *j, bool hangs)
{
	*j = (struct job){.told = f->told};
	j->gate = hangs ? f->gate : NULL;
	j->task.run = run;
	j->task.discard = discard;
	j->task.job = j;
	mapper_submit(f->mapper, &j->task);
}

/* The next task that comes back. */
static struct job *next_done(struct fixture *f, struct message **rest)
{
	if (*rest == NULL)
		*rest = mailbox_wait(f->done, WAIT_MS);
	assert_non_null(*rest);
	struct job *j = (struct job *)*rest;
	*rest = (*rest)->next;
	assert_int_equal(j->task.message.kind, DONE);
	mapper_taken(f->mapper);
	return j;
}

/* Until the running task has had its time, as the loop would look. */
static enum mapper_state look(struct fixture *f, void **job)
{
	enum mapper_state state = MAPPER_FINE;
	int64_t until = clock_mono_ms() + WAIT_MS;
	while (state == MAPPER_FINE && clock_mono_ms() < until) {
		state = mapper_check(f->mapper, clock_mono_ms(), job);
		assert_null(mailbox_wait(f->told, 20));
	}
	return state;
}

static void tasks_come_back_in_order(void **state)
{
	struct fixture *f = *state;
	struct job jobs[100];
	struct message *rest = NULL;
	for (size_t i = 0; i < 100; i++)
		submit(f, &jobs[i], false);
	for (size_t i = 0; i < 100; i++) {
		struct job *j = next_done(f, &rest);
		assert_ptr_equal(j, &jobs[i]);
		assert_true(j->ran && !j->task.undone);
	}
	assert_int_equal(mapper_waiting(f->mapper), 0);
	assert_null(mapper_stop(f->mapper));
}

static void a_hanging_task_is_given_up_and_the_next_one_runs(void **state)
{
	struct fixture *f = *state;
	struct job stuck, next;
	struct message *rest = NULL, open = {0};
	void *job = NULL;
	submit(f, &stuck, true);
	submit(f, &next, false);
	int64_t begun = clock_mono_ms();
	assert_int_equal(look(f, &job), MAPPER_STUCK);
	assert_true(clock_mono_ms() - begun < 2000);
	assert_ptr_equal(job, &stuck);
	assert_ptr_equal(next_done(f, &rest), &next);
	/* It wakes up: nobody waits, it discards its task and ends. */
	mailbox_post(f->gate, &open);
	assert_ptr_equal(mailbox_wait(f->told, WAIT_MS), &stuck.task.message);
	assert_null(mapper_stop(f->mapper));
}

static void the_fourth_within_an_hour_is_too_many(void **state)
{
	struct fixture *f = *state;
	struct job stuck[4];
	struct message open[4] = {{0}};
	void *job = NULL;
	for (size_t i = 0; i < 4; i++) {
		submit(f, &stuck[i], true);
		assert_int_equal(look(f, &job),
				 i < 3 ? MAPPER_STUCK : MAPPER_SPENT);
		assert_ptr_equal(job, &stuck[i]);
		/* One message opens the gate for one thread. */
		mailbox_post(f->gate, &open[i]);
		assert_non_null(mailbox_wait(f->told, WAIT_MS));
	}
	assert_null(mapper_stop(f->mapper));
}

static void what_was_not_run_comes_back_undone(void **state)
{
	struct fixture *f = *state;
	struct job stuck, next;
	struct message *rest = NULL, open = {0};
	submit(f, &stuck, true);
	submit(f, &next, false);
	while (!__atomic_load_n(&stuck.ran, __ATOMIC_ACQUIRE))
		assert_null(mailbox_wait(f->told, 5));
	assert_ptr_equal(mapper_stop(f->mapper), &stuck);
	struct job *j = next_done(f, &rest);
	assert_ptr_equal(j, &next);
	assert_true(j->task.undone && !j->ran);
	mailbox_post(f->gate, &open);
	assert_non_null(mailbox_wait(f->told, WAIT_MS));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(tasks_come_back_in_order),
	    CASE(a_hanging_task_is_given_up_and_the_next_one_runs),
	    CASE(the_fourth_within_an_hour_is_too_many),
	    CASE(what_was_not_run_comes_back_undone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
