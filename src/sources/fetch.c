/* SPDX-License-Identifier: MIT */
/*
 * The pure half of follow-up fetches: what is kept of an event, which request
 * asks for its record, what an answer means, and the lead that comes of it.
 * Sending is delivery's (delivery/fetch.c). Loop and delivery thread.
 *
 * A description is ["topic", "account", "occurred at", body]. It begins with
 * '[', which a lead never does.
 */
#include "payload/payload.h"
#include "sources/adapter.h"
#include "sources/engine.h"

enum {
	DESCRIPTION_MAX = 256 * 1024, /* as a lead */
	DESCRIPTION_DEPTH = 2,        /* added to the event's own */
	BATCH_VALUES = 100 * 1000,    /* of an answer to many */
};

static const struct request no_request;

struct str fetch_escape(struct arena *arena, struct str text)
{
	static const char plain[] = "-._~";
	struct buf b;
	buf_init(&b, 3 * text.n + 1);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool letter = (c >= 'a' && c <= 'z') ||
			      (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (letter || str_find(str_from(plain), (char)c) >= 0)
			buf_add_char(&b, (char)c);
		else
			buf_addf(&b, "%%%02X", c);
	}
	struct str out = arena_copy_buf(arena, &b);
	buf_release(&b);
	return out;
}

/* ---- the description ---------------------------------------------------- */

static void add_text(struct buf *b, struct str text)
{
	buf_add_json(b, text.p != NULL ? text : STR(""));
	buf_add_char(b, ',');
}

struct str fetch_describe(const struct source *source,
			  const struct event *event, struct arena *keep)
{
	struct buf b;
	struct str out = STR("[]");
	buf_init(&b, DESCRIPTION_MAX);
	buf_add_char(&b, '[');
	add_text(&b, event->topic);
	add_text(&b, event->account);
	buf_addf(&b, "\"%lld\",", (long long)event->occurred_at_ms);
	value_to_json(event->body, &b);
	buf_add_char(&b, ']');
	/* One that is too large names no record: it ends in quarantine. */
	if (!b.over)
		out = redact_copy(source, keep, buf_str(&b));
	buf_release(&b);
	return out;
}

static int read_description(const struct source *source, struct str text,
			    struct arena *arena, struct event *out)
{
	struct payload_limits limits = {
	    .depth = (size_t)source->json_depth + DESCRIPTION_DEPTH,
	    .values = (size_t)source->values + 8,
	};
	struct value *v = NULL;
	int rc = payload_json(arena, text, &limits, false, &v, NULL);
	if (rc != 0)
		return rc;
	const struct value *body = value_at(v, 3);
	if (v->type != VALUE_ARRAY || v->count != 4 ||
	    body->type != VALUE_OBJECT || source->ops->fetch == NULL)
		return LB_EINVAL;
	*out = (struct event){
	    .topic = value_text(value_at(v, 0)),
	    .account = value_text(value_at(v, 1)),
	    .body = body,
	};
	return str_to_int(value_text(value_at(v, 2)), INT64_MIN, INT64_MAX,
			  &out->occurred_at_ms);
}

/* The provider's JSON, or NULL. */
static const struct value *read_answer(const struct source *source,
				       struct str text, struct arena *arena)
{
	struct payload_limits limits = {.depth = (size_t)source->json_depth,
					.values = (size_t)source->values};
	struct value *v = NULL;
	if (text.n == 0 ||
	    payload_json(arena, text, &limits, false, &v, NULL) != 0)
		return NULL;
	return v;
}

/* ---- asking ------------------------------------------------------------- */

int source_fetch_request(const struct source *source, struct str description,
			 struct arena *arena, struct fetch_request *out)
{
	struct event event;
	struct source_call call = {source, &no_request, NULL, arena};
	int rc = read_description(source, description, arena, &event);
	if (rc != 0)
		return rc;
	*out = (struct fetch_request){.method = HTTP_GET, .brief = out->brief};
	source->ops->fetch->request(&call, &event, out);
	return out->path.n > 0 ? 0 : LB_EINVAL;
}

struct str source_fetch_account(const struct source *source,
				struct str description, struct arena *arena)
{
	struct event event;
	if (read_description(source, description, arena, &event) != 0)
		return STR_NONE;
	return event.account;
}

/* ---- several at once ---------------------------------------------------- */

static int read_descriptions(const struct source *source,
			     const struct str *texts, size_t n,
			     struct arena *arena, struct event **out)
{
	*out = arena_alloc(arena, n * sizeof(**out));
	for (size_t i = 0; i < n; i++) {
		int rc = read_description(source, texts[i], arena, &(*out)[i]);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int source_fetch_batch(const struct source *source,
		       const struct str *descriptions, size_t n,
		       struct arena *arena, struct fetch_request *out)
{
	const struct fetch_ops *fetch = source->ops->fetch;
	struct source_call call = {source, &no_request, NULL, arena};
	struct event *events;
	if (fetch == NULL || n > fetch->batch_max)
		return LB_EINVAL;
	int rc = read_descriptions(source, descriptions, n, arena, &events);
	if (rc != 0)
		return rc;
	const struct event **list = arena_alloc(arena, n * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = &events[i];
	*out = (struct fetch_request){.method = HTTP_POST};
	fetch->batch(&call, list, n, out);
	return out->path.n > 0 ? 0 : LB_EINVAL;
}

static struct str part_of(const struct source_call *call,
			  const struct event *event)
{
	const struct value *record =
	    call->source->ops->fetch->record(call, event);
	struct str out = STR_NONE;
	struct buf b;
	if (record == NULL)
		return out;
	buf_init(&b, FETCH_BATCH_BYTES);
	value_to_json(record, &b);
	out = arena_copy_buf(call->arena, &b);
	buf_release(&b);
	return out;
}

int source_fetch_parts(const struct source *source, struct str answer,
		       const struct str *descriptions, size_t n,
		       struct str *parts, struct arena *arena)
{
	struct payload_limits limits = {.depth = (size_t)source->json_depth,
					.values = BATCH_VALUES};
	struct source_call call = {source, &no_request, NULL, arena};
	struct event *events;
	struct value *payload = NULL;
	int rc = read_descriptions(source, descriptions, n, arena, &events);
	if (rc == 0)
		rc =
		    payload_json(arena, answer, &limits, false, &payload, NULL);
	call.payload = payload;
	if (rc != 0 || payload->type != VALUE_OBJECT)
		return LB_EINVAL;
	for (size_t i = 0; i < n; i++)
		parts[i] = part_of(&call, &events[i]);
	return 0;
}

/* ---- judging ------------------------------------------------------------ */

static void is_missing(struct verdict *v)
{
	v->outcome = OUTCOME_RETRY;
	v->reason = "not_found";
	v->missing = true;
	v->parks_at_once = v->transient = v->ambiguous = false;
}

/* A login page says 200 to everything, so the record must be JSON. */
static void judge_success(const struct attempt_result *answer, bool readable,
			  struct verdict *v)
{
	if (answer->status == 204 ||
	    (answer->body_complete && answer->body.n == 0)) {
		is_missing(v);
		return;
	}
	v->parks_at_once = v->ambiguous = v->transient = false;
	if (readable) {
		v->outcome = OUTCOME_SENT;
		v->reason = "fetched";
	} else if (answer->body_complete) {
		v->outcome = OUTCOME_PARK;
		v->reason = "unexpected_answer";
	} else if (answer->body.n >= ANSWER_BODY_MAX) {
		v->outcome = OUTCOME_DEAD;
		v->reason = "answer_too_large";
	} else {
		v->outcome = OUTCOME_RETRY;
		v->reason = "answer_cut_off";
		v->transient = true;
	}
}

void source_fetch_judge(const struct source *source, struct str description,
			const struct attempt_result *answer,
			struct verdict *verdict)
{
	struct arena scratch;
	struct event event;
	if (answer->transport != TRANSPORT_ANSWERED)
		return;
	arena_init(&scratch);
	struct source_call call = {source, &no_request, NULL, &scratch};
	if (answer->body_complete)
		call.payload = read_answer(source, answer->body, &scratch);
	if (answer->status >= 200 && answer->status <= 299)
		judge_success(answer, call.payload != NULL, verdict);
	else if (answer->status == 404 || answer->status == 410)
		is_missing(verdict);
	else if (answer->status == 409) /* no key here that could conflict */
		verdict->reason = "http_409";
	if (source->ops->fetch->judge != NULL &&
	    read_description(source, description, &scratch, &event) == 0)
		source->ops->fetch->judge(&call, &event, verdict);
	if (verdict->missing)
		is_missing(verdict);
	arena_release(&scratch);
}

/* ---- the lead ----------------------------------------------------------- */

static void render(const struct lead *lead, struct event *event,
		   struct fetched *out)
{
	if (event->fate == FATE_LEAD && lead_to_json(lead, &out->json) != 0)
		event_quarantine(event, reason_lead_size);
	out->fate = event->fate;
	out->reason = event->reason;
}

void source_fetched(const struct source *source, struct str description,
		    struct str answer, struct fetched *out)
{
	struct arena scratch;
	struct event event;
	struct lead lead = {0};
	*out =
	    (struct fetched){.fate = FATE_QUARANTINE, .reason = reason_shape};
	buf_init(&out->json, LEAD_JSON_MAX);
	arena_init(&scratch);
	struct source_call call = {source, &no_request, NULL, &scratch};
	call.payload = read_answer(source, answer, &scratch);
	if (read_description(source, description, &scratch, &event) != 0 ||
	    (answer.n > 0 && call.payload == NULL))
		goto out;
	process_map(&call, &event,
		    call.payload != NULL ? source->ops->fetch->map
					 : source->ops->map,
		    &lead);
	if (event.fate == FATE_FETCH) {
		event.fate = FATE_LEAD;
		if (!lead_has_contact(&lead))
			event_quarantine(&event, reason_no_contact);
	}
	render(&lead, &event, out);
out:
	arena_release(&scratch);
}
