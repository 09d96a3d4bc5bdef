/* SPDX-License-Identifier: MIT */
/*
 * struct str: borrowed bytes, by value. Never owns, need not end in NUL, may
 * hold NUL. An absent value is {NULL, 0}; an empty one {"", 0}.
 */
#ifndef LB_STR_H
#define LB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "leadbridge/err.h"

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
/* For printf: "%.*s", STR_FMT(s) */
#define STR_FMT(s) (int)(s).n, ((s).p != NULL ? (s).p : "")

static inline struct str str_from(const char *c)
{
	return c == NULL ? STR_NONE : (struct str){c, strlen(c)};
}

static inline struct str str_sub(struct str s, size_t from, size_t to)
{
	return (struct str){s.p + from, to - from};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case only; the locale is never asked. */
bool str_ieq(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Index of the first c, or -1. */
long str_find(struct str s, char c);
/* Index of the first needle (case-insensitive with _i), or -1. */
long str_find_str(struct str s, struct str needle);
long str_ifind_str(struct str s, struct str needle);
/* Without leading and trailing blank, tab, CR, LF. */
struct str str_trim(struct str s);
/* Cuts s at the first c: returns the part before it, *rest the part after
 * (STR_NONE when there is no c). */
struct str str_cut(struct str s, char c, struct str *rest);
/* Whole string, decimal, optional '-', within [min, max]. */
LB_MUST_CHECK int str_to_int(struct str s, int64_t min, int64_t max,
			     int64_t *out);
/* "500ms 10s 5m 6h 30d" -> milliseconds; "64KiB 1MiB 10MB 100" -> bytes. */
LB_MUST_CHECK int str_to_duration(struct str s, int64_t *ms);
LB_MUST_CHECK int str_to_size(struct str s, int64_t *bytes);
/* True when s is well-formed UTF-8 (no surrogates, no overlong forms). */
bool str_is_utf8(struct str s);
/* Bytes before the first that is not. */
size_t str_utf8_prefix(struct str s);

#endif
