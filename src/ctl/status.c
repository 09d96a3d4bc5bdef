/* SPDX-License-Identifier: MIT */
/* leadbridgectl status: how the daemon is, at a glance. */
#include <inttypes.h>
#include <string.h>

#include "ctl/ctl.h"

static void print_destinations(struct json_object *answer)
{
	struct json_object *list = NULL;
	json_object_object_get_ex(answer, "destinations", &list);
	size_t n = list != NULL ? json_object_array_length(list) : 0;
	for (size_t i = 0; i < n; i++) {
		struct json_object *d = json_object_array_get_idx(list, i);
		const char *reason = ctl_text(d, "reason");
		(void)printf("  %-20s %-8s %s%s%" PRId64 " waiting, %" PRId64
			     " sending, %" PRId64 " delivered\n",
			     ctl_text(d, "name"), ctl_text(d, "condition"),
			     reason, reason[0] != '\0' ? ", " : "",
			     ctl_number(d, "waiting"), ctl_number(d, "sending"),
			     ctl_number(d, "delivered"));
	}
}

static int run(struct ctl *c)
{
	struct json_object *answer = NULL, *ledger = NULL;
	if (c->n_args != 0)
		return ctl_usage(&CTL_STATUS);
	int rc = ctl_call(c, "GET", "/api/v1/status", &answer);
	if (rc == CTL_DONE && !c->json) {
		json_object_object_get_ex(answer, "ledger", &ledger);
		(void)printf("leadbridged %s, up %" PRId64 " s, %s\n",
			     ctl_text(answer, "version"),
			     ctl_number(answer, "uptime_s"),
			     strcmp(ctl_text(answer, "ready"), "true") == 0
				 ? "ready"
				 : "NOT READY: nothing can be stored");
		(void)printf(
		    "%" PRId64 " accepted, %" PRId64 " delivered, %" PRId64
		    " waiting, %" PRId64 " parked, %" PRId64 " dead, %" PRId64
		    " quarantined\ndestinations:\n",
		    ctl_number(ledger, "accepted"),
		    ctl_number(ledger, "delivered"),
		    ctl_number(ledger, "waiting"), ctl_number(ledger, "parked"),
		    ctl_number(ledger, "dead"),
		    ctl_number(ledger, "quarantined"));
		print_destinations(answer);
	}
	json_object_put(answer);
	return rc;
}

const struct ctl_command CTL_STATUS = {
    .name = "status",
    .usage = "",
    .help = "how the daemon and its destinations are",
    .more = "",
    .run = run,
};
