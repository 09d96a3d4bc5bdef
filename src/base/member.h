/* SPDX-License-Identifier: MIT */
/* Members of a JSON object behind its first one: a comma, the name (which needs
 * no escape), the value. */
#ifndef LB_MEMBER_H
#define LB_MEMBER_H

#include "leadbridge/buf.h"

/* null where text.p is NULL. */
void member_text(struct buf *b, const char *name, struct str text);
/* "2026-09-14T14:02:08Z", or null where it is 0 or less. */
void member_time(struct buf *b, const char *name, int64_t at_ms);

#endif
