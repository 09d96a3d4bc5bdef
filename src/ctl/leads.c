/* SPDX-License-Identifier: MIT */
/* leadbridgectl leads: list, show; what changes leads is in leads_change.c,
 * adding one in leads_add.c. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/ctl.h"
#include "ctl/leads.h"

void ctl_add_param(struct buf *path, const char *name, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
				    "QRSTUVWXYZ0123456789-_.~";
	if (value == NULL)
		return;
	buf_addf(path, "%c%s=", str_find(buf_str(path), '?') < 0 ? '?' : '&',
		 name);
	for (const char *p = value; *p != '\0'; p++) {
		if (strchr(plain, *p) != NULL)
			buf_add_char(path, *p);
		else
			buf_addf(path, "%%%02X", (unsigned char)*p);
	}
}

void ctl_add_filter(const struct ctl *c, struct buf *path)
{
	static const struct {
		const char *option, *name;
	} filters[] = {
	    {"--state", "state"},   {"--source", "source"},
	    {"--since", "since"},   {"--destination", "destination"},
	    {"--until", "until"},   {"--text", "text"},
	    {"--reason", "reason"},
	};
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		ctl_add_param(path, filters[i].name,
			      ctl_option(c, filters[i].option));
}

int ctl_list_leads(struct ctl *c, const char *where)
{
	struct buf path;
	const char *limit = ctl_option(c, "--limit");
	const char *cursor = ctl_option(c, "--cursor");
	if (cursor != NULL && !ctl_name_ok(cursor))
		return ctl_usage(&CTL_LEADS);
	buf_init(&path, 8192);
	buf_add_str(&path, str_from(where));
	ctl_add_param(&path, "limit", limit != NULL ? limit : "50");
	ctl_add_filter(c, &path);
	if (ctl_option(c, "--reveal") != NULL)
		ctl_add_param(&path, "reveal", "true");
	int rc = ctl_print_leads(c, path.p, cursor);
	buf_release(&path);
	return rc;
}

int ctl_show_lead(struct ctl *c, const char *where, const char *id)
{
	char *path =
	    xasprintf("%s/%s%s", where, id,
		      ctl_option(c, "--reveal") != NULL ? "?reveal=true" : "");
	int rc = ctl_print_lead(c, path);
	free(path);
	return rc;
}

static int run(struct ctl *c)
{
	const char *verb = c->n_args > 0 ? c->args[0] : "";
	if (c->n_args == 1 && strcmp(verb, "list") == 0)
		return ctl_list_leads(c, "/api/v1/leads");
	if (c->n_args == 1 && strcmp(verb, "add") == 0)
		return ctl_leads_add(c);
	if (c->n_args == 2 && strcmp(verb, "show") == 0 &&
	    ctl_name_ok(c->args[1]))
		return ctl_show_lead(c, "/api/v1/leads", c->args[1]);
	if ((c->n_args == 1 || c->n_args == 2) && ctl_changes_leads(verb))
		return ctl_leads_change(c, verb,
					c->n_args == 2 ? c->args[1] : NULL);
	return ctl_usage(&CTL_LEADS);
}

static const struct ctl_option OPTIONS[] = {
    {"--state", "STATE", "waiting, delivered, dead, quarantined, ignored",
     false},
    {"--source", "NAME", "of this sender only", false},
    {"--destination", "NAME", "list: of this destination only; add: where to",
     false},
    {"--since", "TIME", "received since: 24h (ago) or 2026-11-22T21:00:00Z",
     false},
    {"--until", "TIME", "received before", false},
    {"--text", "TEXT", "part of name, e-mail, phone, event id; or a key",
     false},
    {"--reason", "TEXT", "part of the reason: http_422, max_age", false},
    {"--limit", "N", "rows of a page, 50", false},
    {"--cursor", "N", "go on where a page ended", false},
    {"--reveal", NULL, "list, show: personal data as it is; is audited", false},
    {"--dry-run", NULL, "say how many it would be, change nothing", false},
    {"--yes", NULL, "do not ask", false},
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
    .usage = "list | show ID | retry|bury|send-as-new [ID] | add",
    .help = "stored leads, newest first; send dead ones again",
    .more =
	"show prints attempts, body and stored request, personal data masked\n"
	"(--reveal shows it, and who looked is noted in the audit log).\n\n"
	"retry sends a dead lead again: under its old key where the CRM may\n"
	"have it, under a new one where it refused it (400, 413, 422, 451).\n"
	"After a 409 the CRM has other data under that key: only send-as-new\n"
	"sends it, always under a new key, and the CRM may then have the lead\n"
	"twice. bury gives a lead up: it counts as ignored from then on.\n\n"
	"Without an ID they take all leads the options name: at least --state\n"
	"(dead unless given; bury also takes quarantined). --dry-run counts\n"
	"them; else the count has to be typed, or --yes given.\n"
	"  leadbridgectl leads retry --destination mega --since 24h "
	"--dry-run\n"
	"  leadbridgectl leads bury --reason http_422 --until 30d --yes\n\n"
	"add needs a name, a phone number or an e-mail address.\n",
    .options = OPTIONS,
    .run = run,
};
