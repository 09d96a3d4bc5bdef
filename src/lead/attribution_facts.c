/* SPDX-License-Identifier: MIT */
/*
 * Preparation for the decision table: each parameter is taken from where it was
 * first said, URLs are split, names are reduced to what can be compared. A
 * referrer of our own site, or of a page nobody comes from, is none. Pure.
 */
#include "base/codec.h"
#include "lead/attribution_internal.h"
#include "lead/fields.h"
#include "lead/text.h"
#include "payload/fields.h"

enum {
	URL_MAX = 16 * 1024, /* bytes of a URL that are looked at */
	HOST_MAX = 253,
	CLICK_ID_MIN = 10,
	FBC_FRESH_DAYS = 7,
};

static const int64_t DAY_MS = 86400000;

enum kind { KIND_TEXT, KIND_CLICK_ID, KIND_FBC };

static const struct {
	const char *name;
	enum kind kind;
} KEYS[ATTRIBUTION_KEYS] = {
    [ATTRIBUTION_UTM_SOURCE] = {"utm_source", KIND_TEXT},
    [ATTRIBUTION_UTM_MEDIUM] = {"utm_medium", KIND_TEXT},
    [ATTRIBUTION_UTM_CAMPAIGN] = {"utm_campaign", KIND_TEXT},
    [ATTRIBUTION_UTM_TERM] = {"utm_term", KIND_TEXT},
    [ATTRIBUTION_UTM_CONTENT] = {"utm_content", KIND_TEXT},
    [ATTRIBUTION_UTM_ID] = {"utm_id", KIND_TEXT},
    [ATTRIBUTION_GCLID] = {"gclid", KIND_CLICK_ID},
    [ATTRIBUTION_GBRAID] = {"gbraid", KIND_CLICK_ID},
    [ATTRIBUTION_WBRAID] = {"wbraid", KIND_CLICK_ID},
    [ATTRIBUTION_GCLSRC] = {"gclsrc", KIND_TEXT},
    [ATTRIBUTION_DCLID] = {"dclid", KIND_CLICK_ID},
    [ATTRIBUTION_GAD_SOURCE] = {"gad_source", KIND_TEXT},
    [ATTRIBUTION_GAD_CAMPAIGNID] = {"gad_campaignid", KIND_TEXT},
    [ATTRIBUTION_GAD] = {"gad", KIND_TEXT},
    [ATTRIBUTION_SRSLTID] = {"srsltid", KIND_CLICK_ID},
    [ATTRIBUTION_MSCLKID] = {"msclkid", KIND_CLICK_ID},
    [ATTRIBUTION_FBCLID] = {"fbclid", KIND_CLICK_ID},
    [ATTRIBUTION_FBC] = {"fbc", KIND_FBC},
    [ATTRIBUTION_CTWA_CLID] = {"ctwa_clid", KIND_CLICK_ID},
    [ATTRIBUTION_AD_ID] = {"ad_id", KIND_TEXT},
    [ATTRIBUTION_ADSET_ID] = {"adset_id", KIND_TEXT},
    [ATTRIBUTION_CAMPAIGN_ID] = {"campaign_id", KIND_TEXT},
    [ATTRIBUTION_HSA_AD] = {"hsa_ad", KIND_TEXT},
    [ATTRIBUTION_HSA_NET] = {"hsa_net", KIND_TEXT},
    [ATTRIBUTION_FBADID] = {"fbadid", KIND_TEXT},
    [ATTRIBUTION_TTCLID] = {"ttclid", KIND_CLICK_ID},
};

const char *attribution_key_name(enum attribution_key key)
{
	return KEYS[key].name;
}

enum attribution_key attribution_key_find(struct str name)
{
	unsigned key = 0;
	if (str_ieq(name, STR("_fbc")))
		return ATTRIBUTION_FBC;
	if (str_ieq(name, STR("ReferralCtwaClid")))
		return ATTRIBUTION_CTWA_CLID;
	while (key < ATTRIBUTION_KEYS &&
	       !str_ieq(name, str_from(KEYS[key].name)))
		key++;
	return (enum attribution_key)key;
}

/* ---- values ------------------------------------------------------------- */

static bool is_click_id(struct str s)
{
	/* "TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef" is Google's own. */
	if (s.n < CLICK_ID_MIN || str_istarts(s, STR("tester")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '_' || c == '.' ||
			  c == '-';
		if (!ok)
			return false;
	}
	return true;
}

/* fb.1.1700000000000.<fbclid>; *at_ms is when the click was. */
static bool is_fbc(struct str s, int64_t *at_ms)
{
	struct str rest;
	int64_t subdomains;
	struct str fb = str_cut(s, '.', &rest);
	struct str index = str_cut(rest, '.', &rest);
	struct str time = str_cut(rest, '.', &rest);
	return str_eq(fb, STR("fb")) &&
	       str_to_int(index, 0, 9, &subdomains) == 0 &&
	       str_to_int(time, 0, INT64_MAX / 2, at_ms) == 0 &&
	       is_click_id(rest);
}

static bool usable(enum kind kind, struct str value)
{
	int64_t at_ms;
	switch (kind) {
	case KIND_TEXT:
		return !text_absent(value);
	case KIND_CLICK_ID:
		return is_click_id(value);
	case KIND_FBC:
		return is_fbc(value, &at_ms);
	}
	return false;
}

static void take(struct str *text, enum attribution_key key, struct str value)
{
	value = str_trim(value);
	if (text[key].n == 0 && usable(KEYS[key].kind, value))
		text[key] = value;
}

static void take_query(struct arena *a, struct str query, struct str *text)
{
	while (query.n > 0) {
		struct str value;
		struct str segment = str_cut(query, '&', &query);
		struct str name = str_cut(segment, '=', &value);
		/* "&amp;" of a link that was escaped twice. */
		if (str_istarts(name, STR("amp;")))
			name = str_sub(name, 4, name.n);
		if (str_find(name, '%') >= 0)
			name = percent_decode(a, name, true);
		enum attribution_key key = attribution_key_find(name);
		if (key == ATTRIBUTION_KEYS || text[key].n > 0 || value.n == 0)
			continue;
		value = fields_text(a, percent_decode(a, value, true));
		take(text, key, value);
	}
}

/* "#/offer?utm_source=x" and "#utm_source=x". */
static void take_fragment(struct arena *a, struct str fragment,
			  struct str *text)
{
	struct str query;
	struct str before = str_cut(fragment, '?', &query);
	take_query(a, query.p != NULL ? query : before, text);
}

/* ---- URLs --------------------------------------------------------------- */

static struct str lower(struct arena *a, struct str s)
{
	if (s.p == NULL)
		return s;
	char *out = arena_alloc(a, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return (struct str){out, s.n};
}

static bool is_host(struct str s)
{
	char before = '.';
	if (s.n > HOST_MAX || str_find(s, '.') < 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			  c == '-' || c == '_' || (c == '.' && before != '.');
		if (!ok)
			return false;
		before = c;
	}
	return before != '.';
}

/* Takes user and port away. What stands behind the last '@' is the host: a
 * name in front of it is there to deceive. */
static struct str host_of(struct arena *a, struct str authority)
{
	struct str rest;
	while (str_find(authority, '@') >= 0)
		(void)str_cut(authority, '@', &authority);
	struct str host = str_cut(authority, ':', &rest);
	if (str_ends(host, STR(".")))
		host.n--;
	if (host.n > HOST_MAX)
		return STR_NONE;
	host = lower(a, host);
	for (size_t i = 0; i < host.n; i++) {
		if ((unsigned char)host.p[i] < 0x80)
			continue;
		host = punycode_host(a, host);
		break;
	}
	return is_host(host) ? host : STR_NONE;
}

static bool is_site_scheme(struct str s)
{
	static const char *const schemes[] = {"http", "https", "android-app",
					      "ios-app", NULL};
	return text_in(s, schemes);
}

/* A URL, or a host with or without a path, or a path alone. */
static void split_url(struct arena *a, struct str text,
		      struct attribution_url *url)
{
	*url = (struct attribution_url){0};
	text = text_cut(str_trim(text), URL_MAX);
	text = str_cut(text, '#', &url->fragment);
	text = str_cut(text, '?', &url->query);
	long scheme = str_find_str(text, STR("://"));
	bool site = true;
	long slash = str_find(text, '/');
	if (scheme > 0 && scheme < slash) {
		site = is_site_scheme(str_sub(text, 0, (size_t)scheme));
		text = str_sub(text, (size_t)scheme + 3, text.n);
	} else if (str_starts(text, STR("//"))) {
		text = str_sub(text, 2, text.n);
	}
	size_t end = 0;
	while (end < text.n && text.p[end] != '/' && text.p[end] != '\\')
		end++;
	if (site && end > 0)
		url->host = host_of(a, str_sub(text, 0, end));
	url->path = text.p != NULL ? str_sub(text, end, text.n) : STR("");
}

/* ---- names -------------------------------------------------------------- */

static struct str without_prefix(struct str s, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++) {
		struct str prefix = str_from(*prefixes);
		if (!str_starts(s, prefix))
			continue;
		struct str rest = str_sub(s, prefix.n, s.n);
		/* "m.com" is nobody's mobile site. */
		if (str_find(rest, '.') > 0)
			return rest;
	}
	return s;
}

static struct str reduced_host(struct str host)
{
	static const char *const www[] = {"www.", NULL};
	static const char *const mobile[] = {"m.",   "l.",      "lm.",
					     "web.", "mobile.", NULL};
	return without_prefix(without_prefix(host, www), mobile);
}

static struct str reduced(struct arena *a, struct str source)
{
	struct attribution_url url;
	if (str_ends(source, STR("/")))
		source.n--;
	if (str_find(source, '.') < 0)
		return source; /* a name */
	split_url(a, source, &url);
	return url.host.p != NULL ? reduced_host(url.host) : source;
}

/* ---- referrer ----------------------------------------------------------- */

static struct str without_www(struct str host)
{
	return str_starts(host, STR("www.")) ? str_sub(host, 4, host.n) : host;
}

static bool in_list(struct arena *a, struct str host,
		    const struct attribution_host_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (host_within(host, without_www(lower(a, list->v[i]))))
			return true;
	return false;
}

struct pages {
	struct attribution_url landing, page;
};

static bool is_page_host(struct str host, const struct pages *pages)
{
	struct str landing = pages->landing.host, page = pages->page.host;
	return (landing.p != NULL && host_within(host, without_www(landing))) ||
	       (page.p != NULL && host_within(host, without_www(page)));
}

static void find_referrer(struct arena *a, const struct pages *pages,
			  const struct attribution_touch *touch,
			  struct attribution_facts *f)
{
	const struct attribution_input *in = f->in;
	struct str said = str_trim(touch->referrer);
	bool absent = text_absent(said);
	f->referrer = absent ? str_trim(in->http_referer) : said;
	split_url(a, f->referrer, &f->ref);
	struct str host = f->ref.host;
	bool own = host.p != NULL && (in_list(a, host, &in->own_hosts) ||
				      is_page_host(host, pages));
	if (absent && own)
		f->referrer = STR_NONE; /* the header only names our page */
	if (own || host.p == NULL || in_list(a, host, &in->excluded_hosts) ||
	    host_never_referrer(host))
		f->ref = (struct attribution_url){0};
}

/* ---- all of it ---------------------------------------------------------- */

static bool is_fresh(struct str fbc, int64_t now_ms)
{
	int64_t at_ms;
	return now_ms > 0 && is_fbc(fbc, &at_ms) && at_ms <= now_ms + DAY_MS &&
	       now_ms - at_ms <= FBC_FRESH_DAYS * DAY_MS;
}

static bool any_raw(const struct attribution_facts *f)
{
	for (unsigned key = 0; key < ATTRIBUTION_KEYS; key++)
		if (f->text[key].n > 0)
			return true;
	return false;
}

void attribution_from_url(struct arena *a, struct str url,
			  struct str text[ATTRIBUTION_KEYS])
{
	struct attribution_url parts;
	split_url(a, url, &parts);
	memset(text, 0, ATTRIBUTION_KEYS * sizeof(*text));
	take_query(a, parts.query, text);
	take_fragment(a, parts.fragment, text);
}

void attribution_facts(struct arena *a, const struct attribution_input *in,
		       const struct attribution_touch *touch,
		       struct attribution_facts *out)
{
	struct pages pages;
	*out = (struct attribution_facts){.in = in};
	split_url(a, touch->landing_page, &pages.landing);
	split_url(a, touch->page_url, &pages.page);
	for (unsigned key = 0; key < ATTRIBUTION_KEYS; key++)
		take(out->text, (enum attribution_key)key, touch->text[key]);
	take_query(a, pages.landing.query, out->text);
	take_query(a, pages.page.query, out->text);
	take_fragment(a, pages.landing.fragment, out->text);
	take_fragment(a, pages.page.fragment, out->text);
	find_referrer(a, &pages, touch, out);

	const struct str *text = out->text;
	out->source = lower(a, text[ATTRIBUTION_UTM_SOURCE]);
	out->medium = lower(a, text[ATTRIBUTION_UTM_MEDIUM]);
	out->campaign = lower(a, text[ATTRIBUTION_UTM_CAMPAIGN]);
	out->src = reduced(a, out->source);
	if (out->src.n == 0 && out->medium.n > 0)
		out->src = reduced_host(out->ref.host);
	out->google_id = text[ATTRIBUTION_GCLID].n > 0 ||
			 text[ATTRIBUTION_GBRAID].n > 0 ||
			 text[ATTRIBUTION_WBRAID].n > 0;
	out->fbc_fresh = is_fresh(text[ATTRIBUTION_FBC], in->now_ms);
	out->raw = any_raw(out);
	out->vendor =
	    vendor_find(a, touch->vendor_source, touch->vendor_medium);
}
