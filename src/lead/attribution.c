/* SPDX-License-Identifier: MIT */
/*
 * What decides, in this order: what the payload or the operator says outright,
 * the rows over this visit, the rows over earlier visits the sender stored, the
 * source's default. Then decision and evidence become custom fields. Pure.
 */
#include "lead/attribution_internal.h"

static bool decide_by_order(const struct attribution_input *in,
			    struct attribution *out)
{
	bool given = lead_platform_ok(in->given_platform);
	if (!given && !lead_platform_ok(in->operator_platform))
		return false;
	out->source_platform =
	    given ? in->given_platform : in->operator_platform;
	out->channel = given ? in->given_channel : in->operator_channel;
	out->rule = given ? STR("given") : STR("operator");
	return true;
}

/* An earlier visit that says something; its evidence fills the gaps. */
static bool decide_by_earlier(struct arena *a,
			      const struct attribution_input *in,
			      struct attribution *out)
{
	struct attribution_input stored = *in;
	stored.http_referer = STR_NONE;
	for (size_t i = 0; i < in->n_earlier; i++) {
		const struct attribution_touch *touch = &in->earlier[i];
		struct attribution_facts f;
		attribution_facts(a, &stored, touch, &f);
		if (!attribution_by_rows(&f, out))
			continue;
		out->stored_touch = true;
		if (out->confidence == ATTRIBUTION_HIGH)
			out->confidence = ATTRIBUTION_MEDIUM;
		memcpy(out->text, f.text, sizeof(out->text));
		out->landing_page = touch->landing_page;
		out->referrer = f.referrer;
		return true;
	}
	return false;
}

static void decide_by_default(const struct attribution_input *in,
			      struct attribution *out)
{
	bool set = lead_platform_ok(in->default_platform);
	out->source_platform = set ? in->default_platform : STR("direct");
	out->rule = STR("default");
	if (str_eq(out->source_platform, STR("direct")))
		out->channel = STR("direct");
}

void attribution_decide(struct arena *a, const struct attribution_input *in,
			struct attribution *out)
{
	struct attribution_facts f;
	attribution_facts(a, in, &in->touch, &f);
	*out = (struct attribution){0};
	memcpy(out->text, f.text, sizeof(out->text));
	out->landing_page = in->touch.landing_page;
	out->referrer = f.referrer;
	if (!decide_by_order(in, out) && !attribution_by_rows(&f, out) &&
	    !decide_by_earlier(a, in, out))
		decide_by_default(in, out);
}

static void record_decision(struct lead *l, const struct attribution *got)
{
	static const char *const confidence[] = {
	    [ATTRIBUTION_HIGH] = NULL,
	    [ATTRIBUTION_MEDIUM] = "medium",
	    [ATTRIBUTION_LOW] = "low",
	};
	lead_add(l, "attribution_rule", got->rule);
	lead_add(l, "channel", got->channel);
	if (confidence[got->confidence] != NULL)
		lead_add(l, "attribution_confidence",
			 str_from(confidence[got->confidence]));
	if (got->conflict)
		lead_add_typed(l, STR("attribution_conflict"), FIELD_BOOL,
			       STR("true"));
	if (got->stored_touch)
		lead_add(l, "attribution", STR("stored_touch"));
}

void attribution_apply(struct lead *l, const struct attribution_input *in)
{
	struct attribution got;
	attribution_decide(l->arena, in, &got);
	l->source_platform = arena_copy(l->arena, got.source_platform);
	record_decision(l, &got);
	lead_add(l, "landing_page", got.landing_page);
	lead_add(l, "referrer", got.referrer);
	lead_add(l, "referrer_host", got.referrer_host);
	for (unsigned key = 0; key < ATTRIBUTION_KEYS; key++)
		lead_add(l, attribution_key_name((enum attribution_key)key),
			 got.text[key]);
}
