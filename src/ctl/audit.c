/* SPDX-License-Identifier: MIT */
/* leadbridgectl audit: who changed what, and who looked at personal data. */
#include <inttypes.h>

#include "ctl/leads.h"

static void print_line(struct json_object *line)
{
	(void)printf("%-24s %-12s %-22s %s\n", ctl_text(line, "at"),
		     ctl_text(line, "actor"), ctl_text(line, "action"),
		     ctl_text(line, "subject"));
}

static int run(struct ctl *c)
{
	struct json_object *answer = NULL, *lines = NULL;
	struct buf path;
	if (c->n_args != 0)
		return ctl_usage(&CTL_AUDIT);
	buf_init(&path, 256);
	buf_addf(&path, "/api/v1/audit");
	ctl_add_param(&path, "limit", ctl_option(c, "--limit"));
	ctl_add_param(&path, "cursor", ctl_option(c, "--cursor"));
	int rc = ctl_call(c, "GET", path.p, &answer);
	if (rc == CTL_DONE && !c->json) {
		(void)printf("%-24s %-12s %-22s %s\n", "AT", "WHO", "DID",
			     "TO");
		json_object_object_get_ex(answer, "audit", &lines);
		size_t n = lines != NULL ? json_object_array_length(lines) : 0;
		for (size_t i = 0; i < n; i++)
			print_line(json_object_array_get_idx(lines, i));
		if (ctl_number(answer, "next_cursor") > 0)
			(void)printf("more: --cursor %" PRId64 "\n",
				     ctl_number(answer, "next_cursor"));
	}
	json_object_put(answer);
	buf_release(&path);
	return rc;
}

static const struct ctl_option OPTIONS[] = {
    {"--limit", "N", "rows of a page, 50", false},
    {"--cursor", "N", "go on where a page ended", false},
    {NULL, NULL, NULL, false},
};

const struct ctl_command CTL_AUDIT = {
    .name = "audit",
    .usage = "",
    .help = "who changed what, newest first",
    .more = "WHO is unix:UID of a user on this machine, or the kind of token\n"
	    "that came over TCP. Also who had personal data shown "
	    "(lead.reveal).\n",
    .options = OPTIONS,
    .run = run,
};
