/* SPDX-License-Identifier: MIT */
/* Bulk requests from rendered leads; see the header. Pure, any thread. */
#include "lead/bulk.h"

void lead_bulk_start(struct buf *out)
{
	buf_add_str(out, STR("{\"leads\":["));
}

/* The reserved custom field is a member of its own here. Inside a text the
 * quotes would be escaped, so this can be nothing else. */
static void add_line(struct buf *out, struct str lead)
{
	static const char *const lines[] = {"buyer", "seller"};
	for (size_t i = 0; i < 2; i++) {
		char member[32];
		int n = snprintf(member, sizeof(member), "\"lead_line\":\"%s\"",
				 lines[i]);
		if (n < 0 || str_find_str(lead, str_from(member)) < 0)
			continue;
		buf_addf(out, "%s,", member);
		return;
	}
}

void lead_bulk_row(struct buf *out, bool first, int64_t ref, struct str lead)
{
	if (!first)
		buf_add_char(out, ',');
	buf_addf(out, "{\"row_ref\":\"%lld\",", (long long)ref);
	add_line(out, lead);
	buf_add_str(out, str_sub(lead, 1, lead.n)); /* without its brace */
}

void lead_bulk_end(struct buf *out, bool dry_run)
{
	buf_addf(out, "],\"on_duplicate\":\"update\",\"dry_run\":%s}",
		 dry_run ? "true" : "false");
}
