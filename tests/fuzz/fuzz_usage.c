/* SPDX-License-Identifier: MIT */
/* The three usage headers of a provider's answer, a line each. */
#include "base/mem.h"
#include "delivery/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attempt_result r = {.status = 200};
	struct str rest = {(const char *)data, size};
	struct usage u;
	for (size_t i = 0; i < 3; i++)
		r.usage[i] = str_cut(rest, '\n', &rest);
	bool read = usage_read(&r, &u);
	int64_t pause = usage_pause_ms(&u), regain = usage_regain_ms(&u);
	lb_assert(u.percent >= 0 && u.regain_min >= 0);
	lb_assert(pause >= 0 && pause <= INT64_C(6) * 60 * 60 * 1000);
	lb_assert(regain == -1 || regain == pause);
	lb_assert(read || (u.percent == 0 && pause == 0));
	return 0;
}
