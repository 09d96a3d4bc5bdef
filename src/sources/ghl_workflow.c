/* SPDX-License-Identifier: MIT */
/*
 * HighLevel workflow actions "Webhook" (fixed body) and "Custom Webhook" (a
 * template somebody wrote): help.gohighlevel.com, articles 155000003299 and
 * 155000003305. Unsigned, no event id, no type: the URL token proves the
 * sender, and without a mapped id the content is the identity.
 */
#include "base/clock.h"
#include "sources/adapter.h"
#include "sources/contacts.h"
#include "sources/ghl_common.h"

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	if (call->payload->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	event->body = call->payload;
	event->topic = STR("workflow");
	event->account =
	    value_text(value_path(call->payload, STR(".location.id")));
	event->hash_of = contacts_canonical(call, call->payload);
	return 0;
}

/* First touch says where the person came from; any of the three may be {}. */
static const struct value *attribution_of(const struct value *body)
{
	static const char *const paths[] = {".contact.attributionSource",
					    ".contact.lastAttributionSource",
					    ".attributionSource"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct value *v = value_path(body, str_from(paths[i]));
		if (v != NULL && v->count > 0)
			return v;
	}
	return NULL;
}

static struct str type_of(const struct value *body,
			  const struct value *attribution)
{
	struct str type = ghl_channel_type(
	    value_text(value_path(body, STR(".message.type"))));
	return type.n > 0 ? type : ghl_medium_type(attribution);
}

static const struct field_name root_fields[] = {
    {"contact_id", "ghl_contact_id"},
    {"contact_source", "contact_source"},
    {"contact_type", "contact_type"},
    {"tags", "tags"},
    {"company_name", "company"},
    {"address1", "address"},
    {"city", "city"},
    {"state", "state"},
    {"postal_code", "postal_code"},
    {"country", "country"},
    {"website", "website"},
    {"date_created", "date_created"},
    {"gclid", "gclid"},
    {"opportunity_name", "opportunity_name"},
    {"status", "opportunity_status"},
    {"lead_value", "lead_value"},
    {"pipeline_name", "pipeline_name"},
    {"pipleline_stage", "pipeline_stage"}, /* the vendor's spelling */
    {"message", "message"},
    {NULL, NULL},
};

/* Mapped above, repeated elsewhere, or somebody else's: the agent's. */
static const char *const not_rest[] = {
    "contact_id",   "contact_source",
    "contact_type", "tags",
    "company_name", "address1",
    "city",         "state",
    "postal_code",  "country",
    "website",      "date_created",
    "gclid",        "opportunity_name",
    "status",       "lead_value",
    "message",      "pipleline_stage",
    "first_name",   "last_name",
    "full_name",    "name",
    "email",        "phone",
    "full_address", "location",
    "workflow",     "triggerData",
    "contact",      "attributionSource",
    "customData",   "user",
    "timezone",     "pipeline_name",
    "pipeline_id",  "id",
    "event_id",     "campaign",
    "order",        "invoice",
    "calendar",     "task",
    "note",         NULL,
};

static void map_contact(const struct source_call *call,
			const struct value *body, struct lead *lead)
{
	static const char *const names[] = {"full_name", "name", NULL};
	struct str name = value_first(body, names);
	if (name.n > 0)
		lead_set_name(lead, name);
	lead_set_names(lead, value_member(body, "first_name"),
		       value_member(body, "last_name"));
	lead_set_email(lead, value_member(body, "email"));
	lead_set_phone(lead, value_member(body, "phone"),
		       ghl_region(call, value_member(body, "country")));
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	const struct value *body = event->body;
	const struct value *attribution = attribution_of(body);
	map_contact(call, body, lead);
	lead->source_type = type_of(body, attribution);
	fields_named(lead, body, root_fields);
	lead_add(lead, "workflow_name",
		 value_text(value_path(body, STR(".workflow.name"))));
	lead_add(lead, "ghl_location_id", event->account);
	lead_add(lead, "message",
		 value_text(value_path(body, STR(".message.body"))));
	ghl_map_attribution(attribution, lead);
	/* Contact fields of the account come under their human labels. */
	fields_rest(lead, call->arena, body, "cf_", not_rest);
	fields_rest(lead, call->arena, value_get(body, "customData"), NULL,
		    NULL);
}

const struct source_ops source_ghl_workflow = {
    .platform = "ghl_workflow",
    .source_platform = "ghl",
    .source_type = "form",
    .flags = SOURCE_CONTENT_ID | SOURCE_LENIENT,
    .payloads = PAYLOAD_JSON | PAYLOAD_FORM,
    .try_later = 503,
    .max_body = 1 << 20,
    .split = split,
    .map = map,
};
