/* SPDX-License-Identifier: MIT */
/* Paths and Content-Type parameters: only what is well-formed leads on. */
#include "base/mem.h"
#include "payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct payload_limits LIMITS = {.depth = 16, .values = 100};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct value *root;
	struct str text = {(const char *)data, size};
	int rc = payload_json(
	    &a, STR("{\"a\":{\"b\":[1,{\"odd key\":2}]},\"\\\"\":null}"),
	    &LIMITS, false, &root, NULL);
	lb_assert(rc == 0);
	const struct value *v = value_path(root, text);
	lb_assert(v == NULL || value_path_ok(text));
	struct header header = {STR("Content-Type"), text};
	struct request request = {.headers = &header, .n_headers = 1};
	struct str type = request_media_type(&request);
	lb_assert(str_find(type, ';') < 0 && type.n <= size);
	struct str boundary = request_media_param(&request, "boundary");
	lb_assert(boundary.n <= size);
	arena_release(&a);
	return 0;
}
