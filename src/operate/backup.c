/* SPDX-License-Identifier: MIT */
/* Makes a backup; see the header. */
#include "operate/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "queue/store.h"

enum backup_state { STATE_NONE, STATE_RUNNING, STATE_DONE, STATE_FAILED };

struct backup {
	struct worker *worker;
	char *store, *path, *part;
	bool force;
	const struct store_ops *ops;
	_Atomic int state; /* what follows is the thread's while it runs */
	struct err err;
	int64_t bytes;
};

struct backup *backup_new(void)
{
	return xcalloc(1, sizeof(struct backup));
}

static void clear(struct backup *b)
{
	worker_join(b->worker);
	b->worker = NULL;
	free(b->store);
	free(b->path);
	free(b->part);
	b->store = b->path = b->part = NULL;
	b->err = (struct err){0};
	b->bytes = 0;
}

void backup_free(struct backup *b)
{
	if (b == NULL)
		return;
	clear(b);
	free(b);
}

/* ---- its thread --------------------------------------------------------- */

static int sync_folder(const char *path, struct err *err)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 ? fsync(fd) : -1;
	if (rc != 0)
		rc = err_set(err, LB_ESYSTEM, "cannot sync its folder: %s",
			     strerror(errno));
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

/* link() instead of rename() where nothing may be replaced: what appeared
 * there meanwhile stays. */
static int move_in(struct backup *b, struct err *err)
{
	int rc = b->force ? rename(b->part, b->path) : link(b->part, b->path);
	if (rc != 0)
		return err_set(err, LB_ESYSTEM, "cannot make '%s': %s", b->path,
			       strerror(errno));
	if (!b->force)
		(void)unlink(b->part);
	return sync_folder(b->path, err);
}

static void run(void *ctx)
{
	struct backup *b = ctx;
	struct stat st;
	int rc = b->ops->backup(b->store, b->part, &b->err);
	if (rc == 0)
		rc = move_in(b, &b->err);
	if (rc == 0 && stat(b->path, &st) == 0)
		b->bytes = (int64_t)st.st_size;
	if (rc != 0) {
		(void)unlink(b->part);
		log_error("backup_failed", "path=\"%s\" problem=\"%s\"",
			  b->path, b->err.text);
	} else {
		log_info("backup_made", "path=\"%s\" bytes=%lld", b->path,
			 (long long)b->bytes);
	}
	b->state = rc == 0 ? STATE_DONE : STATE_FAILED;
}

/* ---- what may be written over ------------------------------------------- */

/* Whether it is the store itself: that file must not even be opened here. */
static bool is_store(const char *store, const struct stat *st)
{
	static const char *const tails[] = {"",      "-wal",     "-shm",
					    ".lock", ".reserve", NULL};
	for (size_t i = 0; tails[i] != NULL; i++) {
		struct stat own;
		char *path = xasprintf("%s%s", store, tails[i]);
		bool same = stat(path, &own) == 0 && own.st_dev == st->st_dev &&
			    own.st_ino == st->st_ino;
		free(path);
		if (same)
			return true;
	}
	return false;
}

/* SQLite's header: its name, and at 68 the id of our stores. */
static bool is_backup(const char *path)
{
	unsigned char head[72];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : -1;
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof(head) &&
	       memcmp(head, "SQLite format 3", 16) == 0 &&
	       memcmp(head + 68, "LBM1", 4) == 0;
}

static int check_target(const char *store, const char *path, bool force,
			struct err *err)
{
	struct stat st;
	if (path[0] != '/')
		return err_set(err, LB_EINVAL, "the path is not absolute");
	if (lstat(path, &st) != 0)
		return errno == ENOENT
			   ? 0
			   : err_set(err, LB_EDENIED, "cannot look at '%s': %s",
				     path, strerror(errno));
	if (is_store(store, &st))
		return err_set(err, LB_EDENIED, "that is the store itself");
	if (!force)
		return err_set(err, LB_EDENIED,
			       "'%s' exists (--force replaces a backup)", path);
	if (!S_ISREG(st.st_mode) || !is_backup(path))
		return err_set(err, LB_EDENIED,
			       "'%s' is no backup: it is left alone", path);
	return 0;
}

int backup_start(struct backup *b, struct road *r, const char *path, bool force,
		 struct err *err)
{
	const struct store_config *c = &r->config->store;
	struct stat st;
	if (b->state == STATE_RUNNING)
		return err_set(err, LB_EBUSY, "a backup is being made");
	int rc = check_target(c->path, path, force, err);
	if (rc != 0)
		return rc;
	clear(b);
	b->ops = store_find(c->backend);
	b->store = xstrdup(c->path);
	b->path = xstrdup(path);
	b->part = xasprintf("%s.part", path);
	b->force = force;
	if (lstat(b->part, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_size == 0 || is_backup(b->part)))
		(void)unlink(b->part); /* of one that was cut short */
	b->state = STATE_RUNNING;
	rc = worker_start(&b->worker, "lb-backup", run, b, err);
	if (rc != 0)
		b->state = STATE_FAILED;
	return rc;
}

void backup_show(struct backup *b, struct buf *out)
{
	static const char *const words[] = {
	    [STATE_NONE] = "none",
	    [STATE_RUNNING] = "running",
	    [STATE_DONE] = "done",
	    [STATE_FAILED] = "failed",
	};
	int state = b->state;
	struct stat st;
	int64_t bytes = state == STATE_RUNNING ? 0 : b->bytes, of = 0;
	if (state == STATE_RUNNING && stat(b->part, &st) == 0)
		bytes = (int64_t)st.st_size;
	if (b->store != NULL && stat(b->store, &st) == 0)
		of = (int64_t)st.st_size;
	buf_addf(out, "{\"state\":\"%s\",\"bytes\":%lld,\"of\":%lld",
		 words[state], (long long)bytes, (long long)of);
	if (state == STATE_FAILED) {
		buf_add_str(out, STR(",\"error\":"));
		buf_add_json(out, str_from(b->err.text));
	}
	buf_addf(out, "}\n");
}
