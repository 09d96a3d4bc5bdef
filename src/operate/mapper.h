/* SPDX-License-Identifier: MIT */
/*
 * The mapper thread: runs what has no limit of its own (jq programs), one task
 * after the other. The loop looks now and then whether the one that is running
 * takes too long: then its thread is abandoned with it and a new one goes on
 * with the next. Everything here is called on the loop thread.
 */
#ifndef LB_MAPPER_H
#define LB_MAPPER_H

#include <stdbool.h>

#include "base/worker.h"

enum {
	MAPPER_LIMIT_MS = 1000,      /* for one task */
	MAPPER_REPLACEMENTS_MAX = 3, /* threads abandoned within an hour */
};

/* Embedded first in what is sent. Belongs to the mapper until it comes back
 * through the mailbox, or for ever. */
struct mapper_task {
	struct message message;
	struct mapper_task *next;
	/* On the mapper thread. */
	void (*run)(struct mapper_task *task);
	/* Instead of coming back, on a thread that was abandoned; the job is
	 * not the task's any more. */
	void (*discard)(struct mapper_task *task);
	void *job;   /* the loop's, never looked at by the thread */
	bool undone; /* came back without having been run */
};

struct mapper;

/* Finished tasks are posted to `done` as messages of this kind. */
LB_MUST_CHECK int mapper_new(struct mapper **out, struct mailbox *done,
			     int kind, struct err *err);
/* Waits for the running task up to its limit; the others come back undone.
 * Returns the job of a task that was given up, or NULL. */
void *mapper_stop(struct mapper *m);
void mapper_free(struct mapper *m); /* stopped; NULL is fine */
void mapper_submit(struct mapper *m, struct mapper_task *task);
size_t mapper_waiting(const struct mapper *m); /* tasks that are not back */
void mapper_taken(struct mapper *m); /* one came back through the mailbox */

enum mapper_state {
	MAPPER_FINE,
	MAPPER_STUCK, /* *job was given up, the thread is replaced */
	MAPPER_SPENT, /* the same, and no thread is left: the process must end
		       */
};
enum mapper_state mapper_check(struct mapper *m, int64_t now_ms, void **job);

#endif
