/* SPDX-License-Identifier: MIT */
/*
 * Digests, MACs, public keys, constant-time compare, random bytes. Digest
 * objects are fetched once per process: the fetch takes a global lock.
 */
#include "base/crypto.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/codec.h"
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

/* ---- public keys -------------------------------------------------------- */

enum { ED25519_BYTES = 32, PEM_MAX = 16 * 1024, RSA_BITS_MIN = 2048 };
enum { DER_MAX = 256 }; /* of a P-256 key it is 91 bytes */

struct public_key {
	EVP_PKEY *pkey;
	enum key_kind kind;
};

/* A PEM that is encrypted would make OpenSSL ask on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static EVP_PKEY *read_pem(struct str text)
{
	BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
	if (bio == NULL)
		return NULL;
	EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	return pkey;
}

static EVP_PKEY *read_raw_ed25519(struct str text)
{
	unsigned char raw[ED25519_BYTES];
	size_t n = 0;
	if (base64_decode(text, BASE64_STANDARD, raw, sizeof(raw), &n) != 0 ||
	    n != sizeof(raw))
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, n);
}

static EVP_PKEY *read_der_base64(struct str text)
{
	unsigned char raw[DER_MAX];
	const unsigned char *at = raw;
	size_t n = 0;
	if (base64_decode(text, BASE64_STANDARD, raw, sizeof(raw), &n) != 0)
		return NULL;
	return d2i_PUBKEY(NULL, &at, (long)n);
}

static bool is_p256(const EVP_PKEY *pkey)
{
	char name[32];
	size_t n = 0;
	return EVP_PKEY_get_group_name(pkey, name, sizeof(name), &n) == 1 &&
	       str_eq((struct str){name, n}, STR("prime256v1"));
}

static bool key_fits(const EVP_PKEY *pkey, enum key_kind kind)
{
	int id = EVP_PKEY_get_base_id(pkey);
	switch (kind) {
	case KEY_ED25519:
		return id == EVP_PKEY_ED25519;
	case KEY_RSA:
		return id == EVP_PKEY_RSA &&
		       EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN;
	case KEY_ECDSA_P256:
		return id == EVP_PKEY_EC && is_p256(pkey);
	}
	return false;
}

static EVP_PKEY *read_bare(struct str text, enum key_kind kind)
{
	switch (kind) {
	case KEY_ED25519:
		return read_raw_ed25519(text);
	case KEY_ECDSA_P256:
		return read_der_base64(text);
	case KEY_RSA:
		break;
	}
	return NULL;
}

static const char *const key_wants[] = {
    [KEY_ED25519] = "an Ed25519 key",
    [KEY_RSA] = "an RSA key of 2048 bits or more",
    [KEY_ECDSA_P256] = "an ECDSA key on P-256",
};

int public_key_parse(struct str text, enum key_kind kind,
		     struct public_key **out, struct err *err)
{
	const char *want = key_wants[kind];
	text = str_trim(text);
	if (text.n == 0 || text.n > PEM_MAX)
		return err_set(err, LB_EINVAL, "public key is not %s", want);
	EVP_PKEY *pkey = NULL;
	if (str_starts(text, STR("-----BEGIN")))
		pkey = read_pem(text);
	else
		pkey = read_bare(text, kind);
	ERR_clear_error();
	if (pkey == NULL || !key_fits(pkey, kind)) {
		EVP_PKEY_free(pkey);
		return err_set(err, LB_EINVAL, "public key is not %s", want);
	}
	struct public_key *k = xcalloc(1, sizeof(*k));
	k->pkey = pkey;
	k->kind = kind;
	*out = k;
	return 0;
}

void public_key_free(struct public_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

bool public_key_verify(const struct public_key *k, struct str message,
		       const unsigned char *signature, size_t n)
{
	/* Ed25519 digests by itself; PKCS#1 v1.5 is OpenSSL's default. */
	const EVP_MD *md = k->kind == KEY_ED25519 ? NULL : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	lb_assert(ctx != NULL);
	bool good =
	    EVP_DigestVerifyInit(ctx, NULL, md, NULL, k->pkey) == 1 &&
	    EVP_DigestVerify(ctx, signature, n,
			     (const unsigned char *)message.p, message.n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/* ---- certificates ---------------------------------------------------------
 */

int64_t crypto_certificate_ends_ms(const void *x509)
{
	struct tm tm = {0};
	const ASN1_TIME *at = x509 != NULL ? X509_get0_notAfter(x509) : NULL;
	if (at == NULL || ASN1_TIME_to_tm(at, &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm) * 1000;
}

int64_t crypto_peer_ends_ms(const void *ssl)
{
	return crypto_certificate_ends_ms(SSL_get0_peer_certificate(ssl));
}
