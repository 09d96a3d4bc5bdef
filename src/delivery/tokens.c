/* SPDX-License-Identifier: MIT */
/* What one request holds of a limiter; see the header. */
#include "delivery/tokens.h"

#include "base/clock.h"
#include "delivery/attempt.h"
#include "delivery/headers.h"

void tokens_take(struct tokens *t, struct limiter *l, int64_t now)
{
	*t = (struct tokens){.limiter = l, .n = 1, .sent_at = now};
	limiter_take(l, now);
}

bool tokens_again(struct tokens *t)
{
	int64_t now = clock_mono_ms();
	if (limiter_ready_at(t->limiter, now) != 0)
		return false;
	limiter_take(t->limiter, now);
	t->n++;
	return true;
}

void tokens_settle(struct tokens *t, const struct attempt_result *r,
		   int64_t now)
{
	struct rate_hint hints[RATE_HINTS_MAX];
	bool arrived = attempt_arrived(r->transport);
	for (int i = arrived ? 0 : 1; i < t->n; i++)
		limiter_answered(t->limiter, now);
	if (!arrived)
		limiter_return(t->limiter);
	/* Retry-After wins over what RateLimit headers say beside it. */
	if (r->transport != TRANSPORT_ANSWERED || header_retry_after(r) >= 0)
		return;
	size_t n = header_rate_hints(r, hints);
	for (size_t i = 0; i < n; i++)
		limiter_hint(t->limiter, &hints[i], t->sent_at, now);
}
