/* SPDX-License-Identifier: MIT */
/* leadbridgectl reload: the daemon reads its configuration again. */
#include "ctl/ctl.h"

static int run(struct ctl *c)
{
	if (c->n_args != 0)
		return ctl_usage(&CTL_RELOAD);
	return ctl_post(c, "/api/v1/reload", "reloaded");
}

const struct ctl_command CTL_RELOAD = {
    .name = "reload",
    .usage = "",
    .help = "read the configuration again; a bad one changes nothing",
    .more = "",
    .run = run,
};
