/* SPDX-License-Identifier: MIT */
/* leadbridgectl source: what a person does with one sender. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/ctl.h"

static int retry_held(struct ctl *c, const char *name)
{
	struct json_object *answer = NULL;
	char *path = xasprintf("/api/v1/sources/%s/retry-held", name);
	int rc = ctl_call(c, "POST", path, &answer);
	if (rc == CTL_DONE && !c->json) {
		(void)printf("%" PRId64 " proven now, %" PRId64
			     " still refused\n",
			     ctl_number(answer, "proven"),
			     ctl_number(answer, "refused"));
		if (ctl_number(answer, "refused") > 0)
			(void)printf("the last one for: %s\n",
				     ctl_text(answer, "why"));
	}
	json_object_put(answer);
	free(path);
	return rc;
}

static void print_row(struct json_object *s)
{
	char last[CTL_AGE_TEXT], secret[24] = "-";
	ctl_age(s, last);
	int64_t last_secret = ctl_number(s, "last_secret");
	/* The vendor's own key is none of the configured ones. */
	if (last_secret > 0 && last_secret <= ctl_number(s, "secrets"))
		(void)!snprintf(secret, sizeof(secret), "%" PRId64 "/%" PRId64,
				last_secret, ctl_number(s, "secrets"));
	(void)printf("%-20s %-17s %6s %8" PRId64 " %8" PRId64 " %8" PRId64
		     " %6" PRId64 " %6s  %s\n",
		     ctl_text(s, "name"), ctl_text(s, "platform"), last,
		     ctl_number(s, "accepted"), ctl_number(s, "duplicates"),
		     ctl_number(s, "rejected"), ctl_number(s, "held"), secret,
		     ctl_text(s, "url"));
}

static int list(struct ctl *c)
{
	struct json_object *answer = NULL, *rows = NULL;
	int rc = ctl_call(c, "GET", "/api/v1/sources", &answer);
	if (rc == CTL_DONE && !c->json) {
		(void)printf("%-20s %-17s %6s %8s %8s %8s %6s %6s  %s\n",
			     "NAME", "PLATFORM", "LAST", "ACCEPTED", "REPEATED",
			     "REFUSED", "HELD", "SECRET", "URL");
		json_object_object_get_ex(answer, "sources", &rows);
		size_t n = rows != NULL ? json_object_array_length(rows) : 0;
		for (size_t i = 0; i < n; i++)
			print_row(json_object_array_get_idx(rows, i));
	}
	json_object_put(answer);
	return rc;
}

static int run(struct ctl *c)
{
	if (c->n_args == 1 && strcmp(c->args[0], "list") == 0)
		return list(c);
	if (c->n_args == 2 && strcmp(c->args[0], "test") == 0 &&
	    ctl_name_ok(c->args[1]))
		return ctl_source_test(c, c->args[1]);
	if (c->n_args == 2 && strcmp(c->args[0], "add") == 0 &&
	    ctl_name_ok(c->args[1]))
		return ctl_source_add(c, c->args[1]);
	if (c->n_args == 2 && strcmp(c->args[0], "retry-held") == 0 &&
	    ctl_name_ok(c->args[1]))
		return retry_held(c, c->args[1]);
	return ctl_usage(&CTL_SOURCE);
}

static const struct ctl_option OPTIONS[] = {
    {"--platform", "NAME", "add: what it is; leadbridged --list-platforms",
     false},
    {"--destination", "NAME", "add: where its leads go", false},
    {"--secret", "REF", "add: file:PATH, credential:NAME, or - to type it",
     false},
    {"--url-token", NULL, "add: a URL token too, where there is a secret",
     false},
    {"--account", "ID", "add: the sender's account it accepts", false},
    {"--country", "US", "add: of phone numbers without one", false},
    {"--set", "'key=value'", "add: any other key, the value in YAML", true},
    {"--no-reload", NULL, "add: only write it", false},
    {"--deliver", NULL, "test: also where the sample is a lead", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_SOURCE = {
    .name = "source",
    .usage = "list | add NAME | test NAME | retry-held NAME",
    .help = "the senders: what to paste there, and what came",
    .more = "add writes conf.d/source-NAME.yaml, checks everything with it, "
	    "lets the\ndaemon reload and prints the URL to paste. Without "
	    "--secret it makes a URL\ntoken and keeps it in secrets/.\n"
	    "  leadbridgectl source add quotes --platform form --destination "
	    "mega\n"
	    "  leadbridgectl source add shop --platform shopify --secret - "
	    "--destination mega\n"
	    "list counts since the daemon was started (ledger counts all). "
	    "SECRET says\nwhich of the configured secrets proved the last "
	    "event: an old one that is\nstill in use cannot go yet. In the "
	    "URL, TOKEN stands for the secret.\n"
	    "test sends a sample, proven with the secrets of the "
	    "configuration, through the\ndaemon's listener: the platform's "
	    "test event, or a dry run where the URL has\na token. Of what has "
	    "neither the sample is a lead: --deliver sends it all the\nsame.\n"
	    "With on_bad_proof: hold the last requests whose proof was refused "
	    "are kept\nin memory (200, 8 MiB, 7 days). Correct the secret, "
	    "reload, and retry-held\nverifies them again.\n",
    .options = OPTIONS,
    .run = run,
};
