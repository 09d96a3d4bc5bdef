/* SPDX-License-Identifier: MIT */
/*
 * See the header. The list of tasks and what each thread is doing are guarded
 * by one lock; the mailbox only wakes. What a thread has taken is its own: an
 * abandoned thread that comes to its senses sees that nobody waits for it,
 * discards its task and ends.
 */
#include "operate/mapper.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

enum { HOUR_MS = 3600 * 1000 };

struct bench { /* one thread; its own memory, so that it may outlive us */
	struct message ended; /* to mapper.ended, when it is not abandoned */
	struct mapper *mapper;
	struct worker *worker;
	struct mapper_task *task; /* being run */
	int64_t since_ms;
	bool abandoned;
};

struct mapper {
	struct lock *lock;
	struct mailbox *bell; /* wakes the thread */
	struct message bell_message;
	bool rung; /* bell_message is in the box */
	struct mailbox *done, *ended;
	int kind;
	struct mapper_task *first, *last;
	size_t waiting; /* loop thread: not back */
	bool stopping, orphaned;
	struct bench *bench;
	size_t abandoned; /* threads that still run */
	int64_t replaced_ms[MAPPER_REPLACEMENTS_MAX];
};

/* ---- the thread --------------------------------------------------------- */

/* The next task, or NULL; *end: nobody wants this thread any more. */
static struct mapper_task *next_task(struct bench *b, bool *end)
{
	struct mapper *m = b->mapper;
	struct mapper_task *task = NULL;
	lock_take(m->lock);
	*end = b->abandoned || m->stopping;
	if (!*end && m->first != NULL) {
		task = m->first;
		m->first = task->next;
		if (m->first == NULL)
			m->last = NULL;
		b->since_ms = clock_mono_ms();
	}
	b->task = task;
	lock_drop(m->lock);
	return task;
}

/* Whether somebody still waits for what was run. */
static bool finish_task(struct bench *b)
{
	lock_take(b->mapper->lock);
	bool wanted = !b->abandoned;
	b->task = NULL;
	lock_drop(b->mapper->lock);
	return wanted;
}

static void wait_for_bell(struct mapper *m)
{
	bool woken = mailbox_wait(m->bell, -1) != NULL;
	lock_take(m->lock);
	m->rung = m->rung && !woken;
	lock_drop(m->lock);
}

static void release(struct mapper *m)
{
	mailbox_free(m->bell);
	mailbox_free(m->ended);
	lock_free(m->lock);
	free(m);
}

static void leave(struct bench *b)
{
	struct mapper *m = b->mapper;
	lock_take(m->lock);
	bool abandoned = b->abandoned, last = false;
	if (abandoned)
		last = --m->abandoned == 0 && m->orphaned;
	else
		mailbox_post(m->ended, &b->ended);
	lock_drop(m->lock);
	if (abandoned)
		free(b);
	if (last)
		release(m);
}

static void work(void *ctx)
{
	struct bench *b = ctx;
	bool end = false;
	while (!end) {
		struct mapper_task *task = next_task(b, &end);
		if (task == NULL && !end)
			wait_for_bell(b->mapper);
		if (task == NULL)
			continue;
		task->run(task);
		if (finish_task(b))
			mailbox_post(b->mapper->done, &task->message);
		else
			task->discard(task);
	}
	leave(b);
}

/* ---- the loop ----------------------------------------------------------- */

static int start_thread(struct mapper *m, struct err *err)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	b->mapper = m;
	m->bench = b;
	int rc = worker_start(&b->worker, "lb-mapper", work, b, err);
	if (rc != 0) {
		free(b);
		m->bench = NULL;
	}
	return rc;
}

/* Under the lock. */
static void ring(struct mapper *m)
{
	if (!m->rung)
		mailbox_post(m->bell, &m->bell_message);
	m->rung = true;
}

int mapper_new(struct mapper **out, struct mailbox *done, int kind,
	       struct err *err)
{
	struct mapper *m = xcalloc(1, sizeof(*m));
	m->lock = lock_new();
	m->bell = mailbox_new();
	m->ended = mailbox_new();
	m->done = done;
	m->kind = kind;
	for (size_t i = 0; i < MAPPER_REPLACEMENTS_MAX; i++)
		m->replaced_ms[i] = INT64_MIN / 2;
	int rc = start_thread(m, err);
	if (rc == 0)
		*out = m;
	else
		mapper_free(m);
	return rc;
}

void mapper_submit(struct mapper *m, struct mapper_task *task)
{
	task->next = NULL;
	task->message.kind = m->kind;
	lock_take(m->lock);
	if (m->first == NULL)
		m->first = task;
	else
		m->last->next = task;
	m->last = task;
	m->waiting++;
	ring(m);
	lock_drop(m->lock);
}

size_t mapper_waiting(const struct mapper *m)
{
	return m->waiting;
}

void mapper_taken(struct mapper *m)
{
	m->waiting--;
}

/* Forgets the running thread if it has had its time. */
static bool give_up(struct mapper *m, int64_t now_ms, void **job)
{
	struct bench *b = m->bench;
	bool stuck = false;
	lock_take(m->lock);
	if (b != NULL && b->task != NULL &&
	    now_ms - b->since_ms > MAPPER_LIMIT_MS) {
		stuck = true;
		*job = b->task->job;
		b->abandoned = true;
		m->abandoned++;
		m->waiting--;
		/* It is inside run(), so it has begun. */
		worker_abandon(b->worker);
		m->bench = NULL;
	}
	lock_drop(m->lock);
	return stuck;
}

/* Whether another thread may take its place. */
static bool may_replace(struct mapper *m, int64_t now_ms)
{
	for (size_t i = 0; i < MAPPER_REPLACEMENTS_MAX; i++) {
		if (now_ms - m->replaced_ms[i] < HOUR_MS)
			continue;
		m->replaced_ms[i] = now_ms;
		return true;
	}
	return false;
}

enum mapper_state mapper_check(struct mapper *m, int64_t now_ms, void **job)
{
	struct err err;
	if (!give_up(m, now_ms, job))
		return MAPPER_FINE;
	if (!may_replace(m, now_ms) || start_thread(m, &err) != 0)
		return MAPPER_SPENT;
	return MAPPER_STUCK;
}

void *mapper_stop(struct mapper *m)
{
	void *job = NULL;
	lock_take(m->lock);
	m->stopping = true;
	ring(m);
	lock_drop(m->lock);
	while (m->bench != NULL &&
	       mailbox_wait(m->ended, MAPPER_LIMIT_MS) == NULL)
		(void)give_up(m, clock_mono_ms(), &job);
	if (m->bench != NULL) {
		worker_join(m->bench->worker);
		free(m->bench);
	}
	m->bench = NULL;
	struct mapper_task *next;
	for (struct mapper_task *task = m->first; task != NULL; task = next) {
		next = task->next;
		task->undone = true;
		mailbox_post(m->done, &task->message);
	}
	m->first = m->last = NULL;
	return job;
}

void mapper_free(struct mapper *m)
{
	if (m == NULL)
		return;
	lock_take(m->lock);
	bool alone = m->abandoned == 0;
	m->orphaned = true;
	lock_drop(m->lock);
	/* A stuck thread may still look at the lock; the last one releases, or
	 * the end of the process does. */
	if (alone)
		release(m);
}
