/* SPDX-License-Identifier: MIT */
/*
 * Zoho CRM notifications (actions/watch):
 * zoho.com/crm/developer/docs/api/v8/notifications/overview.html. The only
 * proof is the token of the subscription, echoed in the body; what comes are
 * ids of records, one or many, which are fetched one by one. There is no event
 * id: channel, record and the sender's time make one.
 */
#include "sources/adapter.h"

static const char reason_outbound[] = "not an inbound call";

static const char *const default_events[] = {"Leads.insert", "Contacts.insert",
					     "Calls.insert", NULL};

/* ---- proof -------------------------------------------------------------- */

static void verify(const struct source_call *call, struct proof *proof)
{
	const struct value *payload = call->payload;
	struct str token = value_member(payload, "token");
	if (call->source->secret.n == 0) /* the token in the URL proves it */
		return;
	proof->result = PROOF_MISSING;
	if (token.n == 0)
		return;
	proof->result = PROOF_WRONG;
	if (value_has_duplicate(payload))
		return;
	proof->matched = secrets_match(&call->source->secret, token);
	if (proof->matched >= 0)
		proof->result = PROOF_OK;
}

/* ---- split -------------------------------------------------------------- */

static void put(struct arena *arena, struct value *object, const char *key,
		struct str text)
{
	struct value *v = value_new(arena, VALUE_STRING);
	v->key = str_from(key);
	v->text = text.p != NULL ? text : STR("");
	value_append(object, v);
}

static void add_record(const struct source_call *call,
		       struct event_list *events, struct str id)
{
	const struct value *p = call->payload;
	struct arena *arena = call->arena;
	struct event *event = event_list_add(events, arena);
	struct value *body = value_new(arena, VALUE_OBJECT);
	struct str module = value_member(p, "module");
	struct str operation = value_member(p, "operation");
	struct str channel = value_member(p, "channel_id");
	struct str time = value_member(p, "server_time");
	put(arena, body, "id", id);
	put(arena, body, "module", module);
	put(arena, body, "operation", operation);
	put(arena, body, "channel_id", channel);
	event->body = body;
	event->topic = arena_printf(arena, "%.*s.%.*s", STR_FMT(module),
				    STR_FMT(operation));
	event->account = channel;
	event->id =
	    arena_printf(arena, "%.*s/%.*s/%.*s/%.*s", STR_FMT(channel),
			 STR_FMT(event->topic), STR_FMT(id), STR_FMT(time));
	if (str_to_int(time, 0, INT64_MAX, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	if (id.n == 0 || module.n == 0)
		event_quarantine(event, reason_shape);
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	const struct value *ids = value_get(call->payload, "ids");
	if (ids == NULL || ids->type != VALUE_ARRAY || ids->count == 0)
		return err_set(err, LB_EINVAL, "no ids");
	VALUE_EACH (id, ids)
		add_record(call, events, value_text(id));
	return 0;
}

/* ---- map and fetch ------------------------------------------------------ */

static const struct field_name event_fields[] = {
    {"id", "zoho_record_id"},
    {"module", "zoho_module"},
    {NULL, NULL},
};

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	(void)call;
	fields_named(lead, event->body, event_fields);
	event->fate = FATE_FETCH;
}

static void request(const struct source_call *call, const struct event *event,
		    struct fetch_request *out)
{
	const char *version = call->source->api.version;
	struct arena *arena = call->arena;
	struct str id = value_member(event->body, "id");
	struct str module = value_member(event->body, "module");
	if (id.n > 0 && module.n > 0)
		out->path = arena_printf(
		    arena, "/crm/%s/%.*s/%.*s",
		    version != NULL ? version
				    : call->source->ops->fetch->version,
		    STR_FMT(fetch_escape(arena, module)),
		    STR_FMT(fetch_escape(arena, id)));
}

static const struct {
	const char *lead_source, *platform, *type;
} origins[] = {
    {"Google AdWords", "google_ads", NULL},
    {"Facebook", "meta_ads", NULL},
    {"External Referral", "referral", NULL},
    {"Employee Referral", "referral", NULL},
    {"Partner", "referral", NULL},
    {"Chat", NULL, "chat"},
};

static void map_origin(struct str lead_source, struct lead *lead)
{
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		if (!str_ieq(lead_source, str_from(origins[i].lead_source)))
			continue;
		if (origins[i].platform != NULL)
			lead->source_platform = str_from(origins[i].platform);
		if (origins[i].type != NULL)
			lead->source_type = str_from(origins[i].type);
	}
}

/* Last_Name is compulsory there, so people write something. */
static struct str real_name(struct str last, struct str email)
{
	bool none = str_ieq(last, STR("Unknown")) || str_eq(last, STR("-")) ||
		    str_eq(last, STR(".")) || str_ieq(last, email);
	return none ? STR_NONE : last;
}

static const struct field_name record_fields[] = {
    {"Lead_Source", "lead_source"},
    {"Lead_Status", "lead_status"},
    {"Company", "company"},
    {"Description", "message"},
    {"GCLID", "gclid"},
    {"Referrer", "referrer"},
    {"First_Visited_URL", "landing_page"},
    {"Created_Time", "created_at"},
    {"City", "city"},
    {"State", "state"},
    {"Zip_Code", "postal_code"},
    {"Country", "country"},
    {"Website", "website"},
    {NULL, NULL},
};

static void map_person(const struct source_call *call, const struct value *r,
		       struct lead *lead)
{
	static const char *const emails[] = {"Email", "Secondary_Email", NULL};
	static const char *const phones[] = {"Phone", "Mobile", NULL};
	static const char *const taken[] = {
	    "Lead_Source",  "Lead_Status",
	    "Company",      "Description",
	    "GCLID",        "Referrer",
	    "Created_Time", "First_Visited_URL",
	    "City",         "State",
	    "Zip_Code",     "Country",
	    "Website",      "First_Name",
	    "Last_Name",    "Full_Name",
	    "Email",        "Secondary_Email",
	    "Phone",        "Mobile",
	    "id",           "Owner",
	    "Created_By",   "Modified_By",
	    "Record_Image", "Modified_Time",
	    "Tag",          NULL,
	};
	struct str email = value_first(r, emails);
	struct str last = real_name(value_member(r, "Last_Name"), email);
	lead_set_names(lead, value_member(r, "First_Name"), last);
	lead_set_email(lead, email);
	lead_set_phone(lead, value_first(r, phones), call->source->country);
	map_origin(value_member(r, "Lead_Source"), lead);
	fields_from_url(lead, value_member(r, "First_Visited_URL"));
	fields_named(lead, r, record_fields);
	VALUE_EACH (member, r) {
		bool plain = member->type != VALUE_OBJECT &&
			     member->type != VALUE_NULL &&
			     !str_starts(member->key, STR("$"));
		if (plain && !word_in(taken, member->key))
			lead_add_value(lead,
				       arena_printf(call->arena, "cf_%.*s",
						    STR_FMT(member->key)),
				       member);
	}
}

static const struct field_name call_fields[] = {
    {"Call_Type", "call_type"},
    {"Call_Start_Time", "call_started_at"},
    {"Call_Duration_in_seconds", "call_duration"},
    {"Subject", "subject"},
    {"Description", "message"},
    {"Dialled_Number", "dialled_number"},
    {"Voice_Recording__s", "recording_url"},
    {NULL, NULL},
};

static void map_call(const struct source_call *call, const struct value *r,
		     struct event *event, struct lead *lead)
{
	if (str_ieq(value_member(r, "Call_Type"), STR("Outbound"))) {
		event_ignore(event, reason_outbound);
		return;
	}
	lead->source_type = STR("phone_call");
	lead_set_name(lead, value_text(value_path(r, STR(".Who_Id.name"))));
	lead_set_phone(lead, value_member(r, "Caller_ID"),
		       call->source->country);
	fields_named(lead, r, call_fields);
}

static void map_fetched(const struct source_call *call, struct event *event,
			struct lead *lead)
{
	const struct value *r = value_at(value_get(call->payload, "data"), 0);
	if (r == NULL || r->type != VALUE_OBJECT) {
		event_quarantine(event, reason_shape);
		return;
	}
	fields_named(lead, event->body, event_fields);
	if (str_eq(value_member(event->body, "module"), STR("Calls")))
		map_call(call, r, event, lead);
	else
		map_person(call, r, lead);
}

static const char *const data_centres[] = {
    "www.zohoapis.com",    "www.zohoapis.eu",     "www.zohoapis.in",
    "www.zohoapis.com.au", "www.zohoapis.jp",     "www.zohoapis.ca",
    "www.zohoapis.sa",     "www.zohoapis.com.cn", NULL};

static const struct fetch_ops fetch = {
    .authorization = "Zoho-oauthtoken",
    .version = "v8",
    .oauth = true,
    .hosts = data_centres,
    .request = request,
    .map = map_fetched,
};

const struct source_ops source_zoho = {
    .platform = "zoho",
    .source_platform = "zoho",
    .source_type = "form",
    .flags = SOURCE_PROOF_IN_BODY,
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 1 << 20,
    .events = default_events,
    .verify = verify,
    .split = split,
    .map = map,
    .fetch = &fetch,
};
