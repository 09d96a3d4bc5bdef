/* SPDX-License-Identifier: MIT */
/*
 * Twilio: calls (https://www.twilio.com/docs/voice/twiml), messages and
 * WhatsApp (.../docs/messaging/guides/webhook-request), as status callbacks or
 * message webhooks.
 *
 * What is answered is an order to Twilio: text would be sent to the person as a
 * message, other TwiML would act on the call. So the answer is an empty
 * <Response/>. On a number's voice URL even that would hang up: there the call
 * is handed on to `redirect`, or the answer is a 404, for which Twilio asks the
 * number's fallback URL.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "payload/payload.h"
#include "sources/adapter.h"
#include "sources/engine.h"
#include "sources/twilio_signature.h"

static const char reason_receipt[] = "delivery receipt";
static const char reason_opt_out[] = "opt-out";

/* How calls end, and messages that come in. A call's earlier states on request:
 * what is known at its end is more. */
static const char *const default_events[] = {"call.completed",
					     "call.busy",
					     "call.no-answer",
					     "call.canceled",
					     "call.failed",
					     "message",
					     NULL};

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
static const struct str empty_twiml = {XML "<Response/>",
				       sizeof(XML "<Response/>") - 1};

/* ---- prepare ------------------------------------------------------------ */

static void add_xml(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			buf_add_str(out, STR("&amp;"));
		else if (*text == '<')
			buf_add_str(out, STR("&lt;"));
		else
			buf_add_char(out, *text);
	}
}

/* state: the TwiML that hands a call on, or NULL. */
static int prepare(struct source *source, struct err *err)
{
	struct buf twiml;
	if (source->secret.n == 0)
		return err_set(err, LB_EINVAL,
			       "platform 'twilio' needs secret (the account's "
			       "auth token)");
	if (source->redirect.n == 0)
		return 0;
	buf_init(&twiml, 16 * 1024);
	buf_add_str(&twiml, STR(XML "<Response><Redirect>"));
	add_xml(&twiml, source->redirect.v[0]);
	buf_add_str(&twiml, STR("</Redirect></Response>"));
	int code =
	    twiml.over ? err_set(err, LB_ELIMIT, "redirect is too long") : 0;
	if (code == 0)
		source->state = buf_take(&twiml, NULL);
	buf_release(&twiml);
	return code;
}

static void release(struct source *source)
{
	free(source->state);
}

/* ---- split -------------------------------------------------------------- */

/* "whatsapp:+1520...": the channel, or STR_NONE for a plain number. */
static struct str channel_of(struct str address)
{
	struct str rest, channel = str_cut(address, ':', &rest);
	return rest.p != NULL ? channel : STR_NONE;
}

static struct str without_channel(struct str address)
{
	struct str channel = channel_of(address);
	return channel.p != NULL ? str_sub(address, channel.n + 1, address.n)
				 : address;
}

static bool is_inbound(const struct value *body)
{
	struct str direction = value_member(body, "Direction");
	return direction.n == 0 || str_eq(direction, STR("inbound"));
}

/* "Sun, 22 Nov 2026 20:58:11 +0000" */
static int64_t time_of(const struct source_call *call, struct str text)
{
	int64_t at;
	if (str_ends(text, STR(" +0000")))
		text = arena_printf(call->arena, "%.*s GMT", (int)text.n - 6,
				    text.p);
	return clock_parse_http(text, &at) == 0 ? at : 0;
}

/* One lead per call, from the first wanted state that is told: the others must
 * not use its id up. */
static void split_call(const struct source_call *call, struct event *event)
{
	const struct value *body = event->body;
	struct str sid = value_member(body, "CallSid");
	struct str status = value_member(body, "CallStatus");
	bool inbound = is_inbound(body);
	event->topic =
	    arena_printf(call->arena, "%s.%.*s", inbound ? "call" : "outbound",
			 STR_FMT(status));
	event->account = value_member(body, inbound ? "To" : "From");
	event->occurred_at_ms = time_of(call, value_member(body, "Timestamp"));
	event->id = sid;
	if (!judge_wants(call->source, event->topic))
		event->id = arena_printf(call->arena, "%.*s/%.*s", STR_FMT(sid),
					 STR_FMT(event->topic));
}

static const char *const message_ids[] = {"MessageSid", "SmsSid",
					  "SmsMessageSid", NULL};

/* A receipt tells what became of a message of ours: it has a status and no
 * text. SmsStatus is "received" on a message that came in. */
static bool is_receipt(const struct value *body)
{
	static const char *const keys[] = {"MessageStatus", "SmsStatus", NULL};
	struct str status = value_first(body, keys);
	return status.n > 0 && !str_eq(status, STR("received")) &&
	       value_get(body, "Body") == NULL;
}

static void split_message(const struct source_call *call, struct event *event)
{
	const struct value *body = event->body;
	event->id = value_first(body, message_ids);
	event->topic = STR("message");
	event->account = without_channel(value_member(body, "To"));
	if (is_receipt(body)) {
		event->id =
		    arena_printf(call->arena, "%.*s/%.*s", STR_FMT(event->id),
				 STR_FMT(value_member(body, "MessageStatus")));
		event_ignore(event, reason_receipt);
	} else if (str_ieq(value_member(body, "OptOutType"), STR("STOP"))) {
		event_ignore(event, reason_opt_out);
	}
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	if (call->payload->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	event->body = call->payload;
	if (value_member(event->body, "CallSid").n > 0)
		split_call(call, event);
	else if (value_first(event->body, message_ids).n > 0)
		split_message(call, event);
	else
		event_quarantine(event, reason_shape);
	return 0;
}

/* ---- map ---------------------------------------------------------------- */

static const struct field_name call_fields[] = {
    {"CallSid", "call_sid"},           {"CallStatus", "call_status"},
    {"CallDuration", "call_duration"}, {"ForwardedFrom", "forwarded_from"},
    {"RecordingUrl", "recording_url"}, {NULL, NULL},
};

static const struct field_name message_fields[] = {
    {"MessageSid", "message_sid"},
    {"Body", "message"},
    {"NumMedia", "num_media"},
    {"ReferralCtwaClid", "ctwa_clid"},
    {"ReferralSourceId", "referral_source_id"},
    {"ReferralSourceUrl", "referral_source_url"},
    {"ReferralSourceType", "referral_source_type"},
    {"ReferralHeadline", "referral_headline"},
    {"ReferralBody", "referral_body"},
    {NULL, NULL},
};

static const struct field_name place_fields[] = {
    {"FromCity", "caller_city"},
    {"FromState", "caller_state"},
    {"FromZip", "caller_zip"},
    {"FromCountry", "caller_country"},
    {NULL, NULL},
};

static const char *region_of(const struct source_call *call,
			     const struct value *body)
{
	struct str country = value_member(body, "FromCountry");
	if (call->source->country != NULL || country.n != 2)
		return call->source->country;
	const char *given = arena_copy(call->arena, country).p;
	return phone_country_ok(given) ? given : NULL;
}

/* Where the network knows no name it shows the town: "TUCSON AZ". */
static void map_caller_name(const struct value *body, struct lead *lead)
{
	struct str name = value_member(body, "CallerName");
	struct str city = value_member(body, "FromCity");
	bool town = city.n > 0 && str_istarts(name, city) &&
		    (name.n == city.n || name.p[city.n] == ' ');
	if (name.n > 0 && !town)
		lead_set_name(lead, name);
}

static void map_call(const struct source_call *call, const struct value *body,
		     struct lead *lead)
{
	bool inbound = is_inbound(body);
	struct str person = value_member(body, inbound ? "From" : "To");
	lead->source_type = STR("phone_call");
	lead_set_phone(lead, person, inbound ? region_of(call, body) : NULL);
	if (inbound)
		map_caller_name(body, lead);
	fields_named(lead, body, call_fields);
	lead_add(lead, inbound ? "called_number" : "calling_number",
		 value_member(body, inbound ? "To" : "From"));
	if (inbound)
		fields_named(lead, body, place_fields);
}

static void map_media(const struct source_call *call, const struct value *body,
		      struct lead *lead)
{
	for (int i = 0; i < 10; i++) {
		const char *name = arena_printf(call->arena, "MediaUrl%d", i).p;
		lead_add(lead, arena_printf(call->arena, "media_url_%d", i).p,
			 value_member(body, name));
	}
}

/* A click on an ad starts a WhatsApp chat that names the click. */
static void map_channel(const struct value *body, struct str channel,
			struct lead *lead)
{
	bool text = channel.p == NULL || str_eq(channel, STR("rcs"));
	lead->source_type = text ? STR("sms") : STR("chat");
	if (value_member(body, "ReferralCtwaClid").n > 0)
		lead->source_platform = STR("meta_ads");
}

static void map_message(const struct source_call *call,
			const struct value *body, struct lead *lead)
{
	struct str from = value_member(body, "From");
	struct str channel = channel_of(from);
	map_channel(body, channel, lead);
	if (str_eq(channel, STR("messenger")))
		lead_add(lead, "messenger_id", without_channel(from));
	else
		lead_set_phone(lead, without_channel(from),
			       region_of(call, body));
	lead_set_name(lead, value_member(body, "ProfileName"));
	fields_named(lead, body, message_fields);
	lead_add(lead, "message_channel", channel);
	lead_add(lead, "messaged_number",
		 without_channel(value_member(body, "To")));
	map_media(call, body, lead);
	fields_named(lead, body, place_fields);
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	if (str_eq(event->topic, STR("message")))
		map_message(call, event->body, lead);
	else
		map_call(call, event->body, lead);
}

/* ---- answer ------------------------------------------------------------- */

/* A call that waits to be told what to do: a status callback says that it is
 * one. */
static bool waits_for_orders(const struct value *body)
{
	struct str status = value_member(body, "CallStatus");
	bool live = str_eq(status, STR("ringing")) ||
		    str_eq(status, STR("in-progress"));
	return live && value_get(body, "CallbackSource") == NULL &&
	       value_get(body, "SequenceNumber") == NULL;
}

static bool is_voice_url(const struct source_call *call)
{
	const struct source *source = call->source;
	struct payload_limits limits = {.depth = (size_t)source->json_depth,
					.values = (size_t)source->values};
	struct value *body = NULL;
	struct arena arena;
	arena_init(&arena);
	bool waits = payload_form(&arena, call->request->body, &limits, &body,
				  NULL) == 0 &&
		     waits_for_orders(body);
	arena_release(&arena);
	return waits;
}

static void answer(const struct source_call *call, enum answer_kind kind,
		   struct reply *reply)
{
	if (kind != ANSWER_ACCEPTED && kind != ANSWER_DUPLICATE)
		return;
	reply->content_type = "text/xml";
	reply->body = empty_twiml;
	if (!is_voice_url(call))
		return;
	if (call->source->state != NULL)
		reply->body = str_from(call->source->state);
	else
		*reply = (struct reply){.status = 404};
}

const struct source_ops source_twilio = {
    .platform = "twilio",
    .source_platform = "direct",
    .source_type = "phone_call",
    .flags = SOURCE_ATTRIBUTION | SOURCE_SIGNS_URL,
    .payloads = PAYLOAD_FORM | PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 1 << 20,
    .events = default_events,
    .prepare = prepare,
    .release = release,
    .verify = twilio_verify,
    .split = split,
    .map = map,
    .answer = answer,
};
