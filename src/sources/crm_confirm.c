/* SPDX-License-Identifier: MIT */
/*
 * The CRM's own webhook, by which it tells of the leads it made (lead.created):
 * X-Mega-Signature is the HMAC of X-Mega-Timestamp, '.', and the body;
 * X-Mega-Delivery is the same on every retry. https://app.gomega.ai, CRM
 * webhooks. No lead comes of it: the one it names is marked as confirmed.
 */
#include "base/clock.h"
#include "sources/adapter.h"
#include "sources/signature.h"

static const char reason_confirmation[] = "confirmation";

static int prepare(struct source *source, struct err *err)
{
	static const struct signature_scheme scheme = {
	    .algorithm = SIGN_HMAC_SHA256,
	    .encoding = ENCODING_HEX,
	    .header = "X-Mega-Signature",
	    .prefix = "sha256=",
	    .signed_text = "{timestamp}.{body}",
	    .timestamp_header = "X-Mega-Timestamp",
	    .tolerance_ms = 300 * 1000,
	};
	struct signature *signature = NULL;
	if (source->secret.n == 0)
		return err_set(err, LB_EINVAL,
			       "platform 'crm_confirm' needs secret");
	int code = signature_new(&scheme, &source->secret, &signature, err);
	source->state = signature;
	return code;
}

static void verify(const struct source_call *call, struct proof *proof)
{
	signature_verify(call->source->state, call, proof);
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	if (call->payload->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "body is not an object");
	struct event *event = event_list_add(events, call->arena);
	event->body = call->payload;
	event->topic = value_member(call->payload, "event");
	event->id = str_trim(request_header(call->request, "X-Mega-Delivery"));
	struct str at = value_member(call->payload, "delivered_at");
	if (clock_parse(at, &event->occurred_at_ms) != 0)
		event->occurred_at_ms = 0;
	struct str lead =
	    value_text(value_path(call->payload, STR(".lead.id")));
	if (!str_eq(event->topic, STR("lead.created")))
		event_ignore(event, reason_topic);
	else if (lead.n == 0)
		event_quarantine(event, reason_shape);
	else
		event_ignore(event, reason_confirmation);
	if (event->reason == reason_confirmation)
		event->confirms = lead;
	return 0;
}

/* The contract wants one; split() lets no event come this far. */
static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	(void)call;
	(void)lead;
	event_ignore(event, reason_confirmation);
}

const struct source_ops source_crm_confirm = {
    .platform = "crm_confirm",
    .flags = SOURCE_NO_LEADS,
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 1 << 20,
    .prepare = prepare,
    .release = signature_release,
    .verify = verify,
    .split = split,
    .map = map,
};
