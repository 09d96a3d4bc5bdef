/* SPDX-License-Identifier: MIT */
/* Members of a JSON object, as the store and the admin API write them. Any
 * thread. */
#include "base/member.h"

#include "base/clock.h"

void member_text(struct buf *b, const char *name, struct str text)
{
	buf_addf(b, ",\"%s\":", name);
	if (text.p == NULL)
		buf_add_str(b, STR("null"));
	else
		buf_add_json(b, text);
}

void member_time(struct buf *b, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT];
	if (at_ms > 0)
		clock_format(at_ms, text);
	member_text(b, name, at_ms > 0 ? str_from(text) : STR_NONE);
}
