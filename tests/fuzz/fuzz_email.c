/* SPDX-License-Identifier: MIT */
/* Addresses and names: bounded, well-formed, the same when read again. */
#include "base/mem.h"
#include "leadbridge/lead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct str text = {(const char *)data, size}, rest;
	struct str email = email_normalise(&a, text);
	if (email.p != NULL) {
		lb_assert(email.n <= 254 && str_find(email, ' ') < 0);
		lb_assert(str_find(email, '@') > 0);
		for (size_t i = 0; i < email.n; i++)
			lb_assert(email.p[i] > 0x20 && email.p[i] < 0x7F);
		lb_assert(str_eq(email, email_normalise(&a, email)));
	}
	struct str name = name_normalise(&a, text);
	lb_assert(name.n <= LEAD_NAME_MAX && str_is_utf8(name));
	struct str first = str_cut(text, '\n', &rest);
	name = name_join(&a, first, rest);
	lb_assert(name.n <= LEAD_NAME_MAX && str_is_utf8(name));
	struct str slug = slug_make(&a, text);
	lb_assert(slug.n <= LEAD_SLUG_MAX);
	lb_assert(str_eq(slug, slug_make(&a, slug)));
	arena_release(&a);
	return 0;
}
