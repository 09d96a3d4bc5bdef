/* SPDX-License-Identifier: MIT */
/* The metrics log; see the header. */
#include "operate/reporter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { LINE_MAX_BYTES = 8 << 20 };

struct reporter {
	struct road *road;
	struct loop_timer *timer;
	int64_t interval_ms;
	int fd;
	bool broken; /* said once, until a line goes out again */
	bool torn;   /* the last line is there in part */
};

static int64_t resident_bytes(void)
{
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	struct str rest, pages;
	(void)str_cut((struct str){text, (size_t)n}, ' ', &rest);
	pages = str_cut(rest, ' ', &rest);
	int64_t v;
	if (str_to_int(pages, 0, INT64_C(1) << 40, &v) != 0)
		return 0;
	return v * sysconf(_SC_PAGESIZE);
}

void road_inputs(struct road *r, struct metrics_inputs *in)
{
	*in = (struct metrics_inputs){
	    .now_ms = clock_wall_ms(),
	    .uptime_s = (clock_mono_ms() - r->started_ms) / 1000,
	    .rss_bytes = resident_bytes(),
	    .config = r->config,
	    .alarms = r->alarms,
	};
	struct queue_backlog *backlog = NULL;
	struct destination_status *status = NULL;
	queue_gauges(r->queue, &in->gauges);
	queue_backlog(r->queue, &backlog, &in->n_backlog);
	delivery_status(r->delivery, &status, &in->n_status);
	in->backlog = backlog;
	in->status = status;
}

void road_inputs_release(struct metrics_inputs *in)
{
	free((void *)(uintptr_t)in->backlog);
	free((void *)(uintptr_t)in->status);
}

/* Never waits: a reader of our stdout that stands still must not stop the
 * loop. What a ready pipe surely takes is PIPE_BUF. */
static bool write_some(struct reporter *p, struct str s)
{
	size_t done = 0;
	while (done < s.n) {
		struct pollfd ready = {.fd = p->fd, .events = POLLOUT};
		size_t n = s.n - done < PIPE_BUF ? s.n - done : PIPE_BUF;
		errno = EAGAIN;
		ssize_t written =
		    poll(&ready, 1, 0) == 1 ? write(p->fd, s.p + done, n) : -1;
		if (written <= 0)
			break;
		done += (size_t)written;
	}
	p->torn = done > 0 && done < s.n;
	return done == s.n;
}

static void write_line(struct reporter *p)
{
	struct metrics_inputs in;
	struct buf line;
	buf_init(&line, LINE_MAX_BYTES);
	if (p->torn)
		buf_add_char(&line, '\n');
	road_inputs(p->road, &in);
	metrics_line(p->road->metrics, &in, &line);
	road_inputs_release(&in);
	buf_add_char(&line, '\n');
	bool ok = !line.over && p->fd >= 0 && write_some(p, buf_str(&line));
	buf_release(&line);
	if (!ok && !p->broken)
		log_warn("metrics_log_failed", "error=\"%s\"",
			 errno != 0 ? strerrordesc_np(errno) : "line too long");
	p->broken = !ok;
}

static void on_timer(void *ctx)
{
	write_line(ctx);
}

static int open_log(struct reporter *p, struct err *err)
{
	const char *path = p->road->config->metrics_log;
	int fd;
	if (strcmp(path, "stdout") == 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd =
		    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_set(err, LB_ESYSTEM,
			       "cannot open metrics log '%s': %s", path,
			       strerrordesc_np(errno));
	if (p->fd >= 0)
		close(p->fd);
	p->fd = fd;
	return 0;
}

int reporter_new(struct reporter **out, struct road *r, struct err *err)
{
	struct reporter *p = xcalloc(1, sizeof(*p));
	p->road = r;
	p->fd = -1;
	int rc = open_log(p, err);
	if (rc != 0) {
		free(p);
		return rc;
	}
	p->timer = loop_timer_new(r->loop, on_timer, p);
	p->interval_ms = r->config->metrics_interval_ms;
	loop_timer_every(p->timer, p->interval_ms);
	*out = p;
	return 0;
}

int reporter_reopen(struct reporter *p, struct err *err)
{
	int rc = open_log(p, err);
	/* Anew only when it changed: reloads in a row must not keep the next
	 * line from being written. */
	int64_t interval = p->road->config->metrics_interval_ms;
	if (interval != p->interval_ms)
		loop_timer_every(p->timer, interval);
	p->interval_ms = interval;
	return rc;
}

void reporter_free(struct reporter *p)
{
	if (p == NULL)
		return;
	write_line(p);
	loop_timer_free(p->timer);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}
