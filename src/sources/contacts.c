/* SPDX-License-Identifier: MIT */
/* Field recognition of forms and hand-written JSON; see the header. */
#include "sources/contacts.h"

#include "sources/adapter.h"
#include "sources/programs.h"

enum { ENTRIES_MAX = 500, KEY_MAX = 120 };

enum kind {
	KIND_NONE,
	KIND_NAME,
	KIND_FIRST,
	KIND_LAST,
	KIND_EMAIL,
	KIND_PHONE
};

struct entry {
	struct str name; /* for the custom field */
	struct str key;  /* normalised, for recognition */
	const struct value *value;
	bool used;
};

struct entries {
	struct entry *v;
	size_t n;
};

/* ---- recognition by name ------------------------------------------------ */

struct rule {
	const char *word;
	enum kind kind;
};

static const struct rule exact[] = {
    {"email", KIND_EMAIL},         {"e_mail", KIND_EMAIL},
    {"mail", KIND_EMAIL},          {"email_address", KIND_EMAIL},
    {"emailaddress", KIND_EMAIL},  {"contact_email", KIND_EMAIL},
    {"correo", KIND_EMAIL},        {"courriel", KIND_EMAIL},
    {"phone", KIND_PHONE},         {"tel", KIND_PHONE},
    {"telephone", KIND_PHONE},     {"mobile", KIND_PHONE},
    {"cell", KIND_PHONE},          {"phone_number", KIND_PHONE},
    {"phonenumber", KIND_PHONE},   {"whatsapp", KIND_PHONE},
    {"contact_phone", KIND_PHONE}, {"contact_number", KIND_PHONE},
    {"telefono", KIND_PHONE},      {"telefon", KIND_PHONE},
    {"handy", KIND_PHONE},         {"name", KIND_NAME},
    {"full_name", KIND_NAME},      {"fullname", KIND_NAME},
    {"contact_name", KIND_NAME},   {"customer_name", KIND_NAME},
    {"nombre", KIND_NAME},         {"first", KIND_FIRST},
    {"first_name", KIND_FIRST},    {"firstname", KIND_FIRST},
    {"fname", KIND_FIRST},         {"given_name", KIND_FIRST},
    {"name_first", KIND_FIRST},    {"vorname", KIND_FIRST},
    {"prenom", KIND_FIRST},        {"last", KIND_LAST},
    {"last_name", KIND_LAST},      {"lastname", KIND_LAST},
    {"lname", KIND_LAST},          {"surname", KIND_LAST},
    {"family_name", KIND_LAST},    {"name_last", KIND_LAST},
    {"nachname", KIND_LAST},       {"nom", KIND_LAST},
};

static const struct rule inside[] = {
    {"email", KIND_EMAIL},      {"e_mail", KIND_EMAIL},
    {"correo", KIND_EMAIL},     {"courriel", KIND_EMAIL},
    {"phone", KIND_PHONE},      {"mobile", KIND_PHONE},
    {"telefon", KIND_PHONE},    {"whatsapp", KIND_PHONE},
    {"first_name", KIND_FIRST}, {"last_name", KIND_LAST},
    {"surname", KIND_LAST},     {"name", KIND_NAME},
};

/* A key that holds one of these is about something else. */
static const char *const misleading[] = {
    "type",    "best",     "time",      "company",  "business", "form",
    "user",    "file",     "event",     "product",  "domain",   "page",
    "host",    "campaign", "consent",   "opt_in",   "optin",    "agree",
    "subject", "template", "marketing", "category", "service",  "ext",
    "street",  "city",     "pet",       "project",  NULL,
};

static enum kind kind_exact(struct str key)
{
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		if (str_eq(key, str_from(exact[i].word)))
			return exact[i].kind;
	return KIND_NONE;
}

static enum kind kind_inside(struct str key)
{
	for (size_t i = 0; misleading[i] != NULL; i++)
		if (str_find_str(key, str_from(misleading[i])) >= 0)
			return KIND_NONE;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (str_find_str(key, str_from(inside[i].word)) >= 0)
			return inside[i].kind;
	return KIND_NONE;
}

/* ---- flattening --------------------------------------------------------- */

static struct str cut_front(struct str key, const char *front)
{
	struct str s = str_from(front);
	return str_starts(key, s) && key.n > s.n ? str_sub(key, s.n, key.n)
						 : key;
}

/* "q3_email" of builders that number their questions. */
static struct str cut_number(struct str key)
{
	size_t i = key.n > 0 && key.p[0] == 'q' ? 1 : 0;
	size_t digits = i;
	while (i < key.n && key.p[i] >= '0' && key.p[i] <= '9')
		i++;
	if (i == digits || i + 1 >= key.n || key.p[i] != '_')
		return key;
	return str_sub(key, i + 1, key.n);
}

/* Lower case, '_' for everything else, common wrappers cut. */
static struct str normalise(struct arena *arena, struct str name)
{
	static const char *const fronts[] = {"your_",  "wpforms_", "fields_",
					     "field_", "hidden_",  "form_"};
	char *out = arena_alloc(arena, KEY_MAX + 1);
	size_t n = 0;
	name = slug_make(arena, name); /* accents go: "prenom" */
	for (size_t i = 0; i < name.n && n < KEY_MAX; i++) {
		char c = name.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (word)
			out[n++] = c;
		else if (n > 0 && out[n - 1] != '_')
			out[n++] = '_';
	}
	while (n > 0 && out[n - 1] == '_')
		n--;
	struct str key = {out, n};
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++)
		key = cut_front(key, fronts[i]);
	return cut_number(key);
}

/* Objects that only hold the answers together: their name says nothing. */
static bool is_wrapper(struct str name)
{
	static const char *const wrappers[] = {
	    "fields", "data",    "form_fields", "form",    "answers", "lead",
	    "person", "contact", "customer",    "payload", NULL};
	return word_in(wrappers, name);
}

static void add_entry(const struct source_call *call, struct entries *list,
		      struct str parent, const struct value *member)
{
	if (list->n == ENTRIES_MAX)
		return;
	struct str name = member->key;
	if (parent.n > 0 && !is_wrapper(parent))
		name = arena_printf(call->arena, "%.*s_%.*s", STR_FMT(parent),
				    STR_FMT(name));
	list->v[list->n++] =
	    (struct entry){name, normalise(call->arena, name), member, false};
}

/* The members of object, and one level below it. */
static struct entries flatten(const struct source_call *call,
			      const struct value *object,
			      const char *const *skip)
{
	struct entries list = {
	    arena_alloc(call->arena, ENTRIES_MAX * sizeof(*list.v)), 0};
	VALUE_EACH (member, object) {
		if (word_in(skip, member->key))
			continue;
		if (member->type != VALUE_OBJECT) {
			add_entry(call, &list, STR_NONE, member);
			continue;
		}
		VALUE_EACH (child, member)
			if (!word_in(skip, child->key))
				add_entry(call, &list, member->key, child);
	}
	return list;
}

/* ---- setting ------------------------------------------------------------ */

/* Whether the lead has taken it over. A number that fits no plan does not keep
 * the next one out; what holds no digit ("ask my wife") is an answer like any
 * other. */
static bool set_phone(struct lead *lead, struct str text, const char *region)
{
	bool had_raw = lead->phone_raw.n > 0, withheld = lead->phone_withheld;
	if (lead->phone.n > 0)
		return false;
	return lead_set_phone(lead, text, region) ||
	       (!had_raw && lead->phone_raw.n > 0) ||
	       (!withheld && lead->phone_withheld);
}

/* What came first stays; a second phone or e-mail is a field like any other. */
static void set_contact(struct entry *e, enum kind kind, const char *region,
			struct lead *lead)
{
	struct str text = value_text(e->value);
	if (text.n == 0 || e->used)
		return;
	switch (kind) {
	case KIND_EMAIL:
		if (lead->email.n == 0)
			e->used = lead_set_email(lead, text);
		return;
	case KIND_PHONE:
		e->used = set_phone(lead, text, region);
		return;
	case KIND_NAME:
		if (lead->name.n == 0)
			e->used = lead_set_name(lead, text);
		return;
	case KIND_FIRST:
	case KIND_LAST:
	case KIND_NONE:
		return;
	}
}

/* First and last name stand in two members. */
static void set_names(struct entries *list, enum kind (*kind_of)(struct str),
		      struct lead *lead)
{
	struct entry *first = NULL, *last = NULL;
	for (size_t i = 0; i < list->n; i++) {
		enum kind kind = kind_of(list->v[i].key);
		if (kind == KIND_FIRST && first == NULL)
			first = &list->v[i];
		if (kind == KIND_LAST && last == NULL)
			last = &list->v[i];
	}
	if (lead->name.n > 0 || (first == NULL && last == NULL))
		return;
	struct str a = first != NULL ? value_text(first->value) : STR_NONE;
	struct str b = last != NULL ? value_text(last->value) : STR_NONE;
	if (!lead_set_names(lead, a, b))
		return;
	if (first != NULL)
		first->used = true;
	if (last != NULL)
		last->used = true;
}

static void set_by_name(struct entries *list, enum kind (*kind_of)(struct str),
			const char *region, struct lead *lead)
{
	set_names(list, kind_of, lead);
	for (size_t i = 0; i < list->n; i++)
		set_contact(&list->v[i], kind_of(list->v[i].key), region, lead);
}

/* No member is called e-mail, but one is: only a whole address counts. */
static void set_email_by_value(struct entries *list, struct lead *lead)
{
	for (size_t i = 0; i < list->n && lead->email.n == 0; i++) {
		struct str text = value_text(list->v[i].value);
		if (text.n > 254 || str_find(text, '@') < 1 ||
		    str_find(text, ' ') >= 0)
			continue;
		set_contact(&list->v[i], KIND_EMAIL, NULL, lead);
	}
}

/* What `map` names becomes what `map` says, and nothing beside it. */
static void mark_mapped(const struct source *source, const struct value *object,
			struct entries *list)
{
	const struct source_program *p = source->program;
	struct evaluation at = {.event = object};
	for (size_t m = 0; p != NULL && m < p->n_map; m++) {
		bool more = true;
		for (size_t c = 0; more; c++) {
			const struct value *v =
			    expression_candidate(&p->map[m], &at, c, &more);
			for (size_t i = 0; i < list->n && v != NULL; i++)
				list->v[i].used |= list->v[i].value == v;
		}
	}
}

static const char *region_of(const struct source_call *call,
			     const struct value *object)
{
	struct str country = value_member(object, "country");
	if (call->source->country != NULL || country.n != 2)
		return call->source->country;
	const char *given = arena_copy(call->arena, country).p;
	return phone_country_ok(given) ? given : NULL;
}

void contacts_map(const struct source_call *call, const struct value *object,
		  const char *const *skip, bool guess, struct lead *lead)
{
	struct entries list = flatten(call, object, skip);
	const char *region = region_of(call, object);
	mark_mapped(call->source, object, &list);
	if (guess) {
		set_by_name(&list, kind_exact, region, lead);
		set_by_name(&list, kind_inside, region, lead);
		set_email_by_value(&list, lead);
	}
	for (size_t i = 0; i < list.n; i++)
		if (!list.v[i].used)
			lead_add_beside(lead, list.v[i].name, list.v[i].value);
}

struct str contacts_canonical(const struct source_call *call,
			      const struct value *payload)
{
	struct buf text;
	struct str out = STR_NONE;
	/* Escapes make a byte six at most. */
	buf_init(&text, 64 + 8 * call->request->body.n);
	value_to_json(payload, &text);
	if (!text.over)
		out = arena_copy_buf(call->arena, &text);
	buf_release(&text);
	return out;
}
