/* SPDX-License-Identifier: MIT */
/*
 * Masks for people who look after the bridge and need not know whose lead it
 * is. Whatever is not known to be harmless is masked. Pure, any thread.
 */
#include "lead/mask.h"

#include <string.h>

#include "payload/payload.h"

#define DOTS "\xE2\x80\xA2\xE2\x80\xA2\xE2\x80\xA2"

enum {
	WORD_MIN = 3,   /* shorter values of a lead say nothing */
	DIGITS_MIN = 5, /* in a row: may be part of a phone number */
	SPREAD_MIN = 7, /* with what people write between them */
	NAME_MAX_DIGITS = 6,
};

static const struct payload_limits limits = {.depth = 64, .values = 50000};

/* ---- the person --------------------------------------------------------- */

bool person_read(struct arena *a, struct str body, struct person *out)
{
	struct value *root = NULL;
	*out = (struct person){0};
	if (body.n == 0 || body.p[0] != '{' ||
	    payload_json(a, body, &limits, true, &root, NULL) != 0)
		return false;
	out->name = value_member(root, "contact_name");
	out->phone = value_member(root, "contact_phone");
	out->email = value_member(root, "contact_email");
	return true;
}

static size_t first_letter(struct str s)
{
	size_t n = 1;
	while (n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

static void add_name(struct str name, struct buf *out)
{
	buf_add_str(out, str_sub(name, 0, first_letter(name)));
	buf_add_str(out, STR(DOTS));
}

static void add_phone(struct str phone, struct buf *out)
{
	if (phone.n < 8 || phone.p[0] != '+') {
		buf_add_str(out, STR(DOTS));
		return;
	}
	buf_add_str(out, str_sub(phone, 0, 2));
	buf_add_str(out, STR(DOTS));
	buf_add_str(out, str_sub(phone, phone.n - 2, phone.n));
}

static void add_email(struct str email, struct buf *out)
{
	long at = str_find(email, '@');
	if (at <= 0) {
		buf_add_str(out, STR(DOTS));
		return;
	}
	add_name(email, out);
	buf_add_str(out, str_sub(email, (size_t)at, email.n));
}

static void add_contact(const char *member, struct str value,
			void (*mask)(struct str value, struct buf *out),
			struct buf *out)
{
	buf_addf(out, "\"%s\":", member);
	if (value.n == 0) {
		buf_add_str(out, STR("null"));
		return;
	}
	if (mask == NULL) {
		buf_add_json(out, value);
		return;
	}
	struct buf text;
	buf_init(&text, 4096);
	mask(value, &text);
	buf_add_json(out, buf_str(&text));
	buf_release(&text);
}

void person_to_json(const struct person *p, bool masked, struct buf *out)
{
	buf_add_char(out, '{');
	add_contact("name", p->name, masked ? add_name : NULL, out);
	buf_add_char(out, ',');
	add_contact("phone", p->phone, masked ? add_phone : NULL, out);
	buf_add_char(out, ',');
	add_contact("email", p->email, masked ? add_email : NULL, out);
	buf_add_char(out, '}');
}

/* ---- shapes ------------------------------------------------------------- */

static size_t digits_in_a_row(struct str s)
{
	size_t most = 0, n = 0;
	for (size_t i = 0; i < s.n; i++) {
		n = s.p[i] >= '0' && s.p[i] <= '9' ? n + 1 : 0;
		most = n > most ? n : most;
	}
	return most;
}

/* "(415) 555-0134" has ten. */
static size_t digits_of_a_number(struct str s)
{
	size_t most = 0, n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9')
			n++;
		else if (memchr(" ()-./", s.p[i], 6) == NULL)
			n = 0;
		most = n > most ? n : most;
	}
	return most;
}

/* A name a program gave, not one that is somebody's address or number. */
static bool harmless_name(struct str key)
{
	return str_find(key, '@') < 0 && digits_in_a_row(key) < NAME_MAX_DIGITS;
}

/* Members of a lead that come from the configuration or a fixed list. */
static bool harmless_member(struct str key)
{
	static const char *const names[] = {"source_platform", "source_type",
					    "stage_slug"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(key, str_from(names[i])))
			return true;
	return false;
}

static void add_dots(struct buf *out)
{
	buf_add_str(out, STR("\"" DOTS "\""));
}

static bool mask_contact(const struct value *v, struct buf *out)
{
	static const struct {
		const char *key;
		void (*mask)(struct str value, struct buf *out);
	} contacts[] = {
	    {"contact_name", add_name},
	    {"contact_phone", add_phone},
	    {"contact_email", add_email},
	};
	for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
		if (!str_eq(v->key, str_from(contacts[i].key)) ||
		    v->type != VALUE_STRING || v->text.n == 0)
			continue;
		struct buf text;
		buf_init(&text, 4096);
		contacts[i].mask(v->text, &text);
		buf_add_json(out, buf_str(&text));
		buf_release(&text);
		return true;
	}
	return false;
}

/* lead: v is a lead's root, whose own members are known. */
static void add_shape(const struct value *v, bool lead, struct buf *out)
{
	bool object = v->type == VALUE_OBJECT;
	if (v->type == VALUE_NULL) {
		buf_add_str(out, STR("null"));
		return;
	}
	if (!object && v->type != VALUE_ARRAY) {
		add_dots(out);
		return;
	}
	buf_add_char(out, object ? '{' : '[');
	VALUE_EACH (child, v) {
		if (child != v->first)
			buf_add_char(out, ',');
		if (object) {
			buf_add_json(out, harmless_name(child->key)
					      ? child->key
					      : STR(DOTS));
			buf_add_char(out, ':');
		}
		if (lead && harmless_member(child->key) &&
		    child->type == VALUE_STRING)
			buf_add_json(out, child->text);
		else if (!lead || !mask_contact(child, out))
			add_shape(child, false, out);
	}
	buf_add_char(out, object ? '}' : ']');
}

static void mask(struct str text, bool lead, struct buf *out)
{
	struct arena a;
	struct value *root = NULL;
	arena_init(&a);
	if (text.n > 0 && (text.p[0] == '{' || text.p[0] == '[') &&
	    payload_json(&a, text, &limits, true, &root, NULL) == 0)
		add_shape(root, lead && root->type == VALUE_OBJECT, out);
	else
		buf_addf(out, DOTS " (%zu bytes)", text.n);
	arena_release(&a);
}

void mask_text(struct str text, struct buf *out)
{
	mask(text, false, out);
}

void mask_lead(struct str body, struct buf *out)
{
	mask(body, true, out);
}

/* ---- what the CRM said -------------------------------------------------- */

/* Whether a value of the lead is in the message. */
static bool tells(struct str message, const struct value *v)
{
	if (v->type == VALUE_STRING || v->type == VALUE_NUMBER)
		return v->text.n >= WORD_MIN &&
		       str_ifind_str(message, v->text) >= 0;
	VALUE_EACH (child, v)
		if (!harmless_member(child->key) && tells(message, child))
			return true;
	return false;
}

/* The parts of a name are as telling as the whole. */
static bool tells_name(struct str message, struct str name)
{
	while (name.n > 0) {
		struct str rest, word = str_cut(name, ' ', &rest);
		if (word.n >= WORD_MIN && str_ifind_str(message, word) >= 0)
			return true;
		name = rest;
	}
	return false;
}

static bool harmless_message(struct arena *a, struct str message,
			     struct str lead_body)
{
	struct value *lead = NULL;
	if (str_find(message, '@') >= 0 ||
	    digits_in_a_row(message) >= DIGITS_MIN ||
	    digits_of_a_number(message) >= SPREAD_MIN)
		return false;
	if (lead_body.n == 0)
		return false; /* nothing to compare it with */
	return payload_json(a, lead_body, &limits, true, &lead, NULL) == 0 &&
	       !tells(message, lead) &&
	       !tells_name(message, value_member(lead, "contact_name"));
}

/* "invalid_request_error", "422" */
static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
			   "Z0123456789_.-",
			   s.p[i]) == NULL ||
		    s.p[i] == '\0')
			return false;
	return s.n > 0 && s.n <= 64 && harmless_name(s);
}

void mask_answer(struct str answer, struct str lead_body, struct buf *out)
{
	struct arena a;
	struct value *root = NULL;
	arena_init(&a);
	bool json = payload_json(&a, answer, &limits, true, &root, NULL) == 0;
	const struct value *error = json ? value_get(root, "error") : NULL;
	struct str type = value_member(error, "type");
	struct str code = value_member(error, "code");
	struct str message = value_member(error, "message");
	if (error == NULL || error->type != VALUE_OBJECT) {
		mask_text(answer, out);
	} else {
		buf_addf(out, "{\"error\":{\"type\":");
		buf_add_json(out, is_word(type) ? type : STR(DOTS));
		buf_addf(out, ",\"code\":");
		buf_add_json(out, is_word(code) ? code : STR(DOTS));
		buf_addf(out, ",\"message\":");
		buf_add_json(out, harmless_message(&a, message, lead_body)
				      ? message
				      : STR(DOTS));
		buf_addf(out, "}}");
	}
	arena_release(&a);
}
