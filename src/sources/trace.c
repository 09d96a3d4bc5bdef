/* SPDX-License-Identifier: MIT */
/*
 * How a request became leads, step by step: the same functions that map live
 * requests, with somebody listening to the lead's setters. Where a text came
 * from is found by its place in memory, so that two members with equal texts
 * are told apart; a text that was copied on the way is looked for by content.
 * For explain only. Pure.
 */
#include "sources/adapter.h"
#include "sources/engine.h"
#include "sources/programs.h"

enum {
	CONTENT_LEAST = 3, /* shorter texts are everywhere */
	DEPTH_MAX = 64,
};

struct input {
	struct input *next;
	struct str member, text;
	const struct value *v;
};

struct tracing {
	const struct source_call *call;
	const struct event *event;
	struct arena *keep;
	struct source_trace *out;
	struct input *inputs; /* of the step under way, the last first */
	struct lead before;   /* with fields of its own */
};

/* ---- where a text stands -------------------------------------------------
 */

static bool plain_key(struct str key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		bool letter = (c >= 'a' && c <= 'z') ||
			      (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return key.n > 0;
}

static struct str path_to(struct arena *a, struct str path,
			  const struct value *parent, const struct value *child,
			  size_t index)
{
	if (parent->type == VALUE_ARRAY)
		return arena_printf(a, "%.*s[%zu]", STR_FMT(path), index);
	return arena_printf(
	    a, plain_key(child->key) ? "%.*s.%.*s" : "%.*s[\"%.*s\"]",
	    STR_FMT(path), STR_FMT(child->key));
}

struct place {
	const struct value *v; /* found */
	struct str path;
};

typedef bool (*is_it_fn)(const struct value *v, const struct input *in);

static bool is_node(const struct value *v, const struct input *in)
{
	return v == in->v;
}

static bool holds_bytes(const struct value *v, const struct input *in)
{
	uintptr_t text = (uintptr_t)v->text.p, wanted = (uintptr_t)in->text.p;
	return v->text.n > 0 && in->text.n > 0 && wanted >= text &&
	       wanted + in->text.n <= text + v->text.n;
}

static bool reads_alike(const struct value *v, const struct input *in)
{
	return in->text.n >= CONTENT_LEAST && str_eq(v->text, in->text);
}

static bool find(struct arena *a, const struct value *at, struct str path,
		 is_it_fn is_it, const struct input *in, struct place *out,
		 int depth)
{
	size_t index = 0;
	if (is_it(at, in)) {
		*out = (struct place){at, path};
		return true;
	}
	if ((at->type != VALUE_ARRAY && at->type != VALUE_OBJECT) ||
	    depth == DEPTH_MAX)
		return false;
	VALUE_EACH (child, at) {
		if (find(a, child, path_to(a, path, at, child, index++), is_it,
			 in, out, depth + 1))
			return true;
	}
	return false;
}

static bool find_place(const struct tracing *t, const struct input *in,
		       struct place *out)
{
	static const is_it_fn ways[] = {is_node, holds_bytes, reads_alike};
	const struct value *root = t->call->payload;
	for (size_t i = 0; root != NULL && i < 3; i++) {
		if ((ways[i] == is_node) != (in->v != NULL))
			continue;
		if (find(t->call->arena, root, STR(""), ways[i], in, out, 0))
			return true;
	}
	return false;
}

/* ---- steps ---------------------------------------------------------------
 */

static struct str kept(const struct tracing *t, struct str text)
{
	return text.p == NULL ? STR_NONE
			      : redact_copy(t->call->source, t->keep, text);
}

static struct source_step *add_step(struct tracing *t, const char *step,
				    struct str member)
{
	struct source_step *s = arena_alloc(t->keep, sizeof(*s));
	s->step = step;
	s->member = arena_copy(t->keep, member);
	if (t->out->last != NULL)
		t->out->last->next = s;
	else
		t->out->first = s;
	t->out->last = s;
	return s;
}

static struct str json_of(const struct tracing *t, const struct value *v)
{
	struct buf b;
	buf_init(&b, LEAD_FIELD_TEXT_MAX);
	value_to_json(v, &b);
	struct str text = arena_copy_buf(t->call->arena, &b);
	buf_release(&b);
	return text;
}

static struct str joined(const struct tracing *t, struct str a, struct str b,
			 const char *between)
{
	if (a.n == 0)
		return b;
	return arena_printf(t->call->arena, "%.*s%s%.*s", STR_FMT(a), between,
			    STR_FMT(b));
}

/* The expression of the configuration that makes this member. */
static struct str expression_of(const struct source *source, struct str member)
{
	for (size_t i = 0; i < source->map.n; i++) {
		struct str name = str_from(source->map.v[i].from);
		if (program_is_whole(name.p)) /* its text may be long */
			return name;
		if (str_eq(name, member))
			return str_from(source->map.v[i].to);
	}
	return STR_NONE;
}

/* One text a setter was told, and where it stands. */
static const struct value *describe(const struct tracing *t,
				    const struct input *in, struct str *from,
				    struct str *given)
{
	struct place place = {0};
	*given = in->text;
	if (!find_place(t, in, &place))
		return NULL;
	*from = place.path;
	*given = place.v->text.n > 0 ? place.v->text : json_of(t, place.v);
	return place.v;
}

static bool is_of(const struct input *in, struct str member)
{
	return str_eq(in->member, member) && (in->text.n > 0 || in->v != NULL);
}

/* A name is made of its parts; of everything else the last text counts. */
static bool has_parts(struct str member)
{
	return str_eq(member, STR("contact_name"));
}

/* Fills from and given with what the setters of this step were told. */
static void add_inputs(struct tracing *t, struct source_step *s)
{
	struct str from = STR_NONE, given = STR_NONE;
	const struct value *last = NULL;
	for (const struct input *in = t->inputs; in != NULL; in = in->next) {
		struct str path = STR_NONE, text;
		if (!is_of(in, s->member))
			continue;
		const struct value *v = describe(t, in, &path, &text);
		if (v == NULL || v != last) { /* else it tried once more */
			from = joined(t, path, from, from.n > 0 ? " + " : "");
			given =
			    joined(t, text, given, given.n > 0 ? " + " : "");
		}
		last = v;
		if (!has_parts(s->member))
			break;
	}
	struct str expression = strcmp(s->step, "map") == 0
				    ? expression_of(t->call->source, s->member)
				    : STR_NONE;
	s->from = kept(t, expression.n > 0 ? expression : from);
	s->given = kept(t, given);
}

static const struct input *last_input(const struct tracing *t,
				      struct str member)
{
	const struct input *in = t->inputs;
	while (in != NULL && !is_of(in, member))
		in = in->next;
	return in;
}

/* Texts that were tried before the last one, and were not usable. */
static void add_tried(struct tracing *t, const char *step, struct str member,
		      const struct input *in)
{
	struct str from = STR_NONE, given;
	while (in != NULL && !is_of(in, member))
		in = in->next;
	if (in == NULL)
		return;
	add_tried(t, step, member, in->next);
	if (describe(t, in, &from, &given) == NULL ||
	    str_eq(in->text, last_input(t, member)->text))
		return; /* it tried once more */
	struct source_step *s = add_step(t, step, member);
	s->from = kept(t, from);
	s->given = kept(t, given);
}

static void add_change(struct tracing *t, const char *step, struct str member,
		       struct str now)
{
	struct source_step *s = add_step(t, step, member);
	add_inputs(t, s);
	s->value = kept(t, now);
	if (s->from.n == 0 && str_eq(s->given, s->value))
		s->given = STR_NONE; /* the step's own words */
}

static void diff(struct tracing *t, const char *step, const char *member,
		 struct str before, struct str now)
{
	const struct input *in = last_input(t, str_from(member));
	if (str_eq(before, now))
		return;
	if (in != NULL && !has_parts(in->member))
		add_tried(t, step, in->member, in->next);
	add_change(t, step, str_from(member), now);
}

static const struct lead_field *field_of(const struct lead *l, struct str slug)
{
	for (size_t i = 0; i < l->n_fields; i++)
		if (str_eq(l->fields[i].slug, slug))
			return &l->fields[i];
	return NULL;
}

static void diff_fields(struct tracing *t, const char *step,
			const struct lead *l)
{
	for (size_t i = 0; i < l->n_fields; i++) {
		const struct lead_field *f = &l->fields[i];
		const struct lead_field *was = field_of(&t->before, f->slug);
		if (was != NULL && str_eq(was->text, f->text))
			continue;
		add_change(t, step, f->slug, f->text);
	}
	for (size_t i = 0; i < t->before.n_fields; i++) {
		const struct lead_field *was = &t->before.fields[i];
		if (field_of(l, was->slug) == NULL)
			add_step(t, step, was->slug)->given =
			    kept(t, was->text);
	}
}

/* What was there to be a contact, and is none. */
static void add_unusable(struct tracing *t, const char *step, const char *name,
			 struct str now)
{
	const struct input *in = last_input(t, str_from(name));
	if (in == NULL || now.n > 0)
		return;
	if (!has_parts(in->member))
		add_tried(t, step, in->member, in->next);
	add_inputs(t, add_step(t, step, in->member));
}

static void on_input(void *ctx, struct str member, struct str text,
		     const struct value *v)
{
	struct tracing *t = ctx;
	struct input *in = arena_alloc(t->call->arena, sizeof(*in));
	*in = (struct input){t->inputs, member, text, v};
	t->inputs = in;
}

static void on_step(void *ctx, const char *step, const struct lead *l)
{
	struct tracing *t = ctx;
	const struct {
		const char *name;
		struct str before, now;
		bool contact;
	} members[] = {
	    {"contact_name", t->before.name, l->name, true},
	    {"contact_phone", t->before.phone, l->phone, true},
	    {"contact_email", t->before.email, l->email, true},
	    {"source_platform", t->before.source_platform, l->source_platform,
	     false},
	    {"source_type", t->before.source_type, l->source_type, false},
	    {"stage_slug", t->before.stage_slug, l->stage_slug, false},
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		diff(t, step, members[i].name, members[i].before,
		     members[i].now);
		if (members[i].contact)
			add_unusable(t, step, members[i].name, members[i].now);
	}
	diff_fields(t, step, l);
	t->inputs = NULL;
	t->before = *l;
	t->before.fields =
	    arena_alloc(t->call->arena, (l->n_fields + 1) * sizeof(*l->fields));
	if (l->n_fields > 0)
		memcpy(t->before.fields, l->fields,
		       l->n_fields * sizeof(*l->fields));
}

/* ---- events --------------------------------------------------------------
 */

/* Where it goes, and which rule says so. */
static void add_route(struct tracing *t)
{
	const struct source *source = t->call->source;
	const struct event *event = t->event;
	bool routed = source->route.map.n > 0 || source->route.fallback != NULL;
	for (size_t i = 0;; i++) {
		struct str to = judge_destination(source, event, i);
		if (to.n == 0)
			return;
		struct source_step *s = add_step(
		    t, routed ? "route" : "destination", STR("destination"));
		s->value = kept(t, to);
		if (!routed)
			continue;
		struct str by = str_from(source->route.by);
		s->from = kept(t, by.n > 0 ? by : STR("account"));
		s->given =
		    kept(t, by.n > 0 ? value_text(value_path(event->body, by))
				     : event->account);
	}
}

static struct source_trace *trace_event(const struct source_call *call,
					struct event *event, struct arena *keep)
{
	struct source_trace *out = arena_alloc(keep, sizeof(*out));
	struct tracing t = {call, event, keep, out, NULL, {0}};
	struct lead_trace listener = {&t, on_input, on_step};
	struct lead lead = {.trace = &listener};
	judge_event(call->source, event);
	programs_judge(call, event);
	if (event->fate == FATE_LEAD)
		process_map(call, event, call->source->ops->map, &lead);
	if (event->fate == FATE_LEAD || event->fate == FATE_FETCH)
		add_route(&t);
	out->fate = event->fate;
	out->reason = event->reason;
	return out;
}

struct source_trace *source_traces(const struct source *source,
				   const struct request *request,
				   struct arena *arena)
{
	struct source_trace *first = NULL, **last = &first;
	struct event_list events = {0};
	struct arena scratch;
	struct err err;
	arena_init(&scratch);
	struct source_call call = {source, request, NULL, &scratch};
	if (process_parse(&call, &err) == 0 &&
	    process_split(&call, &events) == NULL)
		for (struct event *e = events.first; e != NULL; e = e->next) {
			*last = trace_event(&call, e, arena);
			last = &(*last)->next;
		}
	arena_release(&scratch);
	return first;
}
