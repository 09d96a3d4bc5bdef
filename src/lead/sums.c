/* SPDX-License-Identifier: MIT */
/* Contacts as keyed hashes; see the header. Pure, any thread. */
#include "lead/sums.h"

#include "base/codec.h"
#include "base/crypto.h"

enum { PHONE_DIGITS = 10, PHONE_LEAST = 7, EMAIL_MOST = 320, SUM_BYTES = 16 };

static void sum(struct str key, struct str kind, struct str text,
		char out[SUM_TEXT])
{
	unsigned char digest[DIGEST_MAX];
	struct str parts[] = {kind, STR(":"), text};
	crypto_hmac(DIGEST_SHA256, key, parts, 3, digest);
	hex_encode(digest, SUM_BYTES, out);
}

void sum_email(struct str key, struct str email, char out[SUM_TEXT])
{
	char lower[EMAIL_MOST];
	out[0] = '\0';
	email = str_trim(email);
	if (email.n == 0 || email.n > sizeof(lower))
		return;
	for (size_t i = 0; i < email.n; i++) {
		char c = email.p[i];
		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	sum(key, STR("email"), (struct str){lower, email.n}, out);
}

void sum_phone(struct str key, struct str phone, char out[SUM_TEXT])
{
	char digits[PHONE_DIGITS];
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = phone.n; i > 0 && n < PHONE_DIGITS; i--)
		if (phone.p[i - 1] >= '0' && phone.p[i - 1] <= '9')
			digits[n++] = phone.p[i - 1];
	if (n >= PHONE_LEAST)
		sum(key, STR("phone"), (struct str){digits, n}, out);
}
