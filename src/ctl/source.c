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

/* "3 m" ago; "-" where nothing came since the daemon was started. */
static void age(struct json_object *s, char out[24])
{
	static const struct {
		int64_t s;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t age_s = ctl_number(s, "last_event_s");
	if (ctl_text(s, "last_event")[0] == '\0') {
		(void)!snprintf(out, 24, "-");
		return;
	}
	size_t i = 0;
	while (i < 3 && age_s < units[i].s)
		i++;
	(void)!snprintf(out, 24, "%" PRId64 " %c", age_s / units[i].s,
			units[i].unit);
}

static void print_row(struct json_object *s)
{
	char last[24], secret[24] = "-";
	age(s, last);
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
	if (c->n_args == 2 && strcmp(c->args[0], "retry-held") == 0 &&
	    ctl_name_ok(c->args[1]))
		return retry_held(c, c->args[1]);
	return ctl_usage(&CTL_SOURCE);
}

static const struct ctl_option OPTIONS[] = {
    {"--deliver", NULL, "test: also where the sample is a lead", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_SOURCE = {
    .name = "source",
    .usage = "list | test NAME | retry-held NAME",
    .help = "the senders: what to paste there, and what came",
    .more = "list counts since the daemon was started (ledger counts all). "
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
