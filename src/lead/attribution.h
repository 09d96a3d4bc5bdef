/* SPDX-License-Identifier: MIT */
/*
 * Which of the CRM's source platforms a lead came from, judged by what the
 * visit left behind: click ids, utm_* texts, the referrer, a call tracker's
 * words. One decision table, the first matching row wins; the row's name and
 * the evidence go to custom fields, because operators will dispute results.
 * Pure: no I/O, no clock, any thread.
 */
#ifndef LB_ATTRIBUTION_H
#define LB_ATTRIBUTION_H

#include "leadbridge/lead.h"

enum attribution_key {
	ATTRIBUTION_UTM_SOURCE,
	ATTRIBUTION_UTM_MEDIUM,
	ATTRIBUTION_UTM_CAMPAIGN,
	ATTRIBUTION_UTM_TERM,
	ATTRIBUTION_UTM_CONTENT,
	ATTRIBUTION_UTM_ID,
	ATTRIBUTION_GCLID,
	ATTRIBUTION_GBRAID,
	ATTRIBUTION_WBRAID,
	ATTRIBUTION_GCLSRC,
	ATTRIBUTION_DCLID,
	ATTRIBUTION_GAD_SOURCE,
	ATTRIBUTION_GAD_CAMPAIGNID,
	ATTRIBUTION_GAD,
	ATTRIBUTION_SRSLTID,
	ATTRIBUTION_MSCLKID,
	ATTRIBUTION_FBCLID,
	ATTRIBUTION_FBC,
	ATTRIBUTION_CTWA_CLID,
	ATTRIBUTION_AD_ID,
	ATTRIBUTION_ADSET_ID,
	ATTRIBUTION_CAMPAIGN_ID,
	ATTRIBUTION_HSA_AD,
	ATTRIBUTION_HSA_NET,
	ATTRIBUTION_FBADID,
	ATTRIBUTION_TTCLID, /* evidence only */
	ATTRIBUTION_KEYS,
};

/* What one visit left. All borrowed; STR_NONE for what is not known. */
struct attribution_touch {
	/* What was sent as a member of its own or in a hidden field. */
	struct str text[ATTRIBUTION_KEYS];
	struct str landing_page; /* first page of the visit, with its query */
	struct str page_url;     /* the page that was submitted */
	struct str referrer;
	struct str vendor_source, vendor_medium; /* a call tracker's words */
};

struct attribution_host_list {
	const struct str *v;
	size_t n;
};

struct attribution_input {
	struct attribution_touch touch;
	/* Earlier visits, as the sender stored them, the best first. Asked
	 * where this one says nothing. */
	const struct attribution_touch *earlier;
	size_t n_earlier;
	/* Counts where the visit names no referrer and it is not our site. A
	 * browser's Referer is the form's own page: give it as page_url. */
	struct str http_referer;
	/* A platform (and channel) the payload states, or the rule an operator
	 * wrote for this number, form or tracker. Ignored unless it is one of
	 * the CRM's. */
	struct str given_platform, given_channel;
	struct str operator_platform, operator_channel;
	struct str default_platform; /* where nothing says more; or direct */
	/* Sites, without "www."; their subdomains count too. The pages' own
	 * hosts are known without being listed. */
	struct attribution_host_list own_hosts, excluded_hosts;
	bool fbclid_implies_ads;
	struct str microsoft_ads_as, other_search_as; /* NONE: referral */
	int64_t now_ms; /* when the lead came, to judge fbc's age; 0: unknown */
};

enum attribution_confidence {
	ATTRIBUTION_HIGH,
	ATTRIBUTION_MEDIUM,
	ATTRIBUTION_LOW,
};

struct attribution {
	struct str source_platform;
	struct str rule;    /* the row that decided: "google_click_id" */
	struct str channel; /* "paid_search"; NONE: not known */
	enum attribution_confidence confidence;
	bool conflict;     /* a click id and the utm_* texts disagree */
	bool stored_touch; /* an earlier visit decided */
	/* Evidence: what was found, click ids only where they are ones. */
	struct str text[ATTRIBUTION_KEYS];
	struct str landing_page, referrer;
	struct str referrer_host; /* where the referrer decided by itself */
};

/* The custom field, form field and query parameter of a key. */
const char *attribution_key_name(enum attribution_key key);
/* The key of a parameter's name (any case), or ATTRIBUTION_KEYS. */
enum attribution_key attribution_key_find(struct str name);

/* What one URL says, under its keys: click ids only where they are ones. */
void attribution_from_url(struct arena *a, struct str url,
			  struct str text[ATTRIBUTION_KEYS]);

/* Results are borrowed from `in`, from the arena or static. */
void attribution_decide(struct arena *a, const struct attribution_input *in,
			struct attribution *out);
/* Decides, sets source_platform and records evidence and decision. */
void attribution_apply(struct lead *l, const struct attribution_input *in);

#endif
