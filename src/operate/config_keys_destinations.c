/* SPDX-License-Identifier: MIT */
/* The keys of a destination. A new key is a row here and nothing else. */
#include "operate/config_keys_internal.h"

#define DESTINATION .section = SECTION_DESTINATION, .name
#define GOES(field) .offset = AT(destination_config, field)

/* clang-format off */
static const struct key keys[] = {
{DESTINATION = "url", .type = KEY_URL, .flags = KEY_REQUIRED, GOES(url),
 .example = "https://app.gomega.ai/api/agents/crm/leads",
 .help = "Where leads are posted. Waiting leads follow a changed URL."},
{DESTINATION = "bulk_url", .type = KEY_URL, GOES(bulk_url),
 .example = "https://app.gomega.ai/api/agents/crm/leads/bulk",
 .help = "Where imports are posted; url with /bulk behind it by default."},
{DESTINATION = "list_url", .type = KEY_URL, GOES(list_url),
 .example = "https://app.gomega.ai/api/agents/crm/leads",
 .help = "Where leads are looked up; the same as url by default."},
{DESTINATION = "customer_id", .type = KEY_UUID, .flags = KEY_REQUIRED,
 GOES(customer_id), .example = "00000000-0000-0000-0000-000000000000",
 .help = "The customer's id in the CRM. It cannot change while leads wait."},
{DESTINATION = "token", .type = KEY_SECRET, .flags = KEY_REQUIRED, GOES(token),
 .example = "file:/etc/leadbridge/secrets/mega-token",
 .help = "The CRM's bearer token. A wrong one parks the destination and costs "
	 "no lead."},
{DESTINATION = "rate", .type = KEY_RATES, GOES(rate),
 .example = "[60/min, 1000/h]",
 .help = "Requests the CRM allows; all hold, in every window of that length. "
	 "Without it limits are learned from its headers."},
{DESTINATION = "bulk_rate", .type = KEY_RATES, GOES(bulk_rate),
 .example = "[10/min]",
 .help = "The same for imports."},
{DESTINATION = "concurrency", .type = KEY_INT, GOES(concurrency),
 .min = 1, .max = 1024, .def = "8",
 .help = "Greatest number of requests at a time; it starts at 2."},
{DESTINATION = "connect_timeout", .type = KEY_DURATION,
 GOES(connect_timeout_ms), .min = 100, .max = 5 * MINUTE, .def = "5s",
 .help = "How long connecting may take."},
{DESTINATION = "timeout", .type = KEY_DURATION, GOES(timeout_ms),
 .min = 100, .max = 10 * MINUTE, .def = "30s",
 .help = "How long a whole request may take."},
{DESTINATION = "max_age", .type = KEY_DURATION, GOES(max_age_ms),
 .min = MINUTE, .def = "72h",
 .help = "After this a lead that still fails is dead: a person decides. Only "
	 "time in which it could have been tried counts."},
{DESTINATION = "retry", .type = KEY_DURATIONS, GOES(retry),
 .def = "[0s, 2s, 10s, 30s, 2m, 5m, 10m, 20m, 40m, 1h]",
 .help = "Pauses before the first attempts, with jitter."},
{DESTINATION = "retry_every", .type = KEY_DURATION, GOES(retry_every_ms),
 .min = SECOND, .max = 7 * DAY, .def = "2h",
 .help = "The pause once the list is used up."},
{DESTINATION = "probe", .type = KEY_DURATION, GOES(probe_ms),
 .min = 100, .max = DAY, .def = "5m",
 .help = "How often a parked destination is tried with one lead."},
{DESTINATION = "nxdomain_grace", .type = KEY_DURATION,
 GOES(nxdomain_grace_ms), .min = 100, .max = 7 * DAY, .def = "1h",
 .help = "How long the URL's host name may be missing (a domain being moved) "
	 "before the destination is parked; the alarm comes at once."},
{DESTINATION = "breaker.failures", .type = KEY_INT, GOES(breaker_failures),
 .min = 1, .max = 1000, .def = "5",
 .help = "Transient failures in a row after which the destination rests."},
{DESTINATION = "breaker.open", .type = KEY_DURATION, GOES(breaker_open_ms),
 .min = 100, .max = HOUR, .def = "5s",
 .help = "How long it rests at first; doubled each time."},
{DESTINATION = "breaker.max_open", .type = KEY_DURATION,
 GOES(breaker_max_open_ms), .min = 100, .max = DAY, .def = "2m",
 .help = "The longest rest."},
{DESTINATION = "outcome", .type = KEY_OUTCOMES, GOES(overrides),
 .offset2 = AT(destination_config, n_overrides),
 .example = "{409: dead, 422: dead}",
 .help = "What a status means, where the built-in table is wrong for this "
	 "CRM: sent, retry, limited, park or dead."},
{DESTINATION = "headers", .type = KEY_HEADERS, GOES(headers),
 .offset2 = AT(destination_config, n_headers), .example = "{X-Team: sales}",
 .help = "Further request headers; values may be secret references."},
{DESTINATION = "allow_http", .type = KEY_BOOL, GOES(allow_http),
 .def = "false",
 .help = "Allow a URL without TLS: leads and token travel in the clear."},
{DESTINATION = "allow_private", .type = KEY_BOOL, GOES(allow_private),
 .def = "false",
 .help = "Allow addresses that are not public. A proxy needs it, since then "
	 "only the proxy's address can be checked."},
{DESTINATION = "ca", .type = KEY_PATH, GOES(ca),
 .example = "/etc/leadbridge/tls/crm-ca.pem",
 .help = "Further trust anchors (PEM) for this destination."},
{DESTINATION = "proxy", .type = KEY_URL, .flags = KEY_HIDDEN, GOES(proxy),
 .example = "http://proxy.example.com:3128",
 .help = "HTTP proxy; never taken from the environment."},
{DESTINATION = "slo", .type = KEY_DURATION, GOES(slo_ms),
 .min = SECOND, .max = 7 * DAY, .def = "60s",
 .help = "How soon a lead should be in the CRM; for metrics and alarms."},
};
/* clang-format on */

const struct key_table keys_destinations = KEY_TABLE(keys);
