/* SPDX-License-Identifier: MIT */
/*
 * Log lines to stderr: key=value with <N> priorities, or JSON. One write per
 * line; when stderr would block the line is dropped and counted.
 */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "leadbridge/buf.h"

enum { LINE_MAX_BYTES = 2048 };

/* A reload sets them while other threads log. */
static _Atomic enum log_level threshold = LOG_INFO;
static _Atomic bool as_json;
static _Atomic uint64_t dropped;

void log_setup(enum log_level level, bool json)
{
	threshold = level;
	as_json = json;
}

bool log_enabled(enum log_level level)
{
	return level <= threshold;
}

uint64_t log_dropped(void)
{
	return dropped;
}

static const char *const NAMES[] = {"error", "warn", "info", "debug"};
static const char *const PRIORITIES[] = {"<3>", "<4>", "<6>", "<7>"};

/* Control characters could forge a second line. */
static void clean(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = '?';
}

/* One "key=value" or key="value" of text as a JSON member; returns the rest. */
static struct str add_member(struct buf *b, struct str text)
{
	struct str rest;
	struct str key = str_cut(text, '=', &rest);
	if (rest.p == NULL)
		return STR_NONE;
	struct str value;
	if (rest.n > 0 && rest.p[0] == '"') {
		value = str_cut(str_sub(rest, 1, rest.n), '"', &rest);
		if (rest.n > 0 && rest.p[0] == ' ')
			rest = str_sub(rest, 1, rest.n);
	} else {
		value = str_cut(rest, ' ', &rest);
	}
	buf_add_char(b, ',');
	buf_add_json(b, key);
	buf_add_char(b, ':');
	buf_add_json(b, value);
	return rest;
}

static void format_json(struct buf *b, enum log_level level, const char *event,
			struct str pairs)
{
	char at[CLOCK_TEXT];
	clock_format(clock_wall_ms(), at);
	buf_addf(b, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", at,
		 NAMES[level], event);
	while (pairs.n > 0)
		pairs = add_member(b, pairs);
	buf_add(b, "}\n", 2);
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
	if (!log_enabled(level))
		return;
	char pairs[LINE_MAX_BYTES];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(pairs, sizeof(pairs), format, ap);
	va_end(ap);
	if (n < 0)
		return;
	struct str text = {
	    pairs, (size_t)n < sizeof(pairs) ? (size_t)n : sizeof(pairs) - 1};
	clean(pairs, text.n);
	struct buf line;
	buf_init(&line, (size_t)LINE_MAX_BYTES * 2);
	if (as_json)
		format_json(&line, level, event, text);
	else
		buf_addf(&line, "%s%s %.*s\n", PRIORITIES[level], event,
			 STR_FMT(text));
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
	if (poll(&ready, 1, 0) != 1 ||
	    write(STDERR_FILENO, line.p, line.n) != (ssize_t)line.n)
		dropped++;
	buf_release(&line);
}
