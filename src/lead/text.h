/* SPDX-License-Identifier: MIT */
/*
 * Code points, for the normalisers: what is a blank, what is invisible, what
 * is a digit in any script. Pure, any thread.
 */
#ifndef LB_LEAD_TEXT_H
#define LB_LEAD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "leadbridge/str.h"

/* The code point at s.p[*at], which must be inside; *at moves past it. A byte
 * that is not UTF-8 is U+FFFD and one byte long. */
uint32_t text_next(struct str s, size_t *at);
/* Writes c (up to 4 bytes), returns how many. */
size_t text_put(char *out, uint32_t c);
bool text_blank(uint32_t c);
/* Controls, zero-width and direction marks: what a reader does not see. */
bool text_invisible(uint32_t c);
/* 0 to 9 for a decimal digit of any common script, else -1. */
int text_digit(uint32_t c);
/* Full-width ASCII becomes ASCII, dashes of all kinds become '-'. */
uint32_t text_narrow(uint32_t c);
/* At most max bytes, never half a character. */
struct str text_cut(struct str s, size_t max);
/* Empty, "N/A", an unexpanded macro and so on; the list is value.h's. */
bool text_absent(struct str s);
/* Whether the list (ends with NULL) has s; for text_in ASCII case does not
 * matter, the list is in lower case. */
bool text_in(struct str s, const char *const *list);
bool text_in_exactly(struct str s, const char *const *list);

#endif
