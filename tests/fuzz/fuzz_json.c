/* SPDX-License-Identifier: MIT */
/* What the JSON parser accepts, written and read again, is the same tree. */
#include "payload/payload.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct payload_limits LIMITS = {.depth = 32, .values = 20000};

static bool same(const struct value *a, const struct value *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->type != b->type || a->count != b->count ||
	    !str_eq(a->key, b->key) || !str_eq(a->text, b->text))
		return false;
	return same(a->first, b->first) && same(a->next, b->next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct buf out;
	struct value *first, *again;
	struct err err;
	struct str text = {(const char *)data, size};
	buf_init(&out, 8 * size + 64);
	bool lenient = size > 0 && data[size - 1] == '\t';
	if (payload_json(&a, text, &LIMITS, lenient, &first, &err) == 0) {
		value_to_json(first, &out);
		lb_assert(!out.over);
		lb_assert(payload_json(&a, buf_str(&out), &LIMITS, false,
				       &again, &err) == 0);
		lb_assert(same(first, again));
	}
	buf_release(&out);
	arena_release(&a);
	return 0;
}
