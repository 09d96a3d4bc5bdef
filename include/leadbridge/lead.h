/* SPDX-License-Identifier: MIT */
/*
 * The lead as the CRM takes it (POST /api/agents/crm/leads), its idempotency
 * key and its JSON. Pure: no I/O, no clock, any thread. All text is borrowed
 * from the arena given at init or from the payload, which must live as long.
 */
#ifndef LB_LEAD_H
#define LB_LEAD_H

#include "leadbridge/arena.h"
#include "leadbridge/buf.h"
#include "leadbridge/str.h"
#include "leadbridge/value.h"

enum lead_limits {
	LEAD_FIELDS_MAX = 100,      /* custom fields of one lead */
	LEAD_FIELD_TEXT_MAX = 4096, /* bytes of one custom field */
	LEAD_SLUG_MAX = 64,
	LEAD_NAME_MAX = 200,
	LEAD_JSON_MAX = 256 * 1024,
	LEAD_KEY_TEXT = 37, /* UUID text and its NUL */
};

struct lead;

enum field_type { FIELD_STRING, FIELD_NUMBER, FIELD_BOOL, FIELD_NULL };

struct lead_field {
	struct str slug;
	struct str text; /* NUMBER: as written; BOOL: "true"/"false" */
	enum field_type type;
};

/* For who wants to know where everything of a lead came from (explain). */
struct lead_trace {
	void *ctx;
	/* A setter is about to take this text, or this value, for a member. */
	void (*input)(void *ctx, struct str member, struct str text,
		      const struct value *v);
	/* A step of mapping is over; the lead is as it was left. */
	void (*step)(void *ctx, const char *step, const struct lead *l);
};

struct lead {
	struct lead_trace *trace; /* NULL: nobody wants to know */
	struct arena *arena;
	struct str name, phone, email; /* normalised, or STR_NONE */
	struct str source_platform, source_type, stage_slug;
	struct str phone_raw; /* as typed, when it could not be normalised */
	bool phone_withheld;  /* caller hid the number */
	struct lead_field *fields;
	size_t n_fields, cap_fields;
	size_t n_dropped; /* further fields, for which there was no room */
};

void lead_init(struct lead *l, struct arena *arena);
/* Says that a step of mapping is over. */
static inline void lead_step(struct lead *l, const char *step)
{
	if (l->trace != NULL)
		l->trace->step(l->trace->ctx, step, l);
}

/* Setters normalise; each returns true when the lead now has that contact.
 * The first value that is usable stays; later calls change nothing. */
bool lead_set_name(struct lead *l, struct str name);
bool lead_set_names(struct lead *l, struct str first, struct str last);
/* "Jane <jane@example.com>" also gives the name, when there is none yet. What
 * has an '@' but is no address goes to the custom field email_raw. */
bool lead_set_email(struct lead *l, struct str email);
/* country: default region ("US"), or NULL. Numbers that do not fit their
 * country's plan are kept as phone_raw. Extensions go to phone_ext, further
 * numbers to phone_other. */
bool lead_set_phone(struct lead *l, struct str phone, const char *country);

/* Custom fields. The slug is made from name: [a-z0-9_]{1,64}. An existing slug
 * is replaced. Values that are "no value" are left out; text is capped. Names
 * that look like secrets, captchas or card data are refused (returns false).
 * Numbers of more than 15 digits become strings, lists one line, objects JSON
 * text; lead_line takes only buyer or seller. */
bool lead_add(struct lead *l, const char *slug, struct str text);
bool lead_add_value(struct lead *l, struct str name, const struct value *v);
/* Like lead_add_value, but another answer under that slug stays: of two labels
 * that give one slug the second becomes slug_2. For names nobody fixed. */
bool lead_add_beside(struct lead *l, struct str name, const struct value *v);
bool lead_add_typed(struct lead *l, struct str name, enum field_type type,
		    struct str text);
struct str lead_get(const struct lead *l, const char *slug);
/* Removes a custom field, if it is there. */
void lead_drop(struct lead *l, const char *slug);

/* Last step of mapping: decides on phone_raw (a number that fits no plan is
 * sent as typed when it is the only way to reach the person and has 7 to 15
 * digits) and adds what was noted on the way: phone_raw, caller_id_withheld
 * (calls and messages), fields_dropped (how many would not fit the JSON). Call
 * once, when source_type is set. */
void lead_finish(struct lead *l);
/* A name, a phone or an e-mail. */
bool lead_has_contact(const struct lead *l);

/* The CRM's JSON, members in fixed order: the same lead gives the same bytes.
 * LB_ELIMIT when it would pass LEAD_JSON_MAX. */
LB_MUST_CHECK int lead_to_json(const struct lead *l, struct buf *out);

bool lead_platform_ok(struct str source_platform); /* one of the CRM's twelve */
bool lead_type_ok(struct str source_type);         /* one of its seven */

/* Idempotency key: UUID version 8 from SHA-256 over six length-prefixed fields
 * ("leadbridge/1", source, event id, index, destination, generation). */
void lead_key(unsigned char key[16], struct str source, struct str event_id,
	      uint32_t index, struct str destination, uint32_t generation);
void lead_key_text(const unsigned char key[16], char text[LEAD_KEY_TEXT]);

/* Normalisers, exposed for tests and profiles; see lead/phone.c, email.c,
 * name.c for the rules. Results live in the arena. PHONE_NONE: nothing, a
 * short code, or digits typed to get past a form. PHONE_ODD: digits that fit no
 * numbering plan. */
enum phone_result { PHONE_NONE, PHONE_OK, PHONE_ODD, PHONE_WITHHELD };
struct phone {
	enum phone_result result;
	struct str e164;      /* PHONE_OK */
	struct str extension; /* digits, or STR_NONE */
	struct str raw;       /* trimmed input */
	struct str rest;      /* PHONE_OK: further numbers, or STR_NONE */
	char country[3];      /* PHONE_OK: region, "" when not unique */
};
void phone_parse(struct arena *a, struct str text, const char *country,
		 struct phone *out);
bool phone_country_ok(const char *country); /* a region of the table */
struct str email_normalise(struct arena *a, struct str text);
struct str name_normalise(struct arena *a, struct str text);
struct str name_join(struct arena *a, struct str first, struct str last);
/* A normalised name that is all capitals or all small letters, as people write
 * it; else the name itself. See name_case.c. */
struct str name_recase(struct arena *a, struct str name);
/* "DOE JANE", as the telephone network gives names, turned round; what looks
 * like a company or is not all capitals is the name itself. */
struct str name_from_cnam(struct arena *a, struct str name);
struct str slug_make(struct arena *a, struct str name);

#endif
