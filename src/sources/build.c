/* SPDX-License-Identifier: MIT */
/* From judged events and mapped leads to a submission; see the header. */
#include "sources/build.h"

#include "sources/adapter.h"
#include "sources/engine.h"

static size_t units_per_event(const struct source *source)
{
	return source->destinations.n > 1 ? source->destinations.n : 1;
}

void build_start(struct build *b, const struct source_call *call,
		 struct str store_secret, size_t n_events)
{
	struct submission *sub = submission_new();
	const struct source *source = call->source;
	*b = (struct build){call, store_secret, sub};
	sub->source = arena_copy(&sub->arena, str_from(source->name));
	sub->source_position = source->position;
	sub->received_at_ms = call->request->received_at_ms;
	sub->events = arena_alloc(&sub->arena, n_events * sizeof(*sub->events));
	sub->units =
	    arena_alloc(&sub->arena, n_events * units_per_event(source) *
					 sizeof(*sub->units));
}

static struct new_unit *add_unit(struct submission *sub)
{
	struct new_unit *unit = &sub->units[sub->n_units++];
	unit->event = sub->n_events - 1;
	sub->events[unit->event].n_units++;
	return unit;
}

static void add_without_lead(struct submission *sub, const struct event *event)
{
	struct new_unit *unit = add_unit(sub);
	unit->state =
	    event->fate == FATE_IGNORE ? UNIT_IGNORED : UNIT_QUARANTINED;
	unit->reason = arena_copy(&sub->arena, str_from(event->reason));
}

/* The same bytes for every destination; only the key differs. */
static void add_leads(struct build *b, const struct event *event,
		      enum unit_state state, struct str body)
{
	struct submission *sub = b->sub;
	const struct source *source = b->call->source;
	struct str id = sub->events[sub->n_events - 1].id;
	for (size_t i = 0;; i++) {
		struct str to = judge_destination(source, event, i);
		if (to.n == 0)
			break;
		struct new_unit *unit = add_unit(sub);
		unit->state = state;
		unit->destination = arena_copy(&sub->arena, to);
		unit->body = body;
		lead_key(unit->key, sub->source, id, 0, to, 0);
	}
}

static struct str render(struct submission *sub, const struct lead *lead)
{
	struct buf json;
	struct str out = STR_NONE;
	buf_init(&json, LEAD_JSON_MAX);
	if (lead_to_json(lead, &json) == 0)
		out = arena_copy_buf(&sub->arena, &json);
	buf_release(&json);
	return out;
}

void build_add(struct build *b, struct event *event, const struct lead *lead)
{
	struct submission *sub = b->sub;
	struct new_event *out = &sub->events[sub->n_events++];
	struct str body = STR_NONE;
	identity_fill(b->call, b->store_secret, event, &sub->arena, out);
	out->topic = arena_copy(&sub->arena, event->topic);
	out->account = arena_copy(&sub->arena, event->account);
	out->occurred_at_ms = event->occurred_at_ms;
	out->privacy = event->privacy;
	out->person = arena_copy(&sub->arena, event->person);
	out->person_wait_ms = event->person_wait_ms;
	out->confirms = arena_copy(&sub->arena, event->confirms);
	sub->test |= event->reason == reason_test;
	if (event->fate == FATE_LEAD) {
		body = render(sub, lead);
		if (body.n == 0)
			event_quarantine(event, reason_lead_size);
	}
	if (event->fate == FATE_LEAD || event->fate == FATE_FETCH)
		identity_once(b->call, b->store_secret, event, lead,
			      &sub->arena, out);
	if (event->fate == FATE_LEAD) {
		add_leads(b, event, UNIT_WAITING, body);
	} else if (event->fate == FATE_FETCH) {
		add_leads(b, event, UNIT_FETCHING,
			  fetch_describe(b->call->source, event, &sub->arena));
	} else {
		add_without_lead(sub, event);
	}
}

struct submission *build_finish(struct build *b, int matched_secret)
{
	struct submission *sub = b->sub;
	const struct request *r = b->call->request;
	const struct source *source = b->call->source;
	sub->matched_secret = matched_secret;
	sub->content_type =
	    arena_copy(&sub->arena, request_header(r, "Content-Type"));
	sub->target = redact_copy(source, &sub->arena, r->target);
	sub->headers = redact_headers(source, r, &sub->arena);
	sub->body = redact_copy(source, &sub->arena, r->body);
	b->sub = NULL;
	return sub;
}
