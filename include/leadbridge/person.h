/* SPDX-License-Identifier: MIT */
/*
 * One person, whom a privacy request is about, and what of the store is theirs.
 * The store walks over what it has, one stored request with its units at a
 * time; sources/person.c says which of it is the person's; the store erases.
 */
#ifndef LB_PERSON_H
#define LB_PERSON_H

#include "leadbridge/arena.h"
#include "leadbridge/buf.h"
#include "leadbridge/store.h"
#include "leadbridge/value.h"

/* Any of the first three is enough. */
struct subject {
	struct str email;    /* normalised, or STR_NONE */
	struct str phone;    /* E.164; digits where it fits no plan */
	struct str customer; /* the sender's own id, exactly */
	/* Only what came in the name of this shop, portal, location; with no
	 * e-mail, phone or id: all of it. STR_NONE: whatever the account. */
	struct str account;
	char country[3]; /* of the phone, for numbers written without it */
	int64_t unit;    /* not a person, but this unit; or 0 */
};

/* As it is written by people and senders; NONE where it is not known. */
struct subject_text {
	struct str email, phone, customer, account;
	struct str country; /* of a phone number without one */
	int64_t unit;
};

/* LB_EINVAL: nothing to go by, or something that cannot be anybody's. */
LB_MUST_CHECK int subject_make(struct arena *a, const struct subject_text *text,
			       struct subject *out, struct err *err);
/* As JSON and back: how an open request keeps whom it is about. */
void subject_write(const struct subject_text *text, struct buf *out);
LB_MUST_CHECK int subject_read(struct arena *a, struct str json,
			       struct subject *out, struct err *err);

/* Whether the person is named: by exactly the normalised address, number or
 * id, never by a part of another. topic: what the root's id is an id of. */
bool subject_in_value(const struct subject *p, struct arena *a,
		      const struct value *root, struct str topic);
/* The same in free text, without ids. */
bool subject_in_text(const struct subject *p, struct arena *a, struct str text);
/* Whether it holds the person's id between two separators. */
bool subject_in_id(const struct subject *p, struct str id);

/* ---- what the store shows, and what it is told -------------------------- */

struct person_unit {
	int64_t id;
	enum unit_state state;
	struct str event_id, topic, account, body, response;
	/* Out: */
	bool theirs;
	struct str part; /* show: its element of a request that is shared */
};

enum raw_fate {
	RAW_STAYS,
	RAW_GOES,    /* nobody else is in it */
	RAW_IS_CUT,  /* the others stay, byte for byte: `cut` */
	RAW_DROPPED, /* could not be cut exactly: the others lose theirs too */
};

struct person_group { /* one stored request and its units */
	int64_t request;
	struct str source;
	int64_t received_at_ms;
	bool show; /* an export, which wants to see the parts */
	bool has_raw;
	struct str content_type, target, headers, body;
	struct person_unit *units;
	size_t n_units;
	/* Out: */
	enum raw_fate raw;
	struct str cut; /* in the arena */
};

#endif
