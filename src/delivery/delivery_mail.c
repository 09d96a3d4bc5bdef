/* SPDX-License-Identifier: MIT */
/*
 * What each message to the delivery thread does. It finds whom the message
 * concerns; what is decided is decided in destination*.c. On the delivery
 * thread; see delivery_post.c for the other end.
 */
#include "delivery/delivery_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "delivery/destination_ask.h"

static void got_due(struct delivery *d, struct mail *mail)
{
	while (mail->leads != NULL) {
		struct due_lead *lead = mail->leads;
		mail->leads = lead->next;
		lead->next = NULL;
		fault_point("delivery_due");
		struct destination *to = delivery_of_lead(d, lead);
		if (to == NULL || to->leaving) {
			free(lead);
			continue;
		}
		destination_due(to, lead);
		delivery_touch(d, to);
	}
	for (size_t i = 0; mail->more && i < d->n; i++) {
		if (*destination_granted(d->list[i]) > 0)
			continue;
		d->list[i]->more = true;
		delivery_touch(d, d->list[i]);
	}
}

static void got_settled(struct delivery *d, struct mail *mail)
{
	while (mail->settlements != NULL) {
		struct settlement *s = mail->settlements;
		mail->settlements = s->next;
		s->next = NULL;
		/* Also of one that leaves: it may be back before it is gone. */
		struct destination *to = delivery_of_lead(d, s->lead);
		if (to == NULL) {
			settlement_free(s);
			continue;
		}
		destination_settled(to, s);
		delivery_touch(d, to);
	}
}

static void got_refilled(struct delivery *d, struct mail *mail)
{
	struct destination *to = delivery_find(d, str_from(mail->destination));
	if (to == NULL)
		return;
	destination_refilled(to, mail->leads, mail->more, mail->next_due_at_ms);
	mail->leads = NULL;
	delivery_touch(d, to);
}

/* Limits that know nothing of what was sent before the start let nothing
 * through until the queue said. */
void delivery_ask_recall(struct delivery *d)
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
		struct destination *to =
		    delivery_find(d, str_from(r->destination));
		if (to != NULL)
			destination_recall(to, r->limited_until_ms);
	}
	limits_recalled(d->limits, d->config, mail->recall);
	mail->recall = NULL;
	delivery_touch_all(d);
}

static void got_credential(struct delivery *d, struct mail *mail)
{
	refreshers_answer(d->refreshers, mail->credential);
	mail->credential = NULL;
	delivery_touch_all(d);
}

static void got_erased(struct delivery *d, struct mail *mail)
{
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < mail->n_ids; k++)
			destination_erased(d->list[i], mail->ids[k]);
}

static void got_command(struct delivery *d, struct mail *mail)
{
	struct destination *to = delivery_find(d, str_from(mail->destination));
	if (to == NULL)
		return;
	destination_command(to, mail->command);
	delivery_touch(d, to);
	/* A pause holds it anyway. */
	struct destination *bulk =
	    delivery_lane_of(d, str_from(mail->destination));
	if (bulk == NULL || mail->command != DESTINATION_RESUME)
		return;
	destination_command(bulk, mail->command);
	delivery_touch(d, bulk);
}

static void got_drain(struct delivery *d, struct mail *mail)
{
	struct destination *to = delivery_find(d, str_from(mail->destination));
	if (to == NULL)
		return;
	destination_drain(to, mail->grace_ms);
	delivery_touch(d, to);
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
	struct destination *to = delivery_find(d, str_from(a->destination));
	to = account_holding(d->list, d->n, to, a->lead);
	mail->ask = NULL;
	if (to != NULL && a->kind == DELIVERY_SEND) {
		destination_ask(to, a);
		delivery_touch(d, to);
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
	delivery_maybe_end(d);
}

void delivery_handle(struct delivery *d, struct mail *mail)
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
		delivery_serve(d, mail->config);
		mail->config = NULL;
		delivery_ask_recall(d);
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
