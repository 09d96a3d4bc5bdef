/* SPDX-License-Identifier: MIT */
/*
 * HubSpot app webhooks: developers.hubspot.com, "Webhooks API" and "Validating
 * requests". Always a list, of up to 100 events of any portals; each names a
 * contact, which is fetched. Signature v3 covers method, URL, body and time;
 * v1 (body only, no time) is taken only where `signature: v1` says so, and
 * never instead of a v3 that is there.
 */
#include "base/codec.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "leadbridge/person.h"
#include "sources/adapter.h"
#include "sources/signature.h"

enum {
	TOLERANCE_MS = 5 * 60 * 1000,
	SHA256_BYTES = 32,
	ID_MAX = 255,
	PERSON_MAX = 16 * 1024,
	LIST_MAX = 256 * 1024,
	BATCH_MAX = 100,
};

static const char *const default_events[] = {
    "contact.creation", "object.creation", "contact.propertyChange",
    "object.propertyChange", NULL};

/* ---- proof -------------------------------------------------------------- */

static int prepare(struct source *source, struct err *err)
{
	static const struct signature_scheme scheme = {
	    .algorithm = SIGN_HMAC_SHA256,
	    .encoding = ENCODING_BASE64,
	    .header = "X-HubSpot-Signature-v3",
	    .signed_text = "{method}{url}{body}{timestamp}",
	    .timestamp_header = "X-HubSpot-Request-Timestamp",
	    .tolerance_ms = TOLERANCE_MS,
	};
	struct signature *signature = NULL;
	if (source->secret.n == 0)
		return err_set(err, LB_EINVAL,
			       "platform 'hubspot' needs "
			       "secret, the app's client "
			       "secret");
	int code = signature_new(&scheme, &source->secret, &signature, err);
	source->state = signature;
	return code;
}

/* These, and no others, are decoded in the URL before it is signed. */
static struct str signed_target(const struct source_call *call)
{
	static const char coded[][4] = {"3A", "2F", "3F", "40", "21", "24",
					"27", "28", "29", "2A", "2C", "3B"};
	static const char plain[] = ":/?@!$'()*,;";
	struct str from = call->request->target;
	char *to = arena_alloc(call->arena, from.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < from.n; i++) {
		struct str pair = str_sub(from, i + 1, i + 3);
		to[n] = from.p[i];
		for (size_t k = 0; k < 12 && from.p[i] == '%'; k++) {
			if (pair.n != 2 || !str_ieq(pair, str_from(coded[k])))
				continue;
			to[n] = plain[k];
			i += 2;
			break;
		}
		n++;
	}
	return (struct str){to, n};
}

/* SHA-256 of secret and body, in hex. */
static void verify_v1(const struct source_call *call, struct proof *proof)
{
	const struct request *r = call->request;
	struct str given = str_trim(request_header(r, "X-HubSpot-Signature"));
	unsigned char raw[SHA256_BYTES], want[DIGEST_MAX];
	size_t n = 0;
	if (given.n == 0) {
		proof->result = PROOF_MISSING;
		return;
	}
	proof->result = PROOF_WRONG;
	if (request_header_count(r, "X-HubSpot-Signature") != 1 ||
	    hex_decode(given, raw, sizeof(raw), &n) != 0)
		return;
	for (size_t i = 0; i < call->source->secret.n; i++) {
		struct str parts[] = {secret_str(&call->source->secret.v[i]),
				      r->body};
		crypto_digest(DIGEST_SHA256, parts, 2, want);
		if (!crypto_equal(want, SHA256_BYTES, raw, n))
			continue;
		*proof = (struct proof){PROOF_OK, (int)i, NULL};
		return;
	}
}

static void verify(const struct source_call *call, struct proof *proof)
{
	const struct signature *v3 = call->source->state;
	if (!signature_present(v3, call->request) &&
	    str_eq(str_from(call->source->signature), STR("v1"))) {
		verify_v1(call, proof);
		return;
	}
	struct request request = *call->request;
	request.target = signed_target(call);
	struct source_call as_signed = *call;
	as_signed.request = &request;
	signature_verify(v3, &as_signed, proof);
}

/* ---- split -------------------------------------------------------------- */

static struct str type_of(const struct value *item)
{
	static const char *const keys[] = {"subscriptionType", "eventType",
					   NULL};
	return value_first(item, keys);
}

/* eventId alone is not unique; attemptNumber changes with each retry. */
static struct str id_of(const struct source_call *call,
			const struct value *item)
{
	static const char *const parts[] = {
	    "portalId",     "appId",     "subscriptionId",
	    "eventId",      "objectId",  "occurredAt",
	    "propertyName", "messageId", NULL};
	struct str id = type_of(item);
	for (size_t i = 0; parts[i] != NULL; i++)
		id = arena_printf(call->arena, "%.*s/%.*s", STR_FMT(id),
				  STR_FMT(value_member(item, parts[i])));
	return id;
}

/* Erased is the contact of that portal, whatever else the batch holds. */
static void judge_deletion(const struct source_call *call, struct event *event)
{
	struct subject_text text = {
	    .customer = value_member(event->body, "objectId"),
	    .account = event->account,
	};
	struct buf b;
	if (text.customer.n == 0 || text.customer.n > ID_MAX ||
	    text.account.n == 0 || text.account.n > ID_MAX) {
		event_quarantine(event, reason_shape);
		return;
	}
	event->privacy = "contact.privacyDeletion";
	buf_init(&b, PERSON_MAX);
	subject_write(&text, &b);
	event->person = arena_copy(call->arena, buf_str(&b));
	buf_release(&b);
	event_ignore(event, reason_topic);
}

/* A form filled in again shows only as a change of this property. */
static void judge_item(const struct source_call *call, struct event *event)
{
	struct str type = event->topic;
	struct str kind = value_member(event->body, "objectTypeId");
	bool change = str_ends(type, STR(".propertyChange"));
	if (str_eq(type, STR("contact.privacyDeletion"))) {
		judge_deletion(call, event);
	} else if (str_starts(type, STR("object.")) &&
		   !str_eq(kind, STR("0-1"))) {
		event_ignore(event, reason_topic);
	} else if (change && !str_eq(value_member(event->body, "propertyName"),
				     STR("recent_conversion_event_name"))) {
		event_ignore(event, reason_topic);
	} else if (type.n == 0 ||
		   value_member(event->body, "objectId").n == 0) {
		event_quarantine(event, reason_shape);
	}
}

static void add_item(const struct source_call *call, struct event_list *events,
		     const struct value *item)
{
	struct event *event = event_list_add(events, call->arena);
	event->body = item;
	event->topic = type_of(item);
	event->account = value_member(item, "portalId");
	event->id = id_of(call, item);
	if (str_to_int(value_member(item, "occurredAt"), 0, INT64_MAX,
		       &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	judge_item(call, event);
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	const struct value *payload = call->payload;
	if (payload->type == VALUE_OBJECT) {
		add_item(call, events, payload);
		return 0;
	}
	if (payload->type != VALUE_ARRAY)
		return err_set(err, LB_EINVAL, "body is not a list");
	VALUE_EACH (item, payload)
		add_item(call, events, item);
	if (events->n == 0) /* seen: an empty list */
		event_ignore(event_list_add(events, call->arena), reason_topic);
	return 0;
}

/* ---- map and fetch ------------------------------------------------------ */

static const struct field_name event_fields[] = {
    {"portalId", "hubspot_portal_id"},
    {"objectId", "hubspot_contact_id"},
    {"subscriptionType", "hubspot_event"},
    {"changeSource", "hubspot_change_source"},
    {NULL, NULL},
};

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	(void)call;
	fields_named(lead, event->body, event_fields);
	event->fate = FATE_FETCH;
}

static const char *const properties[] = {
    "firstname",
    "lastname",
    "email",
    "phone",
    "mobilephone",
    "hs_calculated_phone_number",
    "company",
    "jobtitle",
    "city",
    "state",
    "zip",
    "country",
    "website",
    "message",
    "lifecyclestage",
    "hs_lead_status",
    "createdate",
    "hs_analytics_source",
    "hs_analytics_source_data_1",
    "hs_analytics_source_data_2",
    "hs_analytics_first_url",
    "hs_analytics_first_referrer",
    "hs_latest_source",
    "first_conversion_event_name",
    "recent_conversion_event_name",
    "recent_conversion_date",
    "hs_google_click_id",
    "hs_facebook_click_id",
    "hs_object_source",
    "hs_object_source_label",
    "hs_object_source_detail_1",
    NULL,
};

static struct str listed(const struct source_call *call, const char *between)
{
	struct buf b;
	buf_init(&b, LIST_MAX);
	for (size_t i = 0; properties[i] != NULL; i++)
		buf_addf(&b, "%s%s", i > 0 ? between : "", properties[i]);
	struct str out = arena_copy_buf(call->arena, &b);
	buf_release(&b);
	return out;
}

static void request(const struct source_call *call, const struct event *event,
		    struct fetch_request *out)
{
	struct str id = value_member(event->body, "objectId");
	if (id.n > 0)
		out->path = arena_printf(
		    call->arena,
		    "/crm/v3/objects/contacts/%.*s?properties=%.*s",
		    STR_FMT(fetch_escape(call->arena, id)),
		    STR_FMT(listed(call, ",")));
}

/* developers.hubspot.com, "CRM API: contacts", batch read: 100 ids. One that is
 * given twice is an error there. */
static void batch(const struct source_call *call,
		  const struct event *const *events, size_t n,
		  struct fetch_request *out)
{
	struct buf b;
	buf_init(&b, LIST_MAX);
	buf_addf(&b, "{\"properties\":[\"%.*s\"],\"inputs\":[",
		 STR_FMT(listed(call, "\",\"")));
	for (size_t i = 0; i < n; i++) {
		struct str id = value_member(events[i]->body, "objectId");
		bool known = false;
		for (size_t k = 0; k < i && !known; k++)
			known = str_eq(
			    value_member(events[k]->body, "objectId"), id);
		if (known)
			continue;
		buf_add_str(&b, i > 0 ? STR(",{\"id\":") : STR("{\"id\":"));
		buf_add_json(&b, id);
		buf_add_char(&b, '}');
	}
	buf_add_str(&b, STR("]}"));
	if (!b.over) {
		out->path = STR("/crm/v3/objects/contacts/batch/read");
		out->body = arena_copy_buf(call->arena, &b);
	}
	buf_release(&b);
}

static const struct value *record(const struct source_call *call,
				  const struct event *event)
{
	struct str id = value_member(event->body, "objectId");
	VALUE_EACH (one, value_get(call->payload, "results"))
		if (str_eq(value_member(one, "id"), id))
			return one;
	return NULL;
}

static const struct {
	const char *word, *type;
} kinds[] = {
    {"FORM", "form"},
    {"CONVERSATIONS", "chat"},
    {"BOT", "chat"},
    {"CHATFLOW", "chat"},
    {"EMAIL", "email"},
    {"CALL", "phone_call"},
    {"CALLING", "phone_call"},
    {"IMPORT", "import"},
    {"CRM_UI", "manual"},
    {"MOBILE_IOS", "manual"},
    {"MOBILE_ANDROID", "manual"},
};

static struct str kind_of(struct str word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_ieq(word, str_from(kinds[i].word)))
			return str_from(kinds[i].type);
	return STR_NONE;
}

static const struct field_name property_fields[] = {
    {"hs_google_click_id", "gclid"},
    {"hs_facebook_click_id", "fbclid"},
    {"hs_analytics_first_url", "landing_page"},
    {"hs_analytics_first_referrer", "referrer"},
    {NULL, NULL},
};

static void map_fetched(const struct source_call *call, struct event *event,
			struct lead *lead)
{
	static const char *const phones[] = {"hs_calculated_phone_number",
					     "phone", "mobilephone", NULL};
	static const char *const taken[] = {
	    "firstname",
	    "lastname",
	    "email",
	    "phone",
	    "mobilephone",
	    "hs_calculated_phone_number",
	    "hs_google_click_id",
	    "hs_facebook_click_id",
	    "hs_analytics_first_url",
	    "hs_analytics_first_referrer",
	    "hs_object_id",
	    NULL,
	};
	const struct value *p = value_get(call->payload, "properties");
	fields_named(lead, event->body, event_fields);
	lead_set_names(lead, value_member(p, "firstname"),
		       value_member(p, "lastname"));
	lead_set_email(lead, value_member(p, "email"));
	lead_set_phone(lead, value_first(p, phones), call->source->country);
	lead->source_type = kind_of(value_member(p, "hs_object_source"));
	if (lead->source_type.n == 0)
		lead->source_type =
		    kind_of(value_member(event->body, "changeSource"));
	fields_from_url(lead, value_member(p, "hs_analytics_first_url"));
	fields_named(lead, p, property_fields);
	fields_rest(lead, call->arena, p, NULL, taken);
}

static const struct fetch_ops fetch = {
    .url = "https://api.hubapi.com",
    .authorization = "Bearer",
    .oauth = true,
    .token_url = "https://api.hubapi.com/oauth/v1/token",
    .request = request,
    .map = map_fetched,
    .batch_max = BATCH_MAX,
    .batch = batch,
    .record = record,
};

const struct source_ops source_hubspot = {
    .platform = "hubspot",
    .source_platform = "hubspot",
    .source_type = "form",
    .flags = SOURCE_SIGNS_URL | SOURCE_MANY_ACCOUNTS,
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 2 << 20,
    .events = default_events,
    .prepare = prepare,
    .release = signature_release,
    .verify = verify,
    .split = split,
    .map = map,
    .fetch = &fetch,
};
