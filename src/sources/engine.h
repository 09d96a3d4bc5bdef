/* SPDX-License-Identifier: MIT */
/*
 * What the files of the engine share with each other; adapters need only
 * leadbridge/source.h, adapter.h and signature.h.
 */
#ifndef LB_ENGINE_H
#define LB_ENGINE_H

#include "leadbridge/source.h"
#include "leadbridge/store.h"

enum {
	EVENTS_MAX = 1000,     /* in one request; more are quarantined whole */
	KEPT_HEADERS_MAX = 32, /* of a stored request */
};

/* ---- answer.c ----------------------------------------------------------- */

/* Fills the refusal that belongs to `why` (a word of the table there) and
 * returns LB_EDENIED or LB_EINVAL. */
LB_MUST_CHECK int refuse(const struct source_call *call, const char *why,
			 struct reply *reply);
void reply_add_header(struct reply *reply, const char *name, struct str value);

/* The request as far as a submission keeps it. */
void kept_request(const struct submission *sub, struct request *r,
		  struct header headers[KEPT_HEADERS_MAX]);

/* ---- process.c ---------------------------------------------------------- */

/* Sets call->payload, or says in err what is wrong with the body. */
LB_MUST_CHECK int process_parse(struct source_call *call, struct err *err);
/* Finds the events of the parsed body and runs the programs on them. NULL, or
 * the word of the refusal. */
const char *process_split(struct source_call *call, struct event_list *events);
/* One quarantined event for the whole request. */
void process_quarantine(struct event_list *events, struct arena *arena,
			const char *reason);
/* Verifies and parses. NULL, or the word of the refusal. Where the body cannot
 * be read but its sender is proven, events holds it quarantined. */
const char *process_prove(struct source_call *call, struct event_list *events,
			  int *matched);
/* Judges, maps and renders; what is kept is copied. */
struct submission *process_build(const struct source_call *call,
				 struct str store_secret,
				 struct event_list *events, int matched);

typedef void (*map_fn)(const struct source_call *call, struct event *event,
		       struct lead *lead);
/* What the adapter's mapper makes of the event, with what the configuration
 * says around it; decides on the contact. */
void process_map(const struct source_call *call, struct event *event,
		 map_fn map, struct lead *lead);

/* ---- fetch.c ------------------------------------------------------------ */

/* Whether what is configured under `api` is enough, and fits the platform. */
LB_MUST_CHECK int fetch_check(const struct source *source, struct err *err);
/* What is kept of an event whose record is to be fetched. */
struct str fetch_describe(const struct source *source,
			  const struct event *event, struct arena *keep);

/* ---- rules.c: what is checked for every source that has it -------------- */

/* NULL, or the word of the rule that was broken. Before the parse `payload` is
 * NULL; a `param` that may still stand in a form body then passes. */
const char *rules_check(const struct source_call *call);
/* Whether token, header, basic or param prove the sender. */
bool rules_prove(const struct source *source);
/* The configured entry equal to this Origin, or STR_NONE. */
struct str origin_allowed(const struct source *source, struct str origin);

/* ---- identity.c --------------------------------------------------------- */

/* Fills id, weak, hash and window of the stored event. */
void identity_fill(const struct source_call *call, struct str store_secret,
		   const struct event *event, struct arena *keep,
		   struct new_event *out);

/* Fills what there may be one lead of at a time: `join`, `conversation`. */
void identity_once(const struct source_call *call, struct str store_secret,
		   const struct event *event, const struct lead *lead,
		   struct arena *keep, struct new_event *out);

/* ---- judge.c: account, route, topic ------------------------------------- */

/* Whether the configuration, or the adapter's default, wants this topic. An
 * adapter that joins events asks before it gives the shared id away. */
bool judge_wants(const struct source *source, struct str topic);
/* Changes the event's fate where the configuration says so. */
void judge_event(const struct source *source, struct event *event);
/* Destinations of a lead of this event: name i, or STR_NONE after the last. */
struct str judge_destination(const struct source *source,
			     const struct event *event, size_t i);

/* ---- overrides.c: what the configuration changes on a lead -------------- */

void overrides_before(const struct source_call *call, const struct event *event,
		      struct lead *lead);
/* Before lead_finish(), which goes by the type. */
void overrides_origin(const struct source_call *call, const struct event *event,
		      struct lead *lead);
void overrides_after(const struct source_call *call, const struct event *event,
		     struct lead *lead);

/* ---- attribute.c -------------------------------------------------------- */

/* Decides source_platform by the channel; for sources with `attribution`,
 * between the adapter's map and overrides_after(). */
void attribute(const struct source_call *call, const struct event *event,
	       struct lead *lead);

/* ---- redact.c ----------------------------------------------------------- */

/* A copy in `keep` in which every configured secret is asterisks. */
struct str redact_copy(const struct source *source, struct arena *keep,
		       struct str text);
/* Whether any configured secret stands in text. */
bool redact_found(const struct source *source, struct str text);
/* The headers worth keeping, "Name: value\n", redacted. */
struct str redact_headers(const struct source *source,
			  const struct request *request, struct arena *keep);

#endif
