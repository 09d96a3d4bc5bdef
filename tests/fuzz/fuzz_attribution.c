/* SPDX-License-Identifier: MIT */
/* Whatever a visit left, the CRM knows the platform and can read the lead. */
#include "base/mem.h"
#include "lead/attribution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One text per line, in the order of the fields. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct buf out;
	struct lead lead;
	struct str all = {(const char *)data, size};
	struct attribution_touch stored = {0};
	struct attribution_input in = {.earlier = &stored, .n_earlier = 1};
	in.touch.landing_page = str_cut(all, '\n', &all);
	in.touch.page_url = str_cut(all, '\n', &all);
	in.touch.referrer = str_cut(all, '\n', &all);
	in.touch.vendor_source = str_cut(all, '\n', &all);
	in.touch.vendor_medium = str_cut(all, '\n', &all);
	in.http_referer = str_cut(all, '\n', &all);
	stored.landing_page = str_cut(all, '\n', &all);
	struct str own = str_cut(all, '\n', &all);
	in.own_hosts = (struct attribution_host_list){&own, 1};
	for (unsigned i = 0; i < ATTRIBUTION_KEYS; i++)
		in.touch.text[i] = str_cut(all, '\n', &all);

	lead_init(&lead, &a);
	attribution_apply(&lead, &in);
	lb_assert(lead_platform_ok(lead.source_platform));
	lb_assert(lead_get(&lead, "attribution_rule").n > 0);
	buf_init(&out, LEAD_JSON_MAX);
	if (lead_to_json(&lead, &out) == 0)
		lb_assert(str_is_utf8(buf_str(&out)));
	buf_release(&out);
	arena_release(&a);
	return 0;
}
