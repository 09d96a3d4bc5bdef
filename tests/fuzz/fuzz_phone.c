/* SPDX-License-Identifier: MIT */
/* A number is E.164 or none, and stays the same when it is read again. The
 * first two bytes are the default country. */
#include "base/mem.h"
#include "leadbridge/lead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct arena a = {0};
	char country[3] = {(char)data[0], (char)data[1], '\0'};
	struct str text = {(const char *)data + 2, size - 2};
	struct phone p, again;
	phone_parse(&a, text, country, &p);
	lb_assert((p.result == PHONE_OK) == (p.e164.p != NULL));
	if (p.result == PHONE_OK) {
		lb_assert(p.e164.n >= 8 && p.e164.n <= 16);
		lb_assert(p.e164.p[0] == '+' && p.e164.p[1] != '0');
		for (size_t i = 1; i < p.e164.n; i++)
			lb_assert(p.e164.p[i] >= '0' && p.e164.p[i] <= '9');
		phone_parse(&a, p.e164, NULL, &again);
		lb_assert(again.result == PHONE_WITHHELD ||
			  str_eq(p.e164, again.e164));
	}
	lb_assert(p.extension.n <= 7 && p.raw.n <= 256);
	arena_release(&a);
	return 0;
}
