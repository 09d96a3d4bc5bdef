/* SPDX-License-Identifier: MIT */
/* A person in any bytes: no overrun, and what is put in is found again. */
#include "base/mem.h"
#include "leadbridge/person.h"
#include "payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct payload_limits limits = {.depth = 32,
						     .values = 2000};
	struct arena a = {0};
	struct str text = {(const char *)data, size};
	const struct subject p = {.email = STR("jo@x.com"),
				  .phone = STR("+12125550143"),
				  .customer = STR("77"),
				  .country = "US"};
	struct subject made;
	struct value *v = NULL;
	(void)subject_in_text(&p, &a, text);
	(void)subject_in_id(&p, text);
	(void)!subject_read(&a, text, &made, NULL);
	if (payload_json(&a, text, &limits, true, &v, NULL) == 0)
		(void)subject_in_value(&p, &a, v, STR("customers/create"));
	struct str with =
	    arena_printf(&a, "%.*s <jo@x.com> ", (int)size, (const char *)data);
	if (memchr(data, 0, size) == NULL)
		lb_assert(subject_in_text(&p, &a, with));
	arena_release(&a);
	return 0;
}
