/* SPDX-License-Identifier: MIT */
/* What people and programs are sent about alarms. */
#include <stdlib.h>

#include "base/mem.h"
#include "operate/alarms_send.h"
#include "payload/payload.h"
#include "rows.h"

#define AT INT64_C(1795435200000) /* 2026-11-23T12:00:00Z */

static struct notice parked(enum alarm_event event, int64_t after_ms)
{
	struct notice n = {.event = event,
			   .kind = ALARM_DESTINATION_PARKED,
			   .severity = SEVERITY_CRITICAL,
			   .subject = "mega",
			   .text = "destination 'mega' is parked (http_401)",
			   .since_ms = AT,
			   .at_ms = AT + after_ms};
	return n;
}

typedef void (*writer)(const struct notice *chain, size_t n, const char *host,
		       struct buf *out);

static const struct {
	const char *name;
	enum alarm_event event;
	int64_t after_ms;
	writer write;
	const char *want;
} rows[] = {
    {"slack, raised", ALARM_RAISED, 0, notice_slack,
     "{\"text\":\"leadbridge on box\\nraised: destination_parked mega "
     "(critical)\\n    destination 'mega' is parked (http_401)\"}"},
    {"slack, cleared", ALARM_CLEARED, 7500000, notice_slack,
     "{\"text\":\"leadbridge on box\\ncleared: destination_parked mega "
     "(critical) after 2h 5m\"}"},
    {"slack, repeated", ALARM_AGAIN, 14400000, notice_slack,
     "{\"text\":\"leadbridge on box\\nstill raised: destination_parked mega "
     "(critical) after 4h 0m\\n    destination 'mega' is parked "
     "(http_401)\"}"},
    {"json, cleared", ALARM_CLEARED, 1000, notice_json,
     "{\"v\":1,\"from\":\"leadbridge\",\"host\":\"box\",\"alarms\":["
     "{\"event\":\"cleared\",\"name\":\"destination_parked\",\"severity\":"
     "\"critical\",\"at\":\"2026-11-23T12:00:01.000Z\",\"since\":"
     "\"2026-11-23T12:00:00.000Z\",\"subject\":\"mega\",\"text\":"
     "\"destination 'mega' is parked (http_401)\"}]}"},
    {"mail, raised", ALARM_RAISED, 0, notice_mail,
     "Subject: leadbridge on box: raised destination_parked mega\n\n"
     "raised: destination_parked mega (critical)\n"
     "    destination 'mega' is parked (http_401)\n"},
};

static void test_messages_about_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct notice n = parked(rows[i].event, rows[i].after_ms);
		struct buf b;
		buf_init(&b, 1 << 16);
		rows[i].write(&n, 1, "box", &b);
		check_text(rows[i].name, buf_str(&b), rows[i].want);
		buf_release(&b);
	}
}

static void test_many_are_one_message_that_stays_small(void **state)
{
	(void)state;
	enum { MANY = 200 };
	struct notice *all = xcalloc(MANY, sizeof(*all));
	for (size_t i = 0; i < MANY; i++) {
		all[i] = parked(ALARM_RAISED, 0);
		memset(all[i].text, '"', sizeof(all[i].text) - 1);
		all[i].next = i + 1 < MANY ? &all[i + 1] : NULL;
	}
	static const writer writers[] = {notice_slack, notice_json,
					 notice_mail};
	for (size_t i = 0; i < ROWS(writers); i++) {
		struct buf b;
		buf_init(&b, 256 * 1024);
		writers[i](all, MANY, "box", &b);
		assert_false(b.over);
		bool whole = writers[i] == notice_json;
		assert_true(whole || b.n < 16 * 1024);
		assert_true(whole ||
			    str_find_str(buf_str(&b), STR("and 180 more")) > 0);
		buf_release(&b);
	}
	free(all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_messages_about_one),
	    cmocka_unit_test(test_many_are_one_message_that_stays_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
