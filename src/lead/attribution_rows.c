/* SPDX-License-Identifier: MIT */
/*
 * The decision table: rows in the order they are asked, the first that fits
 * decides. Click ids come before utm texts, those before the referrer, as in
 * GA4, but a source platform of the CRM is what comes out. What the rows ask is
 * prepared in attribution_facts.c, their sets are in attribution_sets.c. Pure.
 */
#include "lead/attribution_internal.h"

typedef bool (*question)(const struct attribution_facts *f);

static bool has(const struct attribution_facts *f, enum attribution_key key)
{
	return f->text[key].n > 0;
}

static bool is_word(const struct attribution_facts *f, enum attribution_key key,
		    struct str word)
{
	return str_ieq(f->text[key], word);
}

/* ---- click ids ---------------------------------------------------------- */

/* Search Ads 360 mints a gclid for other engines' clicks: gclsrc=3p.ds. One
 * value in both parameters is Microsoft's own suffix. */
static bool microsoft_click(const struct attribution_facts *f)
{
	return has(f, ATTRIBUTION_MSCLKID) ||
	       is_word(f, ATTRIBUTION_GCLSRC, STR("3p.ds"));
}

/* The Meta ad's link was made from an old Google ad's URL. */
static bool copied_into_meta(const struct attribution_facts *f)
{
	return f->google_id && has(f, ATTRIBUTION_FBCLID) && set_meta(f->src);
}

static bool google_click(const struct attribution_facts *f)
{
	return f->google_id && !copied_into_meta(f) &&
	       !is_word(f, ATTRIBUTION_GCLSRC, STR("3p.ds")) &&
	       !is_word(f, ATTRIBUTION_GCLSRC, STR("ds"));
}

static bool google_display(const struct attribution_facts *f)
{
	return !copied_into_meta(f) &&
	       (has(f, ATTRIBUTION_DCLID) || host_google_ads(f->ref.host));
}

/* ---- paid, by texts ----------------------------------------------------- */

static bool campaign_says(const struct attribution_facts *f, struct str word)
{
	return str_find_str(f->campaign, word) >= 0;
}

/* Meta's own ids have 12 digits and more. */
static bool is_meta_utm_id(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n >= 12;
}

static bool meta_paid_evidence(const struct attribution_facts *f)
{
	return set_paid(f->medium) || has(f, ATTRIBUTION_AD_ID) ||
	       has(f, ATTRIBUTION_ADSET_ID) ||
	       has(f, ATTRIBUTION_CAMPAIGN_ID) || has(f, ATTRIBUTION_HSA_AD) ||
	       has(f, ATTRIBUTION_FBADID) || has(f, ATTRIBUTION_CTWA_CLID) ||
	       is_word(f, ATTRIBUTION_HSA_NET, STR("facebook")) ||
	       is_meta_utm_id(f->text[ATTRIBUTION_UTM_ID]);
}

static bool meta_visit(const struct attribution_facts *f)
{
	if (f->src.n > 0)
		return set_meta(f->src);
	/* Only Meta mints a ctwa_clid: a WhatsApp ad has no other trace. */
	return has(f, ATTRIBUTION_FBCLID) || has(f, ATTRIBUTION_FBC) ||
	       has(f, ATTRIBUTION_CTWA_CLID) || host_meta(f->ref.host);
}

static bool meta_paid(const struct attribution_facts *f)
{
	return meta_visit(f) && meta_paid_evidence(f);
}

static bool google_paid(const struct attribution_facts *f)
{
	bool google = set_google(f->src) || set_youtube(f->src);
	return set_lsa(f->medium) ||
	       (google &&
		(set_paid(f->medium) || campaign_says(f, STR("pmax")) ||
		 campaign_says(f, STR("cross-network"))));
}

static bool google_aggregate(const struct attribution_facts *f)
{
	bool quiet =
	    f->source.n == 0 || set_google(f->src) || set_google_local(f->src);
	return quiet &&
	       (has(f, ATTRIBUTION_GAD_SOURCE) ||
		has(f, ATTRIBUTION_GAD_CAMPAIGNID) || has(f, ATTRIBUTION_GAD));
}

static bool paid_microsoft(const struct attribution_facts *f)
{
	return set_paid(f->medium) && set_microsoft(f->src);
}

static bool paid_other(const struct attribution_facts *f)
{
	return set_paid(f->medium);
}

/* ---- not paid, by texts ------------------------------------------------- */

static bool direct_texts(const struct attribution_facts *f)
{
	return set_direct(f->src) && set_no_medium(f->medium);
}

static bool google_free(const struct attribution_facts *f)
{
	if (set_google_local(f->src))
		return true;
	if (f->source.n == 0 && has(f, ATTRIBUTION_SRSLTID))
		return true;
	return set_google(f->src) && (str_eq(f->medium, STR("organic")) ||
				      set_google_local_medium(f->medium));
}

/* A network's posts are "organic" to many, and no search. */
static bool other_search(const struct attribution_facts *f)
{
	return set_engine(f->src) ||
	       (str_eq(f->medium, STR("organic")) && !set_social(f->src));
}

static bool google_silent(const struct attribution_facts *f)
{
	return set_google(f->src) &&
	       (set_no_medium(f->medium) || str_eq(f->medium, STR("referral")));
}

static bool google_ads_silent(const struct attribution_facts *f)
{
	return set_google_ads_name(f->src) && google_silent(f);
}

static bool other_texts(const struct attribution_facts *f)
{
	return f->source.n > 0 || f->medium.n > 0;
}

static bool fbclid_only(const struct attribution_facts *f)
{
	return has(f, ATTRIBUTION_FBCLID) || f->fbc_fresh;
}

static bool fbclid_as_ad(const struct attribution_facts *f)
{
	return fbclid_only(f) && f->in->fbclid_implies_ads;
}

/* ---- the referrer, the vendor's word ------------------------------------ */

static bool vendor_knows(const struct attribution_facts *f)
{
	return f->vendor != NULL && f->vendor->means != VENDOR_CUSTOM &&
	       !f->raw;
}

static bool vendor_says(const struct attribution_facts *f)
{
	return f->vendor != NULL;
}

static bool from_google_search(const struct attribution_facts *f)
{
	return host_google_search(f->ref.host, f->ref.path);
}

static bool from_google_property(const struct attribution_facts *f)
{
	return host_google_property(f->ref.host) != NULL;
}

static bool from_engine(const struct attribution_facts *f)
{
	return host_engine(f->ref.host);
}

static bool from_meta(const struct attribution_facts *f)
{
	return host_meta(f->ref.host);
}

static bool from_assistant(const struct attribution_facts *f)
{
	return host_assistant(f->ref.host);
}

static bool from_site(const struct attribution_facts *f)
{
	return f->ref.host.n > 0;
}

/* ---- channels ----------------------------------------------------------- */

static const char *google_click_channel(const struct attribution_facts *f)
{
	bool pmax = is_word(f, ATTRIBUTION_GAD_SOURCE, STR("5")) ||
		    campaign_says(f, STR("pmax")) ||
		    campaign_says(f, STR("cross-network"));
	return pmax ? "pmax" : "paid_search";
}

static const char *paid_other_channel(const struct attribution_facts *f)
{
	if (set_engine(f->src))
		return "paid_search";
	return set_social(f->src) ? "paid_social" : "paid_other";
}

static const char *google_free_channel(const struct attribution_facts *f)
{
	if (set_google_local(f->src) || set_google_local(f->campaign) ||
	    set_google_local_medium(f->medium))
		return "local";
	return f->src.n > 0 ? "organic_search" : "free_listing";
}

static const char *other_channel(const struct attribution_facts *f)
{
	return set_channel(f->src, f->medium);
}

static const char *google_search_channel(const struct attribution_facts *f)
{
	return host_google_maps(f->ref.host, f->ref.path) ? "local"
							  : "organic_search";
}

static const char *google_property_channel(const struct attribution_facts *f)
{
	return host_google_property(f->ref.host);
}

static const char *vendor_channel(const struct attribution_facts *f)
{
	return f->vendor->channel;
}

/* ---- the table ---------------------------------------------------------- */

enum platform {
	GOOGLE_ADS,
	GOOGLE_ORGANIC,
	META_ADS,
	REFERRAL,
	DIRECT,
	MICROSOFT,    /* the switch microsoft_ads_as */
	OTHER_SEARCH, /* the switch other_search_as */
	BY_VENDOR,
};

enum basis { BY_CLICK, BY_TEXTS, BY_REST };

static const struct row {
	const char *rule;
	question fits;
	enum platform platform;
	enum basis basis;
	enum attribution_confidence confidence;
	const char *channel; /* or */
	const char *(*channel_of)(const struct attribution_facts *f);
} ROWS[] = {
    {"microsoft_click_id", microsoft_click, MICROSOFT, BY_CLICK,
     ATTRIBUTION_HIGH, "paid_search_microsoft", NULL},
    {"google_click_id", google_click, GOOGLE_ADS, BY_CLICK, ATTRIBUTION_HIGH,
     NULL, google_click_channel},
    {"google_display", google_display, GOOGLE_ADS, BY_CLICK, ATTRIBUTION_MEDIUM,
     "display", NULL},
    {"meta_paid", meta_paid, META_ADS, BY_TEXTS, ATTRIBUTION_HIGH,
     "paid_social", NULL},
    {"google_paid", google_paid, GOOGLE_ADS, BY_TEXTS, ATTRIBUTION_HIGH,
     "paid_search", NULL},
    {"google_aggregate", google_aggregate, GOOGLE_ADS, BY_REST,
     ATTRIBUTION_MEDIUM, "paid_google_aggregate", NULL},
    {"microsoft_paid", paid_microsoft, MICROSOFT, BY_TEXTS, ATTRIBUTION_HIGH,
     "paid_search", NULL},
    {"other_paid", paid_other, REFERRAL, BY_TEXTS, ATTRIBUTION_HIGH, NULL,
     paid_other_channel},
    {"direct_utm", direct_texts, DIRECT, BY_TEXTS, ATTRIBUTION_HIGH, "direct",
     NULL},
    {"google_free", google_free, GOOGLE_ORGANIC, BY_TEXTS, ATTRIBUTION_HIGH,
     NULL, google_free_channel},
    {"other_search_utm", other_search, OTHER_SEARCH, BY_TEXTS, ATTRIBUTION_HIGH,
     "organic_search", NULL},
    {"google_ads_utm", google_ads_silent, GOOGLE_ADS, BY_TEXTS,
     ATTRIBUTION_MEDIUM, "paid_search", NULL},
    {"google_utm", google_silent, GOOGLE_ORGANIC, BY_TEXTS, ATTRIBUTION_MEDIUM,
     "organic_search", NULL},
    {"other_utm", other_texts, REFERRAL, BY_TEXTS, ATTRIBUTION_HIGH, NULL,
     other_channel},
    {"fbclid_as_ad", fbclid_as_ad, META_ADS, BY_REST, ATTRIBUTION_LOW,
     "paid_social", NULL},
    {"fbclid", fbclid_only, REFERRAL, BY_REST, ATTRIBUTION_LOW,
     "organic_social", NULL},
    {"vendor", vendor_knows, BY_VENDOR, BY_REST, ATTRIBUTION_MEDIUM, NULL,
     vendor_channel},
    {"google_referrer", from_google_search, GOOGLE_ORGANIC, BY_REST,
     ATTRIBUTION_HIGH, NULL, google_search_channel},
    {"google_property", from_google_property, REFERRAL, BY_REST,
     ATTRIBUTION_HIGH, NULL, google_property_channel},
    {"search_referrer", from_engine, OTHER_SEARCH, BY_REST, ATTRIBUTION_HIGH,
     "organic_search", NULL},
    {"meta_referrer", from_meta, REFERRAL, BY_REST, ATTRIBUTION_HIGH,
     "organic_social", NULL},
    {"assistant_referrer", from_assistant, REFERRAL, BY_REST, ATTRIBUTION_HIGH,
     "ai_assistant", NULL},
    {"referrer", from_site, REFERRAL, BY_REST, ATTRIBUTION_HIGH, "referral",
     NULL},
    {"vendor", vendor_says, BY_VENDOR, BY_REST, ATTRIBUTION_MEDIUM, NULL,
     vendor_channel},
};

enum { N_ROWS = sizeof(ROWS) / sizeof(ROWS[0]) };

static struct str chosen(struct str by_operator)
{
	return lead_platform_ok(by_operator) ? by_operator : STR("referral");
}

static struct str vendor_platform(const struct attribution_facts *f)
{
	switch (f->vendor->means) {
	case VENDOR_GOOGLE_ADS:
		return STR("google_ads");
	case VENDOR_GOOGLE_ORGANIC:
		return STR("google_organic");
	case VENDOR_META_ADS:
		return STR("meta_ads");
	case VENDOR_REFERRAL:
		return STR("referral");
	case VENDOR_MICROSOFT_ADS:
		return chosen(f->in->microsoft_ads_as);
	case VENDOR_OTHER_SEARCH:
		return chosen(f->in->other_search_as);
	case VENDOR_DIRECT:
	case VENDOR_CUSTOM:
		return STR("direct");
	}
	return STR("direct");
}

static struct str row_platform(const struct row *row,
			       const struct attribution_facts *f)
{
	switch (row->platform) {
	case GOOGLE_ADS:
		return STR("google_ads");
	case GOOGLE_ORGANIC:
		return STR("google_organic");
	case META_ADS:
		return STR("meta_ads");
	case REFERRAL:
		return STR("referral");
	case DIRECT:
		return STR("direct");
	case MICROSOFT:
		return chosen(f->in->microsoft_ads_as);
	case OTHER_SEARCH:
		return chosen(f->in->other_search_as);
	case BY_VENDOR:
		return vendor_platform(f);
	}
	return STR("direct");
}

/* Whether the utm texts by themselves would say another platform. */
static bool disagrees(const struct row *row, const struct attribution_facts *f)
{
	if (copied_into_meta(f))
		return true;
	if (row->basis != BY_CLICK)
		return false;
	const struct row *texts = ROWS;
	while (texts < ROWS + N_ROWS &&
	       !(texts->basis == BY_TEXTS && texts->fits(f)))
		texts++;
	return texts < ROWS + N_ROWS && texts->confidence == ATTRIBUTION_HIGH &&
	       !str_eq(row_platform(texts, f), row_platform(row, f));
}

bool attribution_by_rows(const struct attribution_facts *f,
			 struct attribution *out)
{
	const struct row *row = ROWS;
	while (row < ROWS + N_ROWS && !row->fits(f))
		row++;
	if (row == ROWS + N_ROWS)
		return false;
	out->source_platform = row_platform(row, f);
	out->rule = str_from(row->rule);
	out->channel =
	    str_from(row->channel != NULL ? row->channel : row->channel_of(f));
	out->confidence = row->confidence;
	out->conflict = disagrees(row, f);
	if (row->fits == from_site)
		out->referrer_host = f->ref.host;
	return true;
}
