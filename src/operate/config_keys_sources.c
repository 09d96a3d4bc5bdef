/* SPDX-License-Identifier: MIT */
/* The keys of a source. A new key is a row here and nothing else. */
#include "operate/config_keys_internal.h"

#define SOURCE     .section = SECTION_SOURCE, .name
#define HAS(field) .offset = AT(source, field)
#define PLATFORMS                                                              \
	"google_ads meta_ads google_organic direct referral hubspot zoho ghl " \
	"shopify zenmaid lead_docket salesforce"
#define CONTACTS "form phone_call email chat sms manual import"

/* clang-format off */
static const struct key keys[] = {
{SOURCE = "platform", .type = KEY_PLATFORM, .flags = KEY_REQUIRED, HAS(ops),
 .example = "shopify",
 .help = "Who sends; decides the adapter and its defaults."},
{SOURCE = "secret", .type = KEY_SECRETS, HAS(secret),
 .example = "[file:/etc/leadbridge/secrets/shopify]",
 .help = "What proves the sender: signing secret, app secret, public key. A "
	 "list for rotation."},
{SOURCE = "token", .type = KEY_SECRETS, HAS(token),
 .example = "file:/etc/leadbridge/secrets/shop-token",
 .help = "Unguessable last part of the URL, /in/NAME/TOKEN. Compulsory where "
	 "the sender cannot sign."},
{SOURCE = "header", .type = KEY_HEADERS, .flags = KEY_PROOF, HAS(headers),
 .offset2 = AT(source, n_headers),
 .example = "\"X-Key: file:/etc/leadbridge/secrets/shop-key\"",
 .help = "A header the request must carry; the value may be a secret "
	 "reference."},
{SOURCE = "allow", .type = KEY_NETWORKS, HAS(allow),
 .example = "[192.0.2.0/24]",
 .help = "Addresses the sender may come from; in addition to other proof."},
{SOURCE = "basic", .type = KEY_NAMED_SECRET, HAS(basic_user),
 .offset2 = AT(source, basic_password), .choices = ":",
 .example = "user:file:/etc/leadbridge/secrets/shop-basic",
 .help = "HTTP basic authentication the request must carry: user:SECRET."},
{SOURCE = "param", .type = KEY_NAMED_SECRET, HAS(param_name),
 .offset2 = AT(source, param_value), .choices = "=",
 .example = "key=file:/etc/leadbridge/secrets/shop-param",
 .help = "Query or form parameter the request must carry: name=SECRET."},
{SOURCE = "destination", .type = KEY_TEXTS, HAS(destinations),
 .example = "mega",
 .help = "Where the leads go: a destination, or a list (each gets its own "
	 "lead)."},
{SOURCE = "route.by", .type = KEY_FIELD, HAS(route.by), .example = ".page_id",
 .help = "What the destination is chosen by; the adapter's account (shop, "
	 "location, portal) by default."},
{SOURCE = "route.map", .type = KEY_MAP, HAS(route.map),
 .example = "{\"1001\": mega}",
 .help = "Account to destination, where one endpoint serves many customers."},
{SOURCE = "route.default", .type = KEY_TEXT, HAS(route.fallback),
 .example = "quarantine",
 .help = "Destination of every other account. quarantine, the default, "
	 "delivers them to nobody."},
{SOURCE = "account", .type = KEY_TEXTS, HAS(accounts),
 .example = "[shop.myshopify.com]",
 .help = "The sender's accounts this source accepts; others are "
	 "quarantined."},
{SOURCE = "source_platform", .type = KEY_WORD, HAS(source_platform),
 .choices = PLATFORMS, .example = "shopify",
 .help = "What the CRM is told about the origin, instead of the adapter's."},
{SOURCE = "source_type", .type = KEY_WORD, HAS(source_type),
 .choices = CONTACTS, .example = "form",
 .help = "What the CRM is told about the kind of contact."},
{SOURCE = "stage_slug", .type = KEY_TEXT, HAS(stage.fixed), .example = "new",
 .help = "The CRM's stage for new leads; or a mapping, see below."},
{SOURCE = "stage_slug.from", .type = KEY_FIELD, HAS(stage.from),
 .example = ".status",
 .help = "The payload's field that decides the stage."},
{SOURCE = "stage_slug.map", .type = KEY_MAP, HAS(stage.map),
 .example = "{hot: qualified}",
 .help = "The field's text to stage."},
{SOURCE = "stage_slug.default", .type = KEY_TEXT, HAS(stage.fallback),
 .example = "new",
 .help = "The stage of every other text."},
{SOURCE = "custom_fields.add", .type = KEY_MAP, HAS(fields.add),
 .example = "{campaign: spring}",
 .help = "Custom fields every lead of this source gets."},
{SOURCE = "custom_fields.only", .type = KEY_TEXTS, HAS(fields.only),
 .example = "[message]",
 .help = "Keep no other custom fields than these."},
{SOURCE = "custom_fields.drop", .type = KEY_TEXTS, HAS(fields.drop),
 .example = "[internal_note]",
 .help = "Custom fields to leave out."},
{SOURCE = "custom_fields.prefix", .type = KEY_TEXT, HAS(fields.prefix),
 .example = "shop_",
 .help = "Put in front of the name of every custom field."},
{SOURCE = "events", .type = KEY_TEXTS, HAS(events),
 .example = "[customers/create, orders/create]",
 .help = "Topics that make a lead, instead of the platform's own choice; "
	 "others are ignored."},
{SOURCE = "map", .type = KEY_FIELD_MAP, HAS(map),
 .example = "{contact_email: \".contact.mail, .mail\"}",
 .help = "Lead field or custom field to the expression of its value: a path, "
	 "several separated by commas (the first that has one), or jq. Wins over "
	 "the adapter. Or file:/PATH of one jq program that yields an object of "
	 "them."},
{SOURCE = "filter", .type = KEY_EXPRESSION, HAS(filter),
 .example = ".status == \"new\"",
 .help = "An expression in jq; where it is false the event is ignored."},
{SOURCE = "event_id", .type = KEY_EVENT_ID, HAS(event_id),
 .example = "header:X-Event-Id",
 .help = "The sender's id of the event, by which a repetition is recognised: "
	 "header:NAME, a path, or hash."},
{SOURCE = "scheme", .type = KEY_WORD, HAS(scheme.name),
 .choices = "standard_webhooks svix openphone mailgun jwt_hs256",
 .example = "standard_webhooks",
 .help = "How requests are signed, by name; or a mapping, see below. Where the "
	 "platform has a scheme of its own, a mapping without algorithm and "
	 "header changes only what it names."},
{SOURCE = "scheme.algorithm", .type = KEY_WORD, HAS(scheme.algorithm),
 .choices = "hmac-sha1 hmac-sha256 hmac-sha512 ed25519 rsa-sha256 "
	    "ecdsa-sha256",
 .example = "hmac-sha256",
 .help = "How the signature is made."},
{SOURCE = "scheme.header", .type = KEY_TEXT, HAS(scheme.header),
 .example = "X-Signature",
 .help = "The header that carries the signature; a path (.signature) where it "
	 "stands in the body. The next two are paths as well then."},
{SOURCE = "scheme.encoding", .type = KEY_WORD, HAS(scheme.encoding),
 .choices = "hex base64 base64url", .example = "hex",
 .help = "How the signature is written."},
{SOURCE = "scheme.prefix", .type = KEY_TEXT, HAS(scheme.prefix),
 .example = "\"sha256=\"",
 .help = "Text in front of the signature."},
{SOURCE = "scheme.signed", .type = KEY_TEXT, HAS(scheme.signed_text),
 .example = "\"{timestamp}.{body}\"",
 .help = "What is signed, made of {body}, {timestamp}, {id} and {url}."},
{SOURCE = "scheme.timestamp_header", .type = KEY_TEXT,
 HAS(scheme.timestamp_header), .example = "X-Timestamp",
 .help = "The header that carries the timestamp."},
{SOURCE = "scheme.id_header", .type = KEY_TEXT, HAS(scheme.id_header),
 .example = "X-Event-Id",
 .help = "The header that carries the signed id."},
{SOURCE = "scheme.tolerance", .type = KEY_DURATION, HAS(scheme.tolerance_ms),
 .max = 30 * DAY, .example = "5m",
 .help = "How old a signed timestamp may be; without it, it is not judged."},
{SOURCE = "tests", .type = KEY_CHOICE, HAS(tests), .choices = "ignore deliver",
 .def = "ignore",
 .help = "What becomes of the sender's test events."},
{SOURCE = "on_bad_proof", .type = KEY_CHOICE, HAS(on_bad_proof),
 .choices = "reject hold", .def = "reject",
 .help = "hold keeps the last refused requests in memory while setting up "
	 "(200, 8 MiB, 7 days): leadbridgectl source retry-held verifies them "
	 "again when the secret is corrected. The sender is told 401 all the "
	 "same."},
{SOURCE = "dedup_window", .type = KEY_DURATION, HAS(dedup_window_ms),
 .max = 30 * DAY, .def = "30m",
 .help = "How long equal content counts as a repetition, for senders without "
	 "an event id."},
{SOURCE = "join", .type = KEY_DURATION, HAS(join_ms), .max = 30 * DAY,
 .example = "10m",
 .help = "A later event of the same person (phone or e-mail) within this time "
	 "is ignored, as joined. Without it each event is a lead."},
{SOURCE = "conversation", .type = KEY_DURATION, HAS(conversation_ms),
 .max = 365 * DAY, .def = "30d",
 .help = "Chat and sms: one lead per sender and channel in this time; later "
	 "messages are ignored. 0s: each message is a lead."},
{SOURCE = "min_fill", .type = KEY_DURATION, HAS(min_fill_ms), .max = HOUR,
 .example = "3s",
 .help = "Forms: the shortest time a person needs to fill it in; what is "
	 "quicker is ignored. Needs the script of docs/forms.md on the page: "
	 "without its field _fill_ms nothing is judged."},
{SOURCE = "rate_per_address", .type = KEY_RATES, HAS(rate_per_address),
 .example = "10/min",
 .help = "How often one address may send; more is answered 429. 10/min for "
	 "forms, no limit for others. Trusted proxies are exempt; behind one "
	 "the forwarded address counts. A site whose server sends all its forms "
	 "needs more."},
{SOURCE = "country", .type = KEY_COUNTRY, HAS(country), .example = "US",
 .help = "Region of phone numbers without a country code."},
{SOURCE = "honeypot", .type = KEY_TEXT, HAS(honeypot), .example = "website",
 .help = "Forms: a field people do not see; what fills it is ignored."},
{SOURCE = "origins", .type = KEY_TEXTS, HAS(origins),
 .example = "[https://www.example.com]",
 .help = "Forms: the sites the form stands on."},
{SOURCE = "redirect", .type = KEY_TEXTS, HAS(redirect),
 .example = "[https://www.example.com/thanks]",
 .help = "Forms: where a browser is sent; a field _redirect may name another "
	 "entry of the list."},
{SOURCE = "rsa_key", .type = KEY_SECRETS, HAS(rsa_key),
 .example = "file:/etc/leadbridge/ghl-rsa.pem",
 .help = "ghl: also accept the old signature header, with this public key."},
{SOURCE = "verify_token", .type = KEY_SECRETS, HAS(verify_token),
 .example = "file:/etc/leadbridge/secrets/meta-verify",
 .help = "meta_ads: the word typed beside the URL when the webhook is saved."},
{SOURCE = "signature", .type = KEY_WORD, HAS(signature), .choices = "v1 v3",
 .example = "v3",
 .help = "hubspot: v1 also accepts the older signature, which proves neither "
	 "URL nor time. v3 alone by default."},
{SOURCE = "api.url", .type = KEY_URL, HAS(api.url),
 .example = "https://www.zohoapis.eu",
 .help = "Where records are fetched that the sender only names: the base, "
	 "without version. The platform's own by default."},
{SOURCE = "api.token", .type = KEY_SECRET, HAS(api.token),
 .example = "file:/etc/leadbridge/secrets/page-token",
 .help = "Access token for it. A dead one parks the account, @NAME, and costs "
	 "no lead."},
{SOURCE = "api.tokens", .type = KEY_TOKENS, HAS(api.tokens),
 .offset2 = AT(source, api.n_tokens),
 .example = "{\"1001\": file:/etc/leadbridge/secrets/page-1001}",
 .help = "The tokens of single accounts (page, portal, location), where one "
	 "source serves several; with api.oauth their refresh tokens. Each is "
	 "an account of its own, @NAME:ID: a dead token parks no other."},
{SOURCE = "api.oauth.token_url", .type = KEY_URL, HAS(api.oauth.token_url),
 .example = "https://accounts.zoho.eu/oauth/v2/token",
 .help = "Where access tokens come from, instead of api.token: hubspot and ghl "
	 "(their own by default), zoho (that of your data centre)."},
{SOURCE = "api.oauth.client_id", .type = KEY_TEXT, HAS(api.oauth.client_id),
 .example = "1000.ABCDEF",
 .help = "The client those are made for."},
{SOURCE = "api.oauth.client_secret", .type = KEY_SECRET,
 HAS(api.oauth.client_secret),
 .example = "file:/etc/leadbridge/secrets/zoho-client",
 .help = "The secret of that client."},
{SOURCE = "api.oauth.refresh_token", .type = KEY_SECRET,
 HAS(api.oauth.refresh_token),
 .example = "file:/etc/leadbridge/secrets/zoho-refresh",
 .help = "What access tokens are made with. Where it changes with each use, the "
	 "new one is kept in the store, until another one is written here."},
{SOURCE = "api.version", .type = KEY_TEXT, HAS(api.version),
 .example = "v23.0",
 .help = "Version of the provider's API; a tried one by default."},
{SOURCE = "api.allow_http", .type = KEY_BOOL, HAS(api.allow_http),
 .def = "false",
 .help = "Allow an api.url without TLS: token and contacts travel in the "
	 "clear."},
{SOURCE = "api.allow_private", .type = KEY_BOOL, HAS(api.allow_private),
 .def = "false",
 .help = "Allow addresses that are not public, and hosts that are not the "
	 "provider's."},
{SOURCE = "expect", .type = KEY_EXPECT, HAS(expect), .example = "1 per 6h",
 .help = "How often it normally speaks, e.g. 1 per 6h 08:00-20:00; silence is "
	 "an alarm. Of the day only the hours given count, in the host's time "
	 "zone or with an offset: 08:00-20:00+01:00. Time in which the daemon "
	 "does not run does not count."},
{SOURCE = "attribution", .type = KEY_BOOL, HAS(attribution),
 .example = "true",
 .help = "The acquisition channel decides source_platform. On by default for "
	 "forms, calls and chats."},
{SOURCE = "own_hosts", .type = KEY_TEXTS, HAS(own_hosts),
 .example = "[example.com, example.shop]",
 .help = "Attribution: your sites; a referrer there, or below, is none. The "
	 "origins and the page's own host count without being listed."},
{SOURCE = "excluded_hosts", .type = KEY_TEXTS, HAS(excluded_hosts),
 .example = "[pay.example.net]",
 .help = "Attribution: sites people only pass through, such as a payment "
	 "page; never where they came from."},
{SOURCE = "fbclid_implies_ads", .type = KEY_BOOL, HAS(fbclid_implies_ads),
 .def = "false",
 .help = "Attribution: an fbclid with no utm text beside it is an ad "
	 "(meta_ads). Facebook adds one to links nobody paid for, too: those "
	 "are referral."},
{SOURCE = "microsoft_ads_as", .type = KEY_WORD, HAS(microsoft_ads_as),
 .choices = PLATFORMS, .example = "referral",
 .help = "Attribution: the CRM's platform for ads of Microsoft; referral by "
	 "default, since it has none for them."},
{SOURCE = "other_search_as", .type = KEY_WORD, HAS(other_search_as),
 .choices = PLATFORMS, .example = "referral",
 .help = "Attribution: the CRM's platform for searches elsewhere than at "
	 "Google; referral by default."},
{SOURCE = "recase", .type = KEY_BOOL, HAS(recase), .def = "false",
 .help = "Correct the case of names written all in capitals or all in small "
	 "letters: JANE MCKAY becomes Jane McKay."},
{SOURCE = "cnam_swap", .type = KEY_BOOL, HAS(cnam_swap), .def = "false",
 .help = "Calls: the network writes DOE JANE; turn names all in capitals round, "
	 "but for what looks like a company."},
{SOURCE = "max_body", .type = KEY_BODY_SIZE, HAS(max_body),
 .min = KIB, .max = GIB, .example = "4MiB",
 .help = "Greatest body; the platform's own default otherwise."},
};
/* clang-format on */

const struct key_table keys_sources = KEY_TABLE(keys);
