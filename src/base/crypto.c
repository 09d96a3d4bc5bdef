/* SPDX-License-Identifier: MIT */
/*
 * Digests, MACs, public keys, constant-time compare, random bytes. Digest
 * objects are fetched once per process: the fetch takes a global lock.
 */
#include "base/crypto.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include "base/mem.h"

static const EVP_MD *digest_of(enum digest d)
{
	switch (d) {
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	case DIGEST_SHA512:
		return EVP_sha512();
	}
	lb_assert(false);
	return NULL;
}

size_t digest_size(enum digest d)
{
	switch (d) {
	case DIGEST_SHA1:
		return 20;
	case DIGEST_SHA256:
		return 32;
	case DIGEST_SHA512:
		return 64;
	}
	return 0;
}

void crypto_digest(enum digest d, const struct str *parts, size_t n_parts,
		   unsigned char out[DIGEST_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	lb_assert(ctx != NULL && EVP_DigestInit_ex(ctx, digest_of(d), NULL));
	for (size_t i = 0; i < n_parts; i++)
		lb_assert(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n));
	lb_assert(EVP_DigestFinal_ex(ctx, out, NULL));
	EVP_MD_CTX_free(ctx);
}

/* HMAC by hand over the digest: two digests, no per-call fetch. RFC 2104. */
void crypto_hmac(enum digest d, struct str key, const struct str *parts,
		 size_t n_parts, unsigned char out[DIGEST_MAX])
{
	enum { BLOCK_MAX = 128 };
	size_t block = d == DIGEST_SHA512 ? 128 : 64;
	unsigned char k[BLOCK_MAX] = {0}, pad[BLOCK_MAX], hashed[DIGEST_MAX];
	if (key.n > block) {
		crypto_digest(d, &key, 1, hashed);
		memcpy(k, hashed, digest_size(d));
	} else if (key.n > 0) {
		memcpy(k, key.p, key.n);
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	lb_assert(ctx != NULL && EVP_DigestInit_ex(ctx, digest_of(d), NULL));
	for (size_t i = 0; i < block; i++)
		pad[i] = k[i] ^ 0x36;
	lb_assert(EVP_DigestUpdate(ctx, pad, block));
	for (size_t i = 0; i < n_parts; i++)
		lb_assert(EVP_DigestUpdate(ctx, parts[i].p, parts[i].n));
	lb_assert(EVP_DigestFinal_ex(ctx, hashed, NULL));
	for (size_t i = 0; i < block; i++)
		pad[i] = k[i] ^ 0x5c;
	lb_assert(EVP_DigestInit_ex(ctx, digest_of(d), NULL));
	lb_assert(EVP_DigestUpdate(ctx, pad, block));
	lb_assert(EVP_DigestUpdate(ctx, hashed, digest_size(d)));
	lb_assert(EVP_DigestFinal_ex(ctx, out, NULL));
	EVP_MD_CTX_free(ctx);
	mem_wipe(k, sizeof(k));
	mem_wipe(pad, sizeof(pad));
}

bool crypto_equal(const void *a, size_t an, const void *b, size_t bn)
{
	return an == bn && (an == 0 || CRYPTO_memcmp(a, b, an) == 0);
}

void crypto_random(void *p, size_t n)
{
	unsigned char *at = p;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		lb_assert(got > 0);
		at += got;
		n -= (size_t)got;
	}
}

uint64_t crypto_random_below(uint64_t limit)
{
	uint64_t v;
	lb_assert(limit > 0);
	do {
		crypto_random(&v, sizeof(v));
	} while (v >= UINT64_MAX - UINT64_MAX % limit);
	return v % limit;
}
