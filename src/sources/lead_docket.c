/* SPDX-License-Identifier: MIT */
/*
 * Lead Docket (Filevine), webhook rules:
 * https://support.leaddocket.com/hc/en-us/articles/5019884869147-Manage-Webhooks
 *
 * One flat object per event, with no id of the event: a person's opportunity
 * (10) and lead (1) are joined on OpportunityId, and whichever comes first
 * makes the lead. How requests are signed is not published: the URL token
 * proves the sender, or `header`, or `scheme` where a firm knows better.
 * Unknown members are the firm's own fields under their labels.
 */
#include "base/clock.h"
#include "sources/adapter.h"
#include "sources/engine.h"
#include "sources/signature.h"

/* EventTypeId of Opportunity Created and Lead Created. */
static const char *const default_events[] = {"10", "1", NULL};

/* ---- split -------------------------------------------------------------- */

static const char *const phone_members[] = {
    "MobilePhone",         "ContactMobilePhone",
    "HomePhone",           "ContactHomePhone",
    "WorkPhone",           "ContactWorkPhone",
    "PhoneCallFromNumber", NULL};
static const char *const email_members[] = {"Email", "ContactEmail", NULL};

/* Who the event is about, under the ids the events of one person share. */
static struct str business_key(const struct source_call *call,
			       const struct value *body)
{
	static const struct field_name keys[] = {
	    {"MessageId", "msg"},     {"OpportunityId", "opp"},
	    {"LeadId", "lead"},       {"LeadDocketLeadId", "lead"},
	    {"ContactId", "contact"}, {NULL, NULL}};
	for (const struct field_name *key = keys; key->member != NULL; key++) {
		struct str id = value_member(body, key->member);
		if (id.n > 0)
			return arena_printf(call->arena, "%s:%.*s", key->slug,
					    STR_FMT(id));
	}
	return STR_NONE;
}

static bool reachable(const struct value *body)
{
	return value_first(body, phone_members).n > 0 ||
	       value_first(body, email_members).n > 0;
}

/* Only an event that becomes a lead somebody can be reached by uses up the id
 * the others share: else the one with the phone number would be taken for its
 * repetition. The rest is known by its content. */
static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	const struct value *body = call->payload;
	if (body->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	event->body = body;
	event->topic = value_member(body, "EventTypeId");
	if (event->topic.n == 0)
		event_quarantine(event, reason_shape);
	else if (judge_wants(call->source, event->topic) && reachable(body))
		event->id = business_key(call, body);
	static const char *const times[] = {"CreatedDate", "LeadCreatedDate",
					    "MessageCreatedDate", NULL};
	struct str at = value_first(body, times);
	if (clock_parse(at, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	return 0;
}

/* ---- map ---------------------------------------------------------------- */

static void map_name(const struct source_call *call, const struct value *body,
		     struct lead *lead)
{
	static const char *const firsts[] = {"FirstName", "ContactFirstName",
					     NULL};
	static const char *const middles[] = {"MiddleName", "ContactMiddleName",
					      NULL};
	static const char *const lasts[] = {"LastName", "ContactLastName",
					    NULL};
	struct str full = value_member(body, "ContactFullName");
	if (full.n > 0 && lead_set_name(lead, full))
		return;
	struct str first = name_join(call->arena, value_first(body, firsts),
				     value_first(body, middles));
	if (lead_set_names(lead, first, value_first(body, lasts)))
		return;
	struct str name = value_member(body, "OpportunityName");
	if (name.n > 0)
		lead_set_name(lead, name);
}

static void map_contact(const struct source_call *call,
			const struct value *body, struct lead *lead)
{
	map_name(call, body, lead);
	lead_set_email(lead, value_first(body, email_members));
	for (size_t i = 0; phone_members[i] != NULL && lead->phone.n == 0; i++)
		lead_set_phone(lead, value_member(body, phone_members[i]),
			       call->source->country);
}

struct word {
	const char *text, *type;
};

/* A firm names its contact sources itself; these are the names of the vendor's
 * opportunity types and their usual spellings. */
static const struct word contact_sources[] = {
    {"phone", "phone_call"}, {"phone call", "phone_call"},
    {"call", "phone_call"},  {"answering service", "phone_call"},
    {"text", "sms"},         {"text message", "sms"},
    {"sms", "sms"},          {"email", "email"},
    {"e-mail", "email"},     {"chat", "chat"},
    {"web chat", "chat"},    {"live chat", "chat"},
    {"manual", "manual"},    {"manual entry", "manual"},
    {"walk in", "manual"},   {"walk-in", "manual"},
};

static struct str type_of(const struct value *body, struct str topic)
{
	static const char *const sources[] = {"LeadContactSource",
					      "ContactSource", NULL};
	static const char *const call[] = {"PhoneCallFromNumber",
					   "PhoneCallDate", "PhoneCallDuration",
					   "PhoneCallRecordingURL", NULL};
	struct str source = value_first(body, sources);
	size_t n = sizeof(contact_sources) / sizeof(contact_sources[0]);
	if (value_first(body, call).n > 0)
		return STR("phone_call");
	for (size_t i = 0; i < n; i++)
		if (str_ieq(source, str_from(contact_sources[i].text)))
			return str_from(contact_sources[i].type);
	if (str_eq(topic, STR("11")))
		return STR("sms");
	return str_eq(topic, STR("12")) ? STR("email") : STR_NONE;
}

static const struct field_name fields[] = {
    {"EventType", "lead_docket_event"},
    {"OpportunityId", "lead_docket_opportunity_id"},
    {"LeadId", "lead_docket_lead_id"},
    {"LeadDocketLeadId", "lead_docket_lead_id"},
    {"ContactId", "lead_docket_contact_id"},
    {"Summary", "message"},
    {"LeadSummary", "message"},
    {"LeadCaseType", "case_type"},
    {"CaseType", "case_type"},
    {"LeadStatus", "lead_status"},
    {"LeadSubstatus", "lead_substatus"},
    {"OfficeName", "office"},
    {"MarketingSource", "marketing_source"},
    {"LeadMarketingSource", "marketing_source"},
    {"MarketingSourceDetails", "marketing_source_details"},
    {"LeadMarketingSourceDetails", "marketing_source_details"},
    {"ReferredBy", "referred_by"},
    {"ReferringUrl", "referrer"},
    {"CurrentUrl", "landing_page"},
    {"ClickId", "click_id"},
    {"PhoneCallDuration", "call_duration"},
    {"PhoneCallToNumber", "called_number"},
    {"PhoneCallRecordingURL", "recording_url"},
    {NULL, NULL},
};

static const char *const contact_members[] = {
    "EventTypeId",       "OpportunityName",
    "FirstName",         "MiddleName",
    "LastName",          "ContactFirstName",
    "ContactMiddleName", "ContactLastName",
    "ContactFullName",   "UTM",
    "hostname",          NULL,
};

/* Who works there is not the lead's business. */
static bool is_staff(struct str key)
{
	return str_starts(key, STR("EventByUser")) ||
	       str_starts(key, STR("LeadIntake")) ||
	       str_starts(key, STR("LeadCreator"));
}

static bool is_mapped(struct str key)
{
	for (const struct field_name *f = fields; f->member != NULL; f++)
		if (str_eq(key, str_from(f->member)))
			return true;
	return word_in(contact_members, key);
}

/* The number that became the contact's, in whatever spelling. */
static bool is_contact(const struct source_call *call,
		       const struct value *member, const struct lead *lead)
{
	struct phone phone;
	if (word_in(email_members, member->key))
		return lead->email.n > 0;
	if (!word_in(phone_members, member->key))
		return false;
	phone_parse(call->arena, value_text(member), call->source->country,
		    &phone);
	return phone.result == PHONE_OK && str_eq(phone.e164, lead->phone);
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* "ContactHomePhone" -> "Contact_Home_Phone". */
static struct str words_apart(struct arena *arena, struct str key)
{
	char *out = arena_alloc(arena, 2 * key.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < key.n; i++) {
		if (i > 0 && is_upper(key.p[i]) && is_lower(key.p[i - 1]))
			out[n++] = '_';
		out[n++] = key.p[i];
	}
	return (struct str){out, n};
}

/* The vendor's other members, and the firm's own by their labels. What begins
 * with '_' was put there by a collector on the way. */
static void map_rest(const struct source_call *call, const struct value *body,
		     struct lead *lead)
{
	VALUE_EACH (member, body) {
		struct str key = member->key;
		if (key.n == 0 || key.p[0] == '_' || is_mapped(key) ||
		    is_staff(key) || is_contact(call, member, lead))
			continue;
		lead_add_value(lead, words_apart(call->arena, key), member);
	}
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	const struct value *body = event->body;
	map_contact(call, body, lead);
	lead->source_type = type_of(body, event->topic);
	fields_named(lead, body, fields);
	struct str utm = value_member(body, "UTM");
	fields_from_url(lead, value_member(body, "CurrentUrl"));
	if (utm.n > 0)
		fields_from_url(
		    lead, arena_printf(call->arena, "?%.*s", STR_FMT(utm)));
	map_rest(call, body, lead);
}

const struct source_ops source_lead_docket = {
    .platform = "lead_docket",
    .source_platform = "lead_docket",
    .source_type = "form",
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 1 << 20,
    .events = default_events,
    .prepare = signature_configured,
    .release = signature_release,
    .verify = signature_configured_verify,
    .split = split,
    .map = map,
};
