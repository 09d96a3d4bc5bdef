/* SPDX-License-Identifier: MIT */
/*
 * Hash table keyed by bytes an attacker may choose: SipHash-2-4 under a random
 * key. Values are pointers, owned by the caller; keys are copied.
 */
#ifndef LB_TABLE_H
#define LB_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "leadbridge/str.h"

struct table;

struct table *table_new(void);
void table_free(struct table *t, void (*value_free)(void *));
void *table_get(const struct table *t, struct str key); /* or NULL */
/* Returns the value that was there before, or NULL. value must not be NULL. */
void *table_put(struct table *t, struct str key, void *value);
void *table_remove(struct table *t, struct str key);
size_t table_count(const struct table *t);
/* Calls fn for each entry; fn may remove the entry it was given only. */
void table_each(struct table *t,
		void (*fn)(void *ctx, struct str key, void *value), void *ctx);
uint64_t siphash(const unsigned char key[16], const void *p, size_t n);

#endif
