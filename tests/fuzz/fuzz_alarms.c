/* SPDX-License-Identifier: MIT */
/* An expectation, a token, or what alarms remember: whatever it is, no harm,
 * and what was saved is read again. */
#include "base/mem.h"
#include "operate/alarms_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct source shop = {.name = (char *)(uintptr_t) "shop",
				     .expect = (char *)(uintptr_t) "3 per 6h"};
	static struct source *sources[] = {&shop};
	static const struct config config = {.sources = sources,
					     .n_sources = 1};
	struct str text = {(const char *)data, size};
	struct expect e;
	struct err err = {0};
	struct buf saved;
	const char *wrong;
	int64_t now = INT64_C(1795435200000);
	if (expect_parse(text, &e, &wrong) == 0) {
		int64_t counted = expect_counted(&e, now, 100000000);
		lb_assert(counted >= 0 && counted <= 100000000);
	}
	lb_assert(token_ends_ms(text) >= 0);
	struct judge *j = judge_new();
	judge_configure(j, &config, STR("key"), now);
	int rc = judge_load(j, text, now, 1000, &err);
	buf_init(&saved, 1 << 24);
	judge_save(j, &saved);
	lb_assert(!saved.over);
	if (rc == 0)
		lb_assert(judge_load(j, buf_str(&saved), now, 1000, &err) == 0);
	buf_release(&saved);
	judge_free(j);
	return 0;
}
