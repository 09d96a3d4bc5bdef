/* SPDX-License-Identifier: MIT */
/*
 * HighLevel (GoHighLevel, LeadConnector) app webhooks:
 * https://marketplace.gohighlevel.com/docs/webhook/WebhookIntegrationGuide.
 *
 * The vendor's key signs for every customer of the vendor: a signature proves
 * HighLevel, not whose data it is. So the location must be one of ours, or the
 * URL must hold a token. An InboundMessage names its contact only by id and by
 * `from`; where an `api` is configured, the contact is fetched.
 */
#include "sources/ghl_common.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sources/adapter.h"
#include "sources/signature.h"

static const char reason_direction[] = "not inbound";
static const char reason_channel[] = "channel";

/* Published in the guide above; the 32 bytes in base64. */
static const char vendor_key[] = "i2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=";

static const char *const default_events[] = {"ContactCreate", "InboundMessage",
					     NULL};

struct ghl {
	struct signature *ed25519;
	struct signature *rsa; /* NULL unless rsa_key is configured */
};

/* ---- proof -------------------------------------------------------------- */

static bool holds_vendor_key(const struct secrets *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_find_str(secret_str(&list->v[i]),
				 str_from(vendor_key)) >= 0)
			return true;
	return list->n == 0;
}

/* A route with a default takes every account, so it narrows nothing. */
static int check_whose(const struct source *source, struct err *err)
{
	bool narrow =
	    source->accounts.n > 0 || source->token.n > 0 ||
	    (source->route.map.n > 0 && source->route.fallback == NULL);
	bool shared =
	    holds_vendor_key(&source->secret) || source->rsa_key.n > 0;
	if (narrow || !shared)
		return 0;
	return err_set(err, LB_EINVAL,
		       "the vendor's key signs for all its customers: platform "
		       "'ghl' needs account, route without default, or token");
}

static int prepare_ed25519(struct source *source, struct ghl *state,
			   struct err *err)
{
	static const struct signature_scheme scheme = {
	    .algorithm = SIGN_ED25519,
	    .encoding = ENCODING_BASE64,
	    .header = "X-GHL-Signature",
	    .signed_text = "{body}",
	};
	if (source->secret.n > 0)
		return signature_new(&scheme, &source->secret, &state->ed25519,
				     err);
	unsigned char key[sizeof(vendor_key)];
	memcpy(key, vendor_key, sizeof(key));
	struct secret one = {key, sizeof(vendor_key) - 1, NULL};
	struct secrets published = {&one, 1};
	return signature_new(&scheme, &published, &state->ed25519, err);
}

static int prepare_rsa(struct source *source, struct ghl *state,
		       struct err *err)
{
	static const struct signature_scheme scheme = {
	    .algorithm = SIGN_RSA_SHA256,
	    .encoding = ENCODING_BASE64,
	    .header = "X-WH-Signature",
	    .signed_text = "{body}",
	};
	if (source->rsa_key.n == 0)
		return 0;
	return signature_new(&scheme, &source->rsa_key, &state->rsa, err);
}

static int prepare(struct source *source, struct err *err)
{
	int code = check_whose(source, err);
	if (code != 0)
		return code;
	struct ghl *state = xcalloc(1, sizeof(*state));
	source->state = state;
	code = prepare_ed25519(source, state, err);
	return code == 0 ? prepare_rsa(source, state, err) : code;
}

static void release(struct source *source)
{
	struct ghl *state = source->state;
	if (state == NULL)
		return;
	signature_free(state->ed25519);
	signature_free(state->rsa);
	free(state);
}

/* A present Ed25519 signature decides alone: falling back would let the older
 * key overrule the newer. */
static void verify(const struct source_call *call, struct proof *proof)
{
	const struct ghl *state = call->source->state;
	if (state->rsa != NULL &&
	    !signature_present(state->ed25519, call->request))
		signature_verify(state->rsa, call, proof);
	else
		signature_verify(state->ed25519, call, proof);
}

/* ---- split -------------------------------------------------------------- */

/* Flat as sent; the guide's example nests the resource under "data". */
static struct str member(const struct source_call *call, const char *name)
{
	struct str text = value_member(call->payload, name);
	if (text.n > 0)
		return text;
	return value_member(value_get(call->payload, "data"), name);
}

static bool ignored_channel(struct str channel)
{
	static const char *const prefixes[] = {
	    "ACTIVITY_",        "CAMPAIGN_",
	    "INTERNAL_COMMENT", "LIVE_CHAT_INFO_MESSAGE",
	    "SMS_REACTION",     NULL};
	if (str_istarts(channel, STR("TYPE_")))
		channel = str_sub(channel, 5, channel.n);
	for (size_t i = 0; prefixes[i] != NULL; i++)
		if (str_istarts(channel, str_from(prefixes[i])))
			return true;
	return false;
}

static struct str channel_of(const struct value *body)
{
	static const char *const keys[] = {"messageTypeString", "messageType",
					   NULL};
	return value_first(body, keys);
}

/* `type` of a call may read OutboundMessage by mistake; direction decides. */
static void judge_message(struct event *event)
{
	/* A live chat may have no contact yet, and `from` is {} there. */
	static const char *const senders[] = {"contactId", "conversationId",
					      "from", NULL};
	struct str direction = value_member(event->body, "direction");
	event->sender = value_first(event->body, senders);
	if (!str_ieq(direction, STR("inbound")))
		event_ignore(event, reason_direction);
	else if (ignored_channel(channel_of(event->body)))
		event_ignore(event, reason_channel);
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	if (call->payload->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	const struct value *data = value_get(call->payload, "data");
	bool nested = data != NULL && data->type == VALUE_OBJECT &&
		      value_get(call->payload, "id") == NULL &&
		      value_get(call->payload, "contactId") == NULL;
	event->body = nested ? data : call->payload;
	event->topic = member(call, "type");
	event->account = member(call, "locationId");
	event->id = member(call, "webhookId");
	struct str at = member(call, "dateAdded");
	if (clock_parse(at, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	if (event->topic.n == 0)
		event_quarantine(event, reason_shape);
	else if (str_eq(event->topic, STR("InboundMessage")))
		judge_message(event);
	return 0;
}

/* ---- map ---------------------------------------------------------------- */

static const struct field_name contact_fields[] = {
    {"id", "ghl_contact_id"},

    {"source", "contact_source"},
    {"tags", "tags"},
    {"companyName", "company"},
    {"address1", "address"},
    {"city", "city"},
    {"state", "state"},
    {"postalCode", "postal_code"},
    {"country", "country"},
    {"website", "website"},
    {"dateAdded", "date_added"},
    {"dnd", "dnd"},
    {NULL, NULL},
};

static const struct field_name message_fields[] = {
    {"contactId", "ghl_contact_id"},

    {"conversationId", "ghl_conversation_id"},
    {"messageId", "ghl_message_id"},
    {"emailMessageId", "ghl_message_id"},
    {"messageType", "message_channel"},
    {"subject", "subject"},
    {"callDuration", "call_duration"},
    {"callStatus", "call_status"},
    {"dateAdded", "date_added"},
    {"chatWidgetId", "chat_widget_id"},
    {NULL, NULL},
};

static void map_contact(const struct source_call *call,
			const struct value *body, struct lead *lead)
{
	const struct value *from = value_get(body, "attributionSource");
	const char *region = ghl_region(call, value_member(body, "country"));
	if (!lead_set_names(lead, value_member(body, "firstName"),
			    value_member(body, "lastName")))
		lead_set_name(lead, value_member(body, "name"));
	lead_set_email(lead, value_member(body, "email"));
	lead_set_phone(lead, value_member(body, "phone"), region);
	lead->source_type = ghl_medium_type(from);
	fields_named(lead, body, contact_fields);
	ghl_map_attribution(from, lead);
	VALUE_EACH (field, value_get(body, "customFields")) {
		struct str id = value_member(field, "id");
		const struct value *v = value_get(field, "value");
		if (id.n > 0 && v != NULL)
			lead_add_beside(
			    lead,
			    arena_printf(call->arena, "cf_%.*s", STR_FMT(id)),
			    v);
	}
}

/* Who chats is known by what was asked of them: an address or a number; what
 * else stands there names an account of the channel. */
static void map_visitor(const struct source_call *call, struct str from,
			struct lead *lead)
{
	if (str_find(from, '@') > 0)
		lead_set_email(lead, from);
	else if (from.n > 0 && (from.p[0] == '+' || from.p[0] == '('))
		lead_set_phone(lead, from, call->source->country);
}

/* E-mail bodies are HTML pages and stay in the stored request. */
static void map_message(const struct source_call *call,
			const struct event *event, struct lead *lead)
{
	const struct value *body = event->body;
	struct str type = ghl_channel_type(channel_of(body));
	struct str from = value_member(body, "from");
	lead->source_type = type;
	if (str_eq(type, STR("email")))
		lead_set_email(lead, from);
	else if (str_eq(type, STR("phone_call")) || str_eq(type, STR("sms")))
		lead_set_phone(lead, from, call->source->country);
	else
		map_visitor(call, from, lead);
	fields_named(lead, body, message_fields);
	if (!str_eq(type, STR("email")))
		lead_add(lead, "message", value_member(body, "body"));
	const struct value *recording =
	    value_at(value_get(body, "attachments"), 0);
	if (str_eq(type, STR("phone_call")))
		lead_add(lead, "recording_url", value_text(recording));
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	lead_add(lead, "ghl_event", event->topic);
	lead_add(lead, "ghl_location_id", event->account);
	if (str_eq(event->topic, STR("InboundMessage")))
		map_message(call, event, lead);
	else
		map_contact(call, event->body, lead);
}

static void map_first(const struct source_call *call, struct event *event,
		      struct lead *lead)
{
	map(call, event, lead);
	if (str_eq(event->topic, STR("InboundMessage")) &&
	    source_fetches(call->source) &&
	    value_member(event->body, "contactId").n > 0)
		event->fate = FATE_FETCH;
}

/* ---- fetch -------------------------------------------------------------- */

static void request(const struct source_call *call, const struct event *event,
		    struct fetch_request *out)
{
	struct str id = value_member(event->body, "contactId");
	if (id.n > 0)
		out->path =
		    arena_printf(call->arena, "/contacts/%.*s",
				 STR_FMT(fetch_escape(call->arena, id)));
}

/* What the message says of itself wins: the number it came from, its kind. */
static void map_fetched(const struct source_call *call, struct event *event,
			struct lead *lead)
{
	const struct value *contact = value_get(call->payload, "contact");
	map(call, event, lead);
	struct str type = lead->source_type;
	map_contact(call, contact, lead);
	fields_named(lead, event->body, message_fields);
	lead->source_type = type.n > 0 ? type : lead->source_type;
}

static const struct fetch_ops fetch = {
    .url = "https://services.leadconnectorhq.com",
    .authorization = "Bearer",
    .version = "2021-07-28",
    .version_header = "Version",
    .oauth = true,
    .token_url = "https://services.leadconnectorhq.com/oauth/token",
    .request = request,
    .map = map_fetched,
};

const struct source_ops source_ghl = {
    .platform = "ghl",
    .source_platform = "ghl",
    .source_type = "form",
    .payloads = PAYLOAD_JSON,
    .try_later = 429,
    .max_body = 1 << 20,
    .events = default_events,
    .prepare = prepare,
    .release = release,
    .verify = verify,
    .split = split,
    .map = map_first,
    .fetch = &fetch,
};
