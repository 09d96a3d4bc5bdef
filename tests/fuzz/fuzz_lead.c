/* SPDX-License-Identifier: MIT */
/* Any JSON object, mapped, gives a lead whose text is valid JSON, in bounds,
 * the same each time. */
#include "base/mem.h"
#include "leadbridge/lead.h"
#include "payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct payload_limits LIMITS = {.depth = 40, .values = 20000};

static void render(struct arena *a, const struct value *root, struct buf *out)
{
	struct lead l;
	lead_init(&l, a);
	lead_set_name(&l, value_member(root, "name"));
	lead_set_email(&l, value_member(root, "email"));
	lead_set_phone(&l, value_member(root, "phone"), "US");
	l.stage_slug = value_member(root, "stage");
	VALUE_EACH (child, root)
		lead_add_beside(&l, child->key, child);
	l.name = name_recase(a, l.name);
	lead_finish(&l);
	lb_assert(l.n_fields <= LEAD_FIELDS_MAX);
	lb_assert(lead_to_json(&l, out) == 0 && out->n <= LEAD_JSON_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct buf one, two;
	struct value *root, *again;
	struct str text = {(const char *)data, size};
	buf_init(&one, LEAD_JSON_MAX);
	buf_init(&two, LEAD_JSON_MAX);
	if (payload_json(&a, text, &LIMITS, false, &root, NULL) == 0) {
		render(&a, root, &one);
		render(&a, root, &two);
		lb_assert(str_eq(buf_str(&one), buf_str(&two)));
		lb_assert(str_is_utf8(buf_str(&one)));
		lb_assert(payload_json(&a, buf_str(&one), &LIMITS, false,
				       &again, NULL) == 0);
		lb_assert(
		    !value_has_duplicate(value_get(again, "custom_fields")));
	}
	buf_release(&one);
	buf_release(&two);
	arena_release(&a);
	return 0;
}
