/* SPDX-License-Identifier: MIT */
/*
 * Digests and MACs against RFC 4231, RFC 2202 and FIPS 180; public keys against
 * the vendor's published one and RFC 8032.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/codec.h"
#include "base/crypto.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define A20      "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" A10
#define A10      "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
#define A131     A20 A20 A20 A20 A20 A20 A10 "\xaa"

static void macs_and_digests_match_their_standards(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum digest digest;
		const char *key; /* NULL: plain digest */
		const char *parts[2];
		const char *hex;
	} rows[] = {
	    {"sha1 abc",
	     DIGEST_SHA1,
	     NULL,
	     {"a", "bc"},
	     "a9993e364706816aba3e25717850c26c9cd0d89d"},
	    {"sha256 empty",
	     DIGEST_SHA256,
	     NULL,
	     {"", ""},
	     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85"
	     "5"},
	    {"rfc 2202 2",
	     DIGEST_SHA1,
	     "Jefe",
	     {"what do ya want ", "for nothing?"},
	     "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	    {"rfc 4231 2",
	     DIGEST_SHA256,
	     "Jefe",
	     {"what do ya want ", "for nothing?"},
	     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384"
	     "3"},
	    {"rfc 4231 2, sha512",
	     DIGEST_SHA512,
	     "Jefe",
	     {"what do ya want for nothing?", ""},
	     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	     "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce73"
	     "7"},
	    {"rfc 4231 6, long key",
	     DIGEST_SHA256,
	     A131,
	     {"Test Using Larger Than Block-Size Key - ", "Hash Key First"},
	     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f5"
	     "4"},
	    {"rfc 4231 6, sha512",
	     DIGEST_SHA512,
	     A131,
	     {"Test Using Larger Than Block-Size Key - ", "Hash Key First"},
	     "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	     "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d78659"
	     "8"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned char out[DIGEST_MAX];
		char hex[2 * DIGEST_MAX + 1];
		struct str parts[] = {str_from(rows[i].parts[0]),
				      str_from(rows[i].parts[1])};
		if (rows[i].key == NULL)
			crypto_digest(rows[i].digest, parts, 2, out);
		else
			crypto_hmac(rows[i].digest, str_from(rows[i].key),
				    parts, 2, out);
		hex_encode(out, digest_size(rows[i].digest), hex);
		if (strcmp(hex, rows[i].hex) != 0)
			fail_msg("%s: %s", rows[i].name, hex);
	}
}

#define PEM(body)                                                              \
	"-----BEGIN PUBLIC KEY-----\n" body "-----END PUBLIC KEY-----\n"
#define ED_PEM                                                                 \
	PEM("MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=\n")
#define EC_BARE                                                                \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmp"   \
	"qIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
#define EC_K1                                                                  \
	"MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE5WSBYeldvyv8aHtyt0Umn6kGAx4hCBGAUK"   \
	"ullSSiPECW9nS0rMT/vzx+SF75rqw1r/M7P19iCB+soBv6wkoOjw=="
#define RSA_PEM                                                                \
	PEM("MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/"                \
	    "r9tVgcfZ5DysOSC\n"                                                \
	    "Frm602qYV0MaAiNnX9O8KxMbiyRKWeL9JpCpVpt4XHIcBOK4u3cLSqJGOLaPuXw6" \
	    "\n"                                                               \
	    "dO0t6Q/"                                                          \
	    "ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpbi989mmzMryUnQJezlYJ3DVfB\n"      \
	    "csedpinheNnyYeFXolrJvcsjDtfAeRx5ByHQmTnSdFUzuAnC9/"               \
	    "GepgLT9SM4nCpv\n"                                                 \
	    "uxmZMxrJt5Rw+"                                                    \
	    "VUaQ9B8JSvbMPpez4peKaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF\n"            \
	    "3kvoV5rTnXV0IknLBXlcKKAQLZcY/"                                    \
	    "Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKU\n"                            \
	    "J062fRtN+rLYZUV+BjafxQauvC8wSWeYja63VSUruvmNj8xkx2zE/"            \
	    "Juc+yjLjTXp\n"                                                    \
	    "IocmaiFeAO6fUtNjDeFVkhf5LNb59vECyrHD2SQIrhgXpO4Q3dVNA5rw576PwTzN" \
	    "\n"                                                               \
	    "h/"                                                               \
	    "AMfHKIjE4xQA1SZuYJmNnmVZLIZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhC\n" \
	    "HULgCsnuDJHcrGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/"         \
	    "Y09T7sYJ\n"                                                       \
	    "PQe7z0cvj7aE4B+"                                                  \
	    "Ax1ZoZGPzpJlZtGXCsu9aTEGEnKzmsFqwcSsnw3JB31IGKAyk\n"              \
	    "T1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ==\n")

static void keys_parse_only_as_what_they_are(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum key_kind kind;
		bool good;
	} rows[] = {
	    {"vendor's Ed25519 PEM", ED_PEM, KEY_ED25519, true},
	    {"blanks around", "\n " ED_PEM "\n", KEY_ED25519, true},
	    {"vendor's RSA PEM", RSA_PEM, KEY_RSA, true},
	    {"raw 32 bytes",
	     "i2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=", KEY_ED25519, true},
	    {"vendor's ECDSA key, bare", EC_BARE, KEY_ECDSA_P256, true},
	    {"ECDSA as PEM", PEM(EC_BARE "\n"), KEY_ECDSA_P256, true},
	    {"ECDSA on another curve", EC_K1, KEY_ECDSA_P256, false},
	    {"ECDSA as Ed25519", PEM(EC_BARE "\n"), KEY_ED25519, false},
	    {"Ed25519 as ECDSA", ED_PEM, KEY_ECDSA_P256, false},
	    {"ECDSA cut off", "MFkwEwYHKoZI", KEY_ECDSA_P256, false},
	    {"RSA as Ed25519", RSA_PEM, KEY_ED25519, false},
	    {"Ed25519 as RSA", ED_PEM, KEY_RSA, false},
	    {"raw as RSA",
	     "i2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=", KEY_RSA, false},
	    {"31 bytes", "i2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiA==",
	     KEY_ED25519, false},
	    {"cut off", "-----BEGIN PUBLIC KEY-----\nMCow", KEY_ED25519, false},
	    {"wrong base64", PEM("MCow!!!!\n"), KEY_ED25519, false},
	    {"empty", "", KEY_ED25519, false},
	    {"blanks", " \n", KEY_RSA, false},
	    {"encrypted",
	     "-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"
	     "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF"
	     "\n\nMCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9"
	     "AwJrHCDiOg=\n-----END PUBLIC KEY-----\n",
	     KEY_ED25519, false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct public_key *k = NULL;
		struct err err = {0};
		int code = public_key_parse(str_from(rows[i].text),
					    rows[i].kind, &k, &err);
		if ((code == 0) != rows[i].good || (k != NULL) != rows[i].good)
			fail_msg("%s: %d", rows[i].name, code);
		public_key_free(k);
	}
}

/* RFC 8032, 7.1, tests 1 and 2. */
static void ed25519_verifies_rfc_8032(void **state)
{
	(void)state;
	static const struct {
		const char *key, *message, *signature;
	} rows[] = {
	    {"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "",
	     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100"
	     "b"},
	    {"PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=", "r",
	     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c0"
	     "0"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct public_key *k = NULL;
		unsigned char raw[64];
		size_t n = 0;
		struct str message = str_from(rows[i].message);
		assert_int_equal(public_key_parse(str_from(rows[i].key),
						  KEY_ED25519, &k, NULL),
				 0);
		assert_int_equal(hex_decode(str_from(rows[i].signature), raw,
					    sizeof(raw), &n),
				 0);
		assert_true(public_key_verify(k, message, raw, n));
		assert_false(public_key_verify(k, STR("x"), raw, n));
		assert_false(public_key_verify(k, message, raw, n - 1));
		assert_false(public_key_verify(k, message, raw, 0));
		raw[5] ^= 1;
		assert_false(public_key_verify(k, message, raw, n));
		public_key_free(k);
	}
}

static void equal_means_length_and_bytes(void **state)
{
	(void)state;
	assert_true(crypto_equal("ab", 2, "ab", 2));
	assert_false(crypto_equal("ab", 2, "ac", 2));
	assert_false(crypto_equal("ab", 2, "ab", 1));
	assert_true(crypto_equal(NULL, 0, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(macs_and_digests_match_their_standards),
	    cmocka_unit_test(keys_parse_only_as_what_they_are),
	    cmocka_unit_test(ed25519_verifies_rfc_8032),
	    cmocka_unit_test(equal_means_length_and_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
