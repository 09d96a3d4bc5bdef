/* SPDX-License-Identifier: MIT */
/* JSON Web Tokens taken apart; see the header. */
#include "payload/jwt.h"

#include "base/codec.h"

/* A part that could be base64url. */
static bool part_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '-' || c == '_';
		if (!word)
			return false;
	}
	return s.n > 0;
}

bool jwt_cut(struct str text, struct jwt *out)
{
	text = str_trim(text);
	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		text = str_sub(text, 1, text.n - 1);
	struct str rest = text;
	out->header = str_cut(rest, '.', &rest);
	out->payload = str_cut(rest, '.', &rest);
	out->signature = rest;
	if (!part_ok(out->header) || !part_ok(out->payload) ||
	    !part_ok(out->signature))
		return false;
	out->signed_text = str_sub(text, 0, out->header.n + 1 + out->payload.n);
	return true;
}

static int read_part(struct arena *a, struct str part,
		     const struct payload_limits *limits, struct value **out,
		     struct err *err)
{
	unsigned char *raw = arena_alloc(a, part.n + 4);
	size_t n = 0;
	if (base64_decode(part, BASE64_URL, raw, part.n + 4, &n) != 0)
		return err_set(err, LB_EINVAL, "token is not base64url");
	return payload_json(a, (struct str){(const char *)raw, n}, limits,
			    false, out, err);
}

struct str jwt_algorithm(struct arena *a, const struct jwt *jwt)
{
	static const struct payload_limits limits = {.depth = 4, .values = 100};
	struct value *header = NULL;
	if (read_part(a, jwt->header, &limits, &header, NULL) != 0 ||
	    value_has_duplicate(header))
		return STR_NONE;
	return value_member(header, "alg");
}

int payload_jwt(struct arena *a, const struct jwt *jwt,
		const struct payload_limits *limits, struct value **out,
		struct err *err)
{
	return read_part(a, jwt->payload, limits, out, err);
}
