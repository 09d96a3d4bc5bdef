/* SPDX-License-Identifier: MIT */
/* Threads and mailboxes; see the header. */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

enum { STAND_BACK = 5 }; /* niceness */

struct mailbox {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct message *first, *last;
	int fd;       /* -1 until somebody asks for it */
	bool waiting; /* the reader sleeps on the condition */
};

struct mailbox *mailbox_new(void)
{
	struct mailbox *m = xcalloc(1, sizeof(*m));
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->filled, &attr);
	pthread_condattr_destroy(&attr);
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	lb_assert(m->fd >= 0);
	return m;
}

void mailbox_free(struct mailbox *m)
{
	if (m == NULL)
		return;
	close(m->fd);
	pthread_cond_destroy(&m->filled);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void mailbox_post(struct mailbox *m, struct message *message)
{
	mailbox_post_chain(m, message, message);
}

void mailbox_post_chain(struct mailbox *m, struct message *first,
			struct message *last)
{
	last->next = NULL;
	pthread_mutex_lock(&m->lock);
	bool was_empty = m->first == NULL;
	if (was_empty)
		m->first = first;
	else
		m->last->next = first;
	m->last = last;
	bool wake_cond = m->waiting;
	pthread_mutex_unlock(&m->lock);
	if (wake_cond)
		pthread_cond_signal(&m->filled);
	else if (was_empty)
		(void)!write(m->fd, &(uint64_t){1}, sizeof(uint64_t));
}

static struct message *take_locked(struct mailbox *m)
{
	struct message *first = m->first;
	m->first = m->last = NULL;
	return first;
}

struct message *mailbox_take(struct mailbox *m)
{
	uint64_t count;
	/* Quiet first: a post after the take must find it quiet. */
	(void)!read(m->fd, &count, sizeof(count));
	pthread_mutex_lock(&m->lock);
	struct message *first = take_locked(m);
	pthread_mutex_unlock(&m->lock);
	return first;
}

static struct timespec deadline(int64_t timeout_ms)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += timeout_ms / 1000;
	at.tv_nsec += (timeout_ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

struct message *mailbox_wait(struct mailbox *m, int64_t timeout_ms)
{
	struct timespec until = deadline(timeout_ms > 0 ? timeout_ms : 0);
	pthread_mutex_lock(&m->lock);
	m->waiting = true;
	while (m->first == NULL) {
		if (timeout_ms < 0)
			pthread_cond_wait(&m->filled, &m->lock);
		else if (pthread_cond_timedwait(&m->filled, &m->lock, &until) ==
			 ETIMEDOUT)
			break;
	}
	m->waiting = false;
	struct message *first = take_locked(m);
	pthread_mutex_unlock(&m->lock);
	return first;
}

int mailbox_fd(const struct mailbox *m)
{
	return m->fd;
}

struct worker {
	pthread_t thread;
	void (*fn)(void *ctx);
	void *ctx;
};

static void *run(void *p)
{
	struct worker *w = p;
	w->fn(w->ctx);
	return NULL;
}

int worker_start(struct worker **out, const char *name, void (*fn)(void *ctx),
		 void *ctx, struct err *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	w->fn = fn;
	w->ctx = ctx;
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0) {
		free(w);
		return err_set(err, LB_ESYSTEM, "cannot start thread '%s': %s",
			       name, strerror(rc));
	}
	pthread_setname_np(w->thread, name);
	*out = w;
	return 0;
}

void worker_stand_back(void)
{
	/* On Linux a thread has a niceness of its own. Where that is forbidden
	 * things are slower under load, and not wrong. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), STAND_BACK);
}

void worker_join(struct worker *w)
{
	if (w == NULL)
		return;
	pthread_join(w->thread, NULL);
	free(w);
}

void worker_abandon(struct worker *w)
{
	pthread_detach(w->thread);
	free(w);
}

struct lock {
	pthread_mutex_t mutex;
};

struct lock *lock_new(void)
{
	struct lock *l = xcalloc(1, sizeof(*l));
	pthread_mutex_init(&l->mutex, NULL);
	return l;
}

void lock_free(struct lock *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->mutex);
	free(l);
}

void lock_take(struct lock *l)
{
	pthread_mutex_lock(&l->mutex);
}

void lock_drop(struct lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}

void heartbeat_beat(struct heartbeat *h)
{
	h->beats++;
}

void heartbeat_sleep(struct heartbeat *h, bool asleep)
{
	h->asleep = asleep;
	if (!asleep)
		heartbeat_beat(h);
}
