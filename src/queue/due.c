/* SPDX-License-Identifier: MIT */
/*
 * A lead on its way to the scheduler, what one attempt came to, and what is
 * remembered of attempts: the objects that travel between the queue's threads
 * and delivery. Any thread.
 */
#include <stdlib.h>

#include <stdio.h>

#include "base/mem.h"
#include "leadbridge/store.h"

struct str fetch_queue(struct str source, char name[QUEUE_NAME])
{
	(void)snprintf(name, QUEUE_NAME, "@%.*s", STR_FMT(source));
	return str_from(name);
}

struct str bulk_queue(struct str destination, char name[QUEUE_NAME])
{
	(void)snprintf(name, QUEUE_NAME, "+%.*s", STR_FMT(destination));
	return str_from(name);
}

bool is_bulk_queue(struct str queue)
{
	return queue.n > 0 && queue.p[0] == '+';
}

bool is_fetch(struct str body)
{
	return body.n > 0 && body.p[0] == '[';
}

static struct str place(char **at, struct str s)
{
	if (s.p == NULL)
		return s;
	char *to = *at;
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0'; /* names are handed on as C strings */
	*at += s.n + 1;
	return (struct str){to, s.n};
}

struct due_lead *due_lead_new(const struct due_lead *from)
{
	size_t n = from->source.n + from->destination.n + from->body.n +
		   from->to.n + 4;
	struct due_lead *lead = xmalloc(sizeof(*lead) + n);
	memcpy(lead, from, sizeof(*lead));
	lead->next = NULL;
	char *at = lead->data;
	lead->source = place(&at, from->source);
	lead->destination = place(&at, from->destination);
	lead->to = place(&at, from->to);
	lead->body = place(&at, from->body);
	return lead;
}

void settlement_free(struct settlement *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_rows; i++)
		free(s->rows[i].response);
	free(s->rows);
	free(s->lead);
	free(s->response);
	free(s->rendered);
	free(s);
}

void credential_free(struct credential *c)
{
	if (c == NULL)
		return;
	if (c->token != NULL)
		mem_wipe(c->token, strlen(c->token));
	free(c->token);
	free(c);
}

void recall_free(struct recall *chain)
{
	while (chain != NULL) {
		struct recall *next = chain->next;
		free(chain->at_ms);
		free(chain);
		chain = next;
	}
}
