/* SPDX-License-Identifier: MIT */
/* Reads the body of a CRM's answer; see the header. Pure, any thread. */
#include "delivery/answer.h"

#include <stddef.h>

#include "base/mem.h"
#include "payload/payload.h"

#define TO(field, name)                                                        \
	{                                                                      \
		offsetof(struct attempt_result, field), name                   \
	}
const struct answer_header answer_headers[] = {
    TO(retry_after, "Retry-After"),
    TO(date, "Date"),
    TO(ratelimit_limit, "RateLimit-Limit"),
    TO(ratelimit_limit, "X-RateLimit-Limit"),
    TO(ratelimit_remaining, "RateLimit-Remaining"),
    TO(ratelimit_remaining, "X-RateLimit-Remaining"),
    TO(ratelimit_reset, "RateLimit-Reset"),
    TO(ratelimit_reset, "X-RateLimit-Reset"),
    TO(ratelimit, "RateLimit"),
    TO(ratelimit_policy, "RateLimit-Policy"),
    TO(usage[0], "X-App-Usage"),
    TO(usage[1], "X-Business-Use-Case-Usage"),
    TO(usage[2], "X-Ad-Account-Usage"),
    TO(location, "Location"),
    {0, NULL},
};
#undef TO

static const struct payload_limits LIMITS = {.depth = 32, .values = 4096};

static const struct value *parse(struct arena *a, struct str body)
{
	struct value *root;
	arena_init(a);
	if (body.n == 0 ||
	    payload_json(a, body, &LIMITS, true, &root, NULL) != 0 ||
	    root->type != VALUE_OBJECT)
		return NULL;
	return root;
}

bool answer_has_lead(struct str body)
{
	struct arena a;
	bool has = value_get(parse(&a, body), "lead") != NULL;
	arena_release(&a);
	return has;
}

void answer_lead_id(struct str body, char *out, size_t cap)
{
	struct arena a;
	const struct value *lead = value_get(parse(&a, body), "lead");
	struct str id = value_member(lead, "id");
	size_t n = id.n < cap ? id.n : cap - 1;
	if (n > 0)
		memcpy(out, id.p, n);
	out[n] = '\0';
	arena_release(&a);
}

bool answer_in_progress(struct str body)
{
	static const char *const members[] = {"code", "type", "message"};
	struct arena a;
	const struct value *error = value_get(parse(&a, body), "error");
	bool is = false;
	for (size_t i = 0; i < 3 && !is; i++) {
		struct str text = value_member(error, members[i]);
		is = str_ifind_str(text, STR("in progress")) >= 0 ||
		     str_ifind_str(text, STR("in_progress")) >= 0;
	}
	arena_release(&a);
	return is;
}

char *answer_keep(struct str body)
{
	size_t n = body.n < ANSWER_KEPT_MAX ? body.n : ANSWER_KEPT_MAX;
	/* Not in the middle of a character. */
	while (n > 0 && n < body.n && ((unsigned char)body.p[n] & 0xc0) == 0x80)
		n--;
	char *text = xmalloc(n + 1);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)body.p[i];
		text[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
	}
	text[n] = '\0';
	return text;
}
