/* SPDX-License-Identifier: MIT */
/*
 * Strict hex, base64 and percent decoding. Lengths are known before anything is
 * written; anything that is not exactly the alphabet is LB_EINVAL.
 */
#ifndef LB_CODEC_H
#define LB_CODEC_H

#include "leadbridge/arena.h"
#include "leadbridge/str.h"

enum base64_kind {
	BASE64_STANDARD, /* + and /, padding compulsory */
	BASE64_URL,      /* - and _, no padding */
};

/* 0 to 15, or -1. */
int hex_digit(char c);
/* Both cases of hex digits; out holds text.n / 2 bytes. */
LB_MUST_CHECK int hex_decode(struct str text, unsigned char *out, size_t cap,
			     size_t *n);
void hex_encode(const unsigned char *p, size_t n, char *out); /* 2n + NUL */
LB_MUST_CHECK int base64_decode(struct str text, enum base64_kind kind,
				unsigned char *out, size_t cap, size_t *n);
/* out holds 4 * ((n + 2) / 3) + 1 bytes. */
void base64_encode(const unsigned char *p, size_t n, enum base64_kind kind,
		   char *out);
/* %XX and, with plus, '+' as blank. A '%' that is not followed by two hex
 * digits stays as it is. NUL bytes (%00) become U+FFFD. */
struct str percent_decode(struct arena *a, struct str text, bool plus);

#endif
