/* SPDX-License-Identifier: MIT */
/*
 * A prepared signature scheme, for the two files that know its insides:
 * signature_prepare.c makes it, signature.c judges with it.
 */
#ifndef LB_SIGNATURE_PARTS_H
#define LB_SIGNATURE_PARTS_H

#include "sources/signature.h"

struct public_key;

enum {
	PARTS_MAX = 8,
};

enum part {
	PART_TEXT,
	PART_BODY,
	PART_TIMESTAMP,
	PART_ID,
	PART_URL,
	PART_METHOD
};

struct template_part {
	enum part part;
	struct str text;
};

struct key {
	enum signature_algorithm algorithm;
	struct str prefix;
	struct str hmac;           /* borrowed, or `owned` */
	unsigned char *owned;      /* decoded bytes */
	struct public_key *public; /* ED25519, RSA */
};

struct signature {
	struct signature_scheme scheme;
	struct template_part parts[PARTS_MAX];
	size_t n_parts;
	bool uses_timestamp, uses_id;
	struct key *keys;
	size_t n_keys;
	struct signature *other; /* owned, or NULL */
};

#endif
