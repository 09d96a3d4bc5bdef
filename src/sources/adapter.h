/* SPDX-License-Identifier: MIT */
/*
 * What adapters share: the reasons that mean the same for every platform, and
 * how members nobody mapped become custom fields.
 */
#ifndef LB_ADAPTER_H
#define LB_ADAPTER_H

#include "leadbridge/source.h"

extern const char reason_test[];       /* IGNORE: the sender's test event */
extern const char reason_topic[];      /* IGNORE: no lead by its topic */
extern const char reason_honeypot[];   /* IGNORE: a machine filled it in */
extern const char reason_too_fast[];   /* IGNORE: no person is that quick */
extern const char reason_withheld[];   /* IGNORE: caller hid the number */
extern const char reason_no_contact[]; /* QUARANTINE */
extern const char reason_no_api[];     /* QUARANTINE: nothing to fetch with */
extern const char reason_account[];    /* QUARANTINE: unknown account */
extern const char reason_shape[];      /* QUARANTINE: body does not fit */
extern const char reason_unreadable[]; /* QUARANTINE: no parser takes it */
extern const char reason_too_many[];   /* QUARANTINE: events in a request */
extern const char reason_lead_size[];  /* QUARANTINE: CRM would refuse it */
extern const char reason_filter[];     /* IGNORE: `filter` says so */
extern const char reason_program[];    /* QUARANTINE: an expression failed */
extern const char reason_too_slow[];   /* QUARANTINE: expressions took too
					* long */

extern const struct source_ops source_shopify, source_ghl, source_ghl_workflow,
    source_form, source_json, source_google_ads, source_lead_docket,
    source_twilio, source_hubspot_workflow, source_crm_confirm,
    source_salesforce, source_meta_ads, source_hubspot, source_zoho;

/* Sets fate and reason. */
void event_ignore(struct event *event, const char *reason);
void event_quarantine(struct event *event, const char *reason);
/* A test event: ignored, or a lead where `tests: deliver` is set. */
void event_test(const struct source *source, struct event *event);

/* Text as part of a path or a query: all but letters, digits and "-._~" is
 * percent-encoded. */
struct str fetch_escape(struct arena *arena, struct str text);
/* The access token for records of this account (without oauth). */
struct str fetch_token(const struct source *source, struct str account);

/* One member under another name as a custom field. */
struct field_name {
	const char *member, *slug;
};

/* The members of `object` listed in names (ends with NULL) become fields. */
void fields_named(struct lead *lead, const struct value *object,
		  const struct field_name *names);
/* Every member of object but the listed ones (ends with NULL; NULL: none)
 * becomes a custom field: prefix + name, objects flattened. */
void fields_rest(struct lead *lead, struct arena *arena,
		 const struct value *object, const char *prefix,
		 const char *const *but);
/* utm_* and click ids, where they are ones, out of a URL or a path with query;
 * what the sender says by itself stays. */
void fields_from_url(struct lead *lead, struct str url);
bool word_in(const char *const *list, struct str text); /* ends with NULL */

#endif
