/* SPDX-License-Identifier: MIT */
/* The decision table, row by row, and the evidence a lead keeps. */
#include "lead/attribution.h"
#include "rows.h"

#define ID "Cj0KCQiA-example_1.x"

/* utm texts and ids as a landing page has them. */
static const struct {
	const char *name, *query, *referrer;
	const char *platform, *rule, *channel;
} VISITS[] = {
    /* Microsoft's clicks, whatever they are dressed as */
    {"msclkid", "msclkid=" ID, NULL, "referral", "microsoft_click_id",
     "paid_search_microsoft"},
    {"id minted for another engine", "gclid=X&msclkid=X&gclsrc=3p.ds", NULL,
     "referral", "microsoft_click_id", "paid_search_microsoft"},
    {"one value as both ids", "gclid=" ID "&msclkid=" ID, NULL, "referral",
     "microsoft_click_id", "paid_search_microsoft"},
    {"gclsrc says other engine", "gclid=" ID "&gclsrc=3p.ds", NULL, "referral",
     "microsoft_click_id", "paid_search_microsoft"},

    /* Google's click ids */
    {"gclid", "gclid=" ID, NULL, "google_ads", "google_click_id",
     "paid_search"},
    {"gbraid", "gbraid=" ID, NULL, "google_ads", "google_click_id",
     "paid_search"},
    {"wbraid", "wbraid=" ID, NULL, "google_ads", "google_click_id",
     "paid_search"},
    {"gclid of Google Ads in Search Ads 360", "gclid=" ID "&gclsrc=aw.ds", NULL,
     "google_ads", "google_click_id", "paid_search"},
    {"performance max", "gclid=" ID "&gad_source=5", NULL, "google_ads",
     "google_click_id", "pmax"},
    {"gclid not from auto tagging", "gclid=" ID "&gclsrc=ds", NULL, "direct",
     "default", "direct"},
    {"gclid beats a newsletter's texts",
     "gclid=" ID "&utm_source=newsletter&utm_medium=email", NULL, "google_ads",
     "google_click_id", "paid_search"},
    {"Meta ad made from an old Google ad's URL",
     "gclid=" ID "&fbclid=" ID "&utm_source=facebook&utm_medium=paid", NULL,
     "meta_ads", "meta_paid", "paid_social"},
    {"the same with dclid",
     "gclid=" ID "&dclid=" ID "&fbclid=" ID "&utm_source=fb&utm_medium=cpc",
     NULL, "meta_ads", "meta_paid", "paid_social"},
    {"gclid and fbclid without Meta's texts", "gclid=" ID "&fbclid=" ID, NULL,
     "google_ads", "google_click_id", "paid_search"},
    {"placeholder gclid", "gclid={gclid}", NULL, "direct", "default", "direct"},
    {"undefined gclid", "gclid=undefined", NULL, "direct", "default", "direct"},
    {"nine characters", "gclid=123456789", NULL, "direct", "default", "direct"},
    {"ten characters", "gclid=1234567890", NULL, "google_ads",
     "google_click_id", "paid_search"},
    {"other characters", "gclid=Cj0KCQiA%2Bexample", NULL, "direct", "default",
     "direct"},
    {"Google's test id", "gclid=TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZabc", NULL,
     "direct", "default", "direct"},

    /* display */
    {"dclid", "dclid=" ID, NULL, "google_ads", "google_display", "display"},
    {"click server", "", "https://www.googleadservices.com/pagead/aclk",
     "google_ads", "google_display", "display"},
    {"doubleclick below", "", "https://ad.doubleclick.net/x", "google_ads",
     "google_display", "display"},
    {"search partner", "", "https://syndicatedsearch.goog/", "google_ads",
     "google_display", "display"},

    /* Meta, paid */
    {"fbclid and paid texts",
     "fbclid=" ID "&utm_source=ig&utm_medium=paid_social", NULL, "meta_ads",
     "meta_paid", "paid_social"},
    {"paid texts without fbclid", "utm_source=facebook&utm_medium=cpc", NULL,
     "meta_ads", "meta_paid", "paid_social"},
    {"cpm is paid", "utm_medium=cpm&utm_source=facebook", NULL, "meta_ads",
     "meta_paid", "paid_social"},
    {"audience network", "utm_source=an&utm_medium=ad", NULL, "meta_ads",
     "meta_paid", "paid_social"},
    {"spelled otherwise", "utm_source=Facebook-Ads&utm_medium=Paid-Social",
     NULL, "meta_ads", "meta_paid", "paid_social"},
    {"mobile host as source",
     "utm_source=https://m.facebook.com/&utm_id=x"
     "&ad_id=7",
     NULL, "meta_ads", "meta_paid", "paid_social"},
    {"fbclid and an ad's id", "fbclid=" ID "&ad_id=120210000000000001", NULL,
     "meta_ads", "meta_paid", "paid_social"},
    {"adset", "fbclid=" ID "&adset_id=1", NULL, "meta_ads", "meta_paid",
     "paid_social"},
    {"campaign id", "fbclid=" ID "&campaign_id=1", NULL, "meta_ads",
     "meta_paid", "paid_social"},
    {"HubSpot's parameters", "utm_source=fb&hsa_net=facebook", NULL, "meta_ads",
     "meta_paid", "paid_social"},
    {"hsa_ad", "utm_source=fb&hsa_ad=12", NULL, "meta_ads", "meta_paid",
     "paid_social"},
    {"fbadid", "utm_source=fb&fbadid=12", NULL, "meta_ads", "meta_paid",
     "paid_social"},
    {"long utm_id", "utm_source=fb&utm_id=120210000000", NULL, "meta_ads",
     "meta_paid", "paid_social"},
    {"short utm_id", "utm_source=fb&utm_id=12021000000", NULL, "referral",
     "other_utm", "organic_social"},
    {"unexpanded ad id", "fbclid=" ID "&ad_id={{ad.id}}", NULL, "referral",
     "fbclid", "organic_social"},
    {"only a paid medium, from Meta", "utm_medium=paid",
     "https://l.facebook.com/", "meta_ads", "meta_paid", "paid_social"},
    {"fbc and a paid id", "fbc=fb.1.1700000000000." ID "&ad_id=1", NULL,
     "meta_ads", "meta_paid", "paid_social"},
    {"WhatsApp ad", "ctwa_clid=ARAkLkA8rmlFeiCktEJQ", NULL, "meta_ads",
     "meta_paid", "paid_social"},

    /* Google, paid */
    {"case does not matter", "utm_source=Google&utm_medium=CPC", NULL,
     "google_ads", "google_paid", "paid_search"},
    {"re-shared ad link", "utm_source=google&utm_medium=cpc&fbclid=" ID,
     "https://l.facebook.com/", "google_ads", "google_paid", "paid_search"},
    {"medium alone, from Google", "utm_medium=cpc", "https://www.google.com/",
     "google_ads", "google_paid", "paid_search"},
    {"cross-network", "utm_source=google&utm_campaign=Cross-Network-1", NULL,
     "google_ads", "google_paid", "paid_search"},
    {"pmax", "utm_source=google&utm_campaign=us_pmax_2", NULL, "google_ads",
     "google_paid", "paid_search"},
    {"unpaid YouTube", "utm_source=youtube&utm_medium=video", NULL, "referral",
     "other_utm", "organic_video"},
    {"YouTube by cpc", "utm_source=youtube&utm_medium=cpc", NULL, "google_ads",
     "google_paid", "paid_search"},
    {"local services", "utm_medium=lsa", NULL, "google_ads", "google_paid",
     "paid_search"},
    {"local services in words", "utm_medium=Local+Services", NULL, "google_ads",
     "google_paid", "paid_search"},
    {"national Google", "utm_source=google.co.uk&utm_medium=ppc", NULL,
     "google_ads", "google_paid", "paid_search"},
    {"gad_source only", "gad_source=1", NULL, "google_ads", "google_aggregate",
     "paid_google_aggregate"},
    {"gad_campaignid", "gad_campaignid=123&utm_source=google", NULL,
     "google_ads", "google_aggregate", "paid_google_aggregate"},
    {"old gad", "gad=1&utm_source=gbp", NULL, "google_ads", "google_aggregate",
     "paid_google_aggregate"},
    {"gad_source and a newsletter",
     "gad_source=1&utm_source=newsletter&utm_medium=email", NULL, "referral",
     "other_utm", "email"},

    /* others, paid */
    {"paid Bing", "utm_source=bing&utm_medium=cpc", NULL, "referral",
     "microsoft_paid", "paid_search"},
    {"paid TikTok", "utm_source=tiktok&utm_medium=paid", NULL, "referral",
     "other_paid", "paid_social"},
    {"paid Yelp", "utm_source=yelp&utm_medium=cpc", NULL, "referral",
     "other_paid", "paid_other"},
    {"paid Yandex", "utm_source=yandex&utm_medium=cpc", NULL, "referral",
     "other_paid", "paid_search"},
    {"display elsewhere", "utm_source=criteo&utm_medium=banner", NULL,
     "referral", "other_paid", "paid_other"},

    /* direct, organic */
    {"direct", "utm_source=(direct)&utm_medium=(none)", NULL, "direct",
     "direct_utm", "direct"},
    {"direct, not set", "utm_source=direct&utm_medium=(not+set)", NULL,
     "direct", "direct_utm", "direct"},
    {"business profile by campaign",
     "utm_source=google&utm_medium=organic&utm_campaign=gbp", NULL,
     "google_organic", "google_free", "local"},
    {"business profile by source", "utm_source=gmb", NULL, "google_organic",
     "google_free", "local"},
    {"business profile in words", "utm_source=Google+My+Business", NULL,
     "google_organic", "google_free", "local"},
    {"organic Google", "utm_source=google&utm_medium=organic", NULL,
     "google_organic", "google_free", "organic_search"},
    {"maps by medium", "utm_source=google&utm_medium=maps", NULL,
     "google_organic", "google_free", "local"},
    {"free listing", "srsltid=" ID, "https://www.google.com/", "google_organic",
     "google_free", "free_listing"},
    {"free listing shared in a newsletter",
     "srsltid=" ID "&utm_source=newsletter", NULL, "referral", "other_utm",
     "email"},
    {"organic Bing", "utm_source=bing&utm_medium=organic", NULL, "referral",
     "other_search_utm", "organic_search"},
    {"engine without medium", "utm_source=duckduckgo", NULL, "referral",
     "other_search_utm", "organic_search"},
    {"organic medium", "utm_source=somewhere&utm_medium=organic", NULL,
     "referral", "other_search_utm", "organic_search"},
    {"organic Facebook is no search", "utm_source=facebook&utm_medium=organic",
     NULL, "referral", "other_utm", "organic_social"},
    {"google alone", "utm_source=google", NULL, "google_organic", "google_utm",
     "organic_search"},
    {"google, referral", "utm_source=google&utm_medium=referral", NULL,
     "google_organic", "google_utm", "organic_search"},
    {"ads name without medium", "utm_source=google_ads", NULL, "google_ads",
     "google_ads_utm", "paid_search"},
    {"host that only looks like Google", "utm_source=google.com.evil.example",
     NULL, "referral", "other_utm", "unassigned"},

    /* other texts */
    {"e-mail", "utm_source=list&utm_medium=E-Mail", NULL, "referral",
     "other_utm", "email"},
    {"affiliate", "utm_source=p&utm_medium=affiliate", NULL, "referral",
     "other_utm", "affiliate"},
    {"sms", "utm_source=p&utm_medium=sms", NULL, "referral", "other_utm",
     "sms"},
    {"audio", "utm_source=p&utm_medium=audio", NULL, "referral", "other_utm",
     "audio"},
    {"push", "utm_source=p&utm_medium=web-push", NULL, "referral", "other_utm",
     "mobile_push"},
    {"social", "utm_source=p&utm_medium=social", NULL, "referral", "other_utm",
     "organic_social"},
    {"Facebook, not paid", "utm_source=facebook", NULL, "referral", "other_utm",
     "organic_social"},
    {"assistant by source", "utm_source=chatgpt.com", NULL, "referral",
     "other_utm", "ai_assistant"},
    {"partner's link", "utm_source=p&utm_medium=referral", NULL, "referral",
     "other_utm", "referral"},
    {"anything else", "utm_source=flyer7", NULL, "referral", "other_utm",
     "unassigned"},
    {"unexpanded source", "utm_source={{site_source_name}}", NULL, "direct",
     "default", "direct"},

    /* fbclid alone */
    {"fbclid only", "fbclid=" ID, "https://l.facebook.com/", "referral",
     "fbclid", "organic_social"},
    {"stale fbc only", "fbc=fb.1.1700000000000." ID, NULL, "direct", "default",
     "direct"},
    {"fresh fbc only", "fbc=fb.1.1790000000000." ID, NULL, "referral", "fbclid",
     "organic_social"},
    {"broken fbc", "fbc=fb.1.x." ID, NULL, "direct", "default", "direct"},

    /* referrers */
    {"Google", "", "https://www.google.com/search?q=x", "google_organic",
     "google_referrer", "organic_search"},
    {"national Google as referrer", "", "https://www.google.co.uk/",
     "google_organic", "google_referrer", "organic_search"},
    {"Google without scheme", "", "google.de", "google_organic",
     "google_referrer", "organic_search"},
    {"news", "", "https://news.google.com/", "google_organic",
     "google_referrer", "organic_search"},
    {"maps host", "", "https://maps.google.com/", "google_organic",
     "google_referrer", "local"},
    {"maps path", "", "https://www.google.com/maps/place/x", "google_organic",
     "google_referrer", "local"},
    {"search app", "", "android-app://com.google.android.googlequicksearchbox/",
     "google_organic", "google_referrer", "organic_search"},
    {"Gmail", "", "https://mail.google.com/", "referral", "google_property",
     "email"},
    {"Gmail app", "", "android-app://com.google.android.gm/", "referral",
     "google_property", "email"},
    {"docs", "", "https://docs.google.com/document/d/1", "referral",
     "google_property", "referral"},
    {"Gemini", "", "https://gemini.google.com/app", "referral",
     "google_property", "ai_assistant"},
    {"YouTube", "", "https://m.youtube.com/", "referral", "google_property",
     "organic_video"},
    {"another video site", "", "https://vimeo.com/1", "referral", "referrer",
     "referral"},
    {"Yahoo", "", "https://de.search.yahoo.com/", "referral", "search_referrer",
     "organic_search"},
    {"Yahoo's mail is no search", "", "https://mail.yahoo.com/", "referral",
     "referrer", "referral"},
    {"Bing in China", "", "https://cn.bing.com/", "referral", "search_referrer",
     "organic_search"},
    {"DuckDuckGo", "", "https://html.duckduckgo.com/", "referral",
     "search_referrer", "organic_search"},
    {"Yandex", "", "https://yandex.com.tr/", "referral", "search_referrer",
     "organic_search"},
    {"Facebook", "", "https://lm.facebook.com/l.php", "referral",
     "meta_referrer", "organic_social"},
    {"Instagram app", "", "android-app://com.instagram.android/", "referral",
     "meta_referrer", "organic_social"},
    {"assistant", "", "https://chatgpt.com/", "referral", "assistant_referrer",
     "ai_assistant"},
    {"Perplexity", "", "https://www.perplexity.ai/search", "referral",
     "assistant_referrer", "ai_assistant"},
    {"some site", "", "https://blog.example.net/post", "referral", "referrer",
     "referral"},
    {"name in front of the host", "", "https://google.com@evil.example/",
     "referral", "referrer", "referral"},
    {"Google below another", "", "https://google.com.evil.example/", "referral",
     "referrer", "referral"},
    {"backslash", "", "https://evil.example\\.google.com/", "referral",
     "referrer", "referral"},

    /* no referrer at all */
    {"the site itself", "", "https://www.site.example/contact", "direct",
     "default", "direct"},
    {"below the site", "", "https://shop.site.example/", "direct", "default",
     "direct"},
    {"the operator's other site", "", "https://Other.Example/", "direct",
     "default", "direct"},
    {"excluded by the operator", "", "https://pay.partner.example/", "direct",
     "default", "direct"},
    {"payment page", "", "https://checkout.stripe.com/c/pay", "direct",
     "default", "direct"},
    {"scheduler", "", "https://calendly.com/x", "direct", "default", "direct"},
    {"no host", "", "about:blank", "direct", "default", "direct"},
    {"no site", "", "chrome-extension://abc.def/", "direct", "default",
     "direct"},
    {"null", "", "null", "direct", "default", "direct"},
    {"malformed host", "", "https://a..b/", "direct", "default", "direct"},
    {"nothing", "", NULL, "direct", "default", "direct"},

    /* how the parameters are written */
    {"names in any case", "UTM_Source=google&UTM_MEDIUM=cpc", NULL,
     "google_ads", "google_paid", "paid_search"},
    {"escaped twice", "utm_source=google&amp;utm_medium=cpc", NULL,
     "google_ads", "google_paid", "paid_search"},
    {"escaped name", "utm%5Fsource=google", NULL, "google_organic",
     "google_utm", "organic_search"},
    {"first one that says something", "utm_source=&utm_source=gmb", NULL,
     "google_organic", "google_free", "local"},
    {"in the fragment", "#/offer?utm_source=google&utm_medium=cpc", NULL,
     "google_ads", "google_paid", "paid_search"},
    {"fragment alone", "#gclid=" ID, NULL, "google_ads", "google_click_id",
     "paid_search"},
};

static const struct str OWN[] = {{"www.other.example", 17}};
static const struct str EXCLUDED[] = {{"partner.example", 15}};

static struct attribution_input input(void)
{
	return (struct attribution_input){
	    .own_hosts = {OWN, 1},
	    .excluded_hosts = {EXCLUDED, 1},
	    .now_ms = INT64_C(1790000000000) + 86400000,
	};
}

static void check_decision(const char *name, const struct attribution_input *in,
			   const char *platform, const char *rule,
			   const char *channel)
{
	struct arena a = {0};
	struct attribution got;
	attribution_decide(&a, in, &got);
	check_text(name, got.rule, rule);
	check_text(name, got.source_platform, platform);
	check_text(name, got.channel, channel);
	check_row(name, lead_platform_ok(got.source_platform),
		  "the CRM does not know the platform");
	arena_release(&a);
}

static void first_row_that_fits_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(VISITS); i++) {
		struct arena a = {0};
		struct attribution_input in = input();
		in.touch.landing_page = arena_printf(
		    &a, "https://www.site.example/%s%s",
		    VISITS[i].query[0] == '#' ? "" : "?", VISITS[i].query);
		in.touch.referrer = str_from(VISITS[i].referrer);
		check_decision(VISITS[i].name, &in, VISITS[i].platform,
			       VISITS[i].rule, VISITS[i].channel);
		arena_release(&a);
	}
}

static const struct {
	const char *name, *source, *medium, *referrer;
	const char *platform, *rule, *channel;
} VENDORS[] = {
    {"Google Ads", "Google Ads", NULL, NULL, "google_ads", "vendor",
     "paid_search"},
    {"Google Adwords", "Google AdWords", "PPC", NULL, "google_ads", "vendor",
     "paid_search"},
    {"Google Paid", "Google Paid", NULL, NULL, "google_ads", "vendor",
     "paid_search"},
    {"Google CPC", "google cpc", NULL, NULL, "google_ads", "vendor",
     "paid_search"},
    {"AdWords", "AdWords", NULL, NULL, "google_ads", "vendor", "paid_search"},
    {"call extension", "Google Call Extension", NULL, NULL, "google_ads",
     "vendor", "paid_search"},
    {"call asset", "Google Ads Call Asset", NULL, NULL, "google_ads", "vendor",
     "paid_search"},
    {"local services", "Google Local Services Ads", NULL, NULL, "google_ads",
     "vendor", "paid_search"},
    {"google and cpc", "google", "cpc", NULL, "google_ads", "vendor",
     "paid_search"},
    {"note in brackets", "Google Ads (brand)", NULL, NULL, "google_ads",
     "vendor", "paid_search"},
    {"Google Organic", "Google Organic", NULL, NULL, "google_organic", "vendor",
     "organic_search"},
    {"My Business", "Google My Business", NULL, NULL, "google_organic",
     "vendor", "local"},
    {"Business Profile", "Google Business Profile", NULL, NULL,
     "google_organic", "vendor", "local"},
    {"Maps", "Google Maps", NULL, NULL, "google_organic", "vendor", "local"},
    {"google and organic", "Google", "Organic", NULL, "google_organic",
     "vendor", "organic_search"},
    {"Facebook Ads", "Facebook Ads", NULL, NULL, "meta_ads", "vendor",
     "paid_social"},
    {"Facebook Paid", "Facebook Paid", NULL, NULL, "meta_ads", "vendor",
     "paid_social"},
    {"Instagram Ads", "Instagram Ads", NULL, NULL, "meta_ads", "vendor",
     "paid_social"},
    {"Meta Ads", "Meta Lead Ads", NULL, NULL, "meta_ads", "vendor",
     "paid_social"},
    {"facebook and a paid medium", "facebook", "paid_social", NULL, "meta_ads",
     "vendor", "paid_social"},
    {"Facebook", "Facebook", NULL, NULL, "referral", "vendor",
     "organic_social"},
    {"Instagram", "Instagram", "social", NULL, "referral", "vendor",
     "organic_social"},
    {"Bing Organic", "Bing Organic", NULL, NULL, "referral", "vendor",
     "organic_search"},
    {"Yahoo Organic", "Yahoo! Organic", NULL, NULL, "referral", "vendor",
     "organic_search"},
    {"Bing Ads", "Bing Ads", NULL, NULL, "referral", "vendor",
     "paid_search_microsoft"},
    {"Microsoft Ads", "Microsoft Ads", NULL, NULL, "referral", "vendor",
     "paid_search_microsoft"},
    {"Direct", "Direct", "(none)", NULL, "direct", "vendor", "direct"},
    {"the vendor knew better than the referrer", "Google Ads", NULL,
     "https://www.google.com/", "google_ads", "vendor", "paid_search"},
    {"tracker's name", "Website Pool", NULL, NULL, "direct", "vendor",
     "direct"},
    {"tracker's name with a referrer", "Website Pool", NULL,
     "https://www.google.com/", "google_organic", "google_referrer",
     "organic_search"},
    {"offline", "Radio", NULL, NULL, "direct", "vendor", "direct"},
    {"direct mail is a tracker", "Direct Mail", NULL, "https://blog.example/",
     "referral", "referrer", "referral"},
    {"unknown", "Unknown Source", NULL, NULL, "direct", "default", "direct"},
    {"blank", " ", NULL, NULL, "direct", "default", "direct"},
};

static void words_of_call_trackers_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(VENDORS); i++) {
		struct attribution_input in = input();
		in.touch.vendor_source = str_from(VENDORS[i].source);
		in.touch.vendor_medium = str_from(VENDORS[i].medium);
		in.touch.referrer = str_from(VENDORS[i].referrer);
		check_decision(VENDORS[i].name, &in, VENDORS[i].platform,
			       VENDORS[i].rule, VENDORS[i].channel);
	}
}

static void raw_ids_come_before_the_vendor(void **state)
{
	(void)state;
	struct attribution_input in = input();
	in.touch.vendor_source = STR("Facebook Ads");
	in.touch.text[ATTRIBUTION_GCLID] = STR(ID);
	check_decision("gclid", &in, "google_ads", "google_click_id",
		       "paid_search");
	in.touch.text[ATTRIBUTION_GCLSRC] = STR("ds");
	in.touch.referrer = STR("https://blog.example/");
	check_decision("referrer", &in, "referral", "referrer", "referral");
	in.touch.referrer = STR_NONE;
	check_decision("vendor last", &in, "meta_ads", "vendor", "paid_social");
}

static void switches_choose_the_platform(void **state)
{
	(void)state;
	struct attribution_input in = input();
	in.microsoft_ads_as = STR("google_ads");
	in.other_search_as = STR("google_organic");
	in.fbclid_implies_ads = true;
	in.touch.landing_page = STR("/?msclkid=" ID);
	check_decision("msclkid", &in, "google_ads", "microsoft_click_id",
		       "paid_search_microsoft");
	in.touch.landing_page = STR("/?utm_source=bing&utm_medium=cpc");
	check_decision("paid Bing", &in, "google_ads", "microsoft_paid",
		       "paid_search");
	in.touch.landing_page = STR("/?utm_source=bing");
	check_decision("Bing", &in, "google_organic", "other_search_utm",
		       "organic_search");
	in.touch.landing_page = STR("/?utm_source=facebook&utm_medium=organic");
	check_decision("Facebook", &in, "referral", "other_utm",
		       "organic_social");
	in.touch.landing_page = STR("/?fbclid=" ID);
	check_decision("fbclid", &in, "meta_ads", "fbclid_as_ad",
		       "paid_social");
	in.touch.landing_page = STR_NONE;
	in.touch.referrer = STR("https://www.bing.com/");
	check_decision("Bing as referrer", &in, "google_organic",
		       "search_referrer", "organic_search");
	in.touch.referrer = STR_NONE;
	in.touch.vendor_source = STR("Bing Ads");
	check_decision("vendor, paid", &in, "google_ads", "vendor",
		       "paid_search_microsoft");
	in.touch.vendor_source = STR("Yahoo Organic");
	check_decision("vendor, organic", &in, "google_organic", "vendor",
		       "organic_search");
	in.other_search_as = STR("nonsense");
	check_decision("no such platform", &in, "referral", "vendor",
		       "organic_search");
}

static void what_is_stated_outright_wins(void **state)
{
	(void)state;
	struct attribution_input in = input();
	in.touch.text[ATTRIBUTION_GCLID] = STR(ID);
	in.given_platform = STR("zapier");
	check_decision("no platform of the CRM", &in, "google_ads",
		       "google_click_id", "paid_search");
	in.operator_platform = STR("zenmaid");
	in.operator_channel = STR("flyer");
	check_decision("operator", &in, "zenmaid", "operator", "flyer");
	in.given_platform = STR("hubspot");
	check_decision("given", &in, "hubspot", "given", NULL);
}

static void default_is_the_last_word(void **state)
{
	(void)state;
	struct attribution_input in = input();
	in.default_platform = STR("google_organic");
	check_decision("set", &in, "google_organic", "default", NULL);
	in.default_platform = STR("nonsense");
	check_decision("not one", &in, "direct", "default", "direct");
}

static void values_come_from_where_they_were_first_said(void **state)
{
	(void)state;
	struct attribution_input in = input();
	in.touch.text[ATTRIBUTION_GCLID] = STR("undefined");
	in.touch.text[ATTRIBUTION_UTM_SOURCE] = STR("hidden");
	in.touch.landing_page =
	    STR("https://site.example/?gclid=short&utm_source=landing"
		"&utm_medium=m1#?utm_term=t3");
	in.touch.page_url =
	    STR("https://site.example/form?gclid=" ID
		"&utm_medium=m2&utm_term=t2&utm_content=%E9t%C3%A9");
	struct arena a = {0};
	struct attribution got;
	attribution_decide(&a, &in, &got);
	check_text("gclid", got.text[ATTRIBUTION_GCLID], ID);
	check_text("source", got.text[ATTRIBUTION_UTM_SOURCE], "hidden");
	check_text("medium", got.text[ATTRIBUTION_UTM_MEDIUM], "m1");
	check_text("term", got.text[ATTRIBUTION_UTM_TERM], "t2");
	check_row("content",
		  str_is_utf8(got.text[ATTRIBUTION_UTM_CONTENT]) &&
		      got.text[ATTRIBUTION_UTM_CONTENT].n > 0,
		  "is not UTF-8");
	assert_true(got.conflict);
	arena_release(&a);
}

static void http_referer_counts_where_it_is_not_ours(void **state)
{
	(void)state;
	struct attribution_input in = input();
	in.http_referer = STR("https://www.google.com/");
	check_decision("alone", &in, "google_organic", "google_referrer",
		       "organic_search");
	in.touch.referrer = STR("https://blog.example/");
	check_decision("second", &in, "referral", "referrer", "referral");
	in.touch.referrer = STR_NONE;
	in.http_referer = STR("https://www.site.example/form");
	in.touch.page_url = STR("https://site.example/form");
	check_decision("ours", &in, "direct", "default", "direct");
}

static const struct {
	const char *name, *query;
	bool conflict;
} CONFLICTS[] = {
    {"newsletter", "gclid=" ID "&utm_source=newsletter&utm_medium=email", true},
    {"organic", "gclid=" ID "&utm_source=google&utm_medium=organic", true},
    {"copied into Meta",
     "gclid=" ID "&fbclid=" ID "&utm_source=facebook&utm_medium=paid", true},
    {"they agree", "gclid=" ID "&utm_source=google&utm_medium=cpc", false},
    {"no texts", "gclid=" ID, false},
    {"Microsoft agrees", "msclkid=" ID "&utm_source=bing&utm_medium=cpc",
     false},
    {"google says nothing else", "gclid=" ID "&utm_source=google", false},
    {"aggregate is no click id", "gad_source=1&utm_source=google", false},
    {"texts alone", "utm_source=newsletter", false},
};

static void disagreement_is_noted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(CONFLICTS); i++) {
		struct arena a = {0};
		struct attribution_input in = input();
		struct attribution got;
		in.touch.landing_page =
		    arena_printf(&a, "/?%s", CONFLICTS[i].query);
		attribution_decide(&a, &in, &got);
		check_row(CONFLICTS[i].name,
			  got.conflict == CONFLICTS[i].conflict, "conflict");
		arena_release(&a);
	}
}

static void earlier_visits_are_asked_last(void **state)
{
	(void)state;
	struct attribution_touch earlier[] = {
	    {.referrer = STR("https://www.site.example/")},
	    {.landing_page = STR("https://www.site.example/?gclid=" ID)},
	    {.landing_page = STR("https://www.site.example/?fbclid=" ID)},
	};
	struct attribution_input in = input();
	in.touch.page_url = STR("https://www.site.example/");
	in.earlier = earlier;
	in.n_earlier = 3;
	earlier[0].page_url = in.touch.page_url;
	struct arena a = {0};
	struct lead lead;
	lead_init(&lead, &a);
	attribution_apply(&lead, &in);
	check_text("platform", lead.source_platform, "google_ads");
	check_text("rule", lead_get(&lead, "attribution_rule"),
		   "google_click_id");
	check_text("stored", lead_get(&lead, "attribution"), "stored_touch");
	check_text("confidence", lead_get(&lead, "attribution_confidence"),
		   "medium");
	check_text("gclid", lead_get(&lead, "gclid"), ID);
	arena_release(&a);
	in.touch.referrer = STR("https://www.bing.com/");
	check_decision("this visit says enough", &in, "referral",
		       "search_referrer", "organic_search");
}

static void evidence_becomes_custom_fields(void **state)
{
	(void)state;
	struct attribution_input in = input();
	in.touch.landing_page = STR("https://site.example/?gclid=" ID
				    "&utm_source=News&utm_medium=email"
				    "&fbclid=short&gad_source=1");
	in.touch.referrer = STR("https://blog.example/");
	struct arena a = {0};
	struct lead lead;
	lead_init(&lead, &a);
	attribution_apply(&lead, &in);
	check_text("platform", lead.source_platform, "google_ads");
	check_text("rule", lead_get(&lead, "attribution_rule"),
		   "google_click_id");
	check_text("channel", lead_get(&lead, "channel"), "paid_search");
	check_text("conflict", lead_get(&lead, "attribution_conflict"), "true");
	check_text("confidence", lead_get(&lead, "attribution_confidence"),
		   NULL);
	check_text("source", lead_get(&lead, "utm_source"), "News");
	check_text("gclid", lead_get(&lead, "gclid"), ID);
	check_text("gad_source", lead_get(&lead, "gad_source"), "1");
	check_text("no click id", lead_get(&lead, "fbclid"), NULL);
	check_text("landing page", lead_get(&lead, "landing_page"),
		   in.touch.landing_page.p);
	check_text("referrer", lead_get(&lead, "referrer"),
		   in.touch.referrer.p);
	check_text("referrer decided nothing", lead_get(&lead, "referrer_host"),
		   NULL);
	in.touch.landing_page = STR("https://site.example/");
	lead_init(&lead, &a);
	attribution_apply(&lead, &in);
	check_text("referrer decided", lead_get(&lead, "referrer_host"),
		   "blog.example");
	arena_release(&a);
}

static void a_url_by_itself_gives_only_what_is_usable(void **state)
{
	(void)state;
	struct str text[ATTRIBUTION_KEYS];
	struct arena a;
	arena_init(&a);
	attribution_from_url(&a,
			     STR("/offer?utm_source=News+Letter&gclid=test"
				 "&fbclid=" ID "#utm_term=roof"),
			     text);
	check_text("text", text[ATTRIBUTION_UTM_SOURCE], "News Letter");
	check_text("no click id", text[ATTRIBUTION_GCLID], NULL);
	check_text("click id", text[ATTRIBUTION_FBCLID], ID);
	check_text("fragment", text[ATTRIBUTION_UTM_TERM], "roof");
	attribution_from_url(&a, STR_NONE, text);
	for (unsigned i = 0; i < ATTRIBUTION_KEYS; i++)
		check_text("no URL", text[i], NULL);
	arena_release(&a);
}

static void keys_have_one_name_each(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ATTRIBUTION_KEYS; i++) {
		const char *name =
		    attribution_key_name((enum attribution_key)i);
		assert_int_equal(attribution_key_find(str_from(name)), i);
	}
	assert_int_equal(attribution_key_find(STR("ReferralCtwaClid")),
			 ATTRIBUTION_CTWA_CLID);
	assert_int_equal(attribution_key_find(STR("_fbp")), ATTRIBUTION_KEYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_row_that_fits_decides),
	    cmocka_unit_test(words_of_call_trackers_are_understood),
	    cmocka_unit_test(raw_ids_come_before_the_vendor),
	    cmocka_unit_test(switches_choose_the_platform),
	    cmocka_unit_test(what_is_stated_outright_wins),
	    cmocka_unit_test(default_is_the_last_word),
	    cmocka_unit_test(values_come_from_where_they_were_first_said),
	    cmocka_unit_test(http_referer_counts_where_it_is_not_ours),
	    cmocka_unit_test(disagreement_is_noted),
	    cmocka_unit_test(earlier_visits_are_asked_last),
	    cmocka_unit_test(evidence_becomes_custom_fields),
	    cmocka_unit_test(a_url_by_itself_gives_only_what_is_usable),
	    cmocka_unit_test(keys_have_one_name_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
