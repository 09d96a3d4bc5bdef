/* SPDX-License-Identifier: MIT */
/*
 * What the configuration changes on a lead: value paths (`map`), platform and
 * type, stage, custom fields. Contacts of `map` are set before the adapter
 * runs, since the first usable value stays; all else after it, platform and
 * type before the lead is finished.
 */
#include "sources/adapter.h"
#include "sources/engine.h"
#include "sources/programs.h"

void overrides_before(const struct source_call *call, const struct event *event,
		      struct lead *lead)
{
	const struct source *source = call->source;
	struct str text = programs_text(call, event, "contact_name");
	if (text.n > 0)
		lead_set_name(lead, text);
	text = programs_text(call, event, "contact_email");
	if (text.n > 0)
		lead_set_email(lead, text);
	text = programs_text(call, event, "contact_phone");
	if (text.n > 0)
		lead_set_phone(lead, text, source->country);
}

/* ---- platform, type, stage ---------------------------------------------- */

void overrides_origin(const struct source_call *call, const struct event *event,
		      struct lead *lead)
{
	const struct source *source = call->source;
	struct str platform = programs_text(call, event, "source_platform");
	struct str type = programs_text(call, event, "source_type");
	if (lead_platform_ok(platform))
		lead->source_platform = platform;
	if (lead_type_ok(type))
		lead->source_type = type;
	if (source->source_platform != NULL)
		lead->source_platform = str_from(source->source_platform);
	if (source->source_type != NULL)
		lead->source_type = str_from(source->source_type);
}

static void decide_stage(const struct source_call *call,
			 const struct event *event, struct lead *lead)
{
	const struct stage_rule *rule = &call->source->stage;
	struct str stage = programs_text(call, event, "stage_slug");
	if (stage.n == 0 && rule->fixed != NULL)
		stage = str_from(rule->fixed);
	struct str status = STR_NONE;
	if (stage.n == 0 && rule->from != NULL)
		status =
		    value_text(value_path(event->body, str_from(rule->from)));
	for (size_t i = 0; i < rule->map.n && stage.n == 0; i++)
		if (status.n > 0 &&
		    str_ieq(str_from(rule->map.v[i].from), status))
			stage = str_from(rule->map.v[i].to);
	if (stage.n == 0 && rule->from != NULL)
		stage = str_from(rule->fallback);
	if (stage.n > 0)
		lead->stage_slug = stage;
}

/* ---- custom fields ------------------------------------------------------ */

static const char *const lead_members[] = {
    "contact_name",
    "contact_email",
    "contact_phone",
    "source_platform",
    "source_type",
    "stage_slug",
    NULL,
};

static bool listed(const struct text_list *list, struct str slug)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(str_from(list->v[i]), slug))
			return true;
	return false;
}

/* only, drop, and whatever holds one of our secrets. */
static void choose_fields(const struct source *source, struct lead *lead)
{
	size_t kept = 0;
	for (size_t i = 0; i < lead->n_fields; i++) {
		struct lead_field field = lead->fields[i];
		if (source->fields.only.n > 0 &&
		    !listed(&source->fields.only, field.slug))
			continue;
		if (listed(&source->fields.drop, field.slug) ||
		    redact_found(source, field.text))
			continue;
		lead->fields[kept++] = field;
	}
	lead->n_fields = kept;
}

static void prefix_fields(const struct source *source, struct lead *lead)
{
	if (source->fields.prefix == NULL)
		return;
	for (size_t i = 0; i < lead->n_fields; i++) {
		struct lead_field *field = &lead->fields[i];
		field->slug =
		    slug_make(lead->arena, arena_printf(lead->arena, "%s%.*s",
							source->fields.prefix,
							STR_FMT(field->slug)));
	}
}

/* What a whole program yields beside the members of a lead; in custom_fields or
 * next to them. */
static void fields_of_object(struct lead *lead, const struct value *object)
{
	const struct value *more = value_get(object, "custom_fields");
	VALUE_EACH (child, object)
		if (child != more && !word_in(lead_members, child->key))
			lead_add_value(lead, child->key, child);
	if (more != NULL && more->type == VALUE_OBJECT)
		VALUE_EACH (child, more)
			lead_add_value(lead, child->key, child);
}

static void mapped_fields(const struct source_call *call,
			  const struct event *event, struct lead *lead)
{
	const struct source *source = call->source;
	for (size_t i = 0; i < source->map.n; i++) {
		const struct text_pair *pair = &source->map.v[i];
		if (word_in(lead_members, str_from(pair->from)))
			continue;
		const struct value *v = programs_value(call, event, i);
		if (program_is_whole(pair->from))
			fields_of_object(lead, v);
		else if (v != NULL)
			lead_add_value(lead, str_from(pair->from), v);
	}
}

void overrides_after(const struct source_call *call, const struct event *event,
		     struct lead *lead)
{
	const struct source *source = call->source;
	if (source->cnam_swap && str_eq(lead->source_type, STR("phone_call")) &&
	    programs_text(call, event, "contact_name").n == 0)
		lead->name = name_from_cnam(lead->arena, lead->name);
	if (source->recase)
		lead->name = name_recase(lead->arena, lead->name);
	lead_step(lead, "recase");
	decide_stage(call, event, lead);
	lead_step(lead, "stage_slug");
	choose_fields(source, lead);
	lead_step(lead, "custom_fields");
	prefix_fields(source, lead);
	lead_step(lead, "custom_fields.prefix");
	mapped_fields(call, event, lead);
	lead_step(lead, "map");
	for (size_t i = 0; i < source->fields.add.n; i++)
		lead_add(lead, source->fields.add.v[i].from,
			 str_from(source->fields.add.v[i].to));
	lead_step(lead, "custom_fields.add");
}
