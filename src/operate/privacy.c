/* SPDX-License-Identifier: MIT */
/* Works off privacy requests; see the header. */
#include "operate/privacy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sources/person.h"

enum {
	LOOK_MS = 30 * 1000,  /* for what is due, and after a failure */
	WAIT_MS = 50,         /* between looks at mapper and log */
	PAUSE_MS = 5,         /* after a slice was erased: others write too */
	SHOWN_MAX = 48 << 20, /* bytes of a slice that is shown */
	SCRUB_MAX_MS = 60000, /* for readers to let go of the log */
};

/* ---- a search ----------------------------------------------------------- */

/* What the reader thread needs of the configuration and the person. */
struct search {
	struct config *config;
	struct arena arena;
	struct subject person;
	char source[65];
	unsigned char secret[32];
};

static void judge(void *ctx, struct arena *a, struct person_group *g)
{
	struct search *s = ctx;
	source_find_person(
	    config_source(s->config, g->source), &s->person,
	    (struct str){(const char *)s->secret, sizeof(s->secret)}, a, g);
}

int privacy_search(struct road *r, struct str person, const char *source,
		   struct search **out, struct err *err)
{
	struct search *s = xcalloc(1, sizeof(*s));
	struct str secret = queue_secret(r->queue);
	arena_init(&s->arena);
	s->config = config_ref(r->config);
	memcpy(s->secret, secret.p, secret.n);
	(void)!snprintf(s->source, sizeof(s->source), "%s", source);
	int rc = subject_read(&s->arena, person, &s->person, err);
	if (rc != 0) {
		privacy_search_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

struct query *privacy_search_query(struct search *s, int64_t after, bool show)
{
	struct query *q = privacy_query(PRIVACY_SEARCH);
	struct privacy_work *w = q->privacy;
	(void)!snprintf(w->source, sizeof(w->source), "%s", s->source);
	w->judge = judge;
	w->ctx = s;
	w->unit = s->person.unit;
	w->after = after;
	w->show = show;
	if (show)
		q->json.max = SHOWN_MAX;
	return q;
}

void privacy_search_free(struct search *s)
{
	if (s == NULL)
		return;
	config_unref(s->config);
	arena_release(&s->arena);
	mem_wipe(s->secret, sizeof(s->secret));
	free(s);
}

/* ---- one request after the other ---------------------------------------- */

enum phase {
	IDLE,
	LOOKING, /* for the next one */
	MAPPING, /* what came before it is still being mapped */
	STORING, /* and stored */
	WALKING,
	ERASING,
	RESTING,
	ENDING,
	SCRUBBING, /* the log still has what was erased */
};

struct privacy {
	struct road *road;
	struct loop_timer *timer;
	enum phase phase;
	bool stopped;
	bool again; /* look once more when this one is done */
	int64_t id;
	struct search *search;
	int64_t at, newest;
	bool end;        /* the walk is */
	uint64_t mapped; /* tasks that had come before */
	int64_t scrub_until_ms;
	size_t n_units;
};

static void ask(struct privacy *p, struct query *q, enum phase phase)
{
	q->ctx = p->road;
	q->done = road_privacy_done;
	p->phase = phase;
	queue_ask(p->road->queue, q);
}

static void look(struct privacy *p)
{
	struct query *q = privacy_query(PRIVACY_NEXT);
	q->privacy->now_ms = clock_wall_ms();
	p->again = false;
	ask(p, q, LOOKING);
}

void privacy_kick(struct privacy *p)
{
	if (p == NULL || p->stopped)
		return;
	if (p->phase == IDLE)
		look(p);
	else
		p->again = true;
}

static void rest(struct privacy *p)
{
	privacy_search_free(p->search);
	p->search = NULL;
	p->id = 0;
	p->phase = IDLE;
	loop_timer_arm(p->timer, LOOK_MS);
	if (p->again)
		look(p);
}

/* It stays open: the next look finds it again. */
static void give_up(struct privacy *p, const char *why)
{
	log_error("privacy_failed", "request=%lld problem=\"%s\" action=retry",
		  (long long)p->id, why);
	p->again = false;
	rest(p);
}

static bool names(void *ctx, const struct request *request)
{
	const struct search *s = ctx;
	struct arena scratch;
	arena_init(&scratch);
	bool yes = source_names_person(&s->person, &scratch, request);
	arena_release(&scratch);
	return yes;
}

static void ask_store(struct privacy *p)
{
	ask(p, privacy_query(PRIVACY_WAIT), STORING);
}

/* Programs may take a second; what they were given before this began must be
 * on disk before the walk. */
static void wait_for_mapper(struct privacy *p)
{
	p->phase = MAPPING;
	if (p->road->mapped_out >= p->mapped)
		ask_store(p);
	else
		loop_timer_arm(p->timer, WAIT_MS);
}

static void begin(struct privacy *p, struct query *q)
{
	struct err err = {0};
	const struct privacy_work *w = q->privacy;
	p->id = q->id;
	p->at = p->newest = 0;
	p->end = false;
	p->n_units = 0;
	if (privacy_search(p->road, str_from(w->person), w->source, &p->search,
			   &err) != 0) {
		give_up(p, err.text);
		return;
	}
	size_t held =
	    held_erase(p->road->held, str_from(w->source), names, p->search);
	log_info("privacy_begun", "request=%lld held_removed=%zu",
		 (long long)p->id, held);
	p->mapped = p->road->mapped_in;
	wait_for_mapper(p);
}

static void walk(struct privacy *p)
{
	ask(p, privacy_search_query(p->search, p->at, false), WALKING);
}

static void finish(struct privacy *p)
{
	struct query *q = privacy_query(PRIVACY_END);
	q->id = p->id;
	(void)!snprintf(q->audit.actor, sizeof(q->audit.actor), "daemon");
	(void)!snprintf(q->audit.action, sizeof(q->audit.action),
			"privacy.done");
	(void)!snprintf(q->audit.subject, sizeof(q->audit.subject), "%lld",
			(long long)p->id);
	ask(p, q, ENDING);
}

static void go_on(struct privacy *p)
{
	if (p->end)
		finish(p);
	else
		walk(p);
}

/* What the search found is what is erased: the work changes its verb. */
static void found(struct privacy *p, struct query *q)
{
	struct privacy_work *w = q->privacy;
	p->at = w->next;
	p->newest = w->newest;
	p->end = w->end;
	p->n_units += w->n_units;
	if (w->n_units == 0 && w->n_raws == 0) {
		go_on(p);
		return;
	}
	struct query *erase = privacy_query(PRIVACY_ERASE);
	privacy_work_free(erase->privacy);
	erase->privacy = w;
	erase->id = p->id;
	q->privacy = NULL;
	w->verb = PRIVACY_ERASE;
	ask(p, erase, ERASING);
}

static void ask_scrub(struct privacy *p)
{
	ask(p, privacy_query(PRIVACY_WAIT), SCRUBBING);
}

static void scrubbed(struct privacy *p, const struct query *q)
{
	bool clean = q->privacy->clean;
	if (!clean && clock_mono_ms() < p->scrub_until_ms) {
		loop_timer_arm(p->timer, WAIT_MS);
		return;
	}
	if (!clean)
		log_warn("privacy_log_in_use",
			 "request=%lld hint=\"a long reader, as a backup, "
			 "holds the log; it is emptied after it\"",
			 (long long)p->id);
	log_info("privacy_done", "request=%lld units=%zu", (long long)p->id,
		 p->n_units);
	p->again = true;
	rest(p);
}

void privacy_answer(struct privacy *p, struct query *q)
{
	if (p->stopped) { /* the next start goes on */
		query_free(q);
		return;
	}
	if (q->result != LB_OK) {
		give_up(p, q->err.text);
		query_free(q);
		return;
	}
	switch (p->phase) {
	case LOOKING:
		if (q->privacy->person != NULL)
			begin(p, q);
		else
			rest(p);
		break;
	case STORING:
		walk(p);
		break;
	case WALKING:
		found(p, q);
		break;
	case ERASING:
		p->phase = RESTING;
		loop_timer_arm(p->timer, PAUSE_MS);
		break;
	case ENDING:
		p->scrub_until_ms = clock_mono_ms() + SCRUB_MAX_MS;
		ask_scrub(p);
		break;
	case SCRUBBING:
		scrubbed(p, q);
		break;
	case IDLE:
	case MAPPING:
	case RESTING:
		break;
	}
	query_free(q);
}

static void on_timer(void *ctx)
{
	struct privacy *p = ctx;
	if (p->phase == IDLE)
		look(p);
	else if (p->phase == MAPPING)
		wait_for_mapper(p);
	else if (p->phase == RESTING)
		go_on(p);
	else if (p->phase == SCRUBBING)
		ask_scrub(p);
}

struct privacy *privacy_new(struct road *r)
{
	struct privacy *p = xcalloc(1, sizeof(*p));
	p->road = r;
	p->timer = loop_timer_new(r->loop, on_timer, p);
	loop_timer_arm(p->timer, 0);
	return p;
}

void privacy_stop(struct privacy *p)
{
	if (p == NULL)
		return;
	p->stopped = true;
	loop_timer_stop(p->timer);
}

void privacy_free(struct privacy *p)
{
	if (p == NULL)
		return;
	privacy_search_free(p->search);
	loop_timer_free(p->timer);
	free(p);
}

bool privacy_progress(const struct privacy *p, int64_t id, int64_t *at,
		      int64_t *newest)
{
	if (p->id != id || p->phase == IDLE)
		return false;
	*at = p->at;
	*newest = p->newest;
	return true;
}
