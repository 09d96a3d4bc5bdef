/* SPDX-License-Identifier: MIT */
/*
 * Web forms of any make: urlencoded, multipart or JSON, from a browser or a
 * site's server. https://url.spec.whatwg.org/#urlencoded-parsing, RFC 7578.
 *
 * A form cannot keep a secret: a URL token, the page's Origin and a honeypot
 * keep strangers out, not attackers. Names of members are whatever the page
 * says, so contacts are recognised (contacts.c).
 */
#include "payload/payload.h"
#include "sources/adapter.h"
#include "sources/contacts.h"
#include "sources/engine.h"

static const char *const id_members[] = {"event_id", "submission_id", NULL};

static bool honeypot_filled(const struct source *source,
			    const struct value *payload)
{
	if (source->honeypot == NULL)
		return false;
	const struct value *v = value_get(payload, source->honeypot);
	return v != NULL && (v->text.n > 0 || v->count > 0);
}

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	if (call->payload->type != VALUE_OBJECT)
		return err_set(err, LB_EINVAL, "form is not an object");
	struct event *event = event_list_add(events, call->arena);
	event->body = call->payload;
	event->topic = STR("form");
	event->id = value_first(call->payload, id_members);
	event->hash_of = contacts_canonical(call, call->payload);
	if (honeypot_filled(call->source, call->payload))
		event_ignore(event, reason_honeypot);
	return 0;
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	const struct source *source = call->source;
	/* What steers us is not an answer of the person. */
	const char *skip[7] = {"_redirect", "_charset_", "event_id",
			       "submission_id"};
	size_t n = 4;
	if (source->honeypot != NULL)
		skip[n++] = source->honeypot;
	if (source->param_name != NULL)
		skip[n++] = source->param_name;
	contacts_map(call, event->body, skip, true, lead);
	fields_from_url(call, lead, lead_get(lead, "landing_page"));
}

/* ---- answer ------------------------------------------------------------- */

static const struct str thanks = {
    "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
    "<title>Thank you</title><p>Thank you. Your message was received.</p>\n",
    sizeof("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
	   "<title>Thank you</title><p>Thank you. Your message was "
	   "received.</p>\n") -
	1};

static bool accepts(const struct source_call *call, struct str type)
{
	struct str accept = request_header(call->request, "Accept");
	return str_ifind_str(accept, type) >= 0;
}

/* Only entries of the list: anything else would be an open redirect. */
static struct str chosen_redirect(const struct source_call *call)
{
	const struct source *source = call->source;
	struct str first = str_from(source->redirect.v[0]);
	if (source->redirect.n == 1)
		return first;
	struct arena arena;
	arena_init(&arena);
	struct payload_limits limits = {.depth = (size_t)source->json_depth,
					.values = (size_t)source->values};
	struct value *payload = NULL;
	struct str wanted = STR_NONE, chosen = first;
	if (payload_parse(&arena, call->request, source->ops->payloads, &limits,
			  true, &payload, NULL) == 0)
		wanted = value_member(payload, "_redirect");
	for (size_t i = 0; i < source->redirect.n; i++)
		if (str_eq(str_from(source->redirect.v[i]), wanted))
			chosen = str_from(source->redirect.v[i]);
	arena_release(&arena);
	return chosen;
}

static void answer_browser(const struct source_call *call, struct reply *reply)
{
	bool html = accepts(call, STR("text/html"));
	bool json = accepts(call, STR("application/json"));
	if (call->source->redirect.n > 0 && (html || !json)) {
		*reply = (struct reply){.status = 303};
		reply_add_header(reply, "Location", chosen_redirect(call));
	} else if (html) {
		reply->content_type = "text/html; charset=utf-8";
		reply->body = thanks;
	}
}

static void answer(const struct source_call *call, enum answer_kind kind,
		   struct reply *reply)
{
	if (kind == ANSWER_ACCEPTED || kind == ANSWER_DUPLICATE)
		answer_browser(call, reply);
	/* Without it a script of the page may not read what we said. */
	struct str origin = origin_allowed(
	    call->source, request_header(call->request, "Origin"));
	if (origin.p == NULL)
		return;
	reply_add_header(reply, "Access-Control-Allow-Origin", origin);
	reply_add_header(reply, "Vary", STR("Origin"));
}

/* `attribution` will decide the platform; until then a form is direct. */
const struct source_ops source_form = {
    .platform = "form",
    .source_platform = "direct",
    .source_type = "form",
    .flags = SOURCE_OPEN | SOURCE_CONTENT_ID | SOURCE_ATTRIBUTION,
    .payloads = PAYLOAD_FORM | PAYLOAD_MULTIPART | PAYLOAD_JSON,
    .try_later = 503,
    .max_body = 1 << 20,
    .split = split,
    .map = map,
    .answer = answer,
};
