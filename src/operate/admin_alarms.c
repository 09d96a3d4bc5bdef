/* SPDX-License-Identifier: MIT */
/* What the admin API says about alarms. Loop thread. */
#include "operate/admin_internal.h"
#include "operate/alarms.h"

void admin_get_alarms(struct admin_call *c)
{
	struct buf b;
	const struct alarms *a = c->admin->road->alarms;
	if (a == NULL) {
		admin_reply_error(c->exchange, 503, "starting",
				  "alarms are not kept yet, or no more");
		return;
	}
	buf_init(&b, ADMIN_TEXT_MAX);
	alarms_show_json(a, &b);
	admin_reply_buf(c->exchange, &b);
}
