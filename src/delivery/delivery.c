/* SPDX-License-Identifier: MIT */
/*
 * The delivery thread: its mailbox, its table of destinations, start, reload
 * and end. What others see of it (status) is a copy under a lock. Everything
 * that is decided is decided in destination*.c.
 */
#include "delivery/delivery.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "delivery/bulk.h"
#include "delivery/delivery_ops.h"
#include "delivery/destination_ask.h"
#include "delivery/fetch.h"
#include "delivery/limits.h"
#include "delivery/mail.h"

enum {
	TICK_MS = 1000,
	TRIM_MS = 60 * 1000, /* memory goes back to the system this often */
	TRIM_WAIT_MS = 10 * 1000,
	PUBLISH_MS = 50, /* status is at most this old */
	KEEP_MANY = 64,  /* unless one destination may use more */
	KEEP_MAX = 256,  /* idle connections in all */
};

struct delivery {
	struct courier courier;
	struct config *config;
	struct worker *worker;
	struct mailbox *mailbox;
	struct loop_watch *watch;
	struct loop_timer *tick, *publish, *grace;
	bool publishing;                /* its timer is armed */
	int64_t trimmed_at, trim_since; /* 0: nothing to give back */
	struct table *destinations;
	struct destination **list; /* the same, for walks */
	size_t n, cap;
	struct limits *limits;
	struct refreshers *refreshers;
	struct destination *touched;
	struct heartbeat heartbeat;
	struct lock *lock; /* guards what follows */
	struct destination_status *status;
	size_t n_status;
};

/* ---- status -------------------------------------------------------------- */

static void publish(void *ctx)
{
	struct delivery *d = ctx;
	struct destination_status *status = NULL;
	size_t n = 0;
	d->publishing = false;
	status = xcalloc(d->n + 1, sizeof(*status));
	for (size_t i = 0; i < d->n; i++)
		if (!d->list[i]->leaving && !lane_idle(d->list[i]))
			destination_status(d->list[i], &status[n++]);
	lock_take(d->lock);
	struct destination_status *old = d->status;
	d->status = status;
	d->n_status = n;
	lock_drop(d->lock);
	free(old);
}

static void publish_soon(struct delivery *d)
{
	if (d->publishing)
		return;
	d->publishing = true;
	loop_timer_arm(d->publish, PUBLISH_MS);
}

void delivery_status(struct delivery *d, struct destination_status **out,
		     size_t *n)
{
	lock_take(d->lock);
	*n = d->n_status;
	*out = xcalloc(d->n_status + 1, sizeof(**out));
	if (d->n_status > 0)
		memcpy(*out, d->status, d->n_status * sizeof(**out));
	lock_drop(d->lock);
}

/* ---- destinations -------------------------------------------------------- */

static struct destination *of_lead(struct delivery *d,
				   const struct due_lead *lead)
{
	char name[QUEUE_NAME];
	return table_get(d->destinations, account_of(d->config, lead, name));
}

static struct destination *find(struct delivery *d, struct str name)
{
	struct destination *found = table_get(d->destinations, name);
	return found != NULL && !found->leaving ? found : NULL;
}

/* Where bulk requests for the destination of that name go. */
static struct destination *lane_of(struct delivery *d, struct str name)
{
	char queue[QUEUE_NAME];
	return find(d, bulk_queue(name, queue));
}

/* To be pumped when the whole batch of messages is in. */
static void touch(struct delivery *d, struct destination *destination)
{
	if (destination->touched)
		return;
	destination->touched = true;
	destination->next_touched = d->touched;
	d->touched = destination;
}

static void touch_all(struct delivery *d)
{
	for (size_t i = 0; i < d->n; i++)
		touch(d, d->list[i]);
}

static void pump_touched(struct delivery *d)
{
	while (d->touched != NULL) {
		struct destination *at = d->touched;
		d->touched = at->next_touched;
		at->touched = false;
		destination_pump(at);
	}
	publish_soon(d);
}

static void maybe_end(struct delivery *d)
{
	if (d->courier.stopping && d->courier.in_flight == 0)
		loop_stop(d->courier.loop);
}

/* An answer freed a token that others with the same key may wait for. */
static void on_answered(void *ctx, struct destination *from)
{
	struct delivery *d = ctx;
	for (size_t i = 0; limiter_shared(from->limiter) && i < d->n; i++)
		if (d->list[i] != from && d->list[i]->limiter == from->limiter)
			destination_pump(d->list[i]);
	publish_soon(d);
	maybe_end(d);
}

static size_t connections(const struct config *config)
{
	int64_t n = 0, most = 1;
	for (size_t i = 0; i < config->n_destinations; i++) {
		int64_t one = config->destinations[i]->concurrency;
		n += one;
		most = one > most ? one : most;
	}
	n = n < KEEP_MANY ? n : KEEP_MANY;
	n = n > most ? n : most;
	return n < KEEP_MAX ? (size_t)n : KEEP_MAX;
}

static void add_destination(struct delivery *d, struct destination *new)
{
	table_put(d->destinations, str_from(new->name), new);
	d->list =
	    xgrow(d->list, &d->cap, d->n + 1, sizeof(struct destination *));
	d->list[d->n++] = new;
}

static void forget_base(struct delivery *d, const struct destination *base)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->list[i]->lane != NULL && d->list[i]->lane->base == base)
			d->list[i]->lane->base = NULL;
}

/* Those that left and have nothing under way any more. */
static void remove_left(struct delivery *d)
{
	for (size_t i = 0; i < d->n;) {
		struct destination *at = d->list[i];
		if (!at->leaving || at->in_flight > 0 || at->touched ||
		    at->asking != NULL) {
			i++;
			continue;
		}
		table_remove(d->destinations, str_from(at->name));
		d->list[i] = d->list[--d->n];
		forget_base(d, at);
		destination_free(at);
	}
}

/* A destination, or with an account the fetches of a source. */
static struct destination *configure_one(struct delivery *d,
					 struct config *config,
					 const struct destination_config *c,
					 struct account *account)
{
	struct limiter *limiter = limits_get(d->limits, c);
	struct destination *at = table_get(d->destinations, str_from(c->name));
	if (at != NULL) {
		at->leaving = false;
		destination_configure(at, config, c, limiter);
	} else {
		at = destination_new(&d->courier, config, c, limiter);
		add_destination(d, at);
	}
	destination_serve(at, account);
	at->more |= account != NULL; /* or who has tokens may have changed */
	touch(d, at);
	return at;
}

/* A destination, and the one beside it for bulk requests. */
static void configure_pair(struct delivery *d, struct config *config,
			   const struct destination_config *c)
{
	struct destination *base = configure_one(d, config, c, NULL);
	if (c->bulk_url == NULL)
		return;
	struct lane *lane = lane_new(c, base);
	destination_bulk(configure_one(d, config, &lane->config, NULL), lane);
}

static void configure_accounts(struct delivery *d, struct config *config,
			       const struct source *source)
{
	struct account *next,
	    *at = accounts_new(source, d->refreshers, &d->courier.ops);
	for (; at != NULL; at = next) {
		next = at->next;
		configure_one(d, config, &at->config, at);
	}
}

/* Takes over the reference. */
static void configure(struct delivery *d, struct config *config)
{
	for (size_t i = 0; i < d->n; i++)
		d->list[i]->leaving = true;
	limits_begin(d->limits);
	refreshers_begin(d->refreshers);
	for (size_t i = 0; i < config->n_destinations; i++)
		configure_pair(d, config, config->destinations[i]);
	for (size_t i = 0; i < config->n_sources; i++)
		configure_accounts(d, config, config->sources[i]);
	limits_sweep(d->limits, clock_mono_ms());
	refreshers_sweep(d->refreshers);
	http_client_keep(d->courier.http, connections(config));
	if (d->config != NULL)
		config_unref(d->config);
	d->config = config;
}

/* ---- mail ---------------------------------------------------------------- */

static void got_due(struct delivery *d, struct mail *mail)
{
	while (mail->leads != NULL) {
		struct due_lead *lead = mail->leads;
		mail->leads = lead->next;
		lead->next = NULL;
		fault_point("delivery_due");
		struct destination *to = of_lead(d, lead);
		if (to == NULL || to->leaving) {
			free(lead);
			continue;
		}
		destination_due(to, lead);
		touch(d, to);
	}
	for (size_t i = 0; mail->more && i < d->n; i++) {
		if (*destination_granted(d->list[i]) > 0)
			continue;
		d->list[i]->more = true;
		touch(d, d->list[i]);
	}
}

static void got_settled(struct delivery *d, struct mail *mail)
{
	while (mail->settlements != NULL) {
		struct settlement *s = mail->settlements;
		mail->settlements = s->next;
		s->next = NULL;
		/* Also of one that leaves: it may be back before it is gone. */
		struct destination *to = of_lead(d, s->lead);
		if (to == NULL) {
			settlement_free(s);
			continue;
		}
		destination_settled(to, s);
		touch(d, to);
	}
}

static void got_refilled(struct delivery *d, struct mail *mail)
{
	struct destination *to = find(d, str_from(mail->destination));
	if (to == NULL)
		return;
	destination_refilled(to, mail->leads, mail->more, mail->next_due_at_ms);
	mail->leads = NULL;
	touch(d, to);
}

/* Limits that know nothing of what was sent before the start let nothing
 * through until the queue said. */
static void ask_recall(struct delivery *d)
{
	if (d->courier.ops.recall == NULL)
		return;
	struct recall *chain =
	    limits_ask(d->limits, d->config, clock_wall_ms());
	if (chain != NULL)
		d->courier.ops.recall(d->courier.ops.ctx, chain);
}

static void got_recalled(struct delivery *d, struct mail *mail)
{
	for (struct recall *r = mail->recall; r != NULL; r = r->next) {
		struct destination *to = find(d, str_from(r->destination));
		if (to != NULL)
			destination_recall(to, r->limited_until_ms);
	}
	limits_recalled(d->limits, d->config, mail->recall);
	mail->recall = NULL;
	touch_all(d);
}

static void got_credential(struct delivery *d, struct mail *mail)
{
	refreshers_answer(d->refreshers, mail->credential);
	mail->credential = NULL;
	touch_all(d);
}

static void got_erased(struct delivery *d, struct mail *mail)
{
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < mail->n_ids; k++)
			destination_erased(d->list[i], mail->ids[k]);
}

static void got_command(struct delivery *d, struct mail *mail)
{
	struct destination *to = find(d, str_from(mail->destination));
	if (to == NULL)
		return;
	destination_command(to, mail->command);
	touch(d, to);
	/* A pause holds it anyway. */
	struct destination *bulk = lane_of(d, str_from(mail->destination));
	if (bulk == NULL || mail->command != DESTINATION_RESUME)
		return;
	destination_command(bulk, mail->command);
	touch(d, bulk);
}

static void got_drain(struct delivery *d, struct mail *mail)
{
	struct destination *to = find(d, str_from(mail->destination));
	if (to == NULL)
		return;
	destination_drain(to, mail->grace_ms);
	touch(d, to);
}

static void why_all(struct delivery *d, struct delivery_ask *a)
{
	buf_add_char(&a->json, '[');
	for (size_t i = 0; i < d->n; i++) {
		if (d->list[i]->leaving)
			continue;
		if (a->json.n > 1)
			buf_add_char(&a->json, ',');
		destination_why(d->list[i], a, &a->json);
	}
	buf_add_char(&a->json, ']');
}

static void got_ask(struct delivery *d, struct mail *mail)
{
	struct delivery_ask *a = mail->ask;
	struct destination *to = find(d, str_from(a->destination));
	to = account_holding(d->list, d->n, to, a->lead);
	mail->ask = NULL;
	if (to != NULL && a->kind == DELIVERY_SEND) {
		destination_ask(to, a);
		touch(d, to);
		return;
	}
	if (to != NULL)
		destination_why(to, a, &a->json);
	else if (a->kind == DELIVERY_WHY && a->destination[0] == '\0')
		why_all(d, a);
	else
		a->result = LB_ENOTFOUND;
	a->done(a->ctx, a);
}

static void got_stop(struct delivery *d, struct mail *mail)
{
	d->courier.stopping = true;
	loop_timer_arm(d->grace, mail->grace_ms);
	maybe_end(d);
}

static void handle(struct delivery *d, struct mail *mail)
{
	switch ((enum mail_kind)mail->message.kind) {
	case MAIL_DUE:
		got_due(d, mail);
		break;
	case MAIL_SETTLED:
		got_settled(d, mail);
		break;
	case MAIL_REFILLED:
		got_refilled(d, mail);
		break;
	case MAIL_RECALLED:
		got_recalled(d, mail);
		break;
	case MAIL_ERASED:
		got_erased(d, mail);
		break;
	case MAIL_CREDENTIAL:
		got_credential(d, mail);
		break;
	case MAIL_CONFIGURE:
		configure(d, mail->config);
		mail->config = NULL;
		ask_recall(d);
		break;
	case MAIL_COMMAND:
		got_command(d, mail);
		break;
	case MAIL_DRAIN:
		got_drain(d, mail);
		break;
	case MAIL_ASK:
		got_ask(d, mail);
		break;
	case MAIL_STOP:
		got_stop(d, mail);
		break;
	}
	mail_free(mail);
}

static void on_mail(void *ctx)
{
	struct delivery *d = ctx;
	struct message *next = mailbox_take(d->mailbox);
	while (next != NULL) {
		struct message *at = next;
		next = at->next;
		handle(d, mail_of(at));
	}
	pump_touched(d);
	heartbeat_beat(&d->heartbeat);
}

/* What hundreds of destinations used for a moment, as after one lead to each,
 * the allocator would keep for ever. */
static void trim(struct delivery *d)
{
	int64_t now = clock_mono_ms();
	bool more = d->courier.trimmed;
	d->courier.trimmed = false;
	if (more && d->trim_since == 0)
		d->trim_since = now;
	if (d->trim_since == 0 || now - d->trimmed_at < TRIM_MS)
		return;
	/* Those used together become idle together: wait for the last. */
	if (more && now - d->trim_since < TRIM_WAIT_MS)
		return;
	d->trim_since = 0;
	d->trimmed_at = now;
	mem_trim();
}

static void on_tick(void *ctx)
{
	struct delivery *d = ctx;
	heartbeat_beat(&d->heartbeat);
	for (size_t i = 0; i < d->n; i++)
		destination_tick(d->list[i]);
	refreshers_tick(d->refreshers, &d->courier);
	remove_left(d);
	trim(d);
	publish(d);
}

static void on_grace(void *ctx)
{
	struct delivery *d = ctx;
	loop_stop(d->courier.loop);
}

/* ---- start and end ------------------------------------------------------- */

static void run(void *ctx)
{
	struct delivery *d = ctx;
	ask_recall(d);
	loop_run(d->courier.loop);
}

int delivery_start_with(struct delivery **out, struct config *config,
			const struct delivery_ops *ops, struct err *err)
{
	struct delivery *d = xcalloc(1, sizeof(*d));
	d->courier.ops = *ops;
	d->courier.ctx = d;
	d->courier.answered = on_answered;
	d->mailbox = mailbox_new();
	d->destinations = table_new();
	d->limits = limits_new();
	d->refreshers = refreshers_new();
	d->lock = lock_new();
	int rc = loop_new(&d->courier.loop, err);
	if (rc != 0)
		goto fail;
	rc = http_client_new(&d->courier.http, d->courier.loop, err);
	if (rc != 0)
		goto fail;
	rc = loop_watch_read(d->courier.loop, mailbox_fd(d->mailbox), on_mail,
			     d, &d->watch);
	if (rc != 0) {
		err_set(err, rc, "cannot watch the mailbox of delivery");
		goto fail;
	}
	d->tick = loop_timer_new(d->courier.loop, on_tick, d);
	d->publish = loop_timer_new(d->courier.loop, publish, d);
	d->grace = loop_timer_new(d->courier.loop, on_grace, d);
	loop_timer_every(d->tick, TICK_MS);
	configure(d, config_ref(config));
	publish(d);
	/* Destinations start to ask the queue with the first message. */
	delivery_due(d, NULL, false);
	/* Before the thread runs: the queue's first answer needs it. */
	*out = d;
	rc = worker_start(&d->worker, "delivery", run, d, err);
	if (rc != 0)
		goto fail;
	return 0;
fail:
	*out = NULL;
	delivery_free(d);
	return rc;
}

void delivery_stop(struct delivery *d, int64_t grace_ms)
{
	if (d == NULL || d->worker == NULL)
		return;
	struct mail *mail = mail_new(MAIL_STOP);
	mail->grace_ms = grace_ms;
	mailbox_post(d->mailbox, &mail->message);
	worker_join(d->worker);
	d->worker = NULL;
}

void delivery_free(struct delivery *d)
{
	if (d == NULL)
		return;
	delivery_stop(d, 0);
	/* First the calls, which borrow the bytes of the leads. */
	for (size_t i = 0; i < d->n; i++)
		destination_quiet(d->list[i]);
	http_client_free(d->courier.http);
	for (size_t i = 0; i < d->n; i++)
		destination_free(d->list[i]);
	free(d->list);
	table_free(d->destinations, NULL);
	limits_free(d->limits);
	refreshers_free(d->refreshers);
	mail_free_all(d->mailbox);
	loop_watch_free(d->watch);
	loop_timer_free(d->tick);
	loop_timer_free(d->publish);
	loop_timer_free(d->grace);
	loop_free(d->courier.loop);
	if (d->config != NULL)
		config_unref(d->config);
	lock_free(d->lock);
	free(d->status);
	free(d);
}

/* ---- any thread ---------------------------------------------------------- */

void delivery_due(struct delivery *d, struct due_lead *chain, bool more)
{
	if (d == NULL) { /* not started yet: they are on disk */
		mail_free_leads(chain);
		return;
	}
	struct mail *mail = mail_new(MAIL_DUE);
	mail->leads = chain;
	mail->more = more;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_settled(struct delivery *d, struct settlement *chain)
{
	struct mail *mail = mail_new(MAIL_SETTLED);
	mail->settlements = chain;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_refilled(struct delivery *d, const char *destination,
		       struct due_lead *chain, bool more,
		       int64_t next_due_at_ms)
{
	struct mail *mail = mail_new(MAIL_REFILLED);
	mail->destination = xstrdup(destination);
	mail->leads = chain;
	mail->more = more;
	mail->next_due_at_ms = next_due_at_ms;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_recalled(struct delivery *d, struct recall *chain)
{
	struct mail *mail = mail_new(MAIL_RECALLED);
	mail->recall = chain;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_erased(struct delivery *d, const int64_t *ids, size_t n)
{
	if (d == NULL)
		return;
	struct mail *mail = mail_new(MAIL_ERASED);
	mail->ids = xcalloc(n, sizeof(*ids));
	memcpy(mail->ids, ids, n * sizeof(*ids));
	mail->n_ids = n;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_credential(struct credential *c)
{
	struct delivery *d = c->asker;
	struct mail *mail = mail_new(MAIL_CREDENTIAL);
	mail->credential = c;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_configure(struct delivery *d, struct config *config)
{
	struct mail *mail = mail_new(MAIL_CONFIGURE);
	mail->config = config_ref(config);
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_command(struct delivery *d, const char *destination,
		      enum destination_command command)
{
	struct mail *mail = mail_new(MAIL_COMMAND);
	mail->destination = xstrdup(destination);
	mail->command = command;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_drain(struct delivery *d, const char *destination, int64_t for_ms)
{
	struct mail *mail = mail_new(MAIL_DRAIN);
	mail->destination = xstrdup(destination);
	mail->grace_ms = for_ms;
	mailbox_post(d->mailbox, &mail->message);
}

void delivery_ask(struct delivery *d, struct delivery_ask *a)
{
	struct mail *mail = mail_new(MAIL_ASK);
	mail->ask = a;
	mailbox_post(d->mailbox, &mail->message);
}

struct heartbeat *delivery_heartbeat(struct delivery *d)
{
	return &d->heartbeat;
}
