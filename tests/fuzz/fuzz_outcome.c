/* SPDX-License-Identifier: MIT */
/* Answers of a hostile CRM: one header per line, then the body. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "delivery/answer.h"
#include "delivery/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct str rest = {(const char *)data + 2, size - 2};
	struct attempt_result r = {
	    .status = 200 + (data[0] | data[1] << 8) % 400,
	    .body_complete = data[0] & 1,
	    .received_at_ms = INT64_C(1795381200000),
	};
	struct str *fields[] = {&r.retry_after,     &r.date,
				&r.ratelimit_limit, &r.ratelimit_remaining,
				&r.ratelimit_reset, &r.ratelimit,
				&r.ratelimit_policy};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		*fields[i] = str_cut(rest, '\n', &rest);
	r.body = rest;
	struct verdict v = outcome_judge(&r, NULL, 0);
	if (v.wait_ms != -1 &&
	    (v.wait_ms < HEADER_WAIT_MIN_MS || v.wait_ms > HEADER_WAIT_MAX_MS))
		abort();
	char id[64];
	answer_lead_id(r.body, id, sizeof(id));
	free(answer_keep(r.body));
	return 0;
}
