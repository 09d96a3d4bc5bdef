/* SPDX-License-Identifier: MIT */
/*
 * Web forms of any make: urlencoded, multipart or JSON, from a browser or a
 * site's server. https://url.spec.whatwg.org/#urlencoded-parsing, RFC 7578.
 *
 * A form cannot keep a secret: a URL token, the page's Origin, a honeypot and
 * the time it took to fill in keep robots out, not attackers. Names of members
 * are whatever the page says, so contacts are recognised (contacts.c). What to
 * put on the page: docs/forms.md.
 */
#include "payload/payload.h"
#include "sources/adapter.h"
#include "sources/contacts.h"
#include "sources/engine.h"

static const char *const id_members[] = {"event_id", "submission_id", NULL};

/* Milliseconds from the page's display to its submission, by its own script;
 * says nothing of the person, and is another one with each click. */
static const char fill_member[] = "_fill_ms";

static bool honeypot_filled(const struct source *source,
			    const struct value *payload)
{
	if (source->honeypot == NULL)
		return false;
	const struct value *v = value_get(payload, source->honeypot);
	return v != NULL && (v->text.n > 0 || v->count > 0);
}

/* A page without script cannot tell: its people are not robots for that. */
static bool filled_too_fast(const struct source *source,
			    const struct value *payload)
{
	int64_t took;
	struct str text = value_member(payload, fill_member);
	return source->min_fill_ms > 0 &&
	       str_to_int(text, 0, INT64_MAX, &took) == 0 &&
	       took < source->min_fill_ms;
}

/* The payload as it is the same when a person clicks twice. */
static const struct value *without_fill(const struct source_call *call)
{
	if (value_get(call->payload, fill_member) == NULL)
		return call->payload;
	struct value *copy = value_new(call->arena, VALUE_OBJECT);
	VALUE_EACH (member, call->payload) {
		if (str_eq(member->key, str_from(fill_member)))
			continue;
		struct value *one = value_new(call->arena, member->type);
		*one = *member;
		one->next = NULL;
		value_append(copy, one);
	}
	return copy;
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
	bool too_fast = filled_too_fast(call->source, call->payload);
	/* What was ignored must not make a second, slower try a repetition. */
	event->hash_of = contacts_canonical(
	    call, too_fast ? call->payload : without_fill(call));
	if (honeypot_filled(call->source, call->payload))
		event_ignore(event, reason_honeypot);
	else if (too_fast)
		event_ignore(event, reason_too_fast);
	return 0;
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	const struct source *source = call->source;
	/* What steers us is not an answer of the person. */
	const char *skip[8] = {"_redirect", "_charset_", "event_id",
			       "submission_id", fill_member};
	size_t n = 5;
	if (source->honeypot != NULL)
		skip[n++] = source->honeypot;
	if (source->param_name != NULL)
		skip[n++] = source->param_name;
	contacts_map(call, event->body, skip, true, lead);
	fields_from_url(lead, lead_get(lead, "landing_page"));
}

/* ---- answer ------------------------------------------------------------- */

/* clang-format off */
#define PAGE(title, text) \
	{"<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">" \
	 "<title>" title "</title><p>" text "</p>\n", \
	 sizeof("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">" \
		"<title>" title "</title><p>" text "</p>\n") - 1}

static const struct str pages[] = {
    [ANSWER_ACCEPTED] = PAGE("Thank you",
	"Thank you. Your message was received."),
    [ANSWER_DUPLICATE] = PAGE("Thank you",
	"Thank you. Your message was received."),
    [ANSWER_TRY_LATER] = PAGE("Please try again",
	"Your message could not be stored just now. "
	"Please go back and send it again in a minute."),
    [ANSWER_BAD_PROOF] = PAGE("Not sent",
	"Your message was not accepted. Please contact us another way."),
    [ANSWER_BAD_BODY] = PAGE("Not sent",
	"Your message was not accepted. Please go back and send it again in a "
	"minute, or contact us another way."),
};
/* clang-format on */

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

/* fetch() follows a redirect to a page that lets no script read it, and then
 * reports a failure to the person. */
static bool is_script(const struct source_call *call)
{
	struct str mode = request_header(call->request, "Sec-Fetch-Mode");
	return mode.n > 0 && !str_ieq(mode, STR("navigate"));
}

static void answer_browser(const struct source_call *call,
			   enum answer_kind kind, struct reply *reply)
{
	bool html = accepts(call, STR("text/html"));
	bool json = accepts(call, STR("application/json"));
	bool stored = kind == ANSWER_ACCEPTED || kind == ANSWER_DUPLICATE;
	if (stored && call->source->redirect.n > 0 && !is_script(call) &&
	    (html || !json)) {
		*reply = (struct reply){.status = 303};
		reply_add_header(reply, "Location", chosen_redirect(call));
	} else if (html) {
		reply->content_type = "text/html; charset=utf-8";
		reply->body = pages[kind];
	}
}

static void answer(const struct source_call *call, enum answer_kind kind,
		   struct reply *reply)
{
	answer_browser(call, kind, reply);
	/* Without it a script of the page may not read what we said. */
	struct str origin = origin_allowed(
	    call->source, request_header(call->request, "Origin"));
	if (origin.p == NULL)
		return;
	reply_add_header(reply, "Access-Control-Allow-Origin", origin);
	reply_add_header(reply, "Vary", STR("Origin"));
}

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
