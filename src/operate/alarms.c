/* SPDX-License-Identifier: MIT */
/*
 * The alarms of a running daemon: gathers the facts once a second, lets them be
 * judged, says what changed in the log and to the sender. See the header.
 */
#include "operate/alarms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "operate/alarms_internal.h"
#include "operate/road.h"

enum {
	LOOK_MS = 1000,
	SAVE_MS = 60 * 1000,
	SAVE_SOON_MS = 2 * 1000, /* something was raised or cleared */
	MEMORY_MAX = 16 << 20,
	LAST_WORDS_MS = 3000,
};

/* ---- what changed ---------------------------------------------------------
 */

static void say(enum alarm_event event, const struct alarm *a)
{
	const char *name = ALARM_RULES[a->kind].name;
	enum log_level level = LOG_INFO;
	if (event == ALARM_CLEARED) {
		log_info("alarm_cleared", "alarm=%s subject=\"%s\"", name,
			 a->subject);
		return;
	}
	if (a->severity == SEVERITY_CRITICAL)
		level = LOG_ERROR;
	else if (a->severity == SEVERITY_WARNING)
		level = LOG_WARN;
	log_write(level, "alarm_raised", "alarm=%s subject=\"%s\" text=\"%s\"",
		  name, a->subject, a->text);
}

static void on_event(void *ctx, enum alarm_event event, const struct alarm *a)
{
	struct alarms *all = ctx;
	struct notice *n = xcalloc(1, sizeof(*n));
	n->event = event;
	n->kind = a->kind;
	n->severity = a->severity;
	n->at_ms = clock_wall_ms();
	n->since_ms = a->since_ms;
	memcpy(n->subject, a->subject, sizeof(n->subject));
	memcpy(n->text, a->text, sizeof(n->text));
	if (all->last != NULL)
		all->last->next = n;
	else
		all->first = n;
	all->last = n;
	if (event != ALARM_AGAIN || a->worse)
		say(event, a);
	all->touched = true;
}

static void tell(struct alarms *a)
{
	if (a->first == NULL)
		return;
	sender_notify(a->sender, a->first);
	a->first = a->last = NULL;
	a->changed(a->ctx);
}

/* ---- what must outlive a restart -------------------------------------------
 */

static void save(struct alarms *a)
{
	struct buf b;
	size_t n;
	buf_init(&b, MEMORY_MAX);
	judge_save(a->judge, &b);
	if (b.over) {
		buf_release(&b);
		return;
	}
	char *text = buf_take(&b, &n);
	sender_write(a->sender, a->memory, text, n);
	a->saved_at = clock_mono_ms();
	a->touched = false;
}

static void save_if_due(struct alarms *a)
{
	int64_t age = clock_mono_ms() - a->saved_at;
	if (age >= SAVE_MS || (a->touched && age >= SAVE_SOON_MS))
		save(a);
}

/* Before anything else runs: reading it may take its time. */
static void load(struct alarms *a)
{
	struct buf text;
	struct err err = {0};
	ssize_t n = 0;
	int fd = open(a->memory, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* the first start */
	buf_init(&text, MEMORY_MAX);
	for (;;) {
		char *room = buf_room(&text, 65536);
		n = room != NULL ? read(fd, room, 65536) : -1;
		if (n <= 0)
			break;
		text.n += (size_t)n;
	}
	(void)close(fd);
	int rc = n < 0 ? err_set(&err, LB_ESYSTEM, "it cannot be read")
		       : judge_load(a->judge, buf_str(&text), clock_wall_ms(),
				    clock_mono_ms(), &err);
	if (rc != 0)
		log_warn("alarms_forgotten", "file=\"%s\" problem=\"%s\"",
			 a->memory, err.text);
	buf_release(&text);
	/* Others show it, too. */
	const struct config *c = a->road->config;
	for (size_t i = 0; i < c->n_sources; i++) {
		struct str name = str_from(c->sources[i]->name);
		const struct watch *w = table_get(a->judge->watches, name);
		if (w != NULL && w->last_event_ms > 0)
			metrics_remember(a->road->metrics, name,
					 w->last_event_ms);
	}
}

/* ---- one look ---------------------------------------------------------------
 */

enum { CERTIFICATES_MAX = 64 };

static size_t certificates(const struct road *r,
			   struct alarm_certificate out[CERTIFICATES_MAX])
{
	size_t n = 0;
	for (; n < r->config->n_listen && n < CERTIFICATES_MAX; n++)
		out[n] = (struct alarm_certificate){
		    .address = r->config->listen[n].address,
		    .ends_ms = listener_certificate_ends(r->webhooks, n),
		};
	return n;
}

static void look(struct alarms *a)
{
	struct road *r = a->road;
	struct alarm_certificate list[CERTIFICATES_MAX];
	struct metrics_inputs in;
	struct queue_aside *aside = NULL;
	road_inputs(r, &in);
	struct alarm_facts f = {
	    .wall_ms = in.now_ms,
	    .mono_ms = clock_mono_ms(),
	    .metrics = r->metrics,
	    .in = &in,
	    .store = queue_condition(r->queue),
	    .certificates = list,
	    .n_certificates = certificates(r, list),
	};
	queue_aside(r->queue, &aside, &f.n_aside);
	f.aside = aside;
	sender_disk(a->sender, &f.disk_free, &f.disk_all);
	alarms_begin(a->judge->alarms, f.wall_ms, f.mono_ms);
	judge_look(a->judge, &f);
	alarms_end(a->judge->alarms, r->config->alarms.repeat_ms, on_event, a);
	free(aside);
	road_inputs_release(&in);
	tell(a);
}

static void on_timer(void *ctx)
{
	look(ctx);
	save_if_due(ctx);
}

/* ---- life
 * --------------------------------------------------------------------
 */

void alarms_reload(struct alarms *a)
{
	judge_configure(a->judge, a->road->config, queue_secret(a->road->queue),
			clock_wall_ms());
	sender_configure(a->sender, a->road->config);
}

int alarms_new(struct alarms **out, struct road *r, void (*changed)(void *ctx),
	       void *ctx, struct err *err)
{
	struct alarms *a = xcalloc(1, sizeof(*a));
	a->road = r;
	a->changed = changed;
	a->ctx = ctx;
	a->judge = judge_new();
	a->memory = xasprintf("%s.alarms", r->config->store.path);
	a->saved_at = clock_mono_ms();
	judge_configure(a->judge, r->config, queue_secret(r->queue),
			clock_wall_ms());
	load(a);
	int rc = sender_new(&a->sender, r->config, err);
	if (rc != 0) {
		alarms_free(a);
		return rc;
	}
	a->timer = loop_timer_new(r->loop, on_timer, a);
	loop_timer_every(a->timer, LOOK_MS);
	r->alarms = a;
	*out = a;
	return 0;
}

void alarms_last_words(struct alarms *a)
{
	look(a);
}

void alarms_free(struct alarms *a)
{
	if (a == NULL)
		return;
	a->road->alarms = NULL;
	if (a->sender != NULL)
		save(a);
	sender_free(a->sender, LAST_WORDS_MS);
	loop_timer_free(a->timer);
	judge_free(a->judge);
	free(a->memory);
	free(a);
}
