/* SPDX-License-Identifier: MIT */
/*
 * struct buf: owned bytes with a ceiling. Every buffer is given its greatest
 * size at init; appending past it sets the sticky `over` flag and appends
 * nothing more, so a writer checks once, at the end. The bytes are always
 * followed by a NUL that is not counted.
 */
#ifndef LB_BUF_H
#define LB_BUF_H

#include "leadbridge/err.h"
#include "leadbridge/str.h"

struct buf {
	char *p;
	size_t n;   /* bytes in use */
	size_t cap; /* bytes allocated, the NUL included */
	size_t max; /* ceiling for n */
	bool over;  /* something did not fit */
};

void buf_init(struct buf *b, size_t max);
/* Frees; safe on a zeroed struct; the buffer may be used again. */
void buf_release(struct buf *b);
/* Empties and keeps the memory. */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) LB_PRINTF(2, 3);
void buf_add_int(struct buf *b, int64_t v);
/* A JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. */
void buf_add_json(struct buf *b, struct str s);
/* Room for n more bytes at b->p + b->n, or NULL (over); then add to b->n. */
char *buf_room(struct buf *b, size_t n);
/* Drops the first n bytes. */
void buf_drop(struct buf *b, size_t n);
static inline struct str buf_str(const struct buf *b)
{
	return (struct str){b->p != NULL ? b->p : "", b->n};
}
/* The heap block (NUL-ended) moves to the caller; b is empty again. */
char *buf_take(struct buf *b, size_t *n);

#endif
