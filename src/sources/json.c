/* SPDX-License-Identifier: MIT */
/*
 * Anybody who can send JSON: the scheme that proves them, the id of an event
 * and where the contact stands are configuration. Knows Standard Webhooks
 * (https://www.standardwebhooks.com) by name.
 */
#include "base/clock.h"
#include "sources/adapter.h"
#include "sources/contacts.h"
#include "sources/programs.h"
#include "sources/signature.h"

static struct str scheme_id(const struct source_call *call)
{
	struct signature_scheme scheme;
	const struct source *source = call->source;
	if (source->state == NULL ||
	    signature_scheme_from(&source->scheme, &scheme, NULL) != 0 ||
	    scheme.id_header == NULL)
		return STR_NONE;
	return str_trim(request_header(call->request, scheme.id_header));
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	if (call->payload->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	event->body = call->payload;
	event->id = scheme_id(call);
	event->topic = value_member(call->payload, "type");
	struct str at = value_member(call->payload, "timestamp");
	if (clock_parse(at, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	return 0;
}

static bool maps_contact(const struct source *source)
{
	for (size_t i = 0; i < source->map.n; i++)
		if (str_starts(str_from(source->map.v[i].from),
			       STR("contact_")) ||
		    program_is_whole(source->map.v[i].from))
			return true;
	return false;
}

/* A configured contact is not guessed at: an agent's name would fill in where
 * the lead's is missing. */
static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	static const char *const skip[] = {"type", "timestamp", "event_id",
					   NULL};
	contacts_map(call, event->body, skip, !maps_contact(call->source),
		     lead);
}

const struct source_ops source_json = {
    .platform = "json",
    .source_type = "form",
    .flags = SOURCE_LENIENT,
    .payloads = PAYLOAD_JSON | PAYLOAD_FORM | PAYLOAD_JWT,
    .try_later = 503,
    .max_body = 1 << 20,
    .prepare = signature_configured,
    .release = signature_release,
    .verify = signature_configured_verify,
    .split = split,
    .map = map,
};
