/* SPDX-License-Identifier: MIT */
/* What one request looks like: target, headers, key. */
#ifndef LB_ATTEMPT_H
#define LB_ATTEMPT_H

#include "delivery/http_client.h"
#include "leadbridge/config.h"
#include "leadbridge/store.h"

enum { ATTEMPT_KEY_LINE = 64, BULK_ANSWER_MAX = 2 << 20 };

/* Where a destination's requests go, with its credentials. */
struct http_target *attempt_target(struct http_client *client,
				   const struct destination_config *c);
/* The same for its list of leads. */
struct http_target *attempt_list_target(struct http_client *client,
					const struct destination_config *c);
/* The headers every request to it has, "Name: value\n", for people: what is
 * secret is "***". */
void attempt_show(const struct destination_config *c, struct buf *out);
/* "Idempotency-Key: UUID", the same on every try of a lead. */
void attempt_key_line(const struct due_lead *lead, char line[ATTEMPT_KEY_LINE]);
/* Whether anything can have reached the other side. */
bool attempt_arrived(enum transport t);
/* The same of the word an attempt is remembered by. */
bool attempt_reason_counts(struct str reason);
/* Names whoever shares a rate limit: host, token and customer, digested. */
#define ATTEMPT_SHARE 32
void attempt_share(const struct destination_config *c,
		   unsigned char out[ATTEMPT_SHARE]);

#endif
