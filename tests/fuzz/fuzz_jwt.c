/* SPDX-License-Identifier: MIT */
/* Any body as a JSON Web Token: taken apart, its header and payload read. */
#include "base/mem.h"
#include "payload/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct payload_limits limits = {.depth = 32, .values = 1000};
	struct str body = {(const char *)data, size};
	struct value *payload = NULL;
	struct err err = {0};
	struct arena arena;
	struct jwt jwt;
	arena_init(&arena);
	if (jwt_cut(body, &jwt)) {
		lb_assert(jwt.signed_text.n ==
			  jwt.header.n + 1 + jwt.payload.n);
		lb_assert(jwt.signature.n > 0 && jwt.signature.n < size);
		(void)jwt_algorithm(&arena, &jwt);
		if (payload_jwt(&arena, &jwt, &limits, &payload, &err) != 0)
			lb_assert(err.text[0] != '\0');
		else
			lb_assert(payload != NULL);
	}
	arena_release(&arena);
	return 0;
}
