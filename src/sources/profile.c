/* SPDX-License-Identifier: MIT */
/*
 * From a profile to the callbacks of a source: proof, handshake, events,
 * answers. What a lead becomes is in profile_map.c. Proof and handshake run on
 * the loop thread; split and map there only where no program is run.
 */
#include "sources/profile.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "payload/payload.h"
#include "sources/adapter.h"
#include "sources/contacts.h"
#include "sources/signature.h"

static const struct profile *profile_of(const struct source_call *call)
{
	return call->source->ops->profile;
}

/* ---- proof -------------------------------------------------------------- */

static bool has_scheme(const struct scheme_rule *rule)
{
	return rule->name != NULL || rule->algorithm != NULL ||
	       rule->header != NULL;
}

static void lay_over(char **to, char *with)
{
	if (with != NULL)
		*to = with;
}

/* The profile's, changed where the source says so; or the source's, where that
 * says how and where. Texts stay borrowed. */
static struct scheme_rule scheme_of(const struct source *source)
{
	const struct scheme_rule *own = &source->scheme;
	struct scheme_rule rule = source->ops->profile->scheme;
	if (has_scheme(own))
		return *own;
	lay_over(&rule.encoding, own->encoding);
	lay_over(&rule.prefix, own->prefix);
	lay_over(&rule.signed_text, own->signed_text);
	lay_over(&rule.timestamp_header, own->timestamp_header);
	lay_over(&rule.id_header, own->id_header);
	if (own->tolerance_ms != 0)
		rule.tolerance_ms = own->tolerance_ms;
	return rule;
}

static int prepare(struct source *source, struct err *err)
{
	const struct profile *p = source->ops->profile;
	struct scheme_rule rule = scheme_of(source);
	struct signature_scheme scheme;
	struct signature *signature = NULL;
	if (source->secret.n == 0 || p->secret_in_body != NULL)
		return 0;
	if (!has_scheme(&rule))
		return err_set(err, LB_EINVAL,
			       "platform '%s' signs nothing: use token, "
			       "header, basic or param, or give a scheme",
			       p->platform);
	int code = signature_scheme_from(&rule, &scheme, err);
	if (code == 0)
		code = signature_new(&scheme, &source->secret, &signature, err);
	source->state = signature;
	source->proof_in_body = signature_in_body(signature);
	return code;
}

static void verify_body(const struct source_call *call, struct proof *proof)
{
	const struct source *source = call->source;
	struct str given = value_text(value_path(
	    call->payload, str_from(profile_of(call)->secret_in_body)));
	if (source->secret.n == 0)
		return;
	proof->matched = secrets_match(&source->secret, given);
	if (proof->matched < 0)
		proof->result = given.n > 0 ? PROOF_WRONG : PROOF_MISSING;
}

static void verify(const struct source_call *call, struct proof *proof)
{
	if (profile_of(call)->secret_in_body != NULL)
		verify_body(call, proof);
	else if (call->source->state != NULL)
		signature_verify(call->source->state, call, proof);
}

/* ---- handshake ---------------------------------------------------------- */

static const struct value *query_of(const struct source_call *call)
{
	struct payload_limits limits = {.depth = 4, .values = 1000};
	struct value *query = NULL;
	if (call->request->query.n == 0 ||
	    payload_form(call->arena, call->request->query, &limits, &query,
			 NULL) != 0)
		return NULL;
	return query;
}

/* What is echoed may be read by a browser: no markup. */
static bool harmless(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9');
		if (!word && (c == '\0' || strchr("-_.=+/~", c) == NULL))
			return false;
	}
	return s.n > 0 && s.n <= 1000;
}

static void challenge(const struct source_call *call, struct reply *reply)
{
	const struct profile *p = profile_of(call);
	const struct value *query = query_of(call);
	struct str echo = value_member(query, p->challenge_param);
	bool known = true;
	if (p->challenge_token != NULL)
		known =
		    secrets_match(&call->source->secret,
				  value_member(query, p->challenge_token)) >= 0;
	*reply = (struct reply){.status = 403,
				.content_type = "text/plain; charset=utf-8"};
	if (!known || !harmless(echo))
		return;
	reply->status = 200;
	reply->body = echo;
}

/* ---- events ------------------------------------------------------------- */

static const struct value *headers_of(const struct source_call *call)
{
	const struct text_list *names = &profile_of(call)->headers;
	if (names->n == 0)
		return NULL;
	struct value *out = value_new(call->arena, VALUE_OBJECT);
	for (size_t i = 0; i < names->n; i++) {
		struct value *one = value_new(call->arena, VALUE_STRING);
		one->key = str_from(names->v[i]);
		one->text =
		    str_trim(request_header(call->request, names->v[i]));
		/* Programs take text only as UTF-8. */
		one->text = str_sub(one->text, 0, str_utf8_prefix(one->text));
		value_append(out, one);
	}
	return out;
}

/* RFC 3339, or the seconds or milliseconds of an epoch. */
static int64_t time_of(struct str text)
{
	int64_t at;
	if (clock_parse(text, &at) == 0)
		return at;
	if (str_to_int(text, 0, INT64_MAX / 1000, &at) != 0)
		return 0;
	return at < 100000000000 ? at * 1000 : at;
}

static void add_event(const struct source_call *call, struct event_list *list,
		      const struct evaluation *from, const struct value *body,
		      const struct value *row)
{
	const struct profile *p = profile_of(call);
	struct evaluation *v = arena_alloc(call->arena, sizeof(*v));
	struct event *event = event_list_add(list, call->arena);
	*v = *from;
	v->event = body;
	v->row = row;
	event->data = v;
	event->body = body;
	event->id = expression_text(&p->id, v);
	event->topic = expression_text(&p->event, v);
	event->account = expression_text(&p->account, v);
	event->occurred_at_ms = time_of(expression_text(&p->occurred_at, v));
	if (event->id.n == 0 || call->source->event_id != NULL)
		event->hash_of = contacts_canonical(call, body);
	if (expression_true(&p->test, v))
		event_test(call->source, event);
}

/* The values that are events, as far as no program says so. An array without
 * more words is a batch. */
static size_t find_events(const struct source_call *call,
			  const struct evaluation *v, const struct value ***out)
{
	const struct profile *p = profile_of(call);
	const struct value *root = v->root;
	size_t n = 0;
	if (p->each.text != NULL)
		root = expression_value(&p->each, v);
	if (root == NULL)
		return 0;
	if (root->type != VALUE_ARRAY) {
		*out = arena_alloc(call->arena, sizeof(**out));
		(*out)[0] = root;
		return 1;
	}
	*out = arena_alloc(call->arena, (root->count + 1) * sizeof(**out));
	VALUE_EACH (child, root)
		(*out)[n++] = child;
	return n;
}

/* The events a program found, each the last element of its row. */
static void add_rows(const struct source_call *call, struct event_list *list,
		     const struct evaluation *v, const struct value *rows)
{
	VALUE_EACH (row, rows)
		add_event(call, list, v, row->last, row);
}

/* Adds what is known of an e-mail to each event. The tree is the request's own:
 * nobody else has it. */
static void read_mails(const struct source_call *call,
		       const struct evaluation *from,
		       const struct value **events, size_t n)
{
	const struct profile *p = profile_of(call);
	for (size_t i = 0; i < n && mail_is_ruled(&p->mail); i++) {
		struct evaluation v = *from;
		v.event = events[i];
		if (events[i]->type == VALUE_OBJECT)
			value_append((struct value *)(uintptr_t)events[i],
				     mail_read(call, &p->mail, &v));
	}
}

static int split(const struct source_call *call, struct event_list *list,
		 struct err *err)
{
	const struct profile *p = profile_of(call);
	struct evaluation v = {.event = call->payload,
			       .root = call->payload,
			       .headers = headers_of(call)};
	const struct value **events = NULL;
	const struct value *rows = NULL;
	v.query = p->uses_query ? query_of(call) : NULL;
	bool each_is_jq = expression_is_jq(&p->each);
	size_t n = each_is_jq ? 0 : find_events(call, &v, &events);
	if (!each_is_jq && n == 0)
		return err_set(err, LB_EINVAL, "no event in the body");
	read_mails(call, &v, events, n);
	struct mapping_input in = {v.root, v.headers, v.query, events, n};
	/* More than that are quarantined whole: nothing has to be run. */
	if (p->program != NULL && n < MAPPING_EVENTS_MAX &&
	    mapping_run(p->program, &in, call->arena, &rows, err) != 0) {
		event_quarantine(event_list_add(list, call->arena),
				 reason_program);
		return 0;
	}
	if (each_is_jq)
		add_rows(call, list, &v, rows);
	const struct value *row = rows != NULL ? rows->first : NULL;
	for (size_t i = 0; i < n; i++) {
		add_event(call, list, &v, events[i], row);
		row = row != NULL ? row->next : NULL;
	}
	return 0;
}

/* ---- answers ------------------------------------------------------------ */

static void answer(const struct source_call *call, enum answer_kind kind,
		   struct reply *reply)
{
	const struct profile *p = profile_of(call);
	if (kind == ANSWER_BAD_PROOF && p->refusal != 0)
		reply->status = (int)p->refusal;
	if (kind != ANSWER_ACCEPTED && kind != ANSWER_DUPLICATE)
		return;
	if (p->answer.status != 0)
		reply->status = (int)p->answer.status;
	if (p->answer.body != NULL)
		reply->body = str_from(p->answer.body);
	if (p->answer.content_type != NULL)
		reply->content_type = p->answer.content_type;
}

bool profile_keeps_header(const struct source *source, struct str name)
{
	const struct profile *p = source->ops->profile;
	if (p == NULL)
		return false;
	for (size_t i = 0; i < p->headers.n; i++)
		if (str_ieq(name, str_from(p->headers.v[i])))
			return true;
	return str_ieq(name, str_from(p->scheme.header)) ||
	       str_ieq(name, str_from(p->scheme.timestamp_header)) ||
	       str_ieq(name, str_from(p->scheme.id_header));
}

/* ---- life --------------------------------------------------------------- */

static const struct {
	const char *word;
	unsigned kind;
} payload_words[] = {
    {"json", PAYLOAD_JSON},
    {"form", PAYLOAD_FORM},
    {"multipart", PAYLOAD_MULTIPART},
    {"xml", PAYLOAD_XML},
    {"jwt", PAYLOAD_JWT},
};

static int payloads_of(const struct profile *p, unsigned *out, struct err *err)
{
	*out = p->payloads.n == 0 ? PAYLOAD_JSON : 0;
	for (size_t i = 0; i < p->payloads.n; i++) {
		unsigned kind = 0;
		for (size_t w = 0;
		     w < sizeof(payload_words) / sizeof(payload_words[0]); w++)
			if (str_eq(str_from(payload_words[w].word),
				   str_from(p->payloads.v[i])))
				kind = payload_words[w].kind;
		if (kind == 0)
			return err_set(err, LB_EINVAL,
				       "unknown payload '%s': json, form, "
				       "multipart, xml or jwt",
				       p->payloads.v[i]);
		*out |= kind;
	}
	return 0;
}

/* All expressions but `each`, for whoever must look at every one. */
static void each_expression(struct profile *p,
			    void (*fn)(struct profile *p, struct expression *e))
{
	struct expression *all[] = {
	    &p->id,
	    &p->event,
	    &p->account,
	    &p->occurred_at,
	    &p->test,
	    &p->filter,
	    &p->contact_name,
	    &p->not_names,
	    &p->contact_email,
	    &p->contact_phone,
	    &p->answers,
	    &p->rest,
	    &p->landing_page,
	    &p->source_platform.from,
	    &p->source_type.from,
	    &p->stage_slug.from,
	    &p->mail.from,
	    &p->mail.name,
	    &p->mail.reply_to,
	    &p->mail.headers,
	    &p->mail.text,
	    &p->mail.signature,
	    &p->mail.html,
	    &p->mail.envelope,
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		fn(p, all[i]);
	for (size_t i = 0; i < p->n_fields; i++)
		fn(p, &p->fields[i].rule.from);
}

static void note_expression(struct profile *p, struct expression *e)
{
	if (e->text != NULL &&
	    str_find_str(str_from(e->text), STR("$query")) >= 0)
		p->uses_query = true;
	if (!expression_is_jq(e))
		return;
	e->slot = p->n_jq;
	p->jq = xrealloc(p->jq, (p->n_jq + 1) * sizeof(struct expression *));
	p->jq[p->n_jq++] = e;
}

static const char *default_of(const struct profile_rule *rule)
{
	return rule->fixed != NULL ? rule->fixed : rule->fallback;
}

static void terminate(struct text_list *list)
{
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n] = NULL;
}

int profile_finish(struct profile *p, struct err *err)
{
	unsigned payloads;
	int code = payloads_of(p, &payloads, err);
	if (code != 0)
		return code;
	each_expression(p, note_expression);
	if (mail_is_programmed(&p->mail))
		return err_set(err, LB_EINVAL,
			       "'mail' takes paths, which are read before a "
			       "program runs");
	if (mail_is_ruled(&p->mail) && p->each.text != NULL)
		return err_set(err, LB_EINVAL,
			       "'mail' and 'each' do not go together");
	terminate(&p->events);
	terminate(&p->except);
	p->ops = (struct source_ops){
	    .platform = p->platform,
	    .source_platform = default_of(&p->source_platform),
	    .source_type = default_of(&p->source_type),
	    .flags = (p->attribution ? SOURCE_ATTRIBUTION : 0) |
		     (p->lenient ? SOURCE_LENIENT : 0) |
		     (p->secret_in_body != NULL ? SOURCE_PROOF_IN_BODY : 0) |
		     (p->id.text == NULL ? SOURCE_CONTENT_ID : 0),
	    .payloads = payloads,
	    .try_later = p->try_later != 0 ? (int)p->try_later : 503,
	    .max_body = p->max_body,
	    .events = p->events.n > 0 ? (const char *const *)p->events.v : NULL,
	    .prepare = prepare,
	    .release = signature_release,
	    .challenge = p->challenge_param != NULL ? challenge : NULL,
	    .verify = verify,
	    .split = split,
	    .map = profile_map,
	    .answer = answer,
	    .profile = p,
	};
	return 0;
}

int profile_compile(struct profile *p, int *line, struct err *err)
{
	bool each_is_jq = expression_is_jq(&p->each);
	struct mapping_problem problem = {0};
	if (p->compiled || (p->n_jq == 0 && !each_is_jq))
		return 0;
	struct str *texts = xcalloc(p->n_jq + 1, sizeof(*texts));
	for (size_t i = 0; i < p->n_jq; i++)
		texts[i] = str_from(p->jq[i]->text);
	int code = mapping_new(texts, p->n_jq,
			       each_is_jq ? str_from(p->each.text) : STR_NONE,
			       &p->program, &problem);
	free(texts);
	p->compiled = code == 0;
	if (code == 0)
		return 0;
	const struct expression *bad =
	    problem.which < p->n_jq ? p->jq[problem.which] : &p->each;
	*line = bad->line + problem.line - 1;
	return err_set(err, code, "%s", problem.text);
}

static void free_list(struct text_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
}

static void free_rule(struct profile_rule *rule)
{
	for (size_t i = 0; i < rule->map.n; i++) {
		free(rule->map.v[i].from);
		free(rule->map.v[i].to);
	}
	free(rule->map.v);
	free(rule->fixed);
	free(rule->fallback);
}

static void free_expression(struct profile *p, struct expression *e)
{
	(void)p;
	expression_release(e);
}

void profile_free(struct profile *p)
{
	if (p == NULL)
		return;
	each_expression(p, free_expression);
	expression_release(&p->each);
	free_rule(&p->source_platform);
	free_rule(&p->source_type);
	free_rule(&p->stage_slug);
	for (size_t i = 0; i < p->n_fields; i++) {
		free_rule(&p->fields[i].rule);
		free(p->fields[i].slug);
	}
	free(p->fields);
	free_list(&p->payloads);
	free_list(&p->headers);
	free_list(&p->events);
	free_list(&p->except);
	char *texts[] = {p->platform,
			 p->file,
			 p->about,
			 p->documentation,
			 p->secret_in_body,
			 p->challenge_param,
			 p->challenge_token,
			 p->answer.body,
			 p->answer.content_type,
			 p->scheme.name,
			 p->scheme.algorithm,
			 p->scheme.header,
			 p->scheme.encoding,
			 p->scheme.prefix,
			 p->scheme.signed_text,
			 p->scheme.timestamp_header,
			 p->scheme.id_header};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	mapping_free(p->program);
	free(p->jq);
	free(p);
}
