/* SPDX-License-Identifier: MIT */
/* What the commands about leads share: filters as a query string, lists, and
 * what changes leads. */
#ifndef LB_CTL_LEADS_H
#define LB_CTL_LEADS_H

#include "ctl/ctl.h"
#include "leadbridge/buf.h"

/* &name=value, percent-encoded; NULL: nothing. */
void ctl_add_param(struct buf *path, const char *name, const char *value);
/* --state, --source, --destination, --since, --until, --text, --reason. */
void ctl_add_filter(const struct ctl *c, struct buf *path);
/* A page, filtered, from this path. */
int ctl_list_leads(struct ctl *c, const char *where);
/* One of them, masked unless --reveal. */
int ctl_show_lead(struct ctl *c, const char *where, const char *id);

/* ---- leads_change.c ------------------------------------------------------ */

bool ctl_changes_leads(const char *verb); /* retry, bury, send-as-new */
/* One lead, or with id NULL all the options name. */
int ctl_leads_change(struct ctl *c, const char *verb, const char *id);
/* Asks on the terminal for `word` to be typed, unless --yes was given.
 * CTL_DONE: go on. Without a terminal: CTL_USAGE. */
int ctl_confirm(const struct ctl *c, const char *question, const char *word);

#endif
