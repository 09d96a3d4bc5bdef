/* SPDX-License-Identifier: MIT */
/*
 * `map` and `filter` of a source, prepared with the configuration and applied
 * to its events. What only walks costs a walk; one jq program does the rest,
 * for all events of a request at once. Pure; any thread, but never the loop
 * where there is a program.
 */
#include "sources/programs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sources/adapter.h"

/* ---- preparing ---------------------------------------------------------- */

/* The expressions jq has to evaluate, each with its slot. */
static size_t collect(struct source_program *p, struct expression **out)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_map; i++)
		if (expression_is_jq(&p->map[i]))
			out[n++] = &p->map[i];
	if (expression_is_jq(&p->filter))
		out[n++] = &p->filter;
	for (size_t i = 0; i < n; i++)
		out[i]->slot = i;
	return n;
}

static int compile(const struct source *source, struct source_program *p,
		   struct program_problem *where, struct err *err)
{
	struct mapping_problem problem = {0};
	struct expression **jq =
	    xcalloc(p->n_map + 1, sizeof(struct expression *));
	struct str *texts = xcalloc(p->n_map + 1, sizeof(*texts));
	size_t n = collect(p, jq);
	for (size_t i = 0; i < n; i++)
		texts[i] = str_from(jq[i]->text);
	int code =
	    n == 0 ? 0 : mapping_new(texts, n, STR_NONE, &p->mapping, &problem);
	if (code != 0) {
		const struct expression *bad = jq[problem.which];
		where->line = problem.line;
		if (bad != &p->filter)
			where->key = source->map.v[bad - p->map].from;
		err_set(err, code, "%s: %s",
			where->key != NULL ? where->key : "filter",
			problem.text);
	}
	free(texts);
	free(jq);
	return code;
}

int programs_prepare(struct source *source, struct program_problem *where,
		     struct err *err)
{
	if (source->program != NULL ||
	    (source->map.n == 0 && source->filter == NULL))
		return 0;
	struct source_program *p = xcalloc(1, sizeof(*p));
	p->map = xcalloc(source->map.n + 1, sizeof(*p->map));
	p->n_map = source->map.n;
	for (size_t i = 0; i < p->n_map; i++)
		expression_parse(&p->map[i], str_from(source->map.v[i].to), 0);
	if (source->filter != NULL)
		expression_parse(&p->filter, str_from(source->filter), 0);
	source->program = p;
	int code = compile(source, p, where, err);
	if (code != 0)
		programs_release(source);
	return code;
}

void programs_release(struct source *source)
{
	struct source_program *p = source->program;
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_map; i++)
		expression_release(&p->map[i]);
	expression_release(&p->filter);
	mapping_free(p->mapping);
	free(p->map);
	free(p);
	source->program = NULL;
}

/* ---- running ------------------------------------------------------------ */

static struct evaluation evaluation_of(const struct source_call *call,
				       const struct event *event)
{
	return (struct evaluation){
	    .event = event->body, .root = call->payload, .row = event->row};
}

void programs_run(const struct source_call *call, struct event_list *list)
{
	const struct source_program *p = call->source->program;
	if (p == NULL || p->mapping == NULL || list->n > MAPPING_EVENTS_MAX)
		return;
	const struct value **bodies =
	    arena_alloc(call->arena, (list->n + 1) * sizeof(*bodies));
	const struct value *rows = NULL;
	size_t n = 0;
	for (struct event *e = list->first; e != NULL; e = e->next)
		if (e->fate == FATE_LEAD)
			bodies[n++] = e->body;
	struct mapping_input in = {
	    .root = call->payload, .events = bodies, .n_events = n};
	/* Without rows every event is quarantined by programs_judge(). */
	if (n == 0 ||
	    mapping_run(p->mapping, &in, call->arena, &rows, NULL) != 0)
		return;
	const struct value *row = rows->first;
	for (struct event *e = list->first; e != NULL; e = e->next) {
		if (e->fate != FATE_LEAD)
			continue;
		e->row = row;
		row = row->next;
	}
}

/* A whole program that yields something else than an object has failed, too;
 * one that yields nothing has nothing to say. */
static bool no_object(const struct expression *e, const struct evaluation *v)
{
	const struct value *got = expression_value(e, v);
	return got != NULL && got->type != VALUE_OBJECT;
}

static bool any_failed(const struct source *source, const struct evaluation *v)
{
	const struct source_program *p = source->program;
	for (size_t i = 0; i < p->n_map; i++) {
		bool whole = program_is_whole(source->map.v[i].from);
		if (expression_error(&p->map[i], v).n > 0 ||
		    (whole && no_object(&p->map[i], v)))
			return true;
	}
	return false;
}

void programs_judge(const struct source_call *call, struct event *event)
{
	const struct source_program *p = call->source->program;
	if (p == NULL || event->fate != FATE_LEAD)
		return;
	struct evaluation v = evaluation_of(call, event);
	bool filtered = p->filter.text != NULL;
	if (filtered && expression_error(&p->filter, &v).n > 0)
		event_quarantine(event, reason_program);
	else if (filtered && !expression_true(&p->filter, &v))
		event_ignore(event, reason_filter);
	else if (any_failed(call->source, &v))
		event_quarantine(event, reason_program);
}

struct str programs_text(const struct source_call *call,
			 const struct event *event, const char *name)
{
	const struct source *source = call->source;
	struct evaluation v = evaluation_of(call, event);
	for (size_t i = 0; i < source->map.n && source->program != NULL; i++) {
		const struct expression *e = &source->program->map[i];
		if (program_is_whole(source->map.v[i].from))
			return value_member(expression_value(e, &v), name);
		if (str_eq(str_from(source->map.v[i].from), str_from(name)))
			return expression_text(e, &v);
	}
	return STR_NONE;
}

const struct value *programs_value(const struct source_call *call,
				   const struct event *event, size_t i)
{
	struct evaluation v = evaluation_of(call, event);
	return expression_value(&call->source->program->map[i], &v);
}
