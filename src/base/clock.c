/* SPDX-License-Identifier: MIT */
/* The only place that knows what time it is. Any thread. */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef LB_FAULTS
#	include <fcntl.h>
#	include <sys/mman.h>
#	include <unistd.h>
#endif

#include "leadbridge/err.h"

static int64_t frozen_wall = -1, frozen_mono = -1;

static int64_t read_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#ifdef LB_FAULTS
/* Wall and monotonic offset of LEADBRIDGE_CLOCK_FILE; mapped once. */
static const volatile int64_t *moved_by(void)
{
	static const volatile int64_t *shared;
	static const int64_t nothing[2];
	if (shared != NULL)
		return shared;
	const char *path = getenv("LEADBRIDGE_CLOCK_FILE");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;
	if (fd >= 0)
		map = mmap(NULL, sizeof(nothing), PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		(void)close(fd);
	shared = map != MAP_FAILED ? map : nothing;
	return shared;
}

static int64_t offset_ms(void)
{
	const char *text = getenv("LEADBRIDGE_CLOCK_OFFSET_MS");
	int64_t v;
	if (text != NULL && str_to_int(str_from(text), -INT64_C(1000000000000),
				       INT64_C(1000000000000), &v) == 0)
		return v + moved_by()[0];
	return moved_by()[0];
}

static int64_t mono_offset_ms(void)
{
	return moved_by()[1];
}
#else
static int64_t offset_ms(void)
{
	return 0;
}

static int64_t mono_offset_ms(void)
{
	return 0;
}
#endif

int64_t clock_wall_ms(void)
{
	if (frozen_wall >= 0)
		return frozen_wall;
	return read_us(CLOCK_REALTIME) / 1000 + offset_ms();
}

int64_t clock_mono_us(void)
{
	if (frozen_mono >= 0)
		return frozen_mono * 1000;
	return read_us(CLOCK_MONOTONIC) + mono_offset_ms() * 1000;
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

void clock_set_for_test(int64_t wall_ms, int64_t mono_ms)
{
	frozen_wall = wall_ms;
	frozen_mono = mono_ms;
}

int clock_local_minute(int64_t wall_ms)
{
	time_t s = wall_ms / 1000;
	struct tm tm;
	localtime_r(&s, &tm);
	return tm.tm_hour * 60 + tm.tm_min;
}

void clock_format(int64_t wall_ms, char out[CLOCK_TEXT])
{
	time_t s = wall_ms / 1000;
	int ms = (int)(wall_ms % 1000);
	if (ms < 0) {
		ms += 1000;
		s--;
	}
	struct tm tm;
	gmtime_r(&s, &tm);
	(void)!snprintf(out, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
			(unsigned)(tm.tm_year + 1900) % 10000u,
			(unsigned)(tm.tm_mon + 1) % 100u,
			(unsigned)tm.tm_mday % 100u,
			(unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
			(unsigned)tm.tm_sec % 100u, (unsigned)ms % 1000u);
}

static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed",
				   "Thu", "Fri", "Sat"};

void clock_format_http(int64_t wall_ms, char out[CLOCK_TEXT])
{
	time_t s = wall_ms / 1000;
	struct tm tm;
	gmtime_r(&s, &tm);
	(void)!snprintf(out, CLOCK_TEXT, "%s, %02u %s %04u %02u:%02u:%02u GMT",
			DAYS[tm.tm_wday % 7], (unsigned)tm.tm_mday % 100u,
			MONTHS[tm.tm_mon % 12],
			(unsigned)(tm.tm_year + 1900) % 10000u,
			(unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
			(unsigned)tm.tm_sec % 100u);
}

/* Exactly n digits at the start of *s, taken off it. */
static int take_digits(struct str *s, size_t n, int64_t max, int *out)
{
	int64_t v;
	if (s->n < n || s->p[0] == '-' ||
	    str_to_int(str_sub(*s, 0, n), 0, max, &v) != 0)
		return LB_EINVAL;
	*s = str_sub(*s, n, s->n);
	*out = (int)v;
	return 0;
}

static int take_char(struct str *s, const char *any)
{
	if (s->n == 0)
		return LB_EINVAL;
	for (; *any != '\0'; any++) {
		if (s->p[0] == *any) {
			*s = str_sub(*s, 1, s->n);
			return 0;
		}
	}
	return LB_EINVAL;
}

static int to_wall(struct tm *tm, int64_t *wall_ms)
{
	if (tm->tm_mday < 1 || tm->tm_mon < 0)
		return LB_EINVAL;
	int day = tm->tm_mday;
	int leap = tm->tm_sec == 60; /* must not push the day over */
	tm->tm_sec -= leap;
	time_t t = timegm(tm) + leap;
	if (tm->tm_mday != day) /* 31 February became March */
		return LB_EINVAL;
	*wall_ms = (int64_t)t * 1000;
	return 0;
}

static int take_time(struct str *s, struct tm *tm)
{
	if (take_digits(s, 2, 23, &tm->tm_hour) != 0 ||
	    take_char(s, ":") != 0 || take_digits(s, 2, 59, &tm->tm_min) != 0 ||
	    take_char(s, ":") != 0 || take_digits(s, 2, 60, &tm->tm_sec) != 0)
		return LB_EINVAL;
	return 0;
}

static int take_offset(struct str *s, int *minutes)
{
	*minutes = 0;
	if (take_char(s, "Zz") == 0)
		return 0;
	bool minus = s->n > 0 && s->p[0] == '-';
	int h, m;
	if (take_char(s, "+-") != 0 || take_digits(s, 2, 23, &h) != 0)
		return LB_EINVAL;
	(void)!take_char(s, ":");
	if (take_digits(s, 2, 59, &m) != 0)
		return LB_EINVAL;
	*minutes = (minus ? -1 : 1) * (h * 60 + m);
	return 0;
}

int clock_parse(struct str s, int64_t *wall_ms)
{
	struct tm tm = {0};
	int fraction = 0, offset;
	if (take_digits(&s, 4, 9999, &tm.tm_year) != 0 ||
	    take_char(&s, "-") != 0 ||
	    take_digits(&s, 2, 12, &tm.tm_mon) != 0 ||
	    take_char(&s, "-") != 0 ||
	    take_digits(&s, 2, 31, &tm.tm_mday) != 0 ||
	    take_char(&s, "Tt ") != 0 || take_time(&s, &tm) != 0)
		return LB_EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (take_char(&s, ".") == 0) {
		int scale = 100;
		if (s.n == 0 || s.p[0] < '0' || s.p[0] > '9')
			return LB_EINVAL;
		for (; s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
		     s = str_sub(s, 1, s.n), scale /= 10)
			fraction += (s.p[0] - '0') * scale;
	}
	int64_t at;
	if (take_offset(&s, &offset) != 0 || s.n != 0 || to_wall(&tm, &at) != 0)
		return LB_EINVAL;
	*wall_ms = at + fraction - (int64_t)offset * 60000;
	return 0;
}

static int take_month(struct str *s, int *month)
{
	for (int i = 0; i < 12; i++) {
		if (str_starts(*s, str_from(MONTHS[i]))) {
			*s = str_sub(*s, 3, s->n);
			*month = i;
			return 0;
		}
	}
	return LB_EINVAL;
}

/* "06 Nov 1994 08:49:37 GMT" or "06-Nov-94 08:49:37 GMT" */
static int parse_after_day(struct str s, struct tm *tm)
{
	const char *sep = s.n > 2 && s.p[2] == '-' ? "-" : " ";
	if (take_digits(&s, 2, 31, &tm->tm_mday) != 0 ||
	    take_char(&s, sep) != 0 || take_month(&s, &tm->tm_mon) != 0 ||
	    take_char(&s, sep) != 0)
		return LB_EINVAL;
	if (sep[0] == '-') {
		if (take_digits(&s, 2, 99, &tm->tm_year) != 0)
			return LB_EINVAL;
		if (tm->tm_year < 70)
			tm->tm_year += 100;
	} else {
		if (take_digits(&s, 4, 9999, &tm->tm_year) != 0)
			return LB_EINVAL;
		tm->tm_year -= 1900;
	}
	if (take_char(&s, " ") != 0 || take_time(&s, tm) != 0)
		return LB_EINVAL;
	return str_eq(s, STR(" GMT")) ? 0 : LB_EINVAL;
}

/* "Sun Nov  6 08:49:37 1994" */
static int parse_asctime(struct str s, struct tm *tm)
{
	if (s.n != 24)
		return LB_EINVAL;
	s = str_sub(s, 4, s.n);
	if (take_month(&s, &tm->tm_mon) != 0 || take_char(&s, " ") != 0)
		return LB_EINVAL;
	size_t digits = take_char(&s, " ") == 0 ? 1 : 2;
	if (take_digits(&s, digits, 31, &tm->tm_mday) != 0 ||
	    take_char(&s, " ") != 0 || take_time(&s, tm) != 0 ||
	    take_char(&s, " ") != 0 ||
	    take_digits(&s, 4, 9999, &tm->tm_year) != 0 || s.n != 0)
		return LB_EINVAL;
	tm->tm_year -= 1900;
	return 0;
}

int clock_parse_http(struct str text, int64_t *wall_ms)
{
	struct tm tm = {0};
	struct str rest;
	(void)str_cut(text, ',', &rest);
	int rc;
	if (rest.p != NULL)
		rc = parse_after_day(str_trim(rest), &tm);
	else
		rc = parse_asctime(text, &tm);
	return rc != 0 ? rc : to_wall(&tm, wall_ms);
}
