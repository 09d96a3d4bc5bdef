/* SPDX-License-Identifier: MIT */
/*
 * JSON Web Tokens in compact form (RFC 7515, 7519) as a body: three parts of
 * base64url with full stops between. Takes them apart and reads the JSON;
 * whether one is right is judged in sources/signature.c. Pure, any thread.
 */
#ifndef LB_JWT_H
#define LB_JWT_H

#include "payload/payload.h"

struct jwt {
	struct str header, payload, signature; /* as sent: base64url */
	struct str signed_text;                /* header, full stop, payload */
};

/* Whether text, blanks and one pair of quotes around it left out, has the form
 * of a token. */
bool jwt_cut(struct str text, struct jwt *out);
/* "alg" of its header, or STR_NONE. */
struct str jwt_algorithm(struct arena *a, const struct jwt *jwt);
/* What it carries, as payload_json() reads it. */
LB_MUST_CHECK int payload_jwt(struct arena *a, const struct jwt *jwt,
			      const struct payload_limits *limits,
			      struct value **out, struct err *err);

#endif
