/* SPDX-License-Identifier: MIT */
/*
 * Rates per address, see the header. Each slot is one number: when all that was
 * taken would have been earned (the generic cell rate algorithm), so a slot of
 * the past is as good as an empty one and nothing has to be swept.
 */
#include "ingress/rate.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/table.h"

enum {
	WAYS = 8,
	SETS = 4096, /* 32,768 addresses, 512 KiB once touched */
	RATES_MAX = 8,
};

struct slot {
	uint64_t who; /* hash of source, rate and address */
	int64_t paid_us;
};

struct rate_table {
	unsigned char key[16];
	struct slot slots[SETS][WAYS];
};

struct rate_table *rate_table_new(void)
{
	struct rate_table *t = xcalloc(1, sizeof(*t));
	crypto_random(t->key, sizeof(t->key));
	return t;
}

void rate_table_free(struct rate_table *t)
{
	free(t);
}

static uint64_t hash_of(const struct rate_table *t, struct str source,
			const struct address *who, size_t rate)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned char text[16 + 1 + 64];
	size_t n = source.n < 64 ? source.n : 64;
	memcpy(text, who->bytes, 16);
	if (memcmp(text, mapped, sizeof(mapped)) != 0)
		memset(text + 8, 0, 8);
	text[16] = (unsigned char)rate;
	if (n > 0)
		memcpy(text + 17, source.p, n);
	uint64_t h = siphash(t->key, text, 17 + n);
	return h != 0 ? h : 1;
}

/* The slot of that hash, or the one that is missed least. */
static struct slot *slot_of(struct rate_table *t, uint64_t who)
{
	struct slot *set = t->slots[who % SETS], *least = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].who == who)
			return &set[i];
		if (set[i].paid_us < least->paid_us)
			least = &set[i];
	}
	return least;
}

/* What the slot would become; *wait_us > 0 where it is too early. */
static int64_t charged(struct slot *slot, uint64_t who, const struct rate *rate,
		       int64_t now_us, int64_t *wait_us)
{
	int64_t window_us = rate->window_ms * 1000;
	int64_t each_us = window_us / rate->count;
	/* The rate may have been another one when this was noted. */
	if (slot->who == who && slot->paid_us > now_us + window_us)
		slot->paid_us = now_us + window_us;
	int64_t paid = slot->who == who ? slot->paid_us : 0;
	if (paid < now_us)
		paid = now_us;
	*wait_us = paid + each_us - (now_us + window_us);
	return paid + each_us;
}

struct claim { /* one more request of that address */
	struct slot *slots[RATES_MAX], next[RATES_MAX];
	size_t n;
};

/* 0, or the ms until there may be one. */
static int64_t judge(struct rate_table *t, const struct rate_list *rates,
		     struct str source, const struct address *who,
		     int64_t now_ms, struct claim *c)
{
	int64_t longest_us = 0;
	c->n = rates->n < RATES_MAX ? rates->n : RATES_MAX;
	for (size_t i = 0; i < c->n; i++) {
		int64_t wait_us;
		uint64_t h = hash_of(t, source, who, i);
		c->slots[i] = slot_of(t, h);
		c->next[i].who = h;
		c->next[i].paid_us = charged(c->slots[i], h, &rates->v[i],
					     now_ms * 1000, &wait_us);
		if (wait_us > longest_us)
			longest_us = wait_us;
	}
	return (longest_us + 999) / 1000;
}

int64_t rate_table_take(struct rate_table *t, const struct rate_list *rates,
			struct str source, const struct address *who,
			int64_t now_ms)
{
	struct claim c;
	int64_t wait_ms = judge(t, rates, source, who, now_ms, &c);
	for (size_t i = 0; i < c.n && wait_ms == 0; i++)
		*c.slots[i] = c.next[i];
	return wait_ms;
}

int64_t rate_table_wait(struct rate_table *t, const struct rate_list *rates,
			struct str source, const struct address *who,
			int64_t now_ms)
{
	struct claim c;
	return judge(t, rates, source, who, now_ms, &c);
}
