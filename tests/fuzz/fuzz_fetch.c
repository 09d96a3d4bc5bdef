/* SPDX-License-Identifier: MIT */
/*
 * A provider's answer, behind the description of its fetch and an empty line,
 * through every platform that fetches: judged, and made a lead.
 */
#include "../sources/golden_sources.h"
#include "leadbridge/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same as one of the answers to a request for several. */
static void as_batch(const struct source *s, struct str description,
		     struct str answer)
{
	struct str two[] = {description, description}, parts[2];
	struct fetch_request request = {0};
	struct arena arena;
	if (s->ops->fetch->batch_max < 2)
		return;
	arena_init(&arena);
	if (source_fetch_batch(s, two, 2, &arena, &request) == 0)
		lb_assert(request.path.n > 0 && request.body.n > 0);
	if (source_fetch_parts(s, answer, two, 2, parts, &arena) == 0)
		lb_assert(str_eq(parts[0], parts[1]));
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct str answer;
	if (!ready)
		golden_setup();
	ready = true;
	struct str all = {(const char *)data, size};
	struct str description = str_cut(all, '\n', &answer);
	struct attempt_result r = {.transport = TRANSPORT_ANSWERED,
				   .status = size % 2 == 0 ? 200 : 400,
				   .body = answer,
				   .body_complete = true};
	for (size_t i = 0; i < GOLDEN_SOURCES; i++) {
		const struct source *s = golden_sources[i].source;
		if (!source_fetches(s))
			continue;
		struct verdict v = outcome_judge(&r, NULL, 0);
		struct fetched got;
		as_batch(s, description, answer);
		source_fetch_judge(s, description, &r, &v);
		source_fetched(s, description, answer, &got);
		lb_assert(v.reason != NULL && got.fate != FATE_FETCH);
		if (got.fate == FATE_LEAD)
			lb_assert(got.json.n > 0 &&
				  !is_fetch(buf_str(&got.json)));
		else
			lb_assert(got.reason != NULL);
		buf_release(&got.json);
	}
	return 0;
}
