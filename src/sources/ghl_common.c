/* SPDX-License-Identifier: MIT */
/* Tables of HighLevel's words; see the header. */
#include "sources/ghl_common.h"

#include "sources/adapter.h"

struct word {
	const char *text, *type;
};

/* Message channels as InboundMessage and workflow `message.type` spell them,
 * without "TYPE_" and "CUSTOM_". */
static const struct word channels[] = {
    {"CALL", "phone_call"},
    {"IVR_CALL", "phone_call"},
    {"VOICEMAIL", "phone_call"},
    {"1", "phone_call"},
    {"10", "phone_call"},
    {"SMS", "sms"},
    {"PROVIDER_SMS", "sms"},
    {"RCS", "sms"},
    {"WHATSAPP", "sms"},
    {"2", "sms"},
    {"EMAIL", "email"},
    {"PROVIDER_EMAIL", "email"},
    {"3", "email"},
    {"WEBCHAT", "chat"},
    {"LIVE_CHAT", "chat"},
    {"FB", "chat"},
    {"FACEBOOK", "chat"},
    {"IG", "chat"},
    {"INSTAGRAM", "chat"},
    {"GMB", "chat"},
    {"TIKTOK", "chat"},
    {"FORM_SUBMISSION", "form"},
    {NULL, NULL},
};

static const struct word mediums[] = {
    {"form", "form"},          {"survey", "form"},
    {"calendar", "form"},      {"chat_widget", "chat"},
    {"call", "phone_call"},    {"manual", "manual"},
    {"CRM UI", "manual"},      {"csv", "import"},
    {"bulk_upload", "import"}, {NULL, NULL},
};

static struct str find(const struct word *words, struct str text)
{
	for (; words->text != NULL; words++)
		if (str_ieq(str_from(words->text), text))
			return str_from(words->type);
	return STR_NONE;
}

static struct str without(struct str text, struct str prefix)
{
	return str_istarts(text, prefix) ? str_sub(text, prefix.n, text.n)
					 : text;
}

struct str ghl_channel_type(struct str channel)
{
	channel = without(channel, STR("TYPE_"));
	return find(channels, without(channel, STR("CUSTOM_")));
}

struct str ghl_medium_type(const struct value *attribution)
{
	struct str type = find(mediums, value_member(attribution, "medium"));
	if (type.n > 0)
		return type;
	return find(mediums, value_member(attribution, "sessionSource"));
}

static const struct field_name attribution_fields[] = {
    {"utmSource", "utm_source"},
    {"utmMedium", "utm_medium"},
    {"campaign", "utm_campaign"},
    {"utmCampaign", "utm_campaign"},
    {"utmContent", "utm_content"},
    {"utmTerm", "utm_term"},
    {"gclid", "gclid"},
    {"fbclid", "fbclid"},
    {"msclikid", "msclkid"}, /* the vendor's spelling */
    {"url", "landing_page"},
    {"referrer", "referrer"},
    {"sessionSource", "session_source"},
    {NULL, NULL},
};

void ghl_map_attribution(const struct value *attribution, struct lead *lead)
{
	fields_from_url(lead, value_member(attribution, "url"));
	fields_named(lead, attribution, attribution_fields);
}

const char *ghl_region(const struct source_call *call, struct str country)
{
	if (call->source->country != NULL || country.n != 2)
		return call->source->country;
	const char *given = arena_copy(call->arena, country).p;
	return phone_country_ok(given) ? given : NULL;
}
