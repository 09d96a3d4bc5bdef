/* SPDX-License-Identifier: MIT */
/* What other threads send to the delivery thread: one struct, owned by whoever
 * has it. */
#ifndef LB_DELIVERY_MAIL_H
#define LB_DELIVERY_MAIL_H

#include "delivery/ask.h"

enum mail_kind {
	MAIL_DUE,
	MAIL_SETTLED,
	MAIL_REFILLED,
	MAIL_RECALLED,
	MAIL_ERASED,
	MAIL_CREDENTIAL,
	MAIL_CONFIGURE,
	MAIL_COMMAND,
	MAIL_DRAIN,
	MAIL_ASK,
	MAIL_STOP,
};

struct mail {
	struct message message;
	struct due_lead *leads;         /* DUE, REFILLED */
	struct settlement *settlements; /* SETTLED */
	struct recall *recall;          /* RECALLED */
	int64_t *ids;                   /* ERASED */
	size_t n_ids;
	struct credential *credential; /* CREDENTIAL */
	char *destination;             /* REFILLED, COMMAND */
	struct config *config;         /* CONFIGURE */
	bool more;
	int64_t next_due_at_ms, grace_ms;
	enum destination_command command;
	struct delivery_ask *ask; /* ASK */
};

struct mail *mail_new(enum mail_kind kind);
struct mail *mail_of(struct message *message);
void mail_free(struct mail *mail); /* with all that is still in it */
void mail_free_leads(struct due_lead *chain);
/* The box, and what nobody took out. */
void mail_free_all(struct mailbox *mailbox);

#endif
