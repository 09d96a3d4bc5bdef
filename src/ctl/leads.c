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
	if (add_param(&path, "state", c->state) &&
	    add_param(&path, "source", c->source) &&
	    add_param(&path, "destination", c->destination) &&
	    add_param(&path, "limit", c->limit) &&
	    add_param(&path, "cursor", c->cursor))
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

const struct ctl_command CTL_LEADS = {
    .name = "leads",
    .usage = "list | show ID | retry ID | add",
    .help = "stored leads, newest first; send a dead one again",
    .more = "options of list: --state waiting|delivered|dead|quarantined|"
	    "ignored\n  --source NAME --destination NAME --limit N --cursor N\n"
	    "show prints attempts, the exact body and the stored request;\n"
	    "that is personal data.\n"
	    "add takes --name, --phone, --email (one of them at least),\n"
	    "  --country US (of the phone), --field 'slug=text' (often),\n"
	    "  --destination NAME (where there are several), --stage SLUG,\n"
	    "  --platform direct (source_platform), --id UUID (of a try that "
	    "was\n  not answered: then it is added once only)\n",
    .run = run,
};
