/* SPDX-License-Identifier: MIT */
/*
 * GET /api/v1/requests: stored requests as they came, for leadbridgectl config
 * test. Personal data, so it leaves a line in the audit log. Loop thread.
 */
#include "operate/admin_internal.h"

void admin_get_requests(struct admin_call *c)
{
	/* Of the first page: the others belong to it. */
	if (value_get(c->params, "cursor") == NULL)
		admin_note(c, "requests.reveal",
			   value_member(c->params, "source"));
	admin_ask_list(c, QUERY_REQUESTS);
}
