/* SPDX-License-Identifier: MIT */
/*
 * A thread with a mailbox. A message belongs to one thread at a time; posting
 * gives it away. The only user of pthread in the program.
 */
#ifndef LB_WORKER_H
#define LB_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leadbridge/err.h"

/* Embedded as the first member of whatever is sent. */
struct message {
	struct message *next;
	int kind;
};

/* Many writers, one reader. The reader sleeps either in mailbox_wait() or in
 * an event loop that watches mailbox_fd(). */
struct mailbox;

struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *m);
/* Any thread. Wakes the reader when the box was empty. */
void mailbox_post(struct mailbox *m, struct message *message);
/* A whole chain, first..last, in order, under one lock. */
void mailbox_post_chain(struct mailbox *m, struct message *first,
			struct message *last);
/* Reader: everything that is there, oldest first, or NULL. */
struct message *mailbox_take(struct mailbox *m);
/* Reader: sleeps until something is there, or timeout_ms (-1: for ever). */
struct message *mailbox_wait(struct mailbox *m, int64_t timeout_ms);
/* Readable while something is there; mailbox_take() makes it quiet again. */
int mailbox_fd(const struct mailbox *m);

struct worker;

/* Starts a thread that runs fn(ctx); name shows in ps and gdb. All signals are
 * blocked in it. */
LB_MUST_CHECK int worker_start(struct worker **w, const char *name,
			       void (*fn)(void *ctx), void *ctx,
			       struct err *err);
void worker_join(struct worker *w); /* waits, frees; NULL is fine */
/* Nobody will wait for it any more: it ends when fn returns, or never. fn must
 * have begun. */
void worker_abandon(struct worker *w);

/* The calling thread stands back behind the others of the process when there
 * are fewer processors than work. */
void worker_stand_back(void);

/* A lock for the few things that are shared (histograms, registries). */
struct lock;
struct lock *lock_new(void);
void lock_free(struct lock *l);
void lock_take(struct lock *l);
void lock_drop(struct lock *l);

/* Sign of life: the owner beats, the watchdog looks. */
struct heartbeat {
	_Atomic uint64_t beats;
	_Atomic bool asleep; /* waiting for work counts as alive */
};
void heartbeat_beat(struct heartbeat *h);
void heartbeat_sleep(struct heartbeat *h, bool asleep);

#endif
