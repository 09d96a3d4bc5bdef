/* SPDX-License-Identifier: MIT */
/*
 * POST /api/v1/leads: a lead a person types in. It goes the way of every other
 * one, through the source engine and the store, as an event of the reserved
 * source "manual". Its id comes from the caller, so that asking again adds
 * nothing. Loop thread.
 *
 *   {"id":"UUID","destination":"mega","name":"","phone":"","email":"",
 *    "country":"US","source_platform":"direct","stage_slug":"",
 *    "fields":{"slug":"text"}}
 */
#include <string.h>

#include "operate/admin_internal.h"
#include "payload/payload.h"

enum { ID_LEAST = 8, ID_MOST = 64, MANUAL_DEPTH = 3, MANUAL_VALUES = 1000 };

/* ---- the reserved source ---------------------------------------------------
 */

static int split(const struct source_call *call, struct event_list *events,
		 struct err *err)
{
	(void)err;
	struct event *event = event_list_add(events, call->arena);
	event->body = call->payload;
	event->id = value_member(call->payload, "id");
	event->topic = STR("lead");
	event->occurred_at_ms = call->request->received_at_ms;
	return 0;
}

static void map(const struct source_call *call, struct event *event,
		struct lead *lead)
{
	admin_map_typed(call, event, lead,
			lead_set_name(lead, value_member(event->body, "name")));
}

static const struct source_ops manual_ops = {
    .platform = "manual",
    .source_platform = "direct",
    .source_type = "manual",
    .payloads = PAYLOAD_JSON,
    .try_later = 503,
    .split = split,
    .map = map,
};

/* What the configuration would say of it, were it there. */
struct manual {
	struct source source;
	char *destinations[1];
};

static int take_destination(const struct config *config,
			    const struct value *body, struct manual *m,
			    struct arena *a, struct err *err)
{
	struct str name = value_member(body, "destination");
	if (name.n == 0 && config->n_destinations == 1)
		m->destinations[0] = config->destinations[0]->name;
	else if (name.n == 0)
		return err_set(err, LB_EINVAL,
			       "there are %zu destinations: name one",
			       config->n_destinations);
	else if (config_destination(config, name) != NULL)
		m->destinations[0] = admin_member(a, body, "destination");
	else
		return err_set(err, LB_EINVAL, "no destination '%.*s'",
			       STR_FMT(name));
	m->source.destinations = (struct text_list){m->destinations, 1};
	return 0;
}

static bool id_ok(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (strchr("0123456789abcdef-", id.p[i]) == NULL)
			return false;
	return id.n >= ID_LEAST && id.n <= ID_MOST;
}

static int take_origin(const struct value *body, struct manual *m,
		       struct err *err)
{
	if (!id_ok(value_member(body, "id")))
		return err_set(err, LB_EINVAL,
			       "'id' must be a UUID in small letters");
	return admin_check_origin(&m->source, err);
}

static int make_source(const struct config *config, const struct value *body,
		       struct manual *m, struct arena *a, struct err *err)
{
	static char name[] = "manual";
	m->source = (struct source){
	    .name = name,
	    .ops = &manual_ops,
	    .source_platform = admin_member(a, body, "source_platform"),
	    .country = admin_member(a, body, "country"),
	    .stage = {.fixed = admin_member(a, body, "stage_slug")},
	    .max_body = ADMIN_BODY_MAX,
	    .json_depth = MANUAL_DEPTH,
	    .values = MANUAL_VALUES,
	};
	int rc = take_origin(body, m, err);
	return rc == 0 ? take_destination(config, body, m, a, err) : rc;
}

/* ---- the call ---------------------------------------------------------------
 */

/* One unit that waits, or nothing is stored: whoever types is still there. */
static int make_lead(struct admin_call *c, struct submission **out,
		     struct err *err)
{
	static const struct payload_limits limits = {.depth = MANUAL_DEPTH,
						     .values = MANUAL_VALUES};
	struct road *r = c->admin->road;
	struct arena *a = &c->admin->scratch;
	struct value *body = NULL;
	struct manual m = {0};
	struct reply reply = {0};
	const char *why = NULL;
	struct header type;
	struct request request = admin_typed_request(c, &type);
	int rc = payload_json(a, c->request->body, &limits, false, &body, err);
	if (rc == 0 && body->type != VALUE_OBJECT)
		rc = err_set(err, LB_EINVAL, "body is not an object");
	if (rc == 0)
		rc = make_source(r->config, body, &m, a, err);
	if (rc != 0)
		return rc;
	if (source_process(&m.source, &request, queue_secret(r->queue), out,
			   &reply, &why) != 0)
		return err_set(err, LB_EINVAL, "not a lead: %s", why);
	const struct new_unit *unit = &(*out)->units[0];
	if (unit->state != UNIT_WAITING)
		return err_set(err, LB_EINVAL, "not a lead: %.*s",
			       STR_FMT(unit->reason));
	return 0;
}

void admin_post_lead(struct admin_call *c)
{
	struct submission *s = NULL;
	struct err err = {0};
	if (make_lead(c, &s, &err) != 0) {
		submission_free(s);
		admin_reply_error(c->exchange, 422, "refused", err.text);
		return;
	}
	s->by_hand = true;
	s->ticket = exchange_defer(c->exchange, ADMIN_WAIT_MS);
	if (queue_submit(c->admin->road->queue, s) == 0)
		return;
	submission_free(s);
	admin_reply_error(c->exchange, 503, "store",
			  "the store takes nothing now");
}

void admin_on_added(struct exchange *x, const struct submission *s)
{
	char key[LEAD_KEY_TEXT];
	const struct new_unit *unit = &s->units[0];
	struct buf b;
	buf_init(&b, 1024);
	lead_key_text(unit->key, key);
	buf_addf(&b, "{\"status\":\"%s\",\"id\":",
		 s->n_duplicates > 0 ? "duplicate" : "accepted");
	if (s->n_duplicates > 0)
		buf_addf(&b, "null");
	else
		buf_addf(&b, "%lld", (long long)unit->id);
	buf_addf(&b, ",\"destination\":\"%.*s\",\"key\":\"%s\"}\n",
		 STR_FMT(unit->destination), key);
	admin_reply_buf(x, &b);
}
