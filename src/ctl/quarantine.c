/* SPDX-License-Identifier: MIT */
/* leadbridgectl quarantine: what was authentic but could not be mapped. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/leads.h"

static const struct verb {
	const char *name, *done;
} VERBS[] = {
    {"replay", "mapped again"},
    {"bury", "buried: it counts as ignored"},
};

static int on_unit(struct ctl *c)
{
	if (!ctl_name_ok(c->args[1]))
		return ctl_usage(&CTL_QUARANTINE);
	for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
		if (strcmp(c->args[0], VERBS[i].name) != 0)
			continue;
		char *path = xasprintf("/api/v1/quarantine/%s/%s", c->args[1],
				       c->args[0]);
		int rc = ctl_post(c, path, VERBS[i].done);
		free(path);
		return rc;
	}
	if (strcmp(c->args[0], "show") != 0)
		return ctl_usage(&CTL_QUARANTINE);
	return ctl_show_lead(c, "/api/v1/quarantine", c->args[1]);
}

static int run(struct ctl *c)
{
	if (c->n_args == 1 && strcmp(c->args[0], "list") == 0)
		return ctl_list_leads(c, "/api/v1/quarantine");
	if (c->n_args == 2)
		return on_unit(c);
	return ctl_usage(&CTL_QUARANTINE);
}

static const struct ctl_option OPTIONS[] = {
    {"--source", "NAME", "of this sender only", false},
    {"--since", "TIME", "received since: 24h (ago) or 2026-11-22T21:00:00Z",
     false},
    {"--until", "TIME", "received before", false},
    {"--text", "TEXT", "part of the request, event id or reason", false},
    {"--reason", "TEXT", "part of the reason", false},
    {"--reveal", NULL, "show: personal data as it is; is audited", false},
    {"--limit", "N", "rows of a page, 50", false},
    {"--cursor", "N", "go on where a page ended", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_QUARANTINE = {
    .name = "quarantine",
    .usage = "list | show ID | replay ID | bury ID",
    .help = "authentic requests that could not be mapped",
    .more = "replay maps the stored request with the configuration in force\n"
	    "and puts what comes out in its place; bury gives it up.\n",
    .options = OPTIONS,
    .run = run,
};
