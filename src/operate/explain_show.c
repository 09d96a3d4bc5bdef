/* SPDX-License-Identifier: MIT */
/*
 * Writes down what explain found: the verdict, each event with its fate, and
 * the request that would go out, byte for byte but for the credentials.
 */
#include "operate/explain_show.h"

#include "delivery/attempt.h"

static const char content_id[] =
    "the sender gives no event id: leadbridge makes one of the content, the "
    "time and a secret of the store; id and key will be others";

static struct str key_text(const struct new_unit *u, char text[LEAD_KEY_TEXT])
{
	lead_key_text(u->key, text);
	return str_from(text);
}

/* ---- for people -----------------------------------------------------------
 */

/* What is asked of the provider before there is a lead. */
static void text_fetch(const struct config *config, const struct explain *e,
		       const struct new_unit *u, struct buf *out)
{
	struct fetch_request r = {0};
	struct arena scratch;
	const struct source *source = config_source(config, e->sub->source);
	arena_init(&scratch);
	if (source != NULL &&
	    source_fetch_request(source, u->body, &scratch, &r) == 0) {
		const char *url = source->api.url != NULL
				      ? source->api.url
				      : source->ops->fetch->url;
		buf_addf(out, "\nfirst, of the provider:\n%s %s%.*s\n",
			 http_method_name(r.method), url, STR_FMT(r.path));
		if (r.body.n > 0)
			buf_addf(out, "\n%.*s\n", STR_FMT(r.body));
	}
	arena_release(&scratch);
}

static void text_request(const struct config *config, const struct explain *e,
			 const struct new_unit *u, struct buf *out)
{
	char key[LEAD_KEY_TEXT];
	const struct destination_config *d =
	    config_destination(config, u->destination);
	if (u->state == UNIT_FETCHING) {
		text_fetch(config, e, u, out);
		return;
	}
	if (d == NULL)
		return;
	buf_addf(out, "\nPOST %s\n", d->url);
	attempt_show(d, out);
	buf_addf(out, "Idempotency-Key: %.*s\n\n", STR_FMT(key_text(u, key)));
	buf_add_str(out, u->body);
	buf_add_char(out, '\n');
}

static void text_unit(const struct new_unit *u, struct buf *out)
{
	char key[LEAD_KEY_TEXT];
	buf_addf(out, "  %s", unit_state_name(u->state));
	if (u->reason.n > 0)
		buf_addf(out, ": %.*s", STR_FMT(u->reason));
	if (u->destination.n > 0)
		buf_addf(out, " for %.*s, key %.*s", STR_FMT(u->destination),
			 STR_FMT(key_text(u, key)));
	buf_add_char(out, '\n');
}

/* The trace of event i, or NULL. */
static const struct source_trace *trace_of(const struct explain *e, uint32_t i)
{
	const struct source_trace *t = e->traces;
	while (t != NULL && i-- > 0)
		t = t->next;
	return t;
}

/* On one line, and not without end. */
static void text_short(struct str text, struct buf *out)
{
	enum { SHOWN = 100 };
	size_t n = text.n < SHOWN ? text.n : SHOWN;
	while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xC0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		buf_add_char(out,
			     (unsigned char)text.p[i] < 0x20 ? ' ' : text.p[i]);
	if (n < text.n)
		buf_addf(out, "...");
}

static void text_step(const struct source_step *s, struct buf *out)
{
	buf_addf(out, "    %-18s %-18.*s ", s->step, STR_FMT(s->member));
	if (s->value.p != NULL)
		text_short(s->value, out);
	else if (s->from.n > 0)
		buf_addf(out, "not usable");
	else
		buf_addf(out, "left out");
	if (s->from.n > 0 || s->given.n > 0) {
		buf_addf(out, "  <- ");
		text_short(s->from, out);
		buf_addf(out, "%s\"", s->from.n > 0 ? " " : "");
		text_short(s->given, out);
		buf_addf(out, "\"");
	}
	buf_add_char(out, '\n');
}

static void text_trace(const struct source_trace *t, struct buf *out)
{
	if (t == NULL || t->first == NULL)
		return;
	buf_addf(out, "  how:\n");
	for (const struct source_step *s = t->first; s != NULL; s = s->next)
		text_step(s, out);
}

static void text_event(const struct explain *e, uint32_t i, struct buf *out)
{
	const struct submission *sub = e->sub;
	const struct new_event *event = &sub->events[i];
	buf_addf(out, "event %u: id %.*s", i + 1, STR_FMT(event->id));
	if (event->topic.n > 0)
		buf_addf(out, ", topic %.*s", STR_FMT(event->topic));
	if (event->account.n > 0)
		buf_addf(out, ", account %.*s", STR_FMT(event->account));
	buf_add_char(out, '\n');
	if (event->weak)
		buf_addf(out, "  (%s)\n", content_id);
	for (uint32_t u = 0; u < sub->n_units; u++)
		if (sub->units[u].event == i)
			text_unit(&sub->units[u], out);
	text_trace(trace_of(e, i), out);
}

static void text_verdict(const struct explain *e, struct buf *out)
{
	if (e->why != NULL)
		buf_addf(out, "answered %d: %s\n", e->status, e->why);
	else if (e->sub->matched_secret >= 0)
		buf_addf(out, "accepted, proven by secret %d\n",
			 e->sub->matched_secret + 1);
	else
		buf_addf(out, "accepted\n");
	for (size_t i = 0; i < e->n_hints; i++)
		buf_addf(out, "  %s\n", e->hints[i]);
	if (e->why != NULL && e->sub != NULL)
		buf_addf(out, "with that put right it would become:\n");
}

void explain_text(const struct explain *e, const struct config *config,
		  struct buf *out)
{
	text_verdict(e, out);
	for (uint32_t i = 0; e->sub != NULL && i < e->sub->n_events; i++)
		text_event(e, i, out);
	for (uint32_t u = 0; e->sub != NULL && u < e->sub->n_units; u++)
		if (e->sub->units[u].destination.n > 0)
			text_request(config, e, &e->sub->units[u], out);
}

/* ---- for programs ---------------------------------------------------------
 */

static void json_headers(const struct destination_config *d,
			 const struct new_unit *u, struct buf *out)
{
	char key[LEAD_KEY_TEXT];
	struct buf lines;
	buf_init(&lines, 65536);
	attempt_show(d, &lines);
	buf_addf(&lines, "Idempotency-Key: %.*s", STR_FMT(key_text(u, key)));
	struct str rest = buf_str(&lines);
	buf_addf(out, "\"headers\":[");
	while (rest.n > 0) {
		buf_add_json(out, str_cut(rest, '\n', &rest));
		buf_addf(out, "%s", rest.n > 0 ? "," : "]");
	}
	buf_release(&lines);
}

static void json_requests(const struct submission *sub,
			  const struct config *config, struct buf *out)
{
	const char *between = "";
	buf_addf(out, ",\"requests\":[");
	for (uint32_t i = 0; i < sub->n_units; i++) {
		const struct new_unit *u = &sub->units[i];
		const struct destination_config *d =
		    config_destination(config, u->destination);
		if (d == NULL || u->state == UNIT_FETCHING)
			continue;
		buf_addf(out, "%s{\"url\":", between);
		buf_add_json(out, str_from(d->url));
		buf_add_char(out, ',');
		json_headers(d, u, out);
		buf_addf(out, ",\"body\":");
		buf_add_json(out, u->body);
		buf_add_char(out, '}');
		between = ",";
	}
	buf_add_char(out, ']');
}

static void json_text(const char *name, struct str text, struct buf *out)
{
	buf_addf(out, ",\"%s\":", name);
	if (text.p == NULL)
		buf_addf(out, "null");
	else
		buf_add_json(out, text);
}

static void json_traces(const struct explain *e, struct buf *out)
{
	buf_addf(out, ",\"steps\":[");
	for (const struct source_trace *t = e->traces; t != NULL; t = t->next) {
		buf_addf(out, "%s[", t == e->traces ? "" : ",");
		for (const struct source_step *s = t->first; s != NULL;
		     s = s->next) {
			buf_addf(out, "%s{\"step\":\"%s\"",
				 s == t->first ? "" : ",", s->step);
			json_text("member", s->member, out);
			json_text("from", s->from, out);
			json_text("given", s->given, out);
			json_text("value", s->value, out);
			buf_add_char(out, '}');
		}
		buf_add_char(out, ']');
	}
	buf_add_char(out, ']');
}

void explain_json(const struct explain *e, const struct config *config,
		  struct buf *out)
{
	buf_addf(out, "{\"accepted\":%s,\"status\":%d,\"why\":",
		 e->why == NULL ? "true" : "false", e->status);
	if (e->why != NULL)
		buf_add_json(out, str_from(e->why));
	else
		buf_addf(out, "null");
	buf_addf(out, ",\"hints\":[");
	for (size_t i = 0; i < e->n_hints; i++) {
		buf_addf(out, "%s", i > 0 ? "," : "");
		buf_add_json(out, str_from(e->hints[i]));
	}
	buf_add_char(out, ']');
	if (e->sub != NULL) {
		buf_addf(out, ",\"secret\":%d", e->sub->matched_secret + 1);
		json_requests(e->sub, config, out);
		json_traces(e, out);
		buf_addf(out, ",\"becomes\":");
		if (source_dry_run(e->sub, out) != 0)
			out->over = true;
	}
	buf_addf(out, "}\n");
}
