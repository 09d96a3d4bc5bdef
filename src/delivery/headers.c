/* SPDX-License-Identifier: MIT */
/*
 * Retry-After and RateLimit headers, read strictly; see the header. Three
 * families: RateLimit-Limit/-Remaining/-Reset (also as X-RateLimit-...), the
 * structured "name";r=;t= with RateLimit-Policy, and its older key=value form.
 * Pure, any thread.
 */
#include "delivery/headers.h"

#include "base/clock.h"

enum {
	DIGITS_MAX = 15,
	EPOCH_FROM = 1000000000, /* a reset above this is a point in time */
};
/* And above this one in milliseconds. */
#define EPOCH_MS_FROM INT64_C(100000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits only, no sign: str_to_int would take a '-'. */
static int to_count(struct str s, int64_t *out)
{
	if (s.n == 0 || s.n > DIGITS_MAX)
		return LB_EINVAL;
	int64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return LB_EINVAL;
		v = v * 10 + (s.p[i] - '0');
	}
	*out = v;
	return 0;
}

/* "12" or "1.5" seconds -> ms; the part of a millisecond counts as one. */
static int to_seconds(struct str s, int64_t *ms)
{
	struct str fraction, whole = str_cut(s, '.', &fraction);
	int64_t v;
	if (to_count(whole, &v) != 0)
		return LB_EINVAL;
	if (v > INT64_MAX / 2000)
		return LB_EINVAL;
	*ms = v * 1000;
	if (fraction.p == NULL)
		return 0;
	int64_t scale = 100;
	bool rest = false;
	if (fraction.n == 0)
		return LB_EINVAL;
	for (size_t i = 0; i < fraction.n; i++, scale /= 10) {
		if (!is_digit(fraction.p[i]))
			return LB_EINVAL;
		*ms += (fraction.p[i] - '0') * scale;
		rest |= scale == 0 && fraction.p[i] != '0';
	}
	*ms += rest ? 1 : 0;
	return 0;
}

static int64_t clamp(int64_t v, int64_t min, int64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* The other side's clock where it shows it: ours may be wrong. */
static int64_t their_now(const struct attempt_result *r)
{
	int64_t at;
	if (clock_parse_http(str_trim(r->date), &at) == 0)
		return at;
	return r->received_at_ms;
}

int64_t header_retry_after(const struct attempt_result *r)
{
	struct str s = str_trim(r->retry_after);
	int64_t ms, at;
	if (s.n == 0)
		return -1;
	if (is_digit(s.p[0])) {
		if (to_seconds(s, &ms) != 0)
			return -1;
	} else if (clock_parse_http(s, &at) == 0) {
		ms = at - their_now(r);
	} else {
		return -1;
	}
	return clamp(ms, HEADER_WAIT_MIN_MS, HEADER_WAIT_MAX_MS);
}

/* Delta seconds, or a point in time when it is too big to be one. */
static int64_t reset_of(const struct attempt_result *r, struct str s)
{
	int64_t ms;
	if (to_seconds(str_trim(s), &ms) != 0)
		return -1;
	if (ms / 1000 > EPOCH_MS_FROM)
		ms = ms / 1000 - their_now(r);
	else if (ms / 1000 > EPOCH_FROM)
		ms -= their_now(r);
	return clamp(ms, 0, HEADER_WAIT_MAX_MS);
}

/* Value of parameter `name` in ";r=50;t=30" (or NONE). */
static struct str param(struct str params, struct str name)
{
	while (params.n > 0) {
		struct str value, rest;
		struct str key = str_cut(params, ';', &rest);
		key = str_cut(key, '=', &value);
		if (str_ieq(str_trim(key), name))
			return str_trim(value);
		params = rest;
	}
	return STR_NONE;
}

static int64_t count_param(struct str params, struct str name)
{
	int64_t v;
	return to_count(param(params, name), &v) == 0 ? v : -1;
}

static int64_t window_param(struct str params)
{
	int64_t v = count_param(params, STR("w"));
	return v > 0 ? clamp(v, 1, 366 * 86400) * 1000 : -1;
}

/* "60", and what draft 03 put behind it: "60, 60;w=60, 1000;w=3600". */
static void three_headers(const struct attempt_result *r,
			  struct rate_hint *hint)
{
	struct str rest, first = str_cut(r->ratelimit_limit, ',', &rest);
	struct str params, number = str_cut(first, ';', &params);
	if (to_count(str_trim(number), &hint->limit) != 0)
		hint->limit = -1;
	hint->window_ms = window_param(params);
	while (rest.n > 0 && hint->window_ms < 0) {
		struct str item = str_cut(rest, ',', &rest);
		int64_t limit;
		number = str_cut(item, ';', &params);
		if (to_count(str_trim(number), &limit) == 0 &&
		    limit == hint->limit)
			hint->window_ms = window_param(params);
	}
	if (to_count(str_trim(r->ratelimit_remaining), &hint->remaining) != 0)
		hint->remaining = -1;
	hint->reset_ms = reset_of(r, r->ratelimit_reset);
}

/* Limit and window of a policy: '"burst";q=100;w=60' or '100;w=60'. With
 * name.p == NULL the first one. */
static void from_policy(struct str policies, struct str name,
			struct rate_hint *hint)
{
	while (policies.n > 0) {
		struct str item = str_cut(policies, ',', &policies);
		struct str params, label = str_cut(item, ';', &params);
		label = str_trim(label);
		if (name.p != NULL && !str_eq(label, name))
			continue;
		int64_t limit = count_param(params, STR("q"));
		if (limit < 0 && to_count(label, &limit) != 0)
			limit = -1;
		if (hint->limit < 0)
			hint->limit = limit;
		hint->window_ms = window_param(params);
		return;
	}
}

/* '"default";r=50;t=30' */
static void named_item(const struct attempt_result *r, struct str item,
		       struct rate_hint *hint)
{
	struct str params, name = str_trim(str_cut(item, ';', &params));
	hint->remaining = count_param(params, STR("r"));
	hint->reset_ms = reset_of(r, param(params, STR("t")));
	from_policy(r->ratelimit_policy, name, hint);
}

/* "limit=100, remaining=50, reset=30" */
static void key_values(const struct attempt_result *r, struct rate_hint *hint)
{
	struct str rest = r->ratelimit;
	while (rest.n > 0) {
		struct str value, item = str_cut(rest, ',', &rest);
		struct str key = str_trim(str_cut(item, '=', &value));
		value = str_trim(value);
		if (str_ieq(key, STR("limit")))
			(void)!to_count(value, &hint->limit);
		else if (str_ieq(key, STR("remaining")))
			(void)!to_count(value, &hint->remaining);
		else if (str_ieq(key, STR("reset")))
			hint->reset_ms = reset_of(r, value);
	}
	from_policy(r->ratelimit_policy, STR_NONE, hint);
}

static const struct rate_hint NOTHING = {-1, -1, -1, -1};

static size_t structured(const struct attempt_result *r, struct rate_hint *out)
{
	struct str rest = str_trim(r->ratelimit);
	size_t n = 0;
	if (rest.n == 0)
		return 0;
	if (rest.p[0] != '"' && str_find(rest, ';') < 0) {
		out[0] = NOTHING;
		key_values(r, &out[0]);
		return out[0].remaining >= 0 ? 1 : 0;
	}
	while (rest.n > 0 && n < RATE_HINTS_MAX) {
		struct str item = str_cut(rest, ',', &rest);
		out[n] = NOTHING;
		named_item(r, item, &out[n]);
		if (out[n].remaining >= 0)
			n++;
	}
	return n;
}

size_t header_rate_hints(const struct attempt_result *r,
			 struct rate_hint out[RATE_HINTS_MAX])
{
	size_t n = structured(r, out);
	if (n > 0)
		return n;
	out[0] = NOTHING;
	three_headers(r, &out[0]);
	return out[0].remaining >= 0 ? 1 : 0;
}

int64_t header_rate_reset(const struct attempt_result *r)
{
	struct rate_hint hints[RATE_HINTS_MAX];
	size_t n = header_rate_hints(r, hints);
	int64_t wait = -1;
	for (size_t i = 0; i < n; i++)
		if (hints[i].remaining == 0 && hints[i].reset_ms > wait)
			wait = hints[i].reset_ms;
	if (wait < 0) /* a 429 that names only the reset */
		wait = reset_of(r, r->ratelimit_reset);
	return wait < 0 ? -1
			: clamp(wait, HEADER_WAIT_MIN_MS, HEADER_WAIT_MAX_MS);
}
