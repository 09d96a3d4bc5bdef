/* SPDX-License-Identifier: MIT */
/*
 * What others may say to the delivery thread: each is a message to its mailbox,
 * see delivery_mail.c for what becomes of it. Any thread.
 */
#include "delivery/delivery_internal.h"

#include "base/mem.h"

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
