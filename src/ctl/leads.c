/* SPDX-License-Identifier: MIT */
/* leadbridgectl leads: list, show, retry. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/ctl.h"
#include "leadbridge/buf.h"

/* Values go into a query string: names and digits only. */
static bool add_param(struct buf *path, const char *name, const char *value)
{
	if (value == NULL)
		return true;
	if (!ctl_name_ok(value))
		return false;
	buf_addf(path, "%c%s=%s", str_find(buf_str(path), '?') < 0 ? '?' : '&',
		 name, value);
	return true;
}

static int list(struct ctl *c)
{
	struct buf path;
	buf_init(&path, 4096);
	buf_addf(&path, "/api/v1/leads");
	int rc = CTL_USAGE;
	if (add_param(&path, "state", ctl_option(c, "--state")) &&
	    add_param(&path, "source", ctl_option(c, "--source")) &&
	    add_param(&path, "destination", ctl_option(c, "--destination")) &&
	    add_param(&path, "limit", ctl_option(c, "--limit")) &&
	    add_param(&path, "cursor", ctl_option(c, "--cursor")))
		rc = ctl_print_leads(c, path.p);
	else
		(void)fprintf(stderr, "leadbridgectl: names are lower-case "
				      "letters, digits and '-'\n");
	buf_release(&path);
	return rc;
}

static int on_lead(struct ctl *c, const char *verb)
{
	if (!ctl_name_ok(c->args[1]))
		return ctl_usage(&CTL_LEADS);
	int rc;
	char *path;
	if (strcmp(verb, "show") == 0) {
		path = xasprintf("/api/v1/leads/%s", c->args[1]);
		rc = ctl_print_lead(c, path);
	} else {
		path = xasprintf("/api/v1/leads/%s/retry", c->args[1]);
		rc = ctl_post(c, path, "waiting again");
	}
	free(path);
	return rc;
}

static int run(struct ctl *c)
{
	if (c->n_args == 1 && strcmp(c->args[0], "list") == 0)
		return list(c);
	if (c->n_args == 1 && strcmp(c->args[0], "add") == 0)
		return ctl_leads_add(c);
	if (c->n_args == 2 && (strcmp(c->args[0], "show") == 0 ||
			       strcmp(c->args[0], "retry") == 0))
		return on_lead(c, c->args[0]);
	return ctl_usage(&CTL_LEADS);
}

static const struct ctl_option OPTIONS[] = {
    {"--state", "STATE", "waiting, delivered, dead, quarantined, ignored",
     false},
    {"--source", "NAME", "of this sender only", false},
    {"--destination", "NAME", "list: of this destination only; add: where to",
     false},
    {"--limit", "N", "rows of a page, 50", false},
    {"--cursor", "N", "go on where a page ended", false},
    {"--name", "TEXT", "add: of the person", false},
    {"--phone", "TEXT", "add: as it is written", false},
    {"--email", "TEXT", "add", false},
    {"--country", "US", "add: of a phone number without one", false},
    {"--platform", "NAME", "add: source_platform, direct", false},
    {"--stage", "SLUG", "add: stage_slug", false},
    {"--id", "UUID", "add: of a try that was not answered: adds it once only",
     false},
    {"--field", "'slug=text'", "add: a custom field", true},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_LEADS = {
    .name = "leads",
    .usage = "list | show ID | retry ID | add",
    .help = "stored leads, newest first; send a dead one again",
    .more = "show prints attempts, the exact body and the stored request;\n"
	    "that is personal data.\n"
	    "add needs a name, a phone number or an e-mail address.\n",
    .options = OPTIONS,
    .run = run,
};
