/* SPDX-License-Identifier: MIT */
/*
 * Log-linear histogram: eight buckets to each power of two, so a quantile is
 * at most 12.5 % off, in fixed memory. Unit is the caller's (here: µs or ms).
 */
#ifndef LB_HISTOGRAM_H
#define LB_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 8 * 40 };

struct histogram {
	uint32_t count[HISTOGRAM_BUCKETS];
	uint64_t n;
	int64_t max;
};

void histogram_add(struct histogram *h, int64_t v);
/* Upper bound of the bucket the q-quantile (0..1) falls in, at most max. */
int64_t histogram_quantile(const struct histogram *h, double q);
void histogram_clear(struct histogram *h);

#endif
