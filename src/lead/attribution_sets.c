/* SPDX-License-Identifier: MIT */
/*
 * The sets of the decision table: names people write into utm_source and
 * utm_medium, hosts of referrers. Names follow GA4's channel definitions
 * (support.google.com/analytics/answer/9756891). What is in no set is an
 * ordinary site. Pure.
 */
#include "lead/attribution_internal.h"
#include "lead/text.h"

/* ---- comparing ---------------------------------------------------------- */

static bool is_separator(char c)
{
	return c == ' ' || c == '_' || c == '-' || c == '+';
}

/* "google_ads", "google-ads", "Google Ads" are "googleads". */
static bool same_name(struct str s, const char *name)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (is_separator(c))
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (*name == '\0' || c != *name++)
			return false;
	}
	return *name == '\0';
}

static bool name_in(struct str s, const char *const *names)
{
	for (; s.n > 0 && *names != NULL; names++) {
		bool host = strchr(*names, '.') != NULL;
		if (host ? str_eq(s, str_from(*names)) : same_name(s, *names))
			return true;
	}
	return false;
}

static bool two_letters(struct str s)
{
	return s.n == 2 && s.p[0] >= 'a' && s.p[0] <= 'z' && s.p[1] >= 'a' &&
	       s.p[1] <= 'z';
}

/* com, de, co.uk, com.br: where search engines have their national sites. */
static bool is_country(struct str s)
{
	if (str_eq(s, STR("com")) || two_letters(s))
		return true;
	struct str country;
	struct str kind = str_cut(s, '.', &country);
	return (str_eq(kind, STR("co")) || str_eq(kind, STR("com"))) &&
	       two_letters(country);
}

bool host_within(struct str host, struct str site)
{
	if (site.n == 0 || !str_ends(host, site))
		return false;
	return host.n == site.n || host.p[host.n - site.n - 1] == '.';
}

/* name under any country; with `below`, also hosts below it. */
static bool host_national(struct str host, struct str name, bool below)
{
	for (size_t i = 0; i + name.n < host.n; i++) {
		if ((i == 0 || host.p[i - 1] == '.') &&
		    str_starts(str_sub(host, i, host.n), name) &&
		    is_country(str_sub(host, i + name.n, host.n)))
			return true;
		if (!below)
			break;
	}
	return false;
}

/* "name" itself, ".name" with all below it, "name.*" in all countries. */
static bool host_matches(struct str host, struct str entry)
{
	bool below = entry.p[0] == '.';
	entry = str_sub(entry, below, entry.n);
	if (!below && str_starts(host, STR("www.")))
		host = str_sub(host, 4, host.n);
	if (str_ends(entry, STR("*")))
		return host_national(host, str_sub(entry, 0, entry.n - 1),
				     below);
	return below ? host_within(host, entry) : str_eq(host, entry);
}

static bool host_in(struct str host, const char *const *entries)
{
	for (; host.n > 0 && *entries != NULL; entries++)
		if (host_matches(host, str_from(*entries)))
			return true;
	return false;
}

/* ---- mediums ------------------------------------------------------------ */

bool set_paid(struct str medium)
{
	static const char *const names[] = {
	    "ppc",        "retargeting",   "display",  "banner",
	    "expandable", "interstitial",  "ads",      "ad",
	    "sem",        "lsa",           "retarget", "remarketing",
	    "leadad",     "localservices", NULL};
	/* GA4's: ^(.*cp.*|ppc|retargeting|paid.*)$ */
	return str_find_str(medium, STR("cp")) >= 0 ||
	       str_starts(medium, STR("paid")) || name_in(medium, names);
}

bool set_lsa(struct str medium)
{
	static const char *const names[] = {"lsa", "localservices", NULL};
	return name_in(medium, names);
}

bool set_no_medium(struct str medium)
{
	static const char *const words[] = {"(none)", "none", "(not set)",
					    NULL};
	return medium.n == 0 || text_in(medium, words);
}

static const char *const social_mediums[] = {"social", "socialnetwork",
					     "socialmedia", "sm", NULL};

static const struct channel {
	const char *channel;
	const char *const *names;
} CHANNELS[] = {
    {"organic_social", social_mediums},
    {"referral", (const char *const[]){"referral", "app", "link", NULL}},
    {"email", (const char *const[]){"email", "mail", "newsletter", NULL}},
    {"affiliate", (const char *const[]){"affiliate", "affiliates", NULL}},
    {"audio", (const char *const[]){"audio", "podcast", NULL}},
    {"sms", (const char *const[]){"sms", "text", NULL}},
    {"ai_assistant", (const char *const[]){"aiassistant", NULL}},
};

static bool set_video(struct str src)
{
	static const char *const names[] = {
	    "youtube",   "youtube.com", "youtu.be",        "vimeo",
	    "vimeo.com", "dailymotion", "twitch",          "twitch.tv",
	    "wistia",    "wistia.com",  "dailymotion.com", NULL};
	return name_in(src, names);
}

static bool is_push(struct str medium)
{
	return str_ends(medium, STR("push")) ||
	       str_find_str(medium, STR("mobile")) >= 0 ||
	       str_find_str(medium, STR("notification")) >= 0;
}

const char *set_channel(struct str src, struct str medium)
{
	static const char *const email_names[] = {"email", "newsletter", NULL};
	static const char *const sms_names[] = {"sms", NULL};
	if (set_social(src))
		return "organic_social";
	for (size_t i = 0; i < sizeof(CHANNELS) / sizeof(CHANNELS[0]); i++)
		if (name_in(medium, CHANNELS[i].names))
			return CHANNELS[i].channel;
	if (set_video(src) || str_find_str(medium, STR("video")) >= 0)
		return "organic_video";
	if (name_in(src, email_names))
		return "email";
	if (name_in(src, sms_names))
		return "sms";
	if (host_assistant(src))
		return "ai_assistant";
	return is_push(medium) ? "mobile_push" : "unassigned";
}

/* ---- sources ------------------------------------------------------------ */

bool set_direct(struct str src)
{
	return str_eq(src, STR("direct")) || str_eq(src, STR("(direct)"));
}

bool set_google_ads_name(struct str src)
{
	static const char *const names[] = {"googleads",     "adwords", "gads",
					    "googleadwords", "gdn",     "dv360",
					    "pmax",          NULL};
	return name_in(src, names);
}

bool set_google(struct str src)
{
	static const char *const names[] = {"google", "ga", NULL};
	struct str sub;
	return name_in(src, names) || set_google_ads_name(src) ||
	       host_google(src, &sub);
}

bool set_google_local(struct str text)
{
	static const char *const names[] = {"gmb",
					    "gbp",
					    "googlemybusiness",
					    "googlebusinessprofile",
					    "googlemaps",
					    "local",
					    NULL};
	return name_in(text, names);
}

bool set_google_local_medium(struct str medium)
{
	static const char *const names[] = {"local", "gmb", "gbp", "maps",
					    NULL};
	return name_in(medium, names);
}

bool set_youtube(struct str src)
{
	static const char *const names[] = {"youtube", "youtube.com", NULL};
	return name_in(src, names);
}

bool set_microsoft(struct str src)
{
	static const char *const names[] = {
	    "bing",          "bing.com",
	    "bingads",       "microsoft",
	    "msn",           "microsoftads",
	    "microsoft.com", "microsoftadvertising",
	    "msn.com",       NULL};
	return name_in(src, names) || host_within(src, STR("bing.com"));
}

bool set_meta(struct str src)
{
	static const char *const names[] = {
	    "facebook",     "fb",    "ig",
	    "instagram",    "meta",  "messenger",
	    "msg",          "an",    "audiencenetwork",
	    "whatsapp",     "wa",    "threads",
	    "facebookads",  "fbads", "metaads",
	    "instagramads", NULL};
	return name_in(src, names) || host_meta(src);
}

bool set_social(struct str src)
{
	static const char *const names[] = {
	    "tiktok",   "linkedin", "twitter", "x",        "pinterest",
	    "snapchat", "reddit",   "quora",   "nextdoor", "tumblr",
	    "vk",       "weibo",    "discord", "telegram", NULL};
	static const char *const hosts[] = {
	    ".tiktok.com",  ".linkedin.com", "lnkd.in",
	    ".twitter.com", ".x.com",        "t.co",
	    ".pinterest.*", "pin.it",        ".snapchat.com",
	    ".reddit.com",  ".quora.com",    ".nextdoor.com",
	    ".tumblr.com",  ".vk.com",       ".weibo.com",
	    ".discord.com", "t.me",          NULL};
	return set_meta(src) || name_in(src, names) || host_in(src, hosts);
}

bool set_engine(struct str src)
{
	static const char *const names[] = {
	    "bing",     "yahoo",     "duckduckgo", "ddg",       "ecosia",
	    "yandex",   "baidu",     "naver",      "daum",      "seznam",
	    "qwant",    "brave",     "startpage",  "aol",       "ask",
	    "msn",      "sogou",     "so",         "360",       "rambler",
	    "mailru",   "lycos",     "dogpile",    "centrum",   "onet",
	    "virgilio", "globo",     "docomo",     "biglobe",   "rakuten",
	    "auone",    "presearch", "kagi",       "microsoft", NULL};
	return name_in(src, names) || host_engine(src);
}

/* ---- hosts -------------------------------------------------------------- */

bool host_google_ads(struct str host)
{
	static const char *const hosts[] = {
	    ".googleadservices.com", ".doubleclick.net",
	    ".googlesyndication.com", ".syndicatedsearch.goog", NULL};
	return host_in(host, hosts);
}

bool host_google(struct str host, struct str *sub)
{
	static const struct str google = {"google.", 7};
	*sub = STR_NONE;
	for (size_t i = 0; i + google.n < host.n; i++) {
		if (i > 0 && host.p[i - 1] != '.')
			continue;
		struct str rest = str_sub(host, i, host.n);
		if (!str_starts(rest, google) ||
		    !is_country(str_sub(rest, google.n, rest.n)))
			continue;
		*sub = i > 0 ? str_sub(host, 0, i - 1) : STR("");
		return true;
	}
	return false;
}

bool host_google_maps(struct str host, struct str path)
{
	struct str sub;
	return host_google(host, &sub) &&
	       (str_eq(sub, STR("maps")) ||
		((sub.n == 0 || str_eq(sub, STR("www"))) &&
		 (str_eq(path, STR("/maps")) ||
		  str_starts(path, STR("/maps/")))));
}

bool host_google_search(struct str host, struct str path)
{
	static const char *const subs[] = {
	    "",          "www", "search", "images",   "news", "m",
	    "encrypted", "cse", "maps",   "webcache", NULL};
	struct str sub;
	if (str_eq(host, STR("com.google.android.googlequicksearchbox")))
		return true;
	return host_google(host, &sub) &&
	       (text_in(sub, subs) || host_google_maps(host, path));
}

const char *host_google_property(struct str host)
{
	static const char *const ai[] = {"gemini", "notebooklm", NULL};
	struct str sub;
	if (host_within(host, STR("youtube.com")) ||
	    str_eq(host, STR("youtu.be")))
		return "organic_video";
	if (str_eq(host, STR("com.google.android.gm")))
		return "email";
	if (!host_google(host, &sub))
		return NULL;
	if (str_eq(sub, STR("mail")))
		return "email";
	return text_in(sub, ai) ? "ai_assistant" : "referral";
}

bool host_engine(struct str host)
{
	static const char *const hosts[] = {".bing.com",
					    "yahoo.*",
					    ".search.yahoo.com",
					    ".search.yahoo.co.jp",
					    ".duckduckgo.com",
					    ".ecosia.org",
					    "yandex.*",
					    "ya.ru",
					    ".baidu.com",
					    "naver.com",
					    ".search.naver.com",
					    "daum.net",
					    ".search.daum.net",
					    "seznam.cz",
					    ".search.seznam.cz",
					    ".qwant.com",
					    ".search.brave.com",
					    ".startpage.com",
					    "aol.com",
					    ".search.aol.com",
					    ".ask.com",
					    "msn.com",
					    ".sogou.com",
					    "so.com",
					    "m.so.com",
					    "rambler.ru",
					    "nova.rambler.ru",
					    "go.mail.ru",
					    ".lycos.com",
					    ".dogpile.com",
					    ".centrum.cz",
					    "onet.pl",
					    ".szukaj.onet.pl",
					    "virgilio.it",
					    ".ricerca.virgilio.it",
					    "globo.com",
					    ".search.goo.ne.jp",
					    ".search.biglobe.ne.jp",
					    "websearch.rakuten.co.jp",
					    ".search.auone.jp",
					    ".presearch.com",
					    ".kagi.com",
					    ".mojeek.com",
					    ".swisscows.com",
					    NULL};
	return host_in(host, hosts);
}

bool host_meta(struct str host)
{
	static const char *const hosts[] = {".facebook.com",
					    "fb.com",
					    "fb.me",
					    ".instagram.com",
					    "messenger.com",
					    ".messenger.com",
					    ".threads.net",
					    ".threads.com",
					    "wa.me",
					    ".whatsapp.com",
					    "m.me",
					    "com.facebook.katana",
					    "com.facebook.orca",
					    "com.instagram.android",
					    "com.whatsapp",
					    NULL};
	return host_in(host, hosts);
}

bool host_assistant(struct str host)
{
	static const char *const hosts[] = {
	    "chatgpt.com",       "chat.openai.com",       ".claude.ai",
	    "gemini.google.com", "copilot.microsoft.com", ".perplexity.ai",
	    "grok.com",          ".deepseek.com",         "meta.ai",
	    "chat.mistral.ai",   "com.openai.chatgpt",    NULL};
	return host_in(host, hosts);
}

bool host_never_referrer(struct str host)
{
	static const char *const hosts[] = {
	    ".stripe.com",        ".paypal.com",
	    ".paypalobjects.com", ".squareup.com",
	    ".klarna.com",        ".calendly.com",
	    ".typeform.com",      ".jotform.com",
	    ".wixsite.com",       NULL};
	return host_in(host, hosts);
}
