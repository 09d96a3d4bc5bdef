/* SPDX-License-Identifier: MIT */
/*
 * A request whose source runs programs is proven on the loop, mapped on the
 * mapper thread and submitted when it is back. Should it not come back within
 * a second, the request is quarantined as a whole: the sender gets its answer,
 * nothing is lost, and nobody else waits. Loop thread but for run_*() and
 * discard().
 */
#include "operate/mapped.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "operate/mapper.h"
#include "operate/webhooks.h"

enum { LOOK_MS = 100 };

/* The loop's half. */
struct mapped {
	struct config *config;
	const struct source *source;
	struct source_held *held; /* NULL: a replay */
	struct ticket ticket;
	int64_t replay_of, held_number;
	bool dry;
};

/* What the thread gets: nothing of it is the loop's. */
struct mapped_task {
	struct mapper_task task;
	struct config *config;
	const struct source *source;
	struct source_work *work; /* a webhook, or */
	struct submission *raw;   /* a replay */
	struct str store_secret;  /* in raw's arena */
	struct submission *made;
	const char *why; /* of a refusal */
	struct err err;  /* of a replay */
};

/* ---- the thread --------------------------------------------------------- */

static void run(struct mapper_task *task)
{
	struct mapped_task *t = (struct mapped_task *)task;
	if (t->work != NULL)
		t->made = source_work_run(t->work, &t->why);
	else if (source_remap(t->source, t->raw, t->store_secret, &t->made,
			      &t->err) != 0)
		t->made = NULL;
}

static void discard(struct mapper_task *task)
{
	struct mapped_task *t = (struct mapped_task *)task;
	source_work_free(t->work);
	submission_free(t->raw);
	submission_free(t->made);
	config_unref(t->config);
	free(t);
}

/* ---- the loop ----------------------------------------------------------- */

static void mapped_free(struct mapped *m)
{
	source_held_free(m->held);
	config_unref(m->config);
	free(m);
}

static struct mapped *mapped_new(struct config *config,
				 const struct source *source)
{
	struct mapped *m = xcalloc(1, sizeof(*m));
	m->config = config_ref(config);
	m->source = source;
	return m;
}

static struct mapped_task *new_task(struct road *r, struct mapped *m)
{
	struct mapped_task *t = xcalloc(1, sizeof(*t));
	t->task.run = run;
	t->task.discard = discard;
	t->task.job = m;
	t->config = config_ref(m->config);
	t->source = m->source;
	r->mapped_in++;
	if (mapper_waiting(r->mapper) == 0)
		loop_timer_arm(r->mapper_look, LOOK_MS);
	return t;
}

int mapped_webhook(struct road *r, struct config *config,
		   const struct source *source, const struct request *request,
		   struct mapped **out, struct submission **done,
		   struct reply *reply, const char **why)
{
	struct source_work *work = NULL;
	if (mapper_waiting(r->mapper) >= (size_t)config->limits.pending)
		return LB_EBUSY;
	int rc = source_prove(source, request, queue_secret(r->queue), &work,
			      done, reply, why);
	if (rc != 0 || work == NULL)
		return rc;
	struct mapped *m = mapped_new(config, source);
	struct mapped_task *t = new_task(r, m);
	m->held = source_work_hold(work);
	t->work = work;
	mapper_submit(r->mapper, &t->task);
	*out = m;
	return 0;
}

void mapped_answer(struct mapped *m, struct ticket ticket, bool dry)
{
	m->ticket = ticket;
	m->dry = dry;
}

void mapped_held(struct mapped *m, int64_t number)
{
	m->held_number = number;
}

int mapped_replay(struct road *r, const struct source *source,
		  const struct submission *raw, int64_t unit,
		  struct ticket ticket, struct err *err)
{
	if (mapper_waiting(r->mapper) >= (size_t)r->config->limits.pending)
		return err_set(err, LB_EBUSY, "too much is being mapped");
	struct mapped *m = mapped_new(r->config, source);
	struct mapped_task *t = new_task(r, m);
	struct submission *copy = submission_new();
	struct arena *a = &copy->arena;
	m->ticket = ticket;
	m->replay_of = unit;
	copy->received_at_ms = raw->received_at_ms;
	copy->source = arena_copy(a, raw->source);
	copy->content_type = arena_copy(a, raw->content_type);
	copy->target = arena_copy(a, raw->target);
	copy->headers = arena_copy(a, raw->headers);
	copy->body = arena_copy(a, raw->body);
	t->raw = copy;
	t->store_secret = arena_copy(a, queue_secret(r->queue));
	mapper_submit(r->mapper, &t->task);
	return 0;
}

static void replay_failed(struct road *r, const struct mapped *m,
			  const char *text)
{
	r->on_replay_failed(r->on_query_ctx, m->ticket, text);
}

/* Into the queue, in the name of m. */
static void submit_made(struct road *r, const struct mapped *m,
			struct submission *made)
{
	if (m->dry) {
		webhooks_show(r, m->source, m->ticket, made);
		submission_free(made);
		return;
	}
	made->source_position = m->source->position;
	made->held = m->held_number;
	made->ticket = m->ticket;
	made->replay_of = m->replay_of;
	int rc = queue_submit(r->queue, made);
	if (rc == 0)
		return;
	submission_free(made);
	if (m->held == NULL)
		replay_failed(r, m, "the store takes nothing now");
	else
		webhooks_refused(r, m->source, m->ticket,
				 rc == LB_ENOSPC ? "no_space" : "busy", NULL);
}

static void refuse(struct road *r, const struct mapped *m, const char *why)
{
	struct reply reply = {0};
	source_refuse(m->source, source_held_request(m->held), why, &reply);
	webhooks_refused(r, m->source, m->ticket, why, &reply);
}

void mapped_done(struct road *r, struct message *message)
{
	struct mapped_task *t = (struct mapped_task *)message;
	struct mapped *m = t->task.job;
	fault_point("webhook_mapped");
	r->mapped_out++;
	mapper_taken(r->mapper);
	if (t->made != NULL)
		submit_made(r, m, t->made);
	else if (m->held == NULL)
		replay_failed(r, m, t->task.undone ? "stopping" : t->err.text);
	else if (t->task.undone)
		webhooks_refused(r, m->source, m->ticket, "stopping", NULL);
	else
		refuse(r, m, t->why);
	t->made = NULL;
	mapped_free(m);
	discard(&t->task);
}

static void give_up(struct road *r, struct mapped *m)
{
	r->mapped_out++;
	log_error("mapping_stuck", "source=%s action=quarantine",
		  m->source->name);
	if (m->held == NULL)
		replay_failed(r, m, "expressions took too long");
	else
		submit_made(
		    r, m,
		    source_give_up(m->source, queue_secret(r->queue), m->held));
	mapped_free(m);
}

static void look(void *ctx)
{
	struct road *r = ctx;
	void *job = NULL;
	enum mapper_state state =
	    mapper_check(r->mapper, clock_mono_ms(), &job);
	if (state != MAPPER_FINE)
		give_up(r, job);
	if (state == MAPPER_SPENT) {
		log_error("mapping_failed",
			  "stuck_in_an_hour=%d action=exit "
			  "hint=\"an expression of a profile, map or filter "
			  "does not end\"",
			  MAPPER_REPLACEMENTS_MAX + 1);
		r->on_failed(r->on_failed_ctx);
		return;
	}
	if (mapper_waiting(r->mapper) > 0)
		loop_timer_arm(r->mapper_look, LOOK_MS);
}

int mapped_open(struct road *r, int report_kind, struct err *err)
{
	r->mapper_look = loop_timer_new(r->loop, look, r);
	return mapper_new(&r->mapper, r->reports, report_kind, err);
}

void mapped_stop(struct road *r)
{
	if (r->mapper == NULL)
		return;
	struct mapped *stuck = mapper_stop(r->mapper);
	if (stuck != NULL)
		give_up(r, stuck);
}

void mapped_close(struct road *r)
{
	loop_timer_free(r->mapper_look);
	mapper_free(r->mapper);
}
