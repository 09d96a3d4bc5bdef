/* SPDX-License-Identifier: MIT */
/*
 * Runs a program for an alarm: no shell, a clean environment, text on its
 * standard input, its output discarded, a deadline for it and its children.
 * The text fits into the pipe, so writing it never waits. Thread of the sender.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "operate/alarms_send.h"

enum { LOOK_MS = 50, PIPE_BYTES = 64 * 1024 };

struct command {
	struct loop *loop;
	struct loop_timer *timer;
	command_cb cb;
	void *ctx;
	pid_t pid; /* 0: nothing runs; leads a process group of its own */
	int64_t until_ms;
	bool late;
};

static void on_look(void *ctx)
{
	struct command *c = ctx;
	char why[64] = "";
	int status;
	pid_t done = waitpid(c->pid, &status, WNOHANG);
	if (done == 0) {
		if (!c->late && clock_mono_ms() >= c->until_ms) {
			c->late = true;
			(void)kill(-c->pid, SIGKILL);
		}
		loop_timer_arm(c->timer, LOOK_MS);
		return;
	}
	bool ok = done > 0 && !c->late && WIFEXITED(status) &&
		  WEXITSTATUS(status) == 0;
	if (c->late)
		(void)!snprintf(why, sizeof(why), "took too long");
	else if (done > 0 && WIFEXITED(status) && !ok)
		(void)!snprintf(why, sizeof(why), "status %d",
				WEXITSTATUS(status));
	else if (done > 0 && !ok)
		(void)!snprintf(why, sizeof(why), "signal %d",
				WTERMSIG(status));
	c->pid = 0;
	c->cb(c->ctx, ok, why);
}

struct command *command_new(struct loop *loop, command_cb cb, void *ctx)
{
	struct command *c = xcalloc(1, sizeof(*c));
	c->loop = loop;
	c->cb = cb;
	c->ctx = ctx;
	c->timer = loop_timer_new(loop, on_look, c);
	return c;
}

void command_free(struct command *c)
{
	if (c == NULL)
		return;
	if (c->pid > 0) {
		(void)kill(-c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
	}
	loop_timer_free(c->timer);
	free(c);
}

/* Ends of a pipe that already holds the text. */
static int full_pipe(struct str text, int fds[2], struct err *err)
{
	if (text.n > PIPE_BYTES)
		text.n = PIPE_BYTES;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_set(err, LB_ESYSTEM, "no pipe: %s",
			       strerrordesc_np(errno));
	if (write(fds[1], text.p, text.n) != (ssize_t)text.n) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return err_set(err, LB_ESYSTEM, "the pipe is too small");
	}
	/* The reader may wait for more, but there is none. */
	(void)fcntl(fds[0], F_SETFL, 0);
	(void)close(fds[1]);
	return 0;
}

/* As a program started by hand finds them. */
static void set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, usual;
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGTERM);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGHUP);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &usual);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
					   POSIX_SPAWN_SETSIGDEF |
					   POSIX_SPAWN_SETPGROUP);
}

/* Our environment may hold secrets (env:NAME). */
static char *const environment[] = {
    (char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    (char *)(uintptr_t) "LANG=C.UTF-8", NULL};

int command_run(struct command *c, char *const *argv, struct str text,
		int64_t timeout_ms, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int fds[2];
	if (c->pid != 0)
		return err_set(err, LB_EBUSY, "one runs already");
	int rc = full_pipe(text, fds, err);
	if (rc != 0)
		return rc;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	set_signals(&attr);
	posix_spawn_file_actions_adddup2(&actions, fds[0], 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	int failed =
	    posix_spawn(&c->pid, argv[0], &actions, &attr, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	(void)close(fds[0]);
	if (failed != 0) {
		c->pid = 0;
		return err_set(err, LB_ESYSTEM, "cannot run '%s': %s", argv[0],
			       strerrordesc_np(failed));
	}
	c->late = false;
	c->until_ms = clock_mono_ms() + timeout_ms;
	loop_timer_arm(c->timer, LOOK_MS);
	return 0;
}
