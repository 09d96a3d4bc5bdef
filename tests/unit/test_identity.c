/* SPDX-License-Identifier: MIT */
/* Of what there may be one lead at a time: the person, the conversation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "../sources/source_kit.h"
#include "sources/engine.h"

enum { JOIN_MS = 600000, TALK_MS = 86400000 };

struct person {
	const char *source, *type, *phone, *email, *sender;
};

static struct arena arena;
static struct new_event out;

static void once_of(const struct person *p, int64_t join_ms, int64_t talk_ms)
{
	struct source s = {.name = LITERAL(p->source),
			   .join_ms = join_ms,
			   .conversation_ms = talk_ms};
	struct event event = {.sender = str_from(p->sender)};
	struct lead lead = {.source_type = str_from(p->type),
			    .phone = str_from(p->phone),
			    .email = str_from(p->email)};
	const struct source_call call = {.source = &s};
	out = (struct new_event){0};
	identity_once(&call, golden_secret(), &event, &lead, &arena, &out);
}

static void what_is_asked_for_is_noted(void **state)
{
	static const struct {
		const char *name;
		struct person who;
		bool join, talk;
		const char *reasons;
	} rows[] = {
	    {"nothing wanted", {"a", "sms", "1", "e", NULL}, false, false, ""},
	    {"phone and e-mail",
	     {"a", "form", "1", "e", NULL},
	     true,
	     true,
	     "jj"},
	    {"phone only", {"a", "form", "1", NULL, NULL}, true, true, "j"},
	    {"name only", {"a", "form", NULL, NULL, NULL}, true, true, ""},
	    {"message", {"a", "sms", "1", "e", NULL}, false, true, "c"},
	    {"message, joined",
	     {"a", "chat", "1", "e", "x"},
	     true,
	     true,
	     "jjc"},
	    {"a sender without a phone",
	     {"a", "chat", NULL, NULL, "x"},
	     true,
	     true,
	     "c"},
	    {"a call is no conversation",
	     {"a", "phone_call", "1", NULL, "x"},
	     false,
	     true,
	     ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char got[8] = "";
		once_of(&rows[i].who, rows[i].join ? JOIN_MS : 0,
			rows[i].talk ? TALK_MS : 0);
		for (uint32_t k = 0; k < out.n_once; k++) {
			got[k] = out.once[k].reason.p[0];
			assert_int_equal(out.once[k].window_ms,
					 got[k] == 'j' ? JOIN_MS : TALK_MS);
		}
		if (strcmp(got, rows[i].reasons) != 0)
			fail_msg("%s: '%s'", rows[i].name, got);
	}
}

static void only_the_same_one_is_the_same(void **state)
{
	static const struct {
		const char *name;
		struct person other;
		bool same;
	} rows[] = {
	    {"the same", {"a", "sms", "1", NULL, "x"}, true},
	    {"another phone", {"a", "sms", "2", NULL, "x"}, true},
	    {"another sender", {"a", "sms", "1", NULL, "y"}, false},
	    {"another channel", {"a", "chat", "1", NULL, "x"}, false},
	    {"another source", {"b", "sms", "1", NULL, "x"}, false},
	};
	static const struct person first = {"a", "sms", "1", NULL, "x"};
	unsigned char hash[16];
	(void)state;
	once_of(&first, 0, TALK_MS);
	memcpy(hash, out.once[0].hash, sizeof(hash));
	for (size_t i = 0; i < COUNT(rows); i++) {
		once_of(&rows[i].other, 0, TALK_MS);
		bool same = memcmp(hash, out.once[0].hash, sizeof(hash)) == 0;
		if (same != rows[i].same)
			fail_msg("%s", rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_asked_for_is_noted),
	    cmocka_unit_test(only_the_same_one_is_the_same),
	};
	arena_init(&arena);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
