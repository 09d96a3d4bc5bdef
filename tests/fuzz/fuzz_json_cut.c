/* SPDX-License-Identifier: MIT */
/* Cut out of any bytes; what was JSON stays JSON, one element shorter. */
#include "base/mem.h"
#include "payload/json_cut.h"
#include "payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct payload_limits limits = {.depth = 32,
						     .values = 2000};
	struct arena a = {0};
	struct buf out;
	struct value *before = NULL, *after = NULL;
	size_t at = size > 0 ? data[0] % 4 : 0;
	struct str text = {(const char *)data + (size > 0), size - (size > 0)};
	const struct json_step steps[] = {{.key = STR("a")}, {.index = at}};
	const struct json_step *from = &steps[1];
	buf_init(&out, size + 1);
	(void)!json_cut(text, steps, 2, &out);
	buf_reset(&out);
	int rc = json_cut(text, from, 1, &out);
	lb_assert(out.n <= size);
	if (payload_json(&a, text, &limits, false, &before, NULL) == 0 &&
	    before->type == VALUE_ARRAY && before->count > at) {
		lb_assert(rc == 0);
		lb_assert(payload_json(&a, buf_str(&out), &limits, false,
				       &after, NULL) == 0);
		lb_assert(after->count == before->count - 1);
	}
	buf_release(&out);
	arena_release(&a);
	return 0;
}
