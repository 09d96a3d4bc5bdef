/* SPDX-License-Identifier: MIT */
/*
 * THE table of platforms. A new one is a file beside this one and a line here.
 */
#include "sources/adapter.h"

static const struct source_ops *const platforms[] = {
    &source_crm_confirm,  &source_form,        &source_ghl,
    &source_ghl_workflow, &source_google_ads,  &source_hubspot_workflow,
    &source_json,         &source_lead_docket, &source_salesforce,
    &source_shopify,      &source_twilio,      &source_hubspot,
    &source_meta_ads,     &source_zoho,
};

const struct source_ops *source_ops_at(size_t i)
{
	return i < sizeof(platforms) / sizeof(platforms[0]) ? platforms[i]
							    : NULL;
}

const struct source_ops *source_ops_find(struct str platform)
{
	for (size_t i = 0; source_ops_at(i) != NULL; i++)
		if (str_eq(str_from(platforms[i]->platform), platform))
			return platforms[i];
	return NULL;
}
