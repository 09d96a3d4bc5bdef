/* SPDX-License-Identifier: MIT */
/*
 * What adapters share. Reasons are stored and shown to people; tests of
 * `reason ==` compare the pointers.
 */
#include "sources/adapter.h"
#include "lead/attribution.h"

const char reason_test[] = "test";
const char reason_topic[] = "topic";
const char reason_honeypot[] = "honeypot";
const char reason_too_fast[] = "filled in too fast";
const char reason_withheld[] = "caller withheld";
const char reason_no_contact[] = "no contact found";
const char reason_no_api[] = "api is not configured";
const char reason_account[] = "unknown account";
const char reason_shape[] = "body does not fit the platform";
const char reason_unreadable[] = "body cannot be read";
const char reason_too_many[] = "too many events in one request";
const char reason_lead_size[] = "lead is too large";
const char reason_filter[] = "filter";
const char reason_program[] = "an expression failed";
const char reason_too_slow[] = "expressions took too long";

struct event *event_list_add(struct event_list *list, struct arena *arena)
{
	struct event *event = arena_alloc(arena, sizeof(*event));
	if (list->last != NULL)
		list->last->next = event;
	else
		list->first = event;
	list->last = event;
	event->index = (uint32_t)list->n++;
	return event;
}

void event_ignore(struct event *event, const char *reason)
{
	event->fate = FATE_IGNORE;
	event->reason = reason;
}

void event_quarantine(struct event *event, const char *reason)
{
	event->fate = FATE_QUARANTINE;
	event->reason = reason;
}

void event_test(const struct source *source, struct event *event)
{
	event->reason = reason_test;
	if (source->tests == TESTS_IGNORE)
		event_ignore(event, reason_test);
}

bool word_in(const char *const *list, struct str text)
{
	for (; *list != NULL; list++)
		if (str_eq(str_from(*list), text))
			return true;
	return false;
}

void fields_named(struct lead *lead, const struct value *object,
		  const struct field_name *names)
{
	for (; names->member != NULL; names++) {
		const struct value *v = value_get(object, names->member);
		if (v == NULL)
			continue;
		/* An id is text, also where its sender writes a number. */
		if (str_ends(str_from(names->slug), STR("_id")))
			lead_add(lead, names->slug, value_text(v));
		else
			lead_add_value(lead, str_from(names->slug), v);
	}
}

void fields_rest(struct lead *lead, struct arena *arena,
		 const struct value *object, const char *prefix,
		 const char *const *but)
{
	VALUE_EACH (member, object) {
		if (but != NULL && word_in(but, member->key))
			continue;
		struct str name = member->key;
		if (prefix != NULL)
			name = arena_printf(arena, "%s%.*s", prefix,
					    STR_FMT(name));
		lead_add_beside(lead, name, member);
	}
}

/* ---- attribution texts -------------------------------------------------- */

void fields_from_url(struct lead *lead, struct str url)
{
	struct str text[ATTRIBUTION_KEYS];
	attribution_from_url(lead->arena, url, text);
	for (unsigned key = 0; key < ATTRIBUTION_KEYS; key++) {
		const char *slug =
		    attribution_key_name((enum attribution_key)key);
		if (lead_get(lead, slug).n == 0)
			lead_add(lead, slug, text[key]);
	}
}
