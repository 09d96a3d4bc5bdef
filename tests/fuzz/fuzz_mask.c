/* SPDX-License-Identifier: MIT */
/* Masks: whatever is given, no address leaves but a contact's host, and the
 * same person gives the same hash. First line: the lead; rest: an answer. */
#include "base/mem.h"
#include "lead/mask.h"
#include "lead/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size}, answer;
	struct str lead = str_cut(text, '\n', &answer);
	struct buf out;
	struct arena a = {0};
	struct person p;
	char sum[SUM_TEXT];
	buf_init(&out, (size_t)4 << 20);
	mask_text(text, &out);
	lb_assert(str_find(buf_str(&out), '@') < 0);
	lb_assert(str_is_utf8(buf_str(&out)));
	buf_reset(&out);
	mask_answer(answer, lead, &out);
	lb_assert(str_find(buf_str(&out), '@') < 0);
	buf_reset(&out);
	mask_lead(lead, &out);
	if (person_read(&a, lead, &p)) {
		person_to_json(&p, true, &out);
		sum_email(STR("key"), p.email, sum);
		sum_phone(STR("key"), p.phone, sum);
	}
	lb_assert(str_is_utf8(buf_str(&out)));
	buf_release(&out);
	arena_release(&a);
	return 0;
}
