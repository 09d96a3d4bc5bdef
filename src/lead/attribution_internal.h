/* SPDX-License-Identifier: MIT */
/*
 * Inside attribution: a URL's parts, the sets of the decision table, and what
 * the table asks about one visit.
 */
#ifndef LB_ATTRIBUTION_INTERNAL_H
#define LB_ATTRIBUTION_INTERNAL_H

#include "lead/attribution.h"

/* ---- attribution_facts.c ------------------------------------------------ */

struct attribution_url {
	struct str host; /* lower case, no port; NONE where it is no host */
	struct str path, query, fragment;
};

/* What the rows ask; texts are lower case and trimmed. */
struct attribution_facts {
	const struct attribution_input *in;
	const struct vendor_word *vendor;
	struct str text[ATTRIBUTION_KEYS]; /* as found */
	struct str source, medium, campaign;
	/* utm_source without what hides a name: "m.facebook.com/" is
	 * "facebook.com". The referrer's host where there is only a medium. */
	struct str src;
	struct str referrer;        /* as found */
	struct attribution_url ref; /* host NONE: own, excluded or no site */
	bool google_id;             /* gclid, gbraid or wbraid */
	bool raw; /* a click id or utm text: the vendor's word counts less */
	bool fbc_fresh;
};

void attribution_facts(struct arena *a, const struct attribution_input *in,
		       const struct attribution_touch *touch,
		       struct attribution_facts *out);

/* ---- attribution_rows.c ------------------------------------------------- */

/* The first row that fits fills the decision; false: none does. */
bool attribution_by_rows(const struct attribution_facts *f,
			 struct attribution *out);

/* ---- attribution_sets.c ------------------------------------------------- */

bool set_paid(struct str medium);
bool set_lsa(struct str medium);
bool set_no_medium(struct str medium);
bool set_direct(struct str src);
bool set_google(struct str src);
/* Names that mean Google's ads and nothing else of Google. */
bool set_google_ads_name(struct str src);
bool set_google_local(struct str text);
bool set_google_local_medium(struct str medium);
bool set_youtube(struct str src);
bool set_microsoft(struct str src);
bool set_meta(struct str src);
bool set_social(struct str src);
bool set_engine(struct str src);
/* GA4's name of a channel that is neither paid nor a search. */
const char *set_channel(struct str src, struct str medium);

bool host_google_ads(struct str host);
/* A host of Google's; *sub is what stands before it ("mail", "www", ""). */
bool host_google(struct str host, struct str *sub);
bool host_google_search(struct str host, struct str path);
bool host_google_maps(struct str host, struct str path);
/* Channel of another Google property, or NULL. */
const char *host_google_property(struct str host);
bool host_engine(struct str host);
bool host_meta(struct str host);
bool host_assistant(struct str host);
/* Payment pages, schedulers, form hosts: never where somebody came from. */
bool host_never_referrer(struct str host);
/* host is site or below it. */
bool host_within(struct str host, struct str site);

enum vendor_means {
	VENDOR_GOOGLE_ADS,
	VENDOR_GOOGLE_ORGANIC,
	VENDOR_META_ADS,
	VENDOR_REFERRAL,
	VENDOR_MICROSOFT_ADS,
	VENDOR_OTHER_SEARCH,
	VENDOR_DIRECT,
	VENDOR_CUSTOM, /* a tracker's name, which says no source */
};

struct vendor_word {
	const char *starts, *ends; /* of the source; ends NULL: anything */
	bool whole;                /* starts is all of it */
	bool paid, organic;        /* what the medium must be */
	enum vendor_means means;
	const char *channel;
};

/* ---- attribution_vendor.c ----------------------------------------------- */

/* NULL: the vendor does not know. */
const struct vendor_word *vendor_find(struct arena *a, struct str source,
				      struct str medium);

#endif
