/* SPDX-License-Identifier: MIT */
/* The reserve file and the low-water mark; see the header. */
#include "queue/space.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

void space_init(struct space *s, const struct store_config *config)
{
	char *path = xstrdup(config->path);
	*s = (struct space){.reserve = config->reserve,
			    .low_water = config->low_water};
	s->path = xasprintf("%s.reserve", config->path);
	s->folder = xstrdup(dirname(path));
	free(path);
	struct stat st;
	if (s->reserve == 0)
		(void)unlink(s->path); /* of an earlier configuration */
	/* One that was cut short, or is of another size, is built anew. */
	if (stat(s->path, &st) == 0 && st.st_size == s->reserve &&
	    (int64_t)st.st_blocks * 512 >= s->reserve)
		s->reserved = true;
}

void space_release(struct space *s)
{
	free(s->path);
	free(s->folder);
	*s = (struct space){0};
}

static int64_t capped(int64_t wanted, int64_t all, int64_t part)
{
	return wanted < all / part ? wanted : all / part;
}

/* Real blocks: a sparse file would keep nothing free. */
static bool build(struct space *s, int64_t size)
{
	(void)unlink(s->path);
	int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	int rc = posix_fallocate(fd, 0, (off_t)size);
	if (close(fd) != 0 || rc != 0) {
		(void)unlink(s->path);
		return false;
	}
	return true;
}

bool space_is_enough(struct space *s)
{
	struct statvfs fs;
	if (statvfs(s->folder, &fs) != 0)
		return s->reserved; /* nothing is known: writing will tell */
	int64_t unit = (int64_t)fs.f_frsize;
	int64_t all = (int64_t)fs.f_blocks * unit;
	int64_t room = (int64_t)fs.f_bavail * unit;
	int64_t low = capped(s->low_water, all, 16);
	int64_t reserve = capped(s->reserve, all, 8);
	if (room < low)
		return false;
	if (s->reserved || reserve == 0)
		return true;
	if (room < low + reserve)
		return false;
	s->reserved = build(s, reserve);
	return s->reserved;
}

bool space_give_up(struct space *s)
{
	if (!s->reserved)
		return false;
	s->reserved = false;
	if (unlink(s->path) != 0)
		log_error("reserve_stuck", "error=\"%s\"", strerror(errno));
	return true;
}
