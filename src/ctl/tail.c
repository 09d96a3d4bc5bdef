/* SPDX-License-Identifier: MIT */
/*
 * leadbridgectl tail: what becomes of which lead, as it happens. Follows the
 * events of the daemon, over its restarts too. Nothing it prints identifies a
 * person.
 */
#include <inttypes.h>
#include <json_tokener.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "ctl/ctl.h"
#include "leadbridge/str.h"

enum { WAIT_S = 2 };

struct tail {
	struct ctl *ctl;
	bool leads;     /* the event under way is of leads */
	bool connected; /* it was there once: it will come back */
};

static bool wanted(const struct ctl *c, struct json_object *lead)
{
	static const char *const filters[] = {"source", "destination", "state"};
	static const char *const options[] = {"--source", "--destination",
					      "--state"};
	for (size_t i = 0; i < 3; i++) {
		const char *want = ctl_option(c, options[i]);
		if (want != NULL &&
		    strcmp(want, ctl_text(lead, filters[i])) != 0)
			return false;
	}
	return true;
}

static void print(const struct ctl *c, struct json_object *lead)
{
	if (!wanted(c, lead))
		return;
	if (c->json)
		(void)printf("%s\n", json_object_to_json_string_ext(
					 lead, JSON_C_TO_STRING_PLAIN));
	else
		(void)printf("%-24s %10" PRId64 "  %-11s %-20s %s\n",
			     ctl_text(lead, "at"), ctl_number(lead, "id"),
			     ctl_text(lead, "state"), ctl_text(lead, "source"),
			     ctl_text(lead, "destination"));
}

static void print_all(const struct tail *t, struct str text)
{
	struct json_object *data = NULL, *list = NULL;
	char *copy = xasprintf("%.*s", STR_FMT(text));
	data = json_tokener_parse(copy);
	json_object_object_get_ex(data, "leads", &list);
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++)
		print(t->ctl, json_object_array_get_idx(list, i));
	if (data != NULL && ctl_number(data, "missed") > 0 && !t->ctl->json)
		(void)printf("... and %" PRId64 " more\n",
			     ctl_number(data, "missed"));
	(void)fflush(stdout);
	json_object_put(data);
	free(copy);
}

static void on_line(void *ctx, struct str line)
{
	struct tail *t = ctx;
	t->connected = t->ctl->quiet = true;
	if (str_starts(line, STR("event: ")))
		t->leads = str_eq(str_trim(line), STR("event: leads"));
	else if (t->leads && str_starts(line, STR("data: ")))
		print_all(t, str_sub(line, 6, line.n));
}

static int run(struct ctl *c)
{
	struct tail t = {.ctl = c};
	if (c->n_args != 0)
		return ctl_usage(&CTL_TAIL);
	int rc = ctl_follow(c, "/api/v1/events", on_line, &t);
	while (rc == CTL_DONE || (rc == CTL_UNREACHABLE && t.connected)) {
		(void)sleep(WAIT_S); /* it is being restarted */
		rc = ctl_follow(c, "/api/v1/events", on_line, &t);
	}
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--source", "NAME", "of this sender only", false},
    {"--destination", "NAME", "for this destination only", false},
    {"--state", "STATE", "waiting, delivered, dead, ...", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_TAIL = {
    .name = "tail",
    .usage = "",
    .help = "what becomes of which lead, as it happens",
    .more = "With --json one object a line. Under load some are left out, "
	    "and their number\nis said.\n",
    .options = OPTIONS,
    .run = run,
};
