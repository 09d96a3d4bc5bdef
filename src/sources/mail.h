/* SPDX-License-Identifier: MIT */
/*
 * An e-mail in a payload, read once in C for the profiles of mail services:
 * what would be a page of jq in each of them, and slow there. Pure; any thread.
 */
#ifndef LB_MAIL_H
#define LB_MAIL_H

#include "leadbridge/source.h"
#include "sources/expression.h"

/* Where the parts of the mail stand: paths, no jq. */
struct mail_rule {
	struct expression from, name, reply_to, headers;
	struct expression text, signature, html, envelope;
};

static inline bool mail_is_ruled(const struct mail_rule *rule)
{
	return rule->from.text != NULL;
}

/* Whether one of them is jq after all. */
bool mail_is_programmed(const struct mail_rule *rule);

/*
 * What is known of the mail, named "mail":
 *   person      true; absent: a machine wrote it (auto-reply, list, daemon)
 *   message_id  of the headers
 *   email, name of who wants an answer: Reply-To, else From; name is a text or
 *               {first, last}
 *   phones      lines "Phone: ..." of the text
 *   message     the text, or the HTML without its markup
 *   recipient, sender   of an envelope
 */
struct value *mail_read(const struct source_call *call,
			const struct mail_rule *rule,
			const struct evaluation *v);

#endif
