/* SPDX-License-Identifier: MIT */
/*
 * Finds a person in what is stored: values of payloads and leads, and free
 * text. Always the whole of something (an address, a number, an id), compared
 * after the same normalisation that made the leads: jo@x.com is not in
 * jojo@x.com, nor in jo@x.com.au. Pure.
 */
#include <string.h>

#include "base/codec.h"
#include "lead/person_parts.h"

enum { RUN_MAX = 64 }; /* bytes of a number in a text */

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct str person_digits(struct arena *a, struct str text)
{
	char *out = arena_alloc(a, PHONE_DIGITS_MAX + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (!is_digit(text.p[i]))
			continue;
		if (n == PHONE_DIGITS_MAX)
			return STR_NONE;
		out[n++] = text.p[i];
	}
	return (struct str){out, n};
}

/* ---- e-mail ------------------------------------------------------------- */

/* Whether the address ends here, and no longer one goes on. */
static bool address_ends(struct str text, size_t at)
{
	if (at >= text.n)
		return true;
	char c = text.p[at];
	if (c == '.')
		return at + 1 >= text.n || !is_alnum(text.p[at + 1]);
	return !is_alnum(c) && c != '-' && c != '_' && (c & 0x80) == 0;
}

static bool address_begins(struct str text, size_t at)
{
	if (at == 0)
		return true;
	char c = text.p[at - 1];
	return !is_alnum(c) && (c & 0x80) == 0 && !is_one_of(c, ".+-_!#$%^*~");
}

/* The address somewhere in a text, as a whole. */
static bool email_in_text(struct str email, struct str text)
{
	size_t from = 0;
	if (memchr(text.p, '@', text.n) == NULL) /* most have none */
		return false;
	while (from < text.n) {
		struct str rest = str_sub(text, from, text.n);
		long at = str_ifind_str(rest, email);
		if (at < 0)
			return false;
		size_t start = from + (size_t)at;
		if (address_begins(text, start) &&
		    address_ends(text, start + email.n))
			return true;
		from = start + 1;
	}
	return false;
}

static bool email_fits(const struct subject *p, struct arena *a,
		       struct str text)
{
	if (p->email.n == 0 || text.n < p->email.n)
		return false;
	if (email_in_text(p->email, text))
		return true;
	/* Written in another way: full width, an IDN, invisible characters. */
	bool plain = true;
	for (size_t i = 0; i < text.n && plain; i++)
		plain = (text.p[i] & 0x80) == 0;
	return !plain && str_eq(email_normalise(a, text), p->email);
}

/* ---- phone -------------------------------------------------------------- */

static bool in_number(char c)
{
	return is_digit(c) || is_one_of(c, " -.()/+");
}

static bool all_number(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!in_number(text.p[i]))
			return false;
	return true;
}

static bool number_fits(const struct subject *p, struct arena *a,
			struct str text)
{
	struct phone phone;
	const char *home = p->country[0] != '\0' ? p->country : NULL;
	struct str digits = person_digits(a, text);
	struct str want = p->phone;
	if (want.n > 0 && want.p[0] == '+')
		want = str_sub(want, 1, want.n);
	if (digits.n >= PHONE_LEAST_DIGITS && str_eq(digits, want) &&
	    all_number(text))
		return true;
	if (p->phone.p[0] != '+')
		return false;
	for (int i = 0; i < 4 && text.n > 0; i++) {
		phone_parse(a, text, home, &phone);
		if (phone.result != PHONE_OK)
			return false;
		if (str_eq(phone.e164, p->phone))
			return true;
		text = phone.rest;
	}
	return false;
}

/* The runs of a text that could be a number: whole, and where a blank parts
 * them. */
static bool run_fits(const struct subject *p, struct arena *a, struct str run)
{
	if (phone_count_digits(run) < PHONE_LEAST_DIGITS)
		return false;
	if (number_fits(p, a, run))
		return true;
	struct str rest = run;
	while (rest.n > 0) {
		struct str part = str_cut(rest, ' ', &rest);
		if (part.n < run.n &&
		    phone_count_digits(part) >= PHONE_LEAST_DIGITS &&
		    number_fits(p, a, part))
			return true;
	}
	return false;
}

static bool phone_in_text(const struct subject *p, struct arena *a,
			  struct str text)
{
	size_t i = 0;
	while (i < text.n) {
		if (!is_digit(text.p[i]) && text.p[i] != '+' &&
		    text.p[i] != '(') {
			i++;
			continue;
		}
		size_t from = i;
		while (i < text.n && in_number(text.p[i]))
			i++;
		/* Part of a word is no number. */
		bool word =
		    (from > 0 && is_alnum(text.p[from - 1])) ||
		    (i < text.n && is_alnum(text.p[i]) &&
		     !is_one_of(text.p[i], "xX") && text.p[i - 1] != ' ');
		if (!word && i - from <= RUN_MAX &&
		    run_fits(p, a, str_sub(text, from, i)))
			return true;
	}
	return false;
}

static bool phone_fits(const struct subject *p, struct arena *a,
		       struct str text)
{
	if (p->phone.n == 0 || phone_count_digits(text) < PHONE_LEAST_DIGITS)
		return false;
	if (text.n <= PHONE_TYPED_MAX && number_fits(p, a, text))
		return true;
	return phone_in_text(p, a, text);
}

bool subject_in_text(const struct subject *p, struct arena *a, struct str text)
{
	if (text.n == 0)
		return false;
	if (email_fits(p, a, text) || phone_fits(p, a, text))
		return true;
	if (memchr(text.p, '%', text.n) == NULL)
		return false;
	struct str plain = percent_decode(a, text, false);
	return email_fits(p, a, plain) || phone_fits(p, a, plain);
}

/* ---- ids ---------------------------------------------------------------- */

/* What an id may belong to that stands for a person. */
static const char *const people[] = {"customer", "contact", "person",
				     "lead",     "client",  "user",
				     "visitor",  "sender",  NULL};

static bool names_person(struct str word)
{
	for (size_t i = 0; people[i] != NULL; i++)
		if (str_ifind_str(word, str_from(people[i])) >= 0)
			return true;
	return false;
}

/* "id", "ids", "ID" */
static bool is_plain_id(struct str key)
{
	return str_ieq(key, STR("id")) || str_ieq(key, STR("ids"));
}

static bool is_id(struct str key)
{
	size_t n = key.n;
	return is_plain_id(key) || (n > 2 && (str_ends(key, STR("_id")) ||
					      str_ends(key, STR("Id")) ||
					      str_ends(key, STR("ID"))));
}

/* One member, and what it stands in. */
struct place {
	const struct value *parent; /* object; NULL at the root */
	struct str owner;           /* name of the object; "" at the root */
	struct str list;            /* name of the list it is in */
	struct str topic;
};

/* HubSpot says what an objectId is an id of. */
static bool object_is_person(const struct place *at)
{
	struct str kind = value_member(at->parent, "objectTypeId");
	struct str type = value_member(at->parent, "subscriptionType");
	if (type.n == 0)
		type = value_member(at->parent, "eventType");
	if (kind.n > 0)
		return str_eq(kind, STR("0-1"));
	return type.n == 0 || str_starts(type, STR("contact."));
}

static bool is_person_id(const struct place *at, struct str key)
{
	if (str_eq(key, STR("objectId")))
		return object_is_person(at);
	if (is_plain_id(key)) {
		if (at->owner.n > 0)
			return names_person(at->owner);
		return at->topic.n == 0 || names_person(at->topic);
	}
	/* Most often the user is the colleague it was assigned to. */
	return is_id(key) && names_person(key) &&
	       str_ifind_str(key, STR("user")) < 0;
}

/* "gid://shopify/Customer/17" */
static bool gid_fits(struct str text, struct str id)
{
	if (!str_starts(text, STR("gid://")) || !str_ends(text, id))
		return false;
	struct str path = str_sub(text, 6, text.n - id.n);
	return str_ends(path, STR("/")) && names_person(path);
}

static bool id_fits(const struct subject *p, const struct place *at,
		    const struct value *v)
{
	struct str key = v->key.n > 0 ? v->key : at->list;
	if (p->customer.n == 0)
		return false;
	if (gid_fits(v->text, p->customer))
		return true;
	return str_eq(str_trim(v->text), p->customer) && is_person_id(at, key);
}

bool subject_in_id(const struct subject *p, struct str id)
{
	struct str want = p->customer;
	if (want.n == 0)
		return false;
	for (size_t i = 0; i + want.n <= id.n; i++)
		if (memcmp(id.p + i, want.p, want.n) == 0 &&
		    (i == 0 || is_one_of(id.p[i - 1], "/:|")) &&
		    (i + want.n == id.n || is_one_of(id.p[i + want.n], "/:|")))
			return true;
	return false;
}

/* ---- trees -------------------------------------------------------------- */

static bool scalar_fits(const struct subject *p, struct arena *a,
			const struct place *at, const struct value *v)
{
	if (v->type != VALUE_STRING && v->type != VALUE_NUMBER)
		return false;
	if (id_fits(p, at, v) || email_fits(p, a, v->text))
		return true;
	/* An id is no number, though it may have as many digits. */
	if (is_id(v->key) && !str_starts(v->text, STR("+")))
		return v->type == VALUE_STRING && str_find(v->text, '@') >= 0 &&
		       subject_in_text(p, a, v->text);
	if (v->type == VALUE_NUMBER)
		return phone_fits(p, a, v->text);
	return subject_in_text(p, a, v->text);
}

/* Depth-first without recursion: the tree is as deep as its sender made it. */
struct step {
	const struct value *v;
	struct place at;
};

static void enter(struct step *next, const struct step *from)
{
	const struct value *v = from->v;
	next->v = v->first;
	next->at.topic = from->at.topic;
	if (v->type == VALUE_OBJECT) {
		next->at.parent = v;
		next->at.owner = v->key.n > 0 ? v->key : from->at.owner;
	} else {
		next->at.parent = from->at.parent;
		next->at.list = v->key;
		next->at.owner = v->key.n > 0 && !is_plain_id(v->key)
				     ? v->key
				     : from->at.owner;
	}
}

bool subject_in_value(const struct subject *p, struct arena *a,
		      const struct value *root, struct str topic)
{
	enum { DEPTH = 260 }; /* more than any parser takes */
	struct step *stack = arena_alloc(a, DEPTH * sizeof(*stack));
	struct value top = {.type = VALUE_NULL};
	size_t n = 0;
	if (root == NULL)
		return false;
	top = *root;
	top.next = NULL;
	top.key = STR_NONE;
	stack[n++] = (struct step){.v = &top, .at = {.topic = topic}};
	while (n > 0) {
		struct step *at = &stack[n - 1];
		const struct value *v = at->v;
		if (v == NULL) {
			n--;
			continue;
		}
		if (v->first != NULL && n < DEPTH) {
			struct step child = {0};
			enter(&child, at);
			at->v = v->next;
			stack[n++] = child;
			continue;
		}
		if (scalar_fits(p, a, &at->at, v))
			return true;
		at->v = v->next;
	}
	return false;
}
