/* SPDX-License-Identifier: MIT */
/*
 * From one event of a profile to a lead: filter, contact, answers, custom
 * fields, platform and type. An expression that failed quarantines the event;
 * nothing is dropped. Pure; any thread.
 */
#include "sources/adapter.h"
#include "sources/contacts.h"
#include "sources/profile.h"

enum { LOOKS_MAX = 30 }; /* of a phone number, in characters */

struct job {
	const struct source_call *call;
	const struct profile *profile;
	const struct evaluation *v;
	struct lead *lead;
};

/* ---- contact ------------------------------------------------------------ */

/* Whether it is one of the texts that stand where no name is known. */
static bool no_name(const struct job *j, struct str text)
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		struct str one = value_text(expression_candidate(
		    &j->profile->not_names, j->v, i, &more));
		if (one.n > 0 && str_ieq(one, text))
			return true;
	}
	return false;
}

static bool set_name(struct job *j, const struct value *v)
{
	if (v->type == VALUE_OBJECT)
		return lead_set_names(j->lead, value_member(v, "first"),
				      value_member(v, "last"));
	struct str text = value_text(v);
	return text.n > 0 && !no_name(j, text) && lead_set_name(j->lead, text);
}

static bool set_email(struct job *j, const struct value *v)
{
	struct str text = value_text(v);
	return text.n > 0 && lead_set_email(j->lead, text);
}

static bool set_phone(struct job *j, const struct value *v)
{
	struct str text = value_text(v);
	return text.n > 0 &&
	       lead_set_phone(j->lead, text, j->call->source->country);
}

/* Tries one candidate after the other, and the elements of one that is a list,
 * until the lead has that contact. */
static void try_each(struct job *j, const struct expression *e,
		     bool (*set)(struct job *j, const struct value *v))
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		const struct value *one =
		    expression_candidate(e, j->v, i, &more);
		if (one == NULL)
			continue;
		if (one->type != VALUE_ARRAY && set(j, one))
			return;
		if (one->type != VALUE_ARRAY)
			continue;
		VALUE_EACH (child, one)
			if (set(j, child))
				return;
	}
}

/* ---- answers: {name: value}, or [{name, value, type}] ------------------- */

/* Ten to fifteen digits, and nothing but what people write between them. */
static bool set_maybe_phone(struct job *j, const struct value *v)
{
	struct str text = str_trim(value_text(v));
	size_t digits = 0;
	for (size_t i = 0; i < text.n && i <= LOOKS_MAX; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9')
			digits++;
		else if (memchr(" ()+-.", text.p[i], 6) == NULL)
			return false;
	}
	return digits >= 10 && digits <= 15 && text.n <= LOOKS_MAX &&
	       set_phone(j, v);
}

enum contact { CONTACT_NAME, CONTACT_EMAIL, CONTACT_PHONE };

static const struct {
	const char *type;
	enum contact contact;
	bool sure; /* it need not be a custom field too */
	bool (*set)(struct job *j, const struct value *v);
} contact_types[] = {
    {"name", CONTACT_NAME, true, set_name},
    {"email", CONTACT_EMAIL, true, set_email},
    {"phone", CONTACT_PHONE, true, set_phone},
    {"maybe_phone", CONTACT_PHONE, false, set_maybe_phone},
};

/* Whether the sender says what it is, and the lead could use it. */
static bool set_typed(struct job *j, const struct value *entry,
		      const struct value *value, bool sure)
{
	struct str type = value_member(entry, "type");
	for (size_t i = 0;
	     type.n > 0 && i < sizeof(contact_types) / sizeof(contact_types[0]);
	     i++) {
		if (contact_types[i].sure != sure ||
		    !str_eq(type, str_from(contact_types[i].type)))
			continue;
		bool taken[] = {[CONTACT_NAME] = j->lead->name.n > 0,
				[CONTACT_EMAIL] = j->lead->email.n > 0,
				[CONTACT_PHONE] = j->lead->phone.n > 0};
		return !taken[contact_types[i].contact] &&
		       contact_types[i].set(j, value);
	}
	return false;
}

/* "firstName" -> "first_name" */
static struct str snake(struct arena *arena, struct str name)
{
	char *text = arena_alloc(arena, 2 * name.n + 1), *to = text;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (c >= 'A' && c <= 'Z') {
			*to++ = '_';
			c = (char)(c - 'A' + 'a');
		}
		*to++ = c;
	}
	return (struct str){text, (size_t)(to - text)};
}

static void append_renamed(struct job *j, struct value *object, struct str name,
			   const struct value *value)
{
	struct value *copy = arena_alloc(j->call->arena, sizeof(*copy));
	*copy = *value;
	copy->key = j->profile->camel_case ? snake(j->call->arena, name) : name;
	copy->next = NULL;
	value_append(object, copy);
}

/* A list of named answers as an object; what is a contact by its type is set
 * and left out. */
static const struct value *object_of(struct job *j, const struct value *list)
{
	struct value *object = value_new(j->call->arena, VALUE_OBJECT);
	VALUE_EACH (entry, list) {
		const struct value *value = value_get(entry, "value");
		struct str name = value_member(entry, "name");
		if (value == NULL || set_typed(j, entry, value, true))
			continue;
		if (name.n > 0)
			append_renamed(j, object, name, value);
	}
	return object;
}

static void each_object(struct job *j, const struct expression *e,
			void (*fn)(struct job *j, const struct value *object))
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		const struct value *one =
		    expression_candidate(e, j->v, i, &more);
		if (one != NULL && one->type == VALUE_ARRAY)
			one = object_of(j, one);
		if (one != NULL && one->type == VALUE_OBJECT)
			fn(j, one);
	}
}

/* What only looks like a contact: when all that says what it is had its turn,
 * wherever in the list it stands. */
static void guess(struct job *j, const struct expression *e)
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		const struct value *one =
		    expression_candidate(e, j->v, i, &more);
		if (one == NULL || one->type != VALUE_ARRAY)
			continue;
		VALUE_EACH (entry, one) {
			const struct value *value = value_get(entry, "value");
			if (value != NULL)
				(void)set_typed(j, entry, value, false);
		}
	}
}

static void recognise(struct job *j, const struct value *object)
{
	contacts_map(j->call, object, (const char *const *)j->profile->except.v,
		     true, j->lead);
}

static void keep_rest(struct job *j, const struct value *object)
{
	fields_rest(j->lead, j->call->arena, object, NULL,
		    (const char *const *)j->profile->except.v);
}

/* ---- rules and fields --------------------------------------------------- */

static struct str rule_text(const struct job *j,
			    const struct profile_rule *rule)
{
	if (rule->fixed != NULL)
		return str_from(rule->fixed);
	struct str text = expression_text(&rule->from, j->v);
	if (text.n > 0 && rule->map.n == 0)
		return text;
	for (size_t i = 0; i < rule->map.n && text.n > 0; i++)
		if (str_ieq(str_from(rule->map.v[i].from), text))
			return str_from(rule->map.v[i].to);
	return str_from(rule->fallback);
}

static void add_field(struct job *j, const struct profile_field *field)
{
	const struct profile_rule *rule = &field->rule;
	bool plain = rule->fixed == NULL && rule->map.n == 0;
	const struct value *v =
	    plain ? expression_value(&rule->from, j->v) : NULL;
	if (v != NULL && !str_ends(str_from(field->slug), STR("_id")))
		lead_add_value(j->lead, str_from(field->slug), v);
	else /* an id is text, also where its sender writes a number */
		lead_add(j->lead, field->slug, rule_text(j, rule));
}

/* What the table says; else "Google Ads" -> google_ads, where the CRM knows
 * that; else the default. */
static struct str word_of(const struct job *j, const struct profile_rule *rule,
			  bool (*known)(struct str))
{
	struct str given =
	    slug_make(j->call->arena, expression_text(&rule->from, j->v));
	struct str word = rule_text(j, rule);
	bool chosen = rule->fixed != NULL || word.p != rule->fallback;
	if (!chosen && known(given))
		return given;
	word = slug_make(j->call->arena, word);
	return known(word) ? word : str_from(rule->fallback);
}

static void decide_origin(struct job *j)
{
	const struct profile *p = j->profile;
	j->lead->source_platform =
	    word_of(j, &p->source_platform, lead_platform_ok);
	j->lead->source_type = word_of(j, &p->source_type, lead_type_ok);
	struct str stage = rule_text(j, &p->stage_slug);
	if (stage.n > 0)
		j->lead->stage_slug = stage;
}

static void lift_landing_pages(struct job *j)
{
	bool more = true;
	for (size_t i = 0; more; i++) {
		struct str url = value_text(expression_candidate(
		    &j->profile->landing_page, j->v, i, &more));
		if (url.n > 0)
			fields_from_url(j->lead, url);
	}
}

/* ---- the whole ---------------------------------------------------------- */

static bool any_failed(const struct job *j)
{
	for (size_t i = 0; i < j->profile->n_jq; i++)
		if (expression_error(j->profile->jq[i], j->v).n > 0)
			return true;
	return false;
}

/* False: this event is no lead, or nobody can say whether it is one. */
static bool pass(struct job *j, struct event *event)
{
	const struct expression *filter = &j->profile->filter;
	bool judged =
	    filter->text == NULL || expression_error(filter, j->v).n == 0;
	if (judged && filter->text != NULL && !expression_true(filter, j->v)) {
		event_ignore(event, reason_filter);
		return false;
	}
	if (judged && !any_failed(j))
		return true;
	event_quarantine(event, reason_program);
	return false;
}

void profile_map(const struct source_call *call, struct event *event,
		 struct lead *lead)
{
	const struct profile *p = call->source->ops->profile;
	struct job j = {call, p, event->data, lead};
	if (j.v == NULL || !pass(&j, event))
		return;
	decide_origin(&j);
	lift_landing_pages(&j);
	try_each(&j, &p->contact_name, set_name);
	try_each(&j, &p->contact_email, set_email);
	try_each(&j, &p->contact_phone, set_phone);
	each_object(&j, &p->answers, recognise);
	guess(&j, &p->answers);
	for (size_t i = 0; i < p->n_fields; i++)
		add_field(&j, &p->fields[i]);
	guess(&j, &p->rest);
	each_object(&j, &p->rest, keep_rest);
}
