/* SPDX-License-Identifier: MIT */
/*
 * A backup of the store, asked for by a person: made on a thread of its own,
 * beside its final name, synced, then renamed. One at a time. Loop thread but
 * for the copying.
 */
#ifndef LB_BACKUP_H
#define LB_BACKUP_H

#include "operate/road.h"

struct backup;

struct backup *backup_new(void);
void backup_free(struct backup *b); /* waits for one under way; NULL is fine */
/* path is absolute. force: may take the place of an older backup, and of
 * nothing else. LB_EBUSY: one is under way; LB_EDENIED: something is there. */
LB_MUST_CHECK int backup_start(struct backup *b, struct road *r,
			       const char *path, bool force, struct err *err);
/* "state": none, running, done, failed; with bytes and the error, as JSON. */
void backup_show(struct backup *b, struct buf *out);

#endif
