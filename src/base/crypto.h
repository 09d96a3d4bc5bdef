/* SPDX-License-Identifier: MIT */
/*
 * The only user of OpenSSL beside the TLS listener: digests, MACs, public keys,
 * constant-time compare, random bytes. Any thread.
 */
#ifndef LB_CRYPTO_H
#define LB_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include "leadbridge/str.h"

enum digest { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512 };
#define DIGEST_MAX 64

size_t digest_size(enum digest d);
/* One part, or several in a row. */
void crypto_digest(enum digest d, const struct str *parts, size_t n_parts,
		   unsigned char out[DIGEST_MAX]);
void crypto_hmac(enum digest d, struct str key, const struct str *parts,
		 size_t n_parts, unsigned char out[DIGEST_MAX]);
/* Constant time where the lengths are equal; unequal lengths are unequal. */
bool crypto_equal(const void *a, size_t an, const void *b, size_t bn);
void crypto_random(void *p, size_t n); /* dies where there is none */
uint64_t crypto_random_below(uint64_t limit);

struct public_key; /* parsed once, shared by threads */
enum key_kind { KEY_ED25519, KEY_RSA, KEY_ECDSA_P256 };
/* PEM (SPKI); also, for Ed25519 base64 of the 32 raw bytes, for ECDSA base64
 * of the same SPKI without the PEM's lines around it. */
LB_MUST_CHECK int public_key_parse(struct str text, enum key_kind kind,
				   struct public_key **out, struct err *err);
void public_key_free(struct public_key *k);
/* Ed25519, or with SHA-256: RSA PKCS#1 v1.5, ECDSA in DER; over the message. */
bool public_key_verify(const struct public_key *k, struct str message,
		       const unsigned char *signature, size_t n);
/* When an X509 ends, wall clock ms; 0: it is NULL or cannot be read. */
int64_t crypto_certificate_ends_ms(const void *x509);
/* The same of the other side of an SSL; 0 before its certificate came. */
int64_t crypto_peer_ends_ms(const void *ssl);

#endif
