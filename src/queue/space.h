/* SPDX-License-Identifier: MIT */
/*
 * Room on the file system of the store: a low-water mark below which nothing
 * is accepted, and a reserve file that is given up when there is no room at
 * all, so that settling and checkpoints go on: a full SQLite cannot even
 * delete. Store thread only.
 */
#ifndef LB_QUEUE_SPACE_H
#define LB_QUEUE_SPACE_H

#include "leadbridge/config.h"

struct space {
	char *path;                 /* of the reserve file */
	char *folder;               /* what is asked for room */
	int64_t reserve, low_water; /* as configured */
	bool reserved;              /* the file is there, in full */
};

void space_init(struct space *s, const struct store_config *config);
void space_release(struct space *s);
/* Whether there is room to accept: true above the low-water mark with the
 * reserve in place, which is built when there is room for both. */
bool space_is_enough(struct space *s);
/* Gives up the reserve; false when there was none to give. */
bool space_give_up(struct space *s);

#endif
