/* SPDX-License-Identifier: MIT */
/*
 * The body phase, in the order of the road: rules and proof over the raw bytes,
 * parse, proof inside the body where it lies there, split, and for each event
 * judge, map, render. Whatever is authentic becomes a submission, also what
 * nobody can read; nothing else does.
 */
#include "sources/adapter.h"
#include "sources/build.h"
#include "sources/engine.h"
#include "sources/programs.h"

#include "payload/payload.h"

static const char proof_missing[] = "signature_missing";
static const char proof_wrong[] = "signature";
static const char proof_stale[] = "stale";

/* NULL, or the word of the refusal. */
static const char *verify(struct source_call *call, int *matched)
{
	struct proof proof = {.result = PROOF_OK, .matched = -1};
	call->source->ops->verify(call, &proof);
	*matched = proof.matched;
	switch (proof.result) {
	case PROOF_OK:
		return NULL;
	case PROOF_MISSING:
		return proof.reason != NULL ? proof.reason : proof_missing;
	case PROOF_WRONG:
		return proof.reason != NULL ? proof.reason : proof_wrong;
	case PROOF_STALE:
		return proof_stale;
	}
	return proof_wrong;
}

/* What can be judged of the raw request. */
static const char *judge_raw(struct source_call *call, int *matched)
{
	if (call->request->body.n > call->source->max_body)
		return "too_large";
	const char *why = rules_check(call);
	if (why == NULL && call->source->ops->verify != NULL &&
	    !source_proof_in_body(call->source))
		why = verify(call, matched);
	return why;
}

/* What can be judged only of the payload. */
static const char *judge_parsed(struct source_call *call, int *matched)
{
	const char *why = NULL;
	if (call->source->param_name != NULL)
		why = rules_check(call);
	if (why == NULL && source_proof_in_body(call->source))
		why = verify(call, matched);
	return why;
}

/* Whether judge_raw() alone proved the sender, so that a body nobody can read
 * is worth keeping. A `param` may have been put off to the parse. */
static bool proven_raw(const struct source *source)
{
	if (source->ops->verify != NULL && !source_proof_in_body(source) &&
	    (source->state != NULL || source->secret.n > 0))
		return true;
	return source->token.n > 0 || source->n_headers > 0 ||
	       source->basic_user != NULL;
}

int process_parse(struct source_call *call, struct err *err)
{
	const struct source *source = call->source;
	struct payload_limits limits = {.depth = (size_t)source->json_depth,
					.values = (size_t)source->values};
	struct value *payload = NULL;
	/* Templates that people write by hand hold raw line ends. */
	bool lenient =
	    (source->ops->flags & SOURCE_LENIENT) != 0 && source->token.n > 0;
	int code =
	    payload_parse(call->arena, call->request, source->ops->payloads,
			  &limits, lenient, &payload, err);
	if (code == 0)
		call->payload = payload;
	return code;
}

void process_quarantine(struct event_list *events, struct arena *arena,
			const char *reason)
{
	*events = (struct event_list){0};
	event_quarantine(event_list_add(events, arena), reason);
}

const char *process_prove(struct source_call *call, struct event_list *events,
			  int *matched)
{
	struct err err = {0};
	const char *why = judge_raw(call, matched);
	if (why != NULL)
		return why;
	int code = process_parse(call, &err);
	if (code == 0)
		return judge_parsed(call, matched);
	if (!proven_raw(call->source))
		return code == LB_EDENIED ? "content_type" : "malformed";
	process_quarantine(events, call->arena, reason_unreadable);
	return NULL;
}

const char *process_split(struct source_call *call, struct event_list *events)
{
	struct err err = {0};
	const struct source *source = call->source;
	int code = source->ops->split(call, events, &err);
	if (code == 0 && events->n > 0 && events->n <= EVENTS_MAX) {
		programs_run(call, events);
		return NULL;
	}
	if (!proven_raw(source) && !source_proof_in_body(source) &&
	    source->param_name == NULL)
		return "malformed";
	process_quarantine(events, call->arena,
			   events->n > EVENTS_MAX ? reason_too_many
						  : reason_shape);
	return NULL;
}

/* A caller hides a number; a form that says "private" may be a person. */
static bool is_call(const struct lead *lead)
{
	return str_eq(lead->source_type, STR("phone_call")) ||
	       str_eq(lead->source_type, STR("sms"));
}

void process_map(const struct source_call *call, struct event *event,
		 map_fn map, struct lead *lead)
{
	const struct source_ops *ops = call->source->ops;
	struct lead_trace *trace = lead->trace;
	lead_init(lead, call->arena);
	lead->trace = trace;
	overrides_before(call, event, lead);
	lead_step(lead, "map");
	map(call, event, lead);
	lead_step(lead, "platform");
	if (call->source->attribution)
		attribute(call, event, lead);
	lead_step(lead, "attribution");
	if (lead->source_platform.n == 0)
		lead->source_platform = str_from(ops->source_platform);
	if (lead->source_type.n == 0)
		lead->source_type = str_from(ops->source_type);
	lead_step(lead, "default");
	overrides_origin(call, event, lead);
	lead_step(lead, "override");
	lead_finish(lead);
	lead_step(lead, "finish");
	overrides_after(call, event, lead);
	bool fetch = event->fate == FATE_FETCH;
	if (fetch && source_fetches(call->source))
		return;
	if (fetch) /* what the notification says must do */
		event->fate = FATE_LEAD;
	if (event->fate != FATE_LEAD || lead_has_contact(lead))
		return;
	if (lead->phone_withheld && is_call(lead))
		event_ignore(event, reason_withheld);
	else
		event_quarantine(event,
				 fetch ? reason_no_api : reason_no_contact);
}

static void build_event(struct build *build, struct event *event)
{
	struct lead lead = {0};
	judge_event(build->call->source, event);
	programs_judge(build->call, event);
	if (event->fate == FATE_LEAD)
		process_map(build->call, event, build->call->source->ops->map,
			    &lead);
	build_add(build, event, &lead);
}

struct submission *process_build(const struct source_call *call,
				 struct str store_secret,
				 struct event_list *events, int matched)
{
	struct build build;
	build_start(&build, call, store_secret, events->n);
	for (struct event *e = events->first; e != NULL; e = e->next)
		build_event(&build, e);
	return build_finish(&build, matched);
}

int source_process(const struct source *source, const struct request *request,
		   struct str store_secret, struct submission **out,
		   struct reply *reply, const char **why)
{
	/* Everything made on the way dies here; what is kept is copied. */
	struct arena scratch;
	arena_init(&scratch);
	struct source_call call = {source, request, NULL, &scratch};
	struct event_list events = {0};
	int matched = -1, code = 0;
	*why = process_prove(&call, &events, &matched);
	if (*why == NULL && events.n == 0)
		*why = process_split(&call, &events);
	if (*why != NULL)
		code = refuse(&call, *why, reply);
	else
		*out = process_build(&call, store_secret, &events, matched);
	arena_release(&scratch);
	return code;
}
