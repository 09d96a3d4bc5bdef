/* SPDX-License-Identifier: MIT */
/*
 * The delivery thread: start, a turn of its loop, end. What others see of it
 * (status) is a copy under a lock. Whom it serves is in delivery_table.c, what
 * messages do in delivery_mail.c, what is decided in destination*.c.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "delivery/delivery_internal.h"
#include "delivery/delivery_ops.h"

enum {
	TICK_MS = 1000,
	TRIM_MS = 60 * 1000, /* memory goes back to the system this often */
	TRIM_WAIT_MS = 10 * 1000,
	PUBLISH_MS = 50, /* status is at most this old */
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

void delivery_publish_soon(struct delivery *d)
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

/* ---- a turn -------------------------------------------------------------- */

void delivery_maybe_end(struct delivery *d)
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
	delivery_publish_soon(d);
	delivery_maybe_end(d);
}

static void on_mail(void *ctx)
{
	struct delivery *d = ctx;
	struct message *next = mailbox_take(d->mailbox);
	while (next != NULL) {
		struct message *at = next;
		next = at->next;
		delivery_handle(d, mail_of(at));
	}
	delivery_pump_touched(d);
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
	delivery_remove_left(d);
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
	delivery_ask_recall(d);
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
	delivery_serve(d, config_ref(config));
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
