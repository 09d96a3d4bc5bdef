/* SPDX-License-Identifier: MIT */
/*
 * Reads the usage headers of Meta's Graph API, whose values are JSON:
 *   X-App-Usage: {"call_count":28,"total_time":25,"total_cputime":25}
 *   X-Business-Use-Case-Usage: {"ID":[{"type":"leadgen","call_count":95,
 *       "total_cputime":20,"total_time":20,
 *       "estimated_time_to_regain_access":19}]}   (minutes)
 *   X-Ad-Account-Usage: {"acc_id_util_pct":9.67,"reset_time_duration":100}
 * developers.facebook.com/docs/graph-api/overview/rate-limiting. What cannot be
 * read counts as not said. Pure; any thread.
 */
#include "delivery/usage.h"

#include "payload/payload.h"

enum {
	USAGE_MAX = 1000000, /* per cent; they do pass 100 */
	REGAIN_MAX_MIN = 6 * 60,
};
#define MINUTE_MS INT64_C(60000)

static const char *const percents[] = {"call_count", "total_time",
				       "total_cputime", "acc_id_util_pct"};

/* The whole part of a number like 9.67. */
static int64_t number(const struct value *v, int64_t most)
{
	struct str rest, text = str_cut(value_text(v), '.', &rest);
	int64_t n = 0;
	if (v == NULL || v->type == VALUE_BOOL ||
	    str_to_int(text, 0, INT64_MAX, &n) != 0)
		return 0;
	return n < most ? n : most;
}

static void read_counts(const struct value *counts, struct usage *out)
{
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		int64_t n = number(value_get(counts, percents[i]), USAGE_MAX);
		if (n > out->percent)
			out->percent = n;
	}
	int64_t wait =
	    number(value_get(counts, "estimated_time_to_regain_access"),
		   REGAIN_MAX_MIN);
	if (wait > out->regain_min)
		out->regain_min = wait;
}

/* One header tells of all an app does for a business; what its reports have
 * used up holds no lead back. */
static bool is_ours(const struct value *one)
{
	struct str type = value_member(one, "type");
	return type.n == 0 || str_eq(type, STR("leadgen")) ||
	       str_eq(type, STR("pages"));
}

static bool read_header(struct str text, struct usage *out)
{
	struct payload_limits limits = {.depth = 4, .values = 1000};
	struct arena scratch;
	struct value *v = NULL;
	arena_init(&scratch);
	bool ok = payload_json(&scratch, text, &limits, false, &v, NULL) == 0 &&
		  v->type == VALUE_OBJECT;
	if (ok)
		read_counts(v, out);
	VALUE_EACH (list, ok ? v : NULL)
		VALUE_EACH (one, list)
			if (is_ours(one))
				read_counts(one, out);
	arena_release(&scratch);
	return ok;
}

bool usage_read(const struct attempt_result *r, struct usage *out)
{
	bool any = false;
	*out = (struct usage){0};
	for (size_t i = 0; i < sizeof(r->usage) / sizeof(r->usage[0]); i++)
		if (r->usage[i].n > 0)
			any |= read_header(r->usage[i], out);
	return any;
}

int64_t usage_pause_ms(const struct usage *u)
{
	static const struct {
		int64_t percent, pause_ms;
	} steps[] = {
	    {100, 5 * MINUTE_MS}, {95, MINUTE_MS}, {90, 20000}, {80, 5000}};
	if (u->regain_min > 0)
		return u->regain_min * MINUTE_MS;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (u->percent >= steps[i].percent)
			return steps[i].pause_ms;
	return 0;
}

int64_t usage_regain_ms(const struct usage *u)
{
	return u->regain_min > 0 ? u->regain_min * MINUTE_MS : -1;
}
