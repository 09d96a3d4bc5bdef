/* SPDX-License-Identifier: MIT */
/* Whatever XML makes is a tree that can be written as valid JSON. */
#include "base/mem.h"
#include "payload/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct payload_limits LIMITS = {.depth = 16, .values = 2000};
/* A list is a level of its own. */
static const struct payload_limits AGAIN = {.depth = 32, .values = 2000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct buf out;
	struct value *tree = NULL, *again;
	struct err err;
	struct str text = {(const char *)data, size};
	buf_init(&out, 64 * size + 64);
	if (payload_xml(&a, text, &LIMITS, &tree, &err) == 0) {
		lb_assert(tree->type == VALUE_OBJECT && tree->count == 1);
		value_to_json(tree, &out);
		lb_assert(!out.over);
		lb_assert(str_is_utf8(buf_str(&out)));
		lb_assert(payload_json(&a, buf_str(&out), &AGAIN, false, &again,
				       &err) == 0);
		lb_assert(!value_has_duplicate(again));
	} else {
		lb_assert(tree == NULL);
	}
	buf_release(&out);
	arena_release(&a);
	return 0;
}
