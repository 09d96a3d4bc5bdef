/* SPDX-License-Identifier: MIT */
/*
 * Hex, base64 and percent coding, strict where a signature hangs on it: one
 * text for one value, so no blanks, no second padding, no stray low bits. Pure,
 * any thread.
 */
#include "base/codec.h"

static const char HEX[] = "0123456789abcdef";
static const char ALPHABET[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(struct str text, unsigned char *out, size_t cap, size_t *n)
{
	if (text.n % 2 != 0)
		return LB_EINVAL;
	if (text.n / 2 > cap)
		return LB_ELIMIT;
	for (size_t i = 0; i < text.n; i += 2) {
		int high = hex_digit(text.p[i]);
		int low = hex_digit(text.p[i + 1]);
		if (high < 0 || low < 0)
			return LB_EINVAL;
		out[i / 2] = (unsigned char)(high << 4 | low);
	}
	*n = text.n / 2;
	return 0;
}

void hex_encode(const unsigned char *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = HEX[p[i] >> 4];
		out[2 * i + 1] = HEX[p[i] & 15];
	}
	out[2 * n] = '\0';
}

static int base64_digit(char c, enum base64_kind kind)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == ALPHABET[kind][62])
		return 62;
	if (c == ALPHABET[kind][63])
		return 63;
	return -1;
}

/* Takes the padding off *text; what remains is digits only. */
static int take_padding(struct str *text)
{
	if (text->n % 4 != 0)
		return LB_EINVAL;
	for (int i = 0; i < 2; i++)
		if (text->n > 0 && text->p[text->n - 1] == '=')
			text->n--;
	return 0;
}

int base64_decode(struct str text, enum base64_kind kind, unsigned char *out,
		  size_t cap, size_t *n)
{
	if (kind == BASE64_STANDARD && take_padding(&text) != 0)
		return LB_EINVAL;
	if (text.n % 4 == 1)
		return LB_EINVAL;
	size_t size = text.n / 4 * 3 + (text.n % 4 > 0 ? text.n % 4 - 1 : 0);
	if (size > cap)
		return LB_ELIMIT;
	unsigned bits = 0, have = 0;
	size_t at = 0;
	for (size_t i = 0; i < text.n; i++) {
		int digit = base64_digit(text.p[i], kind);
		if (digit < 0)
			return LB_EINVAL;
		bits = bits << 6 | (unsigned)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[at++] = (unsigned char)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	if (bits != 0) /* two texts would mean the same bytes */
		return LB_EINVAL;
	*n = at;
	return 0;
}

void base64_encode(const unsigned char *p, size_t n, enum base64_kind kind,
		   char *out)
{
	const char *alphabet = ALPHABET[kind];
	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned v = (unsigned)p[i] << 16;
		if (left > 1)
			v |= (unsigned)p[i + 1] << 8;
		if (left > 2)
			v |= p[i + 2];
		*out++ = alphabet[v >> 18];
		*out++ = alphabet[v >> 12 & 63];
		if (left > 1)
			*out++ = alphabet[v >> 6 & 63];
		if (left > 2)
			*out++ = alphabet[v & 63];
		for (; left < 3 && kind == BASE64_STANDARD; left++)
			*out++ = '=';
	}
	*out = '\0';
}

/* The byte at *i, which moves behind it. */
static char decode_one(struct str text, size_t *i, bool plus)
{
	char c = text.p[(*i)++];
	if (c == '+' && plus)
		return ' ';
	if (c != '%' || text.n - *i < 2)
		return c;
	int high = hex_digit(text.p[*i]), low = hex_digit(text.p[*i + 1]);
	if (high < 0 || low < 0)
		return c;
	*i += 2;
	return (char)(high << 4 | low);
}

static size_t count_raw_nul(struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\0';
	return n;
}

struct str percent_decode(struct arena *a, struct str text, bool plus)
{
	if (text.p == NULL)
		return STR_NONE;
	/* "%00" is as long as U+FFFD, a raw NUL grows by two. */
	char *out = arena_alloc(a, text.n + 2 * count_raw_nul(text) + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n;) {
		char c = decode_one(text, &i, plus);
		if (c != '\0') {
			out[n++] = c;
			continue;
		}
		memcpy(out + n, "\xEF\xBF\xBD", 3);
		n += 3;
	}
	return (struct str){out, n};
}
