/* SPDX-License-Identifier: MIT */
/* Life of a question or command of the admin API; see queue.h. Any thread. */
#include <stdlib.h>

#include "base/mem.h"
#include "queue/privacy.h"

enum { ANSWER_MAX = 16 * 1024 * 1024, LIMIT = 100 };

struct query *query_new(enum query_kind kind)
{
	struct query *q = xcalloc(1, sizeof(*q));
	q->kind = kind;
	q->limit = LIMIT;
	buf_init(&q->json, ANSWER_MAX);
	return q;
}

void query_undo(struct query *q)
{
	while (q->due != NULL) {
		struct due_lead *lead = q->due;
		q->due = lead->next;
		free(lead);
	}
	buf_reset(&q->json);
}

void query_free(struct query *q)
{
	if (q == NULL)
		return;
	query_undo(q);
	buf_release(&q->json);
	ledger_release(&q->ledger);
	credential_free(q->credential);
	if (q->raw != NULL)
		submission_free(q->raw);
	privacy_work_free(q->privacy);
	free(q);
}
