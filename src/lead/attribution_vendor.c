/* SPDX-License-Identifier: MIT */
/*
 * What call trackers mean by the words they put into "source" and "medium". The
 * first row that fits wins; a text in no row is the name an operator gave a
 * tracking number, which says where it was printed and no more. Pure.
 */
#include "lead/attribution_internal.h"
#include "lead/text.h"

static const struct vendor_word WORDS[] = {
    {"google ads", NULL, false, false, false, VENDOR_GOOGLE_ADS, "paid_search"},
    {"google adwords", NULL, false, false, false, VENDOR_GOOGLE_ADS,
     "paid_search"},
    {"google paid", NULL, false, false, false, VENDOR_GOOGLE_ADS,
     "paid_search"},
    {"google cpc", NULL, false, false, false, VENDOR_GOOGLE_ADS, "paid_search"},
    {"google ppc", NULL, false, false, false, VENDOR_GOOGLE_ADS, "paid_search"},
    {"google call extension", NULL, false, false, false, VENDOR_GOOGLE_ADS,
     "paid_search"},
    {"google local services", NULL, false, false, false, VENDOR_GOOGLE_ADS,
     "paid_search"},
    {"adwords", NULL, false, false, false, VENDOR_GOOGLE_ADS, "paid_search"},
    {"google", NULL, true, true, false, VENDOR_GOOGLE_ADS, "paid_search"},
    {"google organic", NULL, false, false, false, VENDOR_GOOGLE_ORGANIC,
     "organic_search"},
    {"google my business", NULL, false, false, false, VENDOR_GOOGLE_ORGANIC,
     "local"},
    {"google business profile", NULL, false, false, false,
     VENDOR_GOOGLE_ORGANIC, "local"},
    {"google maps", NULL, false, false, false, VENDOR_GOOGLE_ORGANIC, "local"},
    {"google", NULL, true, false, true, VENDOR_GOOGLE_ORGANIC,
     "organic_search"},
    {"facebook ads", NULL, false, false, false, VENDOR_META_ADS, "paid_social"},
    {"facebook paid", NULL, false, false, false, VENDOR_META_ADS,
     "paid_social"},
    {"instagram ads", NULL, false, false, false, VENDOR_META_ADS,
     "paid_social"},
    {"instagram paid", NULL, false, false, false, VENDOR_META_ADS,
     "paid_social"},
    {"meta", "ads", false, false, false, VENDOR_META_ADS, "paid_social"},
    {"facebook", NULL, false, true, false, VENDOR_META_ADS, "paid_social"},
    {"instagram", NULL, false, true, false, VENDOR_META_ADS, "paid_social"},
    {"facebook", NULL, false, false, false, VENDOR_REFERRAL, "organic_social"},
    {"instagram", NULL, false, false, false, VENDOR_REFERRAL, "organic_social"},
    {"microsoft ads", NULL, false, false, false, VENDOR_MICROSOFT_ADS,
     "paid_search_microsoft"},
    {"bing ads", NULL, false, false, false, VENDOR_MICROSOFT_ADS,
     "paid_search_microsoft"},
    {"bing paid", NULL, false, false, false, VENDOR_MICROSOFT_ADS,
     "paid_search_microsoft"},
    {"bing", NULL, true, true, false, VENDOR_MICROSOFT_ADS,
     "paid_search_microsoft"},
    {"bing", "organic", false, false, false, VENDOR_OTHER_SEARCH,
     "organic_search"},
    {"yahoo", "organic", false, false, false, VENDOR_OTHER_SEARCH,
     "organic_search"},
    {"duckduckgo", "organic", false, false, false, VENDOR_OTHER_SEARCH,
     "organic_search"},
    {"bing", NULL, true, false, true, VENDOR_OTHER_SEARCH, "organic_search"},
    {"yahoo", NULL, true, false, true, VENDOR_OTHER_SEARCH, "organic_search"},
    {"duckduckgo", NULL, true, false, true, VENDOR_OTHER_SEARCH,
     "organic_search"},
    {"direct", NULL, true, false, false, VENDOR_DIRECT, "direct"},
};

static const struct vendor_word CUSTOM = {.means = VENDOR_CUSTOM,
					  .channel = "direct"};

/* Lower case, "(…)" left out, each run of blanks one blank. */
static struct str plain(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0, open = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '(') {
			open++;
		} else if (c == ')' && open > 0) {
			open--;
			c = ' ';
		}
		bool blank = c == ' ' || c == '\t' || c == '_';
		if (open > 0 || (blank && (n == 0 || out[n - 1] == ' ')))
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		out[n++] = blank ? ' ' : c;
	}
	return str_trim((struct str){out, n});
}

/* "google ads - brand" starts with the words "google ads", "adwordsmith" with
 * no word of ours. */
static bool starts_with_words(struct str s, struct str words)
{
	if (!str_starts(s, words))
		return false;
	if (s.n == words.n)
		return true;
	char c = s.p[words.n];
	return !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9');
}

static bool fits(const struct vendor_word *w, struct str source,
		 struct str medium)
{
	struct str starts = str_from(w->starts);
	if (w->whole ? !str_eq(source, starts)
		     : !starts_with_words(source, starts))
		return false;
	if (w->ends != NULL && !str_ends(source, str_from(w->ends)))
		return false;
	if (w->paid)
		return set_paid(medium);
	return !w->organic || medium.n == 0 || str_eq(medium, STR("organic"));
}

const struct vendor_word *vendor_find(struct arena *a, struct str source,
				      struct str medium)
{
	if (text_absent(source))
		return NULL;
	source = plain(a, source);
	medium = text_absent(medium) ? STR("") : plain(a, medium);
	if (source.n == 0 || str_starts(source, STR("unknown")))
		return NULL;
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
		if (fits(&WORDS[i], source, medium))
			return &WORDS[i];
	return &CUSTOM;
}
