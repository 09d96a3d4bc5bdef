/* SPDX-License-Identifier: MIT */
/*
 * What both kinds of HighLevel webhooks share: channels, attribution objects.
 */
#ifndef LB_GHL_COMMON_H
#define LB_GHL_COMMON_H

#include "leadbridge/source.h"

/* source_type of a message channel ("CALL", "TYPE_SMS", "Live_Chat"), or
 * STR_NONE. */
struct str ghl_channel_type(struct str channel);
/* source_type of attributionSource.medium and sessionSource, or STR_NONE. */
struct str ghl_medium_type(const struct value *attribution);
/* utm_*, click ids, landing page and session source as custom fields. */
void ghl_map_attribution(const struct value *attribution, struct lead *lead);
/* Default region for phones: the source's, else the contact's country. */
const char *ghl_region(const struct source_call *call, struct str country);

#endif
