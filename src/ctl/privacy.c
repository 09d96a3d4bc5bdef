/* SPDX-License-Identifier: MIT */
/* leadbridgectl privacy: requests of senders and people, and their receipts. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/ctl.h"

static void print_request(struct json_object *o)
{
	const char *source = ctl_text(o, "source");
	const char *state = ctl_text(o, "state");
	bool waits = strcmp(state, "waiting") == 0;
	(void)printf(
	    "%6" PRId64 "  %-9s  %-24.24s  %-24.24s  %-22.22s  %-24.24s"
	    "  %6" PRId64 "  %10" PRId64 "\n",
	    ctl_number(o, "id"), state, ctl_text(o, "asked_at"),
	    source[0] != '\0' ? source : "(by hand)", ctl_text(o, "topic"),
	    waits ? ctl_text(o, "due_at") : ctl_text(o, "done_at"),
	    ctl_number(o, "units"), ctl_number(o, "unit"));
}

static int list(struct ctl *c)
{
	struct json_object *answer = NULL, *rows = NULL;
	const char *cursor = ctl_option(c, "--cursor");
	if (cursor != NULL && !ctl_name_ok(cursor))
		return ctl_usage(&CTL_PRIVACY);
	char *path = xasprintf("/api/v1/privacy?cursor=%s",
			       cursor != NULL ? cursor : "0");
	int rc = ctl_call(c, "GET", path, &answer);
	free(path);
	if (rc == CTL_DONE && !c->json) {
		(void)printf("%6s  %-9s  %-24s  %-24s  %-22s  %-24s  %6s  "
			     "%10s\n",
			     "NUMBER", "STATE", "ASKED", "SOURCE", "TOPIC",
			     "DONE, OR DUE", "ERASED", "CAME AS");
		json_object_object_get_ex(answer, "privacy", &rows);
		size_t n = rows != NULL ? json_object_array_length(rows) : 0;
		for (size_t i = 0; i < n; i++)
			print_request(json_object_array_get_idx(rows, i));
		int64_t next = ctl_number(answer, "next_cursor");
		if (next > 0)
			(void)printf("more: --cursor %" PRId64 "\n", next);
	}
	json_object_put(answer);
	return rc;
}

static int run_privacy(struct ctl *c)
{
	if (c->n_args == 1 && strcmp(c->args[0], "list") == 0)
		return list(c);
	if (c->n_args != 2 || strcmp(c->args[0], "cancel") != 0 ||
	    !ctl_name_ok(c->args[1]))
		return ctl_usage(&CTL_PRIVACY);
	char *path = xasprintf("/api/v1/privacy/%s/cancel", c->args[1]);
	int rc = ctl_post(c, path, "cancelled: nothing is erased");
	free(path);
	return rc;
}

static const struct ctl_option PRIVACY_OPTIONS[] = {
    {"--cursor", "N", "go on where a page ended", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_PRIVACY = {
    .name = "privacy",
    .usage = "list | cancel NUMBER",
    .help = "privacy requests of senders and of people, and their receipts",
    .more = "A data request is only recorded: CAME AS is the unit that holds\n"
	    "it (leadbridgectl leads show). A shop's removal waits 48 hours\n"
	    "and can be cancelled until then.\n",
    .options = PRIVACY_OPTIONS,
    .run = run_privacy,
};
