/* SPDX-License-Identifier: MIT */
/* Life of a message to the delivery thread. Any thread. */
#include "delivery/mail.h"

#include <stdlib.h>

#include "base/mem.h"

struct mail *mail_new(enum mail_kind kind)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));
	mail->message.kind = (int)kind;
	return mail;
}

struct mail *mail_of(struct message *message)
{
	return (struct mail *)(void *)message;
}

void mail_free_leads(struct due_lead *chain)
{
	while (chain != NULL) {
		struct due_lead *next = chain->next;
		free(chain);
		chain = next;
	}
}

void mail_free(struct mail *mail)
{
	mail_free_leads(mail->leads);
	settlements_free(mail->settlements);
	recall_free(mail->recall);
	credential_free(mail->credential);
	if (mail->config != NULL)
		config_unref(mail->config);
	delivery_ask_free(mail->ask);
	free(mail->ids);
	free(mail->destination);
	free(mail);
}

void mail_free_all(struct mailbox *mailbox)
{
	struct message *next = mailbox_take(mailbox);
	while (next != NULL) {
		struct message *at = next;
		next = at->next;
		mail_free(mail_of(at));
	}
	mailbox_free(mailbox);
}
