/* SPDX-License-Identifier: MIT */
/*
 * HubSpot workflow action "Send a webhook":
 * https://legacydocs.hubspot.com/docs/methods/workflows/webhook_information,
 * signature v2: https://developers.hubspot.com/docs/apps/legacy-apps/
 * authentication/validating-requests.
 *
 * One contact in the body: the old contact object with all properties, or a
 * flat object somebody put together. The signature is optional there and not an
 * HMAC: SHA-256 of secret, method, URL and body. HubSpot never repeats after a
 * 4xx and repeats for three days after a 5xx.
 */
#include "base/clock.h"
#include "base/codec.h"
#include "base/crypto.h"
#include "sources/adapter.h"
#include "sources/contacts.h"

/* ---- proof -------------------------------------------------------------- */

static const char signature_header[] = "X-HubSpot-Signature";
static const char version_header[] = "X-HubSpot-Signature-Version";

static bool signed_with(const struct request *r, struct str secret,
			struct str given)
{
	unsigned char want[DIGEST_MAX], raw[DIGEST_MAX];
	size_t n = 0;
	struct str parts[] = {secret, r->method_text, r->public_url, r->target,
			      r->body};
	if (hex_decode(given, raw, sizeof(raw), &n) != 0)
		return false;
	crypto_digest(DIGEST_SHA256, parts, 5, want);
	return crypto_equal(want, digest_size(DIGEST_SHA256), raw, n);
}

/* Where no secret is configured, token, header or param have proven it. */
static void verify(const struct source_call *call, struct proof *proof)
{
	const struct request *r = call->request;
	const struct secrets *secrets = &call->source->secret;
	struct str given = str_trim(request_header(r, signature_header));
	struct str version = str_trim(request_header(r, version_header));
	if (secrets->n == 0)
		return;
	*proof = (struct proof){PROOF_MISSING, -1, NULL};
	if (given.n == 0)
		return;
	proof->result = PROOF_WRONG;
	if (request_header_count(r, signature_header) > 1) {
		proof->reason = "signature_duplicate";
		return;
	}
	/* v1 covers neither method nor URL and is not taken for v2. */
	if (version.n > 0 && !str_ieq(version, STR("v2")))
		return;
	for (size_t i = 0; i < secrets->n && proof->matched < 0; i++)
		if (signed_with(r, secret_str(&secrets->v[i]), given))
			proof->matched = (int)i;
	if (proof->matched >= 0)
		proof->result = PROOF_OK;
}

/* ---- split -------------------------------------------------------------- */

static const struct value *submissions(const struct value *body)
{
	const struct value *list = value_get(body, "form-submissions");
	return list != NULL && list->type == VALUE_ARRAY ? list : NULL;
}

static int64_t time_of(const struct value *one, const char *member)
{
	int64_t at;
	return str_to_int(value_member(one, member), 0, INT64_MAX, &at) == 0
		   ? at
		   : 0;
}

/* The list is not always in order. */
static const struct value *last_submission(const struct value *body)
{
	const struct value *last = NULL;
	VALUE_EACH (one, submissions(body)) {
		if (value_member(one, "conversion-id").n == 0)
			continue;
		if (last == NULL ||
		    time_of(one, "timestamp") >= time_of(last, "timestamp"))
			last = one;
	}
	return last;
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	const struct value *body = call->payload;
	if (body->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	const struct value *last = last_submission(body);
	event->body = body;
	event->topic = STR("workflow");
	event->account = value_member(body, "portal-id");
	if (last != NULL) {
		event->id = arena_printf(
		    call->arena, "%.*s/%.*s", STR_FMT(event->account),
		    STR_FMT(value_member(last, "conversion-id")));
		event->occurred_at_ms = time_of(last, "timestamp");
	} else {
		event->hash_of = contacts_canonical(call, body);
	}
	return 0;
}

/* ---- map ---------------------------------------------------------------- */

/* {"email":{"value":"a@b",...}} of contacts, {"email":"a@b"} of other objects.
 */
static const struct value *property_value(const struct value *property)
{
	if (property == NULL || property->type != VALUE_OBJECT)
		return property;
	return value_get(property, "value");
}

static struct str property(const struct value *properties, const char *name)
{
	return value_text(property_value(value_get(properties, name)));
}

static const char *region_of(const struct source_call *call,
			     const struct value *properties)
{
	struct str country = property(properties, "country");
	if (call->source->country != NULL || country.n != 2)
		return call->source->country;
	const char *given = arena_copy(call->arena, country).p;
	return phone_country_ok(given) ? given : NULL;
}

/* What identifies the contact to HubSpot, where the properties hold nothing. */
static void map_identities(const struct source_call *call,
			   const struct value *body, struct lead *lead)
{
	VALUE_EACH (profile, value_get(body, "identity-profiles")) {
		VALUE_EACH (one, value_get(profile, "identities")) {
			struct str type = value_member(one, "type");
			struct str text = value_member(one, "value");
			if (str_eq(type, STR("EMAIL")))
				lead_set_email(lead, text);
			else if (str_eq(type, STR("PHONE")))
				lead_set_phone(lead, text,
					       call->source->country);
		}
	}
}

static const char *const phone_properties[] = {"hs_calculated_phone_number",
					       "phone", "mobilephone", NULL};

static void map_contact(const struct source_call *call,
			const struct value *body, struct lead *lead)
{
	const struct value *properties = value_get(body, "properties");
	const char *region = region_of(call, properties);
	lead_set_names(lead, property(properties, "firstname"),
		       property(properties, "lastname"));
	lead_set_email(lead, property(properties, "email"));
	for (size_t i = 0; phone_properties[i] != NULL; i++)
		if (lead_set_phone(lead,
				   property(properties, phone_properties[i]),
				   region))
			break;
	map_identities(call, body, lead);
}

static const struct field_name origins[] = {
    {"FORM", "form"},
    {"CONVERSATIONS", "chat"},
    {"BOT", "chat"},
    {"CHATFLOW", "chat"},
    {"EMAIL", "email"},
    {"CALL", "phone_call"},
    {"CALLS", "phone_call"},
    {"IMPORT", "import"},
    {"CRM_UI", "manual"},
    {"MOBILE_IOS", "manual"},
    {"MOBILE_ANDROID", "manual"},
    {NULL, NULL},
};

static struct str type_of(const struct value *properties)
{
	struct str origin = property(properties, "hs_object_source");
	for (const struct field_name *o = origins; o->member != NULL; o++)
		if (str_ieq(str_from(o->member), origin))
			return str_from(o->slug);
	return STR_NONE;
}

/* Of hundreds of hs_ properties these say where a person came from. */
static const char *const told[] = {
    "hs_analytics_source",
    "hs_analytics_source_data_1",
    "hs_analytics_source_data_2",
    "hs_analytics_first_url",
    "hs_analytics_first_referrer",
    "hs_latest_source",
    "hs_latest_source_data_1",
    "hs_latest_source_data_2",
    "hs_lead_status",
    "hs_object_source",
    "hs_object_source_label",
    "hs_object_source_detail_1",
    NULL,
};

static const char *const contact_properties[] = {
    "firstname", "lastname", "email", "hs_calculated_phone_number", NULL};

static void map_properties(const struct value *properties, struct lead *lead)
{
	struct str phone = property(properties, "phone");
	lead_add(lead, "gclid", property(properties, "hs_google_click_id"));
	lead_add(lead, "fbclid", property(properties, "hs_facebook_click_id"));
	fields_from_url(lead, property(properties, "hs_analytics_first_url"));
	VALUE_EACH (one, properties) {
		struct str key = one->key;
		bool taken = word_in(contact_properties, key) ||
			     (str_eq(key, STR("phone")) && phone.n > 0 &&
			      lead->phone.n > 0);
		if (taken ||
		    (str_starts(key, STR("hs_")) && !word_in(told, key)))
			continue;
		const struct value *v = property_value(one);
		if (v != NULL)
			lead_add_value(lead, key, v);
	}
}

static void map_submission(const struct value *last, struct lead *lead)
{
	struct str page = value_member(last, "page-url");
	lead_add(lead, "form_name", value_member(last, "title"));
	lead_add(lead, "form_id", value_member(last, "form-id"));
	lead_add(lead, "landing_page", page);
	fields_from_url(lead, page);
}

/* "Customize request body": whatever names somebody chose. */
static void map_flat(const struct source_call *call, const struct value *body,
		     struct lead *lead)
{
	static const char *const skip[] = {"portal-id", NULL};
	contacts_map(call, body, skip, true, lead);
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	const struct value *body = event->body;
	const struct value *properties = value_get(body, "properties");
	lead_add(lead, "hubspot_portal_id", event->account);
	if (properties == NULL || properties->type != VALUE_OBJECT) {
		map_flat(call, body, lead);
		return;
	}
	map_contact(call, body, lead);
	lead->source_type = type_of(properties);
	lead_add(lead, "hubspot_contact_id", value_member(body, "vid"));
	lead_add(lead, "hubspot_object_id", value_member(body, "objectId"));
	map_submission(last_submission(body), lead);
	map_properties(properties, lead);
}

const struct source_ops source_hubspot_workflow = {
    .platform = "hubspot_workflow",
    .source_platform = "hubspot",
    .source_type = "form",
    .flags = SOURCE_CONTENT_ID | SOURCE_SIGNS_URL,
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 2 << 20,
    .verify = verify,
    .split = split,
    .map = map,
};
