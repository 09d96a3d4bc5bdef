/* SPDX-License-Identifier: MIT */
/* Borrowed bytes: compare, search, cut, numbers. Pure. */
#include "leadbridge/str.h"

#include "leadbridge/err.h"

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

bool str_ieq(struct str a, struct str b)
{
	return a.n == b.n && str_istarts(a, b);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n &&
	       (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_istarts(struct str s, struct str prefix)
{
	if (s.n < prefix.n)
		return false;
	for (size_t i = 0; i < prefix.n; i++)
		if (lower(s.p[i]) != lower(prefix.p[i]))
			return false;
	return true;
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 ||
		memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

long str_find(struct str s, char c)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
	return at != NULL ? (long)(at - s.p) : -1;
}

long str_find_str(struct str s, struct str needle)
{
	if (needle.n == 0)
		return 0;
	const char *at =
	    s.n >= needle.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
	return at != NULL ? (long)(at - s.p) : -1;
}

long str_ifind_str(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (str_istarts(str_sub(s, i, s.n), needle))
			return (long)i;
	return -1;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str s, char c, struct str *rest)
{
	long at = str_find(s, c);
	if (at < 0) {
		*rest = STR_NONE;
		return s;
	}
	*rest = str_sub(s, (size_t)at + 1, s.n);
	return str_sub(s, 0, (size_t)at);
}

int str_to_int(struct str s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	size_t i = negative ? 1 : 0;
	if (i == s.n)
		return LB_EINVAL;
	int64_t v = 0; /* kept negative: INT64_MIN has no positive twin */
	for (; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return LB_EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, s.p[i] - '0', &v))
			return LB_EINVAL;
	}
	if (!negative && __builtin_sub_overflow((int64_t)0, v, &v))
		return LB_EINVAL;
	if (v < min || v > max)
		return LB_EINVAL;
	*out = v;
	return 0;
}

struct unit {
	const char *name;
	int64_t factor;
};

static int number_with_unit(struct str s, const struct unit *units, size_t n,
			    int64_t *out)
{
	size_t digits = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	int64_t v;
	if (str_to_int(str_sub(s, 0, digits), 0, INT64_MAX, &v) != 0)
		return LB_EINVAL;
	struct str unit = str_sub(s, digits, s.n);
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(unit, str_from(units[i].name)))
			continue;
		if (__builtin_mul_overflow(v, units[i].factor, &v))
			return LB_EINVAL;
		*out = v;
		return 0;
	}
	return LB_EINVAL;
}

int str_to_duration(struct str s, int64_t *ms)
{
	static const struct unit units[] = {
	    {"ms", 1},      {"s", 1000},    {"m", 60000},
	    {"min", 60000}, {"h", 3600000}, {"d", 86400000},
	};
	return number_with_unit(s, units, sizeof(units) / sizeof(units[0]), ms);
}

int str_to_size(struct str s, int64_t *bytes)
{
	static const struct unit units[] = {
	    {"", 1},          {"B", 1},           {"KB", 1000},
	    {"MB", 1000000},  {"GB", 1000000000}, {"KiB", 1 << 10},
	    {"MiB", 1 << 20}, {"GiB", 1 << 30},
	};
	return number_with_unit(s, units, sizeof(units) / sizeof(units[0]),
				bytes);
}

/* Length of the well-formed sequence at p, or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
	unsigned char c = p[0];
	size_t n;
	unsigned char low = 0x80, high = 0xBF; /* of the second byte */
	if (c < 0x80)
		return 1;
	if (c >= 0xC2 && c <= 0xDF)
		n = 2;
	else if (c >= 0xE0 && c <= 0xEF)
		n = 3;
	else if (c >= 0xF0 && c <= 0xF4)
		n = 4;
	else
		return 0;
	if (left < n)
		return 0;
	if (c == 0xE0)
		low = 0xA0;
	else if (c == 0xED)
		high = 0x9F;
	else if (c == 0xF0)
		low = 0x90;
	else if (c == 0xF4)
		high = 0x8F;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

/* Eight ASCII bytes at a time: most texts are nothing else. */
static size_t ascii_prefix(struct str s)
{
	size_t i = 0;
	for (; s.n - i >= 8; i += 8) {
		uint64_t w;
		memcpy(&w, s.p + i, sizeof(w));
		if ((w & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	return i;
}

size_t str_utf8_prefix(struct str s)
{
	size_t i = ascii_prefix(s);
	while (i < s.n) {
		size_t n =
		    utf8_sequence((const unsigned char *)s.p + i, s.n - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

bool str_is_utf8(struct str s)
{
	return str_utf8_prefix(s) == s.n;
}
