/* SPDX-License-Identifier: MIT */
/*
 * Webhooks and replays whose source runs programs: from the loop to the mapper
 * thread and back. Loop thread.
 */
#ifndef LB_MAPPED_H
#define LB_MAPPED_H

#include "leadbridge/source.h"
#include "leadbridge/store.h"
#include "operate/road.h"

struct mapped; /* one of them on its way */

LB_MUST_CHECK int mapped_open(struct road *r, int report_kind, struct err *err);
/* What is on its way is finished or given up and submitted. */
void mapped_stop(struct road *r);
void mapped_close(struct road *r);

/* Verifies on the loop and maps elsewhere. As source_process(), but the answer
 * comes later; the ticket must be valid by the next turn of the loop.
 * LB_EBUSY: no room; *done: nothing was left to map. */
LB_MUST_CHECK int mapped_webhook(struct road *r, struct config *config,
				 const struct source *source,
				 const struct request *request,
				 struct mapped **out, struct submission **done,
				 struct reply *reply, const char **why);
/* Who waits for the answer; dry: it is shown, not stored. */
void mapped_answer(struct mapped *m, struct ticket ticket, bool dry);
/* It was held under this number since its proof was refused. */
void mapped_held(struct mapped *m, int64_t number);
/* Maps a stored request again. */
LB_MUST_CHECK int mapped_replay(struct road *r, const struct source *source,
				const struct submission *raw, int64_t unit,
				struct ticket ticket, struct err *err);
/* A task came back through the reports mailbox. */
void mapped_done(struct road *r, struct message *m);

#endif
