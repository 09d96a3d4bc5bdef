/* SPDX-License-Identifier: MIT */
/*
 * Signature headers, templates and keys: three lines of configuration and
 * header, then the body. What we sign ourselves must always be right.
 */
#include "base/codec.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "sources/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void own_signature_fits(struct str key, struct str body, struct arena *a)
{
	static const struct signature_scheme scheme = {.algorithm =
							   SIGN_HMAC_SHA512,
						       .header = "S",
						       .prefix = "x=",
						       .signed_text = "{body}"};
	unsigned char mac[DIGEST_MAX];
	char hex[2 * DIGEST_MAX + 1];
	struct secret one = {(unsigned char *)(uintptr_t)key.p, key.n, NULL};
	struct secrets list = {&one, 1};
	struct signature *s = NULL;
	crypto_hmac(DIGEST_SHA512, key, &body, 1, mac);
	hex_encode(mac, sizeof(mac), hex);
	struct header h = {STR("s"), arena_printf(a, "y=1, x=zz,x=%s", hex)};
	struct request r = {.headers = &h, .n_headers = 1, .body = body};
	struct source_call call = {.request = &r, .arena = a};
	struct proof proof = {.result = PROOF_MISSING};
	lb_assert(signature_new(&scheme, &list, &s, NULL) == 0);
	signature_verify(s, &call, &proof);
	lb_assert(proof.result == PROOF_OK && proof.matched == 0);
	signature_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct str mode = str_cut(rest, '\n', &rest);
	struct str key = str_cut(rest, '\n', &rest);
	struct str signature = str_cut(rest, '\n', &rest);
	struct arena a = {0};
	unsigned bits = mode.n > 0 ? (unsigned char)mode.p[0] : 0;
	if (key.n == 0)
		return 0;
	struct signature_scheme scheme = {
	    .algorithm = (enum signature_algorithm)(bits % 5),
	    .encoding = (enum signature_encoding)(bits / 5 % 3),
	    .flags = mode.n > 1 ? (unsigned char)mode.p[1] & 7 : 0,
	    .header = "S",
	    .signed_text =
		arena_copy(&a, mode.n > 2 ? str_sub(mode, 2, mode.n)
					  : STR("{timestamp}.{body}"))
		    .p,
	    .timestamp_header = "T",
	    .id_header = "S",
	    .tolerance_ms = 1000};
	struct secret one = {(unsigned char *)(uintptr_t)key.p, key.n, NULL};
	struct secrets list = {&one, 1};
	struct header headers[] = {{STR("S"), signature}, {STR("T"), STR("1")}};
	struct request r = {.headers = headers, .n_headers = 2, .body = rest};
	struct source_call call = {.request = &r, .arena = &a};
	struct proof proof = {0};
	struct signature *s = NULL;
	if (signature_new(&scheme, &list, &s, NULL) == 0)
		signature_verify(s, &call, &proof);
	signature_free(s);
	own_signature_fits(key, rest, &a);
	arena_release(&a);
	return 0;
}
