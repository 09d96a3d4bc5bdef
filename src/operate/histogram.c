/* SPDX-License-Identifier: MIT */
/* Log-linear histogram; see the header. Pure. */
#include "operate/histogram.h"

#include <stddef.h>
#include <string.h>

/* Values below 8 have a bucket each; above, the three bits after the leading
 * one choose among the eight of its power of two. */
static size_t bucket_of(int64_t v)
{
	if (v < 8)
		return v < 0 ? 0 : (size_t)v;
	int top = 63 - __builtin_clzll((unsigned long long)v);
	size_t at = (size_t)(top - 2) * 8 + ((size_t)(v >> (top - 3)) & 7);
	return at < HISTOGRAM_BUCKETS ? at : HISTOGRAM_BUCKETS - 1;
}

static int64_t bucket_end(size_t at)
{
	if (at < 8)
		return (int64_t)at;
	int top = (int)(at / 8) + 2;
	int64_t step = INT64_C(1) << (top - 3);
	return (INT64_C(1) << top) + ((int64_t)(at % 8) + 1) * step - 1;
}

void histogram_add(struct histogram *h, int64_t v)
{
	h->count[bucket_of(v)]++;
	h->n++;
	if (v > h->max)
		h->max = v;
}

int64_t histogram_quantile(const struct histogram *h, double q)
{
	if (h->n == 0)
		return 0;
	uint64_t want = (uint64_t)(q * (double)h->n);
	uint64_t seen = 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->count[i];
		if (seen > want)
			return bucket_end(i) < h->max ? bucket_end(i) : h->max;
	}
	return h->max;
}

void histogram_clear(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
}
