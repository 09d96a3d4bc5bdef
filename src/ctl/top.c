/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl top: what the daemon does, live. Asks every interval, shows
 * what changed since, leaves the terminal as it found it. What is shown are
 * counts and configured names: nothing that identifies a person.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/ctl.h"
#include "leadbridge/buf.h"

enum { FRAME_MAX = 256 << 10, INTERVAL_MS = 2000 };

struct frame { /* one look at the daemon */
	struct json_object *status, *sources;
	int64_t at_ms; /* monotonic */
};

struct top {
	struct ctl *ctl;
	struct frame now, before;
	int64_t interval_ms;
	bool screen; /* a terminal is drawn on */
	int rows, columns;
	struct termios saved;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* ---- the terminal ------------------------------------------------------- */

static void screen_open(struct top *t)
{
	struct termios raw;
	t->screen = tcgetattr(STDIN_FILENO, &t->saved) == 0;
	if (!t->screen)
		return;
	raw = t->saved;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	/* Another screen, no cursor. */
	(void)fputs("\033[?1049h\033[?25l", stdout);
}

static void screen_close(const struct top *t)
{
	if (!t->screen)
		return;
	(void)fputs("\033[?25h\033[?1049l", stdout);
	(void)fflush(stdout);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->saved);
}

static void measure(struct top *t)
{
	struct winsize size = {0};
	t->rows = 1000;
	t->columns = 200;
	if (t->screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_row > 0) {
		t->rows = size.ws_row;
		t->columns = size.ws_col;
	}
}

/* Waits out the interval; true: whoever watches has had enough. */
static bool wait_or_quit(const struct top *t)
{
	struct pollfd in = {.fd = t->screen ? STDIN_FILENO : -1,
			    .events = POLLIN};
	char key = 0;
	int n = poll(&in, 1, (int)t->interval_ms);
	if (ended)
		return true;
	return n > 0 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' ||
			 key == 'Q' || key == 3);
}

/* ---- asking ------------------------------------------------------------- */

static void frame_release(struct frame *f)
{
	json_object_put(f->status);
	json_object_put(f->sources);
	*f = (struct frame){0};
}

static int look(struct top *t)
{
	struct frame f = {.at_ms = clock_mono_ms()};
	int rc = ctl_call(t->ctl, "GET", "/api/v1/status", &f.status);
	if (rc == CTL_DONE)
		rc = ctl_call(t->ctl, "GET", "/api/v1/sources", &f.sources);
	if (rc != CTL_DONE) {
		frame_release(&f);
		return rc;
	}
	frame_release(&t->before);
	t->before = t->now;
	t->now = f;
	return rc;
}

static struct json_object *member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;
	(void)json_object_object_get_ex(o, name, &v);
	return v;
}

static struct json_object *named(struct json_object *list, const char *name)
{
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		if (strcmp(ctl_text(o, "name"), name) == 0)
			return o;
	}
	return NULL;
}

/* Of a counter, per minute since the look before; -1: not known yet. */
static double rate(const struct top *t, struct json_object *now,
		   struct json_object *before, const char *name)
{
	int64_t ms = t->now.at_ms - t->before.at_ms;
	int64_t n = ctl_number(now, name) - ctl_number(before, name);
	if (before == NULL || ms <= 0 || n < 0)
		return -1;
	return (double)n * 60000.0 / (double)ms;
}

/* ---- drawing ------------------------------------------------------------ */

static void add_rate(struct buf *b, double per_minute)
{
	if (per_minute < 0)
		buf_addf(b, " %9s", "-");
	else if (per_minute < 10)
		buf_addf(b, " %9.1f", per_minute);
	else
		buf_addf(b, " %9.0f", per_minute);
}

static void add_head(struct buf *b, const struct top *t)
{
	struct json_object *s = t->now.status, *ledger = member(s, "ledger");
	struct json_object *before = member(t->before.status, "ledger");
	int64_t up = ctl_number(s, "uptime_s");
	buf_addf(
	    b,
	    "leadbridged %s, up %" PRId64 "d %02" PRId64 ":%02" PRId64
	    ", %s, %" PRId64 " MB, %" PRId64 " connections\n",
	    ctl_text(s, "version"), up / 86400, up / 3600 % 24, up / 60 % 60,
	    strcmp(ctl_text(s, "ready"), "true") == 0
		? "ready"
		: "NOT READY: nothing can be stored",
	    ctl_number(s, "rss_bytes") >> 20, ctl_number(s, "connections"));
	buf_addf(b, "accepted/min");
	add_rate(b, rate(t, ledger, before, "accepted"));
	buf_addf(b, "   delivered/min");
	add_rate(b, rate(t, ledger, before, "delivered"));
	buf_addf(b, "   repeated/min");
	add_rate(b, rate(t, ledger, before, "duplicates"));
	buf_addf(b,
		 "\nwaiting %" PRId64 "   parked %" PRId64
		 "   fetching %" PRId64 "   dead %" PRId64
		 "   quarantined %" PRId64 "   ledger difference %" PRId64
		 "\n\n",
		 ctl_number(ledger, "waiting"), ctl_number(ledger, "parked"),
		 ctl_number(ledger, "fetching"), ctl_number(ledger, "dead"),
		 ctl_number(ledger, "quarantined"),
		 ctl_number(ledger, "difference"));
}

static void add_destinations(struct buf *b, const struct top *t)
{
	struct json_object *list = member(t->now.status, "destinations");
	struct json_object *before = member(t->before.status, "destinations");
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	buf_addf(b, "%-20s %-8s %8s %8s %9s %6s %9s  %s\n", "DESTINATION", "IS",
		 "WAITING", "SENDING", "SENT/MIN", "DEAD", "TOKENS", "WHY");
	for (size_t i = 0; i < n; i++) {
		struct json_object *d = json_object_array_get_idx(list, i);
		const char *name = ctl_text(d, "name");
		buf_addf(b, "%-20.20s %-8s %8" PRId64 " %8" PRId64, name,
			 ctl_text(d, "condition"), ctl_number(d, "waiting"),
			 ctl_number(d, "sending"));
		add_rate(b, rate(t, d, named(before, name), "delivered"));
		buf_addf(b, " %6" PRId64, ctl_number(d, "dead"));
		if (ctl_number(d, "tokens_left") >= 0)
			buf_addf(b, " %9" PRId64, ctl_number(d, "tokens_left"));
		else
			buf_addf(b, " %9s", "-");
		buf_addf(b, "  %s\n", ctl_text(d, "reason"));
	}
	buf_add_char(b, '\n');
}

static void add_sources(struct buf *b, const struct top *t)
{
	struct json_object *list = member(t->now.sources, "sources");
	struct json_object *before = member(t->before.sources, "sources");
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	buf_addf(b, "%-20s %-17s %8s %9s %9s %9s\n", "SOURCE", "PLATFORM",
		 "LAST", "LEADS/MIN", "REPEATED", "REFUSED");
	for (size_t i = 0; i < n; i++) {
		struct json_object *s = json_object_array_get_idx(list, i);
		const char *name = ctl_text(s, "name");
		char last[CTL_AGE_TEXT];
		ctl_age(s, last);
		buf_addf(b, "%-20.20s %-17.17s %8s", name,
			 ctl_text(s, "platform"), last);
		add_rate(b, rate(t, s, named(before, name), "accepted"));
		buf_addf(b, " %9" PRId64 " %9" PRId64 "\n",
			 ctl_number(s, "duplicates"),
			 ctl_number(s, "rejected"));
	}
}

/* Lines are cut at the width, the page at the height. */
static void show(const struct top *t, struct str text)
{
	int row = 0;
	if (t->screen)
		(void)fputs("\033[H", stdout);
	while (text.n > 0 && row++ < t->rows - 1) {
		struct str rest, line = str_cut(text, '\n', &rest);
		if (line.n > (size_t)t->columns)
			line.n = (size_t)t->columns;
		(void)printf("%.*s%s\n", STR_FMT(line),
			     t->screen ? "\033[K" : "");
		text = rest;
	}
	if (t->screen)
		(void)fputs("\033[J", stdout);
	(void)fflush(stdout);
}

static void draw(struct top *t, bool reachable)
{
	struct buf b;
	buf_init(&b, FRAME_MAX);
	measure(t);
	if (!reachable)
		buf_addf(&b, "the daemon does not answer; trying again\n");
	if (t->now.status != NULL) {
		add_head(&b, t);
		add_destinations(&b, t);
		add_sources(&b, t);
	}
	if (t->screen)
		buf_addf(&b, "\nper minute since the last look; q ends\n");
	show(t, buf_str(&b));
	buf_release(&b);
}

static int watch(struct top *t)
{
	int rc = look(t);
	if (rc != CTL_DONE)
		return rc;
	if (ctl_option(t->ctl, "--once") != NULL) {
		(void)usleep((useconds_t)t->interval_ms * 1000);
		rc = look(t);
		draw(t, rc == CTL_DONE);
		return rc;
	}
	if (isatty(STDOUT_FILENO))
		screen_open(t);
	t->ctl->quiet = true;
	do {
		draw(t, rc == CTL_DONE);
		if (wait_or_quit(t))
			break;
		rc = look(t);
	} while (!ended);
	screen_close(t);
	return CTL_DONE;
}

static int run(struct ctl *c)
{
	struct top t = {.ctl = c, .interval_ms = INTERVAL_MS};
	const char *interval = ctl_option(c, "--interval");
	if (c->n_args != 0 || c->json)
		return ctl_usage(&CTL_TOP);
	if (interval != NULL &&
	    (str_to_duration(str_from(interval), &t.interval_ms) != 0 ||
	     t.interval_ms < 100 || t.interval_ms > 3600000)) {
		(void)fprintf(stderr, "leadbridgectl: --interval takes a time "
				      "like 2s, 100ms at least\n");
		return CTL_USAGE;
	}
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGTERM, on_signal);
	int rc = watch(&t);
	frame_release(&t.now);
	frame_release(&t.before);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--interval", "2s", "how often it looks", false},
    {"--once", NULL, "look twice, print once, and end", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_TOP = {
    .name = "top",
    .usage = "",
    .help = "what the daemon does, live; q ends",
    .more = "Rates are per minute, since the look before.\n",
    .options = OPTIONS,
    .run = run,
};
