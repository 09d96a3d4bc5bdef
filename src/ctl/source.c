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

static int run(struct ctl *c)
{
	if (c->n_args == 2 && strcmp(c->args[0], "retry-held") == 0 &&
	    ctl_name_ok(c->args[1]))
		return retry_held(c, c->args[1]);
	return ctl_usage(&CTL_SOURCE);
}

const struct ctl_command CTL_SOURCE = {
    .name = "source",
    .usage = "retry-held NAME",
    .help = "requests held while a sender is set up",
    .more = "With on_bad_proof: hold the last requests whose proof was refused "
	    "are kept\nin memory (200, 8 MiB, 7 days). Correct the secret, "
	    "reload, and retry-held\nverifies them again.\n",
    .run = run,
};
