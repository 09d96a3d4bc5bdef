/* SPDX-License-Identifier: MIT */
/*
 * The lead: contact, where it came from, custom fields, and the one JSON text
 * the CRM gets for it. Setters keep the first value that is usable; what a
 * person typed and could not be used is kept beside it. Pure.
 */
#include "leadbridge/lead.h"

#include "lead/fields.h"
#include "lead/phone.h"
#include "lead/text.h"

enum {
	/* What the members beside the custom fields take at most. */
	JSON_RESERVE = 16 * 1024,
	PLACE_MAX = 256, /* bytes of platform, type and stage that are sent */
};

void lead_init(struct lead *l, struct arena *arena)
{
	*l = (struct lead){.arena = arena};
}

void lead_input(const struct lead *l, struct str member, struct str text,
		const struct value *v)
{
	if (l->trace != NULL)
		l->trace->input(l->trace->ctx, member, text, v);
}

bool lead_set_name(struct lead *l, struct str name)
{
	if (l->name.p == NULL) {
		lead_input(l, STR("contact_name"), name, NULL);
		l->name = name_normalise(l->arena, name);
	}
	return l->name.p != NULL;
}

bool lead_set_names(struct lead *l, struct str first, struct str last)
{
	if (l->name.p == NULL) {
		lead_input(l, STR("contact_name"), first, NULL);
		lead_input(l, STR("contact_name"), last, NULL);
		l->name = name_join(l->arena, first, last);
	}
	return l->name.p != NULL;
}

/* The name before a lone address; of several, nobody knows whose it is. */
static struct str display_name(struct str email)
{
	struct str display, rest;
	(void)email_split(email, &display);
	(void)str_cut(email, '<', &rest);
	bool several = str_find(rest, '<') >= 0 || str_find(email, ';') >= 0;
	return several ? STR_NONE : display;
}

bool lead_set_email(struct lead *l, struct str email)
{
	if (l->email.p != NULL || email.p == NULL)
		return l->email.p != NULL;
	lead_input(l, STR("contact_email"), email, NULL);
	l->email = email_normalise(l->arena, email);
	if (l->email.p != NULL) {
		lead_set_name(l, display_name(email));
		return true;
	}
	/* "jane@gmail,com" can be read by a person, if not by a machine. */
	if (str_find(email, '@') >= 0 && !email_placeholder(email) &&
	    lead_get(l, "email_raw").p == NULL)
		lead_add(l, "email_raw", email);
	return false;
}

bool lead_set_phone(struct lead *l, struct str text, const char *country)
{
	if (l->phone.p != NULL)
		return true;
	struct phone p;
	lead_input(l, STR("contact_phone"), text, NULL);
	phone_parse(l->arena, text, country, &p);
	switch (p.result) {
	case PHONE_OK:
		l->phone = p.e164;
		if (p.extension.p != NULL)
			lead_add(l, "phone_ext", p.extension);
		if (p.rest.p != NULL)
			lead_add(l, "phone_other", p.rest);
		break;
	case PHONE_WITHHELD:
		l->phone_withheld = true;
		break;
	case PHONE_NONE:
	case PHONE_ODD:
		if (l->phone_raw.p == NULL && phone_count_digits(p.raw) > 0)
			l->phone_raw = arena_copy(l->arena, p.raw);
		break;
	}
	return l->phone.p != NULL;
}

/* Whether a number that fits no plan may go out as typed. */
static bool sendable(struct lead *l)
{
	if (l->phone_raw.p == NULL || l->phone_raw.n > PHONE_TYPED_MAX)
		return false;
	size_t digits = phone_count_digits(l->phone_raw);
	if (digits < PHONE_LEAST_DIGITS || digits > PHONE_E164_DIGITS)
		return false;
	/* Without a country no more is known than when it was set: neither
	 * withheld nor a fake. */
	struct phone p;
	phone_parse(l->arena, l->phone_raw, NULL, &p);
	return p.result == PHONE_ODD || p.result == PHONE_OK;
}

/* A caller hides a number; a form has merely none. */
static bool is_call(const struct lead *l)
{
	return l->source_type.n == 0 ||
	       str_eq(l->source_type, STR("phone_call")) ||
	       str_eq(l->source_type, STR("sms"));
}

size_t json_bytes(struct str text)
{
	size_t n = 2;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 || c == 0x7F)
			n += 6;
		else if (c == '"' || c == '\\')
			n += 2;
		else
			n += c < 0x80 ? 1 : 3; /* U+FFFD at worst */
	}
	return n;
}

/* Fields past what the JSON may hold go, from the end, and are counted: a lead
 * with too many answers is still a lead. */
static void fit_fields(struct lead *l)
{
	size_t total = 0, kept = 0;
	for (size_t i = 0; i < l->n_fields; i++) {
		const struct lead_field f = l->fields[i];
		size_t n = f.slug.n + json_bytes(f.text) + 4;
		if (total + n > LEAD_JSON_MAX - JSON_RESERVE) {
			l->n_dropped++;
			continue;
		}
		total += n;
		l->fields[kept++] = f;
	}
	l->n_fields = kept;
}

/* The notes go last: room for them, and for the one that says how many answers
 * had to make it. */
static void make_room(struct lead *l, size_t notes)
{
	size_t room = LEAD_FIELDS_MAX - notes;
	if (l->n_dropped > 0 || l->n_fields > room)
		room--;
	if (l->n_fields <= room)
		return;
	l->n_dropped += l->n_fields - room;
	l->n_fields = room;
}

void lead_finish(struct lead *l)
{
	fit_fields(l);
	bool withheld = l->phone_withheld && l->phone.p == NULL && is_call(l);
	make_room(l, (size_t)withheld + (l->phone_raw.p != NULL));
	if (withheld)
		field_note(l, "caller_id_withheld", FIELD_BOOL, STR("true"));
	if (l->phone.p == NULL && l->email.p == NULL && sendable(l))
		l->phone = l->phone_raw;
	if (l->phone_raw.p != NULL)
		field_note(l, "phone_raw", FIELD_STRING, l->phone_raw);
	if (l->n_dropped > 0)
		field_note(l, "fields_dropped", FIELD_NUMBER,
			   arena_printf(l->arena, "%zu", l->n_dropped));
}

bool lead_has_contact(const struct lead *l)
{
	return l->name.n > 0 || l->phone.n > 0 || l->email.n > 0;
}

static void add_field(const struct lead_field *f, struct buf *out)
{
	buf_add_json(out, f->slug);
	buf_add_char(out, ':');
	switch (f->type) {
	case FIELD_STRING:
		buf_add_json(out, f->text);
		break;
	case FIELD_NUMBER:
	case FIELD_BOOL:
	case FIELD_NULL:
		buf_add_str(out, f->text);
		break;
	}
}

int lead_to_json(const struct lead *l, struct buf *out)
{
	const struct {
		struct str name, text;
	} members[] = {
	    {STR("\"contact_name\":"), l->name},
	    {STR("\"contact_phone\":"), l->phone},
	    {STR("\"contact_email\":"), l->email},
	    {STR("\"source_platform\":"),
	     text_cut(l->source_platform, PLACE_MAX)},
	    {STR("\"source_type\":"), text_cut(l->source_type, PLACE_MAX)},
	    {STR("\"stage_slug\":"), text_cut(l->stage_slug, PLACE_MAX)},
	};
	size_t start = out->n;
	char before = '{';
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (members[i].text.n == 0)
			continue;
		buf_add_char(out, before);
		buf_add_str(out, members[i].name);
		buf_add_json(out, members[i].text);
		before = ',';
	}
	if (before == '{')
		buf_add_char(out, '{');
	if (l->n_fields > 0) {
		if (before == ',')
			buf_add_char(out, ',');
		buf_add_str(out, STR("\"custom_fields\":"));
		for (size_t i = 0; i < l->n_fields; i++) {
			buf_add_char(out, i == 0 ? '{' : ',');
			add_field(&l->fields[i], out);
		}
		buf_add_char(out, '}');
	}
	buf_add_char(out, '}');
	return out->over || out->n - start > LEAD_JSON_MAX ? LB_ELIMIT : 0;
}

bool lead_platform_ok(struct str source_platform)
{
	static const char *const platforms[] = {
	    "google_ads", "meta_ads", "google_organic", "direct",
	    "referral",   "hubspot",  "zoho",           "ghl",
	    "shopify",    "zenmaid",  "lead_docket",    "salesforce",
	    NULL,
	};
	return text_in_exactly(source_platform, platforms);
}

bool lead_type_ok(struct str source_type)
{
	static const char *const types[] = {
	    "form", "phone_call", "email",  "chat",
	    "sms",  "manual",     "import", NULL,
	};
	return text_in_exactly(source_type, types);
}
