/* SPDX-License-Identifier: MIT */
/*
 * One running daemon. Start: configuration, store, delivery, listeners, READY.
 * SIGHUP swaps a checked configuration in. SIGTERM: listeners close, what is
 * pending is committed and answered, in-flight deliveries get their grace, then
 * the store is closed. A second SIGTERM ends at once.
 */
#include "operate/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "delivery/http_client.h"
#include "operate/admin.h"
#include "operate/alarms.h"
#include "operate/notify.h"
#include "operate/options.h"
#include "operate/reporter.h"
#include "operate/road.h"

enum {
	DRAIN_POLL_MS = 20,
	DRAIN_MAX_MS = 10000, /* for senders in the middle of a request */
	DELIVERY_GRACE_MS = 20000,
	STATUS_MAX = 200,
	N_SIGNALS = 2,
	N_HEARTBEATS = 4,
};

struct running {
	struct road road;
	const char *config_path;
	struct admin *admin;
	struct reporter *reporter;
	struct alarms *alarms;
	bool reload_failed;
	struct watchdog *watchdog;
	struct heartbeat *heartbeats[N_HEARTBEATS];
	struct loop_watch *signals[N_SIGNALS], *term;
	struct loop_timer *drain;
	int64_t drain_until_ms;
	int status;
};

static void show_status(void *ctx)
{
	const struct running *d = ctx;
	struct buf alarms;
	buf_init(&alarms, STATUS_MAX);
	if (d->alarms != NULL)
		alarms_show_status(d->alarms, &alarms);
	notify_status("%zu sources, %zu destinations%s%s%.*s",
		      d->road.config->n_sources, d->road.config->n_destinations,
		      d->reload_failed ? "; last reload failed, old "
					 "configuration in force"
				       : "",
		      alarms.n > 0 ? "; " : "", STR_FMT(buf_str(&alarms)));
	buf_release(&alarms);
}

static void log_problems(const struct config_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct config_problem *p = &problems->v[i];
		log_write(p->warning ? LOG_WARN : LOG_ERROR, "config",
			  "at=%s:%d:%d problem=\"%s\"",
			  p->file != NULL ? p->file : "-", p->line, p->column,
			  p->text);
	}
}

/* ---- reload ------------------------------------------------------------ */

/* A destination that still has leads cannot go, nor change its customer: the
 * leads would have nowhere to go, or go to somebody else. Without leads it
 * may. */
static void excuse_if_empty(const struct queue_backlog *backlog, size_t n,
			    const char *name, struct config_problems *problems)
{
	bool waits = false;
	char bulk[QUEUE_NAME];
	(void)bulk_queue(str_from(name), bulk);
	for (size_t k = 0; k < n; k++)
		waits |= backlog[k].waiting > 0 &&
			 (strcmp(backlog[k].name, name) == 0 ||
			  strcmp(backlog[k].name, bulk) == 0);
	if (!waits)
		config_problems_excuse(problems, str_from(name));
}

static void excuse_empty(const struct running *d,
			 struct config_problems *problems)
{
	const struct config *c = d->road.config;
	struct queue_backlog *backlog = NULL;
	char queue[QUEUE_NAME];
	size_t n = 0;
	queue_backlog(d->road.queue, &backlog, &n);
	for (size_t i = 0; i < c->n_destinations; i++)
		excuse_if_empty(backlog, n, c->destinations[i]->name, problems);
	for (size_t i = 0; i < c->n_sources; i++) {
		(void)fetch_queue(str_from(c->sources[i]->name), queue);
		excuse_if_empty(backlog, n, queue, problems);
	}
	free(backlog);
}

static const char *first_error(const struct config_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		if (!problems->v[i].warning)
			return problems->v[i].text;
	return "";
}

static int load_next(struct running *d, struct config **next, struct err *err)
{
	struct config_problems problems = {0};
	int rc = config_load(d->config_path, next, &problems);
	if (rc == 0) {
		config_compare(d->road.config, *next, &problems);
		excuse_empty(d, &problems);
	}
	log_problems(&problems);
	if (problems.errors > 0)
		rc = err_set(err, LB_EINVAL, "%zu problem%s, the first: %s",
			     problems.errors, problems.errors == 1 ? "" : "s",
			     first_error(&problems));
	config_problems_release(&problems);
	return rc;
}

static int swap(struct running *d, struct config *next, struct err *err)
{
	int rc = road_reload(&d->road, next, err);
	if (rc == 0)
		rc = admin_reload(d->admin, err);
	if (rc == 0)
		rc = reporter_reopen(d->reporter, err);
	if (rc == 0)
		alarms_reload(d->alarms);
	return rc;
}

/* All of the new configuration, or none of it. */
static int take_over(struct running *d, struct config *next, struct err *err)
{
	struct config *old = config_ref(d->road.config);
	struct err ignored;
	int rc = swap(d, next, err);
	if (rc != 0 && d->road.config != old)
		(void)!swap(d, old, &ignored);
	config_unref(old);
	return rc;
}

static int reload(void *ctx, struct err *err)
{
	struct running *d = ctx;
	struct config *next = NULL;
	if (d->drain_until_ms != 0) {
		log_warn("reload_refused", "reason=stopping");
		return err_set(err, LB_EBUSY, "the daemon is stopping");
	}
	notify_reloading();
	int rc = load_next(d, &next, err);
	if (rc == 0)
		rc = take_over(d, next, err);
	config_unref(next);
	if (rc == 0) {
		log_info("reloaded", "config=%s", d->config_path);
	} else {
		log_error("reload_failed", "problem=\"%s\" action=keep_old",
			  err->text);
	}
	d->reload_failed = rc != 0;
	show_status(d);
	notify_ready();
	return rc;
}

/* ---- signals ----------------------------------------------------------- */

static void on_drain(void *ctx)
{
	struct running *d = ctx;
	fault_point("drain");
	if (road_drained(&d->road) || clock_mono_ms() >= d->drain_until_ms) {
		loop_stop(d->road.loop);
		return;
	}
	loop_timer_arm(d->drain, DRAIN_POLL_MS);
}

static void stop(struct running *d)
{
	log_info("stopping", "grace_s=%d", DELIVERY_GRACE_MS / 1000);
	notify_stopping();
	d->drain_until_ms = clock_mono_ms() + DRAIN_MAX_MS;
	road_drain(&d->road);
	admin_drain(d->admin);
	loop_timer_arm(d->drain, 0);
}

static int term_fd = -1;

/* The second one ends the process where it stands: nothing is lost by that,
 * what was acknowledged is on disk. */
static void on_term_signal(int signo)
{
	static volatile sig_atomic_t asked;
	(void)signo;
	if (asked != 0)
		_exit(0);
	asked = 1;
	int saved = errno;
	(void)!write(term_fd, &(uint64_t){1}, sizeof(uint64_t));
	errno = saved;
}

static void on_term(void *ctx)
{
	uint64_t count;
	(void)!read(term_fd, &count, sizeof(count));
	stop(ctx);
}

static int watch_term(struct running *d, struct err *err)
{
	struct sigaction action = {.sa_handler = on_term_signal,
				   .sa_flags = SA_RESTART};
	term_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (term_fd < 0 ||
	    loop_watch_read(d->road.loop, term_fd, on_term, d, &d->term) != 0 ||
	    sigaction(SIGTERM, &action, NULL) != 0 ||
	    sigaction(SIGINT, &action, NULL) != 0)
		return err_set(err, LB_ESYSTEM, "cannot watch for SIGTERM");
	return 0;
}

static void on_hup(void *ctx)
{
	struct err err;
	(void)!reload(ctx, &err); /* said and counted there */
}

static void on_usr1(void *ctx)
{
	struct running *d = ctx;
	struct err err;
	if (reporter_reopen(d->reporter, &err) != 0)
		log_error("reopen_failed", "problem=\"%s\"", err.text);
	else
		log_info("reopened", "file=%s", d->road.config->metrics_log);
}

static void on_failed(void *ctx)
{
	struct running *d = ctx;
	d->status = 3;
	d->drain_until_ms = 1;
	if (d->alarms != NULL)
		alarms_last_words(d->alarms);
	loop_stop(d->road.loop);
}

static int watch_signals(struct running *d, struct err *err)
{
	static const struct {
		int signo;
		loop_cb cb;
	} rows[N_SIGNALS] = {{SIGHUP, on_hup}, {SIGUSR1, on_usr1}};
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (loop_watch_signal(d->road.loop, rows[i].signo, rows[i].cb,
				      d, &d->signals[i]) != 0)
			return err_set(err, LB_ESYSTEM,
				       "cannot watch signal %d", rows[i].signo);
	return watch_term(d, err);
}

/* ---- start and end ------------------------------------------------------ */

static int start(struct running *d, struct config *config, struct err *err)
{
	int rc = loop_new(&d->road.loop, err);
	if (rc != 0)
		return rc;
	d->drain = loop_timer_new(d->road.loop, on_drain, d);
	d->road.on_failed = on_failed;
	d->road.on_failed_ctx = d;
	rc = watch_signals(d, err);
	if (rc != 0)
		return rc;
	notify_extend(60000); /* a long write-ahead log may have to be read */
	rc = road_open(&d->road, config, err);
	if (rc != 0)
		return rc;
	rc = admin_new(&d->admin, &d->road, reload, d, err);
	if (rc != 0)
		return rc;
	rc = reporter_new(&d->reporter, &d->road, err);
	if (rc != 0)
		return rc;
	return alarms_new(&d->alarms, &d->road, show_status, d, err);
}

static void log_listening(const struct running *d)
{
	const char *at;
	for (size_t i = 0; (at = listener_address(d->road.webhooks, i)) != NULL;
	     i++)
		log_info("listening", "address=%s", at);
	for (size_t i = 0; (at = admin_address(d->admin, i)) != NULL; i++)
		log_info("admin_listening", "address=%s", at);
}

/* Leads of a destination that is gone wait for ever: say so at every start. */
static void warn_of_orphans(const struct running *d)
{
	struct queue_backlog *backlog = NULL;
	size_t n = 0;
	queue_backlog(d->road.queue, &backlog, &n);
	for (size_t i = 0; i < n; i++) {
		const char *name = backlog[i].name;
		bool account =
		    name[0] == '@'; /* a source's follow-up fetches */
		bool bulk = is_bulk_queue(str_from(name));
		bool known =
		    account ? config_source(d->road.config,
					    str_from(name + 1)) != NULL
			    : config_destination(d->road.config,
						 str_from(name + bulk)) != NULL;
		if (backlog[i].waiting > 0 && !known)
			log_error("leads_without_destination",
				  "destination=%s waiting=%lld", name,
				  (long long)backlog[i].waiting);
	}
	free(backlog);
}

static void announce(struct running *d)
{
	warn_of_orphans(d);
	log_listening(d);
	d->heartbeats[0] = &d->road.heartbeat;
	d->heartbeats[1] = queue_heartbeat_store(d->road.queue);
	d->heartbeats[2] = queue_heartbeat_reader(d->road.queue);
	d->heartbeats[3] = delivery_heartbeat(d->road.delivery);
	d->watchdog = watchdog_new(d->road.loop, d->heartbeats, N_HEARTBEATS);
	log_info("started", "version=%s sources=%zu destinations=%zu",
		 LB_VERSION, d->road.config->n_sources,
		 d->road.config->n_destinations);
	show_status(d);
	notify_ready();
}

static void finish(struct running *d)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		loop_watch_free(d->signals[i]);
	loop_watch_free(d->term);
	watchdog_free(d->watchdog);
	notify_extend(DELIVERY_GRACE_MS + 10000);
	road_quiesce(&d->road, d->status == 0 ? DELIVERY_GRACE_MS : 0);
	reporter_free(d->reporter);
	alarms_free(d->alarms);
	admin_free(d->admin);
	road_close(&d->road);
	loop_timer_free(d->drain);
	loop_free(d->road.loop);
}

int daemon_run(const char *config_path)
{
	struct running d = {.config_path = config_path};
	struct config *config = NULL;
	struct config_problems problems = {0};
	int rc = config_load(config_path, &config, &problems);
	options_print_problems(&problems);
	config_problems_release(&problems);
	if (rc != 0)
		return 1;
	log_setup(config->log_level, config->log_json);
	(void)signal(SIGPIPE, SIG_IGN);
	http_client_global_init();
	struct err err = {0};
	rc = start(&d, config, &err);
	config_unref(config);
	if (rc != 0) {
		log_error("start_failed", "problem=\"%s\"", err.text);
		d.status = 1;
	} else {
		announce(&d);
		loop_run(d.road.loop);
	}
	finish(&d);
	log_info("stopped", "status=%d", d.status);
	return d.status;
}
