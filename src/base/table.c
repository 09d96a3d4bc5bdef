/* SPDX-License-Identifier: MIT */
/* Open-chained hash table under SipHash-2-4 with a random key. */
#include "base/table.h"

#include <endian.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "base/mem.h"

struct entry {
	struct entry *next;
	uint64_t hash;
	void *value;
	size_t n;
	char key[];
};

struct table {
	unsigned char secret[16];
	struct entry **slots;
	size_t n_slots; /* a power of two */
	size_t count;
};

static uint64_t rotl(uint64_t v, int by)
{
	return (v << by) | (v >> (64 - by));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static uint64_t load64(const unsigned char *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint64_t siphash(const unsigned char key[16], const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t k0 = load64(key, 8), k1 = load64(key + 8, 8);
	uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575),
			 k1 ^ UINT64_C(0x646f72616e646f6d),
			 k0 ^ UINT64_C(0x6c7967656e657261),
			 k1 ^ UINT64_C(0x7465646279746573)};
	size_t whole = n / 8;
	for (size_t i = 0; i < whole; i++) {
		uint64_t m;
		memcpy(&m, p + 8 * i, sizeof(m));
		m = le64toh(m);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	uint64_t last = load64(p + 8 * whole, n % 8) | (uint64_t)n << 56;
	v[3] ^= last;
	sip_round(v);
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct table *table_new(void)
{
	struct table *t = xcalloc(1, sizeof(*t));
	crypto_random(t->secret, sizeof(t->secret));
	t->n_slots = 16;
	t->slots = xcalloc(t->n_slots, sizeof(struct entry *));
	return t;
}

void table_free(struct table *t, void (*value_free)(void *))
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n_slots; i++) {
		while (t->slots[i] != NULL) {
			struct entry *e = t->slots[i];
			t->slots[i] = e->next;
			if (value_free != NULL)
				value_free(e->value);
			free(e);
		}
	}
	free(t->slots);
	free(t);
}

static struct entry **find(const struct table *t, struct str key, uint64_t hash)
{
	struct entry **at = &t->slots[hash & (t->n_slots - 1)];
	while (*at != NULL &&
	       !((*at)->hash == hash &&
		 str_eq(key, (struct str){(*at)->key, (*at)->n})))
		at = &(*at)->next;
	return at;
}

void *table_get(const struct table *t, struct str key)
{
	struct entry *e = *find(t, key, siphash(t->secret, key.p, key.n));
	return e != NULL ? e->value : NULL;
}

static void grow(struct table *t)
{
	size_t n = t->n_slots * 2;
	struct entry **slots = xcalloc(n, sizeof(*slots));
	for (size_t i = 0; i < t->n_slots; i++) {
		while (t->slots[i] != NULL) {
			struct entry *e = t->slots[i];
			t->slots[i] = e->next;
			e->next = slots[e->hash & (n - 1)];
			slots[e->hash & (n - 1)] = e;
		}
	}
	free(t->slots);
	t->slots = slots;
	t->n_slots = n;
}

void *table_put(struct table *t, struct str key, void *value)
{
	lb_assert(value != NULL);
	uint64_t hash = siphash(t->secret, key.p, key.n);
	struct entry **at = find(t, key, hash);
	if (*at != NULL) {
		void *old = (*at)->value;
		(*at)->value = value;
		return old;
	}
	struct entry *e = xmalloc(sizeof(*e) + key.n);
	*e = (struct entry){.hash = hash, .value = value, .n = key.n};
	if (key.n > 0)
		memcpy(e->key, key.p, key.n);
	*at = e;
	if (++t->count > t->n_slots)
		grow(t);
	return NULL;
}

void *table_remove(struct table *t, struct str key)
{
	struct entry **at = find(t, key, siphash(t->secret, key.p, key.n));
	struct entry *e = *at;
	if (e == NULL)
		return NULL;
	void *value = e->value;
	*at = e->next;
	free(e);
	t->count--;
	return value;
}

size_t table_count(const struct table *t)
{
	return t->count;
}

void table_each(struct table *t,
		void (*fn)(void *ctx, struct str key, void *value), void *ctx)
{
	for (size_t i = 0; i < t->n_slots; i++) {
		struct entry *next;
		for (struct entry *e = t->slots[i]; e != NULL; e = next) {
			next = e->next;
			fn(ctx, (struct str){e->key, e->n}, e->value);
		}
	}
}
