/* SPDX-License-Identifier: MIT */
/*
 * `attribution: true`: the channel decides source_platform, by the table in
 * lead/attribution.h. What the visit left is read from the custom fields, where
 * every adapter puts what its sender says; they come back judged, so that no
 * placeholder is kept as a click id. Runs between the adapter and what the
 * configuration changes. Pure.
 */
#include "lead/attribution.h"
#include "sources/adapter.h"
#include "sources/engine.h"
#include "sources/programs.h"

static struct str first_field(const struct lead *lead, const char *const *slugs)
{
	for (; *slugs != NULL; slugs++) {
		struct str text = lead_get(lead, *slugs);
		if (text.n > 0)
			return text;
	}
	return STR_NONE;
}

/* Key fields leave the lead: attribution_apply() puts back what is usable. */
static void take_keys(struct lead *lead, struct str *text)
{
	size_t kept = 0;
	for (size_t i = 0; i < lead->n_fields; i++) {
		struct lead_field field = lead->fields[i];
		enum attribution_key key = attribution_key_find(field.slug);
		if (key == ATTRIBUTION_KEYS)
			lead->fields[kept++] = field;
		else if (text[key].n == 0)
			text[key] = field.text;
	}
	lead->n_fields = kept;
}

/* A form comes from the page it stands on, and the browser says which. */
static struct str referring_page(const struct source_call *call)
{
	if ((call->source->ops->flags & SOURCE_OPEN) == 0)
		return STR_NONE;
	return request_header(call->request, "Referer");
}

static void take_touch(const struct source_call *call, struct lead *lead,
		       struct attribution_touch *touch)
{
	static const char *const landing[] = {"landing_page", "landing_site",
					      "landing_url", NULL};
	static const char *const page[] = {"page_url", "source_url", NULL};
	static const char *const referrer[] = {"referrer", "referring_site",
					       "referring_url", NULL};
	touch->landing_page = first_field(lead, landing);
	touch->page_url = first_field(lead, page);
	touch->referrer = first_field(lead, referrer);
	touch->vendor_source = lead_get(lead, "tracker_source");
	touch->vendor_medium = lead_get(lead, "tracker_medium");
	if (touch->page_url.n == 0)
		touch->page_url = referring_page(call);
	take_keys(lead, touch->text);
}

/* The first visit, where the sender remembers it. */
static void take_earlier(const struct lead *lead,
			 struct attribution_touch *touch)
{
	static const char *const landing[] = {"first_landing_page",
					      "hs_analytics_first_url", NULL};
	static const char *const referrer[] = {
	    "first_referrer", "hs_analytics_first_referrer", NULL};
	touch->landing_page = first_field(lead, landing);
	touch->referrer = first_field(lead, referrer);
}

/* "https://www.example.com:8443" -> "www.example.com" */
static struct str origin_host(struct str origin)
{
	struct str rest;
	long scheme = str_find_str(origin, STR("://"));
	if (scheme >= 0)
		origin = str_sub(origin, (size_t)scheme + 3, origin.n);
	return str_cut(origin, ':', &rest);
}

/* The pages the form may stand on are our site. */
static struct attribution_host_list own_hosts(const struct source_call *call)
{
	const struct source *source = call->source;
	size_t n = source->own_hosts.n + source->origins.n, at = 0;
	struct str *v = arena_alloc(call->arena, (n + 1) * sizeof(*v));
	for (size_t i = 0; i < source->own_hosts.n; i++)
		v[at++] = str_from(source->own_hosts.v[i]);
	for (size_t i = 0; i < source->origins.n; i++)
		v[at++] = origin_host(str_from(source->origins.v[i]));
	return (struct attribution_host_list){v, n};
}

static struct attribution_host_list excluded_hosts(const struct source_call *c)
{
	const struct text_list *list = &c->source->excluded_hosts;
	struct str *v = arena_alloc(c->arena, (list->n + 1) * sizeof(*v));
	for (size_t i = 0; i < list->n; i++)
		v[i] = str_from(list->v[i]);
	return (struct attribution_host_list){v, list->n};
}

/* The sender is not the channel, but somebody may want to know it. */
static void name_sender(const struct source_ops *ops, struct lead *lead)
{
	if (ops->source_platform != NULL &&
	    !str_eq(str_from(ops->platform), str_from(ops->source_type)))
		lead_add(lead, "sender_platform", str_from(ops->platform));
}

/* `channel` will be ours. */
static void keep_channel(struct lead *lead)
{
	struct str given = lead_get(lead, "channel");
	if (given.n > 0)
		lead_add(lead, "channel_given", given);
}

void attribute(const struct source_call *call, const struct event *event,
	       struct lead *lead)
{
	const struct source *source = call->source;
	struct attribution_touch earlier = {0};
	struct attribution_input in = {
	    .earlier = &earlier,
	    .n_earlier = 1,
	    .own_hosts = own_hosts(call),
	    .excluded_hosts = excluded_hosts(call),
	    .fbclid_implies_ads = source->fbclid_implies_ads,
	    .microsoft_ads_as = str_from(source->microsoft_ads_as),
	    .other_search_as = str_from(source->other_search_as),
	    .operator_platform = str_from(source->source_platform),
	    /* What the adapter knows, or is, counts where the visit says
	     * nothing. */
	    .default_platform = lead->source_platform,
	    .now_ms = call->request->received_at_ms,
	};
	/* As in overrides_after(): a fixed platform wins over a mapped one. */
	if (source->source_platform == NULL)
		in.given_platform =
		    programs_text(call, event, "source_platform");
	if (in.default_platform.n == 0)
		in.default_platform = str_from(source->ops->source_platform);
	take_touch(call, lead, &in.touch);
	take_earlier(lead, &earlier);
	keep_channel(lead);
	attribution_apply(lead, &in);
	name_sender(source->ops, lead);
}
