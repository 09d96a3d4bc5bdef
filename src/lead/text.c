/* SPDX-License-Identifier: MIT */
/* Code points for the normalisers; see the header. Pure. */
#include "lead/text.h"

#include "leadbridge/value.h"

/* Shape of the sequence that starts with byte c: its length, or 0. */
static size_t sequence_length(unsigned char c)
{
	if (c >= 0xC2 && c <= 0xDF)
		return 2;
	if (c >= 0xE0 && c <= 0xEF)
		return 3;
	if (c >= 0xF0 && c <= 0xF4)
		return 4;
	return 0;
}

uint32_t text_next(struct str s, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.p + *at;
	if (p[0] < 0x80) {
		*at += 1;
		return p[0];
	}
	size_t n = sequence_length(p[0]);
	if (n == 0 || n > s.n - *at || !str_is_utf8(str_sub(s, *at, *at + n))) {
		*at += 1;
		return 0xFFFD;
	}
	uint32_t c = p[0] & (0xFFu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3Fu);
	*at += n;
	return c;
}

size_t text_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3F));
		c >>= 6;
	}
	out[0] = (char)(0xFFu << (8 - n) | c);
	return n;
}

bool text_blank(uint32_t c)
{
	return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 ||
	       c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool text_invisible(uint32_t c)
{
	if (text_blank(c))
		return false;
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD ||
	       c == 0x034F || c == 0x061C || c == 0x180E ||
	       (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
	       (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
	       (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFFF9 && c <= 0xFFFC) ||
	       (c >= 0xE0000 && c <= 0xE0FFF);
}

int text_digit(uint32_t c)
{
	/* The zeros of the scripts whose digits follow one another. */
	static const uint16_t zeros[] = {
	    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66,
	    0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040,
	    0x17E0, 0x1810, 0x1946, 0x19D0, 0x1B50, 0xA620, 0xA8D0, 0xFF10,
	};
	if (c < 0x80)
		return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
	for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
		if (c >= zeros[i] && c <= zeros[i] + 9u)
			return (int)(c - zeros[i]);
	/* The five sets of mathematical digits. */
	if (c >= 0x1D7CE && c <= 0x1D7FF)
		return (int)((c - 0x1D7CE) % 10);
	return -1;
}

uint32_t text_narrow(uint32_t c)
{
	if (c < 0x80)
		return c;
	if (c >= 0xFF01 && c <= 0xFF5E)
		return c - 0xFEE0;
	if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x2043 ||
	    c == 0x30FC || c == 0xFE58 || c == 0xFE63)
		return '-';
	if (c == 0x2044 || c == 0x2215)
		return '/';
	return c;
}

struct str text_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return str_sub(s, 0, max);
}

bool text_absent(struct str s)
{
	struct value v = {.type = VALUE_STRING, .text = s};
	return value_text(&v).p == NULL;
}

/* Most words differ at once: no measuring, no calls. */
static bool equals(struct str s, const char *word, unsigned char fold)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 'A' && c <= 'Z')
			c |= fold;
		if (c != (unsigned char)word[i] || c == '\0')
			return false;
	}
	return word[s.n] == '\0';
}

bool text_in(struct str s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (equals(s, *list, 0x20))
			return true;
	return false;
}

bool text_in_exactly(struct str s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (equals(s, *list, 0))
			return true;
	return false;
}
