/* SPDX-License-Identifier: MIT */
/* What a decoder accepts, encoded again, is the same text. */
#include "base/codec.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base64(struct str text, enum base64_kind kind)
{
	unsigned char bytes[256];
	char back[400];
	size_t n;
	if (base64_decode(text, kind, bytes, sizeof(bytes), &n) != 0)
		return;
	base64_encode(bytes, n, kind, back);
	lb_assert(str_eq(str_from(back), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	unsigned char bytes[256];
	char back[513];
	size_t n;
	check_base64(text, BASE64_STANDARD);
	check_base64(text, BASE64_URL);
	if (hex_decode(text, bytes, sizeof(bytes), &n) == 0) {
		hex_encode(bytes, n, back);
		lb_assert(str_ieq(str_from(back), text));
	}
	struct arena a = {0};
	struct str decoded = percent_decode(&a, text, true);
	lb_assert(str_find(decoded, '\0') < 0 && decoded.n <= 3 * size);
	arena_release(&a);
	return 0;
}
