/* SPDX-License-Identifier: MIT */
/*
 * "?dry_run=1": the sender is shown what would become of the request, and
 * nothing is stored. Only where a URL token lets it in: whoever holds it could
 * as well send the lead. For Zapier's test step and for a person's curl. Pure.
 */
#include "sources/engine.h"

bool source_dry_run_asked(const struct source *source,
			  const struct request *request)
{
	struct str rest = request->query;
	if (source->token.n == 0)
		return false;
	while (rest.n > 0)
		if (str_eq(str_cut(rest, '&', &rest), STR("dry_run=1")))
			return true;
	return false;
}

static void add_text(struct buf *out, const char *name, struct str text)
{
	if (text.n == 0)
		return;
	buf_addf(out, "\"%s\":", name);
	buf_add_json(out, text);
	buf_add_char(out, ',');
}

static void add_unit(const struct new_unit *u, struct buf *out)
{
	char key[LEAD_KEY_TEXT];
	buf_add_char(out, '{');
	add_text(out, "reason", u->reason);
	if (u->destination.n > 0) {
		lead_key_text(u->key, key);
		add_text(out, "destination", u->destination);
		add_text(out, "key", str_from(key));
		buf_addf(out, "\"body\":");
		buf_add_str(out, u->body);
		buf_add_char(out, ',');
	}
	buf_addf(out, "\"state\":\"%s\"}", unit_state_name(u->state));
}

/* With a content hash the key is made of the time, too: it will be another. */
static void add_event(const struct submission *sub, uint32_t e, struct buf *out)
{
	const struct new_event *event = &sub->events[e];
	const char *between = "";
	buf_add_char(out, '{');
	add_text(out, "id", event->id);
	add_text(out, "topic", event->topic);
	add_text(out, "account", event->account);
	buf_addf(out, "\"content_hash\":%s,\"units\":[",
		 event->weak ? "true" : "false");
	for (uint32_t i = 0; i < sub->n_units; i++) {
		if (sub->units[i].event != e)
			continue;
		buf_add_str(out, str_from(between));
		add_unit(&sub->units[i], out);
		between = ",";
	}
	buf_addf(out, "]}");
}

int source_dry_run(const struct submission *sub, struct buf *out)
{
	buf_addf(out, "{\"status\":\"dry_run\",\"test\":%s,\"events\":[",
		 sub->test ? "true" : "false");
	for (uint32_t e = 0; e < sub->n_events && !out->over; e++) {
		if (e > 0)
			buf_add_char(out, ',');
		add_event(sub, e, out);
	}
	buf_addf(out, "]}\n");
	return out->over ? LB_ELIMIT : 0;
}
