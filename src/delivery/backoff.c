/* SPDX-License-Identifier: MIT */
/* Back-off with jitter; see the header. Any thread. */
#include "delivery/backoff.h"

#include "base/crypto.h"

enum { LATER_MAX_MS = 30 * 1000 };

int64_t backoff_delay(const struct destination_config *c, uint32_t attempts)
{
	if (attempts < c->retry.n)
		return c->retry.v[attempts];
	return c->retry_every_ms;
}

int64_t backoff_jitter(int64_t delay_ms)
{
	if (delay_ms <= 0)
		return 0;
	return delay_ms / 2 +
	       (int64_t)crypto_random_below((uint64_t)delay_ms + 1);
}

int64_t backoff_later(int64_t floor_ms)
{
	int64_t most = floor_ms / 10;
	if (most > LATER_MAX_MS)
		most = LATER_MAX_MS;
	if (most <= 0)
		return floor_ms;
	return floor_ms + (int64_t)crypto_random_below((uint64_t)most + 1);
}

int64_t backoff_next(const struct destination_config *c, uint32_t attempts,
		     int64_t floor_ms)
{
	int64_t wait = backoff_jitter(backoff_delay(c, attempts));
	if (floor_ms >= 0 && wait < floor_ms)
		wait = backoff_later(floor_ms);
	return wait;
}
