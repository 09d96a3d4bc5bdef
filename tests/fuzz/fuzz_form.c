/* SPDX-License-Identifier: MIT */
/* Whatever a form makes is a tree that can be written as valid JSON. */
#include "payload/payload.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct payload_limits LIMITS = {.depth = 16, .values = 2000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct buf out;
	struct value *tree, *again;
	struct err err;
	struct str text = {(const char *)data, size};
	buf_init(&out, 64 * size + 64);
	if (payload_form(&a, text, &LIMITS, &tree, &err) == 0) {
		value_to_json(tree, &out);
		lb_assert(!out.over);
		lb_assert(str_is_utf8(buf_str(&out)));
		lb_assert(payload_json(&a, buf_str(&out), &LIMITS, false,
				       &again, &err) == 0);
		lb_assert(!value_has_duplicate(again));
	}
	buf_release(&out);
	arena_release(&a);
	return 0;
}
