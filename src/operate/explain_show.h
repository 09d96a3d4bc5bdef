/* SPDX-License-Identifier: MIT */
/* What explain found, for people and for programs. Secrets are "***". */
#ifndef LB_EXPLAIN_SHOW_H
#define LB_EXPLAIN_SHOW_H

#include "operate/explain.h"

void explain_text(const struct explain *e, const struct config *config,
		  struct buf *out);
void explain_json(const struct explain *e, const struct config *config,
		  struct buf *out);

#endif
